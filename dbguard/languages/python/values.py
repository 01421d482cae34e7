"""What an expression may be worth, as far as dbguard needs to know.

Values are abstract: a text with holes, a handle on a database, a function of the file.
"""

from __future__ import annotations

from collections.abc import Iterable

from dbguard.operations import Target
from dbguard.records import dataclass, field, replace
from dbguard.source import Mapped, Region, SourceMap, Span, has_hole, hole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dbguard.flow import Node as FlowNode
    from dbguard.languages.grammars import Node
    from dbguard.languages.python.names import Scope

ALTERNATIVES_LIMIT = 16
EACH_LIMIT = 128


@dataclass(frozen=True, slots=True)
class Text:
    """A string, bytes or path, leading to where it is written. ``path``: a ``Path`` object."""

    mapped: Mapped
    path: bool = False

    @property
    def text(self) -> str:
        return self.mapped.text

    @property
    def known(self) -> bool:
        return not has_hole(self.mapped.text)


@dataclass(frozen=True, slots=True)
class Constant:
    """A number, a boolean or None."""

    value: int | float | bool | None


@dataclass(frozen=True, slots=True)
class Items:
    """A list, tuple or set with known elements."""

    items: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """An iterable of unknown length whose elements look like ``element``."""

    element: Value


@dataclass(frozen=True, slots=True)
class Mapping:
    """A dictionary with literal keys."""

    entries: dict[str, Value]


