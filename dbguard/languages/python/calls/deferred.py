"""Functions handed to something that calls them: when the program ends, in a thread, by name."""

from __future__ import annotations

from dbguard.languages.python.calls.site import CallSite, Handler, Outcome
from dbguard.languages.python.evaluation import attribute_of
from dbguard.languages.python.values import (
    Bound,
    Function,
    Items,
    MethodCaller,
    Partial,
    Symbol,
    Value,
    options,
)

_CALLABLE = (Symbol, Bound, Partial)


def _with_arguments(site: CallSite) -> Outcome | None:
    """``atexit.register(f, x)``, ``executor.submit(f, x)``: f(x) runs, now or later."""
    values = site.arguments
    if not values or not isinstance(values[0], (*_CALLABLE, Function)):
        return None
    outcome = site.program.apply(values[0], site.node, site.scope, tuple(values[1:]))
    return Outcome(outcome.nodes) if outcome.nodes else None


def _target(site: CallSite) -> Outcome | None:
    """``Thread(target=f, args=(x,))``."""
    function, arguments = site.argument(1, "target"), site.argument(3, "args")
    if not isinstance(function, _CALLABLE):
        return None
    bound = arguments.items if isinstance(arguments, Items) else ()
    outcome = site.program.apply(function, site.node, site.scope, bound)
    return Outcome(outcome.nodes) if outcome.nodes else None


def _method_caller(site: CallSite) -> Outcome | None:
    """``operator.methodcaller("drop_all", x)`` calls this method of what it is given."""
    name = site.string(0)
    return Outcome([], MethodCaller(name, tuple(site.arguments[1:]))) if name else None


def _attribute_getter(site: CallSite) -> Outcome | None:
    name = site.string(0)
    return Outcome([], MethodCaller(name, (), called=False)) if name and site.count == 1 else None


def _attribute(site: CallSite) -> Outcome | None:
    """``x.__getattribute__("drop_all")``."""
    name = site.string(0)
    if site.receiver is None or not name:
        return None
    return Outcome([], named_attribute(site, site.receiver, name))


def named_attribute(site: CallSite, owner: Value, name: str) -> Value:
    """Return the attribute of an object whose name is a text."""
    first = options(owner)[0]
    if isinstance(first, Symbol):
        return attribute_of(site.program, first, name, site.node)
    return Bound(first, name)


VALUES: dict[str, Handler] = {
    "atexit.register": _with_arguments,
    "threading.Thread": _target,
    "multiprocessing.Process": _target,
    "operator.methodcaller": _method_caller,
    "operator.attrgetter": _attribute_getter,
}

VALUE_METHODS: dict[str, Handler] = {
    "submit": _with_arguments,
    "call_soon": _with_arguments,
    "to_thread": _with_arguments,
    "__getattribute__": _attribute,
    "__getattr__": _attribute,
}
