"""The settings of a project: ``[tool.dbguard]`` in pyproject.toml, or ``.dbguard.yaml``.

Settings are data only, and what is not understood is an error: a misspelt key must not
weaken the guard.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from importlib import import_module

from dbguard.finding import Severity
from dbguard.own_commands import DOES, OwnCommand
from dbguard.patterns import excluder, regex
from dbguard.reading import read
from dbguard.records import dataclass, field
from dbguard.source import Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FILE_NAME = "pyproject.toml"
YAML_NAME = ".dbguard.yaml"


class ConfigError(Exception):
    """The settings are wrong; the message says where and what would be right."""


@dataclass(frozen=True, slots=True)
class Override:
    """Severities of rules for files that match one of the patterns of ``paths``."""

    paths: tuple[str, ...]
    severity: Mapping[str, Severity | None]

    def matches(self, path: str) -> bool:
        """Say whether a path from the root of the project is meant."""
        return excluder(self.paths)(path)


@dataclass(frozen=True, slots=True)
class Config:
    """Settings, data only.

    ``exclude``, ``database_files``, ``not_database_files`` and ``test_paths`` are
    patterns as in .gitignore, relative to the root of the project. ``fail_on`` is the
    least severity that fails the run, None for none. ``severity`` maps the id of a rule
    to the severity its findings get, None to switch the rule off; ``overrides`` do so for
    some paths, the last that matches deciding. Findings below ``minimum_severity`` are not
    reported. ``commands`` are those of the project's own.
    """

    exclude: tuple[str, ...] = ()
    database_files: tuple[str, ...] = ()
    not_database_files: tuple[str, ...] = ()
    test_paths: tuple[str, ...] = ()
    fail_on: Severity | None = Severity.WARNING
    severity: Mapping[str, Severity | None] = field(default_factory=dict)
    overrides: tuple[Override, ...] = ()
    minimum_severity: Severity = Severity.NOTE
    commands: tuple[OwnCommand, ...] = ()

    def severity_of(self, rule: str, path: str, judged: Severity) -> Severity | None:
        """Return the severity of a finding that a rule judged, None where it is off.

        *path* is that of the file from the root of the project.
        """
        for override in reversed(self.overrides):
            if rule in override.severity and override.matches(path):
                return override.severity[rule]
        return self.severity.get(rule, judged)


FAIL_ON = {**{severity.value: severity for severity in reversed(Severity)}, "never": None}
RULE_SEVERITY = {**{severity.value: severity for severity in reversed(Severity)}, "off": None}
PATTERN_KEYS = ("exclude", "database-files", "not-database-files", "test-paths")
MINIMUM = {severity.value: severity for severity in reversed(Severity)}
_KEYS = (*PATTERN_KEYS, "fail-on", "minimum-severity", "severity", "overrides", "commands")
_OVERRIDE_KEYS = ("paths", "severity")
_COMMAND_KEYS = ("program", "does", "target")

PROGRAM = r"^[\w.+-]*\w[\w.+-]*( \w[\w.:+-]*)*$"
"""A program's name without folders, and its subcommand: not an option, no pattern."""

OPTION = r"^--?[A-Za-z][\w-]*$"


def find_root(paths: Iterable[str]) -> str:
    """Return the root of the project that *paths* belong to.

    It is the nearest folder above that is the top of a git work tree, has a .dbguard.yaml
    or a pyproject.toml that mentions dbguard, seen from the current folder if all paths lie in it,
    else from the folder the paths share. Failing both, it is where the paths lie.
    """
    current = os.getcwd()
    named = [os.path.abspath(path) for path in paths] or [current]
    shared = os.path.commonpath(named)
    if not os.path.isdir(shared):
        shared = os.path.dirname(shared)
    for start in (current, shared):
        root = _root_above(start)
        if root is not None and all(_is_below(path, root) for path in named):
            return root
    return current if all(_is_below(path, current) for path in named) else shared


def _root_above(folder: str) -> str | None:
    """Return the nearest folder, this one or above, that is the root of a project."""
    while not os.path.lexists(os.path.join(folder, ".git")) and not _mentions_us(folder):
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent
    return folder


