"""PostgreSQL as an engine of the protocol."""

from __future__ import annotations

from pathlib import Path

from dbguard.live import tables
from dbguard.live.address import Address
from dbguard.live.backup import Content
from dbguard.live.comparison import Comparison
from dbguard.live.inspection import Inspection, in_order
from dbguard.live.journal import Journal
from dbguard.live.migration import Migration, Request
from dbguard.live.pairing import Renames
from dbguard.live.postgresql import migrating, migrating_by_python, restoring
from dbguard.live.postgresql.database import READING, SUFFIX, Database
from dbguard.live.progress import Progress
from dbguard.live.proof import Proof
from dbguard.live.restoration import Restoration


class PostgreSQL:
    """A database of a server. See :class:`dbguard.live.engine.Engine`."""

    suffix = SUFFIX

    def __init__(self, address: Address) -> None:
        self._address = address
        self._database = Database(address)
        self._server = self._database.server

    def inspect(self, progress: Progress, *, quick: bool) -> Inspection:
        with self._server.session() as connection:
            connection.tell(READING)
            progress.step("tables")
            schema = connection.schema()
            found = tuple(tables.facts(connection, schema))
            ((size, version, checksums),) = connection.rows(
                "SELECT pg_database_size(current_database()), current_setting('server_version'),"
                " current_setting('data_checksums')"
            )
            handles = self._database.sessions(connection)
        facts = (
            ("server", version),
            ("data checksums", checksums),
            ("integrity", "is the server's to check: dbguard asks for no damage"),
        )
        return Inspection(
            "postgresql", self._address.shown, int(size), in_order(found), facts, (), handles,
            schema.hash,
        )  # fmt: skip

    def write_backup(self, target: Path, progress: Progress) -> Content:
        with self._server.session() as connection:
            tools = self._server.check_version(connection)
            # The dump and the counts are of one state (Snapshot Synchronization Functions).
            connection.tell(READING)
            ((snapshot,),) = connection.rows("SELECT pg_export_snapshot()")
            progress.step("pg_dump")
            self._server.dump(target, snapshot)
            return self._database.content(connection, target, tools, progress)

    def verify(
        self,
        backup: Path,
        proof: Proof,
        progress: Progress,
        *,
        renames: Renames,
        accepted: frozenset[str],
    ) -> Comparison:
        proof.begin()
        with self._database.restored(backup, progress) as old, self._server.session() as live:
            live.tell(READING)
            return tables.compared(
                (str(backup), old), (self._address.shown, live), progress, renames, accepted
            )

    def migrate(self, request: Request, log: Journal, progress: Progress) -> Migration:
        log.step("inspect")
        begun = migrating.begun(request, self.inspect(progress, quick=True))
        way = migrating_by_python.migrate if request.script.is_python else migrating.migrate
        return way(self._database, request, begun, log, progress)

    def restore(
        self, backup: Path, log: Journal, progress: Progress, *, unused: bool
    ) -> Restoration:
        return restoring.restore(backup, self._database, log, progress)
