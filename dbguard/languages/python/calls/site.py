"""A call as the tables of APIs see it: receiver, arguments, and ways to say what it does."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property

from dbguard.databases import normal_path, throwaway_reason
from dbguard.decoding import is_opaque
from dbguard.flow import Branch, Embed, Include, Node, Sequence
from dbguard.languages.grammars import Node as Syntax
from dbguard.languages.python.values import (
    Alternatives,
    Constant,
    Contents,
    Fetched,
    Handle,
    Items,
    Mapping,
    RowCopy,
    Text,
    Value,
    as_text,
    is_cut,
    options,
    path_of,
)
from dbguard.operations import Certainty, Guard, Kind, Operation, Target, TargetKind, Trait
from dbguard.records import dataclass, field, replace
from dbguard.source import Mapped, Span, has_hole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dbguard.languages.python.names import Scope
    from dbguard.languages.python.program import Program

READING = ("select", "with", "show", "pragma", "explain", "values", "table", "(")


@dataclass(slots=True)
class Outcome:
    """What a call does (``nodes``) and what it returns (None unknown; may be computed later)."""

    nodes: list[Node] = field(default_factory=list)
    value: Value | Callable[[], Value] | None = None


Handler = Callable[["CallSite"], "Outcome | None"]
"""Returns what a call does, None where the call is not the one meant."""


@dataclass
class CallSite:
    """A call of ``name`` (qualified for a function, bare for a method of ``receiver``)."""

    program: Program
    node: Syntax
    scope: Scope
    name: str
    receiver: Value | None = None
    bound: tuple[Value, ...] = ()

    @property
    def method(self) -> str:
        """The last part of the name."""
        return self.name.rpartition(".")[2]

    @cached_property
    def span(self) -> Span:
        return self.program.tree.span(self.node)

    @cached_property
    def spelling(self) -> str:
        """What a person calls it: the callee as written, with ``()``."""
        function = self.node.child_by_field_name("function")
        return f"{self.program.short_text(function)}()" if function is not None else self.name

    @cached_property
    def receiver_text(self) -> str:
        """The source of the receiver, '' for a plain function."""
        function = self.node.child_by_field_name("function")
        target = function.child_by_field_name("object") if function is not None else None
        return self.program.short_text(target) if target is not None else ""

    @cached_property
    def _arguments(self) -> tuple[list[Syntax | Value], dict[str, Syntax | Value]]:
        positional: list[Syntax | Value] = list(self.bound)
        keywords: dict[str, Syntax | Value] = {}
        arguments = self.node.child_by_field_name("arguments")
        if arguments is None:
            return positional, keywords
        if arguments.type == "generator_expression":
            return [*positional, arguments], keywords
        for child in arguments.named_children:
            if child.type == "keyword_argument":
                name, value = child.child_by_field_name("name"), child.child_by_field_name("value")
                if name is not None and value is not None:
                    keywords[self.program.tree.text(name)] = value
            elif child.type == "list_splat" and child.named_children:
                splat = self.program.evaluate(child.named_children[0], self.scope)
                if isinstance(splat, Items):
                    positional.extend(splat.items)
            elif child.type == "dictionary_splat" and child.named_children:
                splat = self.program.evaluate(child.named_children[0], self.scope)
                if isinstance(splat, Mapping):
                    keywords.update(splat.entries)
            elif child.type != "comment":
                positional.append(child)
        return positional, keywords

    def _value(self, argument: Syntax | Value) -> Value:
        if isinstance(argument, Syntax):
            return self.program.evaluate(argument, self.scope)
        return argument

    def argument(self, index: int | None, *names: str) -> Value | None:
        """Return an argument by position or else by keyword, None where it is not given."""
        found = self._find(index, names)
        return None if found is None else self._value(found)

    def argument_node(self, index: int | None, *names: str) -> Syntax | None:
        """Return the expression of an argument."""
        found = self._find(index, names)
        return found if isinstance(found, Syntax) else None

    def _find(self, index: int | None, names: Iterable[str]) -> Syntax | Value | None:
        positional, keywords = self._arguments
        for name in names:
            if name in keywords:
                return keywords[name]
        if index is not None and index < len(positional):
            return positional[index]
        return None

    @property
    def arguments(self) -> list[Value]:
        """The positional arguments."""
        return [self._value(argument) for argument in self._arguments[0]]

    @property
    def keywords(self) -> dict[str, Value]:
        """The keyword arguments."""
        return {name: self._value(value) for name, value in self._arguments[1].items()}

    @property
    def count(self) -> int:
        """How many positional arguments there are."""
        return len(self._arguments[0])

    @property
    def keyword_names(self) -> set[str]:
        return set(self._arguments[1])

    def constant(self, index: int | None, *names: str) -> int | float | bool | None:
        """Return a literal number or boolean argument, None for anything else."""
        value = self.argument(index, *names)
        return value.value if isinstance(value, Constant) else None

    def string(self, index: int | None, *names: str) -> str | None:
        """Return the first text an argument may be."""
        value = self.argument(index, *names)
        for option in options(value) if value is not None else ():
            if (text := as_text(option)) is not None:
                return text.text
        return None

    # -- what the call does ---------------------------------------------------------------

    def spread(self, values: list[Value], make: Callable[[list[Value]], list[Node]]) -> list[Node]:
        """Make nodes for each value the arguments may have, paired in order.

        Alternatives of a loop run all, those of a condition stand in the arms of a branch.
        """
        choices = [options(value) for value in values]
        width = max((len(choice) for choice in choices), default=0)
        if any(is_cut(value) for value in values):
            self.program.exhausted(self.node)
        each = any(isinstance(value, Alternatives) and value.each for value in values)
        runs = [make([choice[k % len(choice)] for choice in choices]) for k in range(width)]
        if each or len(runs) <= 1:
            return [node for run in runs for node in run]
        if not any(runs):
            return []
        return [Branch(tuple(Sequence(tuple(run)) for run in runs))]

    def path_target(self, value: Value, kind: TargetKind = TargetKind.FILE) -> Target | None:
        """Return the file a value names, None where it is no path."""
        path = path_of(value)
        if path is None:
            return None
        return self.program.file_target(path, kind)

    def operation(
        self,
        kind: Kind,
        target: Target,
        *,
        source: Target | None = None,
        reads: tuple[Target, ...] = (),
        traits: Iterable[Trait] = (),
        certainty: Certainty | None = None,
        checked: bool = True,
        guard: Guard | None = None,
    ) -> Operation:
        """Return an operation whose span is the whole call."""
        return Operation(
            kind,
            target,
            self.span,
            self.program.region,
            target.certainty if certainty is None else certainty,
            self.spelling,
            source,
            reads,
            checked,
            guard,
            frozenset(traits),
        )

    def target(self, kind: TargetKind, name: str, database: str | None = None) -> Target:
        """Return a target in a database."""
        return make_target(kind, name, database)

    def connect(self, database: str) -> Operation:
        """Return the operation that says that this is a database in use."""
        return self.operation(Kind.CONNECT, make_target(TargetKind.DATABASE, database, database))

    def sql(
        self,
        value: Value | None,
        via: str,
        database: str | None,
        dialect: str = "",
        checked: bool = True,
    ) -> Outcome:
        """Return the execution of SQL: a text, a file's contents, a statement object, a list."""
        if value is None:
            return Outcome()
        fetched = Fetched()

        def run(choice: list[Value]) -> list[Node]:
            nonlocal fetched
            nodes, found = self._run_sql(choice[0], via, database, dialect, checked)
            fetched = fetched.union(found)
            return nodes

        nodes = self.spread([value], run)
        result: Value | None = fetched if fetched.queries or fetched.reads else None
        return Outcome(nodes, result)

    def _run_sql(
        self, value: Value, via: str, database: str | None, dialect: str, checked: bool
    ) -> tuple[list[Node], Fetched]:
        region = self.program.region
        match value:
            case Text(mapped=mapped):
                if not mapped.text.strip() or not is_statement(mapped.text):
                    return [], Fetched()
                inner = region.embed("sql", mapped, via, database=database, dialect=dialect)
                reads = mapped.text.lstrip().lower().startswith(READING)
                return [Embed(inner, self.span, checked)], Fetched((inner,) if reads else ())
            case Contents(path=path):
                include = Include(
                    path, "sql", region, self.span, via, database, dialect, checked=checked
                )
                return [include], Fetched()
            case Handle(kind="statement", text=text) if text is not None:
                return self._run_sql(Text(text), via, database, dialect, checked)
            case Handle(kind="delete" | "update" as verb, name=name, filtered=False):
                kind = Kind.DELETE_ROWS if verb == "delete" else Kind.UPDATE_ROWS
                target = make_target(TargetKind.ROWS, name, database)
                return [self.operation(kind, target)], Fetched()
            case RowCopy(target=name, source=source, filtered=filtered, columns=columns):
                copied = self.operation(
                    Kind.COPY_ROWS,
                    make_target(TargetKind.TABLE, name, database),
                    source=make_target(TargetKind.TABLE, source, database),
                    traits={Trait.FILTERED} if filtered else (),
                )
                return [replace(copied, columns=columns)], Fetched()
            case Handle(kind="drop table", name=name):
                target = make_target(TargetKind.TABLE, name, database)
                return [self.operation(Kind.DROP_TABLE, target)], Fetched()
            case Handle(kind="create table", name=name):
                target = make_target(TargetKind.TABLE, name, database)
                return [self.operation(Kind.CREATE_TABLE, target)], Fetched()
            case Handle(kind="query", name=name):
                target = make_target(TargetKind.TABLE, name, database)
                read = self.operation(Kind.READ, target, reads=(target,))
                return [read], Fetched((), (target,))
            case Items(items=items):
                nodes: list[Node] = []
                fetched = Fetched()
                for item in items:
                    more, found = self._run_sql(item, via, database, dialect, checked)
                    nodes.extend(more)
                    fetched = fetched.union(found)
                return nodes, fetched
        return [], Fetched()


