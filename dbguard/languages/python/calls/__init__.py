"""What the APIs of Python programs do: tables by qualified name and by method.

Each module holds up to four tables: EFFECTS (qualified name of a function -> what it
does), METHODS (name of a method -> what it does on a receiver it knows), VALUES and
VALUE_METHODS (the same for what has no effect). A new API is a line in one of them.
"""

from __future__ import annotations

import re

from dbguard.flow import Branch, Node, Sequence
from dbguard.languages.python.calls import (
    dbapi,
    decoding,
    deferred,
    files,
    graphs,
    handles,
    migrations,
    orm,
    processes,
    schedulers,
    schema,
    servers,
    text,
)
from dbguard.languages.python.calls.effects import first_of
from dbguard.languages.python.calls.site import CallSite, Handler, Outcome
from dbguard.languages.python.values import Value
from dbguard.languages.python.values import one_of as one_value
from dbguard.patterns import regex

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dbguard.languages.python.program import Program

_MODULES = (
    migrations,
    orm,
    servers,
    graphs,
    schedulers,
    dbapi,
    files,
    processes,
    schema,
    decoding,
    deferred,
    text,
)


def _table(name: str) -> dict[str, Handler]:
    found: dict[str, list[Handler]] = {}
    for module in _MODULES:
        for key, handler in getattr(module, name, {}).items():
            found.setdefault(key, []).append(handler)
    return {k: h[0] if len(h) == 1 else first_of(h) for k, h in found.items()}


_EFFECTS = _table("EFFECTS")
_METHODS = _table("METHODS")
_VALUES = _table("VALUES")
_VALUE_METHODS = _table("VALUE_METHODS")


def _shortened(table: dict[str, Handler]) -> dict[str, Handler]:
    """Index by package and last name: libraries re-export (``sqlalchemy.orm.Session``)."""
    short: dict[str, Handler] = {}
    for name, handler in table.items():
        root, dot, _ = name.partition(".")
        if dot:
            short.setdefault(f"{root}.{name.rpartition('.')[2]}", handler)
    return short


_SHORT_EFFECTS = _shortened(_EFFECTS)
_SHORT_VALUES = _shortened(_VALUES)

WORDS = frozenset(name.rpartition(".")[2].encode() for name in (*_EFFECTS, *_METHODS)) | frozenset(
    {b"getattr", b"methodcaller", b"attrgetter", b"__getattribute__"}
)
"""The last names of every call that may do something."""

RAISING = frozenset({"pytest.skip", "pytest.fail", "pytest.exit", "unittest.skip", "flask.abort"})


def is_known(name: str) -> bool:
    """Say whether a qualified name stands in a table."""
    return name in _EFFECTS or name in _VALUES


def _functions(name: str) -> list[Handler]:
    root, _, _ = name.partition(".")
    short = f"{root}.{name.rpartition('.')[2]}"
    found = []
    for table, brief in ((_EFFECTS, _SHORT_EFFECTS), (_VALUES, _SHORT_VALUES)):
        handler = table.get(name) or brief.get(short)
        if handler is not None:
            found.append(handler)
    return found


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
    for table in (_METHODS, _VALUE_METHODS):
        handler = table.get(site.name)
        outcome = handler(site) if handler is not None else None
        if outcome is not None:
            return outcome
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
