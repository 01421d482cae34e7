"""Conditions that are constant, bind names, or narrow what a name may be; confirming decorators."""

from __future__ import annotations

import re
from collections.abc import Callable

from dbguard.flow import Node as FlowNode
from dbguard.languages.grammars import Node
from dbguard.languages.python.evaluation import unwrap
from dbguard.languages.python.guards import arguments_of, guard, texts_of
from dbguard.languages.python.names import Scope
from dbguard.languages.python.values import Text, Unknown, Value
from dbguard.operations import Guard
from dbguard.patterns import regex
from dbguard.source import Mapped, display

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dbguard.languages.python.program import Program


def is_main(program: Program, node: Node) -> bool:
    """Say whether a condition is ``__name__ == "__main__"``."""
    text = program.short_text(node)
    return "__name__" in text and "__main__" in text and "!=" not in text


def constant_condition(program: Program, node: Node) -> bool | None:
    """Return the value of a condition that never changes, None for others."""
    node = unwrap(node)
    match node.type:
        case "true":
            return True
        case "false":
            return False
        case "integer":
            return program.tree.text(node) not in ("0", "00")
        case _:
            if program.short_text(node) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
                return False
            return None


def bind_walrus(program: Program, node: Node, scope: Scope) -> None:
    """Bind the names a condition assigns with ``:=``."""
    if b":=" not in program.tree.data[node.start_byte : min(node.end_byte, node.start_byte + 2000)]:
        return
    stack, seen = [node], 0
    while stack and seen < 200:
        current = stack.pop()
        seen += 1
        if current.type == "named_expression":
            name = current.child_by_field_name("name")
            value = current.child_by_field_name("value")
            if name is not None and value is not None:
                program.bind_target(name, scope, _computed(program, value, scope))
                program.note_source(name, scope, value)
        stack.extend(current.named_children)


def _computed(program: Program, node: Node, scope: Scope) -> Callable[[], Value]:
    return lambda: program.evaluate(node, scope)


_SUFFIX = regex(r"^(\w+)(?:\.name|\.path)?\.(?:endswith\(|suffix\s*==\s*)")


def narrow(program: Program, node: Node, scope: Scope, holds: bool) -> None:
    """Bind a file name to a pattern where a condition tells how it ends (``.endswith(".db")``)."""
    node = unwrap(node)
    while node.type == "not_operator":
        argument = node.child_by_field_name("argument")
        if argument is None:
            return
        node, holds = unwrap(argument), not holds
    if node.type == "boolean_operator":
        operator = node.child_by_field_name("operator")
        if operator is not None and (operator.type == "and") == holds:
            for part in node.named_children[:8]:
                if part.type != "boolean_operator":
                    narrow(program, part, scope, holds)
        return
    if not holds:
        return
    match = _SUFFIX.match(program.short_text(node))
    if match is None:
        return
    binding = scope.find(match[1], program.point)
    old = program.force(binding) if binding is not None else None
    if node.type == "call":
        arguments = arguments_of(node)
        ending = program.evaluate(arguments[0], scope) if arguments else None
    else:
        ending = program.evaluate(node.named_children[-1], scope)
    texts = texts_of(ending) if ending is not None else []
    if not texts or texts[0].startswith("__hole_"):
        return
    span = program.tree.span(node)
    if isinstance(old, Unknown):
        program.bind_value(match[1], scope, Text(Mapped.at(f"*{texts[0]}", span)))
    elif isinstance(old, Text) and not old.known:
        head, slash, _ = old.text.rpartition("/")
        program.bind_value(
            match[1], scope, Text(Mapped.at(f"{head}{slash}*{texts[0]}", span), old.path)
        )


def of_decorator(program: Program, decorator: Node) -> FlowNode | None:
    """Return the guard of a decorator that asks a person (``@click.confirmation_option``)."""
    text = display(program.short_text(decorator))
    if re.match(r"@(?:[\w.]+\.)?confirmation_option\b", text):
        return guard(program, decorator, Guard.PERSON)
    if (
        re.match(r"@(?:[\w.]+\.)?option\b", text)
        and re.search(r"\bconfirm", text)
        and ("callback" in text or "prompt" in text)
    ):
        return guard(program, decorator, Guard.PERSON)
    return None
