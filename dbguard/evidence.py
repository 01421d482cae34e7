"""The walk over a flow: which facts of the protocol hold at each operation.

The walk goes along every path, keeps a :class:`~dbguard.state.State`, and shows each
operation to a visitor together with the :class:`Evidence` at that point. It knows no
language and no rule.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum

from dbguard.databases import has_database_suffix, normal_path
from dbguard.flow import (
    Branch,
    Call,
    Direction,
    Flow,
    Loop,
    Node,
    Sequence,
    Stop,
    StopKind,
    Try,
)
from dbguard.operations import Guard, Kind, Operation, Target, TargetKind, Trait
from dbguard.records import dataclass, field
from dbguard.source import has_hole
from dbguard.state import (
    DESTROYS,
    FactKind,
    State,
    database_key,
    guards,
    merge,
    source_topic,
    table_key,
)


class Context(Enum):
    """What sort of file an operation stands in."""

    APPLICATION = "application"
    TEST = "test"
    MIGRATION = "migration"
    DOCUMENTATION = "documentation"  # examples for people
    INSTRUCTIONS = "instructions"  # what a coding agent is told to do: it does that


@dataclass(frozen=True, slots=True)
class Project:
    """What the whole project says, as far as a rule may ask for it.

    ``migration_tool`` names the tool that is set up ("Alembic"), '' where none is;
    ``write_ahead`` says that its code turns SQLite's write-ahead mode on; ``columns`` are
    those of tables (by :func:`dbguard.state.table_key`) that other files define.
    """

    migration_tool: str = ""
    write_ahead: bool = False
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known where an operation stands.

    ``state`` is live: ask now, keep nothing. ``calls`` are the calls that led here,
    outermost first.
    """

    state: State
    direction: Direction
    context: Context
    project: Project
    calls: tuple[Call, ...] = ()

    def backup_of(self, target: Target) -> Operation | None:
        """Return the backup of the database a target lies in, None where none holds.

        A backup taken in the same flow of a database that cannot be compared (one of
        the two is not known) counts: the claim that it is another one has no proof.
        """
        for key, _, proof in self.state.all(FactKind.BACKUP):
            if Trait.NAMED not in proof.traits and _may_be(key, target):
                return proof
        return None

    def named_backup(self) -> Operation | None:
        """Return a call that only sounds like a backup, None where none holds."""
        for _, _, proof in self.state.all(FactKind.BACKUP):
            if Trait.NAMED in proof.traits:
                return proof
        return None

    def futile_backup_of(self, target: Target) -> Operation | None:
        """Return a backup that may run before but does not hold here, or None.

        Its failure does not stop the flow, or it is made on some paths only.
        """
        if self.backup_of(target) is not None:
            return None
        lost: set[int] | None = None
        for operation in self.state.happened.latest(Kind.BACKUP):
            source = operation.source
            if source is None or not _may_be(database_key(source.name), target):
                continue
            if lost is None:
                lost = {id(proof) for _, _, proof in self.state.all(FactKind.LOST)}
            if id(operation) not in lost:
                return operation
        return None

    def lost_backup_of(self, target: Target) -> Operation | None:
        """Return a backup that was deleted or overwritten before this point, or None."""
        if self.backup_of(target) is not None:
            return None
        for key, _, proof in self.state.all(FactKind.LOST):
            if _may_be(key, target):
                return proof
        return None

    def copy_of(self, table: Target) -> Operation | None:
        """Return the copy of a table's rows that holds here and leaves none out, or None."""
        for copy in self._copies_of(table):
            if not self._loses(copy):
                return copy
        return None

    def _loses(self, copy: Operation) -> bool:
        return Trait.FILTERED in copy.traits or bool(self.columns_left_out(copy))

    def columns_left_out(self, copy: Operation) -> tuple[str, ...]:
        """Return the columns of the old table that a copy does not take along.

        () where the copy takes all, or the columns of the old table are not known.
        """
        if not copy.columns or copy.source is None:
            return ()
        table = table_key(copy.source.name)
        definition = self.state.find(FactKind.DEFINED, table)
        former = self.state.former_name(table)
        known = definition.columns if definition else self.project.columns.get(former, ())
        return tuple(column for column in known if column not in copy.columns)

    def lossy_copy_of(self, table: Target) -> Operation | None:
        """Return the copy that leaves least out, where there is no whole one."""
        copies = self._copies_of(table)
        if not copies or self.copy_of(table) is not None:
            return None
        return min(
            copies,
            key=lambda copy: (Trait.FILTERED in copy.traits, len(self.columns_left_out(copy))),
        )

    def futile_copy_of(self, table: Target) -> Operation | None:
        """Return a copy of a table's rows that may be missing here, or None.

        Its failure does not stop the flow, or it is made on some paths only. The names are
        those at the copy: what the flow renamed since is followed.
        """
        if self._copies_of(table):
            return None
        name = table_key(_table_of(table))
        for called in (name, self.state.former_name(name)):
            copy = self.state.happened.first(Kind.COPY_ROWS, source_topic(called))
            if copy is not None and self.state.later_name(called) == name:
                return copy
        return None

    def _copies_of(self, table: Target) -> list[Operation]:
        return self.state.proofs(FactKind.COPIED, table_key(_table_of(table)))

    def verification_of(self, table: Target) -> Operation | None:
        """Return the comparison of a table with its copy that holds here, or None."""
        return self.state.find(FactKind.VERIFIED, table_key(_table_of(table)))

    def verified_copy_of(self, table: Target) -> bool:
        """Say whether a table was copied whole and compared before this point, on every path."""
        return self.copy_of(table) is not None and self.verification_of(table) is not None

    def futile_verification_of(self, table: Target) -> Operation | None:
        """Return a comparison of a table that stands before but cannot stop what follows.

        One that holds here has stopped what it could. That it is no proof has another
        reason where no table was made or filled to be compared with, or where it allows for
        missing rows by the side it calls greater.
        """
        if self.verification_of(table) is not None:
            return None
        holds = self.state.find(FactKind.COMPARED, table_key(_table_of(table)))
        if holds is not None and (holds.lesser or not self._prepared_for(holds)):
            return None
        return self.state.happened.first(Kind.VERIFY, table_key(_table_of(table)))

    def _prepared_for(self, comparison: Operation) -> bool:
        """Say whether this flow made or filled a table that is compared here."""
        tables = {table_key(read.name) for read in comparison.reads}
        if any(self.state.created("table", table) is not None for table in tables):
            return True
        return any(
            table_key(side.name) in tables
            for copy in self.state.happened.of((Kind.COPY_ROWS,))
            for side in (copy.target, copy.source)
            if side is not None
        )

    def created_here(self, target: Target) -> Operation | None:
        """Return the operation of this flow that created a table or database, or None."""
        if target.kind in (TargetKind.TABLE, TargetKind.COLUMN, TargetKind.ROWS):
            found = self.state.created("table", table_key(_table_of(target)))
            if found is not None:
                return found
        for name in _databases_of(target):
            found = self.state.created("database", name)
            if found is not None:
                return found
        return None

    def guard(self, guard: Guard) -> Operation | None:
        """Return the condition that guards this path, or None."""
        return self.state.find(FactKind.GUARD, guard.value)

    def absent(self, target: Target) -> bool:
        """Say whether a condition tells that *target* is not there yet.

        That another file is not there (a marker, as a rule) tells nothing of this one; that
        its folder is not there does. What is not known by name may be the one.
        """
        return any(
            _is_or_holds(proof.target, target)
            for proof in self.state.proofs(FactKind.GUARD, Guard.ABSENT.value)
        )

    @property
    def guards(self) -> frozenset[Guard]:
        """The guards that hold here."""
        return guards(self.state)

    def stopped_service(self) -> Operation | None:
        """Return the step that stopped a service before this point, or None."""
        return next((proof for _, _, proof in self.state.all(FactKind.STOPPED)), None)

    def destroyed_before(self) -> list[Operation]:
        """Return what may have been destroyed before on a path to here, in order."""
        return self.state.happened.of(DESTROYS)


