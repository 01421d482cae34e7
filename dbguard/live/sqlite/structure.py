"""The schema of an SQLite database, as its own tables and pragmas tell it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from dbguard.live.schema import Column, Index, Schema, Table, definition_hash
from dbguard.live.sqlite.connection import quoted

_HIDDEN, _GENERATED = 1, (2, 3)
_SHADOWS = {
    "fts3": ("content", "segdir", "segments", "stat", "docsize"),
    "fts4": ("content", "segdir", "segments", "stat", "docsize"),
    "fts5": ("data", "idx", "content", "docsize", "config"),
    "rtree": ("node", "parent", "rowid"),
    "rtree_i32": ("node", "parent", "rowid"),
    "geopoly": ("node", "parent", "rowid"),
}
"""Tables in which virtual ones keep their content: https://www.sqlite.org/vtab.html#xshadowname."""


def read(connection: sqlite3.Connection, database: str = "main") -> Schema:
    """Return the schema of an open database (https://www.sqlite.org/schematab.html).

    Left out are SQLite's own tables and the shadow tables of virtual ones, whose rows are
    another form of what the virtual table shows.
    """
    rows = connection.execute(
        f"SELECT type, name, tbl_name, coalesce(sql, '') FROM {quoted(database)}.sqlite_master"  # noqa: S608
        " WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"
    ).fetchall()
    shadows = {
        f"{name}_{part}".casefold()
        for kind, name, _, sql in rows
        if kind == "table"
        for part in _SHADOWS.get(_module(sql), ())
    }
    shown = [row for row in rows if row[2].casefold() not in shadows]
    tables = tuple(
        _table(connection, database, name, sql) for kind, name, _, sql in shown if kind == "table"
    )
    indexes = tuple(
        index
        for kind, name, table, sql in shown
        if kind == "index" and (index := _index(connection, database, name, table, sql))
    )
    others = tuple((kind, name) for kind, name, _, _ in shown if kind in ("view", "trigger"))
    definitions = (f"{kind} {name} {sql}" for kind, name, _, sql in shown)
    return Schema(tables, indexes, others, definition_hash(definitions))


def _module(sql: str) -> str:
    """Return the module of a virtual table, '' for a plain one."""
    words = sql.split(None, 2)
    if [word.upper() for word in words[:2]] != ["CREATE", "VIRTUAL"]:
        return ""
    _, _, rest = sql.partition(" USING ") if " USING " in sql else sql.partition(" using ")
    return rest.strip().partition("(")[0].strip().strip("\"'`[]").lower()


def _table(connection: sqlite3.Connection, database: str, name: str, sql: str) -> Table:
    virtual = bool(_module(sql))
    try:
        rows = connection.execute(
            f"PRAGMA {quoted(database)}.table_xinfo({quoted(name)})"
        ).fetchall()
    except sqlite3.OperationalError:  # a virtual table whose module is not there
        return Table(name, (), virtual=True)
    columns = tuple(
        Column(column, kind, bool(required), hidden in _GENERATED)
        for _, column, kind, required, _, _, hidden in rows
        if hidden != _HIDDEN
    )
    primary = sorted((row for row in rows if row[5]), key=lambda row: row[5])
    keys = [tuple(row[1] for row in primary)] if primary else []
    if not virtual:
        keys += _unique_keys(connection, database, name, columns)
    return Table(name, columns, tuple(dict.fromkeys(keys)), virtual)


def _unique_keys(
    connection: sqlite3.Connection, database: str, table: str, columns: tuple[Column, ...]
) -> Iterator[tuple[str, ...]]:
    """Yield the columns of unique indexes that hold every row, and no NULL twice."""
    required = {column.name for column in columns if column.required}
    listed = connection.execute(f"PRAGMA {quoted(database)}.index_list({quoted(table)})")
    for _, name, unique, _, is_partial in listed.fetchall():
        found = _columns(connection, database, name)
        if unique and not is_partial and found and required.issuperset(found):
            yield found


def _columns(connection: sqlite3.Connection, database: str, index: str) -> tuple[str, ...]:
    """Return the columns of an index, () where it has expressions."""
    rows = connection.execute(f"PRAGMA {quoted(database)}.index_info({quoted(index)})").fetchall()
    names = tuple(row[2] for row in rows)
    return names if all(name is not None for name in names) else ()


def _index(
    connection: sqlite3.Connection, database: str, name: str, table: str, sql: str
) -> Index | None:
    columns = _columns(connection, database, name)
    if not columns or " where " in f" {sql.lower()} ":
        # An expression or a condition: told apart by its text.
        columns = (" ".join(sql.partition("(")[2].split()),)
    return Index(name, table, columns, " UNIQUE " in f" {sql.upper()} ".partition(" ON ")[0])
