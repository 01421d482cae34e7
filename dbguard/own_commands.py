"""Commands of the project's own that destroy, back up or run another: data from the settings.

They hold while a file is analysed (:func:`declared`), beside the tables of
:mod:`dbguard.commands.programs`; they add to them and take nothing away.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from dbguard.records import dataclass

DOES = (
    "drop-database",
    "reset",
    "drop-table",
    "truncate-table",
    "delete-file",
    "delete-storage",
    "restore",
    "backup",
    "stop-services",
    "run-command",
)
"""What a command may do, in the words of the settings."""

EVIDENCE = frozenset({"backup", "stop-services"})
"""What the protocol asks for: a command that does it makes findings milder."""


@dataclass(frozen=True, slots=True)
class OwnCommand:
    """A command of the project's own.

    ``program`` is its name without folders, and perhaps a subcommand (``shop wipe``).
    ``does`` is one of :data:`DOES`. ``target`` says where on the command line the name stands
    of what it is done to: the number of an operand after the program and its subcommand,
    counted from 1, or an option (``--database``); "" where the command line does not say.
    """

    program: str
    does: str
    target: str = ""

    def __str__(self) -> str:
        return f"{self.program} ({self.does})"


# Of one process, which analyses one file after the other: a ContextVar would be one import more.
_DECLARED: list[tuple[OwnCommand, ...]] = [()]


def declared() -> tuple[OwnCommand, ...]:
    """Return the commands that hold now."""
    return _DECLARED[-1]


@contextmanager
def declaring(commands: tuple[OwnCommand, ...]) -> Iterator[None]:
    """Let commands hold for a while."""
    _DECLARED.append(commands)
    try:
        yield
    finally:
        _DECLARED.pop()
