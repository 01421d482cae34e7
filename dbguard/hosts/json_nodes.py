"""JSON with positions: what the hosts in JSON read.

It takes comments and trailing commas, as the files of editors have them, and goes on
after what is no JSON. Nothing recurses: depth costs a stack of its own and is bounded.
"""

from __future__ import annotations

from collections.abc import Iterator

from dbguard.patterns import regex
from dbguard.records import dataclass, field
from dbguard.source import Mapped, Problem, Region, Transcript

MAX_DEPTH = 200
"""How deep values may nest before the rest is not read."""

_TOKEN = regex(
    r"(?P<gap>[\s,:]+|//[^\n]*|/\*(?:[^*]|\*(?!/))*\*/)"
    r"|(?P<open>/\*(?:[^*]|\*(?!/))*\Z)"
    r'|"(?P<text>(?:[^"\\\n]|\\[^\n])*)"|(?P<mark>[{}\[\]])|(?P<plain>[^\s,:{}\[\]"]+|")'
)
_ESCAPE = regex(r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)")
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


@dataclass(frozen=True, slots=True)
class Text:
    """A string; ``[start, end)`` is what stands between its quotes."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Listing:
    """An array."""

    items: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """An object: names and values in order."""

    entries: tuple[tuple[Text, Value], ...]


@dataclass(frozen=True, slots=True)
class Plain:
    """A number or a word."""

    word: str


Value = Text | Listing | Table | Plain


@dataclass(slots=True)
class _Open:
    """A value whose end has not come yet."""

    table: bool
    items: list[Value] = field(default_factory=list)

    def close(self) -> Value:
        if not self.table:
            return Listing(tuple(self.items))
        names, values = self.items[::2], self.items[1::2]
        pairs = zip(names, values, strict=False)
        return Table(tuple((name, value) for name, value in pairs if isinstance(name, Text)))


class Json:
    """The value of a region, or of the part of it from *start* to *end*."""

    def __init__(self, region: Region, start: int = 0, end: int | None = None) -> None:
        self.region = region
        self.problems: list[Problem] = []
        self.root = self._read(start, len(region.text) if end is None else end)

    def _read(self, start: int, end: int) -> Value | None:
        around = [_Open(table=False)]
        broken = False
        for match in _TOKEN.finditer(self.region.text, start, end):
            mark = match["mark"]
            if match["open"] is not None:
                broken = True
            elif match["text"] is not None:
                around[-1].items.append(Text(match.start("text"), match.end("text")))
            elif match["plain"] is not None:
                broken = broken or match["plain"] == '"'
                around[-1].items.append(Plain(match["plain"][:40]))
            elif mark in ("{", "["):
                if len(around) > MAX_DEPTH:
                    self._problem(f"JSON nests more than {MAX_DEPTH} deep", "limit")
                    break
                around.append(_Open(mark == "{"))
            elif mark is not None:
                if len(around) == 1 or around[-1].table != (mark == "}"):
                    broken = True
                    break
                closed = around.pop().close()
                around[-1].items.append(closed)
        if broken or (len(around) > 1 and not self.problems):
            self._problem("not all of the JSON could be read", "parse")
        while len(around) > 1:
            closed = around.pop().close()
            around[-1].items.append(closed)
        return around[0].items[0] if around[0].items else None

    def _problem(self, error: str, stage: str) -> None:
        span = self.region.span(0, 0)
        self.problems.append(Problem(self.region.file.path, error, stage, span))

    def entries(self, value: Value | None) -> Iterator[tuple[str, Text, Value]]:
        """Yield the names of an object, where they stand, and their values."""
        if isinstance(value, Table):
            for name, inner in value.entries:
                yield self.text(name).text, name, inner

    def get(self, value: Value | None, *names: str) -> Value | None:
        """Return what stands under a path of names, None where nothing does."""
        for name in names:
            value = next((inner for key, _, inner in self.entries(value) if key == name), None)
        return value

    def text(self, value: Text) -> Mapped:
        """Return a string as it is meant; every escape is one inexact piece."""
        region, at = self.region, value.start
        transcript = Transcript()
        for match in _ESCAPE.finditer(region.text, value.start, value.end):
            transcript.mapped(region.slice(at, match.start()))
            place = region.span(match.start(), match.end())
            transcript.inexact(_meant(match[0]), place.start, place.end - place.start)
            at = match.end()
        transcript.mapped(region.slice(at, value.end))
        return transcript.build()

    def texts(self, value: Value | None) -> list[Mapped]:
        """Return a string, or the strings of an array."""
        items = value.items if isinstance(value, Listing) else (value,)
        return [self.text(item) for item in items if isinstance(item, Text)]


def _meant(escape: str) -> str:
    if escape[1] != "u":
        return _LETTERS.get(escape[1], escape[1])
    if len(escape) == 2:
        return "u"
    if len(escape) == 12:
        high, low = int(escape[2:6], 16), int(escape[8:], 16)
        return chr(0x10000 + ((high - 0xD800) << 10) + low - 0xDC00)
    code = int(escape[2:], 16)
    return "\ufffd" if 0xD800 <= code < 0xE000 else chr(code)
