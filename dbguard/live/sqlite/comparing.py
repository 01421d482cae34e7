"""Comparing two SQLite databases: pages where they are the same, else rows."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

from dbguard.live import identity
from dbguard.live.comparison import Comparison, compare
from dbguard.live.failures import UnfinishedError
from dbguard.live.pairing import Renames
from dbguard.live.progress import Progress
from dbguard.live.proof import Proof
from dbguard.live.sqlite import pages, structure
from dbguard.live.sqlite.connection import opened, opened_backup, quiet_options, uri
from dbguard.live.sqlite.matching import AttachedRows
from dbguard.live.sqlite.pages import Range

_WORTHWHILE = 8 * 1024 * 1024  # bytes of a backup that more than one connection looks at
_ATTEMPTS = 5


def verify(
    new: Path,
    old: Path,
    progress: Progress,
    *,
    renames: Renames,
    accepted: frozenset[str],
    names: tuple[str, str] | None = None,
    at_rest: bool = False,
    proof: Proof | None = None,
) -> Comparison:
    """Compare the database *new* with *old*, a backup; both in one state while it takes.

    *at_rest* says that nobody else has *new* open. *names* are what the two are called.
    The *proof* of the backup is settled where the backup is read anyway. Raises UnfinishedError.
    """
    progress.step("compare")
    opening = opened_backup if at_rest else opened
    with pages.file_of(new) as file, opening(new) as first, _attached(first, old):
        is_large = old.stat().st_size > _WORTHWHILE
        with _further(new, old, first, opening, is_large, at_rest) as further:
            # Another file may have taken the name between the two that opened it.
            is_same = os.path.samestat(os.fstat(file), os.stat(new))
            differing = pages.differing(
                first, old, new, file, proof,
                lambda done, total: progress.at(done, total, "bytes"),
            ) if is_same else {}  # fmt: skip
            return _compared(
                (first, *further), differing, progress, renames, accepted,
                names or (str(old), str(new)),
            )  # fmt: skip


def compare_with(
    connection: sqlite3.Connection,
    old: Path,
    progress: Progress,
    *,
    renames: Renames,
    accepted: frozenset[str],
    names: tuple[str, str],
) -> Comparison:
    """Compare what a connection reads with a backup. Raises UnfinishedError."""
    with _attached(connection, old):
        return _compared((connection,), {}, progress, renames, accepted, names)


def _compared(
    connections: Sequence[sqlite3.Connection],
    differing: Mapping[str, tuple[Range, ...]],
    progress: Progress,
    renames: Renames,
    accepted: frozenset[str],
    names: tuple[str, str],
) -> Comparison:
    try:
        before = structure.read(connections[0], "old")
        after = structure.read(connections[0], "main")
        return compare(
            (names[0], before),
            (names[1], after),
            AttachedRows(connections, differing),
            renames=renames,
            accepted=accepted,
            advance=lambda done, total: progress.at(done, total, "rows"),
        )
    except sqlite3.DatabaseError as error:
        raise UnfinishedError(f"{names[0]} and {names[1]} cannot be compared: {error}") from error


@contextmanager
def _attached(connection: sqlite3.Connection, old: Path) -> Iterator[None]:
    """Let a connection read a backup as ``old``, in a transaction."""
    # ATTACH reads the database as well: what is wrong with that is not told of the backup.
    connection.execute("SELECT count(*) FROM main.sqlite_master").fetchone()
    try:
        connection.execute("ATTACH ? AS old", (uri(old, "ro", quiet_options(old)),))
    except sqlite3.Error as error:
        raise UnfinishedError(f"{old} cannot be opened: {error}") from error
    own = not connection.in_transaction
    try:
        if own:
            _begin(connection)
        yield
    finally:
        if own:
            connection.execute("ROLLBACK")
            connection.execute("DETACH old")


def _begin(connection: sqlite3.Connection) -> None:
    """Begin a transaction, and read: from now on, it is one state."""
    connection.execute("BEGIN")
    connection.execute("SELECT count(*) FROM main.sqlite_master").fetchone()


@contextmanager
def _further(
    new: Path,
    old: Path,
    first: sqlite3.Connection,
    opening: Callable[[Path], AbstractContextManager[sqlite3.Connection]],
    is_large: bool,
    at_rest: bool,
) -> Iterator[tuple[sqlite3.Connection, ...]]:
    """Open connections that read the state that the first one reads, () where they do not.

    ``data_version`` of one that is in no transaction tells whether somebody has committed
    (https://www.sqlite.org/pragma.html#pragma_data_version); then all of them begin again. They
    do without where they would wait for a writer, who may be waiting for the first one.
    """
    count = identity.processors()
    if not is_large or count < 2:
        yield ()
        return
    with ExitStack() as stack:
        watching, *further = (stack.enter_context(opening(new)) for _ in range(count))
        for connection in (watching, *further):
            connection.execute("PRAGMA busy_timeout = 0")
        is_one_state = _begin_together(first, further, watching, old, at_rest)
        yield tuple(further) if is_one_state else ()


def _begin_together(
    first: sqlite3.Connection,
    further: Sequence[sqlite3.Connection],
    watching: sqlite3.Connection,
    old: Path,
    at_rest: bool,
) -> bool:
    """Have all read one state, and say whether they do; the first one does in any case."""
    try:
        for connection in further:
            connection.execute("ATTACH ? AS old", (uri(old, "ro", quiet_options(old)),))
        for _ in range(_ATTEMPTS):
            version = _data_version(watching)
            for connection in (first, *further):
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
            for connection in (first, *further):
                _begin(connection)
            if at_rest or _data_version(watching) == version:
                return True
    except sqlite3.OperationalError:
        if not first.in_transaction:
            _begin(first)
    return False


def _data_version(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA data_version").fetchone()
    return int(version)
