"""Migrating an SQLite database that others may be using.

The script never runs on the database itself. It runs on a copy; what it made of the copy
is compared with the backup, and then becomes the content of the database in one
transaction, if nobody has written since the backup. If somebody has, everything is done
again with writers kept out. So a script may commit as often as it likes, turn foreign keys
off, VACUUM, or be killed: the database is the old one or the new one.
"""

from __future__ import annotations

import os
import secrets
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import time

from dbguard.live import backup as backups
from dbguard.live import identity, journal, manifest
from dbguard.live.address import Address
from dbguard.live.backup import Backup, Content
from dbguard.live.comparison import Comparison
from dbguard.live.failures import UnfinishedError
from dbguard.live.journal import Journal
from dbguard.live.migration import Migration, Outcome, Request
from dbguard.live.progress import Progress
from dbguard.live.script import Script, ScriptError, changed_nothing, run_python
from dbguard.live.sqlite import comparing, copying, inspecting, replacing, structure
from dbguard.live.sqlite.connection import existing, opened, opened_backup
from dbguard.live.sqlite.copying import Snapshot
from dbguard.live.sqlite.replacing import ChangedError
from dbguard.records import dataclass, replace

_ATTEMPTS = 5
_STALE = 3600  # seconds
_REHEARSAL = "rehearsal-"


def migrate(address: Address, request: Request, log: Journal, progress: Progress) -> Migration:
    """Take every step of the protocol. Raises RefusedError, UnfinishedError, LossError."""
    path = existing(address.path)
    log.step("inspect")
    inspection = inspecting.inspect(address.path, progress, quick=request.quick)
    begun = Migration(
        address.shown, str(request.script.path), Outcome.REFUSED, inspection=inspection
    )
    if inspection.integrity:
        reasons = (f"{address.shown} is damaged before any change:", *inspection.integrity)
        log.step("refused", reason=reasons[1])
        return replace(begun, reasons=reasons)
    with _watched(path) as snapshot, opened(path, writing=True) as target:
        work = _Work(address, path, request, log, progress, snapshot)
        return work.migrated(target, begun)


@contextmanager
def _watched(path: Path) -> Iterator[Snapshot]:
    """Open a database to be told of changes of others."""
    header = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        with opened(path, writing=True) as connection, opened(path, writing=True) as lock:
            yield Snapshot(connection, lock, header)
    finally:
        # After SQLite let go of the file: closing it takes the locks of this process away.
        os.close(header)


@dataclass(frozen=True, slots=True)
class _Rehearsed:
    comparison: Comparison
    schema_hash: str
    is_unchanged: bool
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Work:
    """One migration under way."""

    address: Address
    path: Path
    request: Request
    log: Journal
    progress: Progress
    snapshot: Snapshot

    def migrated(self, target: sqlite3.Connection, begun: Migration) -> Migration:
        """Try until nobody writes in between; from the second time on, nobody can."""
        taken: Backup | None = None
        for attempt in range(_ATTEMPTS):
            # A Python script may go to the database by a name of its own: it meets a lock.
            holding = attempt > 0 or self.request.script.is_python
            self.log.step("begin", attempt=attempt + 1, writers="kept out" if holding else "on")
            self.snapshot.begin(holding=holding)
            try:
                taken = self._backed_up(taken)
                if not holding:
                    self.snapshot.end()
                with _rehearsal_folder(self.log.folder) as folder:
                    copy = folder / self.path.name
                    done = replace(begun, backup=taken)
                    try:
                        rehearsed = self._rehearsed(copy, taken)
                    except ScriptError as error:
                        return self._refused(done, (f"the script failed: {error}",))
                    done = replace(done, comparison=rehearsed.comparison)
                    if rehearsed.reasons:
                        return self._refused(done, rehearsed.reasons)
                    if rehearsed.is_unchanged:
                        done = replace(done, notes=("the script changes nothing",))
                    if self.request.dry_run:
                        self.log.step("rehearsed")
                        return replace(done, outcome=Outcome.REHEARSED)
                    with suppress(ChangedError):
                        return self._applied(target, copy, done, rehearsed.schema_hash)
            finally:
                self.snapshot.end()
        raise UnfinishedError(
            f"others wrote into {self.address.shown} at every attempt: nothing was applied. "
            "Stop them for the time of the migration"
        )

    def _refused(self, migration: Migration, reasons: tuple[str, ...]) -> Migration:
        self.log.step("refused", reason="; ".join(reasons))
        return replace(migration, outcome=Outcome.REFUSED, reasons=reasons)

    def _backed_up(self, earlier: Backup | None) -> Backup:
        """Back up the state that the snapshot holds; the one of an attempt in vain goes."""
        self.log.step("back up")
        made = identity.now()
        path = backups.default_path(self.address, self.request.to, "", made)
        backups.check_free(path)
        backups.clear_partials(path.parent, self.log)
        with backups.unfinished(path) as temporary:
            content = written(
                self.snapshot.connection, self.snapshot.journal_mode, temporary, self.progress
            )
            taken = backups.publish(self.address, temporary, path, content, made, self.log)
        if earlier is not None:
            self.log.step("remove the backup of the attempt before", file=str(earlier.path))
            earlier.path.unlink()
            manifest.path_of(earlier.path).unlink()
        return taken

    def _rehearsed(self, copy: Path, taken: Backup) -> _Rehearsed:
        """Run the script on a copy, and compare. Raises ScriptError."""
        self.log.step("rehearse", copy=str(copy))
        shutil.copyfile(taken.path, copy)
        orphans = _orphans(copy)
        run(self.request.script, copy)
        copying.standalone(copy)
        reasons = [
            f"a foreign key is broken: {found}" for found in _orphans(copy) if found not in orphans
        ]
        with opened_backup(copy) as connection:
            reasons += inspecting.problems(connection, quick=True)
            schema = structure.read(connection)
        self.log.step("compare")
        comparison = comparing.verify(
            copy,
            taken.path,
            self.progress,
            renames=self.request.renames or {},
            accepted=self.request.accepted,
            names=(str(taken.path), f"{self.address.shown} after {self.request.script.path}"),
            at_rest=True,
        )
        is_unchanged = identity.sha256(copy) == taken.manifest.sha256
        if is_unchanged and self.request.script.is_python:
            reasons.append(changed_nothing(self.request.script))
        reasons += [*comparison.losses, *(f"not compared: {p}" for p in comparison.problems)]
        return _Rehearsed(comparison, schema.hash, is_unchanged, tuple(reasons))

    def _applied(
        self, target: sqlite3.Connection, copy: Path, done: Migration, schema_hash: str
    ) -> Migration:
        """Put the copy into the database, and look at it again. Raises ChangedError."""
        self.log.step("apply")
        version = _data_version(target)
        replacing.replace_content(target, copy, self.snapshot, self.progress)
        self.log.step("verify")
        target.execute("BEGIN")
        try:
            found = self._verified(target, done, schema_hash)
            is_ours = _data_version(target) == version
        finally:
            target.execute("ROLLBACK")
        if not found.reasons:
            self.log.step("applied")
            return replace(found, outcome=Outcome.APPLIED)
        if is_ours and found.backup is not None:
            self.log.step("put the backup back", file=str(found.backup.path))
            self.snapshot.begin(holding=False)
            self.snapshot.end()
            try:
                # The state to be replaced is the one that was just found to be wrong.
                if _data_version(target) == version:
                    replacing.replace_content(
                        target, found.backup.path, self.snapshot, self.progress
                    )
                    self.log.step("restored")
                    return replace(found, outcome=Outcome.RESTORED)
            except ChangedError:
                pass
        self.log.step("damaged", reason="; ".join(found.reasons))
        return replace(found, outcome=Outcome.DAMAGED)

    def _verified(self, target: sqlite3.Connection, done: Migration, schema_hash: str) -> Migration:
        """Compare what is in the database now, in one state of it, with the backup."""
        assert done.backup is not None
        reasons = inspecting.problems(target, quick=True)
        if structure.read(target).hash != schema_hash:
            reasons.append("the schema is not that of the rehearsal")
        comparison = comparing.compare_with(
            target,
            done.backup.path,
            self.progress,
            renames=self.request.renames or {},
            accepted=self.request.accepted,
            names=(str(done.backup.path), self.address.shown),
        )
        reasons += [*comparison.losses, *comparison.problems]
        return replace(done, comparison=comparison, reasons=tuple(reasons))


