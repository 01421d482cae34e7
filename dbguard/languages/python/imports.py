"""Imports: which name stands for which qualified name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tree_sitter import Node

from dbguard.languages.python.names import Scope
from dbguard.languages.python.values import Symbol

if TYPE_CHECKING:
    from dbguard.languages.python.program import Program


def bind(program: Program, node: Node, scope: Scope) -> None:
    """Bind the names of an ``import`` or ``from ... import`` statement."""
    module = ""
    origin = node.child_by_field_name("module_name")
    if origin is not None:
        module = program.tree.text(origin).lstrip(".") or "."
    for child in node.named_children:
        if child.type == "wildcard_import":
            program.module.stars.append(module)
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
        program.bind_value(bound, scope, Symbol(qualified, bound, span))
