"""The state a sequence of statements shares, and how it makes operations."""

from __future__ import annotations

import re

from dbguard.databases import throwaway_reason
from dbguard.flow import Flow
from dbguard.languages.sql.dialects import MYSQL, SQLITE
from dbguard.languages.sql.names import Name
from dbguard.operations import Certainty, Guard, Kind, Operation, Target, TargetKind, Trait
from dbguard.patterns import regex
from dbguard.records import dataclass, field
from dbguard.source import Comment, Mapped, Problem, Region, has_hole

TEMPORARY = "temporary table"
_TEMPORARY_SCHEMAS = ("tempdb.", "pg_temp.", "temp.", "temporary.", "session.")
# ClickHouse writes its own traces there, and makes the tables anew where they are missing.
# https://clickhouse.com/docs/operations/system-tables/overview
_SERVER_LOG = regex(r"system\.\w+_log(?:_\w+)?", re.IGNORECASE)
SERVER_LOG = "log of the server itself"
_TIMESTAMP = regex(r"\d{8}|\d{4}[-_]\d{2}|%[YyFsT]|\$\(date|strftime|now", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Proof:
    """Groups of tables compared with each other, and guards, that hold on one path."""

    compared: frozenset[frozenset[str]] = frozenset()
    guards: frozenset[Guard] = frozenset()

    def __or__(self, other: Proof) -> Proof:
        return Proof(self.compared | other.compared, self.guards | other.guards)

    def __and__(self, other: Proof) -> Proof:
        return Proof(self.compared & other.compared, self.guards & other.guards)


@dataclass(slots=True)
class Session:
    """What earlier statements of the same text decided for the later ones.

    ``stops_at_error``: had a statement failed, the next would not run; but those would that
    the client is handed together with it: the "line" or the "text" (``handed_over``). That
    there are some, ``shared`` says of the statement that is read. ``last_write`` is where the
    last one begins that changes rows and is neither a copy nor a comparison.
    ``variables`` are texts a variable is known to hold, ``measures`` the tables whose
    rows a variable counts, ``checked_tables`` the tables with a CHECK that a row has to pass.
    ``may_copy``: rows are copied in this text, so the columns of its tables matter.
    """

    dialect: str
    database: str | None
    stops_at_error: bool = True
    may_copy: bool = False
    handed_over: str = ""
    shared: bool = False
    last_write: int = -1
    raiserror_stops: bool = False
    in_transaction: bool = False
    writable_schema: bool = False
    temporary: set[str] = field(default_factory=set)
    checked_tables: set[str] = field(default_factory=set)
    copies: set[tuple[str, str]] = field(default_factory=set)
    variables: dict[str, Mapped] = field(default_factory=dict)
    measures: dict[str, frozenset[str]] = field(default_factory=dict)
    differences: set[str] = field(default_factory=set)
    conditions: dict[str, tuple[Proof, Proof]] = field(default_factory=dict)
    prepared: dict[str, Mapped] = field(default_factory=dict)
    functions: dict[str, Flow] = field(default_factory=dict)
    called: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    output: str = ""

    @property
    def checked(self) -> bool:
        """Whether a statement that fails now keeps the later ones from taking effect.

        In SQLite (sqlite.org/lang_conflict.html) and MySQL it does not end its transaction.
        """
        if self.stops_at_error:
            return not self.shared
        return self.in_transaction and self.dialect not in (SQLITE, MYSQL)

    def is_temporary(self, name: str) -> bool:
        """Say whether a table lives in this session only."""
        lowered = name.lower()
        return (
            lowered.lstrip('["`').startswith(("#", "@"))
            or lowered.startswith(_TEMPORARY_SCHEMAS)
            or lowered in self.temporary
        )

    def target(self, kind: TargetKind, name: str) -> Target:
        """Return a target in the current database."""
        certainty = Certainty.PARTIAL if has_hole(name) else Certainty.LITERAL
        throwaway = ""
        if kind in (TargetKind.TABLE, TargetKind.ROWS, TargetKind.COLUMN):
            table = name.rpartition(".")[0] if kind is TargetKind.COLUMN else name
            if self.is_temporary(table):
                throwaway = TEMPORARY
            elif "." in table and _SERVER_LOG.fullmatch(table):
                throwaway = SERVER_LOG
        # A database is not inside the one that the session is connected to.
        database = name if kind is TargetKind.DATABASE else self.database
        if database and not throwaway:
            throwaway = throwaway_reason(database)
        return Target(kind, name, database, certainty, throwaway)

    def table(self, name: Name | str) -> Target:
        """Return a table as a target."""
        return self.target(TargetKind.TABLE, name if isinstance(name, str) else name.text)

    def here(self) -> Target:
        """Return the database the session is connected to ('' where it is not known)."""
        database = self.database or ""
        return Target(
            TargetKind.DATABASE, database, self.database, throwaway=throwaway_reason(database)
        )

    def file(self, name: str) -> Target:
        """Return a file as a target."""
        certainty = Certainty.PARTIAL if has_hole(name) else Certainty.LITERAL
        return Target(TargetKind.FILE, name, None, certainty, throwaway_reason(name))


def timestamped(name: str) -> frozenset[Trait]:
    """Return the trait of a file name that no second run would use again."""
    own = has_hole(name) or _TIMESTAMP.search(name)
    return frozenset((Trait.TIMESTAMPED,)) if own else frozenset()


@dataclass(frozen=True, slots=True)
class Scope:
    """The text operations stand in: its region, the session, the traits they all get."""

    region: Region
    session: Session
    traits: frozenset[Trait] = frozenset()

    @property
    def text(self) -> str:
        return self.region.text

    def operation(
        self,
        kind: Kind,
        target: Target,
        start: int,
        end: int,
        *,
        source: Target | None = None,
        reads: tuple[Target, ...] = (),
        traits: frozenset[Trait] = frozenset(),
        spelling: str = "",
        columns: tuple[str, ...] = (),
    ) -> Operation:
        """Return an operation that stands at ``[start, end)`` of the region."""
        return Operation(
            kind,
            target,
            self.region.span(start, end),
            self.region,
            target.certainty,
            spelling,
            source,
            reads,
            self.session.checked,
            None,
            traits | self.traits,
            columns,
        )

    @property
    def is_sqlite(self) -> bool:
        return self.session.dialect == SQLITE
