"""What each engine does for the protocol, under one interface."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from dbguard.live.address import MYSQL, POSTGRESQL, SQLITE, Address
from dbguard.live.backup import Content
from dbguard.live.comparison import Comparison
from dbguard.live.inspection import Inspection
from dbguard.live.journal import Journal
from dbguard.live.migration import Migration, Request
from dbguard.live.pairing import Renames
from dbguard.live.progress import Progress
from dbguard.live.proof import Proof
from dbguard.live.restoration import Restoration


class Engine(Protocol):
    """A kind of database. Every method raises :class:`~dbguard.live.failures.LiveError`."""

    suffix: str
    """What the name of a backup ends in."""

    def inspect(self, progress: Progress, *, quick: bool) -> Inspection:
        """Look at the database, and change nothing."""
        ...

    def write_backup(self, target: Path, progress: Progress) -> Content:
        """Write a backup into an empty file, have it on the disk, and read it back."""
        ...

    def verify(
        self,
        backup: Path,
        proof: Proof,
        progress: Progress,
        *,
        renames: Renames,
        accepted: frozenset[str],
    ) -> Comparison:
        """Compare the database with a backup of it, and have the proof of the backup begin."""
        ...

    def migrate(self, request: Request, log: Journal, progress: Progress) -> Migration:
        """Change the database by a script, or leave it as it was."""
        ...

    def restore(
        self, backup: Path, log: Journal, progress: Progress, *, unused: bool
    ) -> Restoration:
        """Put a backup in the place of the database."""
        ...


def engine_of(address: Address) -> Engine:
    """Return the engine of a database; only that one is imported."""
    return _ENGINES[address.engine](address)


def _sqlite(address: Address) -> Engine:
    from dbguard.live.sqlite.engine import SQLite

    return SQLite(address)


def _postgresql(address: Address) -> Engine:
    from dbguard.live.postgresql.engine import PostgreSQL

    return PostgreSQL(address)


def _mysql(address: Address) -> Engine:
    from dbguard.live.mysql.engine import MySQL

    return MySQL(address)


_ENGINES: dict[str, Callable[[Address], Engine]] = {
    SQLITE: _sqlite,
    POSTGRESQL: _postgresql,
    MYSQL: _mysql,
}