def load_project(root: str | os.PathLike[str]) -> Config:
    """Return the settings of the project at *root*: of the one file that has any.

    Raises ConfigError, also where two files have some.
    """
    files = {}
    for name in (FILE_NAME, YAML_NAME):
        path = os.path.join(root, name)
        if os.path.lexists(path):
            data = read(path, path, follow=True)
            if isinstance(data, Problem):
                raise ConfigError(f"{path} {data.error}")
            files[name] = data
    return of_files(files, str(root))


def of_files(files: Mapping[str, bytes], where: str) -> Config:
    """Return the settings in the files of a project's root, by name. Raises ConfigError."""
    found = {}
    for name, data in files.items():
        config = _parsed(data, os.path.join(where, name))
        if config is not None:
            found[name] = config
    if len(found) > 1:
        raise ConfigError(f"{where} has settings in two files, {' and '.join(found)}: keep one")
    return next(iter(found.values()), Config())


def load(path: str | os.PathLike[str], *, required: bool = False) -> Config:
    """Return the settings in a file (YAML by its suffix, else TOML); the defaults for none.

    A missing file has none either, unless it is *required*. Raises ConfigError.
    """
    if not required and not os.path.lexists(path):
        return Config()
    if required and not os.path.lexists(path):
        raise ConfigError(f"{path} does not exist")
    data = read(str(path), str(path), follow=True)
    if isinstance(data, Problem):
        raise ConfigError(f"{path} {data.error}")
    config = _parsed(data, str(path))
    if config is None and required:
        raise ConfigError(f"{path} has no [tool.dbguard]")
    return config or Config()


def _parsed(data: bytes, path: str) -> Config | None:
    """Return the settings in a file's bytes, None where it has none for dbguard."""
    if path.endswith((".yaml", ".yml")):
        from dbguard.plain_yaml import YamlError, parse

        try:
            table = parse(data)
        except YamlError as error:
            raise ConfigError(f"{path}: {error}") from error
        return from_table({} if table is None else table, path)
    if b"dbguard" not in data:
        return None
    tools = _parse(data, path).get("tool", {})
    ours = tools.get("dbguard") if isinstance(tools, dict) else None
    return None if ours is None else from_table(ours, f"{path}: [tool.dbguard]")


def from_table(table: object, where: str) -> Config:
    """Return the settings in a table; *where* begins every message. Raises ConfigError."""
    if not isinstance(table, dict):
        raise ConfigError(f"{where} must be a table")
    for key in table:
        if key not in _KEYS:
            raise ConfigError(f"{where} has the unknown key {key!r}{_suggestion(str(key), _KEYS)}")
    patterns = {
        key.replace("-", "_"): _patterns(table[key], f"{where} {key}")
        for key in PATTERN_KEYS
        if key in table
    }
    fail_on: Severity | None = Severity.WARNING
    if "fail-on" in table:
        fail_on = _choice(table["fail-on"], FAIL_ON, f"{where} fail-on")
    return Config(
        **patterns,
        fail_on=fail_on,
        severity=_severities(table.get("severity", {}), f"{where} severity"),
        overrides=_overrides(table.get("overrides", []), f"{where} overrides"),
        minimum_severity=_minimum(table, where),
        commands=_commands(table.get("commands", []), f"{where} commands"),
    )


def check_rules(config: Config, known: Iterable[str]) -> None:
    """Raise ConfigError where the settings name a rule that is not *known*."""
    ids = tuple(known)
    named = [*config.severity, *(rule for one in config.overrides for rule in one.severity)]
    for rule in named:
        if rule not in ids:
            raise ConfigError(f"severity names the unknown rule {rule!r}{_suggestion(rule, ids)}")


def check_patterns(patterns: Iterable[str], where: str) -> None:
    """Raise ConfigError where a pattern is not one of .gitignore."""
    from pathspec import GitIgnoreSpec

    try:
        GitIgnoreSpec.from_lines(patterns)
    except ValueError as error:
        raise ConfigError(f"{where}: not a pattern: {error}") from error


