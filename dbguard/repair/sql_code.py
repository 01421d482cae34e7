"""The statements of an SQL text around a finding, and its names as they are written."""

from __future__ import annotations

from functools import cached_property

from dbguard.languages.sql.dialects import MYSQL, ORACLE, POSTGRESQL, SQLITE, TSQL, dialect_of
from dbguard.languages.sql.lexer import Lexer
from dbguard.languages.sql.names import read_name
from dbguard.languages.sql.tokens import BOUNDARY, COMMAND, MARKER, Token, key
from dbguard.patterns import regex
from dbguard.records import dataclass
from dbguard.source import Region, Span, has_hole

__all__ = ["MYSQL", "ORACLE", "POSTGRESQL", "SQLITE", "TSQL", "SqlCode", "Statement", "quoted_name"]

_PLAIN = regex(r"[a-z_][a-z0-9_]*(?:\.[a-z_][a-z0-9_]*)*")


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement with its tokens; ``span`` has no semicolon, ``end`` is behind it."""

    tokens: tuple[Token, ...]
    span: Span
    end: int

    def begins(self, *words: str) -> bool:
        """Say whether it begins with these words."""
        return tuple(token.key for token in self.tokens[: len(words)]) == words

    @property
    def first(self) -> str:
        """Its first word."""
        return key(list(self.tokens), 0)


class SqlCode:
    """The statements of a region in SQL. Positions are those of its text."""

    def __init__(self, region: Region) -> None:
        self.region = region
        self.dialect = dialect_of(region.dialect, region.text)
        self.tokens = Lexer(region.text, 0, len(region.text), self.dialect).read()
        self.statements = tuple(_statements(self.tokens))

    def statement_at(self, at: int) -> Statement | None:
        """Return the statement in which a position stands."""
        return next((s for s in self.statements if s.span.start <= at < s.end), None)

    def index_at(self, at: int) -> int | None:
        """Return which statement a position stands in."""
        return next((i for i, s in enumerate(self.statements) if s.span.start <= at < s.end), None)

    def written(self, name: str) -> str:
        """Return a name as the text writes it, quotes and all, or quoted where it does not."""
        return self._spellings.get(name) or quoted_name(name, self.dialect)

    @cached_property
    def _spellings(self) -> dict[str, str]:
        """How each name is written where it stands first."""
        found: dict[str, str] = {}
        for index in range(len(self.tokens)):
            read = read_name(self.region.text, self.tokens, index)
            if read is not None and read[0].text not in found:
                spelling = self.region.text[read[0].start : read[0].end]
                if not spelling.startswith("'"):
                    found[read[0].text] = spelling
        return found

    def indent(self, at: int) -> str:
        begin = self.region.text.rfind("\n", 0, at) + 1
        line = self.region.text[begin:at]
        return line if not line.strip() else ""

    def shares_line(self, at: int) -> bool:
        """Say whether something stands before *at* on its line."""
        begin = self.region.text.rfind("\n", 0, at) + 1
        return bool(self.region.text[begin:at].strip())


def quoted_name(name: str, dialect: str) -> str:
    """Return a possibly qualified name as it is written in a dialect."""
    if _PLAIN.fullmatch(name) or has_hole(name):
        return name
    opening, closing = {MYSQL: ("`", "`"), TSQL: ("[", "]")}.get(dialect, ('"', '"'))
    return ".".join(
        opening + part.replace(closing, closing * 2) + closing for part in name.split(".")
    )


def _statements(tokens: list[Token]) -> list[Statement]:
    found: list[Statement] = []
    current: list[Token] = []

    def end(at: int) -> None:
        if current:
            span = Span(current[0].start, current[-1].end)
            found.append(Statement(tuple(current), span, max(at, span.end)))
            current.clear()

    for token in tokens:
        if token.key == ";" or token.kind in (BOUNDARY, COMMAND, MARKER):
            end(token.end if token.key == ";" else 0)
        else:
            current.append(token)
    end(0)
    return found
