"""Which rows are the same on the disk, page by page: then they need not be looked at.

Most changes leave most pages alone (ALTER TABLE ADD COLUMN rewrites no row), and bytes are
compared ten times faster than rows. The format: https://www.sqlite.org/fileformat.html.
Whenever anything is not plain, a table is not said to be the same, and is read row by row.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from struct import unpack_from

from dbguard.live.proof import Proof
from dbguard.live.sqlite.both_files import Bits, read
from dbguard.live.sqlite.connection import quoted, side_files

Range = tuple[int, int]
"""The first and the last of some rowids (https://www.sqlite.org/rowidtable.html)."""

LEAST, MOST = -(2**63), 2**63 - 1
"""The rowids there can be."""

_INTERIOR_INDEX, _INTERIOR_TABLE, _LEAF_TABLE = 2, 5, 13
_INTERIOR, _LEAF = 12, 8
"""Bytes of the header of a page."""
_DEEPEST = 20
"""Levels of a tree, as SQLite limits them (BTCURSOR_MAX_DEPTH): damage makes circles."""
_MOST_LEAVES = 5000
"""Where more changed, the rows on them are not looked at one by one."""
_MOST_RANGES = 2000
"""A table of which more ranges differ is read whole."""


@contextmanager
def file_of(path: Path) -> Iterator[int]:
    """Open a file for :func:`differing`: before SQLite opens it, and closed after.

    Closed earlier, it would take SQLite's locks along
    (https://www.sqlite.org/howtocorrupt.html, 2.2).
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def differing(
    connection: sqlite3.Connection,
    old: Path,
    new: Path,
    file: int,
    proof: Proof | None,
    advance: Callable[[int, int], None],
) -> dict[str, tuple[Range, ...]]:
    """Return tables of ``old`` with the rowids outside of which ``main`` has the same rows.

    All others may differ anywhere. *connection* reads both in a transaction, so that no page
    of either file changes; what is still in a log is not in the file, and then nothing is
    known. *file* is *new*, opened. The *proof* of the backup is settled by the same reading,
    or begun.
    """
    logs = [side for path in (old, new) for side in side_files(path) if not _is_shared(side)]
    size, other = (_page_size(connection, name) for name in ("old", "main"))
    if (
        any(log.exists() and log.stat().st_size for log in logs)
        or size != other
        or _encoding(connection, "old") != _encoding(connection, "main")
    ):
        if proof is not None:
            proof.begin()
        return {}
    with file_of(old) as before:
        reading = read(before, file, size, proof.segment if proof is not None else 0, advance)
        if proof is not None and proof.segment:
            proof.settle(reading.segments)
        elif proof is not None:
            proof.begin()
        return dict(_differing(connection, _Pages(before, size), reading.changed))


def _differing(
    connection: sqlite3.Connection, data: _Pages, changed: Bits
) -> Iterator[tuple[str, tuple[Range, ...]]]:
    roots = _roots(connection, "old")
    if changed and _unaccounted(data, roots.values(), changed):
        # A page of no tree: it may hold the rest of a long row, of whichever table.
        return
    new_roots = _roots(connection, "main")
    for name, root in roots.items():
        if new_roots.get(name) == root and _is_read_alike(connection, name):
            ranges = _ranges(data, root, changed) if changed else ()
            if ranges is not None:
                yield name, ranges


def _unaccounted(data: _Pages, roots: Iterable[int], changed: Bits) -> Bits:
    """Return the changed pages that are neither free nor in a tree, nor the rest of a row there.

    Only rows on changed leaves are looked at for the last.
    """
    unknown = changed.copy()
    unknown.discard(chain(_free_pages(data), _pointer_maps(data)))
    leaves: list[int] = []
    for pages in chain.from_iterable(_tree(data, root) for root in (1, *roots)):
        touched = changed.among(pages)
        if touched:
            unknown.discard(touched)
            if len(leaves) <= _MOST_LEAVES:
                leaves += touched
            if not unknown:
                return unknown
    if len(leaves) <= _MOST_LEAVES:
        unknown.discard(chain.from_iterable(_overflow(data, leaf) for leaf in leaves))
    return unknown


def _ranges(data: _Pages, root: int, changed: Bits) -> tuple[Range, ...] | None:
    """Return the rowids under pages that changed, None where they are no rowids, or too many.

    From the root down: where no page on the way to a leaf has changed, nor the leaf, the new
    tree leads to the same leaf with the same bounds.
    """
    if data.kind(root) not in (_INTERIOR_TABLE, _LEAF_TABLE):
        return None if any(changed.among(pages) for pages in _tree(data, root)) else ()
    if changed.among((root,)):
        return ((LEAST, MOST),)
    found: list[Range] = []
    waiting = [(root, LEAST, MOST, False)] if data.kind(root) == _INTERIOR_TABLE else []
    for _ in range(data.count):
        if not waiting:
            return tuple(found)
        page, first, last, has_changed = waiting.pop()
        if has_changed:
            found.append((first, last))
            continue
        children = _children(data, page)
        # All leaves are equally deep: the first child tells what all are.
        is_deeper = data.kind(children[0]) == _INTERIOR_TABLE
        touched = set(changed.among(children))
        if touched or is_deeper:
            below = []
            for child, bound in zip(children, (*_bounds(data, page), last), strict=True):
                if not first - 1 <= bound <= last:
                    return None
                if is_deeper or child in touched:
                    below.append((child, first, bound, child in touched))
                first = bound + 1
            waiting += reversed(below)
        if len(found) > _MOST_RANGES:
            return None
    return None if waiting else tuple(found)


class _Pages:
    """The pages of a file, by their numbers from 1 on; read, not mapped, to keep memory flat."""

    def __init__(self, file: int, size: int) -> None:
        self._file = file
        self.size = size
        self.count = os.fstat(file).st_size // size

    def __getitem__(self, page: int) -> bytes:
        if not 1 <= page <= self.count:
            return bytes(self.size)
        os.lseek(self._file, (page - 1) * self.size, os.SEEK_SET)
        return os.read(self._file, self.size).ljust(self.size, b"\0")

    def kind(self, page: int) -> int:
        """Return what a page of a b-tree is (1.6. B-tree Pages)."""
        return self[page][_header(page)]


def _is_shared(side: Path) -> bool:
    return side.name.endswith("-shm")


def _page_size(connection: sqlite3.Connection, database: str) -> int:
    (size,) = connection.execute(f"PRAGMA {database}.page_size").fetchone()
    return int(size)


def _encoding(connection: sqlite3.Connection, database: str) -> str:
    (encoding,) = connection.execute(f"PRAGMA {database}.encoding").fetchone()
    return str(encoding)


def _roots(connection: sqlite3.Connection, database: str) -> dict[str, int]:
    """Return the first page of every table and index."""
    query = f"SELECT name, rootpage FROM {database}.sqlite_master WHERE rootpage > 0"  # noqa: S608
    return dict(connection.execute(query))


def _tree(data: _Pages, root: int) -> Iterator[tuple[int, ...]]:
    """Yield the pages of a b-tree, many at a time, overflow pages left out (1.6. B-tree Pages).

    All leaves are equally deep, so they need not be read to be known as such, nor kept.
    """
    yield (root,)
    level = [root]
    for _ in range(_DEEPEST):
        if not _is_interior(data, level[0]):
            return
        is_last = not _is_interior(data, _children(data, level[0])[0])
        below: list[int] = []
        for page in level:
            children = _children(data, page)
            yield children
            if not is_last:
                below += children
        if is_last or len(below) > data.count:
            return
        level = below


def _is_interior(data: _Pages, page: int) -> bool:
    return data.kind(page) in (_INTERIOR_INDEX, _INTERIOR_TABLE)


def _header(page: int) -> int:
    return 100 if page == 1 else 0


def _children(data: _Pages, page: int) -> tuple[int, ...]:
    content, at = data[page], _header(page)
    number = int.from_bytes
    cells = [number(content[cell : cell + 4], "big") for cell in _cells(content, at, _INTERIOR)]
    return (*cells, number(content[at + 8 : at + 12], "big"))


def _bounds(data: _Pages, page: int) -> Iterator[int]:
    """Yield the greatest rowid that each child but the last may hold."""
    content = data[page]
    for cell in _cells(content, _header(page), _INTERIOR):
        yield _varint(content, cell + 4)[0]


def _cells(content: bytes, at: int, length: int) -> tuple[int, ...]:
    """Return where the cells of a page are, given where its header is and how long."""
    most = (len(content) - at - length) // 2
    count = min(int.from_bytes(content[at + 3 : at + 5], "big"), most)
    return unpack_from(f">{count}H", content, at + length)


def _varint(content: bytes, at: int) -> tuple[int, int]:
    """Return a number of one to nine bytes, in two's complement (1.6), and where it ends."""
    number = 0
    for place in range(at, at + 8):
        byte = content[place] if place < len(content) else 0
        number = number << 7 | byte & 0x7F
        if byte < 0x80:
            return number, place + 1
    number = number << 8 | (content[at + 8] if at + 8 < len(content) else 0)
    return number - 2**64 if number >= 2**63 else number, at + 9


def _overflow(data: _Pages, page: int) -> Iterator[int]:
    """Yield the pages that hold the rest of the long rows of a leaf of a table (1.6, 1.7)."""
    content, at = data[page], _header(page)
    if content[at] != _LEAF_TABLE:
        return
    usable = data.size - data[1][20]
    for cell in _cells(content, at, _LEAF):
        length, begin = _varint(content, cell)
        _, begin = _varint(content, begin)
        most, least = usable - 35, (usable - 12) * 32 // 255 - 23
        if length <= most:
            continue
        local = least + (length - least) % (usable - 4)
        end = begin + (local if local <= most else least)
        rest = int.from_bytes(content[end : end + 4], "big")
        for _ in range(-(-length // (usable - 4))):
            if not rest:
                break
            yield rest
            rest = int.from_bytes(data[rest][:4], "big")


def _pointer_maps(data: _Pages) -> Iterator[int]:
    """Yield the pages that say what refers to each page, where there are any (1.8)."""
    header = data[1]
    if any(header[52:56]):
        yield from range(2, data.count + 1, (data.size - header[20]) // 5 + 1)


def _free_pages(data: _Pages) -> set[int]:
    """Return the pages that hold nothing (1.5. The Freelist)."""
    pages: set[int] = set()
    trunk = int.from_bytes(data[1][32:36], "big")
    while trunk and trunk not in pages:
        pages.add(trunk)
        content = data[trunk]
        count = min(int.from_bytes(content[4:8], "big"), data.size // 4 - 2)
        for number in range(count):
            place = 8 + 4 * number
            pages.add(int.from_bytes(content[place : place + 4], "big"))
        trunk = int.from_bytes(content[:4], "big")
    return pages


def _is_read_alike(connection: sqlite3.Connection, table: str) -> bool:
    """Say whether the same bytes are the same rows: columns may only have been added at the end."""
    before, after = (
        connection.execute(f"PRAGMA {database}.table_xinfo({quoted(table)})").fetchall()
        for database in ("old", "main")
    )
    plain = all(row[6] == 0 for row in (*before, *after))
    return plain and after[: len(before)] == before
