"""MySQL and MariaDB as an engine of the protocol.

Their data definition statements commit by themselves
(https://mariadb.com/kb/en/sql-statements-that-cause-an-implicit-commit/), so nothing can
be taken back by a rollback: a change that fails is undone by loading the backup.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path

from dbguard.live import backup as backups
from dbguard.live import critical, durable, manifest
from dbguard.live.address import Address
from dbguard.live.backup import Backup, Content
from dbguard.live.comparison import Comparison, RowsFound, Unreadable, compare
from dbguard.live.failures import LiveError, RefusedError, UnfinishedError
from dbguard.live.handles import Handle
from dbguard.live.inspection import Inspection, TableFacts, in_order
from dbguard.live.journal import Journal
from dbguard.live.manifest import TableCount
from dbguard.live.merging import merged
from dbguard.live.migration import Migration, Outcome, Request
from dbguard.live.mysql.server import Connection, Server, quoted, selected
from dbguard.live.pairing import Pair, Renames
from dbguard.live.progress import Progress
from dbguard.live.restoration import Restoration
from dbguard.live.schema import Schema
from dbguard.patterns import regex
from dbguard.records import replace

_ELSEWHERE = regex(
    r"(?:^|;|\*/)\s*(?:USE\b(?!\s+(?:INDEX|KEY)\b)|(?:CONNECT|SOURCE|SYSTEM)\s)|\\(?:[u.]\s|!)",
    2 | 8,
)
"""Statements and commands of the client that leave the database (re.IGNORECASE, re.MULTILINE).

