"""What is known at a point of a flow: the facts that hold on every path to it.

A fact is an operation that has succeeded, under a key that says what it is about, so
that two arms which back up the same database in two ways still agree where they meet.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from enum import Enum
from functools import lru_cache
from itertools import count, islice

from dbguard.databases import normal_path
from dbguard.operations import Guard, Kind, Operation, Target, TargetKind, Trait
from dbguard.records import dataclass, field

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Generic, Literal, TypeVar

    ForeignKeys = Literal["on", "off", "ineffective"]
    Entry = TypeVar("Entry")
    Name = TypeVar("Name")
else:
    Name = Entry = None

    class Generic:
        """Stands in for that of ``typing``, whose import takes 3 ms."""

        __slots__ = ()

        def __class_getitem__(cls, _):
            return cls


class FactKind(Enum):
    """What kind of fact an operation makes true."""

    # Members are compared by identity; Enum's own hash is a call in Python.
    __hash__ = object.__hash__

    BACKUP = "backup"
    COPIED = "copied"
    COMPARED = "compared"
    LOST = "lost"  # a backup that is there no more
    VERIFIED = "verified"
    GUARD = "guard"
    STOPPED = "stopped"
    CREATED = "created"
    RENAMED = "renamed"
    DEFINED = "defined"


@lru_cache(maxsize=4096)
def table_key(name: str) -> str:
    """Return the name by which two mentions of a table are compared.

    Schema and quotes are left out and case is folded: ``public."Users"`` is ``users``.
    Mentions in different schemas are so taken for the same table, which errs towards
    accepting evidence only where a flow handles two tables of one name.
    """
    return name.rpartition(".")[2].strip('"`[]').casefold()


def database_key(name: str) -> str:
    """Return the name by which two mentions of a database are compared."""
    return name if "://" in name else normal_path(name)


_BETWEEN_TABLES = frozenset({FactKind.COPIED, FactKind.VERIFIED, FactKind.RENAMED})
"""The kinds of facts that are about two tables, and are found by either."""


class Ledger(Generic[Name, Entry]):
    """A dictionary that is copied when it is written to, not before.

    A branch copies the state for each of its arms, and few arms change much of it.
    """

    __slots__ = ("_owned", "entries")

    def __init__(self, entries: dict[Name, Entry] | None = None, *, owned: bool = False) -> None:
        self.entries: dict[Name, Entry] = {} if entries is None else entries
        self._owned = owned

    def copy(self) -> Ledger[Name, Entry]:
        """Return a ledger that can be written to apart from this one."""
        self._owned = False
        return Ledger(self.entries)

    def __setitem__(self, name: Name, entry: Entry) -> None:
        self._own()
        self.entries[name] = entry

    def remove(self, name: Name) -> None:
        """Take out an entry where there is one."""
        if name in self.entries:
            self._own()
            del self.entries[name]

    def _own(self) -> None:
        if not self._owned:
            self.entries = self.entries.copy()
            self._owned = True


_NOTHING: Mapping[str, Operation] = {}


class Facts:
    """The facts of one kind: pairs of what they are about, each with its proof.

    Found by either side of the pair. They stand in the order they became true, as far as
    their first sides differ.
    """

    __slots__ = ("_by_second", "_proofs")

    def __init__(
        self,
        proofs: Ledger[str, dict[str, Operation]] | None = None,
        by_second: Ledger[str, dict[str, None]] | None = None,
    ) -> None:
        # The inner dictionaries are never changed, only replaced.
        self._proofs: Ledger[str, dict[str, Operation]] = proofs or Ledger()
        # None for kinds whose second side is no name ("table"), which all of them share: to
        # replace the list of a thousand tables for each new one is quadratic.
        self._by_second = by_second

    @classmethod
    def of_kind(cls, kind: FactKind) -> Facts:
        """Return facts of a kind, of which none holds yet."""
        return cls(by_second=Ledger() if kind in _BETWEEN_TABLES else None)

    def copy(self) -> Facts:
        """Return facts that can be changed apart from these."""
        return Facts(
            self._proofs.copy(), None if self._by_second is None else self._by_second.copy()
        )

    def hold(self, first: str, second: str, proof: Operation) -> None:
        """Note that a fact holds. The first proof of it is kept."""
        known = self._proofs.entries.get(first, {})
        if second in known:
            return
        self._proofs[first] = {**known, second: proof}
        if self._by_second is not None:
            others = self._by_second.entries.get(second, {})
            self._by_second[second] = {**others, first: None}

    def end(self, first: str, second: str) -> None:
        """Note that a fact holds no more."""
        known = self._proofs.entries.get(first, {})
        if second not in known:
            return
        if rest := {name: proof for name, proof in known.items() if name != second}:
            self._proofs[first] = rest
        else:
            self._proofs.remove(first)
        if self._by_second is None:
            return
        if others := {n: None for n in self._by_second.entries[second] if n != first}:
            self._by_second[second] = others
        else:
            self._by_second.remove(second)

    def of(self, first: str) -> Mapping[str, Operation]:
        """Return the second sides and the proofs of the facts about *first*."""
        return self._proofs.entries.get(first, _NOTHING)

    def __bool__(self) -> bool:
        return bool(self._proofs.entries)

    def with_second(self, second: str) -> tuple[str, ...]:
        """Return the first sides of the facts whose other side is *second*."""
        return () if self._by_second is None else tuple(self._by_second.entries.get(second, ()))

    def __iter__(self) -> Iterator[tuple[str, str, Operation]]:
        for first, known in self._proofs.entries.items():
            for second, proof in known.items():
                yield first, second, proof

    def merged(self, other: Facts) -> Facts:
        """Return the facts that hold in both."""
        if self._proofs.entries is other._proofs.entries:
            return self.copy()
        both = Facts(by_second=None if self._by_second is None else Ledger())
        for first, second, proof in self:
            if second in other.of(first):
                both.hold(first, second, proof)
        return both


MOST_COMPARED = 200
"""How many backups before are compared with each step: a script that makes more says no more."""


class History:
    """The operations that may have happened on some path to here."""

    __slots__ = ("_by_kind", "_clock", "_first", "_owned")

    def __init__(self, clock: Iterator[int] | None = None) -> None:
        self._clock = clock or count()
        self._by_kind: dict[Kind, Ledger[int, tuple[int, Operation]]] = {}
        self._first: Ledger[tuple[Kind, str], Operation] = Ledger()
        self._owned = True

    def copy(self) -> History:
        """Return a history that goes on apart from this one; what there is, is shared."""
        new = History(self._clock)
        new._by_kind, new._first = self._by_kind, self._first
        new._owned = self._owned = False
        return new

    def _own(self) -> None:
        if not self._owned:
            self._by_kind = {kind: ledger.copy() for kind, ledger in self._by_kind.items()}
            self._first = self._first.copy()
            self._owned = True

    def record(self, operation: Operation) -> None:
        """Note that an operation may have happened now."""
        self._own()
        ledger = self._by_kind.setdefault(operation.kind, Ledger())
        if id(operation) not in ledger.entries:
            ledger[id(operation)] = next(self._clock), operation
            for topic in _topics(operation):
                if (operation.kind, topic) not in self._first.entries:
                    self._first[operation.kind, topic] = operation

    def of(self, kinds: Collection[Kind]) -> list[Operation]:
        """Return the operations of some kinds, in the order they ran."""
        found = [
            entry
            for kind in kinds
            if kind in self._by_kind
            for entry in self._by_kind[kind].entries.values()
        ]
        return [operation for _, operation in sorted(found, key=_when)] if found else []

    def latest(self, kind: Kind) -> list[Operation]:
        """Return the last :data:`MOST_COMPARED` operations of a kind, in the order they ran."""
        if kind not in self._by_kind:
            return []
        entries = self._by_kind[kind].entries.values()
        latest = sorted(islice(reversed(entries), MOST_COMPARED), key=_when)
        return [operation for _, operation in latest]

    def first(self, kind: Kind, topic: str) -> Operation | None:
        """Return the first operation of a kind about a table or database, by its key."""
        return self._first.entries.get((kind, topic))

    def add(self, other: History) -> None:
        """Add what may have happened on another path."""
        if other._by_kind is self._by_kind:
            return
        self._own()
        for kind, theirs in other._by_kind.items():
            ours = self._by_kind.get(kind)
            if ours is None:
                self._by_kind[kind] = theirs.copy()
            elif ours.entries is not theirs.entries:
                self._by_kind[kind] = Ledger({**theirs.entries, **ours.entries}, owned=True)
        if self._first.entries is not other._first.entries:
            self._first = Ledger({**other._first.entries, **self._first.entries}, owned=True)


def _when(entry: tuple[int, Operation]) -> int:
    return entry[0]


def _topics(operation: Operation) -> list[str]:
    """Return what an operation is later looked for under.

    A comparison: the tables it reads, where it reads two; another: its table and database.
    A copy: also the table its rows come from.
    """
    if operation.kind is Kind.VERIFY:
        tables = list(dict.fromkeys(table_key(read.name) for read in operation.reads))
        return tables if len(tables) > 1 else []
    topics = [table_topic(operation.target.name)]
    if operation.target.database is not None:
        topics.append(database_topic(operation.target.database))
    if operation.kind is Kind.COPY_ROWS and operation.source is not None:
        topics.append(source_topic(operation.source.name))
    return topics


def table_topic(name: str) -> str:
    """Return the key under which the changes of a table are found."""
    return f"table {table_key(name)}"


def source_topic(name: str) -> str:
    """Return the key under which the copies of a table's rows are found."""
    return f"from {table_key(name)}"


