"""Copying a live SQLite database, and noticing whether it changed since."""

from __future__ import annotations

import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic, sleep

from dbguard import durable
from dbguard.live import identity
from dbguard.live.failures import LossError, UnfinishedError
from dbguard.live.manifest import TableCount
from dbguard.live.progress import Progress
from dbguard.live.schema import Schema
from dbguard.live.sqlite import structure
from dbguard.live.sqlite.connection import PATIENCE, opened_backup, quoted
from dbguard.live.sqlite.inspecting import problems
from dbguard.records import dataclass

_PAGES = 4096
"""Pages that are copied between two looks at the progress."""

_PAUSE = 0.003  # seconds

BUSY = (5, 6)
"""SQLITE_BUSY, SQLITE_LOCKED: https://www.sqlite.org/rescode.html."""

_HEADER = 100  # bytes: https://www.sqlite.org/fileformat.html, 1.3


class Snapshot:
    """A connection that reads one state of a database, and can tell whether it is still that.

    ``data_version`` moves with every commit of others that the connection comes to see
    (https://www.sqlite.org/pragma.html#pragma_data_version). Without a write-ahead log the
    database cannot be read while a write is under way; there the header is looked at, whose
    change counter every commit raises. For that the file is opened before SQLite opens it
    and closed after, or SQLite's locks would go with the descriptor.
    """

    def __init__(
        self, connection: sqlite3.Connection, lock: sqlite3.Connection, header: int
    ) -> None:
        self._connection = connection
        # A connection that may write cannot be backed up from: the lock is another's.
        self._lock = lock
        self._header = header
        self._version = 0
        self._start = b""
        self.journal_mode = ""

    @property
    def connection(self) -> sqlite3.Connection:
        return self._connection

    def begin(self, *, holding: bool) -> None:
        """Begin to read; *holding* keeps every writer out until :meth:`end`."""
        if holding:
            _begin_writing(self._lock)
        self._connection.execute("BEGIN")
        self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        self._version = self._data_version()
        self._start = self._read_header()
        (self.journal_mode,) = self._connection.execute("PRAGMA journal_mode").fetchone()

    def end(self) -> None:
        """Stop reading, and let writers go on."""
        for connection in (self._connection, self._lock):
            if connection.in_transaction:
                connection.execute("ROLLBACK")

    def is_current(self) -> bool:
        """Say whether nobody has committed since :meth:`begin`. Call it after :meth:`end`."""
        if self.journal_mode == "wal":
            return self._data_version() == self._version
        return self._read_header() == self._start

    def _data_version(self) -> int:
        (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        return int(version)

    def _read_header(self) -> bytes:
        os.lseek(self._header, 0, os.SEEK_SET)
        return os.read(self._header, _HEADER)


def _begin_writing(connection: sqlite3.Connection) -> None:
    """Begin a transaction that others keep beginning, too. Raises sqlite3.OperationalError.

    SQLite itself looks ten times a second after a while, and who writes in a loop lets go for
    less: on a slow disk thirty seconds may not be enough.
    """
    until = monotonic() + PATIENCE
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        while not _is_begun(connection, is_last=monotonic() > until):
            sleep(_PAUSE)
    finally:
        connection.execute(f"PRAGMA busy_timeout = {int(PATIENCE * 1000)}")


def _is_begun(connection: sqlite3.Connection, *, is_last: bool) -> bool:
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if is_last or "locked" not in str(error):
            raise
        return False
    return True


@dataclass(frozen=True, slots=True)
class Checked:
    """What is known about a copy after it was written."""

    size: int
    sha256: str
    segments: tuple[str, ...]
    schema: Schema
    tables: tuple[TableCount, ...]


def copy_out(source: sqlite3.Connection, target: Path, progress: Progress) -> None:
    """Copy the state that *source* reads into a new file that stands for itself: no log beside it.

    SQLite's online backup (https://www.sqlite.org/backup.html). *source* should be in a
    transaction: then no writer makes the copy begin again. The file is not on the disk yet.
    """
    copy = sqlite3.connect(target, isolation_level=None)
    try:
        # Nobody but us reads the copy before it is checked and on the disk.
        copy.execute("PRAGMA journal_mode = OFF")
        copy.execute("PRAGMA synchronous = OFF")

        waiting_until = monotonic() + PATIENCE

        def advance(status: int, remaining: int, total: int) -> None:
            if status in BUSY and monotonic() > waiting_until:
                raise UnfinishedError("the database is locked by somebody who does not let go")
            progress.at(total - remaining, total, "pages")

        source.backup(copy, pages=_PAGES, progress=advance)
    finally:
        copy.close()
    standalone(target)


def standalone(path: Path) -> None:
    """Have a file that only we use without a write-ahead log, also after the next opening.

    https://www.sqlite.org/wal.html, section 2.1: the mode is kept in the file.
    """
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("PRAGMA journal_mode = DELETE")
    finally:
        connection.close()


def check(path: Path, progress: Progress) -> Checked:
    """Read back what was written, and have it on the disk. Raises LossError where it is bad."""
    progress.step("check the copy")
    # Each waits for something else: the disk, a hash function, SQLite.
    with ThreadPoolExecutor(max_workers=3) as pool:
        synced = pool.submit(durable.sync, path)
        digest = pool.submit(identity.digests, path)
        looked = pool.submit(_looked_at, path)
        synced.result()
        schema, tables = looked.result()
        whole, segments = digest.result()
        return Checked(path.stat().st_size, whole, segments, schema, tables)


def _looked_at(path: Path) -> tuple[Schema, tuple[TableCount, ...]]:
    with opened_backup(path) as connection:
        wrong = problems(connection, quick=True)
        if wrong:
            raise LossError(f"the copy is damaged, as the database may be: {wrong[0]}")
        schema = structure.read(connection)
        return schema, counted(connection, schema)


def counted(connection: sqlite3.Connection, schema: Schema) -> tuple[TableCount, ...]:
    """Return how many rows each table has; None where it cannot be read."""
    return tuple(TableCount(t.name, _count(connection, t.name)) for t in schema.tables)


def _count(connection: sqlite3.Connection, table: str) -> int | None:
    try:
        (count,) = connection.execute(f"SELECT count(*) FROM {quoted(table)}").fetchone()  # noqa: S608
    except sqlite3.OperationalError:  # the module of a virtual table is not there
        return None
    return int(count)
