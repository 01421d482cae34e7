"""Expressions to values: one function per kind of node, none of them with an effect."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from dbguard.decoding import is_opaque
from dbguard.languages.grammars import Node
from dbguard.languages.python import strings
from dbguard.languages.python.names import Scope
from dbguard.languages.python.values import (
    NONE,
    Alternatives,
    Bound,
    Class,
    Constant,
    Contents,
    Fetched,
    Function,
    Handle,
    Items,
    Listing,
    Mapping,
    Object,
    Process,
    Symbol,
    Text,
    Unknown,
    Value,
    as_text,
    is_cut,
    one_of,
    options,
)
from dbguard.patterns import regex
from dbguard.source import Mapped, Transcript, hole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dbguard.languages.python.program import Program

TEXT_LIMIT = 1_000_000
"""Longer texts are not built: repeated doubling would fill the memory."""

_BODIES = frozenset(("text", "content", "data", "body"))
"""Attributes of an answer from the network that are still what was downloaded."""

_SLICE = regex(r"\[\s*(-?\d+)?\s*:\s*(-?\d+)?\s*(?::\s*(-?\d+)?\s*)?\]$")


def lift(program: Program, values: Sequence[Value], make: Callable[[list[Value]], Value]) -> Value:
    """Apply *make* to each combination of alternatives, paired in order."""
    choices = [options(value) for value in values]
    width = max((len(choice) for choice in choices), default=1)
    each = any(isinstance(value, Alternatives) and value.each for value in values)
    if width == 1:
        return make([choice[0] for choice in choices])
    program.spend(width)
    made = one_of(
        (make([choice[k % len(choice)] for choice in choices]) for k in range(width)), each
    )
    if isinstance(made, Alternatives) and any(is_cut(value) for value in values):
        return Alternatives(made.values, made.each, True)
    return made


WRAPPERS = frozenset(("parenthesized_expression", "await", "expression_statement"))
"""What is worth what stands inside of it."""


def unwrap(node: Node) -> Node:
    """Return the expression inside parentheses and ``await``."""
    while node.type in WRAPPERS:
        inner = next((child for child in node.named_children if child.type != "comment"), None)
        if inner is None:
            return node
        node = inner
    return node


def identifier(program: Program, node: Node, scope: Scope) -> Value:
    return program.lookup(program.tree.text(node), scope, node)


def string(program: Program, node: Node, scope: Scope) -> Value:
    """Evaluate a literal; an f-string with alternatives inside gives alternatives."""
    inner: list[tuple[Node, Value]] = []
    for child in node.named_children:
        if child.type == "interpolation":
            expression = child.child_by_field_name("expression")
            if expression is not None:
                inner.append((child, program.evaluate(expression, scope)))
    if not inner:
        return Text(strings.literal(program.tree, node, lambda *_: None))

    def build(choice: list[Value]) -> Value:
        texts = {child.id: value for (child, _), value in zip(inner, choice, strict=True)}

        def interpolate(child: Node, transcript: Transcript) -> None:
            span = program.tree.span(child)
            value = texts.get(child.id)
            text = as_text(value) if value is not None else None
            if text is None or len(transcript) + len(text.text) > TEXT_LIMIT:
                expression = child.child_by_field_name("expression")
                name = program.short_text(expression) if expression is not None else "value"
                transcript.hole(program.telling_name(name), span.start, span.end - span.start)
            else:
                conversion = child.child_by_field_name("type_conversion")
                quoted = conversion is not None and program.tree.text(conversion) == "!r"
                written = repr(text.text) if quoted and text.known else text.text
                transcript.inexact(written, span.start, span.end - span.start)

        return Text(strings.literal(program.tree, node, interpolate))

    return lift(program, [value for _, value in inner], build)


def concatenated_string(program: Program, node: Node, scope: Scope) -> Value:
    parts = [
        string(program, child, scope) for child in node.named_children if child.type == "string"
    ]
    return lift(program, parts, lambda choice: _joined(program, node, choice))


def _joined(program: Program, node: Node, parts: Iterable[Value]) -> Value:
    mapped: list[Mapped] = []
    length = 0
    for part in parts:
        text = as_text(part)
        if text is None:
            return program.unknown(node)
        length += len(text.text)
        mapped.append(text.mapped)
    if length > TEXT_LIMIT and len(mapped) > 1:
        return program.unknown(node)
    return Text(Mapped.join(mapped))


def _hole(program: Program, node: Node) -> Text:
    """Return the unknown value of an expression as text."""
    name = program.telling_name(program.short_text(node))
    return Text(Mapped.at(hole(name), program.tree.span(node)))


def text_or_hole(program: Program, value: Value, node: Node | None) -> str | None:
    """Return a value as text; what is no text becomes a hole named after its expression."""
    text = as_text(value)
    if text is not None or node is None:
        return text.text if text is not None else None
    return _hole(program, node).text


def _stands_for(program: Program, node: Node, value: Value) -> Value:
    """Let the value of a name stand where the name stands, indivisibly."""
    text = as_text(value)
    if text is None or node.type in ("string", "concatenated_string", "binary_operator"):
        return value
    return Text(Mapped.at(text.text, program.tree.span(node)), text.path)


def binary_operator(program: Program, node: Node, scope: Scope) -> Value:
    operator = node.child_by_field_name("operator")
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    if operator is None or left is None or right is None:
        return program.unknown(node)
    match operator.type:
        case "+":
            return _sum(program, node, scope)
        case "/":
            parts: list[Node] = [right]
            while left.type == "binary_operator":
                inner = left.child_by_field_name("operator")
                deeper = left.child_by_field_name("left")
                last = left.child_by_field_name("right")
                if inner is None or inner.type != "/" or deeper is None or last is None:
                    break
                parts.append(last)
                left = deeper
            values = [program.evaluate(part, scope) for part in (left, *reversed(parts))]
            if any(isinstance(option, Fetched) for value in values for option in options(value)):
                return _fetched(values)
            return lift(program, values, lambda choice: join_path(program, node, choice))
        case "%":
            return _percent(program, node, left, right, scope)
        case "*":
            return _fetched(
                [program.evaluate(left, scope), program.evaluate(right, scope)]
            ) or program.unknown(node)
        case _:
            values = [program.evaluate(left, scope), program.evaluate(right, scope)]
            return _fetched(values) or program.unknown(node)


def _fetched(values: Iterable[Value]) -> Value:
    found: Fetched | None = None
    for value in values:
        for option in options(value):
            if isinstance(option, Fetched):
                found = option if found is None else found.union(option)
    return found or NONE


def _sum(program: Program, node: Node, scope: Scope) -> Value:
    """Evaluate a chain of ``+`` along its left spine, without recursion."""
    operands: list[Node] = []
    current = node
    while True:
        left, right = current.child_by_field_name("left"), current.child_by_field_name("right")
        operator = current.child_by_field_name("operator")
        if left is None or right is None or operator is None or operator.type != "+":
            operands.append(current)
            break
        operands.append(right)
        current = unwrap(left)
        if current.type != "binary_operator":
            operands.append(current)
            break
    operands.reverse()
    values: list[Value] = []
    for operand in operands:
        value = program.evaluate(operand, scope)
        if isinstance(value, Alternatives):
            value = Alternatives(
                tuple(_stands_for(program, operand, v) for v in value.values), value.each
            )
        values.append(_stands_for(program, operand, value))
    if all(isinstance(value, Items) for value in values):
        return Items(tuple(i for value in values if isinstance(value, Items) for i in value.items))
    if any(isinstance(value, Text) for value in values):
        values = [
            _hole(program, operand) if isinstance(value, Fetched) else value
            for operand, value in zip(operands, values, strict=True)
        ]
    fetched = _fetched(values)
    if isinstance(fetched, Fetched):
        return fetched
    if values and isinstance(values[0], Items):
        return Items(
            tuple(
                item
                for value in values
                for item in (value.items if isinstance(value, Items) else (value,))
            )
        )
    return lift(program, values, lambda choice: _joined(program, node, choice))


def join_path(program: Program, node: Node, parts: Sequence[Value]) -> Value:
    """Join paths; an absolute part starts anew. '' and "." are the working directory."""
    joined = ""
    for part in parts:
        text = part.name if isinstance(part, Handle) and part.kind == "temporary" else None
        if text is None:
            found = as_text(part)
            if found is None:
                return program.unknown(node)
            text = found.text
        if text.startswith("/") or not joined or joined == ".":
            joined = text
        elif text not in ("", "."):
            joined = f"{joined.rstrip('/')}/{text}"
    if len(joined) > TEXT_LIMIT:
        return program.unknown(node)
    return Text(Mapped.at(joined, program.tree.span(node)), path=True)


def _percent(program: Program, node: Node, left: Node, right: Node, scope: Scope) -> Value:
    template = program.evaluate(left, scope)
    arguments = program.evaluate(right, scope)
    if isinstance(arguments, Items):
        values = list(arguments.items)
        names: list[str] = []
    elif isinstance(arguments, Mapping):
        names, values = list(arguments.entries), list(arguments.entries.values())
    else:
        names, values = [], [arguments]

    written = unwrap(right)
    expressions: list[Node | None] = [None] * len(values)
    if written.type == "tuple" and len(written.named_children) == len(values):
        expressions = list(written.named_children)
    elif len(values) == 1:
        expressions = [written]

    def build(choice: list[Value]) -> Value:
        head = as_text(choice[0])
        if head is None:
            return program.unknown(node)
        texts = [
            text_or_hole(program, value, written)
            for value, written in zip(choice[1:], expressions, strict=False)
        ]
        named = dict(zip(names, texts, strict=False)) if names else None
        return Text(strings.percent(head.mapped, [] if names else texts, named))

    return lift(program, [template, *values], build)


def boolean_operator(program: Program, node: Node, scope: Scope) -> Value:
    """Evaluate ``a or b`` to both: the default counts where the first is empty."""
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    operator = node.child_by_field_name("operator")
    if left is None or right is None or operator is None:
        return program.unknown(node)
    if operator.type == "and":
        return program.evaluate(right, scope)
    return one_of([program.evaluate(left, scope), program.evaluate(right, scope)])


def conditional_expression(program: Program, node: Node, scope: Scope) -> Value:
    parts = [child for child in node.named_children if child.type != "comment"]
    if len(parts) != 3:
        return program.unknown(node)
    return one_of([program.evaluate(parts[0], scope), program.evaluate(parts[2], scope)])


def collection(program: Program, node: Node, scope: Scope) -> Value:
    items: list[Value] = []
    for child in node.named_children[:256]:
        if child.type == "comment":
            continue
        if child.type == "list_splat" and child.named_children:
            value = program.evaluate(child.named_children[0], scope)
            items.extend(value.items if isinstance(value, Items) else (value,))
        else:
            items.append(program.evaluate(child, scope))
    return Items(tuple(items))


def dictionary(program: Program, node: Node, scope: Scope) -> Value:
    entries: dict[str, Value] = {}
    for child in node.named_children[:256]:
        key, value = child.child_by_field_name("key"), child.child_by_field_name("value")
        if key is None or value is None:
            continue
        if (name := as_text(program.evaluate(key, scope))) is not None:
            entries[name.text] = program.evaluate(value, scope)
    return Mapping(entries)


def comprehension(program: Program, node: Node, scope: Scope) -> Value:
    inner = program.comprehension_scope(node, scope)
    body = node.child_by_field_name("body")
    if body is None:
        return program.unknown(node)
    return Listing(program.evaluate(body, inner))


def number(program: Program, node: Node, scope: Scope) -> Value:
    text = program.tree.text(node).replace("_", "").rstrip("lLjJ")
    try:
        return Constant(int(text, 0)) if len(text) < 40 else program.unknown(node)
    except ValueError:
        try:
            return Constant(float(text))
        except ValueError:
            return program.unknown(node)


def unary_operator(program: Program, node: Node, scope: Scope) -> Value:
    argument = node.child_by_field_name("argument")
    value = program.evaluate(argument, scope) if argument is not None else NONE
    if isinstance(value, Constant) and isinstance(value.value, int):
        return Constant(-value.value)
    return value if isinstance(value, Fetched) else program.unknown(node)


def element_of(program: Program, value: Value, node: Node) -> Value:
    """Return what a loop over *value* binds its variable to."""
    match value:
        case Items(items=items):
            return one_of(items, each=True) if len(items) != 1 else items[0]
        case Listing(element=element):
            return element
        case Text() | Fetched() | Contents():
            return value
        case Mapping(entries=entries):
            span = program.tree.span(node)
            return one_of((Text(Mapped.at(key, span)) for key in entries), each=True)
        case Alternatives(values=values, each=each):
            return one_of((element_of(program, item, node) for item in values), each)
        case _:
            return program.unknown(node)


def item_of(program: Program, value: Value, index: int, node: Node) -> Value:
    """Return what position *index* of a tuple target is bound to."""
    match value:
        case Items(items=items):
            inside = -len(items) <= index < len(items)
            return items[index] if inside else program.unknown(node)
        case Alternatives(values=values, each=each):
            return one_of((item_of(program, v, index, node) for v in values), each)
        case Fetched():
            return value
        case Listing(element=element):
            return element
        case _:
            return program.unknown(node)


def subscript(program: Program, node: Node, scope: Scope) -> Value:
    target, key_node = node.child_by_field_name("value"), node.child_by_field_name("subscript")
    if target is None or key_node is None:
        return program.unknown(node)
    value = program.evaluate(target, scope)

    def pick(choice: list[Value]) -> Value:
        owner = choice[0]
        if key_node.type == "slice":
            return _slice(program, owner, node)
        match owner:
            case Fetched():
                return owner
            case Process() | Contents():
                return owner
            case Listing(element=element):
                return element
        key = program.evaluate(key_node, scope)
        index = key.value if isinstance(key, Constant) else None
        name = key.text if isinstance(key, Text) else None
        match owner:
            case Items() if isinstance(index, int):
                return item_of(program, owner, index, node)
            case Items():
                return element_of(program, owner, node)
            case Mapping(entries=entries) if name in entries:
                return entries[name]
            case Mapping(entries=entries) if name is None and entries:
                return one_of(entries.values())
            case _:
                return program.item(owner, key, node)

    return lift(program, [value], pick)


def _slice(program: Program, owner: Value, node: Node) -> Value:
    if isinstance(owner, Items):
        match = _SLICE.search(program.short_text(node))
        if match is not None and int(match[3] or 1):
            low = int(match[1]) if match[1] else None
            high = int(match[2]) if match[2] else None
            return Items(owner.items[low : high : int(match[3] or 1)])
    if isinstance(owner, Fetched | Listing | Contents | Items):
        return owner
    if isinstance(owner, Text) and owner.known:
        match = _SLICE.search(program.short_text(node))
        if match is not None:
            step = int(match[3] or 1)
            if step != 1:
                low, high = (int(edge) if edge else None for edge in match.groups()[:2])
                text = owner.text[low:high:step] if step else ""
                return Text(Mapped.at(text, owner.mapped.span), owner.path)
            length = len(owner.text)
            low, high, _ = slice(
                int(match[1]) if match[1] else None, int(match[2]) if match[2] else None
            ).indices(length)
            return Text(owner.mapped.slice(low, max(low, high)))
    return program.unknown(node)


def attribute(program: Program, node: Node, scope: Scope) -> Value:
    target, name_node = node.child_by_field_name("object"), node.child_by_field_name("attribute")
    if target is None or name_node is None:
        return program.unknown(node)
    name = program.tree.text(name_node)
    value = program.evaluate(target, scope)
    return lift(program, [value], lambda choice: attribute_of(program, choice[0], name, node))


def attribute_of(program: Program, owner: Value, name: str, node: Node) -> Value:
    """Return the attribute *name* of a value."""
    match owner:
        case Symbol(name=qualified, written=written):
            if qualified == "os.environ":
                return Bound(owner, name)
            if program.modules is not None:
                found = program.modules.value(program, qualified, name, program.tree.span(node))
                if found is not None:
                    return found
            return Symbol(f"{qualified}.{name}", f"{written}.{name}"[:120], program.tree.span(node))
        case Object() | Class():
            return program.member(owner, name, node)
        case Fetched():
            return owner
        case Process():
            return owner
        case Handle():
            return program.handle_attribute(owner, name, node)
        case Text(path=True):
            return path_attribute(owner, name, node, program)
        case Text(mapped=mapped) if name in _BODIES and is_opaque(mapped.text):
            return owner
        case Unknown(name=base, weak=weak):
            return Unknown(f"{base}.{name}"[:120], program.tree.span(node), weak)
        case _:
            return program.unknown(node)


def path_attribute(owner: Text, name: str, node: Node, program: Program) -> Value:
    """Return an attribute of a ``pathlib`` path. The folder of the script itself is ''."""
    text = owner.text
    span = program.tree.span(node)
    head, _, tail = text.rpartition("/")
    stem, dot, suffix = tail.rpartition(".")
    match name:
        case "parent":
            return Text(Mapped.at(head if head or not text.startswith("/") else "/", span), True)
        case "name":
            return Text(Mapped.at(tail, span))
        case "stem":
            return Text(Mapped.at(stem if stem else tail, span))
        case "suffix":
            return Text(Mapped.at(dot + suffix if stem else "", span))
        case "parents":
            return Listing(Text(Mapped.at(head, span), True))
        case "path":
            return owner
        case _:
            return Bound(owner, name)


def named_expression(program: Program, node: Node, scope: Scope) -> Value:
    value = node.child_by_field_name("value")
    return program.evaluate(value, scope) if value is not None else program.unknown(node)


def call(program: Program, node: Node, scope: Scope) -> Value:
    return program.call_value(node, scope)


def comparison(program: Program, node: Node, scope: Scope) -> Value:
    """What a comparison has read, so that a flag computed from it still counts as a check."""
    return program.unknown(node)


def lambda_(program: Program, node: Node, scope: Scope) -> Value:
    return Function("<lambda>", node, scope)


def constant(value: bool | None) -> Callable[[Program, Node, Scope], Value]:
    return lambda _program, _node, _scope: Constant(value)


EVALUATORS: dict[str, Callable[[Program, Node, Scope], Value]] = {
    "identifier": identifier,
    "string": string,
    "concatenated_string": concatenated_string,
    "binary_operator": binary_operator,
    "boolean_operator": boolean_operator,
    "conditional_expression": conditional_expression,
    "list": collection,
    "tuple": collection,
    "set": collection,
    "expression_list": collection,
    "dictionary": dictionary,
    "list_comprehension": comprehension,
    "set_comprehension": comprehension,
    "generator_expression": comprehension,
    "integer": number,
    "float": number,
    "unary_operator": unary_operator,
    "subscript": subscript,
    "attribute": attribute,
    "named_expression": named_expression,
    "call": call,
    "lambda": lambda_,
    "true": constant(True),
    "false": constant(False),
    "none": constant(None),
}
