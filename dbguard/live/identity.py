"""What tells one backup from another: its time and its hash."""

from __future__ import annotations

import hashlib
import os
from datetime import datetime, timezone
from pathlib import Path

BLOCK = 64 * 1024
"""Bytes that are read at a time.

Memory of 128 KiB and more is mapped (mallopt(3), M_MMAP_THRESHOLD) and begins 16 bytes
behind a page; to copy the pages of a file to there takes x86 three times as long.
"""


SEGMENT = 32 * 1024 * 1024
"""Bytes of a large file that get a hash of their own: several processors can check those."""


def now() -> datetime:
    """Return the time, in UTC, to the second."""
    return datetime.now(timezone.utc).replace(microsecond=0)


def stamp(time: datetime) -> str:
    """Return a time as it stands in file names, sortable: ``20261124T101530Z`` (ISO 8601)."""
    return time.strftime("%Y%m%dT%H%M%SZ")


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


def digests(path: Path) -> tuple[str, tuple[str, ...]]:
    """Return the SHA-256 of a file, and of each :data:`SEGMENT` of it, () where one holds all.

    Raises OSError. See :func:`sha256` for what it is not for.
    """
    if path.stat().st_size <= SEGMENT:
        return sha256(path), ()
    whole, segments = hashlib.sha256(), []
    buffer = bytearray(BLOCK)
    view = memoryview(buffer)
    with path.open("rb", buffering=0) as stream:
        read = 1
        while read:
            segment, left = hashlib.sha256(), SEGMENT
            while left and (read := stream.readinto(view[: min(BLOCK, left)])):
                whole.update(view[:read])
                segment.update(view[:read])
                left -= read
            if left < SEGMENT:
                segments.append(segment.hexdigest())
    return whole.hexdigest(), tuple(segments)


def processors() -> int:
    """Return how many threads have work at once, of those that read files or wait for SQLite."""
    return min(4, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2)
