"""Comparing two streams of sorted rows: one row of each is in memory at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress

from dbguard.live.comparison import SAMPLES, RowsFound
from dbguard.live.layout import cut

Row = tuple[bytes, ...]
"""Values as ``N`` for NULL, else ``V`` and their text in hexadecimal: sorted byte by byte."""


def merged(old: Iterator[Row], new: Iterator[Row], names: Sequence[str], key: int) -> RowsFound:
    """Compare rows sorted by their first *key* fields, called *names*.

    Rows with one key are the same row, changed where the rest differs. Where the key is all
    of a row, it may be there several times.
    """
    old_rows = new_rows = missing = changed = 0
    columns: dict[str, int] = {}
    samples: list[str] = []
    before, after = next(old, None), next(new, None)
    while before is not None:
        if after is not None and after[:key] < before[:key]:
            new_rows += 1
            after = next(new, None)
            continue
        old_rows += 1
        if after is None or after[:key] != before[:key]:
            missing += 1
            if len(samples) < SAMPLES:
                samples.append(f"missing: {_shown(names, before[:key])}")
        else:
            new_rows += 1
            if after != before:
                changed += 1
                for name, one, other in zip(names[key:], before[key:], after[key:], strict=True):
                    if one != other:
                        columns[name] = columns.get(name, 0) + 1
                if len(samples) < SAMPLES:
                    samples.append(f"changed: {_shown(names, before[:key])}")
            after = next(new, None)
        before = next(old, None)
    while after is not None:
        new_rows += 1
        after = next(new, None)
    return RowsFound(old_rows, new_rows, missing, changed, tuple(columns.items()), tuple(samples))


def _shown(names: Sequence[str], values: Row) -> str:
    pairs = zip(names, values, strict=False)
    return cut(", ".join(f"{name}={_text(value)}" for name, value in pairs))


def _text(value: bytes) -> str:
    if value == b"N":
        return "NULL"
    with suppress(ValueError):
        return repr(bytes.fromhex(value[1:].decode()).decode("utf-8", "backslashreplace"))
    return repr(value)
