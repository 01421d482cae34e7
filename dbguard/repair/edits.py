"""Edits of a text, and where a place of it is before and after them. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from dbguard.records import dataclass
from dbguard.source import Span


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """``text`` stands where ``span`` stood; an empty span inserts."""

    span: Span
    text: str


class OverlapError(ValueError):
    """Two edits change the same place."""


def applied(text: str, edits: Iterable[Edit]) -> str:
    """Return *text* with the edits done. Raises OverlapError where two of them meet."""
    parts: list[str] = []
    at = 0
    for edit in sorted(edits):
        if edit.span.start < at:
            raise OverlapError(f"two edits at {edit.span.start}")
        parts += (text[at : edit.span.start], edit.text)
        at = edit.span.end
    return "".join((*parts, text[at:]))


def moved(span: Span, edits: Iterable[Edit]) -> Span:
    """Return where *span* of the old text stands in the new one.

    What is inserted right before it or right behind it is no part of it.
    """
    in_order = sorted(edits)
    start = _moved(span.start, in_order, behind=True)
    return Span(start, max(start, _moved(span.end, in_order, behind=False)))


def _moved(at: int, edits: Iterable[Edit], *, behind: bool) -> int:
    """Return where a place of the old text is; *behind* what is inserted right there."""
    shift = 0
    for edit in edits:
        start, end = edit.span.start, edit.span.end
        if end < at or (end == at and (start < end or behind)):
            shift += len(edit.text) - (end - start)
        elif start < at:
            return start + shift
        else:
            break
    return at + shift


def original(span: Span, edits: Iterable[Edit]) -> Span:
    """Return the stretch of the old text that *span* of the new one was made from.

    A place inside an inserted text leads to the whole of what it replaced.
    """
    start, end, shift = None, None, 0
    for edit in sorted(edits):
        new_start = edit.span.start + shift
        new_end = new_start + len(edit.text)
        if start is None and span.start < new_end:
            start = span.start - shift if span.start < new_start else edit.span.start
        if end is None and span.end <= new_end:
            end = span.end - shift if span.end <= new_start else edit.span.end
        shift += len(edit.text) - (edit.span.end - edit.span.start)
    start = span.start - shift if start is None else start
    end = span.end - shift if end is None else end
    return Span(start, max(start, end))
