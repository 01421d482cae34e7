"""Where one statement ends and the next begins, with a semicolon between them or without."""

from __future__ import annotations

from dbguard.languages.sql.dialects import TSQL
from dbguard.languages.sql.session import Scope
from dbguard.languages.sql.tokens import BOUNDARY, COMMAND, MARKER, WORD, Token, key

LINE_KINDS = frozenset((BOUNDARY, COMMAND, MARKER))
# A statement without a semicolon before it begins with these, at the beginning of a line.
_OPENINGS = {
    "DROP": ("TABLE", "DATABASE", "SCHEMA", "INDEX", "VIEW", "PROCEDURE", "FUNCTION", "TRIGGER"),
    "TRUNCATE": ("TABLE",),
    "DELETE": ("FROM",),
    "ALTER": ("TABLE", "DATABASE"),
    "CREATE": (
        "TABLE",
        "DATABASE",
        "INDEX",
        "UNIQUE",
        "VIEW",
        "SCHEMA",
        "PROCEDURE",
        "PROC",
        "FUNCTION",
        "OR",
    ),
    "INSERT": ("INTO",),
}
_TSQL_OPENINGS = frozenset(
    ("DROP", "TRUNCATE", "DELETE", "ALTER", "CREATE", "INSERT", "UPDATE", "SELECT", "EXEC", "EXECUTE", "IF", "BEGIN")
) | {"WHILE", "PRINT", "DECLARE", "SET", "RETURN", "RAISERROR", "THROW", "COMMIT", "ROLLBACK", "USE", "BACKUP"} | {
    "RESTORE", "WITH", "END", "ELSE", "MERGE", "GRANT", "DENY", "REVOKE", "WAITFOR", "GOTO", "SAVE",
}  # fmt: skip
_STRUCTURAL = _TSQL_OPENINGS | _OPENINGS.keys() | {";", "(", ")", "CASE", "END", "ELSE"}
# After these a line that begins with DELETE or UPDATE goes on with the same statement.
_CONTINUES = frozenset(
    (
        "ON",
        "AFTER",
        "BEFORE",
        "FOR",
        "OF",
        "OR",
        "THEN",
        "DO",
        ",",
        "AS",
        "INSTEAD",
        "GRANT",
        "REVOKE",
        "DENY",
        "(",
    )
) | {
    "UNION",
    "ALL",
    "EXCEPT",
    "INTERSECT",
    "ONLY",
    "ALSO",
    "AND",
    "NOT",
    "WITH",
    "CASCADE",
    "SET",
    "EXPLAIN",
}
_TAKES_OPERAND = frozenset(("=", "+", "||"))
_HOLDS_STATEMENT = frozenset(("MERGE", "GRANT", "REVOKE", "DENY", "EXPLAIN", "PREPARE", "COMMENT"))
STATEMENT_WORDS = _TSQL_OPENINGS - {"END", "ELSE", "SET"} | {"SET"}
_TAKE_PARENTHESES = frozenset(("EXEC", "EXECUTE", "RAISERROR", "IF", "PRINT", "WITH"))


def end_of_statement(scope: Scope, tokens: list[Token], at: int, in_body: bool) -> int:
    """Return the index behind the last token of the statement at *at*.

    *in_body* says that it stands in a block, which END and ELSE may end.
    """
    text = scope.text
    tsql = scope.session.dialect == TSQL
    first = tokens[at].key
    depth = cases = 0
    for position in range(at, len(tokens)):
        token = tokens[position]
        mark = token.key
        if mark not in _STRUCTURAL and token.kind not in LINE_KINDS:
            continue
        if mark == ";" or token.kind in LINE_KINDS:
            return position
        if mark == "(":
            depth += 1
        elif mark == ")":
            depth -= 1
        elif token.kind != WORD or position == at:
            continue
        elif mark == "CASE":
            cases += 1
        elif mark == "END":
            if cases:
                cases -= 1
            elif in_body and depth <= 0 and first not in ("ALTER", "CREATE"):
                return position
        elif depth <= 0 and not cases:
            if mark == "ELSE" and in_body:
                return position
            may_open = mark in _OPENINGS or (tsql and mark in _TSQL_OPENINGS)
            if may_open and _opens(tokens, position, first, tsql, text):
                return position
    return len(tokens)


def _opens(tokens: list[Token], position: int, first: str, tsql: bool, text: str) -> bool:
    """Say whether a statement begins here although no semicolon stands before."""
    before, mark = tokens[position - 1], tokens[position].key
    following = key(tokens, position + 1)
    whole = mark in _OPENINGS and following in _OPENINGS[mark]  # DROP TABLE, DELETE FROM
    if first in _HOLDS_STATEMENT or before.key in _CONTINUES:
        return False
    if before.key in _TAKES_OPERAND and not whole:
        return False
    gap = text[before.end : tokens[position].start]
    if "\n" not in gap:
        return False
    if whole:
        if (
            mark == "CREATE"
            and following == "OR"
            and key(tokens, position + 2) not in ("REPLACE", "ALTER")
        ):
            return False
        return first != "WITH" or mark not in ("DELETE", "INSERT")
    if not tsql or mark == first == "ALTER":
        return False
    if first in ("ALTER", "WITH") and mark in (
        "DROP",
        "ALTER",
        "SELECT",
        "UPDATE",
        "DELETE",
        "INSERT",
        "SET",
        "WITH",
    ):
        return False
    if mark == "SELECT":
        return first not in ("INSERT", "SELECT", "CREATE", "DECLARE") or (
            first == "SELECT" and before.key not in ("UNION", "ALL", "EXCEPT", "INTERSECT")
        )
    if mark == "SET":
        return first not in ("UPDATE", "ALTER", "MERGE") and following.startswith("@")
    if mark == "WITH":
        return key(tokens, position + 2) in ("AS", "(") and following != "("
    if mark in ("DELETE", "UPDATE", "INSERT", "ALTER", "DROP", "CREATE", "TRUNCATE"):
        return first not in ("CREATE",) or before.key in (")", "]")
    return True


def single_body(tokens: list[Token], at: int) -> int | None:
    """Return where the one statement begins that T-SQL runs if the condition at *at* holds."""
    depth = 0
    for position in range(at, len(tokens)):
        token = tokens[position]
        mark = token.key
        if mark == ";" or token.kind in LINE_KINDS:
            return None
        if mark == "(":
            depth += 1
        elif mark == ")":
            depth -= 1
        elif depth <= 0 and token.kind == WORD and mark in STATEMENT_WORDS and position > at:
            called = key(tokens, position + 1) == "("
            if not called or mark in _TAKE_PARENTHESES:
                return position
    return None
