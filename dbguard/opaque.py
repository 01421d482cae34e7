"""Code that nobody can read before it runs: decoded, decrypted or downloaded, then executed.

Silence would say that it is harmless. Only where a database has to do with it is it told:
the interpreter is a database's client, or a word of databases stands on the same line.
"""

from __future__ import annotations

import re
from itertools import islice

from dbguard.decoding import DECODED, DOWNLOADED
from dbguard.operations import Certainty, Kind, Operation, Target, TargetKind
from dbguard.patterns import regex
from dbguard.source import Region, Span

_HOLE = rf"__hole_(?P<how>{DECODED}|{DOWNLOADED})_\w{{0,80}}?__(?!_)"
_MARKED = regex(_HOLE)
_COMMENTS = regex(r"--[^\n]*\n|/\*.*?\*/", re.DOTALL)
_UNKNOWN_VERB = regex(
    r"(?P<how>__hole_\w{1,80}?__)\s{1,20}(?:TABLE|DATABASE|SCHEMA|COLUMN)\b", re.IGNORECASE
)
_COMMAND = regex(
    rf"(?:^|[;&|(\n{{]|\b(?:then|do|else|sudo|exec|eval)\b)[ \t]*[\"']?{_HOLE}", re.MULTILINE
)
_CODE = regex(rf"\s*{_HOLE}\s*")
_DATABASE = regex(
    r"\b(?:psql|mysql|mariadb|sqlite3?|mongo(?:sh)?|redis-cli|dropdb|sqlcmd|postgres(?:ql)?|prisma"
    r"|alembic|PG(?:HOST|DATABASE|USER|PASSWORD|DATA))\b"
    r"|database|DATABASE|Database|(?:\b|_)db(?:\b|_)|(?:\b|_)DB(?:\b|_)|\.(?:sqlite3?|duckdb)\b"
)
_ACT = regex(
    r"reset|drop|wipe|destroy|purge|truncat|delet|remov|clean|flush|restor|migrat", re.IGNORECASE
)
_GOES_ON = ("\\", "|", "&&", "||")
_MOST_LINES = 8
_MOST_HOLES = 1_000
_COMMENT_SIZE = 400
"""How far before a statement its beginning is looked for."""


def opaque_code(region: Region, span: Span, *, checked: bool) -> Operation | None:
    """Return the operation of running a text that cannot be read, None where it can be.

    *region* is what runs, *span* what runs it (the call, the command).
    """
    how = _how(region)
    if how is None:
        return None
    if region.language != "sql":
        line = _logical_line(region, span)
        if _DATABASE.search(line) is None or (how == DOWNLOADED and _ACT.search(line) is None):
            return None
    name = region.database or ""
    target = Target(TargetKind.DATABASE, name, region.database, Certainty.OPAQUE)
    return Operation(
        Kind.RUN_OPAQUE,
        target,
        span,
        region,
        Certainty.OPAQUE,
        region.via or region.language,
        checked=checked,
    )


def _how(region: Region) -> str | None:
    """Return how the code came here that nobody can read, None where there is none."""
    text = region.text
    if "__hole_" not in text:
        return None
    match region.language:
        case "sql":
            found = _at_the_beginning(text, _MARKED) or _at_the_beginning(text, _UNKNOWN_VERB)
        case "shell":
            found = _COMMAND.search(text)
        case "python":
            found = _CODE.fullmatch(text)
        case _:
            found = None
    return found["how"] if found is not None else None


def _at_the_beginning(text: str, pattern: re.Pattern[str]) -> re.Match[str] | None:
    """Return the first match that begins a statement: nothing but blanks and comments before."""
    for found in islice(pattern.finditer(text), _MOST_HOLES):
        start = max(0, found.start() - _COMMENT_SIZE)
        before = _COMMENTS.sub(" ", text[start : found.start()]).rstrip()
        if before.endswith(";") or (not before and start == 0):
            return found
    return None


def _logical_line(region: Region, span: Span) -> str:
    """Return the lines a command stands on, with those that it is continued from and on."""
    file = region.file
    first, last = file.position(span.start)[0], file.position(span.end)[0]
    last = min(last, first + _MOST_LINES)
    for _ in range(_MOST_LINES):
        if first == 1 or not file.line(first - 1).rstrip().endswith(_GOES_ON):
            break
        first -= 1
    return "\n".join(file.line(number)[:2_000] for number in range(first, last + 1))
