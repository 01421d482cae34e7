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

_SMALL = 2_048  # bytes: what so short a text takes is bounded by its length

CHUNK = 4_096  # bytes

MAX_READS = 500
"""How often the parser may ask for a stretch of a text, and once more for each 32 bytes of it.

What it takes beyond a small constant for each byte, it takes by reading the same stretches
again and again: text made to be no program costs it the square of the length. Of 5,230
files of public repositories none asks for a ninth of this. The number is the same in each run,
whatever the machine.
"""

MAX_STEPS = 10_000_000
"""How many steps the parser may take in one text; an ordinary program of 4 MiB takes eight million."""

_STEPS_AT_ONCE = 100  # after so many tree-sitter asks whether to go on

PARSE_SECONDS = 60
"""The processor time the parser may take: far above what the counted limits let it."""

_WIDE = regex(r"[^\x00-\x7f]")


class SyntaxTree:
    """The tree of ``region.text``. Spans and slices lead to the outermost file."""

    def __init__(self, region: Region, language: Language) -> None:
        """Parse *region*. Raises TimeoutError where that takes more than the limits allow."""
        self.region = region
        # A lone surrogate has no UTF-8 form: it becomes three bytes, like the rest of its plane.
        self.data = region.text.encode("utf-8", "surrogatepass")
        self._ascii = len(self.data) == len(region.text)
        # How far on the text begins in the outermost file, where it stands there unchanged.
        self._begins = region.map.begins_at(len(region.text)) if self._ascii else None
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
        if self._ascii:
            return self.region.text[node.start_byte : node.end_byte]
        return self.data[node.start_byte : node.end_byte].decode("utf-8", "surrogatepass")

    def start_of(self, node: Node, most: int) -> str:
        """Return the text of a node, or the first bytes of it: as many as *most* says."""
        start, end = node.start_byte, node.end_byte
        if end > start + most:
            end = start + most
        if self._ascii:
            return self.region.text[start:end]
        return self.data[start:end].decode("utf-8", "replace")

    def span(self, node: Node) -> Span:
        """Return where a node stands in the outermost file."""
        start, end = node.start_byte, node.end_byte
        if self._begins is not None and start < end:
            return Span(self._begins + start, self._begins + end)
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


_windows: list[bytearray] = []
"""What the parser was given, to be filled anew.

py-tree-sitter (0.25 and 0.26) never lets go of an object that it reads from: were they
pieces of the text, each text would stay in memory as long as the process lives.
"""


def _parsed(data: bytes, parser: Parser) -> Tree:
    if len(data) < _SMALL:
        return parser.parse(data)
    most_reads = MAX_READS + len(data) // 32
    deadline = thread_time() + PARSE_SECONDS
    window = _windows.pop() if _windows else bytearray()
    reads = steps = 0

    def read(offset: int, _: Point) -> bytearray:
        nonlocal reads
        reads += 1
        window[:] = data[offset : offset - offset % CHUNK + CHUNK]
        return window

    def cancel(_offset: int, _has_error: bool) -> bool:
        nonlocal steps
        steps += _STEPS_AT_ONCE
        return reads > most_reads or steps > MAX_STEPS or thread_time() > deadline

    try:
        return parser.parse(read, progress_callback=cancel)
    except ValueError as error:
        raise TimeoutError from error
    finally:
        _windows.append(window)
