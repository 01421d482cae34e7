"""drop-table."""

from __future__ import annotations

from collections.abc import Iterator

from dbguard.patterns import regex
from dbguard.repair.clients import dialect_around, stops_at_error, takes_one_statement
from dbguard.repair.copies import copy_of_dropped
from dbguard.repair.fix import Fix, Repair, Safety, Site
from dbguard.repair.places import around
from dbguard.repair.shell_code import inserted, is_run_by_shell
from dbguard.repair.sql_code import ORACLE
from dbguard.repair.verification import count_query, verification
from dbguard.source import Region, Span

_RECEIVER = regex(r"([A-Za-z_][\w.]*)\.(execute|exec_driver_sql|drop_table)")
_OP = regex(r"(?:\w+\.)?op")
_WHAT = "compares both tables before the drop"
_LINE = 88


class DropTable(Fix):
    """Where the rows were copied before, the comparison that was missing comes before the drop,
    in the language at hand: a `DO` block in PostgreSQL, a table with a `CHECK` in SQLite and
    MySQL (8.0.16 or newer; older ones do not check), `THROW` in SQL Server, an `if` that raises
    in Python and in Alembic's migrations. sqlite3 and psql, which go on after an error, are told
    to stop (`.bail on`, `\\set ON_ERROR_STOP on`). A table whose rows were not copied has no fix.
    """

    rule = "drop-table"
    safety = Safety.SAFE
    adds_step = True

    def repairs(self, site: Site) -> Iterator[Repair]:
        """Yield the comparison of both tables before the drop."""
        copy = copy_of_dropped(site)
        if copy is None:
            if site.region.language == "sql" and site.region.parent is not None:
                uncertain = copy_of_dropped(site, certain=False)
                if uncertain is not None:
                    yield from _in_sql(site, uncertain.old, uncertain.new)
                else:
                    yield from _stopping(site)
                yield from _in_shell(site)
            return
        if site.region.language == "sql":
            yield from _in_sql(site, copy.old, copy.new)
            if site.region.parent is not None:
                yield from _in_shell(site)
        found = around(site.region, "python", site.finding.primary.span)
        if found is not None:
            yield from _in_python(site, *found, copy.old, copy.new)


def _in_sql(site: Site, old: str, new: str) -> Iterator[Repair]:
    code = site.parsed.sql(site.region)
    statement = code.statement_at(site.span.start)
    alone = len(code.statements) == 1 and takes_one_statement(site.region)
    if statement is None or alone:
        return
    dialect = code.dialect or dialect_around(site.region)
    if dialect == ORACLE:
        return
    lines = verification(code.written(old), code.written(new), old, dialect)
    at = statement.span.start
    joint = "\n" + code.indent(at)
    if "\n" not in site.region.text or code.shares_line(at):
        lines, joint = [line.strip() for line in lines], " "
    edit = inserted(at, joint.join([*lines, ""]))
    yield Repair(site.region, (edit,), _WHAT)
    stops = stops_at_error(site.region, code)
    if stops is not None:
        yield Repair(site.region, (stops,), "stops at the first error")
        yield Repair(site.region, (stops, edit), _WHAT)


def _stopping(site: Site) -> Iterator[Repair]:
    """A copy that may have failed proves nothing: where the client goes on, it is to stop."""
    stops = stops_at_error(site.region, site.parsed.sql(site.region))
    if stops is not None:
        yield Repair(site.region, (stops,), "stops at the first error")


def _in_shell(site: Site) -> Iterator[Repair]:
    """In a script that goes on after a failure: the copy has to succeed, then both are compared.

    The comparison is the client that drops, once more, with other SQL.
    """
    copy = copy_of_dropped(site, certain=False)
    drop = around(site.region, "shell", site.finding.primary.span)
    if copy is None or drop is None:
        return
    region, span = drop
    done = around(copy.operation.region, "shell", copy.operation.span)
    if done is None or done[0].text != region.text or not is_run_by_shell(region):
        return
    code = site.parsed.shell(region)
    if code is None:
        return
    copies, drops = code.command_around(done[1]), code.command_around(span)
    if copies is None or drops is None or not copies.stands_alone or not drops.stands_alone:
        return
    argument = next((w for w in drops.words if w.span.start <= span.start < w.span.end), None)
    if argument is None or argument.plain.strip() != site.text.strip() or copies.span == drops.span:
        return
    sql = site.parsed.sql(site.region)
    dialect = sql.dialect or dialect_around(site.region)
    lines = verification(sql.written(copy.old), sql.written(copy.new), copy.old, dialect)
    compared = " ".join(line.strip() for line in lines)
    if dialect == ORACLE or any(mark in compared for mark in '"$`\\'):
        return
    text = region.text[drops.span.start : drops.span.end]
    at = argument.span.start - drops.span.start
    again = f'{text[:at]}"{compared}"{text[at + len(argument.written) :]} || exit 1'
    newline = "\n" + code.indent(drops.span.start)
    edits = (
        inserted(copies.span.end, " || exit 1"),
        inserted(drops.span.start, again + newline),
    )
    yield Repair(region, edits, "the copy has to succeed, and both are compared before the drop")


def _in_python(site: Site, region: Region, span: Span, old: str, new: str) -> Iterator[Repair]:
    code = site.parsed.python(region)
    if code is None:
        return
    call = code.node_at(span, "call")
    while call is not None and not _RECEIVER.fullmatch(code.callee(call)):
        call = call.parent
        while call is not None and call.type != "call":
            call = call.parent
    if call is None or code.statement_of(call) is None:
        return
    receiver = _RECEIVER.fullmatch(code.callee(call))
    assert receiver is not None
    dialect = site.region.dialect if site.region.language == "sql" else ""
    query = count_query(old, new, dialect)
    if '"' in query:
        return
    statement = code.statement_of(call)
    assert statement is not None
    at = code.inner(statement).start
    indent = code.indent(at)
    wrapped = code.text(call).find("text(") >= 0
    for lines in _comparisons(receiver[1], receiver[2], query, old, wrapped, _LINE - len(indent)):
        text = f"\n{indent}".join([*lines, ""])
        yield Repair(region, (inserted(at, text),), _WHAT)


def _comparisons(
    receiver: str, method: str, query: str, old: str, wrapped: bool, width: int
) -> Iterator[list[str]]:
    """Yield the ways to compare and to raise, for a connection, a cursor or Alembic's op.

    *width* is how long a line may be.
    """
    error = f'    raise RuntimeError("rows of {old} are missing from its copy")'
    if _OP.fullmatch(receiver):
        receiver, method = f"{receiver}.get_bind()", "exec_driver_sql"
    argument = f'text("{query}")' if wrapped else f'"{query}"'
    cursor = not wrapped and method == "execute" and "cur" in receiver.rpartition(".")[2]
    if cursor:
        call = _call(f"{receiver}.execute", argument, "", width)
        yield [*call, f"if {receiver}.fetchone()[0] != 0:", error]
    by_scalar = wrapped or method == "exec_driver_sql"
    value = ".scalar() != 0:" if by_scalar else ".fetchone()[0] != 0:"
    yield [*_call(f"if {receiver}.{method}", argument, value, width), error]


def _call(called: str, argument: str, behind: str, width: int) -> list[str]:
    line = f"{called}({argument}){behind}"
    return [line] if len(line) <= width else [f"{called}(", f"    {argument}", f"){behind}"]