def _parse(data: bytes, path: str) -> dict[str, Any]:
    # Imported here: most projects have no settings, and it costs every start.
    toml = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    try:
        table: dict[str, Any] = toml.loads(data.decode("utf-8"))
    except (toml.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from error
    return table


def _patterns(value: object, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ConfigError(f"{where} must be a list of strings")
    check_patterns(value, where)
    return tuple(value)


def _choice(
    value: object, known: Mapping[str, Severity | None] | Mapping[str, Severity], where: str
) -> Severity | None:
    if not isinstance(value, str) or value not in known:
        close = _suggestion(value, known) if isinstance(value, str) else ""
        raise ConfigError(f"{where} must be one of {', '.join(known)}{close}")
    return known[value]


def _severities(value: object, where: str) -> dict[str, Severity | None]:
    if not isinstance(value, dict):
        raise ConfigError(f"{where} must be a table of rules")
    return {
        str(rule): _choice(level, RULE_SEVERITY, f"{where}.{rule}") for rule, level in value.items()
    }


def _overrides(value: object, where: str) -> tuple[Override, ...]:
    if not isinstance(value, list):
        raise ConfigError(f"{where} must be a list of tables")
    overrides = []
    for number, item in enumerate(value, 1):
        here = f"{where}, number {number}"
        if not isinstance(item, dict):
            raise ConfigError(f"{here}, must be a table")
        for key in item:
            if key not in _OVERRIDE_KEYS:
                hint = _suggestion(str(key), _OVERRIDE_KEYS)
                raise ConfigError(f"{here} has the unknown key {key!r}{hint}")
        for key in _OVERRIDE_KEYS:
            if not item.get(key):
                raise ConfigError(f"{here} needs {key}")
        paths = _patterns(item["paths"], f"{here} paths")
        overrides.append(Override(paths, _severities(item["severity"], f"{here} severity")))
    return tuple(overrides)


def _minimum(table: Mapping[Any, object], where: str) -> Severity:
    level = table.get("minimum-severity", Severity.NOTE.value)
    return _choice(level, MINIMUM, f"{where} minimum-severity") or Severity.NOTE


def _commands(value: object, where: str) -> tuple[OwnCommand, ...]:
    if not isinstance(value, list):
        raise ConfigError(f"{where} must be a list of tables")
    return tuple(_command(item, f"{where}, number {n}") for n, item in enumerate(value, 1))


def _command(item: object, where: str) -> OwnCommand:
    if not isinstance(item, dict):
        raise ConfigError(f"{where}, must be a table")
    for key in item:
        if key not in _COMMAND_KEYS:
            hint = _suggestion(str(key), _COMMAND_KEYS)
            raise ConfigError(f"{where} has the unknown key {key!r}{hint}")
    program, does, target = (item.get(key) for key in _COMMAND_KEYS)
    if not isinstance(program, str) or not regex(PROGRAM).search(program):
        raise ConfigError(
            f"{where} needs a program: its name without folders, or with a subcommand"
        )
    if not isinstance(does, str) or does not in DOES:
        close = _suggestion(does, DOES) if isinstance(does, str) else ""
        raise ConfigError(f"{where} does must be one of {', '.join(DOES)}{close}")
    if target is None:
        return OwnCommand(program, does)
    is_number = isinstance(target, int) and not isinstance(target, bool) and 1 <= target <= 99
    is_option = isinstance(target, str) and regex(OPTION).search(target) is not None
    if does == "run-command" or not (is_number or is_option):
        raise ConfigError(
            f"{where} target must be the number of an operand or an option, and run-command has none"
        )
    return OwnCommand(program, does, str(target))


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _mentions_us(folder: str) -> bool:
    if os.path.isfile(os.path.join(folder, YAML_NAME)):
        return True
    path = os.path.join(folder, FILE_NAME)
    if not os.path.isfile(path):
        return False
    data = read(path, path, follow=True)
    return not isinstance(data, Problem) and b"dbguard" in data


def _suggestion(word: str, known: Iterable[str]) -> str:
    # Imported here: as a rule every word is known.
    from dbguard.suggestion import suggestion

    return suggestion(word, known)
