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
# Each begins with what is found fast; what stands before it is looked at where it is found.
_DEFINITIONS = tuple(regex(word + rb"[ \t]+(\w+)") for word in (b"def", b"class"))
_AS = regex(rb"as\s+([A-Za-z_]\w*)")
_ASSIGNED = regex(rb"=\s*(?:[\w.]+\.)?([A-Za-z_]\w*)[ \t]*(?:[\r\n#]|$)")
_LONGEST_NAME = 200  # bytes; a longer one is no call of a library
_WORD_OR_BLANK = bytes(
    byte if byte < 0x80 and (chr(byte).isalnum() or byte == ord("_")) else ord(" ")
    for byte in range(256)
)
_BLANK = ord(" ")
_RAISES = (b"raise", b"assert", b"exit", b"_exit", b"abort", b"confirm", b"input")
_GUARDS = (
    b"test", b"debug", b"prod", b"environ", b"confirm", b"input(", b"exit(", b"abort", b"verif",
    b"count", b"check", b"force", b"allow", b"safe",
)  # fmt: skip
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
_NAMED_WORDS = (b"backup", b"back_up", b"snapshot", b"dump")


def mentions(data: bytes, words: tuple[bytes, ...]) -> bool:
    """Say whether one of the words stands in a text, in another word perhaps."""
    return any(word in data for word in words)


def _name_before(words: bytes, end: int) -> int:
    """Return where the identifier begins that ends at *end*; *end* itself where none does.

    *words* is the text with a blank for everything that is no part of a word.
    """
    earliest = end - _LONGEST_NAME if end > _LONGEST_NAME else 0
    start = words.rfind(b" ", earliest, end) + 1 or earliest
    return end if words[start:end][:1].isdigit() else start


def _called(data: bytes, words: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield the names that stand before a parenthesis, where each begins, and where that ends.

    A pattern that begins with a name is tried at every word of the file, and takes three
    times as long.
    """
    at = data.find(b"(", 1)
    while at > 0:
        end = at
        if words[at - 1] == _BLANK:
            while data[end - 1 : end] in (b" ", b"\t"):
                end -= 1
        if end and words[end - 1] != _BLANK:
            start = _name_before(words, end)
            if start < end and not (data[start - 4 : start] == b"def " and start >= 4):
                yield data[start:end], start, at + 1
        at = data.find(b"(", at + 1)


def _renamed(data: bytes, words: bytes) -> list[tuple[int, bytes, bytes, bool]]:
    """Return where ``old as new`` and ``new = module.old`` stand, both names, and if it is the first."""
    found = []
    for match in _AS.finditer(data) if mentions(data, _AS_WORDS) else ():
        end = _without_blanks(data, match.start())
        if end < match.start() and (start := _name_before(words, end)) < end:
            found.append((start, data[start:end], match[1], True))
    for match in _ASSIGNED.finditer(data):
        end = _without_blanks(data, match.start())
        if (start := _name_before(words, end)) < end:
            found.append((start, match[1], data[start:end], False))
    return sorted(found)


def _without_blanks(data: bytes, end: int) -> int:
    """Return where that ends which stands before the blanks before *end*."""
    earliest = end - _LONGEST_NAME if end > _LONGEST_NAME else 0
    return earliest + len(data[earliest:end].rstrip())


def _defined(data: bytes, words: bytes) -> list[tuple[int, int, bytes]]:
    """Return where the names of functions and classes stand, in order, and what they are."""
    return sorted(
        (match.start(1), match.end(1), match[1])
        for pattern in _DEFINITIONS
        for match in pattern.finditer(data)
        if not match.start() or words[match.start() - 1 : match.start()] == b" "
    )


def _words_at(data: bytes, words: bytes, asked: tuple[bytes, ...]) -> list[int]:
    """Return where one of the words stands, as a whole word, in order."""
    found = []
    for word in asked:
        at = data.find(word)
        while at >= 0:
            end = at + len(word)
            if words[end : end + 1] in (b" ", b"") and (not at or words[at - 1 : at] == b" "):
                found.append(at)
            at = data.find(word, end)
    return sorted(found)


class Marks:
    """The sorted offsets, and the functions and classes of the file.

    Made of the bytes alone: a file without a mark is not parsed. One with marks needs
    :meth:`spread` before more is asked.
    """

    def __init__(self, data: bytes, words: frozenset[bytes], named: re.Pattern[bytes]) -> None:
        self.calls: dict[bytes, list[int]] = defaultdict(list)
        ends: dict[int, int] = {}
        words_only = data.translate(_WORD_OR_BLANK)
        for word, start, end in _called(data, words_only):
            self.calls[word].append(start)
            if word in CONTEXTS:
                ends[start] = end
        found: list[int] = []
        known = set(words)
        for start, old, new, imported in _renamed(data, words_only):
            if old in known and (imported or new not in known):
                known.add(new)
                found.append(start)
        if mentions(b" ".join(self.calls).lower(), _NAMED_WORDS):
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
        self._words = words_only
        self.acting: set[bytes] = set()

    def add(self, words: Iterable[bytes]) -> None:
        """Mark the calls of functions that do something in another file."""
        fresh = {at for word in words for at in self.calls.get(word, ())}
        if fresh:
            self.offsets = sorted({*self.offsets, *fresh})

    def spread(self, tree: SyntaxTree) -> None:
        """Mark the calls of marked functions until nothing changes."""
        pending: list[tuple[bytes, int, int, bool]] = []
        data, root = tree.data, tree.root
        stops = _words_at(data, self._words, _RAISES)
        for at, until, word in _defined(data, self._words):
            name = root.descendant_for_byte_range(at, until)
            node = name.parent if name is not None and name.type == "identifier" else None
            if node is None or node.type not in ("function_definition", "class_definition"):
                continue
            start, end = node.start_byte, node.end_byte
            self.functions[word.decode("utf-8", "replace")].append((start, end))
            stopping = (
                end - start <= HELPER_SIZE
                and bisect_left(stops, start) < bisect_right(stops, end)
                and mentions(data[start:end].lower(), _GUARDS)
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
