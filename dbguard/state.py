"""What is known at a point of a flow: the facts that hold on every path to it.

A fact is an operation that has succeeded, under a key that says what it is about, so
that two arms which back up the same database in two ways still agree where they meet.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

from dbguard.databases import normal_path
from dbguard.operations import Guard, Kind, Operation, Target, Trait

ForeignKeys = Literal["on", "off", "ineffective"]


class FactKind(Enum):
    """What kind of fact an operation makes true."""

    BACKUP = "backup"
    COPIED = "copied"
    VERIFIED = "verified"
    GUARD = "guard"
    STOPPED = "stopped"
    CREATED = "created"
    RENAMED = "renamed"


Key = tuple[FactKind, str, str]


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


@dataclass(slots=True)
class State:
    """The facts that hold on every path to here, and what may have happened on some path.

    ``happened`` are operations under their identity, in the order they ran; the rest is
    the state of the session.
    """

    facts: dict[Key, Operation] = field(default_factory=dict)
    happened: dict[int, Operation] = field(default_factory=dict)
    foreign_keys: ForeignKeys | None = None
    in_transaction: bool = False

    def copy(self) -> State:
        """Return a state that can be changed apart from this one."""
        return State(
            self.facts.copy(), self.happened.copy(), self.foreign_keys, self.in_transaction
        )

    def hold(self, kind: FactKind, first: str, second: str, proof: Operation) -> None:
        """Note that a fact holds from here on. The first proof of it is kept."""
        self.facts.setdefault((kind, first, second), proof)

    def find(self, kind: FactKind, first: str) -> Operation | None:
        """Return the proof of a fact about *first*, None where it does not hold."""
        return next(
            (proof for (k, f, _), proof in self.facts.items() if k is kind and f == first), None
        )

    def all(self, kind: FactKind) -> list[tuple[str, str, Operation]]:
        """Return the facts of a kind with their proofs, in the order they became true."""
        return [(f, s, proof) for (k, f, s), proof in self.facts.items() if k is kind]

    def apply(self, operation: Operation) -> None:
        """Note what *operation*, which runs here, makes true and what it ends."""
        excused = operation.kind in DESTROYS and Guard.ENVIRONMENT in guards(self)
        if operation.kind in RECORDED and not excused:
            self.happened[id(operation)] = operation
        match operation.kind:
            case Kind.BACKUP if operation.checked and operation.source is not None:
                self.hold(FactKind.BACKUP, database_key(operation.source.name), "", operation)
            case Kind.COPY_ROWS if operation.source is not None and operation.checked:
                source, target = table_key(operation.source.name), table_key(operation.target.name)
                self.hold(FactKind.COPIED, source, target, operation)
            case Kind.VERIFY:
                self._verified(operation)
            case Kind.GUARD if operation.guard is not None:
                self.hold(FactKind.GUARD, operation.guard.value, "", operation)
            case Kind.STOP_SERVICE if operation.checked:
                self.hold(FactKind.STOPPED, operation.target.name, "", operation)
            case Kind.START_SERVICE:
                for first, second, _ in self.all(FactKind.STOPPED):
                    del self.facts[FactKind.STOPPED, first, second]
            case Kind.RENAME_TABLE if operation.source is not None:
                self._renamed(operation, operation.source)
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
                self.in_transaction = False
            case Kind.DROP_TABLE | Kind.DROP_DATABASE | Kind.DELETE_FILE:
                self.facts.pop((FactKind.CREATED, *_created_key(operation.target)), None)

    def _verified(self, operation: Operation) -> None:
        """A comparison proves the copies made before it whose two sides it reads.

        The old side may have been read before it was renamed: under its former name, which
        the new table may have by now (both sides then read ``users``).
        """
        reads = [table_key(read.name) for read in operation.reads]
        for source, target, _ in self.all(FactKind.COPIED):
            if target not in reads:
                continue
            others = reads.copy()
            others.remove(target)
            if source in others or self._former_name(source) in others:
                self.hold(FactKind.VERIFIED, source, target, operation)

    def _former_name(self, table: str) -> str:
        return next((f for f, s, _ in self.all(FactKind.RENAMED) if s == table), table)

    def _renamed(self, operation: Operation, source: Target) -> None:
        """The facts about a table follow it to its new name."""
        old, new = table_key(source.name), table_key(operation.target.name)
        self.hold(FactKind.RENAMED, old, new, operation)
        for (kind, first, second), proof in list(self.facts.items()):
            if kind in (FactKind.COPIED, FactKind.VERIFIED) and old in (first, second):
                moved = (new if first == old else first, new if second == old else second)
                del self.facts[kind, first, second]
                self.hold(kind, *moved, proof)
            elif kind is FactKind.CREATED and first == "table" and second == old:
                del self.facts[kind, first, second]
                self.hold(kind, first, new, proof)


def _created_key(target: Target) -> tuple[str, str]:
    if target.kind.value == "table":
        return "table", table_key(target.name)
    return "database", database_key(target.name)


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
    return State(
        {key: proof for key, proof in left.facts.items() if key in right.facts},
        {**left.happened, **right.happened},
        left.foreign_keys if left.foreign_keys == right.foreign_keys else None,
        left.in_transaction and right.in_transaction,
    )


def guards(state: State) -> frozenset[Guard]:
    """Return the guards that hold."""
    return frozenset(Guard(first) for first, _, _ in state.all(FactKind.GUARD))
