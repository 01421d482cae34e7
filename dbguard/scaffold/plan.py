"""What a migration is about: the table, its new definition, and how names are written."""

from __future__ import annotations

import re

from dbguard.languages.sql.dialects import MYSQL, POSTGRESQL, SQLITE
from dbguard.patterns import regex
from dbguard.records import dataclass

DIALECTS = (SQLITE, POSTGRESQL, MYSQL)
DEFAULT_COLUMNS = "id INTEGER PRIMARY KEY, name TEXT NOT NULL"
"""The definition that stands in a migration until somebody writes the real one."""

MAX_NAME = 48
"""How long a name may be, so that the names made of it stay below PostgreSQL's 63 bytes."""

_PLAIN = regex(r"[a-z_][a-z0-9_]*")
# What would end a quoted name, a string of Python or SQL, a here-document or a line.
_REFUSED = regex(r"[\x00-\x1f\x7f\"'`\\$\[\]{}%;.]|--|/\*|[^\x00-\ud7ff\ue000-\U0010ffff]")
_RESERVED = frozenset(
    """all analyze and any array as asc authorization between both by case cast check collate
    column constraint create cross current_date current_time current_timestamp current_user
    database default deferrable delete desc distinct do drop else end except exists fetch for
    foreign from full function grant group groups having in index initially inner insert
    intersect into is join key keys kill lateral leading left like limit localtime match natural
    not null of offset on only or order outer over placing primary range references rank returning
    right row rows select session_user set some system table then to trailing trigger union unique
    update user using values variadic when where window with""".split()
)
_REFUSED_IN_COLUMNS = r"[\x00-\x08\x0b-\x1f\x7f;\\$#%{}:]|--|/\*|\"{3}|'{3}"
_COLUMN = regex(r"(\"[^\"]+\"|`[^`]+`|[A-Za-z_]\w*)(?=\s|$)")
_CONSTRAINT = regex(
    r"(?:CONSTRAINT|PRIMARY\s+KEY|FOREIGN\s+KEY|UNIQUE|CHECK|EXCLUDE|KEY|INDEX)\b(?!\s+\w+$)",
    re.IGNORECASE,
)


class PlanError(ValueError):
    """A name or definition cannot stand in a migration; the message says why."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A table to be rebuilt: its new ``columns``, constraints among them, and their ``names``.

    Both are written as the definition has them, quotes and all.
    """

    table: str
    columns: tuple[str, ...]
    names: tuple[str, ...]
    dialect: str
    database: str = "app.db"

    def name(self, suffix: str = "") -> str:
        """Return the table's name with a suffix, written as the dialect writes names."""
        return written(self.table + suffix, self.dialect)

    @property
    def word(self) -> str:
        """The table's name as part of a file's name."""
        return "".join(c if c.isascii() and c.isalnum() else "_" for c in self.table)

    def definition(self, indent: str = "  ") -> str:
        """Return the columns, one a line, without the line end behind the last."""
        return ",\n".join(indent + column for column in self.columns)

    @property
    def listed(self) -> str:
        """The names of the columns, with commas between."""
        return ", ".join(self.names)


def plan(table: str, columns: str, dialect: str, database: str = "app.db") -> Plan:
    """Return what a migration is to do. Raises PlanError where a name cannot be used.

    *columns* are the definitions of the new table's columns, as in ``CREATE TABLE``.
    """
    _check(table, "table")
    refused = regex(_REFUSED_IN_COLUMNS + ("" if dialect == MYSQL else "|`"))
    if not columns.strip() or refused.search(columns) or not _balanced(columns):
        raise PlanError("the columns are not definitions as in CREATE TABLE")
    parts = _parts(columns)
    found = [_COLUMN.match(part) for part in parts if not _CONSTRAINT.match(part)]
    names = tuple(match[1] for match in found if match is not None)
    if not names or len(names) < len(found):
        raise PlanError("a column is a name and a type, as in CREATE TABLE")
    plain = [name.strip('"`').casefold() for name in names]
    if len(set(plain)) < len(plain):
        raise PlanError("two columns have one name")
    if not database or database.startswith("-") or _REFUSED_IN_PATH.search(database):
        raise PlanError(f"{database!r} is not a path a migration can name")
    return Plan(table, parts, names, dialect, database)


_REFUSED_IN_PATH = regex(r"[\x00-\x1f\x7f\"'`\\$\n{}%:?#*]")


def written(name: str, dialect: str) -> str:
    """Return a name as a dialect writes it: quoted unless it is plain and no word of SQL."""
    if _PLAIN.fullmatch(name) and name not in _RESERVED:
        return name
    return f"`{name}`" if dialect == MYSQL else f'"{name}"'


def _check(name: str, what: str) -> None:
    if not name.strip() or name != name.strip() or len(name) > MAX_NAME or _REFUSED.search(name):
        raise PlanError(f"{name!r} is not a name for a {what} that a migration can have")


def _balanced(text: str) -> bool:
    depth = 0
    for character in text:
        depth += (character == "(") - (character == ")")
        if depth < 0:
            return False
    return depth == 0 and text.count("'") % 2 == 0 and text.count('"') % 2 == 0


def _parts(columns: str) -> tuple[str, ...]:
    """Return the definitions one by one: divided at commas outside of parentheses and strings."""
    parts, depth, quote = [""], 0, ""
    for character in columns:
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        else:
            depth += (character == "(") - (character == ")")
        if character == "," and not depth and not quote:
            parts.append("")
        else:
            parts[-1] += character
    return tuple(" ".join(part.split()) for part in parts)
