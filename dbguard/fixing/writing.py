"""Writing fixed files: each is there whole or as it was, and nothing else of it changes."""

from __future__ import annotations

import os
from pathlib import Path

from dbguard import durable
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
    try:
        with durable.whole(Path(target), like=os.stat(target)) as stream:
            stream.write(after)
    except OSError as error:
        return reason(error).replace("cannot be read", "cannot be written")
    return ""
