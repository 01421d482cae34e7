"""Statements to flow nodes: what runs after what, what may be left out, what ends a path."""

from __future__ import annotations

from collections.abc import Callable

from dbguard.flow import (
    Branch,
    Embed,
    Loop,
    Sequence,
    Stop,
    StopKind,
    Try,
)
from dbguard.flow import Node as FlowNode
from dbguard.languages.grammars import Node
from dbguard.languages.python import calls, conditions, guards, imports
from dbguard.languages.python.assignments import append, assignment, augmented
from dbguard.languages.python.effects import STATEMENT_LIMIT, effects, scan
from dbguard.languages.python.evaluation import element_of, unwrap
from dbguard.languages.python.names import Binding, Return, Scope
from dbguard.languages.python.structure import ends
from dbguard.languages.python.values import (
    Class,
    Function,
    Handle,
    Object,
    Symbol,
    Text,
    Value,
    one_of,
)
from dbguard.records import dataclass
from dbguard.source import Mapped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dbguard.languages.python.program import Program

Body = Callable[[list[FlowNode]], None]

_EXIT_WORDS = frozenset(b"exit _exit abort quit fail skip skipTest error die".split())
EXITS = frozenset({"sys.exit", "os._exit", "os.abort", "exit", "quit", "_exit"})


# -- flows ------------------------------------------------------------------------------------


def function_body(program: Program, function: Function, scope: Scope, out: list[FlowNode]) -> None:
    """Walk the body of a function; a decorator that asks a person stands before it."""
    for decorator in function.decorators:
        guard = conditions.of_decorator(program, decorator)
        if guard is not None:
            out.append(guard)
    body = function.node.child_by_field_name("body")
    if body is not None:
        block(program, body, scope, out)


# -- statements -------------------------------------------------------------------------------


def block(program: Program, node: Node, scope: Scope, out: list[FlowNode]) -> None:
    """Walk the statements of a block, module or ERROR node."""
    with program.deeper(STATEMENT_LIMIT) as inside:
        if not inside:
            program.limit(node)
            scan(program, node, scope, out)
            return
        for child in node.named_children:
            statement(program, child, scope, out)


def statement(program: Program, node: Node, scope: Scope, out: list[FlowNode]) -> None:
    """Walk one statement."""
    walk = _STATEMENTS.get(node.type)
    if walk is not None:
        walk(program, node, scope, out)
    elif program.marked(node):
        effects(program, node, scope, out)


def _expression_statement(program: Program, node: Node, scope: Scope, out: list[FlowNode]) -> None:
    for child in node.named_children:
        match child.type:
            case "assignment":
                assignment(program, child, scope, out)
            case "augmented_assignment":
                augmented(program, child, scope, out)
            case "call":
                append(program, child, scope)
                if program.marked(child):
                    effects(program, child, scope, out)
                if _exits(program, child, scope):
                    out.append(Stop(StopKind.EXIT, program.tree.span(child)))
            case "string" | "concatenated_string" | "comment":
                pass
            case _:
                if program.marked(child):
                    effects(program, child, scope, out)


def _exits(program: Program, node: Node, scope: Scope) -> bool:
    """Say whether a call ends the program."""
    function = node.child_by_field_name("function")
    if function is None:
        return False
    last = function.child_by_field_name("attribute") or function
    if program.tree.data[last.start_byte : last.end_byte] not in _EXIT_WORDS:
        return False
    if function.type == "identifier":
        name = program.tree.text(function)
        value = program.lookup(name, scope, function)
        if isinstance(value, Symbol):
            name = value.name
        elif not program.is_builtin(name, scope):
            return False
    else:
        value = program.evaluate(function, scope)
        name = value.name if isinstance(value, Symbol) else program.short_text(function)
    return (
        name in EXITS
        or name in calls.RAISING
        or (
            name.rpartition(".")[0] in ("ctx", "click", "self", "parser")
            and name.rpartition(".")[2] in ("exit", "abort", "fail", "skipTest", "error")
        )
    )


