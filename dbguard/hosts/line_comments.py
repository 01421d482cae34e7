"""Comments of a host's own, above what they are about or at the end of its line.

A comment inside a script belongs to the language of the script too, which knows how far a
statement goes: of one comment that two read, what both say counts.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator

from dbguard.hosts.quoted import STRING
from dbguard.patterns import regex
from dbguard.source import Comment, Region

HASH_LINES = regex(r"^[ \t]*(?P<comment>#[^\n]*)", re.MULTILINE)
"""Lines that are nothing but a comment; what stands behind a command is the shell's."""

HASH = regex(rf"(?P<comment>#[^\n]*)|{STRING.pattern}")
"""Comments that begin with ``#`` anywhere outside of a string, as in TOML."""

# What is never closed goes to the end of the text: to let it be no match would have the rest
# of the text searched again from each of a million beginnings.
SLASHES = regex(rf"(?P<comment>//[^\n]*|/\*[\s\S]*?(?:\*/|\Z))|{STRING.pattern}")
"""Comments of Groovy."""

HASH_AND_SLASHES = regex(
    rf"(?P<comment>(?:#|//)[^\n]*|/\*[\s\S]*?(?:\*/|\Z))"
    rf"|<<-?(?P<tag>\w+)[ \t]*\n[\s\S]*?(?:^[ \t]*(?P=tag)\b|\Z)|{STRING.pattern}",
    re.MULTILINE,
)
"""Comments of HCL."""

_CODE = regex(r"[ \t]*(?P<code>(?:[^\\\n]|\\(?:\n|.))+)")


def comments(region: Region, tokens: re.Pattern[str] = HASH_LINES) -> Iterator[Comment]:
    """Yield the comments of a file that speak to dbguard, each with the line below it.

    *tokens* matches comments (as its group "comment") and what may hold the mark of one
    without being one; such a text, begun on the line below, is covered to its end.
    """
    found = list(tokens.finditer(region.text))
    starts = [match.start("comment") for match in found if match["comment"] is not None]
    texts = [match.span() for match in found if match["comment"] is None]
    for match in found:
        if match["comment"] is None or "dbguard:" not in match["comment"]:
            continue
        span = region.span(*match.span("comment"))
        code = _below(region.text, match.end(), starts)
        if code is not None:
            inside = bisect_left(texts, code)
            while inside < len(texts) and texts[inside][0] < code[1]:
                code = code[0], max(code[1], texts[inside][1])
                inside += 1
        following = region.span(*code) if code is not None else None
        yield Comment(region.file, span, match["comment"], span, following)


def _below(text: str, end: int, comment_starts: list[int]) -> tuple[int, int] | None:
    """Return the first line of code that begins after *end*, with the lines it goes on over."""
    at = text.find("\n", end) + 1
    while 0 < at < len(text):
        code = _CODE.match(text, at)
        if code is not None and code["code"].strip():
            index = bisect_left(comment_starts, code.start("code"))
            if index == len(comment_starts) or comment_starts[index] != code.start("code"):
                return code.span("code")
        at = text.find("\n", at) + 1
    return None
