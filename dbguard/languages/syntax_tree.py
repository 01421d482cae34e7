"""A tree-sitter tree over a region, with byte offsets turned into code points.

tree-sitter counts bytes of UTF-8; everything else in dbguard counts code points. This
adapter is the only place that knows both.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property
from time import thread_time

from dbguard.languages.grammars import Language, Node, Parser, Point, Tree
from dbguard.patterns import regex
from dbguard.source import Mapped, Region, Span

_SMALL = 16_384  # bytes: nothing so short takes more than two seconds

_CHUNK = 65_536  # bytes

PARSE_SECONDS = 5
"""The processor time the parser may take, with two seconds more for each million bytes.

What it takes grows with the square of the length in text made to be no program at all.
"""
_WIDE = regex(r"[^\x00-\x7f]")


class SyntaxTree:
    """The tree of ``region.text``. Spans and slices lead to the outermost file."""

    def __init__(self, region: Region, language: Language) -> None:
        """Parse *region*. Raises TimeoutError where that takes more than PARSE_SECONDS."""
        self.region = region
        # A lone surrogate has no UTF-8 form: it becomes three bytes, like the rest of its plane.
        self.data = region.text.encode("utf-8", "surrogatepass")
        self._ascii = len(self.data) == len(region.text)
        self.tree: Tree = _parsed(self.data, Parser(language))

    @property
    def root(self) -> Node:
        return self.tree.root_node

    @cached_property
    def _wide(self) -> tuple[list[int], list[int]]:
        """Byte offsets after each multi-byte code point, and the bytes saved up to there."""
        ends, surplus, saved = [0], [0], 0
        for match in _WIDE.finditer(self.region.text):
            code = ord(match[0])
            saved += 1 if code < 0x800 else 2 if code < 0x10000 else 3
            ends.append(match.end() + saved)
            surplus.append(saved)
        return ends, surplus

    def char(self, byte: int) -> int:
        """Return the code point offset in the region's text of a byte offset."""
        if self._ascii:
            return byte
        ends, surplus = self._wide
        return byte - surplus[bisect_right(ends, byte) - 1]

    def text(self, node: Node) -> str:
        """Return the text of a node."""
        return self.data[node.start_byte : node.end_byte].decode("utf-8", "surrogatepass")

    def span(self, node: Node) -> Span:
        """Return where a node stands in the outermost file."""
        return self.region.span(self.char(node.start_byte), self.char(node.end_byte))

    def bytes_span(self, start: int, end: int) -> Span:
        """Return where the bytes ``[start, end)`` stand in the outermost file."""
        return self.region.span(self.char(start), self.char(end))

    def slice(self, start: int, end: int) -> Mapped:
        """Return the text of the bytes ``[start, end)``, leading to the outermost file."""
        return self.region.slice(self.char(start), self.char(end))

    def first_error(self) -> Node | None:
        """Return the first ERROR or MISSING node in reading order, None in a whole tree."""
        return next(self.errors(), None)

    def errors(self) -> Iterator[Node]:
        """Yield the outermost ERROR and MISSING nodes in reading order."""
        stack = [self.root]
        while stack:
            node = stack.pop()
            if not node.has_error:
                continue
            if node.is_error or node.is_missing:
                yield node
                continue
            stack.extend(reversed(node.children))


def _parsed(data: bytes, parser: Parser) -> Tree:
    if len(data) < _SMALL:
        return parser.parse(data)
    deadline = thread_time() + PARSE_SECONDS + len(data) / 500_000

    # py-tree-sitter (0.26) never lets go of what it was given, and asks for many places
    # again: it gets the same piece, so that a text is held once and not several times.
    pieces: dict[int, bytes] = {}

    def read(offset: int, _: Point) -> bytes:
        if offset not in pieces:
            pieces[offset] = data[offset : offset - offset % _CHUNK + _CHUNK]
        return pieces[offset]

    def cancel(_offset: int, _has_error: bool) -> bool:
        return thread_time() > deadline

    try:
        return parser.parse(read, progress_callback=cancel)
    except ValueError as error:
        raise TimeoutError from error
