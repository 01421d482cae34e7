"""The line that says how far a long scan is: on a terminal only, and gone when it ends."""

from __future__ import annotations

import sys
from shutil import get_terminal_size
from time import monotonic

DELAY = 1.0
"""Seconds before there is a line: most scans are done by then."""

INTERVAL = 0.1
"""Seconds between two states of the line."""

_CLEAR = "\r\x1b[K"


class Progress:
    """Counts files on standard error, which has to be a terminal."""

    def __init__(self) -> None:
        self._next = monotonic() + DELAY
        self._drawn = False

    def __call__(self, doing: str, done: int, total: int) -> None:
        """Say that *done* of *total* files are through a step."""
        now = monotonic()
        if now < self._next:
            return
        self._next = now + INTERVAL
        self._drawn = True
        text = f"dbguard: {doing}, {done} of {total} files ({100 * done // max(total, 1)} %)"
        # One column less: a full line would wrap, and could not be taken back.
        width = max(1, get_terminal_size((80, 24)).columns - 1)
        sys.stderr.write(_CLEAR + text[:width])
        sys.stderr.flush()

    def close(self) -> None:
        """Take the line back."""
        if self._drawn:
            self._drawn = False
            sys.stderr.write(_CLEAR)
            sys.stderr.flush()
