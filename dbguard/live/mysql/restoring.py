"""Putting a backup in the place of a MySQL or MariaDB database."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from dbguard import durable
from dbguard.live import backup as backups
from dbguard.live import identity, manifest, restoration, tables
from dbguard.live.failures import LiveError, RefusedError
from dbguard.live.journal import Journal
from dbguard.live.mysql.database import IN_PLACE, Database
from dbguard.live.mysql.server import Connection, quoted
from dbguard.live.progress import Progress
from dbguard.live.restoration import Restoration


def restore(
    backup: Path, database: Database, log: Journal, progress: Progress, *, unused: bool
) -> Restoration:
    """Load the backup on trial, dump the damaged database, then load it in earnest.

    *unused* is the user's word that nobody is connected, where the server does not tell.
    Raises LiveError.
    """
    described = manifest.read(backup)
    log.step("check the backup", file=str(backup))
    database.check_file(backup)
    notes = (*restoration.checked(backup, described), *database.cut_off(log))
    when = identity.now()
    _check_unused(database, unused=unused)
    # Loaded once into a database of its own: a dump that fails half way fails here.
    with database.restored(backup, progress) as trial:
        restoration.check_promise(backup, tables.differences(trial, described))
    log.step("keep the damaged database")
    kept = _kept(database, when)
    _check_unused(database, unused=unused)
    log.step(IN_PLACE[1], kept=str(kept), backup=str(backup))
    server = database.server
    with server.session() as live:
        _emptied(live)
    server.load(backup, database.address.database)
    log.step("verify")
    lost, unread = None, ""
    with server.session() as live:
        reasons = tables.differences(live, described)
        try:
            with database.restored(kept, progress) as damaged:
                lost = tables.compared(
                    (str(kept), damaged), (database.address.shown, live), progress
                )
        except LiveError as error:
            unread = str(error)
    log.step("restored" if not reasons else "not verified", kept=str(kept))
    return Restoration(
        database.address.shown, backup, described, when, str(kept), lost, unread, tuple(reasons),
        notes,
    )  # fmt: skip


def _check_unused(database: Database, *, unused: bool) -> None:
    if not database.check_unused() and not unused:
        raise RefusedError(
            f"the sessions of other users are not shown to the user of {database.address.shown}, "
            "who has not the privilege PROCESS: stop all that use it, and say so with --unused"
        )


def _kept(database: Database, when: datetime) -> Path:
    """Dump the damaged database into a file beside the backups."""
    stem = f"{database.address.name}.damaged_{identity.stamp(when)}"
    path, number = Path.cwd() / f"{stem}.sql", 1
    while path.exists():
        number += 1
        path = path.with_name(f"{stem}_{number}.sql")
    with backups.unfinished(path) as temporary:
        database.server.dump(temporary)
        database.server.read_back(temporary)
        durable.sync(temporary)
        durable.publish(temporary, path)
    return path


def _emptied(live: Connection) -> None:
    """Remove what the dump would not replace: tables and views that came after the backup.

    Everything that goes is in the dump of the damaged database, which was read back.
    """
    live.tell("SET FOREIGN_KEY_CHECKS = 0")
    schema = live.schema()
    for kind, name in schema.others:
        live.tell(f"DROP {kind.upper()} IF EXISTS {quoted(name)}")
    for table in schema.tables:
        live.tell(f"DROP TABLE IF EXISTS {quoted(table.name)}")
