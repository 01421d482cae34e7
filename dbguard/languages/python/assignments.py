"""Assignments, augmented ones and ``list.append``: what a name is worth from here on."""

from __future__ import annotations

from dbguard.flow import Node as FlowNode
from dbguard.languages.grammars import Node
from dbguard.languages.python import calls
from dbguard.languages.python.effects import effects
from dbguard.languages.python.names import Scope
from dbguard.languages.python.values import Fetched, Items, Listing, Text, Value, as_text
from dbguard.source import Mapped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dbguard.languages.python.program import Program


def append(program: Program, node: Node, scope: Scope) -> None:
    """Follow ``list.append`` and ``list.extend`` on a name."""
    function = node.child_by_field_name("function")
    if function is None or function.type != "attribute":
        return
    target, name = function.child_by_field_name("object"), function.child_by_field_name("attribute")
    if target is None or name is None or target.type != "identifier":
        return
    method = program.tree.data[name.start_byte : name.end_byte]
    if method not in (b"append", b"extend"):
        return
    arguments = node.child_by_field_name("arguments")
    if arguments is None or len(arguments.named_children) != 1:
        return
    word = program.tree.text(target)
    old = scope.find(word, program.point)
    if old is None:
        return
    argument = arguments.named_children[0]
    looping = program.looping

    def compute() -> Value:
        before = program.force(old)
        added = program.evaluate(argument, scope)
        if not isinstance(before, Items):
            return before if before is not None else program.unknown(target)
        if method == b"extend":
            if isinstance(added, Items):
                return Items(before.items + added.items)
            if isinstance(added, Listing) and not before.items:
                return added
            return before
        if looping and not before.items:
            return Listing(added)
        return Items((*before.items[:512], added))

    program.bind(word, scope, compute)


def assignment(program: Program, node: Node, scope: Scope, out: list[FlowNode]) -> None:
    targets: list[Node] = []
    current: Node | None = node
    while current is not None and current.type == "assignment":
        left = current.child_by_field_name("left")
        if left is not None:
            targets.append(left)
        current = current.child_by_field_name("right")
    if current is None:
        return
    right = current
    if program.marked(node):
        if not all(calls.describes_state(program, target) for target in targets):
            effects(program, right, scope, out)
        for target in targets:
            out.extend(calls.configuration(program, target, right, scope))
    for target in targets:
        program.bind_target(target, scope, lambda: program.evaluate(right, scope), right)


def augmented(program: Program, node: Node, scope: Scope, out: list[FlowNode]) -> None:
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    if left is None or right is None:
        return
    if program.marked(right):
        effects(program, right, scope, out)
    if left.type != "identifier":
        return
    name = program.tree.text(left)
    old = scope.find(name, program.point)

    def compute() -> Value:
        before = program.force(old) if old is not None else None
        added = program.evaluate(right, scope)
        if isinstance(before, Fetched):
            return before.union(added) if isinstance(added, Fetched) else before
        if isinstance(added, Fetched):
            return added
        if isinstance(before, Items):
            more = added.items if isinstance(added, Items) else (added,)
            return Items((before.items + more)[:512])
        first, second = as_text(before) if before is not None else None, as_text(added)
        if first is None or second is None or len(first.text) + len(second.text) > 1_000_000:
            return program.unknown(left)
        return Text(Mapped.join((first.mapped, second.mapped)))

    program.bind(name, scope, compute)
