"""From a root region to whole flows: what is embedded is lowered and put in its place.

The languages know nothing of each other. Here the SQL in a Python call, the shell in a
workflow and the Python in that shell are lowered by their own language, and become part
of the flow that runs them.
"""

from __future__ import annotations

from dbguard.databases import is_kept_sql, is_local, names_backup
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
    Stop,
    StopKind,
    Try,
    operations,
)
from dbguard.inclusion import MAX_INCLUSIONS, Inclusion, ProjectFiles
from dbguard.lowering import LOWERED, MAX_SHARED, Lowering, Open, as_note, is_sample
from dbguard.operations import Certainty, Kind, Operation, Target, TargetKind, named_backup
from dbguard.records import dataclass, field, replace
from dbguard.source import Problem, Region, SourceFile, Span, has_hole

MAX_FOLLOWED = 10_000
"""How many operations of the files it runs one file may have, before a limit is reported."""
FEW_INCLUSIONS = 8
"""So many files are followed however much they do: one may be a dump of a million rows."""

MAX_RUN_DEPTH = 12
"""How deep files may run one another before a limit is reported."""

MAX_FLOW_DEPTH = 500
"""How deep branches, loops, calls and embedded texts may nest before a limit is reported."""

_OTHER_PROCESS = frozenset({StopKind.EXIT, StopKind.RETURN, StopKind.RAISE})
_SAME_PROCESS = frozenset({StopKind.RETURN})

_SHARED: dict[tuple[object, ...], tuple[tuple[Flow, ...], Assembly]] = {}

_TASKS: dict[tuple[object, ...], Lowered] = {}
"""Files that define tasks, lowered once for all that run one of them."""

_OF: list[ProjectFiles] = []
"""The project that these three are of: of another, or of another state of it, nothing is kept."""


