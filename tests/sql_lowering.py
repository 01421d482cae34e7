"""What the SQL tests share: lower a text and look at the operations that came out."""

from __future__ import annotations

from dbguard.flow import Flow, Lowered, operations
from dbguard.languages.sql import lower
from dbguard.operations import Kind, Operation
from dbguard.source import Region, SourceFile

DESTRUCTIVE = frozenset(
    (Kind.DROP_TABLE, Kind.DROP_COLUMN, Kind.DROP_DATABASE, Kind.DROP_ALL, Kind.TRUNCATE_TABLE)
) | {Kind.DELETE_ROWS, Kind.UPDATE_ROWS}


def lowered(text: str, dialect: str = "", path: str = "x.sql") -> Lowered:
    return lower(Region.of_file(SourceFile(path, text), "sql", dialect))


def top(text: str, dialect: str = "", path: str = "x.sql") -> Flow:
    return lowered(text, dialect, path).flows[0]


def all_operations(text: str, dialect: str = "", path: str = "x.sql") -> list[Operation]:
    return [op for flow in lowered(text, dialect, path).flows for op in operations(flow.body)]


def destroyed(text: str, dialect: str = "") -> list[tuple[str, str]]:
    """Return what the text destroys: the text under the span, the target's name."""
    return [
        (text[op.span.start : op.span.end], str(op.target))
        for op in all_operations(text, dialect)
        if op.kind in DESTRUCTIVE and not op.target.throwaway
    ]


def kinds(text: str, dialect: str = "") -> list[Kind]:
    return [op.kind for op in all_operations(text, dialect)]
