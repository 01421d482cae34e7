"""Opening SQLite databases without changing anything that was not asked for."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from dbguard.live.failures import RefusedError, UnfinishedError

PATIENCE = 30.0
"""Seconds to wait for a lock of another process."""

_MAGIC = b"SQLite format 3\0"
_SIDES = ("-wal", "-shm", "-journal")


def side_files(path: Path) -> tuple[Path, ...]:
    """Return the files that belong to a database, whether or not they are there.

    https://www.sqlite.org/tempfiles.html, sections 2.1 to 2.3.
    """
    return tuple(path.with_name(path.name + side) for side in _SIDES)


def existing(path: str) -> Path:
    """Return the file of a database, links followed: SQLite keeps the side files there.

    Raises RefusedError where it is none. Read before anything has it open: see
    :func:`dbguard.live.identity.sha256`.
    """
    file = Path(path).resolve()
    if not file.is_file():
        raise RefusedError(f"{path} does not exist" if not file.exists() else f"{path} is no file")
    try:
        with file.open("rb") as stream:
            start = stream.read(len(_MAGIC))
    except OSError as error:
        raise UnfinishedError(f"{path} cannot be read: {error.strerror}") from error
    if start != _MAGIC:
        # https://www.sqlite.org/fileformat.html, 1.3.1
        what = "is empty" if not start else "is no SQLite database (or it is encrypted)"
        raise RefusedError(f"{path} {what}")
    return file


@contextmanager
def opened(path: Path, *, writing: bool = False) -> Iterator[sqlite3.Connection]:
    """Open a database in autocommit mode; the caller says BEGIN.

    For reading, the connection refuses every change, though SQLite itself may recover what
    a crash left behind. Raises UnfinishedError where the file cannot be opened or read.
    """
    connection = _connected(path, "rw", "")
    try:
        if not writing:
            connection.execute("PRAGMA query_only = ON")
        yield connection
    except sqlite3.Error as error:
        raise UnfinishedError(in_words(path, error)) from error
    finally:
        with suppress(sqlite3.Error):
            connection.close()


def in_words(path: Path, error: sqlite3.Error) -> str:
    """Return what SQLite says of a file, and what it does not say: why it cannot be opened.

    https://www.sqlite.org/wal.html#readonly; for byte 18 of the file, fileformat.html, 1.3.3.
    """
    if "unable to open" not in str(error) or os.access(path.parent, os.W_OK):
        return f"{path}: {error}"
    with suppress(OSError), path.open("rb") as stream:
        if stream.read(19)[18:] == b"\2":
            return (
                f"{path}: it has a write-ahead log, and SQLite has to write into the folder even to "
                "read it; copy the file with its -wal to where that is possible"
            )
    return f"{path}: {error}"


@contextmanager
def opened_backup(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a file that nobody changes, and leave nothing beside it."""
    connection = _connected(path, "ro", quiet_options(path))
    try:
        yield connection
    except sqlite3.Error as error:
        raise UnfinishedError(f"{path}: {error}") from error
    finally:
        with suppress(sqlite3.Error):
            connection.close()


def quiet_options(path: Path) -> str:
    """Return the option that keeps SQLite from making files beside a backup.

    ``immutable`` (https://www.sqlite.org/uri.html) would ignore a log that belongs to it.
    """
    return "" if any(side.exists() for side in side_files(path)) else "&immutable=1"


def uri(path: Path, mode: str, options: str = "") -> str:
    """Return the URI of a file (https://www.sqlite.org/uri.html)."""
    # Names of files are bytes, and need be no UTF-8.
    return f"file:{quote(os.fsencode(path))}?mode={mode}{options}"


def _connected(path: Path, mode: str, options: str) -> sqlite3.Connection:
    try:
        connection = sqlite3.connect(
            uri(path, mode, options), uri=True, timeout=PATIENCE, isolation_level=None,
            check_same_thread=False,
        )  # fmt: skip
    except sqlite3.Error as error:
        raise UnfinishedError(f"{path} cannot be opened: {error}") from error
    connection.text_factory = _text
    return connection


def _text(data: bytes) -> str:
    # Text that is not UTF-8 is compared, not refused.
    return data.decode("utf-8", "surrogateescape")


def quoted(name: str) -> str:
    """Return a name as it stands in SQL (https://www.sqlite.org/lang_keywords.html)."""
    doubled = name.replace('"', '""')
    return f'"{doubled}"'
