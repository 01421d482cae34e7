"""Tables and figures for people. What stands in a database may not move the cursor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dbguard.report.escape import escape

WIDEST = 60
"""Columns that a name or value gets at most."""


def bytes_shown(size: int) -> str:
    """Return a size in the units of IEC 80000-13."""
    if size < 1024:
        return f"{size} bytes"
    amount = float(size)
    for unit in ("KiB", "MiB", "GiB"):
        amount /= 1024
        if amount < 1024:
            return f"{amount:.1f} {unit}"
    return f"{amount / 1024:.1f} TiB"


def aligned(
    titles: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()
) -> Iterator[str]:
    """Yield the lines of a table, numbers (*right*) against the right edge of their column."""
    shown = [[cut(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(titles, *shown, strict=True)]
    for row in (list(titles), *shown):
        cells = (
            cell.rjust(width) if number in right else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join(cells).rstrip()


def cut(text: str) -> str:
    """Return text fit for one cell."""
    safe = escape(text)
    return safe if len(safe) <= WIDEST else safe[: WIDEST - 3] + "..."
