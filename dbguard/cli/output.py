"""Standard output and standard error of the command line."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable

from dbguard.cli.outcome import Exit, OutputError


def complain(message: str, code: Exit) -> Exit:
    """Say on standard error what is wrong, and return the code to end with."""
    from dbguard.report.escape import escape

    sys.stderr.write(f"dbguard: {escape(message)}\n")
    return code


def tolerant_streams() -> None:
    """Let no character of a scanned file fail on a terminal that cannot show it."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def write(pieces: Iterable[str]) -> None:
    """Write to standard output; a reader that has seen enough (``| head``) ends it quietly."""
    try:
        for piece in pieces:
            sys.stdout.write(piece)
        sys.stdout.flush()
    except OSError as error:
        # The interpreter flushes once more when it ends, and would fail with a code of its
        # own: into nothing.
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, sys.stdout.fileno())
        os.close(nothing)
        if not isinstance(error, BrokenPipeError):
            raise OutputError(f"the report cannot be written: {error.strerror}") from error
