"""Writing fixed files: each is there whole or as it was, and nothing else of it changes."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress

from dbguard.reading import read, reason
from dbguard.source import Problem


def replace_file(path: str, before: bytes, after: bytes, *, follow: bool) -> str:
    """Replace a file that still consists of *before*; return why not, '' where it is done.

    It is written under a temporary name beside the file, synced, given the mode and, where
    the system lets us, the owner of the file, and renamed. *follow*: the user named a link,
    and the file it leads to is meant.
    """
    target = os.path.realpath(path) if follow else path
    now = read(target, path)
    if isinstance(now, Problem):
        return now.error
    if now != before:
        return "has changed since it was read"
    temporary = ""
    try:
        folder, name = os.path.split(os.path.abspath(target))
        handle, temporary = tempfile.mkstemp(prefix=f".{name[:40]}.", dir=folder)
        with open(handle, "wb") as stream:
            stream.write(after)
            stream.flush()
            os.fsync(stream.fileno())
        shutil.copymode(target, temporary)
        _keep_owner(target, temporary)
        os.replace(temporary, target)
    except OSError as error:
        if temporary:
            with suppress(OSError):
                os.unlink(temporary)
        return reason(error).replace("cannot be read", "cannot be written")
    return ""


def _keep_owner(target: str, temporary: str) -> None:
    was, now = os.stat(target), os.stat(temporary)
    if hasattr(os, "chown") and (was.st_uid, was.st_gid) != (now.st_uid, now.st_gid):
        with suppress(PermissionError):
            os.chown(temporary, was.st_uid, was.st_gid)
            os.chmod(temporary, was.st_mode & 0o7777)
