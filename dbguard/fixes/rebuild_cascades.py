"""rebuild-cascades."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from dbguard.patterns import regex
from dbguard.repair.clients import takes_one_statement
from dbguard.repair.edits import Edit
from dbguard.repair.fix import Fix, Repair, Safety, Site
from dbguard.repair.places import around
from dbguard.repair.python_code import PythonCode
from dbguard.repair.shell_code import inserted
from dbguard.repair.sql_code import SqlCode, Statement
from dbguard.source import Region, Span

_OFF = regex(
    r"PRAGMA\s+(?:\w+\.)?foreign_keys\s*(?:=\s*|\(\s*)['\"]?(?:off|0|no|false)\b", re.IGNORECASE
)


_EXECUTE = regex(r"([A-Za-z_][\w.]*)\.execute")
_REBUILDS = regex(
    r"\s*(?:BEGIN|CREATE\s+TABLE|INSERT\s+INTO|ALTER\s+TABLE|DROP\s+TABLE)\b", re.IGNORECASE
)
_COMMITS = regex(r"\s*(?:COMMIT|END)\b", re.IGNORECASE)
_RENAMES = regex(r"\s*ALTER\s+TABLE\s.*\sRENAME\s+TO\b", re.IGNORECASE | re.DOTALL)


class RebuildCascades(Fix):
    """The rebuild follows the order that sqlite.org prescribes: `PRAGMA foreign_keys=OFF` before
    `BEGIN`, where it does something, `PRAGMA foreign_key_check` before `COMMIT`, and
    `foreign_keys=ON` behind it. In Python both raise: where the switch does nothing, for a
    transaction is open, and where references lead nowhere after the rebuild, which they may
    have done before: that is for you to review. There is no fix in Python for a rebuild
    that nothing commits in the same block.
    """

    rule = "rebuild-cascades"
    safety = Safety.SAFE

    def repairs(self, site: Site) -> Iterator[Repair]:
        """Yield the rebuild in the right order."""
        if site.region.language == "sql" and not takes_one_statement(site.region):
            yield from _in_sql(site)
        elif (found := around(site.region, "python", site.finding.primary.span)) is not None:
            yield from _in_python(site, *found)


def _in_sql(site: Site) -> Iterator[Repair]:
    code = site.parsed.sql(site.region)
    at = code.index_at(site.span.start)
    if at is None:
        return
    before, behind = code.statements[:at], code.statements[at + 1 :]
    begin = next((s for s in reversed(before) if s.first == "BEGIN"), None)
    edits = []
    first = begin
    if begin is not None:
        inside = [s for s in before if s.span.start > begin.span.start]
        edits += [_removed(site.text, s) for s in inside if _OFF.match(_text(code, s))]
    else:
        first = code.statements[at]
    assert first is not None
    newline = " " if "\n" not in site.text else "\n" + code.indent(first.span.start)
    edits.append(inserted(first.span.start, f"PRAGMA foreign_keys=OFF;{newline}"))
    commit = next((s for s in behind if s.first in ("COMMIT", "END")), None)
    if begin is not None and commit is not None:
        checked = any("foreign_key_check" in _text(code, s).lower() for s in behind)
        if not checked:
            edits.append(inserted(commit.span.start, f"PRAGMA foreign_key_check;{newline}"))
        rest = [s for s in behind if s.span.start > commit.span.start]
        if not any(s.first == "PRAGMA" and "foreign_keys" in _text(code, s) for s in rest):
            edits.append(_behind(site.text, commit, newline))
    elif begin is None:
        last = behind[0] if behind and behind[0].first == "ALTER" else code.statements[at]
        edits.append(_behind(site.text, last, newline))
    yield Repair(site.region, tuple(edits), "the order of sqlite.org")


def _text(code: SqlCode, statement: Statement) -> str:
    return code.region.text[statement.span.start : statement.span.end]


def _behind(text: str, statement: Statement, newline: str) -> Edit:
    ended = text[statement.span.end : statement.end].strip() == ";"
    return inserted(statement.end, ("" if ended else ";") + f"{newline}PRAGMA foreign_keys=ON;")


def _removed(text: str, statement: Statement) -> Edit:
    """Take out a statement, with its line where it is alone on it."""
    start, end = statement.span.start, statement.end
    begin = text.rfind("\n", 0, start) + 1
    line_end = text.find("\n", end)
    if not text[begin:start].strip() and line_end >= 0 and not text[end:line_end].strip():
        return Edit(Span(begin, line_end + 1), "")
    while text[end : end + 1] == " ":
        end += 1
    return Edit(Span(start, end), "")


def _in_python(site: Site, region: Region, span: Span) -> Iterator[Repair]:
    code = site.parsed.python(region)
    call = code.node_at(span, "call") if code is not None else None
    if code is None or call is None:
        return
    receiver = _EXECUTE.fullmatch(code.callee(call))
    last = code.statement_of(call)
    if receiver is None or last is None or "cur" in receiver[1].rpartition(".")[2]:
        return
    scope, inside, first = code.scope_of(call), [], last
    vain: list[Node] = []
    for other, sql in _executed(code, receiver[1]):
        statement = code.statement_of(other)
        if code.scope_of(other) != scope or statement is None or statement.parent != last.parent:
            continue
        if _OFF.match(sql) and code.inner(other).start < code.inner(call).start:
            vain.append(statement)
        elif _REBUILDS.match(sql):
            inside.append(statement)
            if code.inner(statement).start < code.inner(first).start:
                first = statement
            if code.inner(statement).start > code.inner(last).start and _RENAMES.match(sql):
                last = statement
    commit = _commit_behind(code, receiver[1], last)
    if commit is None:
        return
    indent = code.indent(code.inner(first).start)
    execute = receiver[0]
    off = (
        f'{execute}("PRAGMA foreign_keys=OFF")\n'
        f'if {execute}("PRAGMA foreign_keys").fetchone()[0] != 0:\n'
        f'    raise RuntimeError("foreign keys are still on: a transaction is open")\n'
    ).replace("\n", f"\n{indent}")
    check = (
        f'\nif {execute}("PRAGMA foreign_key_check").fetchone() is not None:\n'
        f'    raise RuntimeError("references lead nowhere after the rebuild")'
    ).replace("\n", f"\n{indent}")
    edits = [inserted(code.inner(first).start, off)]
    edits.append(inserted(code.line_end(code.inner(last).end), check))
    on = f'\n{indent}{execute}("PRAGMA foreign_keys=ON")'
    edits.append(inserted(code.line_end(code.inner(commit).end), on))
    edits += [Edit(code.line_of(statement), "") for statement in vain if statement != first]
    yield Repair(region, tuple(edits), "the order of sqlite.org", Safety.REVIEW)


def _commit_behind(code: PythonCode, receiver: str, last: Node) -> Node | None:
    """Return the statement that commits the rebuild, in the same block of lines."""
    statement = last.next_named_sibling
    while statement is not None:
        call = statement.named_children[0] if statement.named_child_count else None
        if call is not None and call.type == "call" and code.is_whole_statement(call):
            callee, arguments = code.callee(call), code.arguments(call)
            said = (code.literal(arguments[0]) or "") if arguments else ""
            if callee == f"{receiver}.commit" or (
                callee == f"{receiver}.execute" and _COMMITS.match(said)
            ):
                return statement
        statement = statement.next_named_sibling
    return None


def _executed(code: PythonCode, receiver: str) -> Iterator[tuple[Node, str]]:
    """Yield the calls of execute() of a connection, with their SQL as far as it is plain."""
    for call in code.calls():
        arguments = code.arguments(call)
        if code.callee(call) == f"{receiver}.execute" and arguments:
            yield call, code.literal(arguments[0]) or ""