The client takes them behind a semicolon and a comment, too."""

_READING = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"


class MySQL:
    """A database of a server. See :class:`dbguard.live.engine.Engine`."""

    suffix = ".sql"

    def __init__(self, address: Address) -> None:
        self._address = address
        self._server = Server(address)

    def inspect(self, progress: Progress, *, quick: bool) -> Inspection:
        with self._server.session() as connection:
            progress.step("tables")
            schema = connection.schema()
            tables = tuple(_facts(connection, schema, table.name) for table in schema.tables)
            ((size, version),) = connection.rows(
                "SELECT coalesce(sum(data_length + index_length), 0), version()"
                " FROM information_schema.tables WHERE table_schema = DATABASE()"
            )
            wrong = [] if quick else _problems(connection, schema, progress)
            handles = self._sessions(connection)
        return Inspection(
            "mysql", self._address.shown, int(size), in_order(tables), (("server", version),),
            tuple(wrong), handles, schema.hash,
        )  # fmt: skip

    def _sessions(self, connection: Connection) -> tuple[Handle, ...]:
        rows = connection.rows(
            "SELECT id, user FROM information_schema.processlist"
            " WHERE db = DATABASE() AND id <> connection_id()"
        )
        return tuple(Handle(int(process), who) for process, who in rows)

    def write_backup(self, target: Path, progress: Progress) -> Content:
        with self._server.session() as connection:
            tools = self._server.versions(connection)
            before = _counted(connection)
            progress.step("dump")
            self._server.dump(target)
            after = _counted(connection)
            schema = connection.schema()
        progress.step("check the dump")
        self._server.read_back(target)
        durable.sync(target)
        # The dump is of a state of its own: what was written meanwhile is not counted for sure.
        counts = tuple(
            TableCount(name, rows if before.get(name) == rows else None)
            for name, rows in after.items()
        )
        return Content(target.stat().st_size, durable.sha256(target), schema.hash, counts, tools)

    def verify(
        self, backup: Path, progress: Progress, *, renames: Renames, accepted: frozenset[str]
    ) -> Comparison:
        with self._restored(backup, progress) as before, self._server.session() as live:
            live.tell("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            live.tell(_READING)
            return self._compared(
                (str(backup), before), (self._address.shown, live), progress, renames, accepted
            )

    @contextmanager
    def _restored(self, backup: Path, progress: Progress) -> Iterator[Connection]:
        with self._loaded(backup, progress) as name, self._server.session(name) as connection:
            yield connection

    @contextmanager
    def _loaded(self, backup: Path, progress: Progress) -> Iterator[str]:
        """Load a backup into a database of its own, for as long as the block runs."""
        self._check_file(backup)
        with self._server.scratch() as name:
            progress.step("load the backup")
            self._server.load(backup, name)
            yield name

    def _check_file(self, backup: Path) -> None:
        if not backup.is_file():
            raise RefusedError(f"{backup} does not exist")
        self._server.read_back(backup)

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
        inspection = self.inspect(progress, quick=request.quick)
        begun = Migration(
            self._address.shown, str(request.script.path), Outcome.REFUSED, inspection=inspection
        )
        if inspection.integrity:
            return replace(begun, reasons=inspection.integrity)
        if request.script.is_python:
            raise RefusedError("a .py script is run on SQLite databases only; write it as .sql")
        if _ELSEWHERE.search(request.script.text):
            raise RefusedError(f"{request.script.path} leaves its database (USE, SOURCE ...)")
        if named := self._named_in(request.script.text):
            raise RefusedError(
                f"{request.script.path} names the database {named} before a dot: run on the copy "
                "of the rehearsal, it would change that one. Leave the name out"
            )
        # No lock of MySQL keeps others out while a script changes the schema: what they wrote
        # since the backup would look like a loss, and be undone with it.
        self._check_unused()
        log.step("back up")
        taken = self._backed_up(request, log, progress)
        done = replace(begun, backup=taken, notes=(_NOTE,))
        with ExitStack() as stack:
            old = stack.enter_context(self._restored(taken.path, progress))
            log.step("rehearse")
            with self._loaded(taken.path, progress) as copy:
                done = self._changed(copy, old, done, request, progress)
            if done.reasons:
                log.step("refused", reason="; ".join(done.reasons))
                return done
            if request.dry_run:
                log.step("rehearsed")
                return replace(done, outcome=Outcome.REHEARSED)
            self._check_unused()
            if self._written_since(old, request, progress):
                raise RefusedError(
                    f"{self._address.shown} was written to since the backup: stop what writes to "
                    "it, and migrate again"
                )
            log.step("apply")
            done = self._changed(self._address.database, old, done, request, progress)
            if not done.reasons:
                log.step("applied")
                return replace(done, outcome=Outcome.APPLIED)
            log.step("put the backup back", reason="; ".join(done.reasons))
            try:
                restored = self.restore(taken.path, log, progress, unused=False)
            except LiveError as error:
                why = (*done.reasons, f"the backup was not put back: {error}")
                return replace(done, outcome=Outcome.DAMAGED, reasons=why)
            note = f"the database as the script left it is kept as {restored.kept}"
            return replace(done, outcome=Outcome.RESTORED, notes=(*done.notes, note))

    def _named_in(self, text: str) -> str:
        """Return a database of the server that a script names before a dot, '' for none."""
        with self._server.session() as connection:
            rows = connection.rows("SELECT schema_name FROM information_schema.schemata")
        for (name,) in rows:
            if re.search(rf"(?<![\w$])`?{re.escape(name)}`?\s*\.\s*[`\w]", text, re.IGNORECASE):
                return name
        return ""

    def _backed_up(self, request: Request, log: Journal, progress: Progress) -> Backup:
        made = durable.now()
        path = backups.default_path(self._address, request.to, self.suffix, made)
        with backups.unfinished(path) as temporary:
            content = self.write_backup(temporary, progress)
            return backups.publish(self._address, temporary, path, content, made, log)

    def _written_since(self, old: Connection, request: Request, progress: Progress) -> bool:
        """Say whether the database differs from the backup before the script has run on it."""
        with self._server.session(self._address.database) as live:
            found = self._compared(
                ("the backup", old), (self._address.shown, live), progress, {}, frozenset()
            )
        grown = any(table.rows.new_rows != table.rows.old_rows for table in found.tables)
        return bool(found.losses or found.problems or found.changes or grown)

    def _changed(
        self, database: str, old: Connection, done: Migration, request: Request, progress: Progress
    ) -> Migration:
        """Run the script, and compare."""
        try:
            self._server.run_script(request.script.text, database)
        except UnfinishedError as error:
            return replace(done, reasons=(f"the script failed: {error}",))
        names = str(done.backup and done.backup.path), self._address.shown
        with self._server.session(database) as connection:
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
        self._check_file(backup)
        if described is not None:
            manifest.check(backup, described)
        when = durable.now()
        self._check_unused()
        # Loaded once into a database of its own: a dump that fails half way fails here.
        with self._restored(backup, progress) as restored:
            reasons = _differences(_counted(restored), described)
        log.step("keep the damaged database")
        kept = self._kept(when)
        self._check_unused()
        log.step("load the backup", kept=str(kept))
        with self._server.session() as live:
            self._emptied(live)
        self._server.load(backup, self._address.database)
        log.step("verify")
        with self._server.session() as live:
            reasons += _differences(_counted(live), described)
            lost, unread = None, ""
            try:
                with self._restored(kept, progress) as damaged:
                    lost = self._compared(
                        (str(kept), damaged), (self._address.shown, live), progress, {},
                        frozenset(),
                    )  # fmt: skip
            except LiveError as error:
                unread = str(error)
        log.step("restored")
        return Restoration(
            self._address.shown, backup, described, when, str(kept), lost, unread, tuple(reasons)
        )

    def _kept(self, when: datetime) -> Path:
        """Dump the damaged database into a file beside the backups."""
        name = f"{self._address.name}.damaged_{durable.stamp(when)}.sql"
        path = Path.cwd() / name
        backups.check_free(path)
        with backups.unfinished(path) as temporary:
            self._server.dump(temporary)
            self._server.read_back(temporary)
            durable.sync(temporary)
            durable.publish(temporary, path)
        return path

    def _emptied(self, live: Connection) -> None:
        """Remove what the dump would not replace: tables and views that came after the backup.

        Everything that goes is in the dump of the damaged database, which was read back.
        """
        live.tell("SET FOREIGN_KEY_CHECKS = 0")
        schema = live.schema()
        for kind, name in schema.others:
            live.tell(f"DROP {kind.upper()} IF EXISTS {quoted(name)}")
        for table in schema.tables:
            live.tell(f"DROP TABLE IF EXISTS {quoted(table.name)}")

    def _check_unused(self) -> None:
        with self._server.session() as connection:
            others = self._sessions(connection)
        if others:
            raise RefusedError(
                f"{self._address.shown} is in use by {', '.join(o.shown for o in others)}: "
                "stop them first"
            )


_NOTE = (
    "MySQL commits each change of the schema by itself: a migration that is killed is undone "
    "by dbguard restore"
)


class _Streams:
    """The rows of two databases of a server, each through a session of its own."""

    def __init__(self, old: Connection, new: Connection) -> None:
        self._old = old
        self._new = new

    def count(self, table: str) -> int:
        return _number(self._old, f"SELECT count(*) FROM {quoted(table)}")  # noqa: S608

    def values(self, table: str, column: str) -> int:
        return _number(self._old, f"SELECT count({quoted(column)}) FROM {quoted(table)}")  # noqa: S608

    def compared(self, pair: Pair, advance: Callable[[int], None]) -> RowsFound:
        if not pair.columns:
            raise Unreadable("no column of it is left")
        before, names, key = selected(pair.old.name, pair, old=True)
        after, _, _ = selected(pair.new.name, pair, old=False)
        return merged(self._old.stream(before), self._new.stream(after), names, key)


def _number(connection: Connection, query: str) -> int:
    ((number,),) = connection.rows(query)
    return int(number)


def _facts(connection: Connection, schema: Schema, name: str) -> TableFacts:
    table = schema.table(name)
    assert table is not None
    column = critical.time_column(table.columns)
    newest = f"coalesce(max({quoted(column)}), '')" if column else "''"
    ((rows, latest),) = connection.rows(f"SELECT count(*), {newest} FROM {quoted(name)}")  # noqa: S608
    return TableFacts(
        name, int(rows), len(table.columns), critical.is_critical(name), column, latest
    )


def _problems(connection: Connection, schema: Schema, progress: Progress) -> list[str]:
    """Return what CHECK TABLE finds (https://mariadb.com/kb/en/check-table/)."""
    progress.step("integrity")
    found = []
    for table in schema.tables:
        for row in connection.rows(f"CHECK TABLE {quoted(table.name)}"):
            if row[2].lower() == "error":
                found.append(f"{table.name}: {row[3]}")  # noqa: PERF401
    return found


def _counted(connection: Connection) -> dict[str, int]:
    return {
        table.name: _number(connection, f"SELECT count(*) FROM {quoted(table.name)}")  # noqa: S608
        for table in connection.schema().tables
    }


def _differences(counts: dict[str, int], described: manifest.Manifest | None) -> list[str]:
    return [
        f"{table.name} has {counts.get(table.name)} rows, the manifest says {table.rows}"
        for table in (described.tables if described else ())
        if table.rows is not None and counts.get(table.name) != table.rows
    ]
