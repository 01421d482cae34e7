"""Section 3 of the protocol: does the database of now hold what the one before held?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Protocol

from dbguard.live.layout import aligned
from dbguard.live.pairing import Pair, Pairing, Renames, lost_indexes, paired
from dbguard.live.schema import Schema
from dbguard.records import dataclass, field

SAMPLES = 3
"""Rows of a table that are named where rows are missing or changed."""


@dataclass(frozen=True, slots=True)
class RowsFound:
    """What became of the rows of one table.

    ``missing`` rows are not there any more; ``changed`` ones are, with other values in the
    columns that ``columns`` counts; ``samples`` name some of both. ``identical`` says that
    the pages on the disk are the same, so that nothing had to be read row by row.
    """

    old_rows: int
    new_rows: int
    missing: int = 0
    changed: int = 0
    columns: tuple[tuple[str, int], ...] = ()
    samples: tuple[str, ...] = ()
    identical: bool = False


class Unreadable(Exception):  # noqa: N818 (a state of a table, which ends nothing)
    """A table cannot be compared; the message says why."""


class Rows(Protocol):
    """The rows of the old and the new database."""

    def compared(self, pair: Pair, advance: Callable[[int], None]) -> RowsFound:
        """Compare the rows of a pair, in bounded memory. Raises Unreadable."""
        ...

    def count(self, table: str) -> int:
        """Return how many rows an old table has. Raises Unreadable."""
        ...

    def values(self, table: str, column: str) -> int:
        """Return how many values an old column holds that are not NULL. Raises Unreadable."""
        ...


@dataclass(frozen=True, slots=True)
class Change:
    """A difference of the schemas: ``what`` (table, column, index ...) was added, changed, lost.

    ``loss`` says what was in it, '' for nothing that would be missed.
    """

    how: str
    what: str
    name: str
    detail: str = ""
    loss: str = ""


@dataclass(frozen=True, slots=True)
class TableFound:
    """A table with what became of it; ``problem`` says why that is not known."""

    name: str
    successor: str
    by: str
    rows: RowsFound
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The outcome. ``accepted`` are the names that may have lost or changed something."""

    old: str
    new: str
    changes: tuple[Change, ...]
    tables: tuple[TableFound, ...]
    accepted: frozenset[str] = field(default_factory=frozenset)

    @property
    def losses(self) -> tuple[str, ...]:
        """What is lost and was not accepted, in words; nothing where all is well."""
        return tuple(self._losses())

    @property
    def problems(self) -> tuple[str, ...]:
        """What could not be compared."""
        return tuple(f"{t.name}: {t.problem}" for t in self.tables if t.problem)

    def _losses(self) -> Iterator[str]:
        for change in self.changes:
            if change.loss and not self._accepts(change.name):
                yield f"{change.what} {change.name} is lost: {change.loss}"
        for table in self.tables:
            rows = table.rows
            if self._accepts(table.name):
                continue
            if rows.missing:
                yield f"{rows.missing:,} of {rows.old_rows:,} rows of {table.name} are missing"
            changed = [f"{c} ({n:,})" for c, n in rows.columns if not self._accepts(table.name, c)]
            if changed:
                yield f"{rows.changed:,} rows of {table.name} changed: {', '.join(changed)}"

    def _accepts(self, *name: str) -> bool:
        return ".".join(name).casefold() in self.accepted

    def document(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "old": self.old,
            "new": self.new,
            "losses": list(self.losses),
            "problems": list(self.problems),
            "schema": [
                {"change": c.how, "what": c.what, "name": c.name, "detail": c.detail,
                 "loss": c.loss or None}
                for c in self.changes
            ],
            "tables": [
                {
                    "name": t.name,
                    "successor": t.successor,
                    "compared_by": t.by,
                    "old_rows": t.rows.old_rows,
                    "new_rows": t.rows.new_rows,
                    "missing": t.rows.missing,
                    "changed": t.rows.changed,
                    "changed_columns": dict(t.rows.columns),
                    "samples": list(t.rows.samples),
                    "problem": t.problem or None,
                }
                for t in self.tables
            ],
        }  # fmt: skip

    def lines(self) -> Iterator[str]:
        """Yield it for people."""
        rows = [
            (
                t.name if t.successor == t.name else f"{t.name} -> {t.successor}",
                f"{t.rows.old_rows:,}",
                f"{t.rows.new_rows:,}",
                f"{t.rows.missing:,}",
                f"{t.rows.changed:,}",
                t.problem or ("identical pages" if t.rows.identical else f"by {t.by}"),
            )
            for t in self.tables
        ]
        titles = ("table", "rows before", "now", "missing", "changed", "compared")
        yield from aligned(titles, rows, right=(1, 2, 3, 4))
        if self.changes:
            yield ""
            cells = [(c.how, c.what, c.name, c.detail) for c in self.changes]
            yield from aligned(("schema", "", "", ""), cells)
        for t in self.tables:
            for sample in t.rows.samples:
                yield f"  {t.name}: {sample}"
        yield ""
        for loss in self.losses:
            yield f"LOST: {loss}"
        for problem in self.problems:
            yield f"not compared: {problem}"
        if not self.losses and not self.problems:
            yield "every old row is still there"


