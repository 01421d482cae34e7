"""What a person at a terminal sees while something takes its time."""

from __future__ import annotations

import sys
from time import monotonic
from typing import TextIO

_PAUSE = 0.1  # seconds between two lines


class Progress:
    """One line on standard error that changes in place; nothing where it is no terminal."""

    def __init__(self, stream: TextIO | None = None, *, shown: bool | None = None) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._shown = self._stream.isatty() if shown is None else shown
        self._step = ""
        self._last = 0.0

    def step(self, name: str) -> None:
        """Say which step begins."""
        self._step = name
        self._write(f"{name} ...")

    def at(self, done: int, total: int, unit: str = "") -> None:
        """Say how far the step is, as often as a person can read."""
        if self._shown and total > 0 and monotonic() - self._last >= _PAUSE:
            self._last = monotonic()
            self._write(f"{self._step}: {done * 100 // total} % of {total:,} {unit}".rstrip())

    def close(self) -> None:
        """Leave an empty line."""
        self._write("")

    def _write(self, text: str) -> None:
        if self._shown:
            self._stream.write(f"\r\x1b[K{text}")
            self._stream.flush()
