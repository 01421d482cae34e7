"""The programs that run a text in SQL: their dialects, and how they stop at an error."""

from __future__ import annotations

from dbguard.repair.edits import Edit
from dbguard.repair.shell_code import inserted
from dbguard.repair.sql_code import MYSQL, POSTGRESQL, SQLITE, SqlCode
from dbguard.source import Region

_STOPS = {SQLITE: ".bail on\n", POSTGRESQL: "\\set ON_ERROR_STOP on\n"}


def takes_one_statement(region: Region) -> bool:
    """Say whether a text is the argument of a call that refuses a second statement."""
    return region.via.startswith("argument of execute") and "script" not in region.via


def stops_at_error(region: Region, code: SqlCode) -> Edit | None:
    """Return the edit by which the client stops at the first error, None where it does."""
    dialect = code.dialect or dialect_around(region)
    piped = region.parent is not None and not region.via.startswith(("-c", "argument"))
    if not piped or dialect not in _STOPS:
        return None
    start = next((token.start for token in code.tokens), 0)
    return inserted(start, _STOPS[dialect] + code.indent(start))


def dialect_around(region: Region) -> str:
    """Return the dialect of the program that runs a text, '' where it is not known."""
    for word, dialect in (("sqlite", SQLITE), ("psql", POSTGRESQL), ("mysql", MYSQL)):
        if word in region.via:
            return dialect
    return ""
