"""The words of SQL: one token type, and the small questions asked of a list of them."""

from __future__ import annotations

from collections import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple

WORD = "word"  # a bare identifier or keyword, a variable (@x), a temporary table (#x)
QUOTED = "quoted"  # "x", `x`, [x]: an identifier (in MySQL also a string)
STRING = "string"
BODY = "body"  # $tag$ ... $tag$
NUMBER = "number"
OPERATOR = "operator"
HOLE = "hole"  # a template hole or a placeholder
ROW = "row"  # a parenthesised list of plain literals after VALUES
COMMAND = "command"  # a line for the client program, key: its name
MARKER = "marker"  # a comment that divides a migration
BOUNDARY = "boundary"  # GO, a lone slash, a DELIMITER: ends whatever is open


if TYPE_CHECKING:

    class Token(NamedTuple):
        """One token. ``key`` is the upper-cased word, the operator or the command, else ''."""

        kind: str
        key: str
        start: int
        end: int
else:
    Token = namedtuple("Token", "kind key start end")  # without ``typing``: 3 ms


def key(tokens: list[Token], index: int) -> str:
    """Return the key of a token, '' past the end."""
    return tokens[index].key if index < len(tokens) else ""


def has_keys(tokens: list[Token], index: int, *keys: str) -> bool:
    """Say whether the tokens from *index* on have these keys."""
    if index + len(keys) > len(tokens):
        return False
    for wanted in keys:
        if tokens[index].key != wanted:
            return False
        index += 1
    return True


def after_keys(tokens: list[Token], index: int, *keys: str) -> int:
    """Return the index behind these keys where they stand at *index*, else *index*."""
    return index + len(keys) if has_keys(tokens, index, *keys) else index


def closing(tokens: list[Token], index: int) -> int:
    """Return the index of the parenthesis that closes the one at *index*, or the length."""
    depth = 0
    for position in range(index, len(tokens)):
        mark = tokens[position].key
        if mark == "(":
            depth += 1
        elif mark == ")":
            depth -= 1
            if depth <= 0:
                return position
    return len(tokens)


def find_outside(tokens: list[Token], keys: frozenset[str], start: int = 0) -> int:
    """Return the index of the first of *keys* outside parentheses, or the length."""
    depth = 0
    for position in range(start, len(tokens)):
        mark = tokens[position].key
        if mark == "(":
            depth += 1
        elif mark == ")":
            depth -= 1
        elif depth <= 0 and mark in keys:
            return position
    return len(tokens)


def split_outside(tokens: list[Token], keys: frozenset[str]) -> list[list[Token]]:
    """Divide tokens at every one of *keys* that stands outside parentheses and CASE."""
    parts: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        mark = token.key
        if mark in ("(", "CASE"):
            depth += 1
        elif mark == ")" or (mark == "END" and depth > 0):
            depth -= 1
        if depth <= 0 and mark in keys:
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def unwrapped(tokens: list[Token]) -> list[Token]:
    """Return tokens without the parentheses that enclose all of them."""
    low, high = 0, len(tokens)
    partner: dict[int, int] = {}
    if high and tokens[0].key == "(":
        open_at: list[int] = []
        for position, token in enumerate(tokens):
            if token.key == "(":
                open_at.append(position)
            elif token.key == ")" and open_at:
                partner[open_at.pop()] = position
    while high - low > 1 and partner.get(low) == high - 1:
        low, high = low + 1, high - 1
    return tokens[low:high]
