"""From a root region to whole flows: what is embedded is lowered and put in its place.

The languages know nothing of each other. Here the SQL in a Python call, the shell in a
workflow and the Python in that shell are lowered by their own language, and become part
of the flow that runs them.
"""

from __future__ import annotations

from importlib import import_module
from itertools import islice
from typing import Protocol, cast

from dbguard.context import context_of
from dbguard.databases import is_local, names_backup
from dbguard.evidence import Context
from dbguard.flow import (
    Branch,
    Call,
    Check,
    Embed,
    Flow,
    Include,
    Loop,
    Lowered,
    Machine,
    Node,
    Sequence,
    StopKind,
    Try,
    operations,
)
from dbguard.inclusion import MAX_INCLUSIONS, Inclusion, ProjectFiles
from dbguard.opaque import opaque_code
from dbguard.operations import Kind, Operation, Target, TargetKind, named_backup
from dbguard.records import dataclass, field, replace
from dbguard.source import Comment, Problem, Region, SourceFile, Span

MAX_REGION_DEPTH = 12
"""How deep languages may stand in each other before a limit is reported."""

MAX_REGIONS = 5_000
"""How many embedded texts of one file are read before a limit is reported."""

MAX_FLOW_DEPTH = 500
"""How deep branches, loops, calls and embedded texts may nest before a limit is reported."""

MAX_DIRECTIVES = 2_000
"""How many comments of one text may speak to dbguard; the rest suppress nothing."""

DIRECTIVE = "dbguard:"
"""How a comment that speaks to dbguard begins."""

_LANGUAGES = frozenset({"python", "shell", "sql"})
_SAMPLES = frozenset({"markdown"})
"""Hosts whose blocks are shown to people, who know what an ellipsis stands for."""

_OTHER_PROCESS = frozenset({StopKind.EXIT, StopKind.RETURN, StopKind.RAISE})
_SAME_PROCESS = frozenset({StopKind.RETURN})


class Language(Protocol):
    """What a module of :mod:`dbguard.languages` or :mod:`dbguard.hosts` offers."""

    def lower(self, region: Region) -> Lowered:
        """Return the flows of a region; never raises on any text."""
        ...


def language(name: str) -> Language:
    """Return the language or host called *name*, imported on first use.

    Names come from dbguard's own tables, never from a scanned file.
    """
    package = "languages" if name in _LANGUAGES else "hosts"
    return cast(Language, import_module(f"dbguard.{package}.{name}"))


MAX_SHARED = 200
"""How many included files are kept assembled, for the next file that includes them."""

_SHARED: dict[tuple[object, ...], tuple[tuple[Flow, ...], Assembly]] = {}


