"""The tables of a database on a server, read through a session of its client.

What PostgreSQL and MySQL do alike; how a table is written in SQL, the session knows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from dbguard.live import critical
from dbguard.live.comparison import Comparison, RowsFound, Unreadable, compare
from dbguard.live.inspection import TableFacts
from dbguard.live.manifest import Manifest
from dbguard.live.merging import merged
from dbguard.live.pairing import Pair, Renames
from dbguard.live.progress import Progress
from dbguard.live.schema import Schema


class Selected(Protocol):
    """Gives a query for the rows of one side, the names of its columns, how many are the key."""

    def __call__(self, table: str, pair: Pair, *, old: bool) -> tuple[str, list[str], int]: ...


class Connection(Protocol):
    """A session in a database. Every method raises UnfinishedError."""

    def tell(self, text: str) -> None:
        """Execute a statement."""
        ...

    def rows(self, query: str) -> list[tuple[str, ...]]:
        """Return a few rows, as text."""
        ...

    def stream(self, query: str) -> Iterator[tuple[bytes, ...]]:
        """Yield rows whose values need no unescaping, in whatever number."""
        ...

    def schema(self) -> Schema:
        """Return the schema."""
        ...

    @property
    def table(self) -> Callable[[str], str]:
        """Return a table of the schema as it stands in SQL."""
        ...

    @property
    def column(self) -> Callable[[str], str]:
        """Return a column as it stands in SQL."""
        ...

    @property
    def newest(self) -> Callable[[str], str]:
        """Return an expression for the greatest value of a column, '' where there is none."""
        ...

    @property
    def selected(self) -> Selected:
        """Return a query for the rows of one side."""
        ...


class Streams:
    """The rows of two databases of a server, each through a session of its own."""

    def __init__(self, old: Connection, new: Connection) -> None:
        self._old = old
        self._new = new

    def count(self, table: str) -> int:
        return _number(self._old, f"SELECT count(*) FROM {self._old.table(table)}")  # noqa: S608

    def values(self, table: str, column: str) -> int:
        what, where = self._old.column(column), self._old.table(table)
        return _number(self._old, f"SELECT count({what}) FROM {where}")  # noqa: S608

    def compared(self, pair: Pair, advance: Callable[[int], None]) -> RowsFound:
        if not pair.columns:
            raise Unreadable("no column of it is left")
        before, names, key = self._old.selected(pair.old.name, pair, old=True)
        after, _, _ = self._new.selected(pair.new.name, pair, old=False)
        return merged(self._old.stream(before), self._new.stream(after), names, key)


def compared(
    old: tuple[str, Connection],
    new: tuple[str, Connection],
    progress: Progress,
    renames: Renames | None = None,
    accepted: frozenset[str] = frozenset(),
) -> Comparison:
    """Compare two databases, each given by what it is called and a session in it."""
    progress.step("compare")
    return compare(
        (old[0], old[1].schema()),
        (new[0], new[1].schema()),
        Streams(old[1], new[1]),
        renames=renames or {},
        accepted=accepted,
        advance=lambda done, total: progress.at(done, total, "rows"),
    )


def facts(connection: Connection, schema: Schema) -> Iterator[TableFacts]:
    """Yield what ``dbguard inspect`` tells of each table."""
    for table in schema.tables:
        column = critical.time_column(table.columns)
        newest = connection.newest(column) if column else "''"
        ((rows, latest),) = connection.rows(
            f"SELECT count(*), {newest} FROM {connection.table(table.name)}"  # noqa: S608
        )
        is_critical = critical.is_critical(table.name)
        yield TableFacts(table.name, int(rows), len(table.columns), is_critical, column, latest)


def counted(connection: Connection, schema: Schema | None = None) -> dict[str, int]:
    """Return how many rows each table has."""
    return {
        table.name: _number(
            connection,
            f"SELECT count(*) FROM {connection.table(table.name)}",  # noqa: S608
        )
        for table in (schema or connection.schema()).tables
    }


def differences(connection: Connection, described: Manifest | None) -> list[str]:
    """Return in what a database that was loaded differs from the manifest of the backup."""
    if described is None:
        return []
    counts = counted(connection)
    return [
        f"{table.name} has {counts.get(table.name)} rows, the manifest says {table.rows}"
        for table in described.tables
        if table.rows is not None and counts.get(table.name) != table.rows
    ]


def _number(connection: Connection, query: str) -> int:
    ((number,),) = connection.rows(query)
    return int(number)
