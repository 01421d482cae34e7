"""Comments that divide a migration: what undoes it begins at one, in the words of many tools."""

from __future__ import annotations

import re

from dbguard.languages.sql.tokens import BOUNDARY, MARKER
from dbguard.patterns import regex

_MARKER = regex(
    r"--[-\s]{0,200}(?:>\s*statement-breakpoint\b"
    r"|\+(?:goose|migrate|micrate|duckdb)\s+(?P<plus>\w+)"
    r"|migrate:(?P<dbmate>up|down)\b"
    r"|rambler\s+(?P<rambler>up|down)\b"
    r"|!(?P<play>Ups|Downs)\b"
    r"|//\s*@(?P<mybatis>UNDO)\b"
    r"|(?P<node>up|down)\s+migration\b"
    r"|create\s+above\s*/\s*(?P<tern>drop)\s+below"
    r"|=*\s*@?(?P<bare>up|down|rollback|undo)\s*:?\s*=*\s*$"
    r"|rollback\b(?P<rollback>.*))",
    re.IGNORECASE | re.DOTALL,
)
MARKER_HINT = regex(
    r"--[-\s]{0,200}(?:>|\+|migrate:|rambler|!|//|create\s+above|=*\s*@?(?:up|down|undo|rollback)\b)",
    re.IGNORECASE,
)


def marker(comment: str, liquibase: bool) -> tuple[str, str, int] | None:
    """Return kind and key of the token a comment makes, and where in it that begins; else None.

    *liquibase* says that the file is Liquibase's formatted SQL, whose ``--rollback`` holds
    the text that undoes.
    """
    if comment.startswith("#"):
        if re.match(r"#[-\s]*!(?:Ups|Downs)\b", comment) is None:
            return None
        comment = "--" + comment.lstrip("#- \t")
    match = _MARKER.match(comment)
    if match is None:
        return None
    if match["rollback"] is not None:
        return (MARKER, "ROLLBACK", match.start("rollback")) if liquibase else None
    found = next((value for value in match.groups() if value), "").upper()
    if match["bare"] and found in ("ROLLBACK", "UNDO") and liquibase:
        return None
    if found in ("DOWN", "DOWNS", "UNDO", "DROP", "ROLLBACK"):
        return MARKER, "DOWN", 0
    if found in ("UP", "UPS"):
        return MARKER, "UP", 0
    if not found:
        return BOUNDARY, "BREAKPOINT", 0
    return None  # StatementBegin, StatementEnd and the like
