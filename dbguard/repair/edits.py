"""Edits of a text, and where a place of it is before and after them. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
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


class Patch:
    """Edits of one text that are done together. What is asked of a place takes no time.

    Edits that are equal are one; of several that insert at one place the order stays.
    """

    def __init__(self, edits: Iterable[Edit]) -> None:
        """Put the edits in order. Raises OverlapError where two of them change one place."""
        in_order = sorted(dict.fromkeys(edits), key=lambda edit: edit.span)
        self.edits = tuple(in_order)
        self._starts = [edit.span.start for edit in in_order]
        self._ends = [edit.span.end for edit in in_order]
        self._shifts = [0]  # by how much what stands before the edit of that number has moved
        for edit in in_order:
            grown = len(edit.text) - (edit.span.end - edit.span.start)
            self._shifts.append(self._shifts[-1] + grown)
        self._new_ends = [
            end + shift for end, shift in zip(self._ends, self._shifts[1:], strict=True)
        ]
        for end, start in zip(self._ends, self._starts[1:], strict=False):
            if start < end:
                raise OverlapError(f"two edits at {start}")

    def applied(self, text: str) -> str:
        """Return *text* with the edits done."""
        parts: list[str] = []
        at = 0
        for edit in self.edits:
            parts += (text[at : edit.span.start], edit.text)
            at = edit.span.end
        return "".join((*parts, text[at:]))

    def moved(self, span: Span) -> Span:
        """Return where *span* of the old text stands in the new one.

        What is inserted right before it or right behind it is no part of it.
        """
        start = self.moved_place(span.start, behind=True)
        return Span(start, max(start, self.moved_place(span.end, behind=False)))

    def moved_place(self, at: int, *, behind: bool) -> int:
        """Return where a place of the old text is; *behind* what is inserted right there."""
        index = bisect_left(self._ends, at)
        while index < len(self.edits) and self._ends[index] == at:
            if self._starts[index] == at and not behind:
                break
            index += 1
        if index < len(self.edits) and self._starts[index] < at:
            return self._starts[index] + self._shifts[index]
        return at + self._shifts[index]

    def original(self, span: Span) -> Span:
        """Return the stretch of the old text that *span* of the new one was made from.

        A place inside an inserted text leads to the whole of what it replaced.
        """
        start = self._before(span.start, bisect_right(self._new_ends, span.start), at_end=False)
        end = self._before(span.end, bisect_left(self._new_ends, span.end), at_end=True)
        return Span(start, max(start, end))

    def _before(self, at: int, index: int, *, at_end: bool) -> int:
        """Return where a place was that the edit of a number ends behind."""
        shift = self._shifts[index]
        if index == len(self.edits):
            return at - shift
        begin = self._starts[index] + shift
        if at < begin or (at_end and at == begin):
            return at - shift
        return self._ends[index] if at_end else self._starts[index]
