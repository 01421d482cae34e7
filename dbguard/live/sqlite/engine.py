"""SQLite as an engine of the protocol."""

from __future__ import annotations

from pathlib import Path

from dbguard.live.address import Address
from dbguard.live.backup import Content
from dbguard.live.comparison import Comparison
from dbguard.live.failures import RefusedError
from dbguard.live.inspection import Inspection
from dbguard.live.journal import Journal
from dbguard.live.migration import Migration, Request
from dbguard.live.pairing import Renames
from dbguard.live.progress import Progress
from dbguard.live.proof import Proof
from dbguard.live.restoration import Restoration
from dbguard.live.sqlite import comparing, inspecting, migrating, restoring
from dbguard.live.sqlite.connection import existing, opened


class SQLite:
    """A database in a file. See :class:`dbguard.live.engine.Engine`."""

    suffix = ""

    def __init__(self, address: Address) -> None:
        self._address = address

    def inspect(self, progress: Progress, *, quick: bool) -> Inspection:
        return inspecting.inspect(self._address.path, progress, quick=quick)

    def write_backup(self, target: Path, progress: Progress) -> Content:
        with opened(existing(self._address.path)) as source:
            (mode,) = source.execute("PRAGMA journal_mode").fetchone()
            # In a transaction of its own a writer cannot make the copy begin again.
            source.execute("BEGIN")
            source.execute("SELECT count(*) FROM sqlite_master").fetchone()
            return migrating.written(source, str(mode), target, progress)

    def verify(
        self,
        backup: Path,
        proof: Proof,
        progress: Progress,
        *,
        renames: Renames,
        accepted: frozenset[str],
    ) -> Comparison:
        new, old = existing(self._address.path), existing(str(backup))
        if new.samefile(old):
            raise RefusedError("the backup and the database are the same file")
        names = str(backup), self._address.shown
        return comparing.verify(
            new, old, progress, renames=renames, accepted=accepted, names=names, proof=proof
        )

    def migrate(self, request: Request, log: Journal, progress: Progress) -> Migration:
        return migrating.migrate(self._address, request, log, progress)

    def restore(
        self, backup: Path, log: Journal, progress: Progress, *, unused: bool
    ) -> Restoration:
        return restoring.restore(backup, self._address, log, progress, unused=unused)
