"""PostgreSQL as an engine of the protocol."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from dbguard.live import backup as backups
from dbguard.live import critical, durable, manifest
from dbguard.live.address import Address
from dbguard.live.backup import Backup, Content
from dbguard.live.comparison import Comparison, RowsFound, Unreadable, compare
from dbguard.live.durable import stamp
from dbguard.live.failures import LiveError, LossError, RefusedError, UnfinishedError
from dbguard.live.handles import Handle
from dbguard.live.inspection import Inspection, TableFacts, in_order
from dbguard.live.journal import Journal
from dbguard.live.manifest import TableCount
from dbguard.live.merging import merged
from dbguard.live.migration import Migration, Outcome, Request
from dbguard.live.pairing import Pair, Renames
from dbguard.live.postgresql.server import (
    Connection,
    Server,
    literal,
    quoted,
    quoted_table,
    selected,
)
from dbguard.live.progress import Progress
from dbguard.live.restoration import Restoration
from dbguard.live.schema import Schema
from dbguard.patterns import regex
from dbguard.records import replace

# Anywhere: psql takes a command behind a statement on the same line, too.
_CONNECTS = regex(r"\\c(?:onnect)?\b")
_READING = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


class PostgreSQL:
    """A database of a server. See :class:`dbguard.live.engine.Engine`."""

    suffix = ".dump"

    def __init__(self, address: Address) -> None:
        self._address = address
        self._server = Server(address)

    def inspect(self, progress: Progress, *, quick: bool) -> Inspection:
        with self._server.session() as connection:
            connection.tell(_READING)
            progress.step("tables")
            schema = connection.schema()
            tables = tuple(self._facts(connection, schema, name.name) for name in schema.tables)
            ((size, version, checksums),) = connection.rows(
                "SELECT pg_database_size(current_database()), current_setting('server_version'),"
                " current_setting('data_checksums')"
            )
            handles = self._sessions(connection)
        facts = (
            ("server", version),
            ("data checksums", checksums),
            ("integrity", "is the server's to check: dbguard asks for no damage"),
        )
        return Inspection(
            "postgresql", self._address.shown, int(size), in_order(tables), facts, (), handles,
            schema.hash,
        )  # fmt: skip

    def _facts(self, connection: Connection, schema: Schema, name: str) -> TableFacts:
        table = schema.table(name)
        assert table is not None
        column = critical.time_column(table.columns)
        newest = f"max({quoted(column)}::text)" if column else "NULL"
        ((rows, latest),) = connection.rows(
            f"SELECT count(*), {newest} FROM {quoted_table(name)}"  # noqa: S608
        )
        return TableFacts(
            name, int(rows), len(table.columns), critical.is_critical(name), column, latest
        )

    def _sessions(self, connection: Connection, database: str = "") -> tuple[Handle, ...]:
        name = literal(database) if database else "current_database()"
        rows = connection.rows(
            "SELECT pid, coalesce(nullif(application_name, ''), usename, backend_type)"  # noqa: S608
            f" FROM pg_stat_activity WHERE datname = {name} AND pid <> pg_backend_pid()"
            " AND backend_type = 'client backend'"
        )
        return tuple(Handle(int(process), who) for process, who in rows)

    def write_backup(self, target: Path, progress: Progress) -> Content:
        with self._server.session() as connection:
            tools = self._server.check_version(connection)
            # The dump and the counts are of one state (Snapshot Synchronization Functions).
            connection.tell(_READING)
            ((snapshot,),) = connection.rows("SELECT pg_export_snapshot()")
            progress.step("pg_dump")
            self._server.dump(target, snapshot)
            return self._content(connection, target, tools, progress)

    def _content(
        self,
        connection: Connection,
        target: Path,
        tools: tuple[tuple[str, str], ...],
        progress: Progress,
    ) -> Content:
        schema = connection.schema()
        progress.step("check the dump")
        self._server.read_back(target)
        durable.sync(target)
        return Content(
            target.stat().st_size,
            durable.sha256(target),
            schema.hash,
            _counted(connection, schema),
            tools,
        )

    def verify(
        self, backup: Path, progress: Progress, *, renames: Renames, accepted: frozenset[str]
    ) -> Comparison:
        with self._restored(backup, progress) as before, self._server.session() as live:
            live.tell(_READING)
            return self._compared(
                (str(backup), before), (self._address.shown, live), progress, renames, accepted
            )

    @contextmanager
    def _restored(self, backup: Path, progress: Progress) -> Iterator[Connection]:
        """Load a backup into a database of its own, for as long as the block runs."""
        _check_file(backup)
        with self._server.scratch() as name:
            progress.step("load the backup")
            self._server.load(backup, name)
            with self._server.session(name) as connection:
                yield connection

    def _compared(
        self,
        old: tuple[str, Connection],
        new: tuple[str, Connection],
        progress: Progress,
        renames: Renames,
        accepted: frozenset[str],
    ) -> Comparison:
        progress.step("compare")
        return compare(
            (old[0], old[1].schema()),
            (new[0], new[1].schema()),
            _Streams(old[1], new[1]),
            renames=renames,
            accepted=accepted,
            advance=lambda done, total: progress.at(done, total, "rows"),
        )

    def migrate(self, request: Request, log: Journal, progress: Progress) -> Migration:
        log.step("inspect")
        begun = Migration(
            self._address.shown, str(request.script.path), Outcome.REFUSED,
            inspection=self.inspect(progress, quick=True),
        )  # fmt: skip
        if request.script.is_python:
            raise RefusedError(
                "a .py script is run on SQLite databases only: it could not be kept in one "
                "transaction here. Write the change as .sql"
            )
        if _CONNECTS.search(request.script.text):
            raise RefusedError(f"{request.script.path} connects elsewhere (\\connect)")
        with ExitStack() as stack:
            live = stack.enter_context(self._server.session())
            log.step("keep writers out")
            live.tell("BEGIN")
            tables = live.schema().tables
            if tables:
                names = ", ".join(quoted_table(table.name) for table in tables)
                # Conflicts with writers, not with readers and pg_dump (13.3.1. Table-Level Locks).
                live.tell(f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE")
            taken = self._backed_up(live, request, log, progress)
            done = replace(begun, backup=taken)
            before = stack.enter_context(self._server.scratch())
            self._server.load(taken.path, before)
            log.step("rehearse")
            rehearsal = stack.enter_context(self._server.scratch(like=before))
            old = stack.enter_context(self._server.session(before))
            with self._server.session(rehearsal) as copy:
                copy.tell("BEGIN")
                done = self._changed(copy, old, done, request, progress)
                if done.reasons:
                    log.step("refused", reason="; ".join(done.reasons))
                    return done
            if request.dry_run:
                log.step("rehearsed")
                return replace(done, outcome=Outcome.REHEARSED)
            log.step("apply")
            done = self._changed(live, old, done, request, progress)
            if done.reasons:
                log.step("rolled back", reason="; ".join(done.reasons))
                return done
            log.step("commit")
            live.tell("COMMIT")
            log.step("applied")
            return replace(done, outcome=Outcome.APPLIED)

    def _backed_up(
        self, live: Connection, request: Request, log: Journal, progress: Progress
    ) -> Backup:
        log.step("back up")
        made = durable.now()
        path = backups.default_path(self._address, request.to, self.suffix, made)
        tools = self._server.check_version(live)
        with backups.unfinished(path) as temporary:
            self._server.dump(temporary)
            content = self._content(live, temporary, tools, progress)
            return backups.publish(self._address, temporary, path, content, made, log)

    def _changed(
        self,
        connection: Connection,
        old: Connection,
        done: Migration,
        request: Request,
        progress: Progress,
    ) -> Migration:
        """Run the script in the transaction that is open, and compare inside of it."""
        try:
            ((transaction,),) = connection.rows("SELECT txid_current()")
            connection.source(request.script.text)
            ((after,),) = connection.rows("SELECT txid_current()")
        except UnfinishedError as error:
            return replace(done, reasons=(f"the script failed: {error}",))
        if transaction != after:
            why = "the script ends the transaction itself: leave BEGIN and COMMIT to dbguard"
            return replace(done, reasons=(why,))
        names = str(done.backup and done.backup.path), self._address.shown
        comparison = self._compared(
            (names[0], old), (names[1], connection), progress, request.renames or {},
            request.accepted,
        )  # fmt: skip
        reasons = (*comparison.losses, *comparison.problems)
        return replace(done, comparison=comparison, reasons=reasons)

    def restore(
        self, backup: Path, log: Journal, progress: Progress, *, unused: bool
    ) -> Restoration:
        described = manifest.read(backup)
        log.step("check the backup", file=str(backup))
        _check_file(backup)
        if described is not None:
            manifest.check(backup, described)
        self._server.read_back(backup)
        when = durable.now()
        name = self._address.database
        new, kept = f"{name}_restored_{secrets.token_hex(4)}", f"{name}_damaged_{stamp(when)}"
        with self._server.session("postgres") as maintenance:
            exists = maintenance.rows(
                f"SELECT 1 FROM pg_database WHERE datname = {literal(name)}"  # noqa: S608
            )
            self._check_unused(maintenance)
            log.step("load the backup", into=new)
            self._server.create(maintenance, new)
            try:
                self._server.load(backup, new)
                with self._server.session(new) as restored:
                    reasons = _differences(restored, described)
                self._check_unused(maintenance)
                log.step("put it in its place", kept=kept)
                # Both names change in one transaction: ALTER DATABASE may run in one.
                maintenance.tell("BEGIN")
                if exists:
                    maintenance.tell(f"ALTER DATABASE {quoted(name)} RENAME TO {quoted(kept)}")
                maintenance.tell(f"ALTER DATABASE {quoted(new)} RENAME TO {quoted(name)}")
                maintenance.tell("COMMIT")
            except LiveError:
                with self._server.session("postgres") as another:
                    another.tell(f"DROP DATABASE IF EXISTS {quoted(new)}")
                raise
        log.step("restored")
        lost, unread = None, ""
        if exists:
            try:
                with self._server.session(kept) as damaged, self._server.session(name) as restored:
                    lost = self._compared(
                        (kept, damaged), (name, restored), progress, {}, frozenset()
                    )
            except LiveError as error:
                unread = str(error)
        notes = ("Owners and rights are those of the user that restored, not of the backup.",)
        return Restoration(
            self._address.shown, backup, described, when, kept if exists else "", lost, unread,
            tuple(reasons), notes,
        )  # fmt: skip

    def _check_unused(self, maintenance: Connection) -> None:
        others = self._sessions(maintenance, self._address.database)
        if others:
            raise RefusedError(
                f"{self._address.shown} is in use by {', '.join(o.shown for o in others)}: "
                "stop them first"
            )


class _Streams:
    """The rows of two databases of a server, each through a session of its own."""

    def __init__(self, old: Connection, new: Connection) -> None:
        self._old = old
        self._new = new

    def count(self, table: str) -> int:
        return self._number(f"SELECT count(*) FROM {quoted_table(table)}")  # noqa: S608

    def values(self, table: str, column: str) -> int:
        query = f"SELECT count({quoted(column)}) FROM {quoted_table(table)}"  # noqa: S608
        return self._number(query)

    def compared(self, pair: Pair, advance: Callable[[int], None]) -> RowsFound:
        if not pair.columns:
            raise Unreadable("no column of it is left")
        before, names, key = selected(pair.old.name, pair, old=True)
        after, _, _ = selected(pair.new.name, pair, old=False)
        return merged(self._old.stream(before), self._new.stream(after), names, key)

    def _number(self, query: str) -> int:
        ((number,),) = self._old.rows(query)
        return int(number)


def _counted(connection: Connection, schema: Schema) -> tuple[TableCount, ...]:
    counts = []
    for table in schema.tables:
        ((rows,),) = connection.rows(f"SELECT count(*) FROM {quoted_table(table.name)}")  # noqa: S608
        counts.append(TableCount(table.name, int(rows)))
    return tuple(counts)


def _differences(connection: Connection, described: manifest.Manifest | None) -> list[str]:
    if described is None:
        return []
    counts = {each.name: each.rows for each in _counted(connection, connection.schema())}
    return [
        f"{table.name} has {counts.get(table.name)} rows, the manifest says {table.rows}"
        for table in described.tables
        if table.rows is not None and counts.get(table.name) != table.rows
    ]


def _check_file(backup: Path) -> None:
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