def written(source: sqlite3.Connection, mode: str, target: Path, progress: Progress) -> Content:
    """Write the state that *source* reads into a new file, and check it. Raises LossError."""
    copying.copy_out(source, target, progress)
    checked = copying.check(target, progress)
    return Content(
        checked.size,
        checked.sha256,
        checked.schema.hash,
        checked.tables,
        (("sqlite", sqlite3.sqlite_version),),
        (("journal_mode", mode),),
        checked.segments,
    )


def run(script: Script, copy: Path) -> None:
    """Run a script on a copy. Raises ScriptError."""
    if script.is_python:
        absolute = str(copy.resolve())
        run_python(script, absolute, {"DATABASE_URL": f"sqlite:///{absolute}"})
        return
    connection = sqlite3.connect(copy, isolation_level=None)
    try:
        connection.execute("PRAGMA synchronous = OFF")
        connection.set_authorizer(_own_database_only)
        connection.executescript(script.text)
        if connection.in_transaction:
            raise ScriptError("it ends inside of a transaction: a COMMIT is missing")
    except sqlite3.Error as error:
        raise ScriptError(str(error)) from error
    except ValueError as error:  # a NUL in the text
        raise ScriptError(str(error)) from error
    finally:
        connection.close()


def _own_database_only(action: int, first: str | None, *_: str | None) -> int:
    """Keep a script from opening other files: the rehearsal would change them.

    https://www.sqlite.org/c3ref/set_authorizer.html. VACUUM attaches '' for its own use. A name
    that is computed (``ATTACH 'a' || '.db'``) is None here: it may be any.
    """
    attaches = action == sqlite3.SQLITE_ATTACH and first not in ("", ":memory:")
    return sqlite3.SQLITE_DENY if attaches else sqlite3.SQLITE_OK


def _orphans(path: Path) -> list[str]:
    with opened_backup(path) as connection:
        try:
            return inspecting.orphans(connection)
        except sqlite3.DatabaseError as error:  # a parent that has no such key
            return [str(error)]


def _data_version(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA data_version").fetchone()
    return int(version)


@contextmanager
def _rehearsal_folder(parent: Path) -> Iterator[Path]:
    """Make a folder for one rehearsal, and clear those that a killed run left."""
    try:
        journal.prepare(parent)
        _sweep(parent)
        folder = parent / f"{_REHEARSAL}{os.getpid()}-{secrets.token_hex(4)}"
        folder.mkdir(mode=0o700)
    except OSError as error:
        raise UnfinishedError(f"{parent} cannot be written: {error.strerror}") from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sweep(parent: Path) -> None:
    for folder in parent.glob(f"{_REHEARSAL}*"):
        with suppress(OSError):
            if time() - folder.stat().st_mtime > _STALE:
                shutil.rmtree(folder)
