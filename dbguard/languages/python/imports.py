"""Imports: which name stands for which qualified name."""

from __future__ import annotations

from collections.abc import Callable

from dbguard.languages.grammars import Node
from dbguard.languages.python.names import Scope
from dbguard.languages.python.values import Symbol, Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dbguard.languages.python.program import Program


def bind(program: Program, node: Node, scope: Scope) -> None:
    """Bind the names of an ``import`` or ``from ... import`` statement."""
    module = written = ""
    origin = node.child_by_field_name("module_name")
    if origin is not None:
        written = program.tree.text(origin)
        module = written.lstrip(".") or "."
    for child in node.named_children:
        if child.type == "wildcard_import":
            program.module.stars.append(written)
    for child in node.children_by_field_name("name"):
        alias = None
        target = child
        if child.type == "aliased_import":
            name = child.child_by_field_name("name")
            alias_node = child.child_by_field_name("alias")
            if name is None or alias_node is None:
                continue
            target, alias = name, program.tree.text(alias_node)
        imported = "".join(program.tree.text(target).split())
        span = program.tree.span(child)
        if origin is not None:
            qualified = f"{module}.{imported}" if module != "." else imported
            bound = alias or imported
        else:
            qualified = imported if alias else imported.partition(".")[0]
            bound = alias or qualified
        symbol = Symbol(qualified, bound, span)
        if program.modules is None or origin is None:
            program.bind_value(bound, scope, symbol)
            continue
        if written.startswith("."):
            dot = "" if written.endswith(".") else "."
            program.modules.relative[qualified] = f"{written}{dot}{imported}"
        program.bind(bound, scope, _imported(program, written, imported, symbol))


def _imported(program: Program, module: str, name: str, symbol: Symbol) -> Callable[[], Value]:
    """Return what a name of another module is worth, once somebody asks."""

    def compute() -> Value:
        assert program.modules is not None
        found = program.modules.value(program, module, name, symbol.span)
        return symbol if found is None else found

    return compute
