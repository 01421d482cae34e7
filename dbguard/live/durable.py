"""Files that are there whole or not at all, also after a power cut."""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
import time
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path

from dbguard.patterns import regex

BLOCK = 1024 * 1024  # bytes

_STALE = 3600  # seconds
_PARTIAL = regex(r"\..+\.(\d{1,9})-[0-9a-f]{8}\.partial(?:-wal|-shm|-journal)?", 16)
"""What :func:`partial` makes, and what SQLite puts beside it (re.DOTALL)."""


def now() -> datetime:
    """Return the time, in UTC, to the second."""
    return datetime.now(timezone.utc).replace(microsecond=0)


def stamp(time: datetime) -> str:
    """Return a time as it stands in file names, sortable: ``20261124T101530Z`` (ISO 8601)."""
    return time.strftime("%Y%m%dT%H%M%SZ")


def partial(path: Path) -> Path:
    """Return a new name beside *path* for what is not whole yet."""
    return path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.partial")


def clear_partials(folder: Path) -> tuple[Path, ...]:
    """Remove what killed runs left of files that never became whole; return their names.

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


def publish(temporary: Path, final: Path) -> None:
    """Give a whole file its name. Raises FileExistsError where the name is taken.

    A hard link fails on an existing name where rename(2) would replace it.
    """
    try:
        os.link(temporary, final)
    except FileExistsError:
        raise
    except OSError:  # a file system with no hard links
        if final.exists():
            raise FileExistsError(final) from None
        temporary.rename(final)
    else:
        temporary.unlink()
    sync_folder(final.parent)


def write_text(path: Path, text: str, mode: int = 0o666) -> None:
    """Write a new file, whole. Raises FileExistsError where there is one, OSError."""
    temporary = partial(path)
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with open(
            descriptor, "w", encoding="utf-8", errors="backslashreplace", newline="\n"
        ) as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        publish(temporary, path)
    finally:
        with suppress(OSError):
            temporary.unlink()


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file (FIPS 180-4), in hexadecimal. Raises OSError.

    Not for a database that this process has open: closing a second descriptor of the file
    would drop SQLite's locks (https://www.sqlite.org/howtocorrupt.html, section 2.2).
    """
    digest = hashlib.sha256()
    buffer = bytearray(BLOCK)
    view = memoryview(buffer)
    with path.open("rb", buffering=0) as stream:
        while read := stream.readinto(buffer):
            digest.update(view[:read])
    return digest.hexdigest()
