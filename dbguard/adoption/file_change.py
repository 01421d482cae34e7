"""A file that is to be written in somebody's work tree: shown first, never clobbered."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from difflib import unified_diff
from pathlib import Path

from dbguard import durable
from dbguard.reading import FILE_LIMIT
from dbguard.records import dataclass
from dbguard.report.escape import escape


class AdoptionError(Exception):
    """Something cannot be set up as it stands; the message says what to do instead."""


@dataclass(frozen=True, slots=True)
class FileChange:
    """The new content of a file.

    ``name`` is relative to ``top`` (the absolute folder of the work tree), with slashes.
    ``old`` is what was read, None where there was no file.
    """

    top: str
    name: str
    old: bytes | None
    new: bytes

    def diff(self) -> Iterator[str]:
        """Yield a unified diff, each line made safe to show."""
        old = [] if self.old is None else _lines(self.old)
        before = "/dev/null" if self.old is None else f"a/{self.name}"
        for line in unified_diff(old, _lines(self.new), before, f"b/{self.name}", lineterm=""):
            yield escape(line) + "\n"

    def write(self) -> None:
        """Put the content in place in one step. Raises AdoptionError.

        A file that is no longer what the diff was made from stays as it is.
        """
        if content(self.top, self.name) != self.old:
            raise AdoptionError(f"{self.name} has changed meanwhile: run dbguard init again")
        path = os.path.join(self.top, self.name)
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            mode = 0o644 if self.old is None else stat.S_IMODE(os.lstat(path).st_mode)
            with durable.whole(Path(path), is_new=self.old is None, mode=mode) as stream:
                stream.write(self.new)
        except OSError as error:
            raise AdoptionError(f"{self.name} cannot be written: {error.strerror}") from error


def content(top: str, name: str) -> bytes | None:
    """Return the bytes of a file below *top*, None where there is none.

    Raises AdoptionError where a link stands on the way (it may lead out of the work tree),
    or where something else than a file has the name.
    """
    path = top
    parts = name.split("/")
    for number, part in enumerate(parts, 1):
        path = os.path.join(path, part)
        here = "/".join(parts[:number])
        try:
            about = os.lstat(path)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise AdoptionError(f"{here} cannot be read: {error.strerror}") from error
        if stat.S_ISLNK(about.st_mode):
            raise AdoptionError(f"{here} is a symbolic link: dbguard writes through none")
        is_last = number == len(parts)
        if not (stat.S_ISREG if is_last else stat.S_ISDIR)(about.st_mode):
            raise AdoptionError(f"{here} is no {'regular file' if is_last else 'folder'}")
    if about.st_size > FILE_LIMIT:
        raise AdoptionError(f"{name} is too large to be merged")
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except OSError as error:
        raise AdoptionError(f"{name} cannot be read: {error.strerror}") from error


def _lines(data: bytes) -> list[str]:
    return data.decode("utf-8", "replace").removesuffix("\n").split("\n")
