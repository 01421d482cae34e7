"""What evaluating an expression does: its calls, inner ones first, and what may be left out."""

from __future__ import annotations

from dbguard.flow import Branch, Loop, Sequence
from dbguard.flow import Node as FlowNode
from dbguard.languages.grammars import Node
from dbguard.languages.python import calls, guards
from dbguard.languages.python.names import Scope
from dbguard.languages.python.values import Process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dbguard.languages.python.program import Program

DEPTH_LIMIT = 85
STATEMENT_LIMIT = 60
"""How deep statements and choices nest before what is inside is merely scanned for calls."""


def scan(program: Program, node: Node, scope: Scope, out: list[FlowNode]) -> None:
    """Take every call below a node in reading order: what is nested too deeply to be walked."""
    stack = [node]
    while stack:
        current = stack.pop()
        if not program.marked(current):
            continue
        if current.type == "call":
            _call(program, current, scope, out)
        stack.extend(reversed(current.named_children))


def effects(program: Program, node: Node, scope: Scope, out: list[FlowNode]) -> None:
    """Append what evaluating an expression does, inner calls first."""
    stack: list[tuple[Node, bool]] = [(node, False)]
    while stack:
        current, entered = stack.pop()
        if entered:
            _call(program, current, scope, out)
            continue
        if not program.marked(current):
            continue
        match current.type:
            case "call":
                stack.append((current, True))
                left_out = calls.skipped(program, current)
                stack.extend(
                    (child, False)
                    for child in reversed(current.named_children)
                    if not left_out or child.type != "argument_list"
                )
                stack.extend((child, False) for child in left_out)
            case "lambda":
                _maybe(program, current.child_by_field_name("body"), scope, out)
            case "conditional_expression" | "boolean_operator":
                _choice(program, current, scope, out)
            case "list_comprehension" | "set_comprehension" | "generator_expression":
                _comprehension(program, current, scope, out)
            case _:
                stack.extend((child, False) for child in reversed(current.named_children))


def _call(program: Program, node: Node, scope: Scope, out: list[FlowNode]) -> None:
    if program.depth >= DEPTH_LIMIT:
        program.limit(node)
    outcome = program.perform(node, scope)
    start = len(out)
    out.extend(outcome.nodes)
    if isinstance(outcome.value, Process):
        outcome.value.out, outcome.value.start, outcome.value.end = out, start, len(out)
    program.remember(node, scope, outcome)


def _maybe(program: Program, node: Node | None, scope: Scope, out: list[FlowNode]) -> None:
    """Append what an expression that may or may not run does."""
    if node is None:
        return
    with program.deeper(STATEMENT_LIMIT) as inside:
        inner: list[FlowNode] = []
        (effects if inside else scan)(program, node, scope, inner)
    if inner:
        out.append(Branch((Sequence(tuple(inner)), Sequence())))


def _choice(program: Program, node: Node, scope: Scope, out: list[FlowNode]) -> None:
    with program.deeper(STATEMENT_LIMIT) as inside:
        if not inside:
            program.limit(node)
            scan(program, node, scope, out)
            return
        parts = [child for child in node.named_children if child.type != "comment"]
        if node.type == "conditional_expression" and len(parts) == 3:
            yes, condition, no = parts
            effects(program, condition, scope, out)
            facts = guards.facts(program, condition, scope)
            arms: list[Sequence] = []
            for expression, held in ((yes, facts.true), (no, facts.false)):
                inner: list[FlowNode] = []
                effects(program, expression, scope, inner)
                arms.append(Sequence((*held, *inner)))
            out.append(Branch(tuple(arms)))
            return
        if len(parts) != 2:
            scan(program, node, scope, out)
            return
        operator = node.child_by_field_name("operator")
        effects(program, parts[0], scope, out)
        facts = guards.facts(program, parts[0], scope)
        runs, skips = facts.true, facts.false
        if operator is not None and operator.type == "or":
            runs, skips = skips, runs
        inner = []
        effects(program, parts[1], scope, inner)
        if inner:
            out.append(Branch((Sequence((*runs, *inner)), Sequence(tuple(skips)))))


def _comprehension(program: Program, node: Node, scope: Scope, out: list[FlowNode]) -> None:
    with program.deeper(STATEMENT_LIMIT) as inside:
        if not inside:
            program.limit(node)
            scan(program, node, scope, out)
            return
        inner_scope = program.comprehension_scope(node, scope)
        inner: list[FlowNode] = []
        for child in node.named_children:
            if child.type == "for_in_clause":
                right = child.child_by_field_name("right")
                if right is not None:
                    effects(program, right, scope, out)
            else:
                effects(program, child, inner_scope, inner)
        if inner:
            out.append(Loop(Sequence(tuple(inner))))
