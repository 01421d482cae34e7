"""What has an end of its own: comments, quotes, dollar quotes and the holes of templates.

Where that end never comes, reading goes on with what looks like the next statement.
"""

from __future__ import annotations

import re

from dbguard.languages.sql.dialects import MYSQL, POSTGRESQL, TSQL
from dbguard.languages.sql.tokens import BODY, BOUNDARY, HOLE, OPERATOR, QUOTED, STRING, Token
from dbguard.patterns import regex

_STATEMENT_LINE = regex(
    r"\n[ \t]*(?=(?:DROP|DELETE|TRUNCATE|ALTER|CREATE|INSERT|UPDATE|SELECT|BEGIN|COMMIT|ROLLBACK"
    r"|EXEC|EXECUTE|GRANT|REVOKE|MERGE|REPLACE|PRAGMA|WITH|DO|CALL|USE|GO)\b)",
    re.IGNORECASE,
)
_SWALLOWED = regex(
    r";[ \t]*(?:--[^\n]*)?\n\s*(?=(?:DROP|DELETE|TRUNCATE|ALTER|CREATE|INSERT|UPDATE|SELECT)\b)",
    re.IGNORECASE,
)
_MAX_RECOVERIES = 50
_NESTING_DIALECTS = frozenset((POSTGRESQL, TSQL, "duckdb", "snowflake", "redshift", ""))
BACKSLASH_DIALECTS = frozenset(
    (MYSQL, "bigquery", "clickhouse", "spark", "hive", "databricks", "snowflake")
)


class Enclosures:
    """The part of a lexer that reads from a beginning to the end that belongs to it.

    ``recoveries`` are the places where a quote or comment that never ends was given up,
    ``comments`` the places of those that may speak to dbguard.
    """

    def __init__(self, text: str, end: int, dialect: str) -> None:
        self.text = text
        self.end = end
        self.dialect = dialect
        self.tokens: list[Token] = []
        self.recoveries: list[tuple[int, str]] = []
        self.comments: list[tuple[int, int]] = []
        self._statement = 0  # index of the first token of the statement being read
        self._executable = 0  # open /*! comments, whose content is code
        self._template_end: dict[str, int] = {}
        self._nesting = dialect in _NESTING_DIALECTS
        self._nesting_failures = 0

    def _comment(self, at: int, end: int) -> None:
        if self.text.find("dbguard:", at, end) >= 0:
            self.comments.append((at, end))

    def _block_comment(self, at: int) -> int:
        text = self.text
        code = re.compile(r"/\*M?!(\d{5,6})?").match(text, at, self.end)
        if code and (self.dialect == MYSQL or (self.dialect == "" and code[1])):
            self._executable += 1
            return code.end()
        first = text.find("*/", at + 2, self.end)
        if first < 0:
            return self._give_up(at, at + 2, "comment")
        self._comment(at, first + 2)
        if not self._nesting or text.find("/*", at + 2, first) < 0:
            return first + 2
        depth = 0
        for match in re.compile(r"/\*|\*/").finditer(text, at, self.end):
            depth += 1 if match[0] == "/*" else -1
            if depth == 0:
                return match.end()
        self._nesting_failures += 1
        self._nesting = self._nesting_failures < 3
        return first + 2

    def _prefixed(self, at: int, end: int) -> int:
        prefix = self.text[at : end - 1].upper()
        if prefix in ("Q", "NQ"):
            opening = self.text[end : end + 1]
            closer = {"[": "]", "(": ")", "{": "}", "<": ">"}.get(opening, opening)
            found = self.text.find(closer + "'", end + 1, self.end)
            if opening and not opening.isspace() and found >= 0:
                self.tokens.append(Token(STRING, "Q", at, found + 2))
                return found + 2
        backslashes = prefix == "E" or (self.dialect in BACKSLASH_DIALECTS and prefix != "R")
        return self._quoted(at, end, backslashes)

    def _quoted(self, at: int, inside: int, backslashes: bool) -> int:
        """Read a quoted text whose opening quote ends at *inside*."""
        text, quote = self.text, self.text[inside - 1]
        kind = STRING if quote == "'" else QUOTED
        position = inside
        searching = re.compile(rf"\\[\s\S]|{quote}{quote}?" if backslashes else f"{quote}{quote}?")
        for match in searching.finditer(text, inside, self.end):
            if match[0] == quote:
                position = match.end()
                break
        else:
            return self._give_up(at, inside, "quote")
        if "\n" in text[at:position] and self._looks_swallowed(at, position):
            return self._give_up(at, inside, "quote")
        self.tokens.append(Token(kind, "E" if backslashes and kind == STRING else "", at, position))
        return position

    def _looks_swallowed(self, at: int, position: int) -> bool:
        """Say whether a text between quotes is really what lies between two strings.

        A literal is never followed by a letter; where one is, and the text holds the
        end of a statement and the beginning of another, a quote before it is missing.
        """
        after = self.text[position : position + 1]
        return (after.isalnum() or after == "%") and _SWALLOWED.search(
            self.text, at, position
        ) is not None

    def _give_up(self, at: int, inside: int, what: str) -> int:
        """Go on where the next statement seems to begin, behind something that never ends."""
        self.recoveries.append((at, what))
        if len(self.recoveries) > _MAX_RECOVERIES:
            self.tokens.append(Token(OPERATOR, self.text[at], at, inside))
            return inside
        found = _STATEMENT_LINE.search(self.text, inside, self.end)
        self.tokens.append(Token(BOUNDARY, "BROKEN", at, inside))
        self._statement = len(self.tokens)
        return found.end() if found else self.end

    def _dollar_quoted(self, at: int, end: int) -> int:
        tag = self.text[at:end]
        found = self.text.find(tag, end, self.end)
        if found < 0:
            if len(self.recoveries) > _MAX_RECOVERIES:
                self.tokens.append(Token(OPERATOR, "$", at, end))
                return end
            self.recoveries.append((at, "dollar quote"))
            self.tokens.append(Token(BODY, tag, at, self.end))
            return self.end
        self.tokens.append(Token(BODY, tag, at, found + len(tag)))
        return found + len(tag)

    def _template(self, at: int, end: int) -> int:
        opening = self.text[at:end]
        closer = {"{{": "}}", "{%": "%}", "{#": "#}", "<%": "%>"}.get(opening)
        if closer is None:
            self.tokens.append(Token(HOLE, "", at, end))
            return end
        found = self._template_end.get(closer, at)
        if 0 <= found < end:
            found = self.text.find(closer, end, self.end)
            self._template_end[closer] = found
        if found < 0 or found - at > 5000:
            self.tokens.append(Token(OPERATOR, opening[0], at, at + 1))
            return at + 1
        if opening == "{{" or self.text.startswith("<%=", at):
            self.tokens.append(Token(HOLE, "", at, found + 2))
        return found + 2
