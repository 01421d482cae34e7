"""How the tables say what a call does: one entry, one operation, data only."""

from __future__ import annotations

from collections.abc import Iterable

from dbguard.flow import Node
from dbguard.languages.python.calls.site import CallSite, Handler, Outcome
from dbguard.languages.python.values import Value
from dbguard.operations import Kind, Trait
from dbguard.records import dataclass

Argument = tuple["int | None", str]
"""Where an argument stands: position and keyword."""


@dataclass(frozen=True, slots=True)
class FileEffect:
    """An operation on files named by arguments; ``target`` None is the receiver (a path)."""

    kind: Kind
    target: Argument | None = (0, "path")
    source: Argument | None = None
    from_receiver: bool = False
    traits: frozenset[Trait] = frozenset()

    def __call__(self, site: CallSite) -> Outcome | None:
        target = site.receiver if self.target is None else site.argument(*self.target)
        if target is None:
            return None
        source = site.receiver if self.from_receiver else None
        if self.source is not None:
            source = site.argument(*self.source)
        values = [target] if source is None else [target, source]

        def make(choice: list[Value]) -> list[Node]:
            goal = site.path_target(choice[0])
            origin = site.path_target(choice[1]) if len(choice) > 1 else None
            if goal is None or (len(choice) > 1 and origin is None):
                return []
            return [site.operation(self.kind, goal, source=origin, traits=self.traits)]

        return Outcome(site.spread(values, make), target)


def first_of(handlers: Iterable[Handler]) -> Handler:
    """Return a handler that asks several until one knows the call."""
    known = tuple(handlers)

    def handle(site: CallSite) -> Outcome | None:
        for handler in known:
            outcome = handler(site)
            if outcome is not None:
                return outcome
        return None

    return handle
