"""Migrating a PostgreSQL database by a .py script, which has transactions of its own.

As with SQLite, the script never runs on the database itself. It runs on an exact copy; what
it made of that is compared with another copy that stayed as it was, and then takes the name
of the database in one transaction. The database as it was is kept under another name.

From before the script begins until that transaction ends, nobody can connect to the
database: neither others, whose rows would be missing from the copy, nor the script itself,
where it takes the database from settings of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from shlex import join

from dbguard.live import identity, script, tables
from dbguard.live.failures import RefusedError
from dbguard.live.journal import Journal
from dbguard.live.migration import Migration, Outcome, Request
from dbguard.live.postgresql import exchanging
from dbguard.live.postgresql.database import Database
from dbguard.live.postgresql.migrating import keep_writers_out
from dbguard.live.postgresql.server import Connection
from dbguard.live.progress import Progress
from dbguard.live.script import ScriptError
from dbguard.records import dataclass, replace

_WAIT = "20"  # seconds that a script waits for a database that nobody can connect to

_TURNED_AWAY = (
    "; a session that wanted to connect to the database itself was turned away: does the script "
    f"open that by a name of its own? It is to work on {script.VARIABLE}"
)


def migrate(
    database: Database, request: Request, done: Migration, log: Journal, progress: Progress
) -> Migration:
    """Copy, run the script on the copy, compare, exchange. Raises LiveError."""
    name = database.address.database
    with ExitStack() as stack:
        maintenance = stack.enter_context(database.maintenance())
        exchanging.check_exchangeable(maintenance, name)
        carried = exchanging.properties(maintenance, name)
        database.check_unused(maintenance)
        log.step("copy")
        # Fails where somebody is connected, and keeps others out meanwhile.
        before = stack.enter_context(database.server.scratch(maintenance, like=name))
        work = _Work(database, request, log, progress, maintenance, before, carried)
        with database.server.session(before) as old:
            taken = database.backed_up(old, before, request.to, log, progress)
        return work.migrated(replace(done, backup=taken))


@dataclass(frozen=True, slots=True)
class _Work:
    """One migration under way: ``before`` is the copy that stays as it was."""

    database: Database
    request: Request
    log: Journal
    progress: Progress
    maintenance: Connection
    before: str
    carried: tuple[str, ...]

    def migrated(self, done: Migration) -> Migration:
        server, name = self.database.server, self.database.address.database
        suffix = f"_before_{identity.stamp(identity.now())}"
        kept = self.database.free_name(self.maintenance, suffix)
        unchanged = server.digest(self.before)
        with ExitStack() as stack:
            inside = stack.enter_context(ExitStack())
            self.log.step("keep others out")
            last_look = self._keep_as_copied(inside, unchanged)
            holder = stack.enter_context(
                exchanging.held(self.database, self.maintenance, inside, kept, last_look)
            )
            copy = stack.enter_context(server.scratch(self.maintenance, like=self.before))
            self.log.step("rehearse", copy=copy)
            try:
                self._run(copy)
            except ScriptError as error:
                return self._refused(done, (f"the script failed: {error}",))
            done, reasons = self._compared(copy, done)
            if server.digest(copy) == unchanged:
                reasons = (*reasons, script.changed_nothing(self.request.script))
            if reasons:
                return self._refused(done, reasons)
            if self.request.dry_run:
                self.log.step("rehearsed")
                return replace(done, outcome=Outcome.REHEARSED)
            self.log.step("apply", kept=kept)
            exchanging.named(holder, copy, name, self.carried)
            self.log.step("applied")
        note = f"the database as it was is kept as {kept}; when all is well: " + join(
            server.drop_command(kept)
        )
        return replace(done, outcome=Outcome.APPLIED, notes=(*done.notes, note))

    def _keep_as_copied(self, inside: ExitStack, unchanged: str) -> Callable[[], None]:
        """Keep writers out, and raise RefusedError where somebody was quicker.

        No lock keeps out who makes a new table: what is returned looks for one.
        """
        server, name = self.database.server, self.database.address.database
        live = inside.enter_context(server.session())
        live.tell("BEGIN")
        keep_writers_out(live)
        schema = live.schema().hash

        def check(*, is_same: bool) -> None:
            if not is_same:
                raise RefusedError(
                    f"{self.database.address.shown} was written to while it was copied: stop "
                    "what writes to it, and migrate again"
                )

        check(is_same=server.digest(name) == unchanged)
        return lambda: check(is_same=live.schema().hash == schema)

    def _run(self, copy: str) -> None:
        address = self.database.address
        known = {
            "PGHOST": address.host,
            "PGPORT": address.port,
            "PGUSER": address.user,
            "PGPASSWORD": address.password.reveal,
            "PGDATABASE": copy,
            "PGCONNECT_TIMEOUT": _WAIT,
        }
        given = {variable: value for variable, value in known.items() if value}
        spared: set[str] = set()
        ended = 0

        def watch() -> str:
            nonlocal ended
            ended += exchanging.turned_away(self.database, self.maintenance, spared)
            return ""

        try:
            script.run_python(
                self.request.script,
                address.url(copy),
                {**given, **address.variables(copy)},
                watch,
            )
        except ScriptError as error:
            raise ScriptError(f"{error}{_TURNED_AWAY if ended else ''}") from error

    def _compared(self, copy: str, done: Migration) -> tuple[Migration, tuple[str, ...]]:
        server, request = self.database.server, self.request
        assert done.backup is not None
        names = str(done.backup.path), f"{done.database} after {request.script.path}"
        with server.session(self.before) as old, server.session(copy) as new:
            comparison = tables.compared(
                (names[0], old), (names[1], new), self.progress, request.renames, request.accepted
            )
        reasons = (*comparison.losses, *(f"not compared: {p}" for p in comparison.problems))
        return replace(done, comparison=comparison), reasons

    def _refused(self, done: Migration, reasons: tuple[str, ...]) -> Migration:
        self.log.step("refused", reason="; ".join(reasons))
        return replace(done, outcome=Outcome.REFUSED, reasons=reasons)
