"""Backups: named by the time, whole or not there, checked, with a manifest, never overwritten."""

from __future__ import annotations

import contextlib
import platform
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from dbguard import __version__, durable
from dbguard.live import identity, manifest
from dbguard.live.address import SQLITE, Address
from dbguard.live.failures import LossError, RefusedError, UnfinishedError
from dbguard.live.journal import Journal
from dbguard.live.manifest import Manifest, TableCount
from dbguard.records import dataclass

MARK = ".bak_"


@dataclass(frozen=True, slots=True)
class Content:
    """What an engine says of the file it wrote, which is on the disk and was read back."""

    size: int
    sha256: str
    schema_hash: str
    tables: tuple[TableCount, ...]
    tools: tuple[tuple[str, str], ...]
    settings: tuple[tuple[str, str], ...] = ()
    segments: tuple[str, ...] = ()
    """The SHA-256 of each :data:`dbguard.live.identity.SEGMENT` of a large file."""


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that is there, and what it holds; ``removed`` are older ones that had to go."""

    path: Path
    manifest: Manifest
    removed: tuple[Path, ...] = ()


def default_path(address: Address, folder: Path | None, suffix: str, time: datetime) -> Path:
    """Return a name that is free: beside an SQLite database, else in the current folder."""
    if folder is None:
        folder = Path(address.path).resolve().parent if address.engine == SQLITE else Path.cwd()
    stem = f"{address.name}{MARK}{identity.stamp(time)}"
    path, number = folder / (stem + suffix), 1
    while path.exists() or manifest.path_of(path).exists():
        number += 1
        path = folder / f"{stem}_{number}{suffix}"
    return path


def check_free(path: Path) -> None:
    """Raise RefusedError where a backup would overwrite something or has no folder to go to."""
    for taken in (path, manifest.path_of(path)):
        if taken.exists() or taken.is_symlink():
            raise RefusedError(f"{taken} is there: a backup never overwrites anything")
    if not path.parent.is_dir():
        raise RefusedError(f"the folder {path.parent} does not exist")


def clear_partials(folder: Path, log: Journal) -> None:
    """Remove what runs that were killed left in a folder, and say so in the log."""
    for path in durable.clear_partials(folder):
        log.step("removed what a killed run left", file=str(path))


@contextlib.contextmanager
def unfinished(path: Path) -> Iterator[Path]:
    """Give the temporary name that a backup is written under, and clean up after a failure."""
    temporary = durable.partial(path)
    try:
        # The copy of a database is nobody's business but its owner's.
        temporary.touch(mode=0o600, exist_ok=False)
        yield temporary
    except OSError as error:
        raise UnfinishedError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def publish(
    address: Address, temporary: Path, path: Path, content: Content, time: datetime, log: Journal
) -> Backup:
    """Give a checked backup its name, its manifest first. Raises RefusedError, OSError.

    In this order whatever bears the name of a backup is whole and has a manifest.
    """
    tools = (("dbguard", __version__), ("python", platform.python_version()), *content.tools)
    written = Manifest(
        address.engine,
        address.shown,
        time,
        path.name,
        content.size,
        content.sha256,
        content.schema_hash,
        content.tables,
        tools,
        content.settings,
        identity.SEGMENT if content.segments else 0,
        content.segments,
    )
    described = manifest.path_of(path)
    log.step("write the manifest", file=str(described))
    try:
        with durable.whole(described, is_new=True, mode=0o600) as stream:
            stream.write(written.text().encode())
        log.step("name the backup", file=str(path))
        try:
            durable.publish(temporary, path)
        except OSError:
            described.unlink()
            raise
    except FileExistsError as error:
        raise RefusedError(f"{path} is there: a backup never overwrites anything") from error
    log.step("backup is there", file=str(path), sha256=content.sha256)
    return Backup(path, written)


def rotate(backup: Backup, keep: int, log: Journal) -> tuple[Path, ...]:
    """Remove backups of the same database but for the newest *keep*, and return their paths.

    One goes only when *keep* newer ones have been read again and are what their manifests
    say. What has no manifest was not made by dbguard, and stays.
    """
    older = []
    for path in backup.path.parent.iterdir():
        if path == backup.path or path.name.endswith(manifest.SUFFIX):
            continue
        found = _manifest_of(path)
        if (
            found is not None
            and (found.engine, found.database) == _subject(backup)
            and found.file == path.name
            and (found.made, path.name) < (backup.manifest.made, backup.path.name)
        ):
            older.append((found.made, path, found))
    older.sort(key=lambda each: (each[0], each[1].name), reverse=True)
    if len(older) < keep:
        return ()
    log.step("read the newer backups again")
    manifest.check(backup.path, backup.manifest)
    verified, removed = 1, []
    for _, path, found in older:
        if verified >= keep:
            log.step("remove an older backup", file=str(path))
            path.unlink()
            manifest.path_of(path).unlink()
            removed.append(path)
            continue
        with contextlib.suppress(LossError, UnfinishedError):
            manifest.check(path, found)
            verified += 1
    durable.sync_folder(backup.path.parent)
    return tuple(removed)


def _subject(backup: Backup) -> tuple[str, str]:
    return backup.manifest.engine, backup.manifest.database


def _manifest_of(path: Path) -> Manifest | None:
    try:
        return manifest.read(path)
    except UnfinishedError:
        return None
