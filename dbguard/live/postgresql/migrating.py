"""Migrating a PostgreSQL database by a .sql script: in one transaction, compared before its end."""

from __future__ import annotations

from contextlib import ExitStack

from dbguard.live import tables
from dbguard.live.failures import UnfinishedError
from dbguard.live.inspection import Inspection
from dbguard.live.journal import Journal
from dbguard.live.migration import Migration, Outcome, Request
from dbguard.live.postgresql import rehearsable
from dbguard.live.postgresql.database import Database
from dbguard.live.postgresql.server import Connection
from dbguard.live.progress import Progress
from dbguard.records import replace


def begun(request: Request, inspection: Inspection) -> Migration:
    """Return a migration of which nothing is done yet."""
    return Migration(
        inspection.database, str(request.script.path), Outcome.REFUSED, inspection=inspection
    )


def migrate(
    database: Database, request: Request, done: Migration, log: Journal, progress: Progress
) -> Migration:
    """Rehearse, run the script, compare, commit. Raises LiveError."""
    rehearsable.check(request.script)
    server = database.server
    with ExitStack() as stack:
        live = stack.enter_context(server.session())
        log.step("keep writers out")
        live.tell("BEGIN")
        keep_writers_out(live)
        taken = database.backed_up(live, database.address.database, request.to, log, progress)
        done = replace(done, backup=taken)
        before = stack.enter_context(server.scratch())
        server.load(taken.path, before)
        log.step("rehearse")
        rehearsal = stack.enter_context(server.scratch(like=before))
        old = stack.enter_context(server.session(before))
        with server.session(rehearsal) as copy:
            copy.tell("BEGIN")
            done = _changed(copy, old, done, request, progress)
            if done.reasons:
                log.step("refused", reason="; ".join(done.reasons))
                return done
        if request.dry_run:
            log.step("rehearsed")
            return replace(done, outcome=Outcome.REHEARSED)
        log.step("apply")
        done = _changed(live, old, done, request, progress)
        if done.reasons:
            log.step("rolled back", reason="; ".join(done.reasons))
            return done
        log.step("commit")
        live.tell("COMMIT")
        log.step("applied")
        return replace(done, outcome=Outcome.APPLIED)


def keep_writers_out(live: Connection) -> None:
    """Lock every table until the transaction ends.

    Conflicts with writers, not with readers and pg_dump (13.3.1. Table-Level Locks).
    """
    names = ", ".join(live.table(table.name) for table in live.schema().tables)
    if names:
        live.tell(f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE")


def _changed(
    connection: Connection, old: Connection, done: Migration, request: Request, progress: Progress
) -> Migration:
    """Run the script in the transaction that is open, and compare inside of it."""
    try:
        before = connection.rows("SELECT txid_current()")
        # An empty statement ends one whose semicolon is missing, as the end of a file does.
        connection.source(f"{request.script.text}\n;")
        after = connection.rows("SELECT txid_current()")
    except UnfinishedError as error:
        return replace(done, reasons=(f"the script failed: {error}",))
    if not after:
        return replace(done, reasons=("the script ends in the middle of a statement",))
    if before != after:
        why = "the script ends the transaction itself: leave BEGIN and COMMIT to dbguard"
        return replace(done, reasons=(why,))
    comparison = tables.compared(
        (str(done.backup and done.backup.path), old), (done.database, connection), progress,
        request.renames, request.accepted,
    )  # fmt: skip
    reasons = (*comparison.losses, *comparison.problems)
    return replace(done, comparison=comparison, reasons=reasons)
