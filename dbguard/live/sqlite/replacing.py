"""Putting a new state into a live SQLite database, in one transaction."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from time import monotonic

from dbguard.live.failures import UnfinishedError
from dbguard.live.progress import Progress
from dbguard.live.sqlite.connection import PATIENCE, opened_backup
from dbguard.live.sqlite.copying import BUSY, Snapshot


class ChangedError(Exception):
    """Somebody wrote into the database since the state that the new one was made from."""


def replace_content(
    target: sqlite3.Connection, new: Path, since: Snapshot, progress: Progress
) -> None:
    """Make the content of a live database that of the file *new*, or nothing at all.

    SQLite's backup runs the other way round: it takes the write lock of *target* with the
    first page and commits with the last (https://www.sqlite.org/c3ref/backup_finish.html),
    so whoever reads sees the old state or the new one, and a crash leaves one of the two.
    Once the lock is held, *since* tells whether anybody committed in between; if so, the
    transaction is rolled back and ChangedError raised. Where *since* keeps writers out, it lets
    go at the last moment: those who wait look again many times a second, and each that comes
    first is an attempt in vain. Raises UnfinishedError where the lock cannot be had.
    """
    started = monotonic()
    is_checked = False

    def after_each_step(status: int, remaining: int, total: int) -> None:
        nonlocal is_checked
        if status in BUSY:
            if monotonic() - started > PATIENCE:
                raise UnfinishedError("the database is in use: it could not be locked")
            return
        if not is_checked:
            if not since.is_current():
                raise ChangedError
            is_checked = True
        progress.at(total - remaining, total, "pages")

    with opened_backup(new) as source:
        source.execute("BEGIN")
        source.execute("SELECT count(*) FROM sqlite_master").fetchone()
        since.end()
        # One page at a time: the first step must not be the last.
        source.backup(target, pages=1, progress=after_each_step, sleep=0.01)
