"""Which columns a table is made with, and which of them a copy takes along."""

from __future__ import annotations

import re

from dbguard.languages.sql.tokens import Token, key
from dbguard.patterns import regex

_ITEM_START = regex(r"""\s*(?:"([^"]+)"|`([^`]+)`|\[([^\]]+)\]|(\w+))""")
_COMMENT = regex(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
# What opens an item of CREATE TABLE that defines no column.
_CONSTRAINTS = frozenset(
    "primary foreign unique constraint check key index exclude like fulltext spatial period"
    " partition".split()
)
_NOT_COLUMNS = frozenset("as distinct all case when then else end and or not null is in".split())


def defined(definitions: str) -> tuple[str, ...]:
    """Return the columns of ``(id INTEGER, name TEXT)`` of a CREATE TABLE, case folded."""
    body = _COMMENT.sub(" ", definitions).strip()
    columns = []
    for item in _items(body[1:-1] if body.endswith(")") else body[1:]):
        start = _ITEM_START.match(item)
        if start is None:
            continue
        name = next(group for group in start.groups() if group).casefold()
        if start[4] is None or name not in _CONSTRAINTS:
            columns.append(name)
    return tuple(columns)


def _items(text: str) -> list[str]:
    """Divide at the commas outside of parentheses and quotes."""
    items, depth, quote, start = [], 0, "", 0
    for at, character in enumerate(text):
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"`":
            quote = character
        elif character in "([":
            depth += 1
        elif character in ")]":
            depth -= 1
        elif character == "," and depth == 0:
            items.append(text[start:at])
            start = at + 1
    return [*items, text[start:]]


def selected(text: str, body: list[Token]) -> tuple[str, ...]:
    """Return the columns that ``SELECT a, coalesce(b, 0) FROM old`` mentions, case folded.

    A column in an expression counts as taken along. Nothing is returned for ``*`` and
    where nothing can be told.
    """
    start = next((index for index, token in enumerate(body) if token.key == "SELECT"), len(body))
    names: dict[str, None] = {}
    for at in range(start + 1, len(body)):
        token = body[at]
        if token.key == "FROM":
            return tuple(names)
        if token.key == "*":
            return ()
        word = text[token.start : token.end].strip('"`[]').casefold()
        if word.isidentifier() and word not in _NOT_COLUMNS and key(body, at + 1) not in ("(", "."):
            names[word] = None
    return ()
