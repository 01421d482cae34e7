"""The shortest way through a scan: a few named files, and nothing in any of them.

A commit hook asks about one or two files, most of which have no hit, and waits for the
interpreter above all. Where that is sure to be the whole answer it is given from here,
with next to nothing imported: no ``re``, no ``dataclasses``, no ``typing``. In any doubt
(an option, a link, settings, a file of another kind) the scan of
:mod:`dbguard.pipeline` decides; tests hold this to the same words.
"""

from __future__ import annotations

import os
import stat

from dbguard.foreign import FOLDERS, MARKS, VENDORED
from dbguard.kinds import kind_of_name
from dbguard.prefilter import may_have_operations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_FILES = 32
"""Of more files one has a hit, as a rule, and start-up is not what they wait for."""

LARGEST = 1024 * 1024  # bytes

# What may change what is checked, or how, in a folder above a file.
_SETTINGS = "pyproject.toml"
_OWN = ".dbguard"
# Where the commands on databases note what they did: nothing that the scan reads.
_LOG = ".dbguard"
_LANGUAGES = ("python", "sql")


def all_clear(arguments: Sequence[str]) -> str | None:
    """Return the report of a command line whose files certainly hold nothing, else None."""
    if not 2 <= len(arguments) <= MOST_FILES + 1 or arguments[0] != "scan":
        return None
    names = arguments[1:]
    if any(name.startswith("-") or not name for name in names):
        return None
    checked = {os.path.abspath(name) for name in names}
    folders = {os.getcwd(), *(os.path.dirname(path) for path in checked)}
    if _is_decided(folders) or not all(_holds_nothing(path) for path in checked):
        return None
    files = "1 file" if len(checked) == 1 else f"{len(checked)} files"
    return (
        f"checked {files}: 0 errors, 0 warnings, 0 notes"
        " · 0 skipped · 0 unreadable · 0 suppressed\n"
    )


def _is_decided(folders: set[str]) -> bool:
    """Say whether settings or the names of the folders may have a say."""
    seen: set[str] = set()
    for start in folders:
        folder = start
        while folder not in seen:
            seen.add(folder)
            name = os.path.basename(folder)
            if name in FOLDERS or name in VENDORED:
                return True
            if any(os.path.lexists(os.path.join(folder, mark)) for mark in MARKS):
                return True
            if any(name.startswith(_OWN) and name != _LOG for name in os.listdir(folder)):
                return True
            settings = os.path.join(folder, _SETTINGS)
            if os.path.lexists(settings) and b"dbguard" in (_content(settings) or b"dbguard"):
                return True
            folder = os.path.dirname(folder)
    return False


def _holds_nothing(path: str) -> bool:
    kind = kind_of_name(os.path.basename(path))
    if kind is None or kind.language not in _LANGUAGES:
        return False
    data = _content(path)
    if data is None or b"\0" in data:
        return False
    return not may_have_operations(data, kind.language)


def _content(path: str) -> bytes | None:
    """Return the bytes of a regular file of moderate size that is no link, else None."""
    try:
        before = os.lstat(path)
        if not stat.S_ISREG(before.st_mode) or before.st_size > LARGEST:
            return None
        descriptor = os.open(
            path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        )
        with open(descriptor, "rb", closefd=True) as stream:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return None
            data = stream.read(LARGEST + 1)
    except (OSError, ValueError):
        return None
    return data if len(data) <= LARGEST else None