def database_topic(name: str) -> str:
    """Return the key under which the changes of a database are found."""
    return f"database {name}"


@dataclass(slots=True)
class State:
    """The facts that hold on every path to here, and what may have happened on some path.

    The rest is the state of the session.
    """

    _facts: dict[FactKind, Facts] = field(
        default_factory=lambda: {k: Facts.of_kind(k) for k in FactKind}
    )
    happened: History = field(default_factory=History)
    foreign_keys: ForeignKeys | None = None
    in_transaction: bool = False
    _owned: frozenset[FactKind] = frozenset()
    """The kinds whose facts no other state shares. A script of some thousand branches has
    its state copied a million times, and most copies are never written to."""

    def copy(self) -> State:
        """Return a state that can be changed apart from this one."""
        self._owned = frozenset()
        return State(self._facts, self.happened.copy(), self.foreign_keys, self.in_transaction)

    def _changing(self, kind: FactKind) -> Facts:
        """Return the facts of a kind to be written to."""
        if kind not in self._owned:
            self._facts = {**self._facts, kind: self._facts[kind].copy()}
            self._owned |= {kind}
        return self._facts[kind]

    def hold(self, kind: FactKind, first: str, second: str, proof: Operation) -> None:
        """Note that a fact holds from here on. The first proof of it is kept."""
        if second not in self._facts[kind].of(first):
            self._changing(kind).hold(first, second, proof)

    def _end(self, kind: FactKind, first: str, second: str) -> None:
        """Note that a fact holds no more."""
        if second in self._facts[kind].of(first):
            self._changing(kind).end(first, second)

    def find(self, kind: FactKind, first: str) -> Operation | None:
        """Return the proof of a fact about *first*, None where it does not hold."""
        known = self._facts[kind].of(first)
        return next(iter(known.values())) if known else None

    def proofs(self, kind: FactKind, first: str) -> list[Operation]:
        """Return the proofs of the facts of a kind about *first*."""
        known = self._facts[kind].of(first)
        return list(known.values()) if known else []

    def created(self, what: str, key: str) -> Operation | None:
        """Return what created a "table" or "database" in this flow, by its key."""
        return self._facts[FactKind.CREATED].of(key).get(what)

    def all(self, kind: FactKind) -> list[tuple[str, str, Operation]]:
        """Return the facts of a kind with their proofs, in the order they became true."""
        facts = self._facts[kind]
        return list(facts) if facts else []

    def apply(self, operation: Operation) -> None:
        """Note what *operation*, which runs here, makes true and what it ends."""
        excused = operation.kind in DESTROYS and Guard.ENVIRONMENT in guards(self)
        if operation.kind in RECORDED and not excused:
            self.happened.record(operation)
        if operation.kind in _LOSE_FILES or operation.kind is Kind.BACKUP:
            self._backups_lost(operation)
        if operation.kind not in _TELLING:
            return
        match operation.kind:
            case Kind.BACKUP if operation.checked and operation.source is not None:
                self.hold(FactKind.BACKUP, database_key(operation.source.name), "", operation)
            case Kind.COPY_ROWS if operation.source is not None and operation.checked:
                source, target = table_key(operation.source.name), table_key(operation.target.name)
                for table in (source, target):  # what was compared before is so no more
                    self._end(FactKind.COMPARED, table, "")
                self.hold(FactKind.COPIED, source, target, operation)
            case Kind.VERIFY:
                self._verified(operation)
            case Kind.GUARD if operation.guard is not None:
                # What is absent is told by its name: several things may be.
                what = operation.target.name if operation.guard is Guard.ABSENT else ""
                self.hold(FactKind.GUARD, operation.guard.value, what, operation)
            case Kind.STOP_SERVICE:  # what fails to stop was seldom running
                self.hold(FactKind.STOPPED, operation.target.name, "", operation)
            case Kind.START_SERVICE:
                for first, second, _ in self.all(FactKind.STOPPED):
                    self._end(FactKind.STOPPED, first, second)
            case Kind.RENAME_TABLE if operation.source is not None:
                self._renamed(operation, operation.source)
            case Kind.CREATE_TABLE if operation.columns and operation.has(Trait.IF_NOT_EXISTS):
                self.hold(FactKind.DEFINED, table_key(operation.target.name), "", operation)
            case Kind.CREATE_TABLE | Kind.CREATE_DATABASE if not operation.has(Trait.IF_NOT_EXISTS):
                self.hold(FactKind.CREATED, *_created_key(operation.target), operation)
            case Kind.FOREIGN_KEYS_ON:
                self.foreign_keys = "on" if not self.in_transaction else self.foreign_keys
            case Kind.FOREIGN_KEYS_OFF:
                # sqlite.org/pragma.html#pragma_foreign_keys: a no-op within a transaction
                self.foreign_keys = "ineffective" if self.in_transaction else "off"
            case Kind.BEGIN:
                self.in_transaction = True
            case Kind.COMMIT | Kind.ROLLBACK:
                if operation.kind is Kind.ROLLBACK and self.in_transaction:
                    self._taken_back()
                self.in_transaction = False
            case Kind.DROP_TABLE | Kind.DROP_DATABASE | Kind.DELETE_FILE:
                self._end(FactKind.CREATED, *_created_key(operation.target))

    def _verified(self, operation: Operation) -> None:
        """A comparison proves the copies made before it whose two sides it reads.

        Where it only says which side is no greater, that must be the old one.

        The old side may have been read before it was renamed: under its former name, which
        the new table may have by now (both sides then read ``users``).
        """
        reads = [table_key(read.name) for read in operation.reads]
        lesser = [table_key(read.name) for read in operation.lesser]
        greater = reads.copy()
        for table in lesser:
            greater.remove(table)
        if len(set(reads)) > 1:
            for table in dict.fromkeys(reads):
                self.hold(FactKind.COMPARED, table, "", operation)
        copied = self._facts[FactKind.COPIED]
        for target in dict.fromkeys(greater):
            others = lesser.copy() or reads.copy()
            if not lesser:
                others.remove(target)
            for source in copied.with_second(target):
                if source in others or self.former_name(source) in others:
                    self.hold(FactKind.VERIFIED, source, target, operation)

    def _taken_back(self) -> None:
        """What was copied may be so no more: what stood before the transaction is not kept apart."""
        for kind in (FactKind.COPIED, FactKind.VERIFIED, FactKind.COMPARED):
            for first, second, _ in self.all(kind):
                self._end(kind, first, second)

    def _backups_lost(self, operation: Operation) -> None:
        """A backup that is deleted or overwritten, by another database too, is none any more."""
        lost = normal_path(operation.target.name)
        for first, second, proof in self.all(FactKind.BACKUP):
            kept = normal_path(proof.target.name)
            if operation.kind is Kind.BACKUP:
                source = operation.source
                same = source is not None and database_key(source.name) == first
                if same or kept != lost or proof.target.kind is not TargetKind.FILE:
                    continue
            elif not _covers(lost, kept, operation.has(Trait.RECURSIVE)):
                continue
            self._end(FactKind.BACKUP, first, second)
            self.hold(FactKind.LOST, first, "", proof)

    def former_name(self, table: str) -> str:
        """Return what a table was called before this flow renamed it, or its name."""
        return next(iter(self._facts[FactKind.RENAMED].with_second(table)), table)

    def later_name(self, table: str) -> str:
        """Return what this flow renamed a table to, or its name."""
        return next(iter(self._facts[FactKind.RENAMED].of(table)), table)

    def _renamed(self, operation: Operation, source: Target) -> None:
        """The facts about a table follow it to its new name."""
        old, new = table_key(source.name), table_key(operation.target.name)
        self.hold(FactKind.RENAMED, old, new, operation)
        for kind in (FactKind.COPIED, FactKind.VERIFIED, FactKind.COMPARED):
            facts = self._facts[kind]
            about = [(old, second) for second in facts.of(old)]
            about += [(first, old) for first in facts.with_second(old) if first != old]
            for first, second in about:
                proof = self._facts[kind].of(first)[second]
                self._end(kind, first, second)
                new_first = new if first == old else first
                self.hold(kind, new_first, new if second == old else second, proof)
        defined = self._facts[FactKind.DEFINED].of(old)
        if defined:
            proof = defined[""]
            self._end(FactKind.DEFINED, old, "")
            self.hold(FactKind.DEFINED, new, "", proof)
        created = self.created("table", old)
        if created is not None:
            self._end(FactKind.CREATED, old, "table")
            self.hold(FactKind.CREATED, new, "table", created)


