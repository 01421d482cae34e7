"""Quoted strings of configuration files and of Groovy, with positions."""

from __future__ import annotations

import re

from dbguard.patterns import regex
from dbguard.source import Mapped, Region, Transcript, hole

STRING = regex(
    r"(?P<three>\"\"\"|''')(?P<long>(?:[^\\]|\\[\s\S])*?)(?P=three)"
    r"|\"(?P<double>(?:[^\"\\\n]|\\[^\n])*)\"|'(?P<single>(?:[^'\\\n]|\\[^\n])*)'"
)
"""A string in one or three quotes of either sort."""

_ESCAPE = regex(r"\\(\n[ \t\r\n]*|u[0-9a-fA-F]{4}|[^\n])")
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_REFERENCE = regex(r"\$(?:\{([^{}]*)\}|([A-Za-z_][\w.]*))")


def content(
    region: Region, match: re.Match[str], *, raw_single: bool = False, interpolated: bool = False
) -> Mapped:
    """Return what a match of :data:`STRING` means.

    *raw_single*: a backslash in single quotes is a backslash, as in TOML. *interpolated*:
    ``${x}`` in double quotes is an expression, as in Groovy; it becomes a hole.
    """
    group = next(name for name in ("long", "double", "single") if match[name] is not None)
    start, end = match.span(group)
    single = group == "single" or match["three"] == "'''"
    if single and raw_single:
        return region.slice(start, end)
    marks = list(_ESCAPE.finditer(region.text, start, end))
    if interpolated and not single:
        escaped = {mark.start() + 1 for mark in marks}
        marks += [
            one
            for one in _REFERENCE.finditer(region.text, start, end)
            if one.start() not in escaped
        ]
        marks.sort(key=lambda mark: mark.start())
    transcript, at = Transcript(), start
    for mark in marks:
        if mark.start() < at:
            continue
        transcript.mapped(region.slice(at, mark.start()))
        place = region.span(mark.start(), mark.end())
        transcript.inexact(_meant(mark), place.start, place.end - place.start)
        at = mark.end()
    transcript.mapped(region.slice(at, end))
    return transcript.build()


def _meant(mark: re.Match[str]) -> str:
    if mark[0][0] == "$":
        return hole(mark[1] or mark[2] or "value")
    letter = mark[1]
    if letter[0] == "\n":
        return ""
    if letter[0] == "u" and len(letter) == 5:
        code = int(letter[1:], 16)
        return "\ufffd" if 0xD800 <= code < 0xE000 else chr(code)
    return _LETTERS.get(letter, letter)
