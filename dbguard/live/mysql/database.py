"""One database of a MySQL or MariaDB server, and what every command does with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dbguard import durable
from dbguard.live import backup as backups
from dbguard.live import identity, journal, tables
from dbguard.live.address import Address
from dbguard.live.backup import Backup, Content
from dbguard.live.failures import RefusedError
from dbguard.live.handles import Handle, staying
from dbguard.live.journal import Journal
from dbguard.live.manifest import TableCount
from dbguard.live.mysql.server import Connection, Server
from dbguard.live.progress import Progress

SUFFIX = ".sql"
READING = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"

IN_PLACE = ("apply", "load the backup into the database")
"""The steps that a killed run leaves half done."""
DONE = ("applied", "restored")
"""The steps after which the database is whole again."""


class Database:
    """A database, and the server that it is on."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self.server = Server(address)

    def sessions(self, connection: Connection) -> tuple[Handle, ...]:
        """Return who else is connected, as far as the user may see it."""
        rows = connection.rows(
            "SELECT id, user FROM information_schema.processlist"
            " WHERE db = DATABASE() AND id <> connection_id()"
        )
        return tuple(Handle(int(process), who) for process, who in rows)

    def check_unused(self) -> bool:
        """Raise RefusedError where anybody is connected; return whether all would be seen.

        Sessions of other users are shown to who has the privilege PROCESS
        (https://mariadb.com/kb/en/show-processlist/).
        """
        with self.server.session() as connection:
            others = staying(lambda: self.sessions(connection))
            ((allowed,),) = connection.rows(
                "SELECT count(*) FROM information_schema.user_privileges"
                " WHERE privilege_type = 'PROCESS' AND grantee = concat("
                "quote(left(current_user(), char_length(current_user())"
                " - 1 - char_length(substring_index(current_user(), '@', -1)))), '@',"
                " quote(substring_index(current_user(), '@', -1)))"
            )
        if others:
            raise RefusedError(
                f"{self.address.shown} is in use by {', '.join(o.shown for o in others)}: "
                "stop them first"
            )
        return allowed != "0"

    def write_backup(self, target: Path, progress: Progress) -> Content:
        """Dump the database into an empty file, have it on the disk, and read it back."""
        with self.server.session() as connection:
            tools = self.server.versions(connection)
            before = tables.counted(connection)
            progress.step("dump")
            self.server.dump(target)
            after = tables.counted(connection)
            schema = connection.schema()
        progress.step("check the dump")
        self.server.read_back(target)
        durable.sync(target)
        # The dump is of a state of its own: what was written meanwhile is not counted for sure.
        counts = tuple(
            TableCount(name, rows if before.get(name) == rows else None)
            for name, rows in after.items()
        )
        return Content(target.stat().st_size, identity.sha256(target), schema.hash, counts, tools)

    def backed_up(self, to: Path | None, log: Journal, progress: Progress) -> Backup:
        """Back up under a name with the time."""
        log.step("back up")
        made = identity.now()
        path = backups.default_path(self.address, to, SUFFIX, made)
        backups.clear_partials(path.parent, log)
        with backups.unfinished(path) as temporary:
            content = self.write_backup(temporary, progress)
            return backups.publish(self.address, temporary, path, content, made, log)

    @contextmanager
    def restored(self, backup: Path, progress: Progress) -> Iterator[Connection]:
        """Load a backup into a database of its own, and read that while the block runs."""
        with self.loaded(backup, progress) as name, self.server.session(name) as connection:
            yield connection

    @contextmanager
    def loaded(self, backup: Path, progress: Progress) -> Iterator[str]:
        """Load a backup into a database of its own, for as long as the block runs."""
        self.check_file(backup)
        with self.server.scratch() as name:
            progress.step("load the backup")
            self.server.load(backup, name)
            yield name

    def check_file(self, backup: Path) -> None:
        """Raise RefusedError where there is no backup, UnfinishedError where it breaks off."""
        if not backup.is_file():
            raise RefusedError(f"{backup} does not exist")
        self.server.read_back(backup)

    def cut_off(self, log: Journal) -> tuple[str, ...]:
        """Return what is to be said of a run that was killed while it changed the database."""
        since = journal.cut_off(log.file, self.address.shown, IN_PLACE, DONE)
        if not since:
            return ()
        return (
            f"a run of {since} was cut off while it changed the database, which may be half "
            f"changed since: see {log.file} for its backup",
        )