@dataclass(frozen=True, slots=True)
class Alternatives:
    """One of several values; ``each``: all of them in turn (the variable of a loop).

    ``cut``: there are more of them than are told apart.
    """

    values: tuple[Value, ...]
    each: bool = False
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Symbol:
    """Something imported: its qualified name ("os.path.join"), and how it is written here."""

    name: str
    written: str
    span: Span


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value nothing is known of, named after its expression.

    ``weak``: the name is that of a computation, so a variable's name says more.
    """

    name: str
    span: Span
    weak: bool = False


@dataclass(frozen=True, slots=True)
class Handle:
    """A live object: connection, cursor, engine, session, file, query, table.

    ``database`` is the database it belongs to (None unknown), ``dialect`` its SQL dialect,
    ``name`` the table, file or collection it is about, ``filtered`` whether a query has a
    condition.
    """

    kind: str
    database: str | None = None
    dialect: str = ""
    name: str = ""
    filtered: bool = False
    text: Mapped | None = None


@dataclass(frozen=True, slots=True)
class RowCopy:
    """A statement that copies rows of the table ``source`` into ``target``, where it is executed.

    ``filtered``: some rows stay behind; ``columns`` are those it takes, () where not known.
    """

    target: str
    source: str
    filtered: bool = False
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Contents:
    """What stands in the file ``path``."""

    path: Mapped


@dataclass(frozen=True, slots=True)
class Fetched:
    """What queries have read: the SQL of each, or the tables an ORM counted."""

    queries: tuple[Region, ...] = ()
    reads: tuple[Target, ...] = ()

    def union(self, other: Fetched) -> Fetched:
        queries = self.queries + tuple(q for q in other.queries if q not in self.queries)
        return Fetched(queries, self.reads + tuple(r for r in other.reads if r not in self.reads))


@dataclass(slots=True, eq=False)
class Process:
    """The result of a command that has run.

    Its nodes stand in ``out``, a list the walk still writes to, from ``start`` to ``end``:
    a test of the status further down makes them checked after the fact.
    """

    out: list[FlowNode] = field(default_factory=list, compare=False)
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Function:
    """A function of the file. ``owner`` is what ``self`` or ``cls`` is bound to."""

    name: str
    node: Node
    scope: Scope
    owner: Value | None = None
    decorators: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Partial:
    """``functools.partial``: a callee with its first arguments bound."""

    callee: Value
    arguments: tuple[Value, ...]


@dataclass(frozen=True, slots=True, eq=False)
class MethodCaller:
    """``operator.methodcaller``: calls a method of what it is given; an attrgetter only gets it."""

    name: str
    arguments: tuple[Value, ...] = ()
    called: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Class:
    """A class of the file; ``scope`` holds what its body binds."""

    name: str
    node: Node
    scope: Scope
    bases: tuple[Value, ...] = ()


@dataclass(slots=True, eq=False)
class Object:
    """An instance of a class of the file, with the attributes set on it so far."""

    of: Class
    attributes: dict[str, Value] = field(default_factory=dict)
    initialised: bool = False
    looking: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Bound:
    """A method of a value dbguard knows, not yet called."""

    receiver: Value
    name: str


Value = (
    Text
    | Constant
    | Items
    | Listing
    | Mapping
    | Alternatives
    | Symbol
    | Unknown
    | Handle
    | Contents
    | RowCopy
    | Fetched
    | Process
    | Function
    | Partial
    | MethodCaller
    | Class
    | Object
    | Bound
)

NONE = Constant(None)


def options(value: Value) -> tuple[Value, ...]:
    """Return the values it may have, at most ALTERNATIVES_LIMIT; of a loop EACH_LIMIT."""
    if not isinstance(value, Alternatives):
        return (value,)
    limit = EACH_LIMIT if value.each else ALTERNATIVES_LIMIT
    found: list[Value] = []
    for item in value.values:
        found.extend(options(item))
        if len(found) >= limit:
            break
    return tuple(found[:limit])


def is_cut(value: Value | None) -> bool:
    """Say whether there are more values than are told apart."""
    return isinstance(value, Alternatives) and value.cut


def one_of(values: Iterable[Value], each: bool = False) -> Value:
    """Return a value that is one of *values*: None and doubles are left out."""
    kept: list[Value] = []
    cut = False
    for value in values:
        if isinstance(value, Alternatives):
            each, cut = each or value.each, cut or value.cut
        if len(kept) > EACH_LIMIT:
            break
        for item in options(value):
            if item != NONE and not any(item is k or item == k for k in kept):
                kept.append(item)
    if not kept:
        return NONE
    known: list[Value] = [item for item in kept if not isinstance(item, Unknown)]
    if known and not each:
        kept = known
    if len(kept) == 1:
        return kept[0]
    limit = EACH_LIMIT if each else ALTERNATIVES_LIMIT
    return Alternatives(tuple(kept[:limit]), each, cut or len(kept) > limit)


def as_text(value: Value) -> Text | None:
    """Return a value as text: what is unknown becomes a hole. None for what is no text."""
    match value:
        case Text():
            return value
        case Unknown(name=name, span=span) | Symbol(written=name, span=span):
            return Text(Mapped.at(hole(name), span))
        case Constant(value=number) if number is not None:
            return Text(Mapped(str(number), SourceMap(())))
        case _:
            return None


_CALLED = (Symbol, Bound, Function, Partial, MethodCaller, Class)


def says_something(value: Value) -> bool:
    """Say whether what a function does may hang on a value: on a text, or what it is to call."""
    match value:
        case Text():
            return True
        case Items(items=values) | Alternatives(values=values):
            return any(map(says_something, values))
        case Listing(element=element):
            return says_something(element)
        case Mapping(entries=entries):
            return any(map(says_something, entries.values()))
        case _:
            return isinstance(value, _CALLED)


def moved(value: Value, span: Span) -> Value:
    """Return a value that comes from another file as something that stands at *span* here."""
    match value:
        case Text(mapped=mapped, path=path):
            return Text(Mapped.at(mapped.text, span), path)
        case Unknown(name=name, weak=weak):
            return Unknown(name, span, weak)
        case Symbol(name=name, written=written):
            return Symbol(name, written, span)
        case Contents(path=mapped):
            return Contents(Mapped.at(mapped.text, span))
        case Handle(text=text) if text is not None:
            return replace(value, text=Mapped.at(text.text, span))
        case Items(items=items):
            return Items(tuple(moved(item, span) for item in items))
        case Listing(element=element):
            return Listing(moved(element, span))
        case Mapping(entries=entries):
            return Mapping({key: moved(entry, span) for key, entry in entries.items()})
        case Alternatives(values=values, each=each):
            return Alternatives(tuple(moved(item, span) for item in values), each)
        case Bound(receiver=receiver, name=name):
            return Bound(moved(receiver, span), name)
        case _:
            return value


def path_of(value: Value) -> str | None:
    """Return a value as a path, None for what is no path."""
    if isinstance(value, Handle) and value.kind in ("file", "temporary"):
        return value.name
    text = as_text(value)
    return None if text is None else text.text