def _definition(program: Program, node: Node, scope: Scope, out: list[FlowNode]) -> None:
    """Bind a function or class; the body of a class runs now, that of a function when called."""
    decorators: tuple[Node, ...] = ()
    if node.type == "decorated_definition":
        decorators = tuple(c for c in node.named_children if c.type == "decorator")
        inner = node.child_by_field_name("definition")
        if inner is None:
            return
        node = inner
    name_node = node.child_by_field_name("name")
    if name_node is None:
        return
    name = program.tree.text(name_node)
    if node.type == "function_definition":
        function = Function(name, node, scope, None, decorators)
        program.bind_value(name, scope, function)
        if program.marked(node):
            owner = scope.owner if scope.is_class else None
            known = Function(name, node, scope, owner, decorators) if owner else function
            program.functions[node.id] = known
        return
    _class(program, node, name, scope, out)


def _class(program: Program, node: Node, name: str, scope: Scope, out: list[FlowNode]) -> None:
    inner = Scope(scope, is_class=True)
    superclasses = node.child_by_field_name("superclasses")
    bases: list[Value] = []
    if superclasses is not None:
        bases = [
            program.evaluate(child, scope)
            for child in superclasses.named_children[:8]
            if child.type not in ("keyword_argument", "comment")
        ]
    cls = Class(name, node, inner, tuple(bases))
    inner.owner = Object(cls)
    program.bind_value(name, scope, cls)
    body = node.child_by_field_name("body")
    if body is not None:
        block(program, body, inner, out)


def _import(program: Program, node: Node, scope: Scope, out: list[FlowNode]) -> None:
    imports.bind(program, node, scope)


@dataclass(slots=True)
class Arm:
    """One way through a branch: what it does, and the bindings in force at its end."""

    nodes: list[FlowNode]
    bound: dict[tuple[int, str], tuple[Scope, Binding]]
    ended: bool


def arm(program: Program, body: Body) -> Arm:
    """Walk one arm; its bindings are put aside until the arms are merged."""
    start = program.tick()
    at = len(program.journal)
    out: list[FlowNode] = []
    program.branching += 1
    body(out)
    program.branching -= 1
    end = program.tick()
    bound: dict[tuple[int, str], tuple[Scope, Binding]] = {}
    for scope, name in program.journal[at:]:
        owner = scope.outer_names.get(name, scope)
        for binding in reversed(owner.bindings.get(name, [])):
            if binding.serial < start:
                break
            if binding.hidden > end:
                binding.hidden = end
                bound.setdefault((owner.identity, name), (owner, binding))
    return Arm(out, bound, ends(out))


def merge(program: Program, arms: list[Arm]) -> None:
    """Bind every name the arms have bound to what it is in those that go on."""
    going = [one for one in arms if not one.ended]
    names: dict[tuple[int, str], Scope] = {}
    for one in going:
        for key, (scope, _) in one.bound.items():
            names[key] = scope
    for (identity, name), scope in names.items():
        found: list[Binding] = []
        for one in going:
            kept = one.bound.get((identity, name))
            binding = kept[1] if kept else scope.find(name, program.point)
            if binding is not None and binding not in found:
                found.append(binding)
        program.bind(name, scope, _either(program, found))


def _either(program: Program, bindings: list[Binding]) -> Callable[[], Value]:
    def compute() -> Value:
        values = [program.force(binding) for binding in bindings]
        return one_of(value for value in values if value is not None)

    return compute


def _branch(arms: list[list[FlowNode]], out: list[FlowNode]) -> None:
    if any(arms):
        out.append(Branch(tuple(Sequence(tuple(nodes)) for nodes in arms)))


