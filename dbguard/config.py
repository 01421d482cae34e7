"""The settings of a project: ``[tool.dbguard]`` in pyproject.toml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dbguard.finding import Severity


@dataclass(frozen=True, slots=True)
class Config:
    """Settings, data only.

    ``exclude``, ``database_files``, ``not_database_files`` and ``test_paths`` are
    patterns as in .gitignore, relative to the root of the project. ``fail_on`` is the
    least severity that fails the run, None for none. ``severity`` maps the id of a rule
    to the severity its findings get, None to switch the rule off.
    """

    exclude: tuple[str, ...] = ()
    database_files: tuple[str, ...] = ()
    not_database_files: tuple[str, ...] = ()
    test_paths: tuple[str, ...] = ()
    fail_on: Severity | None = Severity.WARNING
    severity: Mapping[str, Severity | None] = field(default_factory=dict)
