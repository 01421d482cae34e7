"""Commands with redirections: which command of several they belong to, what runs before it."""

from __future__ import annotations

from dbguard.flow import Node
from dbguard.languages.grammars import Node as Syntax
from dbguard.languages.shell import simple
from dbguard.languages.shell.conditions import Split
from dbguard.languages.shell.redirects import REDIRECTS, redirects_of
from dbguard.languages.shell.script import STATEMENTS, Script
from dbguard.languages.shell.streams import Stream
from dbguard.languages.shell.words import Reading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dbguard.languages.shell.interpreter import Interpreter

_SEVERAL = frozenset(("list", "pipeline", "negated_command"))


def place(script: Script, node: Syntax) -> tuple[int, int, int]:
    """Return what tells a node from every other one."""
    return id(script), node.start_byte, node.end_byte


def _parts(shell: Interpreter, script: Script, node: Syntax) -> tuple[Syntax | None, list[Syntax]]:
    """Return a command and its redirections.

    The parser hangs those of ``a && b > c`` and ``a | b > c`` on the whole; they belong
    to the last command and are moved there.
    """
    moved = shell.moved.pop(place(script, node), [])
    if node.type != "redirected_statement":
        return node, moved
    body = node.child_by_field_name("body")
    redirects = [child for child in node.children if child.type in REDIRECTS] + moved
    if body is None or body.type not in _SEVERAL:
        return body, redirects
    last: Syntax = body
    while last.type in _SEVERAL:
        inner = [child for child in last.children if child.type in STATEMENTS]
        if not inner:
            return body, redirects
        last = inner[-1]
    shell.moved[place(script, last)] = redirects
    return body, []


def run(
    shell: Interpreter, script: Script, node: Syntax, checked: bool, stdin: Stream | None
) -> list[Node]:
    """Return what a command does with its redirections."""
    body, listed = _parts(shell, script, node)
    if body is not None and not listed:
        return shell.run(script, body, checked, stdin)
    reading = Reading()
    redirects = redirects_of(shell, script, listed, reading, stdin)
    found = list(reading.before)
    if body is None or body.type != "command":
        found += redirects.operations
    shell.report(reading)
    if body is not None:
        found += shell.run(script, body, checked, redirects.stdin, redirects)
    elif redirects.stdin is not None:
        # $(< file) writes what it reads.
        shell.output = redirects.stdin
    shell.output = redirects.visible(shell.output)
    return found


def split(shell: Interpreter, script: Script, node: Syntax, stdin: Stream | None) -> Split:
    """Return the same, split at the command's status."""
    body, listed = _parts(shell, script, node)
    if body is None:
        return Split(tuple(run(shell, script, node, True, stdin)))
    if not listed:
        return shell.split(script, body, stdin)
    reading = Reading()
    redirects = redirects_of(shell, script, listed, reading, stdin)
    if body.type == "command":
        status = simple.split(shell, script, body, stdin, redirects)
    else:
        status = shell.split_of(script, body, redirects.stdin)
    shell.report(reading)
    written = () if body.type == "command" else redirects.operations
    shell.output = redirects.visible(shell.output)
    return Split((*reading.before, *written, *status.yes), status.no)
