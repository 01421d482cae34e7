"""SQL of any dialect to operations.

Our own lexer and statement reader: statements are found by token, dialects are hints, a
statement that cannot be read never hides the next one. Nothing here recurses over the text.
"""

from __future__ import annotations

import re

from dbguard.flow import Branch, Direction, Flow, Lowered, Node, Sequence
from dbguard.languages.sql.comparison import fallible
from dbguard.languages.sql.dialects import POSTGRESQL, dialect_of, is_down_path
from dbguard.languages.sql.reader import Reader, lex
from dbguard.languages.sql.session import Scope, Session
from dbguard.operations import Kind, Operation
from dbguard.patterns import regex
from dbguard.records import replace
from dbguard.source import Comment, Region

__all__ = ["comments", "is_down_path", "lower"]


_COPIES = regex(r"\binsert\s.{0,400}?\bselect\b", re.IGNORECASE | re.DOTALL)


def lower(region: Region) -> Lowered:
    """Return what a text in SQL does: its top level, then the functions nothing in it calls."""
    return _read(region)[0]


def comments(region: Region) -> tuple[Comment, ...]:
    """Return the comments that may speak to dbguard, those in code in strings too."""
    return tuple(dict.fromkeys(_read(region)[1].comments))


def _read(region: Region) -> tuple[Lowered, Session]:
    dialect = dialect_of(region.dialect, region.text)
    session = Session(
        dialect,
        region.database,
        stops_at_error=_stops_at_error(region),
        may_copy=_may_copy(region.text),
        handed_over=_handed_over(region),
    )
    scope = Scope(region, session)
    reader = Reader(scope, lex(scope, 0, len(region.text)))
    body = reader.sections()
    if "sqlite3" in region.via:
        body = Sequence((*body.nodes, *_settled(scope, body.nodes)), body.direction)
    direction = None
    if region.parent is None and is_down_path(region.file.path):
        direction = Direction.DOWN
        body = Sequence(body.nodes, direction)
    flows = [Flow("", body)]
    flows += [
        Flow(flow.name, Sequence(flow.body.nodes, direction))
        for name, flow in session.functions.items()
        if name not in session.called
    ]
    return Lowered(tuple(flows), tuple(session.problems)), session


def _may_copy(text: str) -> bool:
    # The word first: to look for it in any case takes ten times as long. Its "i" may be dotless.
    return "nsert" in text.casefold() and _COPIES.search(text) is not None


_PROVE = frozenset({Kind.BACKUP, Kind.COPY_ROWS, Kind.VERIFY, Kind.GUARD})


def _settled(scope: Scope, nodes: tuple[Node, ...]) -> tuple[Operation, ...]:
    """Return what has succeeded where sqlite3 says at the end that all went well.

    It may go on after an error, but its exit status is then 1 (sqlite.org/cli.html): for the
    statements after a copy or a comparison that proves nothing, for the commands after
    sqlite3 it does. What is about tables that are dropped or renamed later is left out: the
    names mean others then; and so are comparisons before the last change of rows, and what
    was done in another database.
    """
    last_write = scope.session.last_write
    if last_write >= 0:
        last_write = scope.region.span(last_write, last_write + 1).start

    def holds(one: Operation) -> bool:
        if one.kind in (Kind.VERIFY, Kind.GUARD) and one.span.start < last_write:
            return False
        here = one.target.database == scope.session.database or one.kind is Kind.BACKUP
        return here and gone.isdisjoint(_tables(one))

    gone: set[str] = set()
    settled: list[Operation] = []
    unsure = False
    for node in reversed(nodes):
        if isinstance(node, Branch):
            found = fallible(node)
            unsure = unsure or bool(found)
        elif not isinstance(node, Operation):
            continue
        elif node.kind in (Kind.DROP_TABLE, Kind.RENAME_TABLE):
            gone |= _tables(node)
            continue
        else:
            found = (node,) if node.kind in _PROVE else ()
            unsure = unsure or any(not one.checked for one in found)
        settled += reversed([one for one in found if holds(one)])
    return tuple(replace(one, checked=True) for one in reversed(settled)) if unsure else ()


def _tables(operation: Operation) -> set[str]:
    sides = (operation.target, operation.source, *operation.reads)
    return {side.name.lower() for side in sides if side is not None}


def _stops_at_error(region: Region) -> bool:
    """Say whether the client that runs the text stops at the first statement that fails.

    A file is taken to be run that way. psql reading a script and sqlite3 reading its
    input go on; both stop where all statements are one argument (but for what sqlite3 is
    handed at once).
    """
    via = region.via
    if region.parent is None or "ON_ERROR_STOP" in via or "-bail" in via:
        return True
    psql = region.dialect.lower() == POSTGRESQL and "psql" in via
    piped = not via.startswith(("-c", "argument"))
    return not (piped and (psql or "sqlite3" in via))


def _handed_over(region: Region) -> str:
    """Return how much the client takes at once: it goes on with the rest after an error.

    sqlite3 takes an argument whole, of its input what stands on one line; 3.46 stopped at the
    first statement that failed, 3.53 runs the others, with -bail too.
    """
    if "sqlite3" not in region.via:
        return ""
    return "text" if region.via.startswith(("-c", "argument")) else "line"
