"""The script of a migration: which kind it is, and how a Python one is run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from dbguard.live.failures import LiveError, RefusedError
from dbguard.records import dataclass

VARIABLE = "DBGUARD_DATABASE"
"""What holds the path or the URL of the database that a Python script is to work on."""

_INTERVAL = 0.5  # seconds between two looks at what a script does
_SETTLED = 0.2  # seconds after which the server has what was sent to it last


class ScriptError(LiveError):
    """The script itself failed; the message is what SQLite or the script said."""


@dataclass(frozen=True, slots=True)
class Script:
    """A script, read once: what was scanned and rehearsed is what is applied."""

    path: Path
    text: str

    @property
    def is_python(self) -> bool:
        return self.path.suffix == ".py"


def read(path: Path) -> Script:
    """Return a script. Raises RefusedError where it is none that can be run."""
    if path.suffix not in (".sql", ".py"):
        raise RefusedError(f"{path} is neither .sql nor .py")
    try:
        return Script(path, path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise RefusedError(f"{path} does not exist") from None
    except (OSError, UnicodeDecodeError) as error:
        raise RefusedError(f"{path} cannot be read: {error}") from error


def changed_nothing(script: Script) -> str:
    """Return why a script that left its database as it was is refused."""
    return (
        f"{script.path} changed nothing in the database it was given ({VARIABLE}, and as its "
        "first argument where it is a file): does it open another one?"
    )


def unwatched() -> str:
    """Watch nothing."""
    return ""


def run_python(
    script: Script,
    database: str,
    environment: Mapping[str, str],
    watch: Callable[[], str] = unwatched,
) -> None:
    """Run a script as ``python SCRIPT DATABASE``. Raises ScriptError where it fails.

    It is the user's own, named on the command line to be run. The database is its first
    argument, unless it is a URL, where a password may stand, and the variable
    ``DBGUARD_DATABASE``; *environment* are further ones. What it prints goes to standard
    error. *watch* is asked every now and then why the script is to be ended ('': it is not),
    and once more when it has ended: what it left in the background ends with it.
    """
    if _now(script) != script.text:
        raise ScriptError(f"{script.path} changed while it was rehearsed")
    sys.stderr.flush()
    arguments = [sys.executable, str(script.path)]
    if "://" not in database:
        arguments.append(database)
    with subprocess.Popen(
        arguments,
        env={**os.environ, VARIABLE: database, **environment},
        stdin=subprocess.DEVNULL,
        stdout=_standard_error(),
        start_new_session=True,
    ) as process:
        try:
            why = _until_ended(process, watch)
        finally:
            _end(process)
    if watch is not unwatched:
        time.sleep(_SETTLED)
        late = watch()
        why = why or late
    if why:
        raise ScriptError(why)
    if process.returncode:
        raise ScriptError(f"{script.path} ended with exit code {process.returncode}")


def _until_ended(process: subprocess.Popen[bytes], watch: Callable[[], str]) -> str:
    while True:
        with suppress(subprocess.TimeoutExpired):
            process.wait(_INTERVAL)
            return watch()
        if why := watch():
            return why


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a script, and what it started, which is in its group unless it left that."""
    process.kill()
    if sys.platform != "win32":
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


def _now(script: Script) -> str:
    try:
        return script.path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return ""


def _standard_error() -> int | None:
    try:
        return sys.stderr.fileno()
    except (OSError, ValueError):  # replaced by something that is no file
        return subprocess.DEVNULL
