"""The state of a walk over one Python region: names, values, calls of its own functions.

:mod:`statements` walks, :mod:`evaluation` computes values, :mod:`calls` knows the APIs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from posixpath import basename

from dbguard.databases import normal_path, throwaway_reason
from dbguard.decoding import renamed
from dbguard.flow import Call, Direction, Sequence, StopKind
from dbguard.flow import Node as FlowNode
from dbguard.languages.grammars import Node
from dbguard.languages.python import calls
from dbguard.languages.python.calls.deferred import named_attribute
from dbguard.languages.python.calls.site import CallSite, Outcome
from dbguard.languages.python.evaluation import (
    EVALUATORS,
    WRAPPERS,
    attribute_of,
    element_of,
    item_of,
    unwrap,
)
from dbguard.languages.python.marks import Marks
from dbguard.languages.python.modules import Modules
from dbguard.languages.python.names import NEVER, Binding, Scope
from dbguard.languages.python.values import (
    NONE,
    Alternatives,
    Bound,
    Class,
    Function,
    Handle,
    MethodCaller,
    Object,
    Partial,
    Symbol,
    Text,
    Unknown,
    Value,
    as_text,
    moved,
    one_of,
    options,
    says_something,
)
from dbguard.languages.syntax_tree import SyntaxTree
from dbguard.operations import Certainty, Target, TargetKind
from dbguard.patterns import regex
from dbguard.source import Mapped, Problem, has_hole, hole

DEPTH_LIMIT = 90
"""How deep statements, expressions and followed calls may nest together."""
INLINE_LIMIT = 4
"""How deep functions are followed."""
BARREN_LIMIT = 3
"""How often a function that does nothing is followed with arguments that say nothing."""
WALK_FACTOR = 12
"""How many times its own size of a text is walked by following calls."""
CALL_COST = 100
"""What entering a function adds to that: of very short ones the number counts."""
STEPS_LIMIT = 400_000

_DATE = regex(
    r"\b(?:datetime|date\.today|strftime|isoformat|timestamp|time\.time|utcnow|now\(|uuid\d?|monotonic)\b"
)
_SETTER = regex(rb"\bself\.(\w+)[ \t]*(?::[^=\n]{1,120})?=[^=]")
_DATABASE_NAME = regex(r"db|database|sqlite|dsn", re.IGNORECASE)
_TEMPORARY_PARAMETERS = {"tmp_path": True, "tmpdir": True, "tmp_path_factory": True}
_DOWN = {"downgrade", "downgrades", "backwards", "down", "rollback"}


_WITH_ATTRIBUTES = (Symbol, Object, Class)


class _Level:
    """One level of nesting. A generator as context manager takes four times as long."""

    __slots__ = ("_limit", "_program")

    def __init__(self, program: Program, limit: int) -> None:
        self._program, self._limit = program, limit

    def __enter__(self) -> bool:
        self._program.depth += 1
        return self._program.depth <= self._limit

    def __exit__(self, *_: object) -> None:
        self._program.depth -= 1


class _Point:
    """A point of the walk at which names are looked up."""

    __slots__ = ("_before", "_program", "_serial")

    def __init__(self, program: Program, serial: int | None) -> None:
        self._program, self._serial = program, serial
        self._before: int | None = None

    def __enter__(self) -> None:
        self._before, self._program.now = self._program.now, self._serial

    def __exit__(self, *_: object) -> None:
        self._program.now = self._before


class Program:
    """One region being walked."""

    def __init__(self, tree: SyntaxTree, marks: Marks, modules: Modules | None = None) -> None:
        self.tree = tree
        self.region = tree.region
        self.marks = marks
        self.module = Scope(home=self)
        self.modules = modules
        self.depth = 0
        self.problems: list[Problem] = []
        self.directory = ""
        self.inlined: set[int] = set()
        self.functions: dict[int, Function] = {}
        self.branching = 0
        self.looping = 0
        self.call_scopes: dict[tuple[int, int, int], Scope] = {}
        self._serial = 0
        self.now: int | None = None
        self._steps = 0
        self._walked = 0
        self._barren: dict[int, int] = {}
        self._stack: list[int] = []
        # None is an unknown value: most are, and few of them are asked for.
        self._memo: dict[tuple[int, int, int], Value | Callable[[], Value] | None] = {}
        self._comprehensions: dict[tuple[int, int], Scope] = {}
        self.journal: list[tuple[Scope, str]] = []

    # -- positions and names --------------------------------------------------------------

    def marked(self, node: Node) -> bool:
        """Say whether something may happen inside a node."""
        return self.marks.within(node.start_byte, node.end_byte)

    def short_text(self, node: Node) -> str:
        """Return the source of an expression on one line, at most 100 bytes of it."""
        return " ".join(self.tree.start_of(node, 100).split())

    def telling_name(self, expression: str) -> str:
        """Return what a hole is called: "date" for what comes from a clock or a UUID."""
        return "date" if _DATE.search(expression) else expression

    def unknown(self, node: Node) -> Unknown:
        """Return the value of an expression nothing is known of."""
        node = unwrap(node)
        text = self.short_text(node)
        weak = node.type not in ("identifier", "attribute", "subscript")
        if _DATE.search(text):
            return Unknown("date", self.tree.span(node))
        if node.type == "call":
            function = node.child_by_field_name("function")
            text = self.short_text(function) if function is not None else text
        return Unknown(text, self.tree.span(node), weak)

    def limit(self, node: Node) -> None:
        """Note that the text nests deeper than it is walked; a followed call may be cut short."""
        if len(self._stack) <= 1 and not any(problem.stage == "limit" for problem in self.problems):
            self.problems.append(
                Problem(
                    self.region.file.path,
                    "nested too deeply or too large to be followed whole",
                    "limit",
                    self.tree.bytes_span(node.start_byte, node.start_byte),
                )
            )

    def exhausted(self, node: Node) -> None:
        """Note that the text takes more steps, or tells more values apart, than are followed."""
        error = "too large to be followed whole"
        if not any(problem.error == error for problem in self.problems):
            span = self.tree.bytes_span(node.start_byte, node.start_byte)
            self.problems.append(Problem(self.region.file.path, error, "limit", span))

    def spend(self, steps: int) -> None:
        """Count steps of evaluation that are taken at once, for each of several values."""
        self._steps += steps

    def deeper(self, limit: int = DEPTH_LIMIT) -> _Level:
        """Count one level of nesting; ``as`` gives False past the limit."""
        return _Level(self, limit)

    # -- bindings -------------------------------------------------------------------------

    @property
    def point(self) -> int:
        """The point of the walk at which names are looked up."""
        return self._serial if self.now is None else self.now

    def tick(self) -> int:
        self._serial += 1
        return self._serial

    def at(self, serial: int | None) -> _Point:
        """Look names up as they were at a point of the walk (None: now)."""
        return _Point(self, serial)

    def bind(
        self, name: str, scope: Scope, compute: Callable[[], Value], source: Node | None = None
    ) -> None:
        """Bind a name to something computed when needed, in today's state of the names.

        *source* is the expression it is bound to, where it is one.
        """
        scope.bind(name, Binding(self.tick(), compute, source=source))
        self.journal.append((scope, name))

    def bind_value(self, name: str, scope: Scope, value: Value) -> None:
        """Bind a name to a value that is known already."""
        scope.bind(name, Binding(self.tick(), lambda: value, value))
        self.journal.append((scope, name))

    def force(self, binding: Binding) -> Value | None:
        """Evaluate a binding once; None while that is already under way."""
        if binding.value is None:
            if binding.busy or self.depth >= DEPTH_LIMIT:
                return None
            binding.busy = True
            self.depth += 1
            with self.at(binding.serial):
                binding.value = binding.compute()
            self.depth -= 1
            binding.busy = False
        return binding.value

    def lookup(self, name: str, scope: Scope, node: Node) -> Value:
        """Return what a name is worth here."""
        binding = scope.find(name, self.point)
        if binding is None and scope is not self.module:
            binding = self.module.find_later(name)
        value = self.force(binding) if binding is not None else None
        if value is not None:
            return self._renamed(value, name, node)
        if binding is None:
            if name == "__builtins__":
                return Symbol("builtins", name, self.tree.span(node))
            if name == "__file__":
                return Text(Mapped.at("", self.tree.span(node)))
            for module in self.module.stars:
                if self.modules is not None:
                    found = self.modules.value(self, module, name, self.tree.span(node))
                    if found is not None:
                        return found
                if calls.is_known(f"{module}.{name}"):
                    return Symbol(f"{module}.{name}", name, self.tree.span(node))
        return Unknown(name, self.tree.span(node))

    def _renamed(self, value: Value, name: str, node: Node) -> Value:
        """Let the variable's name stand for an unknown computation, unless that says more."""
        if isinstance(value, Unknown) and value.weak:
            telling = _DATABASE_NAME.search(value.name) and not _DATABASE_NAME.search(name)
            return Unknown(value.name if telling else self.telling_name(name), value.span)
        if isinstance(value, Text) and (marked := renamed(value.text, name)) is not None:
            return Text(Mapped.at(marked, value.mapped.span), value.path)
        return value

    def is_builtin(self, name: str, scope: Scope) -> bool:
        """Say whether nothing in the file binds a name."""
        return scope.find(name, NEVER - 1) is None

    # -- values ---------------------------------------------------------------------------

    def evaluate(self, node: Node, scope: Scope) -> Value:
        """Return what an expression is worth here."""
        kind = node.type
        if kind in WRAPPERS:
            node = unwrap(node)
            kind = node.type
        self._steps += 1
        if self.depth >= DEPTH_LIMIT or self._steps > STEPS_LIMIT:
            if self._steps > STEPS_LIMIT:
                self.exhausted(node)
            return Unknown("value", self.tree.span(node), True)
        evaluator = EVALUATORS.get(kind)
        if evaluator is None:
            return self.unknown(node)
        self.depth += 1
        try:
            return evaluator(self, node, scope)
        finally:
            self.depth -= 1

    def item(self, owner: Value, index: Value, node: Node) -> Value:
        """Return ``owner[index]`` for what is no collection of ours."""
        text = as_text(index)
        key = text.text if isinstance(index, Text) and text is not None else None
        if isinstance(owner, Symbol) and owner.name.endswith("django.db.connections"):
            return Handle("connection", dialect="", name=key or "")
        if isinstance(owner, Symbol) and owner.name.endswith(".__dict__") and key is not None:
            whole = Symbol(owner.name[: -len(".__dict__")], owner.written, owner.span)
            return attribute_of(self, whole, key, node)
        if isinstance(owner, Symbol) and owner.name == "os.environ" and key is not None:
            return Unknown(key, self.tree.span(node))
        if isinstance(owner, Bound) and owner.name == "config" and key is not None:
            return Unknown(f"config_{key}", self.tree.span(node))
        if isinstance(owner, Handle) and owner.kind in (
            "mongo client",
            "mongo database",
            "dataset",
        ):
            return self.handle_attribute(owner, text.text if text is not None else "", node)
        return self.unknown(node)

    def handle_attribute(self, owner: Handle, name: str, node: Node) -> Value:
        """Return an attribute of a handle: another handle, or a method not yet called."""
        found = calls.attribute_of_handle(owner, name)
        return found if found is not None else Bound(owner, name)

    def member(self, owner: Object | Class, name: str, node: Node) -> Value:
        """Return an attribute of an object or class of the project."""
        home = (owner.of if isinstance(owner, Object) else owner).scope.module.home
        if home is not None and home is not self:
            span = self.tree.span(node)
            with home.entered_from(self):
                found = home.member(owner, name, home.tree.root)
            if isinstance(found, Unknown):
                return Unknown(self.short_text(node), span)
            return moved(found, span)
        return self._own_member(owner, name, node)

    def _own_member(self, owner: Object | Class, name: str, node: Node) -> Value:
        if isinstance(owner, Object) and name in owner.attributes:
            return self._renamed(owner.attributes[name], name, node)
        cls = owner.of if isinstance(owner, Object) else owner
        found = self._class_member(cls, name, owner, 0)
        if isinstance(owner, Object) and not isinstance(found, Function):
            self._initialise(owner, name)
            if name in owner.attributes:
                return self._renamed(owner.attributes[name], name, node)
        if found is not None:
            return found
        return Unknown(self.short_text(node), self.tree.span(node))

    def _class_member(self, cls: Class, name: str, owner: Value, depth: int) -> Value | None:
        bindings = cls.scope.bindings.get(name)
        value = self.force(bindings[-1]) if bindings else None
        if isinstance(value, Function):
            decorators = [self.short_text(d) for d in value.decorators]
            if any(d.startswith("@staticmethod") for d in decorators):
                return value
            if any("property" in d for d in decorators):
                return self.invoke_value(Function(value.name, value.node, value.scope, owner))
            if any(d.startswith("@classmethod") for d in decorators) and isinstance(owner, Object):
                owner = owner.of
            return Function(value.name, value.node, value.scope, owner, value.decorators)
        if value is not None or depth > 5:
            return value
        for base in cls.bases:
            if isinstance(base, Class):
                found = self._class_member(base, name, owner, depth + 1)
                if found is not None:
                    return found
        return None

    def _initialise(self, owner: Object, name: str) -> None:
        """Find out what methods set ``self.name`` to: ``__init__`` first."""
        if name in owner.looking or len(owner.looking) > 8:
            return
        owner.looking.add(name)
        if not owner.initialised:
            owner.initialised = True
            init = self._class_member(owner.of, "__init__", owner, 0)
            if isinstance(init, Function):
                self.invoke_value(init)
        if name not in owner.attributes:
            setter = self._setter(owner.of, name)
            if setter is not None:
                method = self._class_member(owner.of, setter, owner, 0)
                if isinstance(method, Function):
                    self.invoke_value(method)
        owner.looking.discard(name)

    @cached_property
    def _setters(self) -> dict[bytes, list[int]]:
        """Where ``self.name`` is assigned, by name."""
        found: dict[bytes, list[int]] = {}
        for match in _SETTER.finditer(self.tree.data):
            found.setdefault(match[1], []).append(match.start())
        return found

    def _setter(self, cls: Class, name: str) -> str | None:
        """Return the method that assigns ``self.name``."""
        places = [
            at
            for at in self._setters.get(name.encode(), ())
            if cls.node.start_byte <= at < cls.node.end_byte
        ]
        if not places:
            return None
        best: tuple[int, str] | None = None
        for bindings in cls.scope.bindings.values():
            value = bindings[-1].value
            if isinstance(value, Function):
                node = value.node
                if node.start_byte <= places[0] < node.end_byte:
                    size = node.end_byte - node.start_byte
                    if best is None or size < best[0]:
                        best = (size, value.name)
        return best[1] if best else None

    def comprehension_scope(self, node: Node, scope: Scope) -> Scope:
        """Return a scope in which the variables of a comprehension are bound."""
        key = (node.id, scope.identity)
        found = self._comprehensions.get(key)
        if found is None:
            found = self._comprehensions[key] = Scope(scope, scope.owner, scope.function)
            for child in node.named_children:
                if child.type != "for_in_clause":
                    continue
                left = child.child_by_field_name("left")
                right = child.child_by_field_name("right")
                if left is not None and right is not None:
                    value = element_of(self, self.evaluate(right, found), right)
                    self.bind_target(left, found, lambda value=value: value)  # type: ignore[misc]
        return found

    def bind_target(
        self,
        target: Node,
        scope: Scope,
        compute: Callable[[], Value],
        source: Node | None = None,
    ) -> None:
        """Bind what stands left of ``=``, after ``for`` or ``as``.

        Of a name *source* is remembered, the expression: conditions look through it.
        """
        match target.type:
            case "identifier":
                self.bind(self.tree.text(target), scope, compute, source)
            case "pattern_list" | "tuple_pattern" | "list_pattern" | "tuple" | "list":
                cell: list[Value] = []

                def whole() -> Value:
                    if not cell:
                        cell.append(compute())
                    return cell[0]

                for index, child in enumerate(target.named_children):
                    self.bind_target(
                        child,
                        scope,
                        lambda i=index, c=child: item_of(self, whole(), i, c),  # type: ignore[misc]
                    )
            case "as_pattern_target" | "parenthesized_expression" if target.named_children:
                self.bind_target(target.named_children[0], scope, compute)
            case "attribute":
                self._bind_attribute(target, scope, compute)
            case _:
                return

    def _bind_attribute(self, target: Node, scope: Scope, compute: Callable[[], Value]) -> None:
        owner_node = target.child_by_field_name("object")
        name_node = target.child_by_field_name("attribute")
        if owner_node is None or name_node is None or owner_node.type != "identifier":
            return
        owner = self.evaluate(owner_node, scope)
        name = self.tree.text(name_node)
        if isinstance(owner, Object):
            value = compute()
            old = owner.attributes.get(name)
            if old is not None and self.branching:
                value = one_of([old, value])
            owner.attributes[name] = value
        elif isinstance(owner, Class):
            self.bind(name, owner.scope, compute)

    # -- calls ----------------------------------------------------------------------------

    def call_value(self, node: Node, scope: Scope) -> Value:
        """Return what a call returns, without what it does."""
        key = (node.start_byte, node.end_byte, scope.identity)
        if key not in self._memo:
            self._memo[key] = None  # a call that needs itself
            self._memo[key] = self.perform(node, scope).value
        found = self._memo[key]
        if callable(found):
            self._memo[key] = None
            found = self._memo[key] = found()
        return self.unknown(node) if found is None else found

    def remember(self, node: Node, scope: Scope, outcome: Outcome) -> None:
        """Keep what a call returned, for whoever asks later."""
        self._memo[node.start_byte, node.end_byte, scope.identity] = outcome.value

    def perform(self, node: Node, scope: Scope) -> Outcome:
        """Return what a call does and returns."""
        function = node.child_by_field_name("function")
        if function is None:
            return Outcome()
        with self.deeper() as inside:
            if not inside:
                return Outcome()
            function = unwrap(function)
            if function.type == "identifier":
                name = self.tree.text(function)
                value = self.lookup(name, scope, function)
                if isinstance(value, Unknown) and scope.find(name, NEVER - 1) is None:
                    return calls.function(CallSite(self, node, scope, name))
                return self.apply(value, node, scope, ())
            if function.type == "attribute":
                target = function.child_by_field_name("object")
                name_node = function.child_by_field_name("attribute")
                if target is None or name_node is None:
                    return Outcome()
                name = self.tree.text(name_node)
                receiver = self._receiver(target, scope)
                return self._method(receiver, name, node, scope)
            return self.apply(self.evaluate(function, scope), node, scope, ())

    def _receiver(self, target: Node, scope: Scope) -> Value:
        inner = unwrap(target)
        if inner.type == "call":
            function = inner.child_by_field_name("function")
            if (
                function is not None
                and function.type == "identifier"
                and self.tree.text(function) == "super"
            ):
                return self._super(scope, inner)
        return self.evaluate(target, scope)

    def _super(self, scope: Scope, node: Node) -> Value:
        owner = scope.owner
        if owner is not None:
            for base in owner.of.bases:
                if isinstance(base, Class):
                    return Object(base, owner.attributes, initialised=True)
        return self.unknown(node)

    def _method(self, receiver: Value, name: str, node: Node, scope: Scope) -> Outcome:
        function = node.child_by_field_name("function")
        assert function is not None
        choices = options(receiver)[:4]
        outcomes = []
        for choice in choices:
            if isinstance(choice, _WITH_ATTRIBUTES) and not (
                isinstance(choice, Symbol) and choice.name == "os.environ"
            ):
                value = attribute_of(self, choice, name, function)
                if isinstance(value, Unknown):
                    value = Bound(choice, name)
                outcomes.append(self.apply(value, node, scope, ()))
            else:
                outcomes.append(calls.method(CallSite(self, node, scope, name, choice)))
        if len(outcomes) == 1:
            return outcomes[0]
        return calls.one_of_outcomes(
            self, outcomes, isinstance(receiver, Alternatives) and receiver.each
        )

    def apply(self, callee: Value, node: Node, scope: Scope, bound: tuple[Value, ...]) -> Outcome:
        """Call a value."""
        match callee:
            case Symbol(name=qualified):
                return calls.function(CallSite(self, node, scope, qualified, None, bound))
            case Bound(receiver=receiver, name=name):
                return calls.method(CallSite(self, node, scope, name, receiver, bound))
            case Partial(callee=inner, arguments=arguments):
                return self.apply(inner, node, scope, (*arguments, *bound))
            case MethodCaller(name=name, arguments=arguments, called=called):
                site = CallSite(self, node, scope, name, None, bound)
                owner = site.argument(0)
                if owner is None:
                    return Outcome()
                method = named_attribute(site, owner, name)
                return self.apply(method, node, scope, arguments) if called else Outcome([], method)
            case Function():
                return self.invoke(callee, CallSite(self, node, scope, callee.name, None, bound))
            case Class():
                return self._construct(callee, node, scope)
            case Alternatives(values=values, each=each):
                outcomes = [self.apply(value, node, scope, bound) for value in values[:4]]
                return calls.one_of_outcomes(self, outcomes, each)
            case Unknown(name=name):
                prefix, dot, last = name.rpartition(".")
                owner = Unknown(prefix, callee.span) if dot else None
                return calls.method(CallSite(self, node, scope, last or name, owner, bound))
            case Handle(kind="sessionmaker"):
                return Outcome([], Handle("session", callee.database, callee.dialect))
            case Handle(kind="session" | "connection" | "engine"):
                return Outcome([], callee)
            case _:
                return Outcome()

    def _construct(self, cls: Class, node: Node, scope: Scope) -> Outcome:
        made = Object(cls, initialised=True)
        base = calls.instance_of_bases(cls)
        if base is not None:
            return Outcome([], base)
        init = self._class_member(cls, "__init__", made, 0)
        if not isinstance(init, Function):
            for index, (name, value) in enumerate(
                [*CallSite(self, node, scope, cls.name).keywords.items()]
            ):
                if index < 32:
                    made.attributes[name] = value
            return Outcome([], made)
        outcome = self.invoke(init, CallSite(self, node, scope, cls.name))
        return Outcome(outcome.nodes, made)

    def invoke_value(self, function: Function) -> Value:
        """Return what a function returns when nothing is known of its arguments."""
        outcome = self.invoke(function, None)
        value = outcome.value
        if value is None:
            return self.unknown(function.node)
        return value() if callable(value) else value

    def invoke(self, function: Function, site: CallSite | None) -> Outcome:
        """Follow a function of the project with its arguments bound."""
        home = function.scope.module.home
        if home is not None and home is not self:
            return self._invoke_elsewhere(home, function, site)
        return self._invoke(function, site)

    def _invoke(self, function: Function, site: CallSite | None) -> Outcome:
        from dbguard.languages.python import statements
        from dbguard.languages.python.effects import effects
        from dbguard.languages.python.structure import matters

        node = function.node
        if node.id in self._stack or len(self._stack) >= INLINE_LIMIT:
            return Outcome()
        if (
            site is not None
            and self._barren.get(node.id, 0) >= BARREN_LIMIT
            and not any(map(says_something, (*site.arguments, *site.keywords.values())))
        ):
            return Outcome()
        self._walked += node.end_byte - node.start_byte + CALL_COST
        if self._walked > WALK_FACTOR * (len(self.tree.data) + 20_000):
            if self.marked(node):
                self.exhausted(node)
            return Outcome()
        scope = self.enter(function)
        self._bind_parameters(function, scope, site)
        out: list[FlowNode] = []
        self._stack.append(node.id)
        journal, self.journal = self.journal, []
        with self.at(None), self.deeper(DEPTH_LIMIT) as inside:
            if inside:
                if node.type == "lambda":
                    body = node.child_by_field_name("body")
                    if body is not None:
                        effects(self, body, scope, out)
                        scope.returns.append(statements.returned(self, body, scope))
                else:
                    statements.function_body(self, function, scope, out)
        self.journal = journal
        self._stack.pop()
        if site is not None:
            self.inlined.add(node.id)
            key = (site.node.start_byte, site.node.end_byte, site.scope.identity)
            site.program.call_scopes[key] = scope
        nodes: list[FlowNode] = []
        if not matters(Sequence(tuple(out))):
            self._barren[node.id] = self._barren.get(node.id, 0) + 1
        if out and site is not None:
            followed = Sequence(tuple(out), self.direction(function))
            ends = frozenset({StopKind.RETURN})
            nodes = [Call(function.name, site.span, followed, ends, site.program.region.file)]
        elif out:
            nodes = out

        def result() -> Value:
            return self._result(scope, node)

        return Outcome(nodes, result)

    def _invoke_elsewhere(
        self, home: Program, function: Function, site: CallSite | None
    ) -> Outcome:
        """Follow a function of another file: what it does stands there, its result here."""
        if self.modules is None or not self.modules.may_follow(home, function):
            return Outcome()
        span = site.span if site is not None else self.tree.span(self.tree.root)
        with home.entered_from(self):
            outcome = home.invoke(function, site)
        value = outcome.value
        if value is None:
            return outcome
        return Outcome(outcome.nodes, lambda: moved(value() if callable(value) else value, span))

    @contextmanager
    def entered_from(self, caller: Program) -> Iterator[None]:
        """Walk on for another file: as deep in calls, and in its working directory."""
        before = self.depth, self.directory, self._stack
        self.depth, self.directory, self._stack = caller.depth, caller.directory, caller._stack
        try:
            yield
        finally:
            self.depth, self.directory, self._stack = before

    def _result(self, scope: Scope, node: Node) -> Value:
        values: list[Value] = []
        for returned in scope.returns:
            if returned.node is None:
                continue
            with self.at(returned.serial):
                values.append(self.evaluate(returned.node, scope))
        return one_of(values) if values else NONE

    def direction(self, function: Function) -> Direction | None:
        """Return DOWN for the function that takes a migration back."""
        name = function.name
        if name.startswith("downgrade"):
            return Direction.DOWN
        if name in _DOWN:
            siblings = self.marks.functions.keys()
            if siblings & {"upgrade", "up", "forwards", "migrate", "apply"}:
                return Direction.DOWN
        return None

    def enter(self, function: Function) -> Scope:
        """Return a fresh scope for a run of a function."""
        owner = function.owner if isinstance(function.owner, Object) else None
        return Scope(function.scope, owner, function)

    def _bind_parameters(self, function: Function, scope: Scope, site: CallSite | None) -> None:
        parameters = function.node.child_by_field_name("parameters")
        if parameters is None:
            return
        index = 0
        names: set[str] = set()
        children = [child for child in parameters.named_children if child.type != "comment"]
        if function.owner is not None and children:
            self.bind_value(self.tree.text(children[0]), scope, function.owner)
            children = children[1:]
        keyword_only = False
        for child in children:
            if child.type in ("keyword_separator", "list_splat_pattern"):
                keyword_only = True
                continue
            name_node, default = parameter(child)
            if name_node is None:
                continue
            name = self.tree.text(name_node)
            names.add(name)
            value = site.argument(None if keyword_only else index, name) if site else None
            index += 1
            if value is not None:
                if site is not None and site.program is not self:
                    value = moved(value, self.tree.span(name_node))
                self.bind_value(name, scope, value)
            elif default is not None:
                self.bind(name, scope, self._lazy(default, function.scope))
            else:
                self.bind_value(name, scope, self._parameter(name, name_node))
        scope.parameters = frozenset(names)

    def _lazy(self, node: Node, scope: Scope) -> Callable[[], Value]:
        return lambda: self.evaluate(node, scope)

    def _parameter(self, name: str, node: Node) -> Value:
        span = self.tree.span(node)
        if name in _TEMPORARY_PARAMETERS:
            return Text(Mapped.at(f"/tmp/{hole(name)}", span), path=True)  # noqa: S108
        return Unknown(name, span)

    # -- targets --------------------------------------------------------------------------

    def file_target(self, path: str, kind: TargetKind = TargetKind.FILE) -> Target:
        """Return a file by its path, joined to the known working directory."""
        if self.directory and path and not path.startswith(("/", "~", "__hole_", ":memory:")):
            path = f"{self.directory}/{path}"
        name = path if path == ":memory:" else normal_path(path)
        certainty = Certainty.PARTIAL if has_hole(name) else Certainty.LITERAL
        return Target(kind, name, None, certainty, throwaway_reason(name))

    def file_name(self) -> str:
        return basename(self.region.file.path)


def parameter(node: Node) -> tuple[Node | None, Node | None]:
    """Return the name and the default of a parameter."""
    match node.type:
        case "identifier":
            return node, None
        case "typed_parameter":
            first = node.named_children[0] if node.named_children else None
            return (first if first is not None and first.type == "identifier" else None), None
        case "default_parameter" | "typed_default_parameter":
            return node.child_by_field_name("name"), node.child_by_field_name("value")
        case _:
            return None, None
