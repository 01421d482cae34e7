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


def mentions(data: bytes, project_paths: Iterable[str]) -> bool:
    """Say whether a file's bytes may name one of these files: by its name, or as a module."""
    for path in project_paths:
        name = posixpath.basename(path)
        stem, suffix = posixpath.splitext(name)
        if os.fsencode(name) in data:
            return True
        if suffix == ".py" and b"import" in data:
            module = posixpath.basename(posixpath.dirname(path)) if stem == "__init__" else stem
            if os.fsencode(module) in data:
                return True
    return False
