"""The shape of a database, alike for every engine."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from dbguard.records import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """A column. ``type`` is as declared; ``generated`` ones are computed, and hold nothing."""

    name: str
    type: str = ""
    required: bool = False
    generated: bool = False


@dataclass(frozen=True, slots=True)
class Index:
    """An index, by what it does: two of the same columns are the same, whatever their names."""

    name: str
    table: str
    columns: tuple[str, ...]
    unique: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table. Each of ``keys`` names columns that tell its rows apart, the primary key first.

    ``virtual`` ones are computed by a module (full-text search).
    """

    name: str
    columns: tuple[Column, ...]
    keys: tuple[tuple[str, ...], ...] = ()
    virtual: bool = False

    @property
    def stored(self) -> tuple[Column, ...]:
        """The columns that hold something of their own."""
        return tuple(column for column in self.columns if not column.generated)

    def column(self, name: str) -> Column | None:
        """Return the column of a name, whose case does not count."""
        return next((c for c in self.columns if c.name.casefold() == name.casefold()), None)


@dataclass(frozen=True, slots=True)
class Schema:
    """Everything a database defines. ``others`` are views, triggers, sequences: (kind, name)."""

    tables: tuple[Table, ...]
    indexes: tuple[Index, ...] = ()
    others: tuple[tuple[str, str], ...] = ()
    hash: str = ""

    def table(self, name: str) -> Table | None:
        """Return the table of a name, whose case does not count."""
        return next((t for t in self.tables if t.name.casefold() == name.casefold()), None)


def definition_hash(definitions: Iterable[str]) -> str:
    """Return one hash for the definitions of a database, in whatever order they come."""
    digest = hashlib.sha256()
    for definition in sorted(" ".join(text.split()) for text in definitions):
        digest.update(definition.encode("utf-8", "surrogatepass") + b"\0")
    return digest.hexdigest()