def _created_key(target: Target) -> tuple[str, str]:
    if target.kind.value == "table":
        return table_key(target.name), "table"
    return database_key(target.name), "database"


def _covers(lost: str, kept: str, recursive: bool) -> bool:
    """Say whether the loss of a file or folder takes another file with it.

    A pattern is as a rule the rotation of older backups (``ls -t *.dump | tail -n +8 | xargs rm``).
    """
    if not kept or not lost:
        return False
    if lost == kept:
        return True
    return recursive and kept.startswith(lost.removesuffix("/*").rstrip("/") + "/")


_LOSE_FILES = frozenset(
    {Kind.DELETE_FILE, Kind.OVERWRITE_FILE, Kind.REMOVE_FILE, Kind.DELETE_STORAGE}
)

DESTROYS = frozenset(
    {
        Kind.DELETE_FILE,
        Kind.OVERWRITE_FILE,
        Kind.DELETE_STORAGE,
        Kind.DROP_DATABASE,
        Kind.RESET,
        Kind.DROP_ALL,
        Kind.DROP_TABLE,
        Kind.DROP_COLUMN,
        Kind.TRUNCATE_TABLE,
        Kind.DELETE_ROWS,
        Kind.UPDATE_ROWS,
    }
)
"""Kinds of operations that lose data."""

