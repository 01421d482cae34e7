"""Comparing two SQLite databases row by row, inside SQLite: bounded memory, no row in Python."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

from dbguard.live.comparison import SAMPLES, Comparison, RowsFound, Unreadable, compare
from dbguard.live.failures import UnfinishedError
from dbguard.live.layout import cut
from dbguard.live.pairing import Pair, Renames
from dbguard.live.progress import Progress
from dbguard.live.schema import Column
from dbguard.live.sqlite import pages, structure
from dbguard.live.sqlite.connection import opened, opened_backup, quiet_options, quoted, uri


def verify(
    new: Path,
    old: Path,
    progress: Progress,
    *,
    renames: Renames,
    accepted: frozenset[str],
    names: tuple[str, str] | None = None,
    at_rest: bool = False,
) -> Comparison:
    """Compare the database *new* with *old*, a backup; both in one state while it takes.

    *at_rest* says that nobody else has *new* open. *names* are what the two are called.
    Raises UnfinishedError.
    """
    progress.step("compare")
    opening = opened_backup if at_rest else opened
    with pages.file_of(new) as file, opening(new) as connection:
        return compare_with(
            connection, old, progress, renames=renames, accepted=accepted,
            names=names or (str(old), str(new)), file=(new, file),
        )  # fmt: skip


def compare_with(
    connection: sqlite3.Connection,
    old: Path,
    progress: Progress,
    *,
    renames: Renames,
    accepted: frozenset[str],
    names: tuple[str, str],
    file: tuple[Path, int] | None = None,
) -> Comparison:
    """Compare what a connection reads with a backup. Raises UnfinishedError.

    *file* is the file that the connection reads, with a descriptor of it that was opened
    before the connection and is closed after it.
    """
    try:
        connection.execute("ATTACH ? AS old", (uri(old, "ro", quiet_options(old)),))
    except sqlite3.Error as error:
        raise UnfinishedError(f"{old} cannot be opened: {error}") from error
    own = not connection.in_transaction
    try:
        if own:
            connection.execute("BEGIN")
        before = structure.read(connection, "old")
        after = structure.read(connection, "main")
        same = pages.identical_tables(connection, old, *file) if file is not None else set()
        return compare(
            (names[0], before),
            (names[1], after),
            _AttachedRows(connection, same),
            renames=renames,
            accepted=accepted,
            advance=lambda done, total: progress.at(done, total, "rows"),
        )
    except sqlite3.DatabaseError as error:
        raise UnfinishedError(f"{names[0]} and {names[1]} cannot be compared: {error}") from error
    finally:
        if own:
            connection.execute("ROLLBACK")
            connection.execute("DETACH old")


class _AttachedRows:
    """The rows of ``old`` and ``main`` of one connection."""

    def __init__(self, connection: sqlite3.Connection, same: set[str]) -> None:
        self._connection = connection
        self._same = same
        self._counts: dict[str, int] = {}

    def count(self, table: str) -> int:
        # Asked for more than once, of what does not change while we read.
        if table not in self._counts:
            self._counts[table] = self._number(f"SELECT count(*) FROM old.{quoted(table)}")  # noqa: S608
        return self._counts[table]

    def values(self, table: str, column: str) -> int:
        return self._number(f"SELECT count({quoted(column)}) FROM old.{quoted(table)}")  # noqa: S608

    def compared(self, pair: Pair, advance: Callable[[int], None]) -> RowsFound:
        old = self.count(pair.old.name)
        if not pair.columns:
            raise Unreadable("no column of it is left" if old else "it has no columns")
        if pair.old.name in self._same and pair.old.name == pair.new.name:
            return RowsFound(old, old, identical=True)
        new = self._number(f"SELECT count(*) FROM main.{quoted(pair.new.name)}")  # noqa: S608
        try:
            if pair.key and not pair.old.virtual and not self._has_null_keys(pair):
                return self._by_key(pair, old, new)
            return self._by_content(pair, old, new)
        except sqlite3.DatabaseError as error:
            raise Unreadable(str(error)) from error

    def _has_null_keys(self, pair: Pair) -> bool:
        """Say whether a part of the key is NULL somewhere: such rows are not told apart by it.

        A PRIMARY KEY that is no INTEGER allows it, any number of times
        (https://www.sqlite.org/lang_createtable.html, 3.5).
        """
        tests = [
            f"SELECT EXISTS (SELECT 1 FROM {database}.{quoted(table)} WHERE {quoted(column.name)} IS NULL)"  # noqa: S608
            for number, (database, table) in enumerate(
                (("old", pair.old.name), ("main", pair.new.name))
            )
            for column in (both[number] for both in pair.key)
            if not column.required and (len(pair.key) > 1 or column.type.upper() != "INTEGER")
        ]
        return any(self._number(test) for test in tests)

    def _by_key(self, pair: Pair, old: int, new: int) -> RowsFound:
        """Look up each old row by its key; SQLite walks both in the same order.

        Compared with IS, under which NULL equals NULL
        (https://www.sqlite.org/lang_expr.html#isisnot), and with BINARY: a column that
        ignores case would hide a change of it.
        """
        on = " AND ".join(_same_key(before, after) for before, after in pair.key)
        numeric = {before.name for before, _ in pair.key if before.type.upper() == "INTEGER"}
        compared = [pair_ for pair_ in pair.columns if pair_[0].name not in numeric]
        differs = [
            f"o.{quoted(before.name)} IS NOT n.{quoted(after.name)} COLLATE BINARY"
            for before, after in compared
        ]
        keys = ", ".join(f"o.{quoted(before.name)}" for before, _ in pair.key)
        flags = "".join(f", {test}" for test in differs)
        where = " OR ".join(["n.here IS NULL", *differs])
        cursor = self._connection.execute(
            f"SELECT n.here, {keys}{flags} FROM old.{quoted(pair.old.name)} AS o"  # noqa: S608
            f" LEFT JOIN (SELECT 1 AS here, * FROM main.{quoted(pair.new.name)}) AS n ON {on}"
            f" WHERE {where}"
        )
        width = len(pair.key)
        missing = changed = 0
        columns: dict[str, int] = {}
        samples: list[str] = []
        for here, *values in cursor:
            if here is None:
                missing += 1
            else:
                changed += 1
                for (before, _), flag in zip(compared, values[width:], strict=True):
                    if flag:
                        columns[before.name] = columns.get(before.name, 0) + 1
            if len(samples) < SAMPLES:
                what = "missing" if here is None else "changed"
                samples.append(f"{what}: {_row_shown(pair.key, values[:width])}")
        return RowsFound(old, new, missing, changed, tuple(columns.items()), tuple(samples))

    def _by_content(self, pair: Pair, old: int, new: int) -> RowsFound:
        """Count how often each row is there, in one sort (on disk where it is large).

        Without a key a row is told by all it holds, and may be there several times.
        """
        befores = ", ".join(
            f"{quoted(before.name)} AS c{number}" for number, (before, _) in enumerate(pair.columns)
        )
        afters = ", ".join(quoted(after.name) for _, after in pair.columns)
        names = ", ".join(f"c{number}" for number in range(len(pair.columns)))
        groups = ", ".join(f"c{number} COLLATE BINARY" for number in range(len(pair.columns)))
        cursor = self._connection.execute(
            f"SELECT sum(had) - sum(has), {names} FROM ("  # noqa: S608
            f"SELECT {befores}, 1 AS had, 0 AS has FROM old.{quoted(pair.old.name)}"
            f" UNION ALL SELECT {afters}, 0, 1 FROM main.{quoted(pair.new.name)})"
            f" GROUP BY {groups} HAVING sum(had) > sum(has)"
        )
        missing = 0
        samples: list[str] = []
        for times, *values in cursor:
            missing += times
            if len(samples) < SAMPLES:
                samples.append(f"missing: {_row_shown(pair.columns, values)}")
        return RowsFound(old, new, missing, samples=tuple(samples))

    def _number(self, query: str) -> int:
        try:
            (number,) = self._connection.execute(query).fetchone()
        except sqlite3.DatabaseError as error:
            raise Unreadable(str(error)) from error
        return int(number)


def _same_key(before: Column, after: Column) -> str:
    # A primary key may be NULL in SQLite, but for INTEGER and WITHOUT ROWID: then IS.
    same = "=" if before.required or before.type.upper() == "INTEGER" else "IS"
    return f"n.{quoted(after.name)} {same} o.{quoted(before.name)}"


def _row_shown(columns: tuple[tuple[Column, Column], ...], values: list[object]) -> str:
    pairs = zip(columns, values, strict=True)
    return cut(", ".join(f"{before.name}={value!r}" for (before, _), value in pairs))
