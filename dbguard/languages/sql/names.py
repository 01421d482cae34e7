"""Names of tables, columns and databases as they stand in a statement."""

from __future__ import annotations

import re

from dbguard.languages.sql.tokens import (
    HOLE,
    NUMBER,
    QUOTED,
    STRING,
    WORD,
    Token,
    after_keys,
    closing,
    has_keys,
    key,
)
from dbguard.patterns import regex
from dbguard.records import dataclass
from dbguard.source import hole

_NAME_KINDS = frozenset((WORD, QUOTED, HOLE, NUMBER))
_HOLE_IN_QUOTES = regex(
    r"\{\{.{0,200}?\}\}|[$#]?\{[^{}\n]{0,80}\}|\$\(\w+\)|%\(\w+\)s|%[sI]|:\w+|(?<!\w)\$\w+",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Name:
    """A possibly qualified name: quotes removed, ``public.users``; where it stands."""

    text: str
    start: int
    end: int

    @property
    def last(self) -> str:
        """The name without its qualification."""
        return self.text.rpartition(".")[2]


def unquoted(spelling: str) -> str:
    """Return the name inside quotes or brackets, holes in it made identifiers."""
    quote = spelling[:1]
    inner = spelling[1:-1] if len(spelling) > 1 else ""
    if quote == "[":
        inner = inner.replace("]]", "]")
    elif quote:
        inner = inner.replace(quote * 2, quote)
    return _HOLE_IN_QUOTES.sub(lambda match: hole(match[0]), inner)


def _part(text: str, token: Token) -> str:
    spelling = text[token.start : token.end]
    if token.kind in (QUOTED, STRING):
        return unquoted(spelling)
    if token.kind == HOLE:
        return hole(spelling)
    return spelling


def read_name(text: str, tokens: list[Token], index: int) -> tuple[Name, int] | None:
    """Read the qualified name at *index*; return it and the index behind it.

    Words and holes that touch are one part: ``{{ prefix }}_users``, ``users_%s``.
    """
    if index >= len(tokens):
        return None
    first = tokens[index]
    if first.kind == STRING and first.key == "":  # MySQL and SQLite accept 'users'
        return Name(_part(text, first), first.start, first.end), index + 1
    if first.kind not in _NAME_KINDS or (first.kind == NUMBER and first.key.isdigit()):
        return None
    if first.kind == WORD:
        behind = tokens[index + 1] if index + 1 < len(tokens) else None
        if behind is None or (behind.start != first.end and behind.key != "."):
            # One word, as most names are.
            return Name(text[first.start : first.end], first.start, first.end), index + 1
    parts: list[str] = []
    end = first.start
    expecting = True
    while index < len(tokens):
        token = tokens[index]
        if token.kind in _NAME_KINDS and (expecting or token.start == end):
            parts.append(_part(text, token))
            expecting = False
        elif token.key == "." and (token.start == end or not expecting):
            if expecting and parts[-1:] != ["."]:
                break
            parts.append(".")
            expecting = True
            if index + 1 >= len(tokens) or (
                tokens[index + 1].kind not in _NAME_KINDS and tokens[index + 1].key != "."
            ):
                break
        elif token.key == "-" and token.start == end and _dashed(tokens, index):  # BigQuery
            parts.append("-")
        else:
            break
        end = token.end
        index += 1
        if len(parts) > 60:
            break
    name = "".join(parts).rstrip(".")
    return (Name(name, first.start, end), index) if name else None


def _dashed(tokens: list[Token], index: int) -> bool:
    """Say whether the dash at *index* is part of a name such as ``my-project.data.users``."""
    if index + 1 >= len(tokens) or tokens[index + 1].start != tokens[index].end:
        return False
    return tokens[index + 1].kind in (WORD, NUMBER)


def skip_existence(tokens: list[Token], index: int) -> int:
    """Return the index behind ``IF EXISTS`` or ``IF NOT EXISTS`` where one stands."""
    behind = after_keys(tokens, index, "IF", "EXISTS")
    return after_keys(tokens, behind, "IF", "NOT", "EXISTS")


def read_names(text: str, tokens: list[Token], index: int) -> tuple[list[Name], int]:
    """Read the comma-separated names at *index*."""
    names: list[Name] = []
    while True:
        index = after_keys(tokens, skip_existence(tokens, index), "ONLY")
        in_parentheses = key(tokens, index) == "(" and has_keys(tokens, index + 2, ")")
        found = read_name(text, tokens, index + in_parentheses)
        if found is None:
            return names, index
        name, index = found
        index += in_parentheses
        names.append(name)
        index = after_keys(tokens, index, "*")
        if key(tokens, index) == "(":  # a signature or column list
            index = closing(tokens, index) + 1
        if key(tokens, index) != ",":
            return names, index
        index += 1


_NO_TABLE = frozenset(
    (
        "SELECT",
        "VALUES",
        "LATERAL",
        "UNNEST",
        "TABLE",
        "ONLY",
        "WHERE",
        "SET",
        "ON",
        "DUAL",
        "GENERATE_SERIES",
    )
)
_READS = frozenset(("FROM", "JOIN"))


def tables_read(text: str, tokens: list[Token]) -> list[Name]:
    """Return the tables named after FROM and JOIN, in order, CTEs and functions left out."""
    found: list[Name] = []
    common: set[str] = set()
    for index, token in enumerate(tokens):
        if token.key == "AS" and key(tokens, index + 1) in ("(", "MATERIALIZED", "NOT") and index:
            before = tokens[index - 1]
            if key(tokens, index + 1) == "(" and key(tokens, index + 2) not in (
                "SELECT",
                "WITH",
                "(",
            ):
                continue
            if index > 1 and tokens[index - 2].key in ("WITH", ",", "RECURSIVE"):
                common.add(_part(text, before).lower())
        if (
            token.key not in _READS
            or key(tokens, index - 1 if index else len(tokens)) == "DISTINCT"
        ):
            continue
        position = index + 1
        while True:
            position = after_keys(tokens, position, "ONLY")
            position = after_keys(tokens, position, "TABLE")
            if key(tokens, position) in _NO_TABLE or key(tokens, position) == "(":
                break
            read = read_name(text, tokens, position)
            if read is None:
                break
            name, position = read
            if key(tokens, position) == "(":  # a function
                break
            if name.text.lower() not in common and not name.text.startswith("@"):
                found.append(name)
            if key(tokens, position) == "AS":
                position += 1
            aliased = position < len(tokens) and tokens[position].kind in (WORD, QUOTED)
            if aliased and key(tokens, position + 1) == ",":
                position += 1
            if token.key == "JOIN" or key(tokens, position) != ",":
                break
            position += 1
    return found