_TELLING = frozenset(
    {
        Kind.BACKUP,
        Kind.COPY_ROWS,
        Kind.VERIFY,
        Kind.GUARD,
        Kind.STOP_SERVICE,
        Kind.START_SERVICE,
        Kind.RENAME_TABLE,
        Kind.CREATE_TABLE,
        Kind.CREATE_DATABASE,
        Kind.FOREIGN_KEYS_ON,
        Kind.FOREIGN_KEYS_OFF,
        Kind.BEGIN,
        Kind.COMMIT,
        Kind.ROLLBACK,
        Kind.DROP_TABLE,
        Kind.DROP_DATABASE,
        Kind.DELETE_FILE,
    }
)
"""Kinds that make a fact true, end one, or change the state of the session."""

RECORDED = DESTROYS | {
    Kind.BACKUP,
    Kind.VERIFY,
    Kind.READ,
    Kind.ALTER_TABLE,
    Kind.RENAME_TABLE,
    Kind.COPY_ROWS,
}
"""Kinds of which it matters later that they may have happened."""


def merge(left: State | None, right: State | None) -> State | None:
    """Return what is known where two paths meet; None is a path that ends before.

    Facts hold when they hold on both; what may have happened on either may have happened.
    """
    if left is None or right is None:
        return left or right
    history = left.happened.copy()
    history.add(right.happened)
    facts = left.copy()._facts
    if facts is not right._facts:
        facts = {
            kind: ours if ours is (theirs := right._facts[kind]) else ours.merged(theirs)
            for kind, ours in facts.items()
        }
    return State(
        facts,
        history,
        left.foreign_keys if left.foreign_keys == right.foreign_keys else None,
        left.in_transaction and right.in_transaction,
    )


_NO_GUARDS: frozenset[Guard] = frozenset()


def guards(state: State) -> frozenset[Guard]:
    """Return the guards that hold."""
    known = state.all(FactKind.GUARD)
    return frozenset(Guard(first) for first, _, _ in known) if known else _NO_GUARDS