@dataclass(slots=True)
class Assembly(Lowering):
    """Puts together what a file does, all it embeds, and the files of the project it runs.

    ``included`` are the paths of the files that were followed, ``run_whole`` those of them
    that run from beginning to end, not a task of them only, ``read_in`` those whose top level
    runs and whose functions may.
    """

    included: set[str] = field(default_factory=set)
    run_whole: set[str] = field(default_factory=set)
    read_in: set[str] = field(default_factory=set)
    _inclusions: int = 0
    _followed: int = 0
    _depth: int = 0
    _machine: Machine | None = None

    def whole(self, region: Region) -> tuple[Flow, ...]:
        """Return the flows of a file's root region, with all it embeds and runs in place."""
        if self.files is not None and not any(files is self.files for files in _OF):
            for kept in (_SHARED, LOWERED, _TASKS):
                kept.clear()
            _OF[:] = [self.files]
        self._open.append(Open(self.path, region.file))
        flows = self.flows(region)
        self._open.pop()
        return flows

    def flows(self, region: Region) -> tuple[Flow, ...]:
        """Return the flows of a region, with every embedded text lowered in place."""
        return tuple(
            Flow(flow.name, self._sequence(flow.body)) for flow in self._lower(region).flows
        )

    def _sequence(self, sequence: Sequence) -> Sequence:
        if self._depth >= MAX_FLOW_DEPTH:
            what = f"control flow nests more than {MAX_FLOW_DEPTH} deep"
            self._limit(Problem(self._open[-1].file.path, what, "limit"))
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
                return Call(name, node.span, body, node.ends, node.file or self._open[-1].file)
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
        if "__hole_" not in embed.region.text:
            return whole
        from dbguard.opaque import opaque_code  # most texts can be read

        opaque = opaque_code(embed.region, embed.span, checked=embed.checked)
        return whole if opaque is None else Sequence((self._node(opaque), whole))

    def _included(self, include: Include) -> Node:
        """Put the flows of a file where another one runs it; cycles and loops are cut."""
        if self.files is None:
            return Sequence()
        if self._inclusions >= MAX_INCLUSIONS or len(self._open) > MAX_RUN_DEPTH:
            self._too_many_inclusions(include)
            return Sequence()
        found, flows = self._found(include, self.files)
        name = include.task[0] if include.task else include.path.text
        if found is None and include.language == "sql":
            return _loaded(include)
        if found is None and names_backup(name):
            span, checked = include.span, include.checked
            return named_backup(name, span, include.region, checked=checked)
        if found is None:
            return Sequence()
        self._inclusions += 1
        self._followed += sum(1 for flow in flows for _ in operations(flow.body))
        if self._followed > MAX_FOLLOWED and self._inclusions > FEW_INCLUSIONS:
            what = f"what it runs in other files has more than {MAX_FOLLOWED} operations"
            self._limit(Problem(include.region.file.path, what, "limit", include.span))
            return Sequence()
        self.included.add(found.project_path)
        if include.via == "source":
            # Its functions are judged where they are called, or by themselves.
            self.read_in.add(found.project_path)
            flows = tuple(flow for flow in flows if not flow.name)
        elif not include.task and self._machine is None:
            # What runs on a machine that is thrown away runs elsewhere as well.
            self.run_whole.add(found.project_path)
        file = include.region.file
        return self._in_place(flows, include.via, include.span, include.checked, file)

    def _too_many_inclusions(self, include: Include) -> None:
        what = f"more than {MAX_INCLUSIONS} files run by one"
        if len(self._open) > MAX_RUN_DEPTH:
            what = f"more than {MAX_RUN_DEPTH} files run one another"
        problem = Problem(include.region.file.path, what, "limit", include.span)
        self._limit(as_note(problem) if is_sample(include.region) else problem)

    def _found(
        self, include: Include, files: ProjectFiles
    ) -> tuple[Inclusion | None, tuple[Flow, ...]]:
        """Return the file that is meant, and the flows of it that run: (None, ()) for none."""
        including = self._open[-1].path
        if not include.task:
            found = files.find(include, including)
            if found is None or self._is_open(found, ()):
                return None, ()
            return found, self._flows_of(found, include, files)
        for found in files.tasks(include, including):
            if self._is_open(found, include.task):
                break
            if flows := self._flows_of(found, include, files):
                return found, flows
        return None, ()

    def _is_open(self, found: Inclusion, task: tuple[str, ...]) -> bool:
        return any(
            found.project_path == one.path and (not task or task == one.task) for one in self._open
        )

    def _flows_of(
        self, found: Inclusion, include: Include, files: ProjectFiles
    ) -> tuple[Flow, ...]:
        if self.shares and len(self._open) == 1 and self._machine is None:
            return self._shared(found, include.task, files)
        self._open.append(Open(found.project_path, found.region.file, include.task))
        flows = self._task(found, include.task) if include.task else self.flows(found.region)
        self._open.pop()
        return flows

    def _shared(
        self, found: Inclusion, task: tuple[str, ...], files: ProjectFiles
    ) -> tuple[Flow, ...]:
        """Return the flows of a file that many others may include, assembled once.

        It is assembled as if it stood alone, so that what comes out depends on nothing
        that was assembled before.
        """
        region = found.region
        place = (region.via, region.database, region.dialect, region.language)
        key = (files.root, found.project_path, region.file.text, task, *place)
        if key not in _SHARED:
            if len(_SHARED) >= MAX_SHARED:
                _SHARED.clear()
            alone = Assembly(files, found.project_path, shares=False)
            alone._open.append(Open(found.project_path, region.file, task))
            flows = alone._task(found, task) if task else alone.flows(region)
            _SHARED[key] = (flows, alone)
        flows, alone = _SHARED[key]
        self.problems.extend(alone.problems)
        self.included |= alone.included
        self.run_whole |= alone.run_whole
        self.read_in |= alone.read_in
        self.called |= alone.called
        self.comments.extend(alone.comments)
        return flows

    def _task(self, found: Inclusion, task: tuple[str, ...]) -> tuple[Flow, ...]:
        """Return the flows of one task of a file that is open, () where it has none so called."""
        region = found.region
        if region.language == "python":
            return self._commands(region, task)
        assert self.files is not None
        key = (self.files.root, found.project_path, region.file.text, region.language)
        if key not in _TASKS:
            if len(_TASKS) >= MAX_SHARED:
                _TASKS.clear()
            _TASKS[key] = self._lower(region)
        from dbguard.named_tasks import tasks_called, with_arguments

        flows = tasks_called(_TASKS[key].flows, task[0], region.language)
        return tuple(
            Flow("", self._sequence(with_arguments(flow.body, task[1:]))) for flow in flows
        )

    def _commands(self, region: Region, words: tuple[str, ...]) -> tuple[Flow, ...]:
        """Return the flows of a command of a Python program: its module, then its function."""
        from dbguard.languages import python
        from dbguard.languages.python.command_names import functions_of

        names = functions_of(region.text, words)
        if not names:
            return ()
        lowered = self._with_modules(region, names) or python.lower(region)
        return tuple(Flow("", self._sequence(flow.body)) for flow in lowered.flows)

    def _in_place(
        self, flows: tuple[Flow, ...], name: str, span: Span, checked: bool, file: SourceFile
    ) -> Node:
        main = [_without_last_exit(flow.body) for flow in flows if not flow.name]
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


def _without_last_exit(body: Sequence) -> Sequence:
    """Return what a text does without the exit in which it ends, whatever it did before.

    Who runs it goes on after that: a script that always failed nobody would call. What ends
    it on some paths only (``|| exit 1``) is its failure.
    """
    for at, node in enumerate(body.nodes):
        if isinstance(node, Stop) and node.kind is StopKind.EXIT:
            return replace(body, nodes=body.nodes[:at])
        inner: Node = node
        if isinstance(node, Sequence) and node.direction is None:
            inner = _without_last_exit(node)
        elif isinstance(node, Call) and StopKind.EXIT not in node.ends:
            within = _without_last_exit(node.body)
            inner = node if within is node.body else replace(node, body=within)
        if inner is not node:
            return replace(body, nodes=(*body.nodes[:at], inner))
    return body


def _loaded(include: Include) -> Node:
    """Return what a client of a database does with SQL that lies in no file of the project.

    By its name it may be a backup, which is put back over what the database holds.
    """
    path = include.path.text
    if not is_kept_sql(path) or has_hole(path):
        return Sequence()
    database = include.database or ""
    certainty = Certainty.PARTIAL if has_hole(database) else Certainty.LITERAL
    return Operation(
        Kind.RESTORE,
        Target(TargetKind.DATABASE, database, include.database, certainty),
        include.span,
        include.region,
        spelling=include.via.rpartition(" of ")[2],
        source=Target(TargetKind.FILE, path),
        checked=include.checked,
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
