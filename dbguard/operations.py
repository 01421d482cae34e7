"""The vocabulary every language lowers to: operations on databases, and their targets.

A rule sees these and nothing of the syntax they came from.
"""

from __future__ import annotations

from enum import Enum

from dbguard.records import dataclass
from dbguard.source import Region, Span, display


class Certainty(Enum):
    """How much of a value or statement is known."""

    __hash__ = object.__hash__

    LITERAL = "literal"
    PARTIAL = "partial"  # part of it is a hole
    OPAQUE = "opaque"  # not parsed, or known by its name only


class Kind(Enum):
    """What an operation does. The value is what a person calls it."""

    # Members are compared by identity; Enum's own hash is a call in Python.
    __hash__ = object.__hash__

    # destroys, resets or overwrites
    DELETE_FILE = "deletes"
    OVERWRITE_FILE = "overwrites"
    DELETE_STORAGE = "deletes the storage of"
    DROP_DATABASE = "drops database"
    RESET = "resets"
    DROP_ALL = "drops every table of"
    DROP_TABLE = "drops table"
    DROP_COLUMN = "drops column"
    TRUNCATE_TABLE = "empties table"
    DELETE_ROWS = "deletes every row of"
    UPDATE_ROWS = "updates every row of"
    # leaves a way to destroy it open
    UNPROTECT = "leaves unprotected"
    RUN_OPAQUE = "runs what cannot be read on"
    # what is no database, but may be the copy of one
    REMOVE_FILE = "removes"
    # moves bytes: judged by which side is a database
    COPY_FILE = "copies"
    MOVE_FILE = "moves"
    # changes or creates
    CREATE_ALL = "creates the tables of"
    CREATE_DATABASE = "creates database"
    CREATE_TABLE = "creates table"
    RENAME_TABLE = "renames table"
    ALTER_TABLE = "alters table"
    COPY_ROWS = "copies rows of"
    # what the protocol asks for, and what decides about it
    BACKUP = "backs up"
    RESTORE = "restores"
    READ = "reads"
    VERIFY = "verifies"
    STOP_SERVICE = "stops"
    START_SERVICE = "starts"
    GUARD = "guards"
    # the state of a session
    CONNECT = "connects to"
    FOREIGN_KEYS_ON = "turns foreign keys on"
    FOREIGN_KEYS_OFF = "turns foreign keys off"
    BEGIN = "begins a transaction"
    COMMIT = "commits"
    ROLLBACK = "rolls back"


class TargetKind(Enum):
    """What sort of thing an operation is about."""

    __hash__ = object.__hash__

    FILE = "file"
    STORAGE = "storage"
    DATABASE = "database"
    SCHEMA = "schema"
    TABLE = "table"
    COLUMN = "column"
    ROWS = "rows"
    SERVICE = "service"  # what STOP_SERVICE and START_SERVICE are about


class Guard(Enum):
    """What a condition says about the path on which it holds."""

    __hash__ = object.__hash__

    ENVIRONMENT = "environment"  # only in a test or development environment
    PERSON = "person"  # a person said yes
    FLAG = "flag"  # an explicit --force or --reset
    ABSENT = "absent"  # the database or table does not exist yet


class Trait(Enum):
    """A property of an operation that decides how it is judged."""

    __hash__ = object.__hash__

    RECURSIVE = "recursive"  # rm -r: the target is a directory tree
    FILTERED = "filtered"  # a copy that leaves out rows (WHERE, LIMIT, INNER JOIN)
    SOME_COLUMNS = "some columns"  # a copy that names its columns
    CASCADE = "cascade"
    TIMESTAMPED = "timestamped"  # the backup has a name of its own
    UNCHECKED_FIRST = "checkfirst=False"
    NAMED = "named"  # only its name says so: the weaker fact
    DEFINITION = "definition"  # stands in the body of a stored function, procedure or event
    FILE_COPY = "file copy"  # a backup that copies the file of a database
    TEMPORARY = "temporary"  # TEMP tables
    IF_NOT_EXISTS = "if not exists"  # a CREATE that leaves an existing table as it is
    MIGRATION = "migration"  # run by a migration framework, whose runner owns the backup


@dataclass(frozen=True, slots=True)
class Target:
    """What an operation is about.

    ``name`` may hold holes (see :func:`dbguard.source.hole`); ``database`` is the path,
    URL without password, or name of the database it lies in, None where unknown.
    ``throwaway`` says why losing it does not matter ("in memory", "temporary file"),
    '' where it does. A column's name is ``table.column``.
    """

    kind: TargetKind
    name: str
    database: str | None = None
    certainty: Certainty = Certainty.LITERAL
    throwaway: str = ""

    def __str__(self) -> str:
        return display(self.name)


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing done to a database, and where it says so.

    ``span`` is in the outermost file and covers what a person would point at: the verb
    with its target (``DROP TABLE users``), the simple command (``rm -f app.db``), the
    whole call (``os.remove(DB)``). ``spelling`` is what they would call it ("rm",
    "os.remove()", "DROP TABLE"). ``source`` is where copied, moved, renamed or restored
    things come from; ``target`` is where they go (for BACKUP ``source`` is the database,
    ``target`` the copy). ``reads`` are the tables a READ or VERIFY is about. ``checked``
    says that where this operation stands in its flow, it has succeeded: had it failed,
    what follows would not run. ``guard`` goes with GUARD only. ``columns`` are those a CREATE_TABLE
    defines and a COPY_ROWS takes along, case folded, () where they are not known or all. ``lesser`` are those
    of the ``reads`` of a VERIFY that are known to be no greater than the others, () where both
    sides are equal.
    """

    kind: Kind
    target: Target
    span: Span
    region: Region
    certainty: Certainty = Certainty.LITERAL
    spelling: str = ""
    source: Target | None = None
    reads: tuple[Target, ...] = ()
    checked: bool = True
    guard: Guard | None = None
    traits: frozenset[Trait] = frozenset()
    columns: tuple[str, ...] = ()
    lesser: tuple[Target, ...] = ()

    def has(self, trait: Trait) -> bool:
        """Say whether the operation has a trait."""
        return trait in self.traits


def named_backup(name: str, span: Span, region: Region, *, checked: bool) -> Operation:
    """Return the weaker fact of a program that cannot be followed but is named for backups."""
    unknown = Target(TargetKind.DATABASE, "")
    return Operation(
        Kind.BACKUP,
        unknown,
        span,
        region,
        Certainty.OPAQUE,
        name,
        unknown,
        checked=checked,
        traits=frozenset({Trait.NAMED}),
    )
