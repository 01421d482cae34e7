"""The control flow of a scope, in one form for every language.

A language lowers its text to :class:`Flow` objects made of these nodes. The nodes say
what runs after what, what may be left out and what ends the flow; the walk in
:mod:`dbguard.evidence` reads nothing else.

Success and failure are spelled out in the structure. ``A && B`` is a branch with one
arm "A has succeeded, then B" and one empty arm. ``if [ $a -ne $b ]; then exit 1; fi``
is a branch with one arm that stops and one that begins with the verification that
holds there. So a fact is simply an operation that stands on the paths where it is true.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

from dbguard.operations import Operation
from dbguard.records import dataclass
from dbguard.source import Mapped, Problem, Region, SourceFile, Span

CONSOLE_SCRIPT = "console script "
"""What precedes the name of a console script where it is the name of a flow or a task: the
tasks of the same pyproject.toml are no programs of their own."""


class Direction(Enum):
    """Which way a migration goes."""

    __hash__ = object.__hash__

    FORWARD = "forward"
    DOWN = "down"


class StopKind(Enum):
    """How a path ends."""

    # Members are compared by identity; Enum's own hash is a call in Python.
    __hash__ = object.__hash__

    RETURN = "return"
    RAISE = "raise"
    EXIT = "exit"
    BREAK = "break"
    CONTINUE = "continue"


@dataclass(frozen=True, slots=True)
class Sequence:
    """Nodes that run one after the other. ``direction`` overrides what stands around it."""

    nodes: tuple[Node, ...] = ()
    direction: Direction | None = None


@dataclass(frozen=True, slots=True)
class Branch:
    """One of the arms runs. Where none may run, one arm is empty."""

    arms: tuple[Sequence, ...]


@dataclass(frozen=True, slots=True)
class Loop:
    """A body that runs any number of times; ``at_least_once`` where none is ruled out."""

    body: Sequence
    at_least_once: bool = False


@dataclass(frozen=True, slots=True)
class Try:
    """``handlers`` run when ``body`` raises, ``otherwise`` when it does not, ``final`` always."""

    body: Sequence
    handlers: tuple[Sequence, ...] = ()
    otherwise: Sequence = Sequence()
    final: Sequence = Sequence()


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine that is thrown away after the run, as a hosted runner is, and why.

    ``servers`` says that its database servers are its own: they go with it.
    """

    reason: str
    servers: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """A function of the project, already followed: ``body`` with the arguments bound.

    ``ends`` are the stops that end the body only (RETURN for a function, EXIT for a
    subshell). ``span`` is the call itself, in the outermost file; ``file`` that file,
    filled in when the flow is assembled. ``machine`` is as in :class:`Embed`.
    """

    name: str
    span: Span
    body: Sequence
    ends: frozenset[StopKind] = frozenset({StopKind.RETURN})
    file: SourceFile | None = None
    machine: Machine | None = None


@dataclass(frozen=True, slots=True)
class Stop:
    """The path ends here."""

    kind: StopKind
    span: Span


@dataclass(frozen=True, slots=True)
class Embed:
    """A text in another language that runs here. The pipeline lowers it in place.

    ``checked`` has the meaning it has on an operation: had the text failed, what
    follows would not run. ``span`` is what runs it (the call, the command). ``machine``
    is where it runs, if what is lost there does not matter.
    """

    region: Region
    span: Span
    checked: bool = True
    machine: Machine | None = None


@dataclass(frozen=True, slots=True)
class Include:
    """A file of the project that runs here (``psql -f x.sql``, ``. lib.sh``).

    ``path`` is relative to the folder of the including file or to the root of the scan.
    With ``task`` only a part of the file runs, by the name and the arguments it is called
    with: a target of a Makefile, a script of package.json, a command of a Python program.
    ``path`` may then be the folder such a file is looked for in ('' where it is run).
    """

    path: Mapped
    language: str
    region: Region
    span: Span
    via: str
    database: str | None = None
    dialect: str = ""
    checked: bool = True
    task: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """On this path a comparison holds between what ``queries`` read.

    The pipeline lowers the queries, and makes of their reads one VERIFY operation.
    ``lesser`` are those on the side that is known to be no greater than the other
    (``new >= old``: the query of ``old``), () where both are equal.
    """

    queries: tuple[Region, ...]
    span: Span
    region: Region
    lesser: tuple[Region, ...] = ()


Node = Operation | Sequence | Branch | Loop | Try | Call | Stop | Embed | Include | Check


@dataclass(frozen=True, slots=True)
class Flow:
    """A scope that may be entered from outside: a file's top level, an uncalled function.

    ``name`` is '' for the top level of a region.
    """

    name: str
    body: Sequence


@dataclass(frozen=True, slots=True)
class Lowered:
    """What a language makes of a region: its flows, and what it could not read."""

    flows: tuple[Flow, ...] = ()
    problems: tuple[Problem, ...] = ()


def operations(node: Node) -> Iterator[Operation]:
    """Yield every operation below *node*, in reading order, whatever the paths."""
    stack: list[Node] = [node]
    while stack:
        current = stack.pop()
        match current:
            case Operation():
                yield current
            case Sequence(nodes=nodes):
                stack.extend(reversed(nodes))
            case Branch(arms=arms):
                stack.extend(reversed(arms))
            case Loop(body=body) | Call(body=body):
                stack.append(body)
            case Try(body=body, handlers=handlers, otherwise=otherwise, final=final):
                stack.extend((final, otherwise, *reversed(handlers), body))
            case _:
                pass
