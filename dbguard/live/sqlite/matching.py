"""Finding the rows of an old SQLite database in the new one, inside SQLite: no row in Python.

In bounded memory. Where several connections read the same state, each looks for a part.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain
from queue import SimpleQueue

from dbguard.live.comparison import SAMPLES, RowsFound, Unreadable
from dbguard.live.layout import cut
from dbguard.live.pairing import Pair
from dbguard.live.schema import Column
from dbguard.live.sqlite.connection import quoted
from dbguard.live.sqlite.pages import Range

_PARTS = 8
"""Parts of a table for each connection, as the rows need not lie evenly."""
_WORTHWHILE = 20_000  # rows


class AttachedRows:
    """The rows of ``old`` and ``main`` of connections, all of which read the same state.

    *differing* are the tables of which only rows with some rowids can differ: those are
    looked for, and the others known to be there.
    """

    def __init__(
        self,
        connections: Sequence[sqlite3.Connection],
        differing: Mapping[str, tuple[Range, ...]],
    ) -> None:
        self._connection = connections[0]
        self._differing = differing
        self._counts: dict[str, int] = {}
        self._free: SimpleQueue[sqlite3.Connection] = SimpleQueue()
        for connection in connections:
            self._free.put(connection)
        self._together = len(connections)

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
        ranges = self._differing.get(pair.old.name) if not pair.renamed else None
        if ranges == ():
            return RowsFound(old, old, identical=True)
        new = self._number(f"SELECT count(*) FROM main.{quoted(pair.new.name)}")  # noqa: S608
        try:
            if pair.key and not pair.old.virtual and not self._has_null_keys(pair):
                return self._by_key(pair, old, new, ranges, advance)
            return self._by_content(pair, old, new, ranges)
        except sqlite3.DatabaseError as error:
            raise Unreadable(str(error)) from error

    def _has_null_keys(self, pair: Pair) -> bool:
        """Say whether a part of the key is NULL somewhere: such rows are not told apart by it.

        A PRIMARY KEY that is not the rowid allows it, any number of times: INTEGER in descending
        order, too (https://www.sqlite.org/lang_createtable.html, 3.5 and 5).
        """
        tests = [
            f"SELECT EXISTS (SELECT 1 FROM {database}.{quoted(table)} WHERE {quoted(column.name)} IS NULL)"  # noqa: S608
            for number, (database, table) in enumerate(
                (("old", pair.old.name), ("main", pair.new.name))
            )
            for column in (both[number] for both in pair.key)
            if not column.required
        ]
        return any(self._number(test) for test in tests)

    def _by_key(
        self,
        pair: Pair,
        old: int,
        new: int,
        ranges: tuple[Range, ...] | None,
        advance: Callable[[int], None],
    ) -> RowsFound:
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
        query = (
            f"SELECT n.here, {keys}{flags} FROM old.{quoted(pair.old.name)} AS o"  # noqa: S608
            f" LEFT JOIN (SELECT 1 AS here, * FROM main.{quoted(pair.new.name)}) AS n ON {on}"
            f" WHERE ({where})"
        )
        asked = list(self._asked(query, pair, old, ranges))
        parts = []
        with ThreadPoolExecutor(max_workers=self._together) as pool:
            begun = [pool.submit(self._looked_for, each, pair, compared) for each in asked]
            for number, part in enumerate(begun, 1):
                parts.append(part.result())
                advance(old * number // len(begun))
        columns: dict[str, int] = {}
        for name, count in chain.from_iterable(part.columns for part in parts):
            columns[name] = columns.get(name, 0) + count
        return RowsFound(
            old,
            new,
            sum(part.missing for part in parts),
            sum(part.changed for part in parts),
            tuple(columns.items()),
            tuple(chain.from_iterable(part.samples for part in parts))[:SAMPLES],
        )

    def _asked(
        self, query: str, pair: Pair, old: int, ranges: tuple[Range, ...] | None
    ) -> Iterator[str]:
        """Yield a query for each part that may be looked at by itself."""
        is_worthwhile = self._together > 1 and old > _WORTHWHILE
        rowid = _rowid(pair) if ranges or is_worthwhile else None
        bounds = self._bounds(pair.old.name, rowid) if rowid else None
        if bounds is None:
            yield query
            return
        least, most = bounds
        step = (most - least) // (_PARTS * self._together if is_worthwhile else 1) + 1
        for begin, end in ranges or ((least, most),):
            # What lies before the first row or behind the last one holds none.
            for first in range(max(begin, least), min(end, most) + 1, step):
                yield f"{query} AND o.{rowid} BETWEEN {first} AND {min(first + step - 1, end)}"

    def _bounds(self, table: str, rowid: str) -> Range | None:
        """Return the first and last rowid of an old table, None where there are none."""
        # Not in one query: each of the two is found at an end of the tree.
        ends = (f"(SELECT {end}({rowid}) FROM old.{quoted(table)})" for end in ("min", "max"))  # noqa: S608
        try:
            rows = self._connection.execute(f"SELECT {', '.join(ends)}")
        except sqlite3.OperationalError:  # WITHOUT ROWID
            return None
        least, most = rows.fetchone()
        return None if least is None else (least, most)

    def _looked_for(
        self, query: str, pair: Pair, compared: Sequence[tuple[Column, Column]]
    ) -> RowsFound:
        """Return what became of the rows of one part; its totals are 0."""
        connection = self._free.get()
        try:
            return _counted(connection.execute(query), pair, compared)
        finally:
            self._free.put(connection)

    def _by_content(
        self, pair: Pair, old: int, new: int, ranges: tuple[Range, ...] | None
    ) -> RowsFound:
        """Count how often each row is there, in one sort (on disk where it is large).

        Without a key a row is told by all it holds, and may be there several times.
        """
        befores = ", ".join(
            f"{quoted(before.name)} AS c{number}" for number, (before, _) in enumerate(pair.columns)
        )
        afters = ", ".join(quoted(after.name) for _, after in pair.columns)
        names = ", ".join(f"c{number}" for number in range(len(pair.columns)))
        groups = ", ".join(f"c{number} COLLATE BINARY" for number in range(len(pair.columns)))
        rowid = _rowid(pair) if ranges else None
        within = partial(_within, ranges=ranges or (), rowid=rowid)
        cursor = self._connection.execute(
            f"SELECT sum(had) - sum(has), {names} FROM ("  # noqa: S608
            f"SELECT {befores}, 1 AS had, 0 AS has FROM {within('old', pair.old.name)}"
            f" UNION ALL SELECT {afters}, 0, 1 FROM {within('main', pair.new.name)})"
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


def _counted(
    rows: Iterable[tuple[object, ...]], pair: Pair, compared: Sequence[tuple[Column, Column]]
) -> RowsFound:
    """Count the rows that are missing or changed, and what changed in them."""
    width = len(pair.key)
    missing = changed = 0
    columns = [0] * len(compared)
    samples: list[str] = []
    for here, *values in rows:
        if here is None:
            missing += 1
        else:
            changed += 1
            for number, flag in enumerate(values[width:]):
                columns[number] += bool(flag)
        if len(samples) < SAMPLES:
            what = "missing" if here is None else "changed"
            samples.append(f"{what}: {_row_shown(pair.key, values[:width])}")
    counts = zip((before.name for before, _ in compared), columns, strict=True)
    counted = tuple((name, count) for name, count in counts if count)
    return RowsFound(0, 0, missing, changed, counted, tuple(samples))


def _rowid(pair: Pair) -> str | None:
    """Return a name of the rowid, None where columns took all of them.

    https://www.sqlite.org/lang_createtable.html#rowid
    """
    taken = {column.name.casefold() for table in (pair.old, pair.new) for column in table.columns}
    return next((name for name in ("_rowid_", "rowid", "oid") if name not in taken), None)


def _within(database: str, table: str, ranges: tuple[Range, ...], rowid: str | None) -> str:
    """Return what stands behind FROM for the rows of a table with some rowids."""
    name = f"{database}.{quoted(table)}"
    if not ranges or rowid is None:
        return name
    bounds = ", ".join(f"({first}, {last})" for first, last in ranges)
    return (
        f"(SELECT t.* FROM (VALUES {bounds}) AS bounds CROSS JOIN {name} AS t"  # noqa: S608
        f" ON t.{rowid} BETWEEN bounds.column1 AND bounds.column2)"
    )


def _same_key(before: Column, after: Column) -> str:
    # A primary key may be NULL in SQLite, but for INTEGER and WITHOUT ROWID: then IS.
    same = "=" if before.required or before.type.upper() == "INTEGER" else "IS"
    return f"n.{quoted(after.name)} {same} o.{quoted(before.name)}"


def _row_shown(columns: tuple[tuple[Column, Column], ...], values: list[object]) -> str:
    pairs = zip(columns, values, strict=True)
    return cut(", ".join(f"{before.name}={value!r}" for (before, _), value in pairs))
