"""Comments that begin with ``#`` in the first column, above what they are about.

A comment further in belongs to the language of its line, which reads it itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dbguard.patterns import regex
from dbguard.source import Comment, Region

_COMMENT = regex(r"^#[^\n]*", re.MULTILINE)
_FOLLOWING = regex(r"(?:[ \t]*(?:#[^\n]*)?\n)*(?P<code>(?:[^\\\n]|\\(?:\n|.))+)")


def comments(region: Region) -> Iterator[Comment]:
    """Yield the comments of a file that speak to dbguard, each with the line below it."""
    for match in _COMMENT.finditer(region.text):
        if "dbguard:" not in match[0]:
            continue
        span = region.span(*match.span())
        below = _FOLLOWING.match(region.text, match.end() + 1)
        following = region.span(*below.span("code")) if below else None
        yield Comment(region.file, span, match[0], span, following)