def compare(
    old: tuple[str, Schema],
    new: tuple[str, Schema],
    rows: Rows,
    *,
    renames: Renames,
    accepted: frozenset[str],
    advance: Callable[[int, int], None] = lambda done, total: None,
) -> Comparison:
    """Compare two databases, each given by its name and schema.

    *accepted* names tables, columns (``table.column``), indexes and so on, in lower case,
    that may lose or change something. *advance* is told how many of how many rows are done.
    """
    pairing = paired(old[1], new[1], renames)
    total = sum(_count(rows, each.old.name) for each in pairing.pairs)
    tables, done = [], 0
    for each in pairing.pairs:
        found = _found(each, rows, partial(_advanced, advance, done, total))
        done += found.rows.old_rows
        advance(done, total)
        tables.append(found)
    changes = tuple(_changes(old[1], new[1], pairing, rows))
    return Comparison(old[0], new[0], changes, tuple(tables), accepted)


def _count(rows: Rows, table: str) -> int:
    try:
        return rows.count(table)
    except Unreadable:
        return 0  # told when its turn comes


def _advanced(advance: Callable[[int, int], None], before: int, total: int, count: int) -> None:
    advance(before + count, total)


def _found(pair: Pair, rows: Rows, advance: Callable[[int], None]) -> TableFound:
    by = "key" if pair.key else "content"
    try:
        found, problem = rows.compared(pair, advance), ""
    except Unreadable as error:
        found, problem = RowsFound(0, 0), str(error)
    return TableFound(pair.old.name, pair.new.name, by, found, problem)


def _changes(old: Schema, new: Schema, pairing: Pairing, rows: Rows) -> Iterator[Change]:
    for table in pairing.lost:
        loss = _held(partial(rows.count, table.name), "rows")
        yield Change("lost", "table", table.name, loss, loss)
    for table in pairing.added:
        yield Change("added", "table", table.name)
    for pair in pairing.pairs:
        yield from _column_changes(pair, rows)
    for index in lost_indexes(old, new, pairing):
        columns = f"of {index.table} ({', '.join(index.columns)})"
        yield Change("lost", "index", index.name, columns, "no other has its columns")
    known = {index.name for index in old.indexes}
    for index in new.indexes:
        if index.name not in known:
            columns = f"of {index.table} ({', '.join(index.columns)})"
            yield Change("added", "index", index.name, columns)
    for kind, name in old.others:
        if (kind, name) not in new.others:
            yield Change("lost", kind, name, "", f"the database has no such {kind} any more")
    for kind, name in new.others:
        if (kind, name) not in old.others:
            yield Change("added", kind, name)


def _column_changes(pair: Pair, rows: Rows) -> Iterator[Change]:
    table = pair.old.name
    if pair.renamed:
        yield Change("changed", "table", table, f"renamed to {pair.new.name}")
    for column in pair.lost_columns:
        loss = _held(partial(rows.values, table, column.name), "values")
        yield Change("lost", "column", f"{table}.{column.name}", loss, loss)
    for column in pair.added_columns:
        yield Change("added", "column", f"{pair.new.name}.{column.name}", column.type)
    for before, after in pair.columns:
        details = []
        if before.name.casefold() != after.name.casefold():
            details.append(f"renamed to {after.name}")
        if before.type.casefold() != after.type.casefold():
            details.append(f"type {before.type or 'none'} became {after.type or 'none'}")
        if before.required != after.required:
            details.append("NOT NULL" if after.required else "NOT NULL no more")
        if details:
            yield Change("changed", "column", f"{table}.{before.name}", "; ".join(details))


def _held(count: Callable[[], int], what: str) -> str:
    try:
        held = count()
    except Unreadable as error:
        return f"what it held is not known ({error})"
    return f"{held:,} {what}" if held else ""
