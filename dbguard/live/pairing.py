"""Which table and column of now was which before: renamed ones are found, or named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dbguard.live.schema import Column, Index, Schema, Table
from dbguard.records import dataclass

Renames = Mapping[str, str]
"""``{"users": "people", "users.mail": "email"}``, in lower case on the left."""


@dataclass(frozen=True, slots=True)
class Pair:
    """An old table and what stands for it now, column by column.

    ``key`` tells the rows of both apart (pairs of columns), () where nothing does.
    """

    old: Table
    new: Table
    columns: tuple[tuple[Column, Column], ...]
    key: tuple[tuple[Column, Column], ...]

    @property
    def lost_columns(self) -> tuple[Column, ...]:
        kept = {old.name for old, _ in self.columns}
        return tuple(column for column in self.old.stored if column.name not in kept)

    @property
    def added_columns(self) -> tuple[Column, ...]:
        kept = {new.name for _, new in self.columns}
        return tuple(
            column
            for column in self.new.columns
            if column.name not in kept
            and not (column.generated and self.old.column(column.name) is not None)
        )

    @property
    def renamed(self) -> bool:
        return self.old.name.casefold() != self.new.name.casefold()


@dataclass(frozen=True, slots=True)
class Pairing:
    """All pairs, and the tables that have none."""

    pairs: tuple[Pair, ...]
    lost: tuple[Table, ...]
    added: tuple[Table, ...]


def paired(old: Schema, new: Schema, renames: Renames) -> Pairing:
    """Return what became of each table.

    A table that is gone is taken for the new one that has most of its columns; a column that
    is gone for the new one of the same type at its place. Both are guesses that the
    comparison of the rows proves or refutes: a wrong one shows rows as missing, never as kept.
    """
    named = {name.casefold(): target for name, target in renames.items()}
    pairs, lost = [], []
    free = [table for table in new.tables if old.table(table.name) is None]
    for table in old.tables:
        target = named.get(table.name.casefold())
        found = new.table(target or table.name)
        if found is None and target is None:
            found = _successor(table, free)
        if found is None:
            lost.append(table)
            continue
        if found in free:
            free.remove(found)
        pairs.append(pair(table, found, named))
    return Pairing(tuple(pairs), tuple(lost), tuple(free))


def _successor(table: Table, candidates: list[Table]) -> Table | None:
    names = {column.name.casefold() for column in table.stored}

    def likeness(candidate: Table) -> tuple[int, int]:
        others = {column.name.casefold() for column in candidate.stored}
        return len(names & others), -len(others - names)

    best = max(candidates, key=likeness, default=None)
    return best if best is not None and 2 * likeness(best)[0] > len(names) else None


def pair(old: Table, new: Table, named: Renames) -> Pair:
    """Return two tables as a pair; *named* are the renames, in lower case on the left."""
    columns = []
    lost = []
    for place, column in enumerate(old.stored):
        target = named.get(f"{old.name}.{column.name}".casefold())
        found = new.column(target or column.name)
        if found is None or found.generated:
            lost.append((place, column))
        else:
            columns.append((place, column, found))
    taken = {found.name for _, _, found in columns}
    for place, column in lost:
        there = new.stored[place] if place < len(new.stored) else None
        if (
            there is not None
            and there.name not in taken
            and old.column(there.name) is None
            and there.type.casefold() == column.type.casefold()
        ):
            columns.append((place, column, there))
            taken.add(there.name)
    ordered = tuple((before, after) for _, before, after in sorted(columns, key=lambda c: c[0]))
    return Pair(old, new, ordered, _key(old, new, ordered))


def _key(
    old: Table, new: Table, columns: tuple[tuple[Column, Column], ...]
) -> tuple[tuple[Column, Column], ...]:
    """Return a key that both tables have, so that neither side can hold it twice."""
    by_name = {before.name: (before, after) for before, after in columns}
    unique = {frozenset(key) for key in new.keys}
    for key in old.keys:
        both = [by_name[name] for name in key if name in by_name]
        if len(both) == len(key) and frozenset(after.name for _, after in both) in unique:
            return tuple(both)
    return ()


def lost_indexes(old: Schema, new: Schema, pairing: Pairing) -> Iterator[Index]:
    """Yield indexes of surviving tables of which no index has the columns any more."""
    renamed = {pair.old.name: pair for pair in pairing.pairs}
    there = {(index.table, index.columns, index.unique) for index in new.indexes}
    for index in old.indexes:
        pair = renamed.get(index.table)
        if pair is None:
            continue
        names = {before.name: after.name for before, after in pair.columns}
        columns = tuple(names.get(column, column) for column in index.columns)
        if (pair.new.name, columns, index.unique) not in there:
            yield index
