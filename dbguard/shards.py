"""Scans in parts: the files of a project are shared out to the jobs of a CI matrix.

Every part looks over the whole project (which databases there are, who runs what) and
judges its own files, so that the parts' reports joined are the report of one scan.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable

from dbguard.records import dataclass

MOST_SHARDS = 1_000


@dataclass(frozen=True, slots=True)
class Shard:
    """Part ``index`` (from 1) of ``count``."""

    index: int
    count: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Return the shard ``I/N`` names. Raises ValueError where it names none."""
        index, slash, count = text.partition("/")
        digits = all(part.isascii() and part.isdigit() and len(part) < 5 for part in (index, count))
        if not slash or not digits or not 1 <= int(index) <= int(count) <= MOST_SHARDS:
            raise ValueError(f"{text!r} is not a part such as 1/4")
        return cls(int(index), int(count))

    def holds(self, position: int) -> bool:
        """Say whether the file at a position (from 0) of the sorted list is in this part."""
        return position % self.count == self.index - 1

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"


_RUNNERS = {
    "makefile": (b"make",),
    "gnumakefile": (b"make",),
    "justfile": (b"just",),
    "taskfile": (b"task",),
    "package.json": (b"npm", b"yarn", b"pnpm", b"bun", b"run-s", b"run-p"),
    "composer.json": (b"composer",),
    "pyproject.toml": (b"poe", b"pdm", b"hatch", b"run"),
}
"""Who runs what a file of this name holds, without naming the file."""

_COMMANDS = (b"flask", b"manage.py", b"django-admin", b" -m ")
"""Whose arguments may be commands of a project's Python."""


def mentions(data: bytes, project_paths: Iterable[str]) -> bool:
    """Say whether a file's bytes may lead to one of these files.

    They name it, or its module, or a program that runs what such files hold.
    """
    words: set[bytes] = set()
    for path in project_paths:
        name = posixpath.basename(path)
        stem, suffix = posixpath.splitext(name)
        words.update((os.fsencode(name), *_RUNNERS.get(name.lower(), ())))
        words.update(_RUNNERS.get(stem.lower(), ()))
        if suffix == ".sql":
            # Its name may be put together: f"db/{name}.sql".
            words.add(b".sql")
        if suffix == ".py":
            module = posixpath.basename(posixpath.dirname(path)) if stem == "__init__" else stem
            words.update((os.fsencode(module), *_COMMANDS))
    return any(word in data for word in words)
