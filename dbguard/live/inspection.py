"""What ``dbguard inspect`` finds: section 1 of the protocol, identify the critical data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dbguard.live.handles import Handle
from dbguard.live.layout import aligned, bytes_shown
from dbguard.records import dataclass


@dataclass(frozen=True, slots=True)
class TableFacts:
    """A table as it is. ``newest`` is the greatest value of ``time_column``, '' for none.

    ``problem`` says why it could not be read; ``rows`` is -1 then.
    """

    name: str
    rows: int
    columns: int
    critical: bool = False
    time_column: str = ""
    newest: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Inspection:
    """A database as it is. ``facts`` are those of its engine, by name, in words.

    ``integrity`` lists what is wrong, nothing where all is well; ``handles`` are None where
    the system does not tell which processes have the database open; ``unseen`` is how many
    processes of other users could not be looked into.
    """

    engine: str
    database: str
    size: int
    tables: tuple[TableFacts, ...]
    facts: tuple[tuple[str, str], ...] = ()
    integrity: tuple[str, ...] = ()
    handles: tuple[Handle, ...] | None = None
    schema_hash: str = ""
    unseen: int = 0

    @property
    def sound(self) -> bool:
        """Say whether nothing is wrong with it."""
        return not self.integrity and not any(table.problem for table in self.tables)

    def document(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "engine": self.engine,
            "database": self.database,
            "size": self.size,
            "schema_hash": self.schema_hash,
            "facts": dict(self.facts),
            "integrity": {"ok": not self.integrity, "problems": list(self.integrity)},
            "unseen_processes": self.unseen,
            "open_by": None if self.handles is None else [h.document() for h in self.handles],
            "tables": [
                {
                    "name": table.name,
                    "rows": None if table.rows < 0 else table.rows,
                    "columns": table.columns,
                    "critical": table.critical,
                    "time_column": table.time_column or None,
                    "newest": table.newest or None,
                    "problem": table.problem or None,
                }
                for table in self.tables
            ],
        }

    def lines(self) -> Iterator[str]:
        """Yield it for people."""
        yield f"{self.database}: {self.engine}, {bytes_shown(self.size)}"
        for name, value in self.facts:
            yield f"  {name}: {value}"
        if self.handles is None:
            yield "  open by: not known on this system"
        else:
            unseen = f" (could not look into {self.unseen} processes of other users)"
            known = ", ".join(handle.shown for handle in self.handles) or "nobody else"
            yield f"  open by: {known}{unseen if self.unseen else ''}"
        yield f"  integrity: {'ok' if not self.integrity else ''}".rstrip()
        for problem in self.integrity:
            yield f"    {problem}"
        yield ""
        rows = [
            (
                "! " + table.name if table.critical else "  " + table.name,
                "?" if table.rows < 0 else f"{table.rows:,}",
                str(table.columns),
                table.problem or (f"{table.newest} ({table.time_column})" if table.newest else "-"),
            )
            for table in self.tables
        ]
        yield from aligned(("  table", "rows", "columns", "newest row"), rows, right=(1, 2))
        if any(table.critical for table in self.tables):
            yield "! looks critical, by its name"


def in_order(tables: tuple[TableFacts, ...]) -> tuple[TableFacts, ...]:
    """Return tables as they are to be looked at: critical ones first, then by rows."""
    return tuple(sorted(tables, key=lambda t: (not t.critical, -t.rows, t.name)))
