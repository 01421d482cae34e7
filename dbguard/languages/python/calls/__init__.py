"""What the APIs of Python programs do: tables by qualified name and by method.

Each module holds up to four tables: EFFECTS (qualified name of a function -> what it
does), METHODS (name of a method -> what it does on a receiver it knows), VALUES and
VALUE_METHODS (the same for what has no effect). A new API is a line in one of them; then
``tools/call_index.py`` writes :mod:`.index`, by which a module is imported when a file calls
something of it: few files need more than two of the twelve.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from importlib import import_module

from dbguard.flow import Branch, Node, Sequence
from dbguard.languages.python.calls import handles, index
from dbguard.languages.python.calls.site import CallSite, Handler, Outcome
from dbguard.languages.python.values import Value
from dbguard.languages.python.values import one_of as one_value
from dbguard.patterns import regex

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dbguard.languages.python.program import Program

_INDEX = {
    "EFFECTS": index.EFFECTS,
    "METHODS": index.METHODS,
    "VALUES": index.VALUES,
    "VALUE_METHODS": index.VALUE_METHODS,
}


@cache
def _handler(table: str, name: str) -> Handler | None:
    """Return what a table says about a name, None where it knows none of it."""
    modules = _INDEX[table].get(name)
    if modules is None:
        return None
    handlers: list[Handler] = [
        getattr(import_module(f"{__name__}.{module}"), table)[name] for module in modules.split()
    ]
    if len(handlers) == 1:
        return handlers[0]
    from dbguard.languages.python.calls.effects import first_of

    return first_of(handlers)


@cache
def _shortened(table: str) -> dict[str, str]:
    """Return the names of a table by package and last name.

    Libraries re-export (``sqlalchemy.orm.Session``).
    """
    short: dict[str, str] = {}
    for name in _INDEX[table]:
        root, dot, _ = name.partition(".")
        if dot:
            short.setdefault(f"{root}.{name.rpartition('.')[2]}", name)
    return short


WORDS = frozenset(
    name.rpartition(".")[2].encode() for name in (*index.EFFECTS, *index.METHODS)
) | frozenset({b"getattr", b"methodcaller", b"attrgetter", b"__getattribute__"})
"""The last names of every call that may do something."""

RAISING = frozenset({"pytest.skip", "pytest.fail", "pytest.exit", "unittest.skip", "flask.abort"})


def is_known(name: str) -> bool:
    """Say whether a qualified name stands in a table."""
    return name in index.EFFECTS or name in index.VALUES


@lru_cache(maxsize=4_096)
def _functions(name: str) -> tuple[Handler, ...]:
    """Return what the tables say about the name of a function, by either of its names."""
    root, _, _ = name.partition(".")
    short = f"{root}.{name.rpartition('.')[2]}"
    found = []
    for table in ("EFFECTS", "VALUES"):
        handler = _handler(table, name) or _handler(table, _shortened(table).get(short, ""))
        if handler is not None:
            found.append(handler)
    return tuple(found)


def function(site: CallSite) -> Outcome:
    """Return what a call of something imported or built in does."""
    for handler in _functions(site.name.removeprefix("builtins.")):
        outcome = handler(site)
        if outcome is not None:
            return outcome
    prefix, dot, last = site.name.rpartition(".")
    if dot:
        from dbguard.languages.python.values import Symbol

        receiver: Value = Symbol(prefix, site.receiver_text or prefix, site.span)
        return method(CallSite(site.program, site.node, site.scope, last, receiver, site.bound))
    return method(site)


def method(site: CallSite) -> Outcome:
    """Return what a method does on its receiver."""
    for table in ("METHODS", "VALUE_METHODS"):
        handler = _handler(table, site.name)
        outcome = handler(site) if handler is not None else None
        if outcome is not None:
            return outcome
    from dbguard.languages.python.calls import dbapi, text

    return text.ANY_METHOD(site) or dbapi.named_backup(site) or Outcome()


def one_of_outcomes(program: Program, outcomes: list[Outcome], each: bool) -> Outcome:
    """Return what happens when one of several callees or receivers is meant, or each in turn."""
    values: list[Value] = []
    for outcome in outcomes:
        value = outcome.value() if callable(outcome.value) else outcome.value
        if value is not None:
            values.append(value)
    nodes: list[Node] = []
    if each:
        nodes = [node for outcome in outcomes for node in outcome.nodes]
    elif any(outcome.nodes for outcome in outcomes):
        nodes = [Branch(tuple(Sequence(tuple(outcome.nodes)) for outcome in outcomes))]
    return Outcome(nodes, one_value(values, each) if values else None)


attribute_of_handle = handles.attribute_of_handle
instance_of_bases = handles.instance_of_bases
configuration = handles.configuration
skipped = handles.skipped
describes_state = handles.describes_state

NAMED = regex(
    rb"backup|back_up|snapshot|dump_?(?:db|database)|(?:db|database)_?dump", re.IGNORECASE
)
