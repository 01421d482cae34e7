"""What lets a failure stop the steps that come after it, in shell and in Python."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from dbguard.repair.edits import Edit
from dbguard.repair.fix import Repair, Safety, Site
from dbguard.repair.places import inner_span
from dbguard.repair.python_code import PythonCode
from dbguard.repair.shell_code import Command, ShellCode, inserted, is_run_by_shell
from dbguard.source import Region, Span


def shell_stops(site: Site, region: Region, span: Span) -> Iterator[Repair]:
    """Yield what lets the failure of the command at *span* stop what runs after it."""
    code = site.parsed.shell(region)
    if code is None:
        return
    first = code.command_around(span)
    if first is None or first.in_background or not is_run_by_shell(region):
        return
    statement = first.statement
    while statement.parent is not None and statement.parent.type == "pipeline":
        statement = statement.parent
    end = code.inner(statement).end
    if any(child.type == "heredoc_redirect" for child in statement.children):
        return
    victim = _victim(site, region, code)
    following = _next(statement)
    if victim is not None and following is not None and _holds(following, victim.node):
        yield Repair(region, _joined(region.text, end, code.inner(following).start), "&& between")
    parent = statement.parent
    if parent is not None and parent.type == "list" and parent.named_child_count == 2:
        other = parent.named_children[1]
        if code.text(other) in ("true", ":", "echo") or code.text(other).startswith("echo "):
            at = code.inner(other)
            yield Repair(region, (Edit(at, "exit 1"),), "|| exit 1 instead")
    else:
        yield Repair(region, (inserted(end, " || exit 1"),), "|| exit 1 behind it")
    top = _top(region.text)
    options = "set -eu" if region.dialect in ("sh", "dash", "ash") else "set -euo pipefail"
    if top is not None:
        yield Repair(region, (inserted(top, f"{options}\n"),), options, Safety.REVIEW)


def _victim(site: Site, region: Region, code: ShellCode) -> Command | None:
    """Return the command of the step that runs all the same."""
    for label in site.finding.labels:
        if not label.primary and label.file is region.file:
            span = inner_span(region, label.span)
            return code.command_around(span) if span is not None else None
    return None


def _next(node: Node) -> Node | None:
    following = node.next_named_sibling
    while following is not None and following.type == "comment":
        following = following.next_named_sibling
    return following


def _holds(outer: Node, inner: Node) -> bool:
    at: Node | None = inner
    while at is not None and at.id != outer.id:
        # What runs on some paths of the next statement only is not joined to the backup.
        if at.type in ("list", "if_statement", "function_definition", "case_statement"):
            return False
        at = at.parent
    return at is not None


def _joined(text: str, end: int, start: int) -> tuple[Edit, ...]:
    """Put ``&&`` behind a statement, in the place of the semicolon if there is one."""
    semicolon = text.find(";", end, start)
    if semicolon >= 0 and not text[end:semicolon].strip():
        return (Edit(Span(end, semicolon + 1), " &&"),)
    return (inserted(end, " &&"),)


def _top(text: str) -> int | None:
    """Return where the first line begins that is no comment, None where there is none."""
    at = 0
    for line in text.splitlines(keepends=True):
        if line.strip() and not line.startswith("#"):
            return at
        at += len(line)
    return None


def raised_again(code: PythonCode, call: Node) -> Iterator[Repair]:
    """Yield what raises again what a handler around *call* swallows."""
    node: Node | None = call
    while node is not None and not (
        node.type == "try_statement"
        and any(child.type == "except_clause" for child in node.children)
    ):
        if node.type in ("function_definition", "lambda", "class_definition"):
            return
        node = node.parent
    if node is None:
        return
    edits = []
    for clause in node.children:
        body = clause.children[-1] if clause.type == "except_clause" else None
        if body is None or body.type != "block" or not body.named_children:
            continue
        last = body.named_children[-1]
        if last.type in ("raise_statement", "return_statement"):
            continue
        indent = code.indent(code.inner(body.named_children[0]).start)
        at = code.region.text.find("\n", code.inner(last).end)
        at = len(code.region.text) if at < 0 else at
        if code.begins_line(code.inner(last).start):
            edits.append(inserted(at, f"\n{indent}raise"))
    if edits:
        yield Repair(code.region, tuple(edits), "the handler raises it again", Safety.REVIEW)