def _if(program: Program, node: Node, scope: Scope, out: list[FlowNode]) -> None:
    condition = node.child_by_field_name("condition")
    consequence = node.child_by_field_name("consequence")
    if condition is None:
        return
    if conditions.is_main(program, condition):
        if consequence is not None:
            block(program, consequence, scope, out)
        return
    pairs: list[tuple[Node | None, Node | None]] = [(condition, consequence)]
    for child in node.children_by_field_name("alternative"):
        if child.type == "elif_clause":
            pairs.append(
                (child.child_by_field_name("condition"), child.child_by_field_name("consequence"))
            )
        else:
            pairs.append((None, child.child_by_field_name("body")))
    if pairs[-1][0] is not None:
        pairs.append((None, None))
    failed: list[FlowNode] = []
    arms: list[Arm] = []
    marked = program.marked(node)
    for test, body in pairs:
        facts = guards.NOTHING
        if test is not None:
            conditions.bind_walrus(program, test, scope)
            if program.marked(test):
                effects(program, test, scope, out)
            if conditions.constant_condition(program, test) is False:
                continue
        before = list(failed)

        def walk(inner: list[FlowNode], body: Node | None = body, test: Node | None = test) -> None:
            if test is not None and (marked or conditions.tells_an_ending(program, test)):
                conditions.narrow(program, test, scope, True)
            if body is not None:
                block(program, body, scope, inner)

        serial = program.point
        held = len(scope.facts)
        # At the top level only a comparison may say something of what follows it.
        if test is not None and (
            marked or scope.function is not None or test.type == "comparison_operator"
        ):
            facts = guards.facts(program, test, scope)
        scope.facts.extend((*before, *facts.true))
        one = arm(program, walk)
        del scope.facts[held:]
        if one.ended and test is not None and facts is guards.NOTHING:
            with program.at(serial):
                facts = guards.facts(program, test, scope)
        with program.at(serial):
            true, false = facts.settle(one.ended)
        one.nodes[:0] = [*before, *true]
        failed.extend(false)
        if one.ended:
            guards.confirm(facts.failures)
            scope.facts.extend(false)
        arms.append(one)
        if test is not None and one.ended and marked:
            conditions.narrow(program, test, scope, False)
    merge(program, arms)
    _branch([one.nodes for one in arms], out)
    going = [one.nodes for one in arms if not one.ended]
    if len(going) > 1:
        out.extend(guards.either_way(going))


def _loop(program: Program, node: Node, scope: Scope, out: list[FlowNode]) -> None:
    body = node.child_by_field_name("body")
    target, iterable = node.child_by_field_name("left"), node.child_by_field_name("right")
    condition = node.child_by_field_name("condition")
    at_least_once = False
    if iterable is not None and program.marked(iterable):
        effects(program, iterable, scope, out)
    if condition is not None:
        conditions.bind_walrus(program, condition, scope)
        if program.marked(condition):
            effects(program, condition, scope, out)
        at_least_once = conditions.constant_condition(program, condition) is True
    if iterable is not None and iterable.type in ("list", "tuple", "set"):
        at_least_once = bool(iterable.named_children)

    def walk(inner: list[FlowNode]) -> None:
        if target is not None and iterable is not None:
            program.bind_target(
                target,
                scope,
                lambda: element_of(program, program.evaluate(iterable, scope), iterable),
            )
        if condition is not None:
            inner.extend(guards.facts(program, condition, scope).true)
        if body is not None:
            block(program, body, scope, inner)

    program.looping += 1
    one = arm(program, walk)
    program.looping -= 1
    one.ended = False
    merge(program, [one] if at_least_once else [one, Arm([], {}, False)])
    if one.nodes:
        out.append(Loop(Sequence(tuple(one.nodes)), at_least_once))
    alternative = node.child_by_field_name("alternative")
    if alternative is not None:
        other = alternative.child_by_field_name("body")
        if other is not None:
            _optional(program, other, scope, out)


