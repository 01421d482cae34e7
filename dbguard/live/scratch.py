"""Databases of our own on a server, and those that a killed run left there."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Iterable

from dbguard.report.escape import escape

SCRATCH = "dbguard_scratch_"
_RUN = secrets.token_hex(3)


def new_name() -> str:
    """Return the name of a database that nobody else has."""
    return f"{SCRATCH}{_RUN}_{secrets.token_hex(3)}"


def report_left(databases: Iterable[str]) -> None:
    """Tell of databases nobody is connected to that were made by another run.

    They are not dropped: a run that is just loading one has no session in it at times.
    """
    for name in sorted(databases):
        if name.startswith(SCRATCH) and not name.startswith(f"{SCRATCH}{_RUN}_"):
            sys.stderr.write(
                f"dbguard: {escape(name)} was left by a run that was killed; if no other dbguard "
                "runs, drop it\n"
            )
