"""The text of a YAML scalar, with the place of each code point.

The YAML parser says where a scalar stands and what its value is; here its raw text is
decoded again, piece by piece, by the rules of its style (YAML 1.1, chapter 9, as PyYAML
and libyaml read them: https://yaml.org/spec/1.1/#id903915). Should the two ever differ, the
parser's value counts and stands for the whole scalar, indivisibly.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dbguard.patterns import regex
from dbguard.records import dataclass
from dbguard.source import Mapped, Region, Transcript

_PROPERTIES = regex(r"(?:[&!]\S*(?:[ \t]*(?:#[^\n]*)?\n)*[ \t]*)+")
_FOLD = regex(r"[ \t]*\n(?:[ \t]*\n)*[ \t]*")
_DOUBLE = regex(
    r"\\(?P<code>x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8})"
    r"|\\\n(?P<breaks>(?:[ \t]*\n)*)[ \t]*"
    r"|\\(?P<letter>[^\n])"
    r"|(?P<fold>[ \t]*\n(?:[ \t]*\n)*[ \t]*)"
)
_SINGLE = regex(r"''|(?P<fold>[ \t]*\n(?:[ \t]*\n)*[ \t]*)")
_HEADER = regex(r"[|>](?P<indicators>[1-9+-]{0,2})[ \t]*(?:#[^\n]*)?(?:\n|$)")
_LETTERS = {
    "0": "\0", "a": "\x07", "b": "\x08", "t": "\t", "\t": "\t", "n": "\n", "v": "\x0b",
    "f": "\x0c", "r": "\r", "e": "\x1b", " ": " ", '"': '"', "\\": "\\", "/": "/",
    "N": "\x85", "_": "\xa0", "L": "\u2028", "P": "\u2029",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Stretch:
    """``[start, end)`` of the region stands for ``text``; None: for itself."""

    start: int
    end: int
    text: str | None = None


def decode(region: Region, start: int, end: int, style: str, value: str) -> Mapped:
    """Return the text of the scalar at ``[start, end)`` of *region*.

    *style* is how it is written (``|``, ``>``, ``'``, ``"``, '' for plain), *value* what the
    parser says it is.
    """
    raw = region.text
    properties = _PROPERTIES.match(raw, start, end)
    if properties is not None and raw[start] in "&!":
        start = properties.end()
    if style in ("|", ">"):
        readings: Iterator[list[_Stretch]] = _block(raw, start, end, folded=style == ">")
    else:
        readings = iter((_flow(raw, start, end, style),))
    for stretches in readings:
        mapped = _joined(region, stretches)
        if mapped.text == value:
            return mapped
        if style in ("|", ">") and mapped.text.startswith(value):
            return mapped.slice(0, len(value))  # chomping takes line ends from the end
    return Mapped.at(value, region.span(start, end))


def _joined(region: Region, stretches: list[_Stretch]) -> Mapped:
    transcript = Transcript()
    for stretch in stretches:
        if stretch.text is None:
            transcript.mapped(region.slice(stretch.start, stretch.end))
        else:
            place = region.span(stretch.start, stretch.end)
            transcript.inexact(stretch.text, place.start, place.end - place.start)
    return transcript.build()


def _flow(raw: str, start: int, end: int, style: str) -> list[_Stretch]:
    """Read a plain or quoted scalar: line breaks fold, quotes have escapes."""
    if style and (end - start < 2 or raw[start] != style):
        return []
    at, end = (start + 1, end - 1) if style else (start, end)
    pattern = {"'": _SINGLE, '"': _DOUBLE}.get(style, _FOLD)
    found = []
    for match in pattern.finditer(raw, at, end):
        found.append(_Stretch(at, match.start()))
        found.append(_Stretch(match.start(), match.end(), _decoded(match, style)))
        at = match.end()
    found.append(_Stretch(at, end))
    return found


def _decoded(match: re.Match[str], style: str) -> str:
    groups = match.groupdict()
    if not style or groups["fold"]:
        breaks = match[0].count("\n")
        return " " if breaks == 1 else "\n" * (breaks - 1)
    if style == "'":
        return "'"
    if groups["code"]:
        number = int(groups["code"][1:], 16)
        return chr(number) if number < 0x110000 else ""
    if groups["letter"]:
        return _LETTERS.get(groups["letter"], groups["letter"])
    return "\n" * (groups["breaks"] or "").count("\n")


def _block(raw: str, start: int, end: int, *, folded: bool) -> Iterator[list[_Stretch]]:
    """Yield the readings of a block scalar, all line ends kept; the right one is among them.

    Its indentation is that of its first line, or one that the header gives relative to a
    parent that is not seen from here: then each that is possible is tried.
    """
    header = _HEADER.match(raw, start, end)
    if header is None:
        return
    lines = list(_lines(raw, header.end(), end))
    first = next((line for line in lines if line[2] < line[1]), None)
    if first is None:
        yield _unfolded(raw, lines, 0)
        return
    indentation = first[2] - first[0]
    explicit = any(character.isdigit() for character in header["indicators"])
    for indent in range(indentation, -1 if explicit else indentation - 1, -1):
        yield _folded(raw, lines, indent) if folded else _unfolded(raw, lines, indent)


def _lines(raw: str, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield start, end (without its break) and first place that is no blank of each line."""
    while at < end:
        stop = raw.find("\n", at, end)
        stop = end if stop < 0 else stop
        line = raw[at:stop]
        yield at, stop, at + len(line) - len(line.lstrip(" "))
        at = stop + 1


def _unfolded(raw: str, lines: list[tuple[int, int, int]], indent: int) -> list[_Stretch]:
    found = []
    for start, stop, text in lines:
        if text < min(start + indent, stop):
            break  # a comment or what else stands further left
        found.append(_Stretch(min(start + indent, stop), stop))
        found.append(_line_end(raw, stop))
    return found


def _line_end(raw: str, stop: int) -> _Stretch:
    return _Stretch(stop, stop + 1) if raw.startswith("\n", stop) else _Stretch(stop, stop, "\n")


def _folded(raw: str, lines: list[tuple[int, int, int]], indent: int) -> list[_Stretch]:
    found: list[_Stretch] = []
    ends: list[_Stretch] = []  # line ends since the last line with text
    flush = False  # whether that line begins at the indentation
    seen = False
    for start, stop, text in lines:
        if text < min(start + indent, stop):
            break
        begin = min(start + indent, stop)
        if begin == stop:
            ends.append(_line_end(raw, stop))
            continue
        here = raw[begin] not in " \t"
        if seen and flush and here:
            place = ends[0]
            found.extend(ends[1:] or [_Stretch(place.start, begin, " ")])
        else:
            found.extend(ends)
        found.append(_Stretch(begin, stop))
        ends = [_line_end(raw, stop)]
        flush, seen = here, True
    return found + ends