def _optional(program: Program, body: Node, scope: Scope, out: list[FlowNode]) -> None:
    one = arm(program, lambda inner: block(program, body, scope, inner))
    merge(program, [one, Arm([], {}, False)])
    _branch([one.nodes, []], out)


def _try(program: Program, node: Node, scope: Scope, out: list[FlowNode]) -> None:
    body = node.child_by_field_name("body")
    inner: list[FlowNode] = []
    if body is not None:
        block(program, body, scope, inner)
    handlers: list[Arm] = []
    otherwise: list[FlowNode] = []
    final: list[FlowNode] = []
    for child in node.named_children:
        blocks = [part for part in child.named_children if part.type == "block"]
        last = blocks[-1] if blocks else None
        if last is None:
            continue
        match child.type:
            case "except_clause" | "except_group_clause":
                found = last
                handlers.append(
                    arm(program, lambda nodes, b=found: block(program, b, scope, nodes))  # type: ignore[misc]
                )
            case "else_clause":
                block(program, last, scope, otherwise)
            case "finally_clause":
                merge(program, [*handlers, Arm([], {}, False)])
                handlers = [Arm(h.nodes, {}, h.ended) for h in handlers]
                block(program, last, scope, final)
    merge(program, [*handlers, Arm([], {}, False)])
    if inner or otherwise or final or any(h.nodes for h in handlers):
        out.append(
            Try(
                Sequence(tuple(inner)),
                tuple(Sequence(tuple(h.nodes)) for h in handlers),
                Sequence(tuple(otherwise)),
                Sequence(tuple(final)),
            )
        )


def _with(program: Program, node: Node, scope: Scope, out: list[FlowNode]) -> None:
    body = node.child_by_field_name("body")
    suppressed = False
    stack = [child for child in node.named_children if child.type == "with_clause"]
    while stack:
        current = stack.pop()
        if current.type in ("with_clause", "with_item", "parenthesized_expression", "tuple"):
            stack.extend(reversed(current.named_children))
            continue
        expression, alias = current, None
        if current.type == "as_pattern" and current.named_children:
            expression = current.named_children[0]
            alias = current.child_by_field_name("alias")
        if program.marked(expression):
            effects(program, expression, scope, out)
        inner = unwrap(expression)
        if inner.type == "call":
            function = inner.child_by_field_name("function")
            text = program.short_text(function) if function is not None else ""
            suppressed = suppressed or text.rpartition(".")[2] in ("suppress", "raises")
        if alias is not None:
            program.bind_target(alias, scope, _entered(program, expression, scope))
    if body is None:
        return
    if suppressed:
        nodes: list[FlowNode] = []
        block(program, body, scope, nodes)
        if nodes:
            out.append(Try(Sequence(tuple(nodes)), (Sequence(),)))
        return
    block(program, body, scope, out)


def _entered(program: Program, expression: Node, scope: Scope) -> Callable[[], Value]:
    """Return what ``with x as y`` binds ``y`` to: the value itself, as a rule."""

    def compute() -> Value:
        value = program.evaluate(expression, scope)
        if isinstance(value, Object):
            enter = program.member(value, "__enter__", expression)
            if isinstance(enter, Function):
                return program.invoke_value(enter)
        if isinstance(value, Handle) and value.kind == "temporary":
            return Text(Mapped.at(value.name, program.tree.span(expression)), path=True)
        return value

    return compute


def _match(program: Program, node: Node, scope: Scope, out: list[FlowNode]) -> None:
    for child in node.children_by_field_name("subject"):
        if program.marked(child):
            effects(program, child, scope, out)
    body = node.child_by_field_name("body")
    arms: list[Arm] = []
    complete = False
    for case in body.named_children if body is not None else ():
        consequence = case.child_by_field_name("consequence")
        if case.type != "case_clause" or consequence is None:
            continue
        patterns = [c for c in case.named_children if c.type == "case_pattern"]
        guarded = case.child_by_field_name("guard") is not None
        if len(patterns) == 1 and program.tree.text(patterns[0]) == "_" and not guarded:
            complete = True
        found = consequence
        arms.append(arm(program, lambda nodes, b=found: block(program, b, scope, nodes)))  # type: ignore[misc]
    if not complete:
        arms.append(Arm([], {}, False))
    merge(program, arms)
    _branch([one.nodes for one in arms], out)


