"""SQL text to tokens: one pass, no recursion, whatever the dialect and however broken.

Everything that may hide SQL or look like it is decided here: comments, strings, quoted
names, dollar quotes, template holes, data of ``COPY``, lines for the client program.
"""

from __future__ import annotations

import re

from dbguard.languages.sql.dialects import MYSQL, ORACLE, TSQL
from dbguard.languages.sql.enclosures import BACKSLASH_DIALECTS, Enclosures
from dbguard.languages.sql.markers import MARKER_HINT, marker
from dbguard.languages.sql.stretches import (
    NO_MATTER,
    definitions,
    definitions_may_begin,
    row,
    row_may_begin,
)
from dbguard.languages.sql.token_pattern import OPERATORS, token_pattern
from dbguard.languages.sql.tokens import (
    BOUNDARY,
    COMMAND,
    HOLE,
    MARKER,
    NUMBER,
    OPERATOR,
    QUOTED,
    STRING,
    WORD,
    Token,
)
from dbguard.patterns import regex

_COPY_END = regex(r"^\\\.[ \t]*$", re.MULTILINE)
# SQL*Plus, mysql and sqlcmd words that begin a line for the program, not a statement.
_LINE_WORDS = frozenset(
    ("REM", "REMARK", "PROMPT", "HOST", "SOURCE", "SPOOL", "WHENEVER", "DEFINE", "UNDEFINE")
) | {"ACCEPT", "PAUSE", "DELIMITER", "START", "TEE"}
_SQLCMD_WORDS = frozenset(
    ("R", "SETVAR", "ON", "CONNECT", "EXIT", "QUIT", "ERROR", "OUT", "LISTVAR")
)
_NO_MATTER_WORDS = frozenset(("COMMENT", "CREATE", "GRANT", "REVOKE"))
_NOTABLE_WORDS = _LINE_WORDS | _NO_MATTER_WORDS | {"GO"}
_NOTABLE_OPERATORS = frozenset(("(", "/", ".", "!"))
_MAX_KNOWN = 4_096

_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_@")


