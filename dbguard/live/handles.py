"""Which processes have a file open, as Linux tells it in /proc (proc(5), /proc/[pid]/fd)."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from dbguard.records import dataclass

_PROCESSES = Path("/proc")
_PATIENCE = 2.0  # seconds


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


@dataclass(frozen=True, slots=True)
class Openers:
    """Who else has a database open, as far as this user can see.

    ``unseen`` is how many processes of other users could not be looked into, though their
    users may open the files; ``strangers`` how many of these are not root's, of whom every
    system runs some.
    """

    found: tuple[Handle, ...] = ()
    unseen: int = 0
    strangers: int = 0


def staying(asked: Callable[[], tuple[Handle, ...]]) -> tuple[Handle, ...]:
    """Return who is connected to a server, and still is after a while.

    A session that its client has ended, for one our own, goes only when the server gets to it.
    """
    deadline = time.monotonic() + _PATIENCE
    while (found := asked()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


def openers(files: Iterable[Path]) -> Openers | None:
    """Return the other processes that have one of *files* open, None where nothing tells.

    Root sees those of every user; anybody else his own, and how many others there are.
    """
    if not (_PROCESSES / "self" / "fd").is_dir():
        return None
    present = []
    for file in files:
        with suppress(OSError):
            present.append((file, file.stat()))
    wanted = {(status.st_dev, status.st_ino) for _, status in present}
    found, users = [], []
    for process in _PROCESSES.iterdir():
        if process.name.isdigit() and int(process.name) != os.getpid():
            try:
                if _has_one_open(process, wanted):
                    name = (process / "comm").read_text(errors="replace").strip()
                    found.append(Handle(int(process.name), name))
            except PermissionError:
                with suppress(OSError):
                    if any(_may_open(process, file, status) for file, status in present):
                        users.append(process.stat().st_uid)
            except OSError:  # it has ended meanwhile
                continue
    in_order = tuple(sorted(found, key=lambda handle: handle.process))
    return Openers(in_order, len(users), sum(user != 0 for user in users))


def _has_one_open(process: Path, wanted: set[tuple[int, int]]) -> bool:
    for descriptor in os.scandir(process / "fd"):
        with suppress(FileNotFoundError):
            status = descriptor.stat()
            if (status.st_dev, status.st_ino) in wanted:
                return True
    return False


def _may_open(process: Path, file: Path, status: os.stat_result) -> bool:
    """Say whether a process may read a file, by its user and groups (path_resolution(7)).

    Kernel threads, which have no command line, open nothing.
    """
    if not (process / "cmdline").read_bytes():
        return False
    user = process.stat().st_uid
    if user == 0:
        return True
    groups: set[int] = set()
    for line in (process / "status").read_text(errors="replace").splitlines():
        if line.startswith(("Gid:", "Groups:")):
            groups.update(int(number) for number in line.split()[1:])
    folders = ((folder, folder.stat()) for folder in file.parents)
    return _allows(file, status, stat.S_IROTH, user, groups) and all(
        _allows(folder, about, stat.S_IXOTH, user, groups) for folder, about in folders
    )


def _allows(path: Path, status: os.stat_result, others: int, user: int, groups: set[int]) -> bool:
    """Say whether a user may do what the bit *others* allows to all others."""
    if hasattr(os, "getxattr"):
        with suppress(OSError):
            # A list of further users (acl(5)): not worth reading, they may.
            os.getxattr(path, "system.posix_acl_access")
            return True
    if user == status.st_uid:
        return bool(status.st_mode & (others << 6))
    if status.st_gid in groups:
        return bool(status.st_mode & (others << 3))
    return bool(status.st_mode & others)
