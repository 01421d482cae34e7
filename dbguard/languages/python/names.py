"""Scopes: which name is bound to what, at which point of the walk.

Bindings are lazy: they hold the expression, which is evaluated when an operation needs
it, in the state of the names at the time of the binding.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from dbguard.flow import Node as FlowNode
from dbguard.languages.grammars import Node
from dbguard.languages.python.values import Fetched, Function, Object, Value
from dbguard.records import dataclass, field

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dbguard.languages.python.program import Program

_identities = count()
NEVER = 1 << 60


@dataclass(slots=True, eq=False)
class Binding:
    """A name bound at ``serial``; ``compute`` evaluates what it is bound to, once.

    ``source`` is the expression, where it is one. From ``hidden`` on it is not in force: the arm of a branch that bound it has ended.
    """

    serial: int
    compute: Callable[[], Value]
    value: Value | None = None
    busy: bool = False
    hidden: int = NEVER
    source: Node | None = None


@dataclass(frozen=True, slots=True)
class Return:
    """A ``return``: the expression, at what point of the walk, and what holds there."""

    node: Node | None
    serial: int
    facts: tuple[FlowNode, ...]


@dataclass(slots=True, eq=False)
class Scope:
    """The names of a module, class or function call.

    ``executed`` remembers what was last executed on a receiver, by its source text.
    ``owner`` is the object a method runs on. ``returns`` and ``facts`` belong to a call:
    its returns so far, and the guards and checks that hold at this point of it. ``home``
    of a module's scope is the walk over its file.
    """

    parent: Scope | None = None
    owner: Object | None = None
    function: Function | None = None
    is_class: bool = False
    bindings: dict[str, list[Binding]] = field(default_factory=dict)
    executed: dict[str, list[tuple[int, Fetched]]] = field(default_factory=dict)
    stars: list[str] = field(default_factory=list)
    outer_names: dict[str, Scope] = field(default_factory=dict)
    returns: list[Return] = field(default_factory=list)
    facts: list[FlowNode] = field(default_factory=list)
    parameters: frozenset[str] = frozenset()
    home: Program | None = None
    identity: int = field(default_factory=lambda: next(_identities))

    def bind(self, name: str, binding: Binding) -> None:
        """Bind a name, in the scope a ``global`` or ``nonlocal`` statement names."""
        scope = self.outer_names.get(name, self) if self.outer_names else self
        known = scope.bindings.get(name)
        if known is None:
            scope.bindings[name] = [binding]
        else:
            known.append(binding)

    def find(self, name: str, before: int) -> Binding | None:
        """Return the binding of a name in force at a point of the walk.

        In ``database = database`` the name on the right is the one bound before, or outside.
        """
        scope: Scope | None = self
        first = True
        while scope is not None:
            if first or not scope.is_class:
                for binding in reversed(scope.bindings.get(name, ())):
                    if binding.serial <= before < binding.hidden and not binding.busy:
                        return binding
            first = False
            scope = scope.parent
        return None

    def find_later(self, name: str) -> Binding | None:
        """Return the first binding of a name that is not made yet (functions run later)."""
        scope: Scope | None = self
        while scope is not None:
            if bindings := scope.bindings.get(name):
                return bindings[0]
            scope = scope.parent
        return None

    def last_executed(self, receiver: str, before: int) -> Fetched | None:
        """Return what was last executed on a receiver at a point of the walk."""
        scope: Scope | None = self
        while scope is not None:
            for serial, fetched in reversed(scope.executed.get(receiver, ())):
                if serial <= before:
                    return fetched
            scope = scope.parent
        return None

    @property
    def module(self) -> Scope:
        scope = self
        while scope.parent is not None:
            scope = scope.parent
        return scope
