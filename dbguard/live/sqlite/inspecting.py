"""Looking at an SQLite database."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timezone
from pathlib import Path

from dbguard.live import critical, handles
from dbguard.live.failures import UnfinishedError
from dbguard.live.inspection import Inspection, TableFacts, in_order
from dbguard.live.layout import bytes_shown
from dbguard.live.progress import Progress
from dbguard.live.schema import Schema, Table
from dbguard.live.sqlite import structure
from dbguard.live.sqlite.connection import existing, in_words, opened, quoted, side_files

_MOST_PROBLEMS = 20


def inspect(path: str, progress: Progress, *, quick: bool = False) -> Inspection:
    """Return what is in a database, and what state it is in.

    ``quick`` leaves out whether the indexes agree with the tables
    (https://www.sqlite.org/pragma.html#pragma_quick_check). Raises RefusedError,
    UnfinishedError.
    """
    file = existing(path)
    wal, _, journal = side_files(file)
    size = sum(part.stat().st_size for part in (file, wal) if part.exists())
    facts = [("log (WAL)", bytes_shown(wal.stat().st_size))] if wal.exists() else []
    if journal.exists():
        facts.append(("rollback journal", "there is one: a write is under way or was cut off"))
    open_by = handles.openers((file, *side_files(file)))
    with opened(file) as connection:
        pragmas = _pragmas(connection, file)
        progress.step("integrity")
        integrity = tuple(problems(connection, quick=quick))
        schema, tables = _looked_at(connection, progress)
    return Inspection(
        "sqlite",
        path,
        size,
        in_order(tables),
        (*pragmas, *facts),
        integrity,
        None if open_by is None else open_by.found,
        schema.hash,
        0 if open_by is None else open_by.unseen,
    )


def _looked_at(
    connection: sqlite3.Connection, progress: Progress
) -> tuple[Schema, tuple[TableFacts, ...]]:
    """Return schema and tables, nothing of them where the schema itself is damaged."""
    try:
        schema = structure.read(connection)
    except sqlite3.DatabaseError:
        return Schema(()), ()
    progress.step("tables")
    found = []
    for number, table in enumerate(schema.tables):
        progress.at(number, len(schema.tables), "tables")
        found.append(_facts(connection, table))
    return schema, tuple(found)


def _pragmas(connection: sqlite3.Connection, file: Path) -> tuple[tuple[str, str], ...]:
    def value(name: str) -> str:
        row = connection.execute(f"PRAGMA {name}").fetchone()
        return str(row[0]) if row else ""

    try:
        return (
            ("journal mode", value("journal_mode")),
            ("pages", f"{value('page_count')} of {value('page_size')} bytes"),
            ("schema version of the application", value("user_version")),
            ("SQLite", sqlite3.sqlite_version),
        )
    except sqlite3.DatabaseError as error:
        raise UnfinishedError(in_words(file, error)) from error


def _facts(connection: sqlite3.Connection, table: Table) -> TableFacts:
    important = critical.is_critical(table.name)
    column = critical.time_column(table.columns)
    try:
        (rows,) = connection.execute(f"SELECT count(*) FROM {quoted(table.name)}").fetchone()  # noqa: S608
        newest = None
        if column:
            asked = f"SELECT max({quoted(column)}) FROM {quoted(table.name)}"  # noqa: S608
            (newest,) = connection.execute(asked).fetchone()
    except sqlite3.DatabaseError as error:
        return TableFacts(
            table.name, -1, len(table.columns), important, problem=f"cannot be read: {error}"
        )
    return TableFacts(table.name, rows, len(table.columns), important, column, _time_shown(newest))


def _time_shown(value: object) -> str:
    """Return a point of time as text: SQLite has no type for it, and numbers are seconds or ms."""
    if value is None:
        return ""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        seconds = value / 1000 if value > 1e11 else value
        if seconds > 1e8:  # 1973; less is no time of a row
            shown = datetime.fromtimestamp(seconds, timezone.utc)
            return shown.isoformat(sep=" ", timespec="seconds")
    return str(value)


def problems(connection: sqlite3.Connection, *, quick: bool) -> list[str]:
    """Return what is wrong with the file, and rows whose parent is missing.

    https://www.sqlite.org/pragma.html#pragma_integrity_check and
    https://www.sqlite.org/pragma.html#pragma_foreign_key_check.
    """
    check = "quick_check" if quick else "integrity_check"
    try:
        rows = connection.execute(f"PRAGMA {check}({_MOST_PROBLEMS})").fetchall()
        found = [str(row[0]) for row in rows if row[0] != "ok"]
        if not quick:
            found += orphans(connection)
    except sqlite3.DatabaseError as error:
        return [str(error)]
    return found


def orphans(connection: sqlite3.Connection) -> list[str]:
    """Return, for each foreign key, how many rows point at nothing."""
    counts: dict[tuple[str, str], int] = {}
    for table, _, parent, _ in connection.execute("PRAGMA foreign_key_check"):
        counts[table, parent] = counts.get((table, parent), 0) + 1
    return [
        f"{count:,} rows of {table} refer to rows of {parent} that do not exist"
        for (table, parent), count in sorted(counts.items())
    ]


def sound(path: Path) -> list[str]:
    """Return what is wrong with a file that nothing else has open, in the quick way."""
    from dbguard.live.sqlite.connection import opened_backup

    with opened_backup(path) as connection:
        return problems(connection, quick=True)
