"""Where in a file something may happen: found by words, before any value is evaluated.

A mark is the offset of a word that names an operation of the tables (``remove``,
``execute``), or of a call of a function of this file that holds a mark itself. The walk
evaluates nothing outside of marked expressions.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator

from dbguard.languages.python_contexts import CONTEXTS, fits, handed_on
from dbguard.languages.syntax_tree import SyntaxTree
from dbguard.patterns import regex

_CALLED_VALUE = regex(rb"[\])][ \t]*\(")
_DEFINITION = regex(rb"\b(?:def|class)[ \t]+(\w+)")
# Both begin with what is found fast; the name before it is taken from there backwards.
_AS = regex(rb"as\s+([A-Za-z_]\w*)")
_ASSIGNED = regex(rb"=\s*(?:[\w.]+\.)?([A-Za-z_]\w*)[ \t]*(?:[\r\n#]|$)")
_LONGEST_NAME = 200  # bytes; a longer one is no call of a library
_WORD_OR_BLANK = bytes(
    byte if byte < 0x80 and (chr(byte).isalnum() or byte == ord("_")) else ord(" ")
    for byte in range(256)
)
_RAISES = regex(rb"\b(?:raise|assert|exit|_exit|abort|confirm|input)\b")
_GUARDS = regex(
    rb"test|debug|prod|environ|confirm|input\(|exit\(|abort|verif|count|check|force|allow|safe",
    re.I,
)
HELPER_SIZE = 1_500
"""The bytes up to which a function that only stops or guards is followed."""
_BARE = regex(
    rb"\b(?:drop_all|create_all|drop_database|DATABASES|SQLALCHEMY_DATABASE_URI"
    rb"|SQLALCHEMY_BINDS)\b|sqlite(?:\+\w+)?:///"
)

# Words first: to compile a pattern takes as long as to search a file for them.
_AS_WORDS = tuple(blank + b"as" for blank in (b" ", b"\t", b"\n", b"\r", b"\f", b"\v"))
_BARE_WORDS = (
    b"drop_all",
    b"create_all",
    b"drop_database",
    b"DATABASES",
    b"SQLALCHEMY_",
    b"sqlite",
)
_RAISE_WORDS = (b"raise", b"assert", b"exit", b"abort", b"confirm", b"input")
_NAMED_WORDS = (b"backup", b"back_up", b"snapshot", b"dump")


def mentions(data: bytes, words: tuple[bytes, ...]) -> bool:
    """Say whether one of the words stands in a text, in another word perhaps."""
    return any(word in data for word in words)


def _name_before(data: bytes, end: int) -> bytes:
    """Return the identifier that ends at *end*, b"" where none does."""
    words = data[max(0, end - _LONGEST_NAME) : end].translate(_WORD_OR_BLANK)
    name = words[words.rfind(b" ") + 1 :]
    return b"" if name[:1].isdigit() else name


def _called(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield the names that stand before a parenthesis, where each begins, and where that ends.

    A pattern that begins with a name is tried at every word of the file, and takes three
    times as long.
    """
    at = data.find(b"(")
    while at >= 0:
        end = at
        while data[end - 1 : end] in (b" ", b"\t"):
            end -= 1
        name = _name_before(data, end)
        start = end - len(name)
        if name and not (data[start - 4 : start] == b"def " and start >= 4):
            yield name, start, at + 1
        at = data.find(b"(", at + 1)


def _renamed(data: bytes) -> list[tuple[int, bytes, bytes, bool]]:
    """Return where ``old as new`` and ``new = module.old`` stand, both names, and if it is the first."""
    found = []
    for match in _AS.finditer(data) if mentions(data, _AS_WORDS) else ():
        start = match.start()
        before = data[max(0, start - _LONGEST_NAME) : start]
        stripped = before.rstrip()
        if len(stripped) < len(before) and (old := _name_before(stripped, len(stripped))):
            found.append((start - len(before) + len(stripped) - len(old), old, match[1], True))
    for match in _ASSIGNED.finditer(data):
        start = match.start()
        before = data[max(0, start - _LONGEST_NAME) : start]
        stripped = before.rstrip()
        if new := _name_before(stripped, len(stripped)):
            at = start - len(before) + len(stripped) - len(new)
            found.append((at, match[1], new, False))
    return sorted(found)


