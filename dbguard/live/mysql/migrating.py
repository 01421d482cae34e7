"""Migrating a MySQL or MariaDB database.

Nothing keeps others out while a script changes the schema, and no rollback takes that back:
the script, of SQL or Python, is rehearsed on a copy, then run on the database, and undone by
loading the backup.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

from dbguard.live import script, tables
from dbguard.live.failures import LiveError, RefusedError, UnfinishedError
from dbguard.live.journal import Journal
from dbguard.live.migration import Migration, Outcome, Request
from dbguard.live.mysql import rehearsable, restoring
from dbguard.live.mysql.database import Database
from dbguard.live.mysql.server import Connection, quoted
from dbguard.live.progress import Progress
from dbguard.live.script import ScriptError
from dbguard.records import dataclass, replace

_NOTE = (
    "MySQL commits each change of the schema by itself: a migration that is killed is undone "
    "by dbguard restore"
)
_UNSEEN = (
    "sessions of other users are not shown to this user, who has not the privilege PROCESS: "
    "whether others are connected is not known"
)


def migrate(
    database: Database, request: Request, done: Migration, log: Journal, progress: Progress
) -> Migration:
    """Rehearse, run the script, compare; put the backup back where that fails. Raises LiveError."""
    work = _Work(database, request, log, progress)
    if not request.script.is_python:
        work.check_script()
    notes = [_NOTE, *database.cut_off(log)]
    # What others write since the backup would look like a loss, and be undone with it.
    if not database.check_unused():
        if request.script.is_python and not request.unused:
            raise RefusedError(f"{_UNSEEN}. Stop all that use it, and say so with --unused")
        notes.append(_UNSEEN)
    taken = database.backed_up(request.to, log, progress)
    with database.restored(taken.path, progress) as old:
        return work.migrated(old, replace(done, backup=taken, notes=tuple(notes)))


@dataclass(frozen=True, slots=True)
class _Work:
    """One migration under way."""

    database: Database
    request: Request
    log: Journal
    progress: Progress

    def check_script(self) -> None:
        """Raise RefusedError where a script leaves its database."""
        with self.database.server.session() as connection:
            ((modes,),) = connection.rows("SELECT @@sql_mode")
            names = connection.rows("SELECT schema_name FROM information_schema.schemata")
        rehearsable.check(self.request.script, modes, (name for (name,) in names))

    def migrated(self, old: Connection, done: Migration) -> Migration:
        """Take every step after the backup, which *old* reads."""
        assert done.backup is not None
        self.log.step("rehearse")
        with ExitStack() as stack:
            copy = stack.enter_context(self.database.loaded(done.backup.path, self.progress))
            watch = stack.enter_context(self._guarded())
            done = self.changed(copy, old, done, watch)
            if self.request.script.is_python and not done.reasons and self._is_same(old, copy):
                done = replace(done, reasons=(script.changed_nothing(self.request.script),))
        assert done.backup is not None
        if done.reasons:
            self.log.step("refused", reason="; ".join(done.reasons))
            return done
        if self.request.dry_run:
            self.log.step("rehearsed")
            return replace(done, outcome=Outcome.REHEARSED)
        self.database.check_unused()
        if not self._is_same(old, self.database.address.database):
            raise RefusedError(
                f"{self.database.address.shown} was written to since the backup: stop what writes "
                "to it, and migrate again"
            )
        self.log.step("apply", backup=str(done.backup.path))
        done = self.changed(self.database.address.database, old, done, script.unwatched)
        if not done.reasons:
            self.log.step("applied")
            return replace(done, outcome=Outcome.APPLIED)
        return self._put_back(done)

    def _put_back(self, done: Migration) -> Migration:
        assert done.backup is not None
        self.log.step("put the backup back", reason="; ".join(done.reasons))
        try:
            restored = restoring.restore(
                done.backup.path, self.database, self.log, self.progress, unused=True
            )
        except LiveError as error:
            why = (*done.reasons, f"the backup was not put back: {error}")
            return replace(done, outcome=Outcome.DAMAGED, reasons=why)
        note = f"the database as the script left it is kept as {restored.kept}"
        return replace(done, outcome=Outcome.RESTORED, notes=(*done.notes, note))

    def changed(
        self, database: str, old: Connection, done: Migration, watch: Callable[[], str]
    ) -> Migration:
        """Run the script, and compare."""
        try:
            self._run(database, watch)
        except (UnfinishedError, ScriptError) as error:
            return replace(done, reasons=(f"the script failed: {error}",))
        with self.database.server.session(database) as connection:
            comparison = tables.compared(
                (str(done.backup and done.backup.path), old), (done.database, connection),
                self.progress, self.request.renames, self.request.accepted,
            )  # fmt: skip
        reasons = (*comparison.losses, *comparison.problems)
        return replace(done, comparison=comparison, reasons=reasons)

    def _run(self, database: str, watch: Callable[[], str]) -> None:
        if not self.request.script.is_python:
            self.database.server.run_script(self.request.script.text, database)
            return
        address = self.database.address
        script.run_python(
            self.request.script, address.url(database), address.variables(database), watch
        )

    @contextmanager
    def _guarded(self) -> Iterator[Callable[[], str]]:
        """Keep a Python script from the database itself, which it may take from its own settings.

        What is yielded tells whether it wants to change that: it waits for our lock then, is to
        be ended, and its session with it, or the server would go on once the lock is gone.
        """
        if not self.request.script.is_python:
            yield script.unwatched
            return
        server, name = self.database.server, self.database.address.database
        with server.session() as connection:
            tables_there = connection.schema().tables
        # In another database: what is in this one is somebody who should not be there.
        with server.session("information_schema") as guard:
            if tables_there:
                names = (f"{quoted(name)}.{quoted(table.name)} READ" for table in tables_there)
                guard.tell(f"LOCK TABLES {', '.join(names)}")
            yield lambda: _waiting(guard, name)

    def _is_same(self, old: Connection, database: str) -> bool:
        """Say whether a database holds exactly what the backup holds, which *old* reads."""
        with self.database.server.session(database) as connection:
            found = tables.compared(("the backup", old), (database, connection), self.progress)
            is_alike = connection.schema().hash == old.schema().hash
        grown = any(table.rows.new_rows != table.rows.old_rows for table in found.tables)
        return is_alike and not (found.losses or found.problems or found.changes or grown)


def _waiting(guard: Connection, database: str) -> str:
    """End the sessions of this machine that wait for our lock; return what is to be said of them.

    The script is on this machine: what comes from another is not its, and goes on waiting.
    """
    hexed = database.encode().hex().upper()
    rows = guard.rows(
        "SELECT id, id = connection_id(), user, host FROM information_schema.processlist"  # noqa: S608
        " WHERE id = connection_id() OR state LIKE 'Waiting for%lock%' AND"
        f" (hex(db) = '{hexed}' OR instr(hex(info), '{hexed}') > 0)"
    )
    here = next(_machine(host) for _, is_own, _, host in rows if is_own == "1")
    waiting = [(process, user, host) for process, is_own, user, host in rows if is_own != "1"]
    ended = [each for each in waiting if _machine(each[2]) == here]
    for process, _, _ in ended:
        with suppress(LiveError):
            guard.tell(f"KILL CONNECTION {int(process)}")
    if ended:
        return (
            f"it was ended, and the session of {ended[0][1]} on this machine with it, which wanted "
            f"to change the database {database} itself while the copy was worked on: does the "
            f"script open that by a name of its own? It is to work on {script.VARIABLE}"
        )
    if waiting:
        return (
            f"it was ended, since a session of {waiting[0][1]} on {_machine(waiting[0][2])} wanted "
            f"to change the database {database} while the copy was worked on, and does so now: "
            "stop what writes to it"
        )
    return ""


def _machine(host: str) -> str:
    """Return where a session comes from, without its port."""
    name, colon, port = host.rpartition(":")
    name = name if colon and port.isdigit() else host
    return "localhost" if name in ("127.0.0.1", "::1") else name
