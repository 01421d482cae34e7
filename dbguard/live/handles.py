"""Which processes have a file open, as Linux tells it in /proc (proc(5), /proc/[pid]/fd)."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from dbguard.records import dataclass

_PROCESSES = Path("/proc")


@dataclass(frozen=True, slots=True)
class Handle:
    """A process that has a database open; ``who`` is its command, or the user of a session."""

    process: int
    who: str

    @property
    def shown(self) -> str:
        return f"{self.who} ({self.process})"

    def document(self) -> dict[str, Any]:
        return {"process": self.process, "who": self.who}


def openers(files: Iterable[Path]) -> tuple[Handle, ...] | None:
    """Return the other processes that have one of *files* open, None where nothing tells.

    Processes of other users are seen by root only.
    """
    if not (_PROCESSES / "self" / "fd").is_dir():
        return None
    wanted = set()
    for file in files:
        with suppress(OSError):
            status = file.stat()
            wanted.add((status.st_dev, status.st_ino))
    found = []
    for process in _PROCESSES.iterdir():
        if process.name.isdigit() and int(process.name) != os.getpid():
            with suppress(OSError):
                if _has_one_open(process, wanted):
                    name = (process / "comm").read_text(errors="replace").strip()
                    found.append(Handle(int(process.name), name))
    return tuple(sorted(found, key=lambda handle: handle.process))


def _has_one_open(process: Path, wanted: set[tuple[int, int]]) -> bool:
    for descriptor in os.scandir(process / "fd"):
        with suppress(OSError):
            status = descriptor.stat()
            if (status.st_dev, status.st_ino) in wanted:
                return True
    return False