class Marks:
    """The sorted offsets, and the functions and classes of the file.

    Made of the bytes alone: a file without a mark is not parsed. One with marks needs
    :meth:`spread` before more is asked.
    """

    def __init__(self, data: bytes, words: frozenset[bytes], named: re.Pattern[bytes]) -> None:
        self.calls: dict[bytes, list[int]] = defaultdict(list)
        ends: dict[int, int] = {}
        for word, start, end in _called(data):
            self.calls[word].append(start)
            if word in CONTEXTS:
                ends[start] = end
        found: list[int] = []
        known = set(words)
        for start, old, new, imported in _renamed(data):
            if old in known and (imported or new not in known):
                known.add(new)
                found.append(start)
        if mentions(data.lower(), _NAMED_WORDS):
            known.update(word for word in self.calls if named.search(word))
        for word in known & self.calls.keys():
            if word in CONTEXTS:
                found.extend(at for at in self.calls[word] if fits(word, data, at, ends[at]))
            else:
                found.extend(self.calls[word])
        if mentions(data, _BARE_WORDS):
            found.extend(match.start() for match in _BARE.finditer(data))
        if given_away := handed_on(data):
            found.extend(given_away)
            found.extend(match.start() for match in _CALLED_VALUE.finditer(data))
        self.offsets = sorted(found)
        self.any = bool(found)
        self.functions: dict[str, list[tuple[int, int]]] = defaultdict(list)
        self._called: dict[str, bool] = {}
        self.acting: set[bytes] = set()

    def add(self, words: Iterable[bytes]) -> None:
        """Mark the calls of functions that do something in another file."""
        fresh = {at for word in words for at in self.calls.get(word, ())}
        if fresh:
            self.offsets = sorted({*self.offsets, *fresh})

    def spread(self, tree: SyntaxTree) -> None:
        """Mark the calls of marked functions until nothing changes."""
        pending: list[tuple[bytes, int, int, bool]] = []
        stopping_words = mentions(tree.data, _RAISE_WORDS)
        stops = [match.start() for match in _RAISES.finditer(tree.data)] if stopping_words else []
        for match in _DEFINITION.finditer(tree.data):
            name = tree.root.descendant_for_byte_range(match.start(1), match.end(1))
            node = name.parent if name is not None and name.type == "identifier" else None
            if node is None or node.type not in ("function_definition", "class_definition"):
                continue
            start, end, word = node.start_byte, node.end_byte, match[1]
            self.functions[word.decode("utf-8", "replace")].append((start, end))
            stopping = (
                end - start <= HELPER_SIZE
                and bisect_left(stops, start) < bisect_right(stops, end)
                and _GUARDS.search(tree.data, start, end) is not None
            )
            pending.append((word, start, end, stopping))
        done = self.acting
        while True:
            fresh: list[int] = []
            for word, start, end, stopping in pending:
                if word in done or not (stopping or self.within(start, end)):
                    continue
                done.add(word)
                fresh.extend(at for at in self.calls.get(word, ()))
            if not fresh:
                return
            self.offsets = sorted({*self.offsets, *fresh})

    def within(self, start: int, end: int) -> bool:
        """Say whether a mark stands in ``[start, end)``."""
        at = bisect_left(self.offsets, start)
        return at < len(self.offsets) and self.offsets[at] < end

    def is_called(self, name: str) -> bool:
        """Say whether the file calls a function of this name outside of its own body."""
        if name not in self._called:
            ranges = self.functions.get(name, [])
            self._called[name] = any(
                not any(start <= at < end for start, end in ranges)
                for at in self.calls.get(name.encode(), ())
            )
        return self._called[name]
