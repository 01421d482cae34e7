"""change-not-verified."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dbguard.patterns import regex
from dbguard.repair.dumps import client_of
from dbguard.repair.fix import Fix, Repair, Safety, Site
from dbguard.repair.places import around, has_lines
from dbguard.repair.shell_code import inserted, is_run_by_shell, stops_by_itself
from dbguard.source import Region, Span

_ADDED = regex(
    r"\s+ADD\s+(?:COLUMN\s+)?(?:IF\s+NOT\s+EXISTS\s+)?(?P<column>[a-z_]\w*)(?![\w(.])",
    re.IGNORECASE,
)
_TABLE = regex(
    r"ALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?P<table>[\w.]+|\"[^\"\\$`]+\")", re.IGNORECASE
)
_NO_COLUMN = frozenset(
    "constraint primary unique index key foreign check partition fulltext spatial period "
    "column if only system".split()
)
_WHAT = "a query of the new column"


class ChangeNotVerified(Fix):
    """A query of the column that `ALTER TABLE .. ADD COLUMN` makes follows the change, and fails
    where the column is not there: in shell the same call of the client (`sqlite3`, `psql`,
    `mysql`), in Python `execute()` of what made the change, with `sqlite3` only, since other
    drivers want to have the answer fetched. Other changes have advice only: what is to be seen
    after a renaming or a copy of rows, the script does not say.
    """

    rule = "change-not-verified"
    safety = Safety.REVIEW
    adds_step = True

    def repairs(self, site: Site) -> Iterator[Repair]:
        """Yield the query behind the change."""
        query = _query(site)
        span = site.finding.primary.span
        if query is None:
            return
        if (found := around(site.region, "shell", span)) is not None:
            yield from _in_shell(site, *found, query)
        elif (found := around(site.region, "python", span)) is not None:
            yield from _in_python(site, *found, query)


def _query(site: Site) -> str | None:
    """Return a query that fails where the column is not there, None where none is added.

    With LIMIT 0, nothing is left to be fetched.
    """
    if site.region.language != "sql":
        return None
    table = _TABLE.match(site.text, site.span.start)
    added = _ADDED.match(site.text, site.span.end)
    if table is None or table.end() != site.span.end or added is None:
        return None
    if added["column"].lower() in _NO_COLUMN:
        return None
    return f"SELECT {added['column']} FROM {table['table']} LIMIT 0"  # noqa: S608 (names that stood in SQL)


def _in_shell(site: Site, region: Region, span: Span, query: str) -> Iterator[Repair]:
    code = site.parsed.shell(region)
    command = code.command_around(span) if code is not None else None
    if code is None or command is None or not is_run_by_shell(region):
        return
    words = [word for word in command.words if word.span.start <= span.start < word.span.end]
    if client_of(command.words) is None or len(words) != 1 or words[0].plain != site.text:
        return
    if not command.stands_alone or command.redirected:
        return
    whole = code.inner(command.node)
    written = words[0].written
    quoted = f"{written[0]}{query}{written[-1]}"
    if written[0] not in "\"'" or written[0] in query or not code.has_own_line(whole):
        return
    at = words[0].span
    again = region.text[whole.start : at.start] + quoted + region.text[at.end : whole.end]
    if "\n" in again or not (region.parent is None or has_lines(region)):
        return
    behind = "" if stops_by_itself(region) else " || exit 1"
    line = f"\n{code.indent(whole.start)}{again} > /dev/null{behind}"
    end = region.text.find("\n", whole.end)
    yield Repair(region, (inserted(len(region.text) if end < 0 else end, line),), _WHAT)


def _in_python(site: Site, region: Region, span: Span, query: str) -> Iterator[Repair]:
    code = site.parsed.python(region)
    call = code.node_at(span, "call") if code is not None else None
    if code is None or call is None or not code.is_whole_statement(call):
        return
    callee, arguments = code.callee(call), code.arguments(call)
    is_sqlite = any(code.callee(each) == "sqlite3.connect" for each in code.calls())
    if not (is_sqlite and callee.endswith(".execute") and len(arguments) == 1):
        return
    if code.literal(arguments[0]) != site.text or code.keywords(call):
        return
    statement = code.statement_of(call)
    if statement is None:
        return
    quote = '"' if '"' not in query else "'"
    line = f"\n{code.indent(code.inner(statement).start)}{callee}({quote}{query}{quote})"
    end = code.line_end(code.inner(statement).end)
    yield Repair(region, (inserted(end, line),), _WHAT)
