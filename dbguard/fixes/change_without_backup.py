"""change-without-backup."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from dbguard.patterns import regex
from dbguard.repair.dumps import Client, client_of, dump
from dbguard.repair.fix import Fix, Repair, Safety, Site
from dbguard.repair.places import around, has_lines
from dbguard.repair.python_code import PythonCode
from dbguard.repair.shell_code import ShellCode, inserted, is_run_by_shell, stops_by_itself
from dbguard.source import Region, Span

_WHAT = "a backup before the change"
_NAME = regex(r"[A-Za-z_]\w*")
_SQLITE_URL = regex(r"sqlite(?:\+\w+)?:///(?P<path>[^?]+)")


class ChangeWithoutBackup(Fix):
    """A backup under a name with the time in it comes before the change, and stops it if it
    fails: in shell `sqlite3 FILE ".backup .."`, `pg_dump -Fc` or `mysqldump
    --single-transaction` with the options of the client that makes the change; in Python,
    before the database is opened in the same function or outside of all, `Connection.backup()`
    of sqlite3. The copy of an SQLite file is kept beside it, a dump in the current folder:
    whether that is the place for it, and who removes old ones, is for you to review. A file of
    SQL does not know its database, and a server's databases are dumped by its tools: in Python
    they have no fix.
    """

    rule = "change-without-backup"
    safety = Safety.REVIEW
    adds_step = True

    def repairs(self, site: Site) -> Iterator[Repair]:
        """Yield the backup before the first change."""
        span = site.finding.primary.span
        if (found := around(site.region, "shell", span)) is not None:
            yield from _in_shell(site, *found)
        elif (found := around(site.region, "python", span)) is not None:
            yield from _in_python(site, *found)


def _in_shell(site: Site, region: Region, span: Span) -> Iterator[Repair]:
    code = site.parsed.shell(region)
    if code is None or not is_run_by_shell(region):
        return
    statement = code.statement_around(span)
    client = _client(code, statement) if statement is not None else None
    changed = site.operation.target.name if site.operation is not None else ""
    backup = dump(client, changed) if client is not None else None
    if statement is None or backup is None:
        return
    at = code.inner(statement)
    if code.is_one_of_list(statement):
        if code.begins_line(at.start) and has_lines(region):
            behind = "" if stops_by_itself(region) else " || exit 1"
            text = f"{backup}{behind}\n{code.indent(at.start)}"
            yield Repair(region, (inserted(at.start, text),), _WHAT)
        yield Repair(region, (inserted(at.start, f"{backup} && "),), _WHAT)
    elif "\n" not in code.text(statement):
        edits = (inserted(at.start, f"{{ {backup} && "), inserted(at.end, "; }"))
        yield Repair(region, edits, _WHAT)


def _client(code: ShellCode, statement: Node) -> Client | None:
    """Return the client that makes a change: the command itself, or the last of a pipe."""
    node: Node | None = statement
    while node is not None and node.type in ("redirected_statement", "pipeline"):
        last = node.named_children[-1] if node.type == "pipeline" else None
        node = last or node.child_by_field_name("body")
    if node is None or node.type != "command":
        return None
    command = code.command_around(code.inner(node))
    return client_of(command.words) if command is not None else None


def _in_python(site: Site, region: Region, span: Span) -> Iterator[Repair]:
    code = site.parsed.python(region)
    change = code.node_at(span, "call") if code is not None else None
    if code is None or change is None:
        return
    imports = code.imported("contextlib", "sqlite3", "time")
    if imports is None:
        return
    for opened, path in _openings(code, change):
        live, copy = code.fresh(opened, "live", "source"), code.fresh(opened, "saved", "copy")
        statement = code.statement_of(opened)
        if statement is None or not live or not copy:
            continue
        at = code.inner(statement).start
        indent = code.indent(at)
        name = f"{{{path}}}" if _NAME.fullmatch(path) else path[1:-1]
        text = (
            f"with contextlib.closing(sqlite3.connect({path})) as {live}:\n"
            f'    with contextlib.closing(sqlite3.connect(f"{name}.bak_{{time.time_ns()}}")) as {copy}:\n'
            f"        {live}.backup({copy})\n"
        ).replace("\n", f"\n{indent}")
        yield Repair(region, (*imports, inserted(at, text)), _WHAT)


def _openings(code: PythonCode, change: Node) -> Iterator[tuple[Node, str]]:
    """Yield the calls before a change that open an SQLite file, with the path as it is written.

    The nearest first: those of the function the change stands in, then those of no function.
    What another one opens (``get_db()``) is opened for others as well.
    """
    before = code.inner(change).start
    scope = code.scope_of(change)
    calls = [
        call
        for call in code.calls()
        if code.inner(call).start < before and code.scope_of(call) in (scope, None)
    ]
    calls.sort(key=lambda call: (code.scope_of(call) != scope, -code.inner(call).start))
    for call in calls:
        arguments = code.arguments(call)
        callee = code.callee(call).rpartition(".")[2]
        if (
            callee not in ("connect", "create_engine")
            or not arguments
            or "uri" in code.keywords(call)
        ):
            continue
        said, written = code.literal(arguments[0]), code.text(arguments[0])
        if callee == "create_engine":
            url = _SQLITE_URL.fullmatch(said or "")
            said = url["path"] if url is not None else None
            written = f'"{said}"'
        elif code.callee(call) != "sqlite3.connect":
            continue
        elif said is not None:
            written = f'"{said}"'
        elif not _NAME.fullmatch(written):
            continue
        if said is None and callee == "create_engine":
            continue
        if said is None or not any(mark in said for mark in '{}"\\\n'):
            yield call, written
