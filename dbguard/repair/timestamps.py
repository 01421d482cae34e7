"""Names that are new on every run."""

from __future__ import annotations

from dbguard.patterns import regex

SHELL_STAMP = "$(date +%Y%m%d_%H%M%S)"
SHELL_MOMENT = "$(date +%Y%m%d_%H%M%S_%N)"
"""To the nanosecond where date(1) knows it (GNU, busybox, FreeBSD 14), for loops and functions."""

PYTHON_STAMP = "{int(time.time())}"

_SUFFIX = regex(
    r"(?:\.(?:sql|dump|dmp|db|db3|sqlite3?|duckdb|tar|archive|custom|gz|bz2|xz|zst|zip|enc|gpg))+$"
)


def stamped(name: str, stamp: str) -> str:
    """Return a file's name with *stamp* in it, before what tells its format."""
    suffix = _SUFFIX.search(name)
    at = suffix.start() if suffix is not None and suffix.start() > 0 else len(name)
    joint = "" if name[:at].endswith(("_", "-", ".", "/")) else "_"
    return f"{name[:at]}{joint}{stamp}{name[at:]}"