class Lexer(Enclosures):
    """Reads ``text[start:end]`` into :attr:`tokens`; all positions are in *text*.

    ``recoveries`` are the places where a quote or comment that never ends was given up,
    ``comments`` the places of those that may speak to dbguard.
    """

    def __init__(self, text: str, start: int, end: int, dialect: str) -> None:
        super().__init__(text, end, dialect)
        self._start = start
        self._delimiter = ""
        self._known: dict[str | None, tuple[str, str]] = {}
        self._liquibase = "liquibase" in text[start : start + 400].lower()

    def read(self) -> list[Token]:
        """Return all tokens."""
        position: int | None = self._start
        while position is not None and position < self.end:
            position = self._run(position)
        return self.tokens

    def _run(self, start: int) -> int | None:
        """Read until the pattern has to start anew; return where, None at the end."""
        append, make, known = self.tokens.append, tuple.__new__, self._known
        delimiter = self._delimiter
        for match in token_pattern(self.dialect, delimiter).finditer(self.text, start, self.end):
            spelling = match[1]
            at, end = match.span(1)
            # Nine of ten tokens are words and operators that were met before.
            plain = known.get(spelling)
            if plain is not None and spelling != delimiter:
                append(make(Token, (*plain, at, end)))
                continue
            if spelling is None:
                return None
            first = spelling[0]
            if delimiter and spelling == delimiter:
                append(Token(BOUNDARY, "DELIMITER", at, end))
                self._statement = len(self.tokens)
                continue
            if first in _LETTERS and spelling[-1] != "'":
                word = spelling.upper()
                if word in _NOTABLE_WORDS or first == "@":
                    jump = self._notable_word(word, at, end)
                    if jump:
                        return jump
                else:
                    self._remember(spelling, WORD, word)
                    append(Token(WORD, word, at, end))
                continue
            if spelling == ";":
                append(make(Token, (OPERATOR, ";", at, end)))
                jump = None
                if self.tokens[self._statement].key == "COPY":
                    jump = self._copy_data(end)
                self._statement = len(self.tokens)
                if jump:
                    return jump
                continue
            if spelling in OPERATORS:
                if spelling in _NOTABLE_OPERATORS:
                    jump = self._notable_operator(spelling, at, end)
                    if jump:
                        return jump
                else:
                    self._remember(spelling, OPERATOR, spelling)
                    append(Token(OPERATOR, spelling, at, end))
                continue
            jump = self._other(spelling, first, at, end)
            if jump and jump != end:
                return jump
        return None

    def _remember(self, token: str, kind: str, key: str) -> None:
        """Note what a token is that is the same wherever it stands."""
        if len(self._known) >= _MAX_KNOWN:
            self._known.clear()
        self._known[token] = kind, key

    def _notable_word(self, word: str, at: int, end: int) -> int | None:
        if word == "GO":
            if self._alone(at, end):
                self.tokens.append(Token(BOUNDARY, "GO", at, end))
                self._statement = len(self.tokens)
                return self._line_end(end)
        elif word[0] == "@":  # SQL*Plus: @script.sql
            if self.dialect in (ORACLE, "") and self._at_start():
                return self._command("@", at, self._line_end(at))
        elif word in _NO_MATTER_WORDS:
            if len(self.tokens) == self._statement and not self._delimiter:
                return self._no_matter(word, at, end)
        elif self._at_start():
            jump = self._line_word(word, at, end)
            if jump:
                return jump
        self.tokens.append(Token(WORD, word, at, end))
        return None

    def _no_matter(self, word: str, at: int, end: int) -> int | None:
        """Read the first word of a statement, and no more of it where nothing in it matters."""
        self.tokens.append(Token(WORD, word, at, end))
        found = NO_MATTER.match(self.text, at, self.end)
        if found is None:
            return None
        if found["what"] is not None:
            self.tokens.append(Token(WORD, "INDEX", *found.span("what")))
        return found.end()

    def _notable_operator(self, mark: str, at: int, end: int) -> int | None:
        if mark == "(" and row_may_begin(self.tokens):
            stretch = row(self.text, at, self.end)
            if stretch is not None:
                self.tokens.append(stretch)
                return stretch.end
        elif mark == "(" and not self._executable and not self._delimiter:
            if definitions_may_begin(self.tokens, self._statement):
                stretch = definitions(self.text, at, self.end)
                if stretch is not None:
                    self.tokens.append(stretch)
                    return stretch.end
        elif mark == "/" and self._alone(at, end):
            self.tokens.append(Token(BOUNDARY, "/", at, end))
            self._statement = len(self.tokens)
            return None
        elif mark in (".", "!") and self._at_start():
            jump = self._client_line(at)
            if jump:
                return jump
        self.tokens.append(Token(OPERATOR, mark, at, end))
        return None

    def _other(self, token: str, first: str, at: int, end: int) -> int | None:
        """Read what is neither a bare word nor an operator; return where to go on."""
        append = self.tokens.append
        if first == "'":
            if len(token) > 1:
                append(Token(STRING, "", at, end))
                return None
            return self._quoted(at, end, self.dialect in BACKSLASH_DIALECTS)
        if first.isdigit():
            append(Token(NUMBER, token, at, end))
        elif first == "-":
            self._comment(at, end)
            if MARKER_HINT.match(token):
                self._marker(at, end)
        elif first == "/":
            return self._block_comment(at)
        elif first == "*":
            if not self._executable:
                append(Token(OPERATOR, "*", at, at + 1))
            self._executable = max(0, self._executable - 1)
        elif first in '"`[':
            if len(token) > 1:
                append(Token(QUOTED, "", at, end))
                return None
            return self._quoted(at, end, self.dialect in BACKSLASH_DIALECTS)
        elif first in "{<":
            return self._template(at, end)
        elif first == "$":
            if token[-1] == "$" and len(token) > 1:
                return self._dollar_quoted(at, end)
            append(Token(HOLE if len(token) > 1 else OPERATOR, "", at, end))
        elif first in ":&?%":
            return self._parameter(at, end)
        elif first == "#":
            if token[1:2] == "{":
                append(Token(HOLE, "", at, end))
            elif self.dialect != MYSQL and token.lstrip("#")[:1].isidentifier():
                append(Token(WORD, token.upper(), at, end))
            else:
                self._comment(at, end)
                self._marker(at, end)
        elif token[-1] == "'":
            return self._prefixed(at, end)
        elif first == "\\":
            return self._backslash(at)
        elif first.isalpha():
            append(Token(WORD, token.upper(), at, end))
        else:
            append(Token(OPERATOR, token, at, end))
        return None

    # -- what stands at the beginning of a statement or of a line

    def _at_start(self) -> bool:
        return self._statement >= len(self.tokens) or self.tokens[-1].kind in (COMMAND, MARKER)

    def _line_end(self, position: int) -> int:
        found = self.text.find("\n", position, self.end)
        return self.end if found < 0 else found

    def _line_start(self, position: int) -> int:
        return max(self._start, self.text.rfind("\n", self._start, position) + 1)

    def _alone(self, at: int, end: int) -> bool:
        """Say whether a word has its line for itself (a count after GO, a comment are let pass)."""
        before = self.text[max(self._start, at - 100) : at].rpartition("\n")[2]
        after = self.text[end : end + 100].partition("\n")[0].partition("--")[0].strip(" \t\r;")
        return not before.strip() and (not after or after.isdigit())

    def _command(self, name: str, at: int, end: int) -> int:
        self.tokens.append(Token(COMMAND, name.upper(), at, end))
        self._statement = len(self.tokens)
        return max(end, at + 1)

    def _line_word(self, word: str, at: int, end: int) -> int | None:
        line_end = self._line_end(at)
        rest = self.text[end:line_end].strip()
        if word == "DELIMITER":
            self._delimiter = rest.split()[0] if rest else ""
            if self._delimiter == ";":
                self._delimiter = ""
            return self._command("DELIMITER", at, line_end)
        if word == "START" and not re.match(r"@?[\w./\\]+\.(?:sql|pls|pkb)\b", rest, re.I):
            return None
        if word in ("HOST", "SOURCE", "DEFINE", "ACCEPT", "PAUSE") and rest[:1] in (
            "=",
            ".",
            ",",
            "(",
        ):
            return None
        return self._command(word, at, line_end)

    def _client_line(self, at: int) -> int | None:
        """Read an sqlite3 dot command or a ``!!``/``!`` line at the beginning of a statement."""
        match = re.compile(r"\.[a-zA-Z]\w*|!!?(?=[ \t]*\w)").match(self.text, at, self.end)
        if match is None or self.text[self._line_start(at) : at].strip():
            return None
        return self._command(match[0], at, self._line_end(at))

    def _copy_data(self, end: int) -> int | None:
        """Return where the data behind a COPY ends, as in ``COPY ... FROM stdin;``."""
        keys = [token.key for token in self.tokens[self._statement :]]
        if "STDIN" not in keys or "FROM" not in keys:
            return None
        found = _COPY_END.search(self.text, self._line_end(end), self.end)
        return found.end() if found else None

    def _marker(self, at: int, end: int) -> None:
        found = marker(self.text[at:end], self._liquibase)
        if found is None:
            return
        kind, key, start = found
        self.tokens.append(Token(kind, key, at + start, end))
        if key != "ROLLBACK":
            self._statement = len(self.tokens)

    def _parameter(self, at: int, end: int) -> int | None:
        name = self.text[at + 1 : end].upper()
        if (
            self.text[at] == ":"
            and self.dialect in ("", TSQL)
            and name in _SQLCMD_WORDS
            and self._at_start()
            and not self.text[self._line_start(at) : at].strip()
        ):
            return self._command(":" + name, at, self._line_end(at))
        self.tokens.append(Token(HOLE, "?", at, end))
        return None

    def _backslash(self, at: int) -> int:
        """Read a command of psql (``\\c db``) or mysql (``\\G``)."""
        match = re.compile(r"\\([a-zA-Z]\w*\+?|!|\.|\?|;|\\)").match(self.text, at, self.end)
        if match is None or self.dialect == TSQL:
            self.tokens.append(Token(OPERATOR, "\\", at, at + 1))
            return at + 1
        if match[1] == ";":
            self.tokens.append(Token(OPERATOR, ";", at, match.end()))
            self._statement = len(self.tokens)
            return match.end()
        line_end = self._line_end(at)
        stop = self._command(match[0], at, line_end)
        if match[1].lower() == "copy" and re.search(
            r"\bfrom\s+p?stdin\b", self.text[at:line_end], re.I
        ):
            found = _COPY_END.search(self.text, line_end, self.end)
            return found.end() if found else stop
        return stop
