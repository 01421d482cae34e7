"""MySQL and MariaDB as an engine of the protocol.

Their data definition statements commit by themselves
(https://mariadb.com/kb/en/sql-statements-that-cause-an-implicit-commit/), so nothing can
be taken back by a rollback: a change that fails is undone by loading the backup.
"""

from __future__ import annotations

from pathlib import Path

from dbguard.live import tables
from dbguard.live.address import Address
from dbguard.live.backup import Content
from dbguard.live.comparison import Comparison
from dbguard.live.inspection import Inspection, in_order
from dbguard.live.journal import Journal
from dbguard.live.migration import Migration, Outcome, Request
from dbguard.live.mysql import migrating, restoring
from dbguard.live.mysql.database import READING, SUFFIX, Database
from dbguard.live.mysql.server import Connection
from dbguard.live.pairing import Renames
from dbguard.live.progress import Progress
from dbguard.live.proof import Proof
from dbguard.live.restoration import Restoration
from dbguard.live.schema import Schema
from dbguard.records import replace


class MySQL:
    """A database of a server. See :class:`dbguard.live.engine.Engine`."""

    suffix = SUFFIX

    def __init__(self, address: Address) -> None:
        self._address = address
        self._database = Database(address)
        self._server = self._database.server

    def inspect(self, progress: Progress, *, quick: bool) -> Inspection:
        with self._server.session() as connection:
            progress.step("tables")
            schema = connection.schema()
            found = tuple(tables.facts(connection, schema))
            ((size, version),) = connection.rows(
                "SELECT coalesce(sum(data_length + index_length), 0), version()"
                " FROM information_schema.tables WHERE table_schema = DATABASE()"
            )
            wrong = [] if quick else _problems(connection, schema, progress)
            handles = self._database.sessions(connection)
        return Inspection(
            "mysql", self._address.shown, int(size), in_order(found), (("server", version),),
            tuple(wrong), handles, schema.hash,
        )  # fmt: skip

    def write_backup(self, target: Path, progress: Progress) -> Content:
        return self._database.write_backup(target, progress)

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
            live.tell("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            live.tell(READING)
            return tables.compared(
                (str(backup), old), (self._address.shown, live), progress, renames, accepted
            )

    def migrate(self, request: Request, log: Journal, progress: Progress) -> Migration:
        log.step("inspect")
        inspection = self.inspect(progress, quick=request.quick)
        begun = Migration(
            self._address.shown, str(request.script.path), Outcome.REFUSED, inspection=inspection
        )
        if inspection.integrity:
            return replace(begun, reasons=inspection.integrity)
        return migrating.migrate(self._database, request, begun, log, progress)

    def restore(
        self, backup: Path, log: Journal, progress: Progress, *, unused: bool
    ) -> Restoration:
        return restoring.restore(backup, self._database, log, progress, unused=unused)


def _problems(connection: Connection, schema: Schema, progress: Progress) -> list[str]:
    """Return what CHECK TABLE finds (https://mariadb.com/kb/en/check-table/)."""
    progress.step("integrity")
    found = []
    for table in schema.tables:
        for row in connection.rows(f"CHECK TABLE {connection.table(table.name)}"):
            if row[2].lower() == "error":
                found.append(f"{table.name}: {row[3]}")  # noqa: PERF401
    return found
