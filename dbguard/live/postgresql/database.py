"""One database of a PostgreSQL server, and what every command does with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dbguard import durable
from dbguard.live import backup as backups
from dbguard.live import identity, tables
from dbguard.live.address import Address
from dbguard.live.backup import Backup, Content
from dbguard.live.failures import LossError, RefusedError
from dbguard.live.handles import Handle, staying
from dbguard.live.journal import Journal
from dbguard.live.manifest import TableCount
from dbguard.live.postgresql.server import MAINTENANCE, Connection, Server, literal
from dbguard.live.progress import Progress

SUFFIX = ".dump"
_LONGEST = 63  # bytes of a name
READING = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


class Database:
    """A database, and the server that it is on."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self.server = Server(address)

    def sessions(self, connection: Connection, database: str = "") -> tuple[Handle, ...]:
        """Return who else is connected.

        What kind of a session it is, the server does not tell everybody: then it counts.
        """
        name = literal(database) if database else "current_database()"
        rows = connection.rows(
            "SELECT pid, coalesce(nullif(application_name, ''), usename, backend_type, '?')"  # noqa: S608
            f" FROM pg_stat_activity WHERE datname = {name} AND pid <> pg_backend_pid()"
            " AND coalesce(backend_type, 'client backend') = 'client backend'"
        )
        return tuple(Handle(int(process), who) for process, who in rows)

    def check_unused(self, maintenance: Connection) -> None:
        """Raise RefusedError where anybody is connected."""
        others = staying(lambda: self.sessions(maintenance, self.address.database))
        if others:
            raise RefusedError(
                f"{self.address.shown} is in use by {', '.join(o.shown for o in others)}: "
                "stop them first"
            )

    def content(
        self,
        connection: Connection,
        target: Path,
        tools: tuple[tuple[str, str], ...],
        progress: Progress,
    ) -> Content:
        """Check a dump, have it on the disk, and return what is in it, which *connection* reads."""
        schema = connection.schema()
        progress.step("check the dump")
        self.server.read_back(target)
        durable.sync(target)
        counts = tables.counted(connection, schema)
        return Content(
            target.stat().st_size,
            identity.sha256(target),
            schema.hash,
            tuple(TableCount(name, rows) for name, rows in counts.items()),
            tools,
        )

    def backed_up(
        self, source: Connection, database: str, to: Path | None, log: Journal, progress: Progress
    ) -> Backup:
        """Dump a database that does not change meanwhile, and which *source* reads."""
        log.step("back up")
        made = identity.now()
        path = backups.default_path(self.address, to, SUFFIX, made)
        backups.clear_partials(path.parent, log)
        tools = self.server.check_version(source)
        with backups.unfinished(path) as temporary:
            self.server.dump(temporary, database=database)
            content = self.content(source, temporary, tools, progress)
            return backups.publish(self.address, temporary, path, content, made, log)

    @contextmanager
    def restored(self, backup: Path, progress: Progress) -> Iterator[Connection]:
        """Load a backup into a database of its own, for as long as the block runs."""
        check_file(backup)
        with self.server.scratch() as name:
            progress.step("load the backup")
            self.server.load(backup, name)
            with self.server.session(name) as connection:
                yield connection

    @contextmanager
    def maintenance(self) -> Iterator[Connection]:
        """Open a session that is not in the database itself."""
        with self.server.session(MAINTENANCE) as connection:
            yield connection

    def exists(self, maintenance: Connection, name: str = "") -> bool:
        """Say whether there is a database of this name, the one that is asked about if none is given."""
        asked = literal(name or self.address.database)
        return bool(maintenance.rows(f"SELECT 1 FROM pg_database WHERE datname = {asked}"))  # noqa: S608

    def free_name(self, maintenance: Connection, suffix: str) -> str:
        """Return the name that this database can be kept under: its own with a suffix.

        The server cuts a name after 63 bytes (4.1.1. Identifiers and Key Words), and takes the
        rest for the same.
        """
        number, end = 1, suffix
        while True:
            room = _LONGEST - len(end.encode())
            name = self.address.database.encode()[:room].decode(errors="ignore") + end
            if not self.exists(maintenance, name):
                return name
            number += 1
            end = f"{suffix}_{number}"


def check_file(backup: Path) -> None:
    """Raise RefusedError where a file is no dump in the custom format, LossError for an empty one."""
    try:
        with backup.open("rb") as stream:
            start = stream.read(5)
    except OSError as error:
        raise RefusedError(f"{backup} cannot be read: {error.strerror}") from error
    if not start:
        raise LossError(f"{backup} is empty")
    if start != b"PGDMP":
        raise RefusedError(f"{backup} is no dump of pg_dump -Fc")
