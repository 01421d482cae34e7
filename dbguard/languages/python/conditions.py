"""Conditions that are constant, bind names, or narrow what a name may be; confirming decorators."""

from __future__ import annotations

import re
from collections.abc import Callable

from dbguard.flow import Node as FlowNode
from dbguard.languages.grammars import Node
from dbguard.languages.python.evaluation import unwrap
from dbguard.languages.python.guards import arguments_of, guard, texts_of
from dbguard.languages.python.names import Scope
from dbguard.languages.python.values import Alternatives, Text, Unknown, Value
from dbguard.operations import Guard
from dbguard.patterns import regex
from dbguard.records import dataclass
from dbguard.source import Mapped, display, has_hole

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
                program.bind_target(name, scope, _computed(program, value, scope), value)
        stack.extend(current.named_children)


def _computed(program: Program, node: Node, scope: Scope) -> Callable[[], Value]:
    return lambda: program.evaluate(node, scope)


_SUFFIX = regex(r"^(\w+)(?:\.name|\.path)?\.(?:endswith\(|suffix\s*==\s*)")


def tells_an_ending(program: Program, node: Node) -> bool:
    """Say whether a condition may ask how a text ends."""
    return program.tree.data.find(b"endswith(", node.start_byte, node.end_byte) >= 0


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
        parts = node.named_children[:8]
        if operator is not None and (operator.type == "and") == holds:
            for part in parts:
                if part.type != "boolean_operator":
                    narrow(program, part, scope, holds)
        elif holds and operator is not None:
            endings = [_ending(program, part, scope) for part in parts]
            names = {ending.name for ending in endings if ending is not None}
            if len(names) == 1 and all(e is not None and e.is_refuted for e in endings):
                name = names.pop()
                program.bind_value(name, scope, Unknown(name, program.tree.span(node)))
        return
    if not holds:
        return
    ending = _ending(program, node, scope)
    if ending is None:
        return
    span = program.tree.span(node)
    old = ending.old
    if isinstance(old, Unknown):
        program.bind_value(ending.name, scope, Text(Mapped.at(f"*{ending.texts[0]}", span)))
    elif ending.is_refuted:
        # Reached with another value, if at all: not with this one.
        program.bind_value(ending.name, scope, Unknown(ending.name, span))
    elif isinstance(old, Text) and not old.known:
        head, slash, _ = old.text.rpartition("/")
        pattern = Mapped.at(f"{head}{slash}*{ending.texts[0]}", span)
        program.bind_value(ending.name, scope, Text(pattern, old.path))


@dataclass(frozen=True, slots=True)
class _Ending:
    """A test of how the text that a name is bound to ends, and what it is bound to."""

    name: str
    old: Value | None
    texts: list[str]

    @property
    def is_refuted(self) -> bool:
        """Say whether the name is bound to a text that is known to end otherwise."""
        values = self.old.values if isinstance(self.old, Alternatives) else (self.old,)
        endings = tuple(self.texts)
        return not any(map(has_hole, endings)) and all(
            isinstance(value, Text) and value.known and not value.text.endswith(endings)
            for value in values
        )


def _ending(program: Program, node: Node, scope: Scope) -> _Ending | None:
    node = unwrap(node)
    comparison = node.type == "comparison_operator" and node.named_child_count == 2
    if node.type != "call" and not comparison:
        return None
    match = _SUFFIX.match(program.short_text(node))
    if match is None:
        return None
    binding = scope.find(match[1], program.point)
    old = program.force(binding) if binding is not None else None
    if node.type == "call":
        arguments = arguments_of(node)
        ending = program.evaluate(arguments[0], scope) if arguments else None
    else:
        ending = program.evaluate(node.named_children[-1], scope)
    texts = texts_of(ending) if ending is not None else []
    if not texts or texts[0].startswith("__hole_"):
        return None
    return _Ending(match[1], old, texts)


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
