"""Putting a backup in the place of a PostgreSQL database."""

from __future__ import annotations

from pathlib import Path

from dbguard.live import identity, manifest, restoration, tables
from dbguard.live.failures import LiveError
from dbguard.live.journal import Journal
from dbguard.live.postgresql.database import Database, check_file
from dbguard.live.postgresql.exchanging import exchange
from dbguard.live.progress import Progress
from dbguard.live.restoration import Restoration

_NOTE = "Owners and rights are those of the user that restored, not of the backup."


def restore(backup: Path, database: Database, log: Journal, progress: Progress) -> Restoration:
    """Load the backup beside the database, look at it, and exchange the two. Raises LiveError."""
    described = manifest.read(backup)
    log.step("check the backup", file=str(backup))
    check_file(backup)
    notes = restoration.checked(backup, described)
    server = database.server
    server.read_back(backup)
    when = identity.now()
    name = database.address.database
    with database.maintenance() as maintenance:
        suffix = f"_damaged_{identity.stamp(when)}"
        kept = database.free_name(maintenance, suffix) if database.exists(maintenance) else ""
        database.check_unused(maintenance)
        with server.scratch(maintenance, of=name) as new:
            log.step("load the backup", into=new)
            server.load(backup, new)
            with server.session(new) as restored:
                restoration.check_promise(backup, tables.differences(restored, described))
            database.check_unused(maintenance)
            log.step("put it in its place", kept=kept)
            exchange(maintenance, name, new, kept)
    log.step("restored")
    lost, unread = None, ""
    if kept:
        try:
            with server.session(kept) as damaged, server.session(name) as restored:
                lost = tables.compared((kept, damaged), (name, restored), progress)
        except LiveError as error:
            unread = str(error)
    return Restoration(
        database.address.shown, backup, described, when, kept, lost, unread, (), (*notes, _NOTE)
    )
