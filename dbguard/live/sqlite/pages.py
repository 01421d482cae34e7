"""Which tables are the same on the disk, page by page: then no row needs to be looked at.

Most changes leave most tables alone (ALTER TABLE ADD COLUMN rewrites no row), and bytes are
compared ten times faster than rows. The format: https://www.sqlite.org/fileformat.html.
Whenever anything is not plain, a table is not said to be the same, and is read row by row.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dbguard.live.sqlite.connection import quoted, side_files

_BLOCK = 64 * 1024
"""Bytes, a multiple of every page size; no more than :data:`dbguard.live.identity.BLOCK`."""
_INTERIOR_INDEX, _INTERIOR_TABLE = 2, 5
_MOST_CHANGED = 100_000
"""Where more pages have changed, rows are compared anyway; so many are kept in memory."""


@contextmanager
def file_of(path: Path) -> Iterator[int]:
    """Open a file for :func:`identical_tables`: before SQLite opens it, and closed after.

    Closed earlier, it would take SQLite's locks along
    (https://www.sqlite.org/howtocorrupt.html, 2.2).
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def identical_tables(connection: sqlite3.Connection, old: Path, new: Path, file: int) -> set[str]:
    """Return the tables of ``old`` whose rows are byte for byte those of ``main``.

    *connection* reads both in a transaction, so that no page of either file changes; what is
    still in a log is not in the file, and then nothing is known. *file* is *new*, opened.
    """
    logs = [side for path in (old, new) for side in side_files(path) if not _is_shared(side)]
    if any(log.exists() and log.stat().st_size for log in logs):
        return set()
    size, other = (_page_size(connection, name) for name in ("old", "main"))
    if size != other or _encoding(connection, "old") != _encoding(connection, "main"):
        return set()
    with file_of(old) as before:
        changed = _changed_pages(before, file, size)
        if changed is None:
            return set()
        data = _Pages(before, size)
        roots = _roots(connection, "old")
        if not changed:
            return {name for name in roots if _is_read_alike(connection, name)}
        unknown = changed.difference(_free_pages(data), _tree(data, 1))
        untouched = set()
        for name, root in roots.items():
            touched = [page for page in _tree(data, root) if page in changed]
            unknown.difference_update(touched)
            if not touched:
                untouched.add(name)
    if unknown:
        # A page of no tree: it may hold the rest of a long row, of whichever table.
        return set()
    new_roots = _roots(connection, "main")
    return {
        name
        for name in untouched
        if new_roots.get(name) == roots[name] and _is_read_alike(connection, name)
    }


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
        return os.read(self._file, self.size)


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


def _changed_pages(before: int, after: int, size: int) -> set[int] | None:
    """Return the numbers of the old pages that are not the same now, None where they are many."""
    changed: set[int] = set()
    for file in (before, after):
        os.lseek(file, 0, os.SEEK_SET)
    start = 0
    # Read into the same memory again and again: new blocks would be cleared by the system first.
    one, other = bytearray(_BLOCK), bytearray(_BLOCK)
    with open(before, "rb", 0, closefd=False) as old, open(after, "rb", 0, closefd=False) as new:
        while length := old.readinto(one):
            matching = new.readinto(other)
            if length != matching or one != other:
                changed.update(
                    (start + page) // size + 1
                    for page in range(0, length, size)
                    if one[page : min(page + size, length)]
                    != other[page : min(page + size, matching)]
                )
                if len(changed) > _MOST_CHANGED:
                    return None
            start += length
    return changed


def _tree(data: _Pages, root: int) -> Iterator[int]:
    """Yield the pages of a b-tree, overflow pages left out (1.6. B-tree Pages).

    All leaves are equally deep, so they need not be read to be known as such, nor kept.
    """
    yield root
    level = [root]
    while _is_interior(data, level[0]):
        is_last = not _is_interior(data, next(_children(data, level[0])))
        below = []
        for page in level:
            for child in _children(data, page):
                yield child
                if not is_last:
                    below.append(child)
        if is_last or len(below) > data.count:
            return
        level = below


def _is_interior(data: _Pages, page: int) -> bool:
    return data[page][_header(page)] in (_INTERIOR_INDEX, _INTERIOR_TABLE)


def _header(page: int) -> int:
    return 100 if page == 1 else 0


def _children(data: _Pages, page: int) -> Iterator[int]:
    content, at = data[page], _header(page)
    cells = int.from_bytes(content[at + 3 : at + 5], "big")
    for number in range(cells):
        place = at + 12 + 2 * number
        cell = int.from_bytes(content[place : place + 2], "big")
        yield int.from_bytes(content[cell : cell + 4], "big")
    yield int.from_bytes(content[at + 8 : at + 12], "big")


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
