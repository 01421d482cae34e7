"""The syntax of the texts of one file, each parsed once, however many findings stand in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from dbguard.repair.python_code import PythonCode
from dbguard.repair.shell_code import ShellCode
from dbguard.repair.sql_code import SqlCode
from dbguard.source import Region

_Code = TypeVar("_Code")


class _Once(Generic[_Code]):
    """What is made of each region, once. A region is told by which object it is."""

    def __init__(self, make: Callable[[Region], _Code]) -> None:
        self._make = make
        # Regions are kept with what was made of them, so that no other gets their id.
        self._made: dict[int, tuple[Region, _Code | None]] = {}

    def __call__(self, region: Region) -> _Code | None:
        if id(region) not in self._made:
            try:
                code: _Code | None = self._make(region)
            except TimeoutError:
                code = None
            self._made[id(region)] = region, code
        return self._made[id(region)][1]


class Parsed:
    """The texts of a file that were asked for."""

    def __init__(self) -> None:
        self._shell, self._python, self._sql = _Once(ShellCode), _Once(PythonCode), _Once(SqlCode)

    def shell(self, region: Region) -> ShellCode | None:
        """Return the syntax of a text in shell, None where parsing takes too long."""
        return self._shell(region)

    def python(self, region: Region) -> PythonCode | None:
        """Return the syntax of a text in Python, None where parsing takes too long."""
        return self._python(region)

    def sql(self, region: Region) -> SqlCode:
        """Return the statements of a text in SQL."""
        code = self._sql(region)
        assert code is not None
        return code
