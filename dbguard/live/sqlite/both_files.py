"""One reading of two files: which pages of the older one differ, and what its hashes are."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

from dbguard.live import identity
from dbguard.records import dataclass

_FEW = 10_000


class Bits:
    """A set of small numbers, of one bit each: that of a terabyte's pages takes 32 MB.

    While they are few, they are in a set as well, which is asked faster.
    """

    def __init__(self, count: int) -> None:
        self._bytes = bytearray(count // 8 + 1)
        self._few: set[int] | None = set()

    def add(self, number: int) -> None:
        self._bytes[number >> 3] |= 1 << (number & 7)
        if self._few is not None:
            self._few.add(number)
            if len(self._few) > _FEW:
                self._few = None

    def discard(self, numbers: Iterable[int]) -> None:
        for number in self.among(numbers):
            self._bytes[number >> 3] &= ~(1 << (number & 7))
            if self._few is not None:
                self._few.discard(number)

    def among(self, numbers: Iterable[int]) -> list[int]:
        """Return which of some numbers are in the set, in any order."""
        if self._few is not None:
            return list(self._few.intersection(numbers))
        content, most = self._bytes, len(self._bytes) * 8
        return [n for n in numbers if n < most and content[n >> 3] >> (n & 7) & 1]

    def __bool__(self) -> bool:
        if self._few is not None:
            return bool(self._few)
        return self._bytes.count(0) < len(self._bytes)

    def copy(self) -> Bits:
        other = Bits(0)
        other._bytes = self._bytes[:]
        other._few = self._few if self._few is None else self._few.copy()
        return other


@dataclass(frozen=True, slots=True)
class Reading:
    """``changed`` are the numbers, from 1 on, of the old pages that are not the same now."""

    changed: Bits
    segments: tuple[str, ...]


def read(
    old: int, new: int, page: int, segment: int, advance: Callable[[int, int], None]
) -> Reading:
    """Read two files, given by descriptors, once and in several threads.

    *page* is the size of a page. *segment* is of how many bytes the SHA-256 of the old file
    are wanted, 0 for none. *advance* is told how many of how many bytes are read.
    """
    size = os.fstat(old).st_size
    length = segment or identity.SEGMENT
    changed, digests, done = Bits(size // page + 1), [], 0
    with ThreadPoolExecutor(max_workers=identity.processors()) as pool:
        parts = [
            pool.submit(_part, old, new, page, start, min(start + length, size), bool(segment))
            for start in range(0, size, length)
        ]
        for part in parts:
            pages, digest = part.result()
            for number in pages:
                changed.add(number)
            digests.append(digest)
            done = min(done + length, size)
            advance(done, size)
    return Reading(changed, tuple(digests) if segment else ())


def _part(
    old: int, new: int, page: int, start: int, end: int, is_hashed: bool
) -> tuple[list[int], str]:
    """Compare one part, and hash it. Both functions of C let other threads work meanwhile."""
    digest = hashlib.sha256()
    changed: list[int] = []
    # Read into the same memory again and again: new blocks would be cleared by the system first.
    one, other = bytearray(identity.BLOCK), bytearray(identity.BLOCK)
    view, place = memoryview(one), start
    while place < end:
        length = _filled(old, view[: end - place], place)
        if not length:
            break  # it was cut just now: the hash, or SQLite, tells
        matching = _filled(new, memoryview(other), place)
        if is_hashed:
            digest.update(view[:length])
        if length != identity.BLOCK or matching < length or one != other:
            changed += (
                (place + at) // page + 1
                for at in range(0, length, page)
                if at + page > matching or one[at : at + page] != other[at : at + page]
            )
        place += length
    return changed, digest.hexdigest()


def _filled(file: int, into: memoryview, place: int) -> int:
    """Read until the memory is full or the file ends; return how many bytes that were."""
    length = 0
    while length < len(into) and (read := _read_at(file, into[length:], place + length)):
        length += read
    return length


if hasattr(os, "preadv"):

    def _read_at(file: int, into: memoryview, place: int) -> int:
        return os.preadv(file, [into], place)

else:  # Windows: a file has one position, which the threads share
    _position = Lock()

    def _read_at(file: int, into: memoryview, place: int) -> int:
        with _position:
            os.lseek(file, place, os.SEEK_SET)
            content = os.read(file, len(into))
        into[: len(content)] = content
        return len(content)