def returned(program: Program, expression: Node | None, scope: Scope) -> Return:
    """Note what a function returns here, and what holds on the way."""
    return Return(expression, program.tick(), tuple(scope.facts))


def _return(program: Program, node: Node, scope: Scope, out: list[FlowNode]) -> None:
    expression = next((c for c in node.named_children if c.type != "comment"), None)
    if expression is not None and program.marked(expression):
        effects(program, expression, scope, out)
    scope.returns.append(returned(program, expression, scope))
    out.append(Stop(StopKind.RETURN, program.tree.span(node)))


def _raise(program: Program, node: Node, scope: Scope, out: list[FlowNode]) -> None:
    text = program.short_text(node)
    kind = StopKind.EXIT if text.startswith("raise SystemExit") else StopKind.RAISE
    if program.marked(node):
        effects(program, node, scope, out)
    out.append(Stop(kind, program.tree.span(node)))


def _assert(program: Program, node: Node, scope: Scope, out: list[FlowNode]) -> None:
    condition = next((c for c in node.named_children if c.type != "comment"), None)
    if condition is None:
        return
    if program.marked(condition):
        effects(program, condition, scope, out)
    facts = guards.facts(program, condition, scope)
    true, _ = facts.settle_required()
    guards.confirm(facts.successes)
    if true:
        stop = Stop(StopKind.RAISE, program.tree.span(node))
        out.append(Branch((Sequence((stop,)), Sequence(tuple(true)))))
        scope.facts.extend(true)


def _jump(kind: StopKind) -> Callable[[Program, Node, Scope, list[FlowNode]], None]:
    def walk(program: Program, node: Node, _scope: Scope, out: list[FlowNode]) -> None:
        out.append(Stop(kind, program.tree.span(node)))

    return walk


def _global(program: Program, node: Node, scope: Scope, _out: list[FlowNode]) -> None:
    for child in node.named_children:
        name = program.tree.text(child)
        if node.type == "global_statement":
            scope.outer_names[name] = program.module
        elif scope.parent is not None:
            scope.outer_names[name] = scope.parent


def _error(program: Program, node: Node, scope: Scope, out: list[FlowNode]) -> None:
    if program.marked(node):
        block(program, node, scope, out)


def _exec(program: Program, node: Node, scope: Scope, out: list[FlowNode]) -> None:
    """Python 2: ``exec "code"``."""
    code = node.child_by_field_name("code")
    value = program.evaluate(code, scope) if code is not None else None
    if isinstance(value, Text) and value.known:
        region = program.region.embed("python", value.mapped, "argument of exec")
        out.append(Embed(region, program.tree.span(node)))


_STATEMENTS: dict[str, Callable[[Program, Node, Scope, list[FlowNode]], None]] = {
    "expression_statement": _expression_statement,
    "function_definition": _definition,
    "class_definition": _definition,
    "decorated_definition": _definition,
    "import_statement": _import,
    "import_from_statement": _import,
    "if_statement": _if,
    "for_statement": _loop,
    "while_statement": _loop,
    "try_statement": _try,
    "with_statement": _with,
    "match_statement": _match,
    "return_statement": _return,
    "raise_statement": _raise,
    "assert_statement": _assert,
    "break_statement": _jump(StopKind.BREAK),
    "continue_statement": _jump(StopKind.CONTINUE),
    "global_statement": _global,
    "nonlocal_statement": _global,
    "block": block,
    "ERROR": _error,
    "exec_statement": _exec,
}
