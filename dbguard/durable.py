"""Files that are there whole or not at all, also after a power cut: the one place that writes so."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from dbguard.patterns import regex

_STALE = 3600  # seconds
_PARTIAL = regex(
    r"\..+\.(\d{1,9})-[0-9a-f]{8}(?P<held>\.held)?\.partial(?:-wal|-shm|-journal)?", 16
)
"""What :func:`partial` makes, and what SQLite puts beside it (re.DOTALL)."""
_HELD = ".held.partial"
"""How the names of those end that are locked while somebody writes them."""
_cleared: set[Path] = set()
"""Folders that this process has looked through for what killed ones left."""
_SHOWN = 40
"""Characters of a name that stand in a temporary one: together they may not be too long."""


@contextmanager
def whole(
    path: Path,
    *,
    is_new: bool = False,
    mode: int | None = None,
    like: os.stat_result | None = None,
    synced: bool = True,
) -> Iterator[BinaryIO]:
    """Write a file under a temporary name beside it, which it loses at the end of the block.

    Where the block fails, what bears the name *path* stays as it was. Else it is replaced in
    one step; a link in its place is, too, and never followed. *is_new*: nothing may have the
    name, or FileExistsError is raised.

    The file gets the *mode*, that of any new file by default, or mode and, where the system
    lets us, owner of the file *like*. *synced*: it is on the disk before it has its name, and
    the name is when the block is left; without, a power cut may leave an empty file. What
    runs that were killed left in the folder is removed. Raises OSError.
    """
    if path.parent not in _cleared:
        _cleared.add(path.parent)
        _clear_held(path.parent)
    # What is to be read by few is at no time read by others.
    temporary, descriptor = _held(path, 0o666 if mode is None and like is None else 0o600)
    # The lock lasts until the file has its name. Windows renames nothing that is open.
    keeping = os.dup(descriptor) if os.name == "posix" else None
    try:
        with open(descriptor, "wb") as stream:
            yield stream
            stream.flush()
            if synced:
                os.fsync(stream.fileno())
        if like is not None:
            _give(temporary, like)
        elif mode is not None:
            temporary.chmod(mode)
        if is_new:
            publish(temporary, path, synced=synced)
        else:
            os.replace(temporary, path)
            if synced:
                sync_folder(path.parent)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    finally:
        if keeping is not None:
            os.close(keeping)


def _held(path: Path, mode: int) -> tuple[Path, int]:
    """Make a temporary file, and hold a lock of it that ends with this process."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    while True:
        temporary = partial(path)
        temporary = temporary.with_name(temporary.name.removesuffix(".partial") + _HELD)
        descriptor = os.open(temporary, flags, mode)
        # Who clears up may have come between the two: then it is gone, and another is made.
        if not _lock(descriptor) or os.fstat(descriptor).st_nlink:
            return temporary, descriptor
        os.close(descriptor)


def _lock(descriptor: int) -> bool:
    """Lock an open file (flock(2)), and say whether nobody else had; False where it has none."""
    try:
        import fcntl
    except ImportError:  # Windows
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # held by somebody, or a file system without locks
        return False
    return True


def _clear_held(folder: Path) -> None:
    """Remove what no process holds any more, on whatever machine that was."""
    with suppress(OSError):
        for path in sorted(folder.glob(f".*{_HELD}")):
            with suppress(OSError):
                found = _PARTIAL.fullmatch(path.name)
                if found is None or is_running(int(found[1])):
                    continue
                descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
                try:
                    if stat.S_ISREG(os.fstat(descriptor).st_mode) and _lock(descriptor):
                        path.unlink()
                finally:
                    os.close(descriptor)


def _give(temporary: Path, like: os.stat_result) -> None:
    now = temporary.stat()
    if hasattr(os, "chown") and (like.st_uid, like.st_gid) != (now.st_uid, now.st_gid):
        with suppress(PermissionError):
            os.chown(temporary, like.st_uid, like.st_gid)
    # After the owner, whose change takes bits away (chown(2)).
    temporary.chmod(stat.S_IMODE(like.st_mode))


def publish(temporary: Path, final: Path, *, synced: bool = True) -> None:
    """Give a whole file its name. Raises FileExistsError where the name is taken.

    A hard link fails on an existing name where rename(2) would replace it.
    """
    try:
        os.link(temporary, final)
    except FileExistsError:
        raise
    except OSError:  # a file system with no hard links
        if os.path.lexists(final):
            raise FileExistsError(17, "it exists by now", str(final)) from None
        temporary.rename(final)
    else:
        temporary.unlink()
    if synced:
        sync_folder(final.parent)


def sync(path: Path) -> None:
    """Have the content of a file on the disk (fsync(2)). Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY if os.name == "posix" else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk, where the system can do that."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # some network file systems do not know it
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def partial(path: Path) -> Path:
    """Return a new name beside *path* for what is not whole yet."""
    return path.with_name(f".{path.name[:_SHOWN]}.{os.getpid()}-{os.urandom(4).hex()}.partial")


def clear_partials(folder: Path) -> tuple[Path, ...]:
    """Remove what killed runs left of files that never became whole; return their names.

    What :func:`whole` writes tells by a lock that it is being written; backups do not.

    A process of that number must be gone, and for an hour nobody have written: what another
    machine, or a container with numbers of its own, is writing here is left alone.
    """
    removed = []
    with suppress(OSError):
        for path in sorted(folder.glob(".*.partial*")):
            with suppress(OSError):
                found = _PARTIAL.fullmatch(path.name)
                if (
                    found is not None
                    and stat.S_ISREG(path.lstat().st_mode)
                    and time.time() - path.lstat().st_mtime > _STALE
                    and not is_running(int(found[1]))
                ):
                    path.unlink()
                    removed.append(path)
    return tuple(removed)


def is_running(process: int) -> bool:
    """Say whether there is a process of this number; where the system does not tell, yes."""
    if os.name != "posix":
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True