def is_statement(text: str) -> bool:
    """Say whether a text holds more than one unknown value."""
    stripped = text.strip()
    return is_opaque(stripped) or not (
        stripped.startswith("__hole_") and stripped.endswith("__") and " " not in stripped
    )


def make_target(kind: TargetKind, name: str, database: str | None = None) -> Target:
    """Return a target, with what its name and database tell about it."""
    certainty = Certainty.PARTIAL if has_hole(name) else Certainty.LITERAL
    throwaway = throwaway_reason(database or (name if kind is TargetKind.DATABASE else ""))
    return Target(kind, name, database, certainty, throwaway)


def database_path(value: Value | None) -> str | None:
    """Return the path of a file database, ":memory:" as it is."""
    for option in options(value) if value is not None else ():
        path = path_of(option)
        if path is not None:
            return path if path == ":memory:" or path.startswith("file:") else normal_path(path)
    return None


def text_of(value: Value | None) -> Mapped | None:
    """Return the first text a value may be."""
    for option in options(value) if value is not None else ():
        if isinstance(option, Text):
            return option.mapped
    return None


def name_of(value: Value | None, fallback: str = "") -> str:
    """Return a value as the name of a table or database."""
    for option in options(value) if value is not None else ():
        if isinstance(option, Handle) and option.name:
            return option.name
        if (text := as_text(option)) is not None:
            return text.text
    return fallback
