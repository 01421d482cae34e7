"""Putting a backup in the place of an SQLite database that is damaged or gone."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from dbguard import durable
from dbguard.live import backup as backups
from dbguard.live import handles, identity, manifest, restoration
from dbguard.live.address import Address
from dbguard.live.comparison import Comparison
from dbguard.live.failures import LiveError, LossError, RefusedError, UnfinishedError, in_words
from dbguard.live.identity import stamp
from dbguard.live.journal import Journal
from dbguard.live.manifest import Manifest
from dbguard.live.progress import Progress
from dbguard.live.restoration import Restoration
from dbguard.live.sqlite import comparing, copying, inspecting, structure
from dbguard.live.sqlite.connection import (
    existing,
    opened_backup,
    side_files,
    uri,
)


def restore(
    backup: Path, address: Address, log: Journal, progress: Progress, *, unused: bool = False
) -> Restoration:
    """Put a backup in the place of a database. Raises RefusedError, UnfinishedError, LossError.

    *unused* is the user's word that nobody has the database open, where the system does not
    tell. What is there is copied aside first, with its log; only then the new file takes the
    name, in one step. The old log goes before that: SQLite would play it into the new file
    (https://www.sqlite.org/howtocorrupt.html, 1.4), so it is first worked into the old one,
    where that is possible at all.
    """
    source = existing(str(backup))
    path = Path(address.path).resolve()
    if path.exists() and source.samefile(path):
        raise RefusedError("the backup and the database are the same file")
    if not path.parent.is_dir():
        raise RefusedError(f"the folder {path.parent} does not exist")
    described = manifest.read(source)
    log.step("check the backup", file=str(source))
    notes = _checked_backup(source, described)
    seen = _check_unopened(path, unused=unused)
    other_names = path.stat().st_nlink - 1 if path.exists() else 0
    backups.clear_partials(path.parent, log)
    when = identity.now()
    new = durable.partial(path)
    try:
        log.step("copy the backup", to=str(new))
        _copy(source, new)
        _made_ready(new, path)
        restoration.check_promise(source, _reasons(new, described))
        log.step("keep the damaged database")
        kept = _keep_aside(path, stamp(when))
        try:
            # Only now: to open it would have SQLite work its log into it.
            _check_unlocked(path)
            seen = _check_unopened(path, unused=unused)
        except RefusedError:
            for file in (Path(kept), *side_files(Path(kept))) if kept else ():
                file.unlink(missing_ok=True)
            raise
        log.step("put the backup in its place", kept=kept)
        _swap(new, path)
    except OSError as error:
        raise UnfinishedError(in_words(error)) from error
    finally:
        for file in (new, *side_files(new)):
            with suppress(OSError):
                # dbguard: ignore-next-line[delete-database-file] a copy that did not take its place
                file.unlink()
    log.step("verify")
    reasons = _reasons(path, described)
    if described is not None and dict(described.settings).get("journal_mode") == "wal":
        _write_ahead(path)
    lost, unread = _lost(Path(kept), path, progress) if kept else (None, "")
    log.step("restored" if not reasons else "not verified", kept=kept)
    return Restoration(
        address.shown,
        source,
        described,
        when,
        kept,
        lost,
        unread,
        tuple(reasons),
        (*notes, *seen, *_hard_links(other_names)),
    )


def _hard_links(others: int) -> Iterator[str]:
    if others > 0:
        yield (
            f"The damaged file has {others} more hard link{'s' * (others > 1)}: what opens it by "
            "another name still gets the damaged database."
        )


def _checked_backup(source: Path, described: Manifest | None) -> tuple[str, ...]:
    """Return what is to be said of a backup that can be used. Raises LossError."""
    notes = restoration.checked(source, described)
    wrong = inspecting.sound(source)
    if wrong:
        raise LossError(f"the backup {source} is damaged: {wrong[0]}")
    return notes


def _check_unopened(path: Path, *, unused: bool) -> tuple[str, ...]:
    """Raise RefusedError where another process has the database open, or may have.

    Return what is to be said where that is not known for certain.
    """
    found = handles.openers((path, *side_files(path)))
    if found is None:
        if unused or not path.exists():
            return ()
        raise RefusedError(
            f"{sys.platform} does not tell which processes have {path} open: stop them all, "
            "and say so with --unused"
        )
    if found.found:
        raise RefusedError(
            f"{path} is open in {', '.join(handle.shown for handle in found.found)}: stop it first"
        )
    if not found.unseen:
        return ()
    unseen = f"could not look into {found.unseen} processes of other users, who may open {path}"
    if unused:
        return (f"{unseen}; that none of them has it open was told by --unused",)
    if _writes_ahead(path):
        return (f"{unseen}; none of them holds a lock, as all do that use a write-ahead log",)
    if found.strangers:
        raise RefusedError(
            f"{unseen}: restore as root, or stop all that use it and say so with --unused"
        )
    return (f"{unseen}, as root may every file: if a service of root uses it, restart that",)


def _writes_ahead(path: Path) -> bool:
    """Say whether a database has a write-ahead log (https://www.sqlite.org/fileformat.html, 1.3.3).

    Read before SQLite opens it here: closing the file takes the locks of this process away.
    """
    try:
        with path.open("rb") as stream:
            return stream.read(20)[18:] == b"\x02\x02"
    except OSError:
        return False


def _check_unlocked(path: Path) -> None:
    """Raise RefusedError where another process, of whatever user, holds a lock."""
    if path.exists() and _is_locked(path):
        raise RefusedError(f"{path} is locked by another process: stop it first")


def _is_locked(path: Path) -> bool:
    """Say whether somebody holds a lock: with a write-ahead log, every open connection does."""
    try:
        connection = sqlite3.connect(uri(path, "rw"), uri=True, isolation_level=None, timeout=0)
    except sqlite3.Error:
        return False
    try:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute("ROLLBACK")
    except sqlite3.OperationalError as error:
        return "locked" in str(error)
    except sqlite3.DatabaseError:  # too damaged to be opened
        return False
    finally:
        with suppress(sqlite3.Error):
            connection.close()
    return False


def _copy(source: Path, new: Path) -> None:
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    os.close(descriptor)
    log, _, journal = side_files(source)
    if log.exists() or journal.exists():
        # Part of the backup's content is in its log.
        with opened_backup(source) as connection:
            copying.copy_out(connection, new, Progress(shown=False))
    else:
        shutil.copyfile(source, new)
        copying.standalone(new)


def _made_ready(new: Path, old: Path) -> None:
    """Give the new file what the old one has of rights, and have it on the disk."""
    wrong = inspecting.sound(new)
    if wrong:
        raise LossError(f"the copy of the backup is damaged: {wrong[0]}")
    if old.exists():
        status = old.stat()
        with suppress(OSError):
            if hasattr(os, "chown"):
                os.chown(new, status.st_uid, status.st_gid)
        os.chmod(new, status.st_mode & 0o7777)
    durable.sync(new)


def _keep_aside(path: Path, time: str) -> str:
    """Copy the damaged database and its log aside, and return its new name, '' for none.

    A copy, and no rename: until the new one takes the name, the old one keeps it.
    """
    present = [file for file in (path, *side_files(path)) if file.exists()]
    present = [file for file in present if not file.name.endswith("-shm")]  # rebuilt by SQLite
    if not present:
        return ""
    kept = _free(path, time)
    for file in present:
        copy = kept.with_name(kept.name + file.name[len(path.name) :])
        temporary = durable.partial(copy)
        shutil.copy2(file, temporary)
        durable.sync(temporary)
        durable.publish(temporary, copy)
    return str(kept)


def _free(path: Path, time: str) -> Path:
    number = 1
    kept = path.with_name(f"{path.name}.damaged_{time}")
    while any(file.exists() for file in (kept, *side_files(kept))):
        number += 1
        kept = path.with_name(f"{path.name}.damaged_{time}_{number}")
    return kept


def _swap(new: Path, path: Path) -> None:
    if any(file.exists() for file in side_files(path)):
        with suppress(sqlite3.Error):
            connection = sqlite3.connect(path, isolation_level=None, timeout=0)
            try:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
                connection.execute("PRAGMA journal_mode = DELETE").fetchall()
            finally:
                connection.close()
    for file in side_files(path):
        with suppress(FileNotFoundError):
            file.unlink()
    durable.sync_folder(path.parent)
    # dbguard: ignore-next-line[overwrite-database-file] the damaged one is kept aside by now
    os.replace(new, path)
    durable.sync_folder(path.parent)


def _reasons(path: Path, described: Manifest | None) -> list[str]:
    """Return in what the restored database differs from its manifest."""
    with opened_backup(path) as connection:
        reasons = inspecting.problems(connection, quick=True)
        if described is None or reasons:
            return reasons
        schema = structure.read(connection)
        counts = {each.name: each.rows for each in copying.counted(connection, schema)}
    if schema.hash != described.schema_hash:
        reasons.append("the schema is not that of the manifest")
    for table in described.tables:
        rows = counts.get(table.name)
        if rows != table.rows:
            reasons.append(f"{table.name} has {rows} rows, the manifest says {table.rows}")
    return reasons


def _write_ahead(path: Path) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        with suppress(sqlite3.OperationalError):
            connection.execute("PRAGMA journal_mode = WAL")
    finally:
        connection.close()


def _lost(kept: Path, path: Path, progress: Progress) -> tuple[Comparison | None, str]:
    """Compare the damaged database with the restored one, as far as it can be read."""
    try:
        found = comparing.verify(path, kept, progress, renames={}, accepted=frozenset(),
            names=(str(kept), str(path)))  # fmt: skip
    except LiveError as error:
        return None, str(error)
    return found, ""
