"""Databases of our own on a server, and those that a killed run left there.

While a run lives, its session holds a lock of the server for what it made; the lock goes
with the session. So whatever bears such a name and is not locked was left, and nobody
needs it: the next run drops it.
"""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable, Sequence
from shlex import join

from dbguard.live.failures import LiveError
from dbguard.patterns import regex
from dbguard.report.escape import escape

SCRATCH = "dbguard_scratch_"
RUN = secrets.randbits(31)
"""The number of this run: the one its lock has."""

_NAME = regex(SCRATCH + "([0-9a-f]{8})_[0-9a-f]{6}")


def new_name() -> str:
    """Return the name of a database that nobody else has."""
    return f"{SCRATCH}{RUN:08x}_{secrets.token_hex(3)}"


def run_of(name: str) -> int | None:
    """Return the number of the run that made a database, None for one of no run that we know."""
    found = _NAME.fullmatch(name)
    return int(found[1], 16) if found else None


def dropped(
    name: str,
    tell: Callable[[str], None],
    tell_anew: Callable[[str], None],
    statement: str,
    command: Sequence[str],
) -> bool:
    """Drop a database of ours by a *statement*; say how to do it by a *command* where that fails.

    *tell_anew* does it in another session: the one that is there may be what failed.
    """
    try:
        try:
            tell(statement)
        except LiveError:
            tell_anew(statement)
    except LiveError as error:
        _say(f"{name} could not be removed ({error}); drop it: {join(command)}")
        return False
    return True


def tell_removed(name: str) -> None:
    """Tell of a database of a killed run that was dropped."""
    _say(f"{name} was left by a run that was killed, and was removed")


def tell_left(name: str, command: Sequence[str]) -> None:
    """Tell of a database that looks like ours and was not dropped: nothing says whose it is."""
    _say(
        f"{name} was left by a run that was killed; if no other dbguard runs, drop it: "
        + join(command)
    )


def _say(text: str) -> None:
    sys.stderr.write(f"dbguard: {escape(text)}\n")
