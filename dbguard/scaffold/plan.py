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
    """abort accessible action add after all alter always analyse analyze and any array as asc asensitive
    asymmetric attach authorization autoincrement before begin between bigint binary blob both by call
    cascade case cast change char character check collate collation column commit concurrently condition
    conflict constraint continue convert create cross cube cume_dist current current_catalog
    current_date current_role current_schema current_time current_timestamp current_user cursor
    database databases day_hour day_microsecond day_minute day_second dec decimal declare default
    deferrable deferred delayed delete dense_rank desc describe detach deterministic distinct
    distinctrow div do double drop dual each else elseif empty enclosed end escape escaped except
    exclude exclusive exists exit explain fail false fetch filter first first_value float float4 float8
    following for force foreign freeze from full fulltext function generated get glob grant group
    grouping groups having high_priority hour_microsecond hour_minute hour_second if ignore ilike
    immediate in index indexed infile initially inner inout insensitive insert instead int int1 int2
    int3 int4 int8 integer intersect interval into io_after_gtids io_before_gtids is isnull iterate join
    json_table key keys kill lag last last_value lateral lead leading leave left like limit linear lines
    load localtime localtimestamp lock long longblob longtext loop low_priority match materialized
    maxvalue mediumblob mediumint mediumtext middleint minute_microsecond minute_second mod modifies
    natural no no_write_to_binlog not nothing notnull nth_value ntile null nulls numeric of offset on
    only optimize option optionally or order others out outer outfile over overlaps partition
    percent_rank placing plan pragma preceding precision primary procedure purge query raise range rank
    read reads read_write real recursive references regexp reindex release rename repeat replace require
    resignal restrict return returning revoke right rlike rollback row rows row_number savepoint schema
    schemas second_microsecond select sensitive separator session_user set show signal similar smallint
    some spatial specific sql sqlexception sqlstate sqlwarning ssl starting stored straight_join
    symmetric system table tablesample temp temporary terminated then ties tinyblob tinyint tinytext to
    trailing transaction trigger true unbounded undo union unique unlock unsigned update usage use user
    using utc_date utc_time utc_timestamp vacuum values varbinary varchar varcharacter variadic varying
    verbose view virtual when where while window with without write xor year_month zerofill""".split()
)
"""Words of SQLite (sqlite.org/lang_keywords.html), and what PostgreSQL and MySQL reserve."""

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
