"""Chains of commands: ``a && b``, ``a || b`` and pipelines."""

from __future__ import annotations

from dbguard.flow import Node
from dbguard.languages.grammars import Node as Syntax
from dbguard.languages.shell.conditions import Split, both, branch, either, ends
from dbguard.languages.shell.limits import ALTERNATIVES
from dbguard.languages.shell.outcome import may_exit
from dbguard.languages.shell.scope import PIPEFAIL
from dbguard.languages.shell.script import STATEMENTS, Script
from dbguard.languages.shell.streams import UNKNOWN, Stream

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dbguard.languages.shell.interpreter import Interpreter


def _parts(node: Syntax) -> list[tuple[str, Syntax]]:
    """Return the commands of a list, each with the operator before it."""
    parts: list[tuple[str, Syntax]] = []
    current: Syntax | None = node
    while current is not None and current.type == "list":
        children = [child for child in current.children if child.type != "comment"]
        operator = next((c.type for c in children if c.type in ("&&", "||")), "&&")
        inner = [child for child in children if child.type in STATEMENTS]
        if len(inner) < 2:
            current = inner[0] if inner else None
            continue
        parts.extend((operator, child) for child in reversed(inner[1:]))
        current = inner[0]
    if current is not None:
        parts.append(("", current))
    parts.reverse()
    return parts


def and_or(
    shell: Interpreter, script: Script, node: Syntax, checked: bool, stdin: Stream | None
) -> list[Node]:
    """Return what ``a && b || c`` does; the last command is *checked*."""
    parts = _parts(node)
    if len(parts) < 2:
        return shell.run(script, parts[0][1], checked, stdin) if parts else []
    operator, last = parts[-1]
    split, mark = _joined(shell, script, parts[:-1], stdin)
    shell.output = UNKNOWN
    nodes = tuple(shell.run(script, last, checked, stdin))
    changes = shell.scope.undo(mark)
    arms = [] if ends(nodes) else [changes]
    if operator == "&&":
        shell.scope.merge([*arms, *([] if ends(split.no) else [{}])] or [{}])
        return list(branch(split.yes + nodes, split.no))
    shell.scope.merge([*([] if ends(split.yes) else [{}]), *arms] or [{}])
    return list(branch(split.yes, split.no + nodes))


def and_or_split(shell: Interpreter, script: Script, node: Syntax, stdin: Stream | None) -> Split:
    """Return what a chain does and says where it succeeds and where it fails."""
    return _joined(shell, script, _parts(node), stdin)[0]


def _joined(
    shell: Interpreter, script: Script, parts: list[tuple[str, Syntax]], stdin: Stream | None
) -> tuple[Split, int]:
    """Return the split of a chain, and the mark of the state before what comes next."""
    result = shell.split(script, parts[0][1], stdin)
    alternatives = 0
    for operator, part in parts[1:]:
        mark = shell.scope.mark()
        split = shell.split(script, part, stdin)
        if operator == "&&":
            result = both(result, split)
            continue
        alternatives += 1
        changes = shell.scope.undo(mark)
        shell.scope.merge([{}] if ends(split.yes) else [{}, changes])
        if alternatives < ALTERNATIVES:
            result = either(result, split)
        else:
            result = Split(result.yes + split.yes)
    return result, shell.scope.mark()


def pipeline(
    shell: Interpreter, script: Script, node: Syntax, checked: bool, stdin: Stream | None
) -> list[Node]:
    """Return what ``a | b`` does, each stage in a shell of its own, fed by the one before."""
    stages = [child for child in node.children if child.type in STATEMENTS]
    found: list[Node] = []
    pipefail = shell.scope.flag(PIPEFAIL)
    stream = stdin
    for index, stage in enumerate(stages):
        last = index == len(stages) - 1
        mark = shell.scope.mark()
        shell.output = UNKNOWN
        nodes = shell.run(script, stage, checked and (last or pipefail), stream)
        shell.scope.undo(mark)
        if any(may_exit(inner) for inner in nodes):
            nodes = [shell.subshell(script, stage, nodes)]
        found.extend(nodes)
        stream = shell.output
    return found
