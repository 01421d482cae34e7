"""Texts, and where every code point of them stands in the outermost file.

A *region* is a piece of text in one language: a whole file, the SQL in a Python
string, the shell in a heredoc in that SQL. However deep it is nested, its
:class:`SourceMap` leads straight to the outermost file, so a finding is always
reported where a person can see it. All positions are code points, half open.

This module is pure: it imports no parser and knows no language.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import accumulate, chain

from dbguard.patterns import regex
from dbguard.records import dataclass, field


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A half-open range of code points, ``start <= end``."""

    start: int
    end: int

    def cover(self, other: Span) -> Span:
        """Return the smallest span that contains both."""
        return Span(min(self.start, other.start), max(self.end, other.end))


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of inner text and the stretch of outer text it was decoded from.

    ``exact`` says that both are equal, code point by code point; an inexact piece
    (an escape, a hole) cannot be divided: a span that touches it widens to it.
    """

    inner: int
    length: int
    outer: int
    outer_length: int
    exact: bool

    @property
    def inner_end(self) -> int:
        return self.inner + self.length

    @property
    def outer_end(self) -> int:
        return self.outer + self.outer_length


@dataclass(frozen=True)
class SourceMap:
    """Pieces that tile an inner text, in its order, and lead to the outermost file.

    What stands between two pieces in the outer file (quotes of adjacent literals,
    tabs removed by ``<<-``, a line continuation) belongs to no piece.
    """

    pieces: tuple[Piece, ...]

    @classmethod
    def identity(cls, length: int, outer: int = 0) -> SourceMap:
        """Map a text of *length* code points that stands unchanged at *outer*."""
        return cls((Piece(0, length, outer, length, True),) if length else ())

    @cached_property
    def _starts(self) -> list[int]:
        return [piece.inner for piece in self.pieces]

    def begins_at(self, length: int) -> int | None:
        """Return where a text of *length* code points begins in the outermost file.

        None where it does not stand there unchanged, in one piece.
        """
        if len(self.pieces) != 1:
            return None
        only = self.pieces[0]
        whole = only.exact and not only.inner and only.length == only.outer_length == length
        return only.outer if whole else None

    def _index(self, position: int) -> int:
        return max(0, bisect_right(self._starts, position) - 1)

    def to_outer(self, start: int, end: int) -> Span:
        """Return where the inner range ``[start, end)`` stands in the outermost file.

        A range that touches an inexact piece is widened to the whole of it. An
        empty range gives an empty span, except inside an inexact piece.
        """
        pieces = self.pieces
        if not pieces:
            return Span(0, 0)
        if len(pieces) == 1 and pieces[0].exact and start < end:
            # Most texts stand unchanged where they stand: half of all questions end here.
            only = pieces[0]
            right = min(only.outer + end - only.inner, only.outer + only.outer_length)
            return Span(min(max(only.outer, only.outer + start - only.inner), right), right)
        first = pieces[self._index(start)]
        if start >= end:
            if first.exact or start >= first.inner_end:
                at = min(first.outer + start - first.inner, first.outer_end)
                if not first.exact:
                    at = first.outer_end
                return Span(at, at)
            if start == first.inner:
                return Span(first.outer, first.outer)
            return Span(first.outer, first.outer_end)
        last_index = self._index(end - 1)
        low, high = None, None
        for piece in self.pieces[self._index(start) : last_index + 1]:
            left, right = piece.outer, piece.outer_end
            if piece.exact:
                left += max(0, start - piece.inner)
                right -= max(0, piece.inner_end - end)
            low = left if low is None else min(low, left)
            high = right if high is None else max(high, right)
        assert low is not None
        assert high is not None
        return Span(min(low, high), high)

    def is_exact(self, start: int, end: int) -> bool:
        """Say whether ``[start, end)`` equals its outer text, code point by code point."""
        if start >= end:
            return True
        expected: int | None = None
        for piece in self.pieces[self._index(start) : self._index(end - 1) + 1]:
            if not piece.exact or (expected is not None and piece.outer != expected):
                return False
            expected = piece.outer_end
        return True

    def slice(self, start: int, end: int) -> SourceMap:
        """Return the map of the inner text ``[start, end)`` alone, counted from 0."""
        if start >= end:
            return SourceMap(())
        if len(self.pieces) == 1 and self.pieces[0].exact:
            only = self.pieces[0]
            low, high = max(start, only.inner), min(end, only.inner + only.length)
            if low >= high:
                return SourceMap(())
            outer = only.outer + low - only.inner
            return SourceMap((Piece(low - start, high - low, outer, high - low, True),))
        pieces = []
        for piece in self.pieces[self._index(start) : self._index(end - 1) + 1]:
            low, high = max(start, piece.inner), min(end, piece.inner_end)
            if low >= high:
                continue
            if piece.exact:
                outer = piece.outer + low - piece.inner
                pieces.append(Piece(low - start, high - low, outer, high - low, True))
            else:
                pieces.append(
                    Piece(low - start, high - low, piece.outer, piece.outer_length, False)
                )
        return SourceMap(tuple(pieces))

    def compose(self, local: SourceMap) -> SourceMap:
        """Return *local* (innermost text to my inner text) led on to the outermost file."""
        if len(self.pieces) == 1 and self.pieces[0].exact and self.pieces[0].inner == 0:
            shift = self.pieces[0].outer
            if shift == 0:
                return local
            return SourceMap(
                tuple(
                    Piece(p.inner, p.length, p.outer + shift, p.outer_length, p.exact)
                    for p in local.pieces
                )
            )
        pieces: list[Piece] = []
        for piece in local.pieces:
            if not piece.exact:
                span = self.to_outer(piece.outer, piece.outer_end)
                pieces.append(
                    Piece(piece.inner, piece.length, span.start, span.end - span.start, False)
                )
                continue
            shift = piece.inner
            pieces.extend(
                Piece(p.inner + shift, p.length, p.outer, p.outer_length, p.exact)
                for p in self.slice(piece.outer, piece.outer_end).pieces
            )
        return SourceMap(tuple(pieces))


@dataclass(frozen=True, slots=True)
class Mapped:
    """A text with the map that leads each code point of it to the outermost file."""

    text: str
    map: SourceMap

    @property
    def span(self) -> Span:
        """Where the whole text stands in the outermost file."""
        return self.map.to_outer(0, len(self.text))

    def slice(self, start: int, end: int) -> Mapped:
        """Return the part ``[start, end)``, still leading to the outermost file."""
        return Mapped(self.text[start:end], self.map.slice(start, end))

    @classmethod
    def join(cls, parts: Iterable[Mapped]) -> Mapped:
        """Concatenate texts that may stand apart in the outermost file."""
        transcript = Transcript()
        for part in parts:
            transcript.mapped(part)
        return transcript.build()

    @classmethod
    def at(cls, text: str, span: Span) -> Mapped:
        """Return *text* as something that stands for the whole of *span*, indivisibly."""
        transcript = Transcript()
        transcript.inexact(text, span.start, span.end - span.start)
        return transcript.build()


@dataclass(slots=True)
class Transcript:
    """Builds a decoded text and its map, piece by piece, in reading order."""

    _parts: list[str] = field(default_factory=list)
    _pieces: list[Piece] = field(default_factory=list)
    _length: int = 0

    def exact(self, text: str, outer: int) -> None:
        """Append *text*, which stands unchanged at *outer*."""
        if not text:
            return
        last = self._pieces[-1] if self._pieces else None
        if last is not None and last.exact and last.outer_end == outer:
            length = last.length + len(text)
            self._pieces[-1] = Piece(last.inner, length, last.outer, length, True)
        else:
            self._pieces.append(Piece(self._length, len(text), outer, len(text), True))
        self._append(text)

    def inexact(self, text: str, outer: int, outer_length: int) -> None:
        """Append *text*, decoded from the *outer_length* code points at *outer* (an escape)."""
        if not text:
            return
        self._pieces.append(Piece(self._length, len(text), outer, outer_length, False))
        self._append(text)

    def hole(self, name: str, outer: int, outer_length: int) -> None:
        """Append a hole: an expression whose value is not known, named after it."""
        self.inexact(hole(name), outer, outer_length)

    def mapped(self, part: Mapped) -> None:
        """Append a text that has a map already."""
        for piece in part.map.pieces:
            text = part.text[piece.inner : piece.inner_end]
            if piece.exact:
                self.exact(text, piece.outer)
            else:
                self.inexact(text, piece.outer, piece.outer_length)

    def _append(self, text: str) -> None:
        self._parts.append(text)
        self._length += len(text)

    def __len__(self) -> int:
        return self._length

    def build(self) -> Mapped:
        """Return the text and its map."""
        return Mapped("".join(self._parts), SourceMap(tuple(self._pieces)))


# A name holds no two underscores in a row and ends with none, so that the end of a hole
# is known even where an underscore follows it: ``{a}_{b}``.
_HOLE = regex(r"__hole_((?:[A-Za-z0-9]|_(?!_))*)__")
_NOT_NAME = regex(r"[\W_]+", re.ASCII)


def hole(name: str) -> str:
    """Return the identifier that stands for an unknown value called *name*.

    The same expression gives the same identifier, so two mentions of ``{table}``
    can be recognised as the same table.
    """
    return f"__hole_{_NOT_NAME.sub('_', name)[:60].strip('_')}__"


def has_hole(text: str) -> bool:
    """Say whether part of *text* is unknown."""
    return "__hole_" in text and _HOLE.search(text) is not None


def hole_names(text: str) -> list[str]:
    """Return the names of the unknown parts of *text*, in order."""
    return _HOLE.findall(text) if "__hole_" in text else []


def display(text: str) -> str:
    """Return *text* for a person: an unknown part shows as ``{name}``."""
    return _HOLE.sub(lambda match: "{" + match[1] + "}", text) if "__hole_" in text else text


@dataclass(frozen=True)
class SourceFile:
    """A file as text. ``path`` is as the user named it, with ``/`` between its parts.

    ``text`` is decoded, without a byte-order mark, line ends as they stand in the file.
    """

    path: str
    text: str

    @cached_property
    def _line_starts(self) -> Sequence[int]:
        # Not a list: a report holds those of every file, and a list takes as much as the text.
        from array import array

        if "\r" in self.text:
            ends = (match.end() for match in re.finditer(r"\r\n|\n|\r", self.text))
            return array("I", chain((0,), ends))
        lengths = [len(line) + 1 for line in self.text.split("\n")]
        lengths.pop()
        return array("I", accumulate(lengths, initial=0))

    def position(self, offset: int) -> tuple[int, int]:
        """Return line and column (both from 1, in code points) of an offset."""
        line = bisect_right(self._line_starts, offset)
        return line, offset - self._line_starts[line - 1] + 1

    def line(self, number: int) -> str:
        """Return line *number* (from 1) without its line end, '' past the last."""
        if not 1 <= number <= len(self._line_starts):
            return ""
        start = self._line_starts[number - 1]
        last = number == len(self._line_starts)
        end = len(self.text) if last else self._line_starts[number]
        return self.text[start:end].rstrip("\r\n")

    def line_span(self, number: int) -> Span:
        """Return the span of line *number* (from 1) without its line end."""
        start = self._line_starts[number - 1]
        return Span(start, start + len(self.line(number)))


@dataclass(frozen=True, slots=True)
class Region:
    """A text in one language and where it stands.

    ``via`` tells how it is reached from its parent ("heredoc of psql", "argument of
    execute()"), '' for a whole file. ``database`` is the database its statements run
    on where that is known, ``dialect`` the SQL dialect or shell flavour hinted at
    ('' unknown).
    """

    language: str
    text: str
    map: SourceMap
    file: SourceFile
    parent: Region | None = None
    via: str = ""
    database: str | None = None
    dialect: str = ""

    @classmethod
    def of_file(cls, file: SourceFile, language: str, dialect: str = "") -> Region:
        """Return the root region of a file; CRLF and lone CR become LF, positions stay."""
        if "\r" not in file.text:
            return cls(
                language, file.text, SourceMap.identity(len(file.text)), file, dialect=dialect
            )
        transcript, at = Transcript(), 0
        for match in re.finditer(r"\r\n?", file.text):
            transcript.exact(file.text[at : match.start()], at)
            if match[0] == "\r":
                transcript.inexact("\n", match.start(), 1)
                at = match.end()
            else:
                at = match.end() - 1
        transcript.exact(file.text[at:], at)
        whole = transcript.build()
        return cls(language, whole.text, whole.map, file, dialect=dialect)

    def embed(
        self,
        language: str,
        content: Mapped,
        via: str,
        *,
        database: str | None = None,
        dialect: str = "",
    ) -> Region:
        """Return a region inside this one; *content* leads to the outermost file."""
        return Region(language, content.text, content.map, self.file, self, via, database, dialect)

    def span(self, start: int, end: int) -> Span:
        """Return where ``[start, end)`` of this text stands in the outermost file."""
        return self.map.to_outer(start, end)

    def slice(self, start: int, end: int) -> Mapped:
        """Return part of this text with its map."""
        return Mapped(self.text[start:end], self.map.slice(start, end))

    @property
    def depth(self) -> int:
        """How many regions stand around this one."""
        depth, region = 0, self.parent
        while region is not None:
            depth, region = depth + 1, region.parent
        return depth

    @property
    def route(self) -> tuple[str, ...]:
        """The ways by which it is reached, outermost first."""
        steps: list[str] = []
        region: Region | None = self
        while region is not None:
            if region.via:
                steps.append(region.via)
            region = region.parent
        return tuple(reversed(steps))


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment, and the code it is about; all spans are in the outermost file.

    ``span`` is where it stands, ``text`` has its marks (``#``, ``--``). ``here`` covers
    its own lines and the statement it ends or stands in; ``following`` the first line of code
    after it and the statement that begins there, None at the end of a text.
    """

    file: SourceFile
    span: Span
    text: str
    here: Span
    following: Span | None


@dataclass(frozen=True, slots=True)
class Problem:
    """What could not be read or analysed whole.

    ``stage`` is one of "discover", "read", "decode", "parse", "limit", "internal".
    ``incomplete`` says that something may have been missed: it changes the exit code.
    """

    path: str
    error: str
    stage: str
    span: Span | None = None
    line: int | None = None
    incomplete: bool = True
