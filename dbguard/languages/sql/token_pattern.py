"""What a token looks like, dialect by dialect: one pattern that a text is read with."""

from __future__ import annotations

import re
from functools import lru_cache

from dbguard.languages.sql.dialects import MYSQL, ORACLE, POSTGRESQL, SQLITE, TSQL

OPERATORS = frozenset(
    (
        "(",
        ")",
        ",",
        ";",
        ".",
        "=",
        "<",
        ">",
        "+",
        "*",
        "|",
        "~",
        "^",
        "]",
        "-",
        "/",
        "%",
        "!",
        "&",
        ":",
        "[",
        "{",
        "}",
    )
) | {"::", "<>", "!=", "<=", "<=>", ">=", ":=", "=>", "==", "||", ".."}


@lru_cache(maxsize=64)
def token_pattern(dialect: str, delimiter: str) -> re.Pattern[str]:
    """Return the pattern of one token (group 1) with the blanks before it.

    It has no inner groups: alternatives that begin with a character are then skipped
    fast. What a match is, its first characters tell.
    """
    dollar = "" if "$" in delimiter or dialect == TSQL else "$"
    sharp = "#" if dialect in (TSQL, ORACLE) else ""
    # One letter before a quote (E'', N'', q'') belongs to the string.
    word = rf"[^\W\d](?:[\w{dollar}{sharp}]+|(?!'))|@@?[\w{dollar}]+"
    temporary = r"(?!)" if dialect == MYSQL else r"##?[^\W\d][\w$]*"
    bracket = {
        POSTGRESQL: r"(?!)",
        MYSQL: r"(?!)",
        TSQL: r"\[(?:[^\]\n]|\]\]){1,200}\]",
        SQLITE: r"\[[^\]\n]{1,200}\]",
    }.get(dialect, r"\[(?<![\w\])\"]\[)[^\W\d][^\]\[\n'\"(),;]{0,200}\]")
    quotes_with_dollars = dialect not in (MYSQL, TSQL, SQLITE, ORACLE)
    alternatives = (
        re.escape(delimiter) if delimiter else r"(?!)",
        word,
        r"[(),;+~^\]]",
        r"'[^'\\\n]{0,400}'(?!')",
        r"\d+(?:\.\d+)?\w*",
        r"--(?=\s|\Z)[^\n]*" if dialect == MYSQL else r"--[^\n]*",
        r"/\*|\*/",
        r"\"[^\"\\\n]{0,200}\"(?!\")",
        r"`[^`\n]{1,200}`(?!`)",
        r"\{\{|\{%|\{\#|\{[\w.!:\[\]-]{0,60}\}",
        r"<%",
        r"\$\{[^{}\n]{1,80}\}|\$\(\w{1,60}\)|\$\d+",
        r"\$(?:[^\W\d]\w{0,60})?\$" if quotes_with_dollars else r"(?!)",
        r"\$[^\W\d]\w*(?!\$)",
        r"%\(\w{1,60}\)[sdifr]|%[sd](?!\w)",
        r":(?<!::)(?:\w{1,60}|'\w{1,60}'|\"\w{1,60}\")",
        r"&&?[^\W\d]\w*\.?",
        bracket,
        r"\#\{[^{}\n]{1,80}\}",
        temporary,
        r"\#[^\n]*"
        if dialect == MYSQL
        else r"\#(?:(?<=\n\#)|(?<=\n[ \t]\#)|(?<![\s\S]\#))(?=[ \t!#\n-])[^\n]*",
        r"[eEnNbBxXqQrR]'",
        r"::|<>|!=|<=>?|>=|:=|=>|==|\|\||\.\.",
        r"[\s\S]",
    )
    return re.compile(rf"\s*(?:({'|'.join(alternatives)})|\Z)")
