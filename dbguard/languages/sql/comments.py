"""The comments of SQL, each with the statement it is about."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator

from dbguard.languages.sql.tokens import BOUNDARY, Token
from dbguard.source import Comment, Region

_VERBS = frozenset(
    ("ALTER", "CREATE", "DELETE", "DROP", "EXEC", "EXECUTE", "INSERT", "MERGE", "SELECT")
) | {"TRUNCATE", "UPDATE", "WITH"}

_FAR = 2_000  # tokens a comment can be away from an end of its statement


def located(
    region: Region, tokens: list[Token], comments: Iterable[tuple[int, int]]
) -> Iterator[Comment]:
    """Yield the comments at these places of a region's text.

    A statement begins behind a semicolon, or with a verb at the beginning of a line: where
    semicolons are left out, a comment must not speak of the whole script.
    """
    starts: list[int] | None = None
    for at, end in comments:
        starts = starts or [token.start for token in tokens]
        after = bisect_left(starts, at)
        first = _first(region.text, tokens, after, at)
        following = None
        if after < len(tokens):
            last = _last(region.text, tokens, after)
            following = region.span(tokens[after].start, tokens[last].end)
        here = region.span(first, end)
        yield Comment(region.file, region.span(at, end), region.text[at:end], here, following)


def _ends(token: Token) -> bool:
    return token.key == ";" or token.kind == BOUNDARY


def _begins(text: str, token: Token) -> bool:
    line = text.rfind("\n", 0, token.start) + 1
    return token.key in _VERBS and not text[line : token.start].strip()


def _first(text: str, tokens: list[Token], after: int, at: int) -> int:
    """Return where the statement begins that stands before a comment, on its line or open."""
    index = after - 1
    if index >= 0 and _ends(tokens[index]):
        if "\n" in text[tokens[index].end : at]:
            return at
        index -= 1
    start = at
    lowest = max(-1, index - _FAR)
    while index > lowest and not _ends(tokens[index]):
        start = tokens[index].start
        if _begins(text, tokens[index]):
            break
        index -= 1
    return start


def _last(text: str, tokens: list[Token], index: int) -> int:
    """Return the index of the last token of the statement that begins at *index*."""
    last = index
    furthest = min(len(tokens), index + _FAR) - 1
    while last < furthest and not _ends(tokens[last]):
        if _begins(text, tokens[last + 1]):
            break
        last += 1
    return last
