"""How work on a live database fails, and what that means for the exit code."""

from __future__ import annotations

import os


class LiveError(Exception):
    """The work could not be done; the message says why, with no password in it."""


class RefusedError(LiveError):
    """What is asked for would break the protocol, or makes no sense: nothing was touched."""


class UnfinishedError(LiveError):
    """A program, a server or a file did not do its part: the answer is not complete."""


class LossError(LiveError):
    """Data or a backup is not what it was."""


def in_words(error: OSError) -> str:
    """Return what failed; where two files are told, it is the one that was to be written."""
    name = error.filename2 or error.filename
    where = f"{os.fsdecode(name)}: " if isinstance(name, (str, bytes, os.PathLike)) else ""
    return f"{where}{error.strerror or error}"