def _table_of(target: Target) -> str:
    """A column's name is ``table.column``; its evidence is its table's."""
    return target.name.rpartition(".")[0] if target.kind is TargetKind.COLUMN else target.name


def _databases_of(target: Target) -> tuple[str, ...]:
    """Return the names of the database a target is or lies in, as they are compared."""
    whole = target.kind in (TargetKind.DATABASE, TargetKind.FILE, TargetKind.STORAGE)
    names = (target.name if whole else None, target.database)
    return tuple(database_key(name) for name in names if name)


def _may_be(database: str, target: Target) -> bool:
    """Say whether a database that was backed up may be the one a target is or lies in.

    A server's URL and the bare name of the database in it are the same. Where the target
    is not known any database may be meant, but volumes hold no database file that a
    script copies from outside.
    """
    names = _databases_of(target)
    if not names:
        return target.kind is not TargetKind.STORAGE or not has_database_suffix(database)
    if database in ("", *names):
        return True
    ends = {name.rpartition("/")[2] for name in names if "://" in name}
    return database in ends or ("://" in database and database.rpartition("/")[2] in names)


Visitor = Callable[[Operation, Evidence], None]


def _unseen(_operation: Operation, _evidence: Evidence) -> None:
    """A visitor of what was judged already."""


@dataclass(slots=True)
class Walk:
    """Walks the flows of one file and shows every operation to a visitor.

    It recurses as deep as the flow nests, which :mod:`dbguard.assembly` limits.
    """

    visit: Visitor
    context: Context = Context.APPLICATION
    project: Project = Project()
    _calls: list[Call] = field(default_factory=list)

    def flow(self, flow: Flow) -> Evidence:
        """Walk one flow from its beginning; return the evidence where it ends.

        Where every path stops (``exit 0`` at the end of a script), the end is taken
        from the stops.
        """
        outcome = self._run(flow.body, State(), Direction.FORWARD)
        end = outcome.after
        raised = outcome.stops.pop(StopKind.RAISE, None)
        for state in outcome.stops.values():
            end = merge(end, state)
        # What raises says that it did not get to its end: that is no end, unless it is all.
        end = end or raised
        return Evidence(end or State(), Direction.FORWARD, self.context, self.project)

    def _run(self, node: Node, state: State, direction: Direction) -> _Outcome:
        match node:
            case Operation():
                self._operation(node, state, direction)
                return _Outcome(state)
            case Sequence():
                return self._sequence(node, state, node.direction or direction)
            case Branch(arms=arms):
                outcome = _Outcome(None)
                for arm in arms:
                    outcome.join(self._run(arm, state.copy(), direction))
                return outcome
            case Loop():
                return self._loop(node, state, direction)
            case Try():
                return self._try(node, state, direction)
            case Call(body=body, ends=ends):
                self._calls.append(node)
                outcome = self._run(body, state, direction)
                self._calls.pop()
                for kind in ends & outcome.stops.keys():
                    outcome.after = merge(outcome.after, outcome.stops.pop(kind))
                return outcome
            case Stop(kind=kind):
                return _Outcome(None, {kind: state})
            case _:
                # Embed, Include and Check are replaced before the walk.
                return _Outcome(state)

    def _operation(self, operation: Operation, state: State, direction: Direction) -> None:
        evidence = Evidence(state, direction, self.context, self.project, tuple(self._calls))
        self.visit(operation, evidence)
        state.apply(operation)

    def _sequence(self, sequence: Sequence, state: State, direction: Direction) -> _Outcome:
        outcome = _Outcome(state)
        for node in sequence.nodes:
            if outcome.after is None:
                # Nothing reaches what stands behind a stop.
                break
            if isinstance(node, Operation):  # as most nodes are: it stops nothing
                self._operation(node, outcome.after, direction)
                continue
            step = self._run(node, outcome.after, direction)
            outcome.after = step.after
            outcome.add_stops(step.stops)
        return outcome

    def _loop(self, loop: Loop, state: State, direction: Direction) -> _Outcome:
        entry = state.copy()
        outcome = self._run(loop.body, state, direction)
        end = outcome.after
        for kind in (StopKind.BREAK, StopKind.CONTINUE):
            end = merge(end, outcome.stops.pop(kind, None))
        outcome.after = end if loop.at_least_once else merge(entry, end)
        return outcome

    def _try(self, node: Try, state: State, direction: Direction) -> _Outcome:
        entry = state.copy()
        body = self._run(node.body, state, direction)
        raised = body.stops.pop(StopKind.RAISE, None) if node.handlers else None
        # An exception may come from anywhere in the body: of its facts none is certain,
        # of what it does all is possible.
        caught = merge(entry, raised) or entry
        for state_after in (body.after, *body.stops.values()):
            if state_after is not None:
                caught.happened.add(state_after.happened)
        outcome = body
        if body.after is not None:
            otherwise = self._run(node.otherwise, body.after, direction)
            outcome = _Outcome(otherwise.after, body.stops)
            outcome.add_stops(otherwise.stops)
        for handler in node.handlers:
            outcome.join(self._run(handler, caught.copy(), direction))
        if node.final.nodes:
            self._finally(node.final, outcome, caught, direction)
        return outcome

    def _finally(
        self, final: Sequence, outcome: _Outcome, caught: State, direction: Direction
    ) -> None:
        """What always runs also runs after an exception: it is judged by what holds on both ways.

        Behind it, where no exception came, the facts of the body still hold.
        """
        always = merge(outcome.after, caught) or caught
        judged = self._run(final, always.copy(), direction)
        outcome.add_stops(judged.stops)
        if outcome.after is not None:
            unseen = Walk(_unseen, self.context, self.project)
            outcome.after = unseen._run(final, outcome.after, direction).after


@dataclass(slots=True)
class _Outcome:
    """How a node ends: the state behind it (None: never reached) and where paths stopped."""

    after: State | None
    stops: dict[StopKind, State] = field(default_factory=dict)

    def join(self, other: _Outcome) -> None:
        self.after = merge(self.after, other.after)
        self.add_stops(other.stops)

    def add_stops(self, stops: dict[StopKind, State]) -> None:
        for kind, state in stops.items():
            merged = merge(self.stops.get(kind), state)
            if merged is not None:
                self.stops[kind] = merged


def _is_or_holds(absent: Target, target: Target) -> bool:
    """Say whether one target may be the other, or the folder it lies in."""
    if absent.kind is not TargetKind.FILE or not _is_file(target):
        return True
    if has_hole(absent.name) or has_hole(target.name):
        return True
    inner, outer = normal_path(target.name), normal_path(absent.name)
    return inner == outer or inner.startswith(outer.rstrip("/") + "/")


def _is_file(target: Target) -> bool:
    """Say whether a target is a file: a database in one goes by its path."""
    if target.kind is TargetKind.DATABASE:
        return has_database_suffix(target.name) or "/" in target.name
    return target.kind is TargetKind.FILE
