"""Stretches of SQL that are read as a whole, because no word in them matters.

Rows of literals, the columns of a CREATE TABLE, statements that change no rows: as a rule
most of a dump.
"""

from __future__ import annotations

import re

from dbguard.languages.sql.markers import MARKER_HINT
from dbguard.languages.sql.tokens import ROW, Token
from dbguard.patterns import regex

_ROW_TEXT = regex(r"\([^()'\"`\\;{$%:?]*(?:'[^'\\\n]{0,400}'(?!')[^()'\"`\\;{$%:?]*)*\)")


def _parenthesised(depth: int) -> str:
    """Return a pattern of plain text in parentheses, which may hold others so deep.

    Unrolled: each part begins with a character that no other begins with, so that a
    failure is told in linear time.
    """
    inner = rf"|{_parenthesised(depth - 1)}" if depth > 1 else ""
    plain = r"[^()'\"`\\;{$#/\[<-]*"
    special = (
        r"'[^'\\\n]{0,400}'|\"[^\"\\\n]{0,200}\"|`[^`\n]{1,200}`|\[[\w ]*\]|<(?!%)"
        r"|-(?!-)|--(?:[ \t][^\n]*)?\n"
    )
    return rf"\({plain}(?:(?:{special}{inner}){plain})*\)"


_DEFINITIONS = regex(_parenthesised(3))
_QUOTED = regex(r"'[^']*'|\"[^\"]*\"|`[^`]*`|--[^\n]*")
_CHECK = regex(r"\bCHECK\b")
_GO_LINE = regex(r"\n[ \t]*GO\b")
# Statements of one line that change no rows and hold no other statement: as a rule half of
# those of a dump. Nothing that a reader looks for in them is left out with what is not read.
# No "$": it may begin a quoted text that goes on beyond the end of the statement.
NO_MATTER = regex(
    r"(?:COMMENT[ \t]+(?=ON[ \t])[\w.\" \t]{1,300}[ \t]IS[ \t]+'[^'\\\n]{0,1000}'(?!')"
    r"|(?:CREATE[ \t]+(?:UNIQUE[ \t]+)?(?P<what>INDEX)|GRANT|REVOKE)[ \t][\w.,()* \t]{1,400})"
    r"(?=;)",
    re.IGNORECASE,
)


def row_may_begin(tokens: list[Token]) -> bool:
    """Say whether a parenthesis behind *tokens* may begin a row of VALUES."""
    if not tokens:
        return False
    last = tokens[-1]
    if last.key == "VALUES":
        return True
    return last.key == "," and len(tokens) > 1 and tokens[-2].kind == ROW


def row(text: str, at: int, end: int) -> Token | None:
    """Read a parenthesised list of plain literals as one token."""
    found = _ROW_TEXT.match(text, at, end)
    return None if found is None else Token(ROW, "", at, found.end())


def definitions_may_begin(tokens: list[Token], statement: int) -> bool:
    """Say whether the first parenthesis of a CREATE TABLE stands behind *tokens*.

    *statement* is the index of the first token of the statement being read.
    """
    keys = [token.key for token in tokens[statement : statement + 12]]
    return (
        3 <= len(keys) < 12
        and keys[0] == "CREATE"
        and "TABLE" in keys[1:5]
        and tokens[-1].kind != ROW
        and "AS" not in keys
        and "(" not in keys
    )


def definitions(text: str, at: int, end: int) -> Token | None:
    """Read the columns of a CREATE TABLE as one token where nothing in them matters.

    A CHECK does, and is its key; a query, which copies rows, is read word by word.
    """
    found = _DEFINITIONS.match(text, at, end)
    if found is None:
        return None
    content = found[0].upper()
    if "SELECT" in content or "TABLE" in content or "DBGUARD:" in content:
        return None
    if "\n" in content and _GO_LINE.search(content):
        return None
    if "--" in content and MARKER_HINT.search(content):
        return None
    check = "CHECK" in content and _CHECK.search(_QUOTED.sub("''", content)) is not None
    return Token(ROW, "CHECK" if check else "", at, found.end())