@dataclass(slots=True)
class Assembly:
    """Lowers a file, all it embeds, and the files of the project it runs.

    ``files`` finds those (None: they are left alone), ``path`` is the file's own path from
    the root of the project. ``problems`` collects what could not be read, ``included``
    the paths of the files that were followed, ``comments`` those that may speak to dbguard.
    ``shares``: the files it includes are assembled once for all that include them.
    """

    files: ProjectFiles | None = None
    path: str = ""
    problems: list[Problem] = field(default_factory=list)
    included: set[str] = field(default_factory=set)
    comments: list[Comment] = field(default_factory=list)
    shares: bool = True
    _regions: int = 0
    _inclusions: int = 0
    _depth: int = 0
    _machine: Machine | None = None
    _open: list[tuple[str, SourceFile]] = field(default_factory=list)

    def whole(self, region: Region) -> tuple[Flow, ...]:
        """Return the flows of a file's root region, with all it embeds and runs in place."""
        self._open.append((self.path, region.file))
        flows = self.flows(region)
        self._open.pop()
        return flows

    def flows(self, region: Region) -> tuple[Flow, ...]:
        """Return the flows of a region, with every embedded text lowered in place."""
        return tuple(
            Flow(flow.name, self._sequence(flow.body)) for flow in self._lower(region).flows
        )

    def _limit(self, problem: Problem) -> None:
        if not any(known.error == problem.error for known in self.problems):
            self.problems.append(problem)

    def _lower(self, region: Region) -> Lowered:
        self._regions += 1
        span = region.span(0, len(region.text))
        if region.depth > MAX_REGION_DEPTH:
            what = f"more than {MAX_REGION_DEPTH} texts stand in each other"
            self._limit(Problem(region.file.path, what, "limit", span))
            return Lowered()
        if self._regions > MAX_REGIONS:
            what = f"more than {MAX_REGIONS} embedded texts"
            self._limit(Problem(region.file.path, what, "limit", span))
            return Lowered()
        module = language(region.language)
        lowered = self._with_modules(region) or module.lower(region)
        self.problems.extend(
            problem if problem.stage != "parse" or not _is_sample(region) else _as_note(problem)
            for problem in lowered.problems
        )
        if DIRECTIVE in region.text and hasattr(module, "comments"):
            self.comments.extend(islice(module.comments(region), MAX_DIRECTIVES))
        return lowered

    def _with_modules(self, region: Region) -> Lowered | None:
        """Lower Python of a project, whose other modules it may import."""
        if region.language != "python" or self.files is None:
            return None
        from dbguard.languages import python

        # A test calls what it tests, all over: that is judged where it stands.
        path = self._open[-1][0]
        lowered, modules = python.lower_in_project(
            region, self.files.module, path, functions=context_of(path) is not Context.TEST
        )
        for other in modules:
            if DIRECTIVE in other.text:
                self.comments.extend(islice(python.comments(other), MAX_DIRECTIVES))
        return lowered

    def _sequence(self, sequence: Sequence) -> Sequence:
        if self._depth >= MAX_FLOW_DEPTH:
            what = f"control flow nests more than {MAX_FLOW_DEPTH} deep"
            self._limit(Problem(self._open[-1][1].path, what, "limit"))
            return Sequence()
        self._depth += 1
        nodes = tuple([self._node(node) for node in sequence.nodes])
        self._depth -= 1
        return Sequence(nodes, sequence.direction)

    def _node(self, node: Node) -> Node:
        match node:
            case Operation():
                return node if self._machine is None else _on_machine(node, self._machine)
            case Sequence():
                return self._sequence(node)
            case Branch(arms=arms):
                return Branch(tuple(self._sequence(arm) for arm in arms))
            case Loop():
                return Loop(self._sequence(node.body), node.at_least_once)
            case Try():
                return Try(
                    self._sequence(node.body),
                    tuple(self._sequence(handler) for handler in node.handlers),
                    self._sequence(node.otherwise),
                    self._sequence(node.final),
                )
            case Call():
                around = self._machine
                self._machine = node.machine or around
                body = self._sequence(node.body)
                self._machine = around
                name = "" if node.name == "subshell" else node.name
                return Call(name, node.span, body, node.ends, node.file or self._open[-1][1])
            case Embed():
                return self._embedded(node)
            case Check():
                return self._check(node)
            case Include():
                return self._included(node)
            case _:
                return node

    def _embedded(self, embed: Embed) -> Node:
        """Put the flows of an embedded text where it runs.

        What is defined there and called by nobody is shown too, after the rest and apart:
        nothing it does is evidence for what follows.
        """
        around = self._machine
        self._machine = embed.machine or around
        flows = self.flows(embed.region)
        self._machine = around
        whole = self._in_place(flows, "", embed.span, embed.checked, embed.region.file)
        opaque = opaque_code(embed.region, embed.span, checked=embed.checked)
        return whole if opaque is None else Sequence((self._node(opaque), whole))

    def _included(self, include: Include) -> Node:
        """Put the flows of a file where another one runs it; cycles and loops are cut."""
        if self.files is None or self._inclusions >= MAX_INCLUSIONS:
            return Sequence()
        found = self.files.find(include, self._open[-1][0])
        if found is None and names_backup(include.path.text):
            name, checked = include.path.text, include.checked
            return named_backup(name, include.span, include.region, checked=checked)
        if found is None or any(path == found.project_path for path, _ in self._open):
            return Sequence()
        self._inclusions += 1
        self.included.add(found.project_path)
        if self.shares and len(self._open) == 1 and self._machine is None:
            flows = self._shared(found, self.files)
        else:
            self._open.append((found.project_path, found.region.file))
            flows = self.flows(found.region)
            self._open.pop()
        file = include.region.file
        return self._in_place(flows, include.via, include.span, include.checked, file)

    def _shared(self, found: Inclusion, files: ProjectFiles) -> tuple[Flow, ...]:
        """Return the flows of a file that many others may include, assembled once.

        It is assembled as if it stood alone, so that what comes out depends on nothing
        that was assembled before.
        """
        region = replace(found.region, parent=None)
        place = (region.via, region.database, region.dialect, region.language)
        key = (files.root, found.project_path, region.file.text, *place)
        if key not in _SHARED:
            if len(_SHARED) >= MAX_SHARED:
                _SHARED.clear()
            alone = Assembly(files, found.project_path, shares=False)
            _SHARED[key] = (alone.whole(region), alone)
        flows, alone = _SHARED[key]
        self.problems.extend(alone.problems)
        self.included |= alone.included
        self.comments.extend(alone.comments)
        return flows

    def _in_place(
        self, flows: tuple[Flow, ...], name: str, span: Span, checked: bool, file: SourceFile
    ) -> Node:
        main = [flow.body for flow in flows if not flow.name]
        apart = tuple(flow.body for flow in flows if flow.name)
        body: tuple[Node, ...] = tuple(main)
        if apart:
            body += (Branch((*apart, Sequence())),)
        if checked:
            return Call(name, span, Sequence(body), _SAME_PROCESS, file)
        # Had it failed, what follows would run all the same: what it proves ends with it.
        content = Call(name, span, Sequence(body), _OTHER_PROCESS, file)
        return Branch((Sequence((content,)), Sequence()))

    def _check(self, check: Check) -> Node:
        """Make one verification of what the compared queries read.

        A table that two queries read is named twice: once for each side.
        """
        reads: list[Target] = []
        lesser: list[Target] = []
        for query in check.queries:
            read_here = {
                read.name: read
                for flow in self.flows(query)
                for operation in operations(flow.body)
                if operation.kind is Kind.READ
                for read in operation.reads
            }
            reads.extend(read_here.values())
            if any(query is one for one in check.lesser):
                lesser.extend(read_here.values())
        if not reads:
            return Sequence()
        names = " and ".join(dict.fromkeys(read.name for read in reads))
        target = Target(TargetKind.TABLE, names, reads[0].database)
        return Operation(
            Kind.VERIFY,
            target,
            check.span,
            check.region,
            spelling="comparison",
            reads=tuple(reads),
            lesser=tuple(lesser),
        )


def _on_machine(operation: Operation, machine: Machine) -> Operation:
    """Return an operation whose target is marked as thrown away, if it goes with the machine."""
    target = operation.target
    on_disk = target.kind in (TargetKind.FILE, TargetKind.STORAGE)
    if target.throwaway or not (on_disk or machine.servers):
        return operation
    if not is_local(target.database or target.name):
        return operation
    return replace(operation, target=replace(target, throwaway=machine.reason))


def _is_sample(region: Region | None) -> bool:
    while region is not None:
        if region.language in _SAMPLES:
            return True
        region = region.parent
    return False


def _as_note(problem: Problem) -> Problem:
    """Return a problem that leaves the scan complete."""
    return replace(problem, incomplete=False)
