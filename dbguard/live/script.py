"""The script of a migration: which kind it is, and how a Python one is run."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from dbguard.live.failures import LiveError, RefusedError
from dbguard.records import dataclass

VARIABLE = "DBGUARD_DATABASE"
"""What holds the path or the URL of the database that a Python script is to work on."""


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


def run_python(script: Script, database: str, environment: Mapping[str, str]) -> None:
    """Run a script as ``python SCRIPT DATABASE``. Raises ScriptError where it fails.

    It is the user's own, named on the command line to be run. The database is its first
    argument, unless a password would stand there, and the variables ``DBGUARD_DATABASE``
    and ``DATABASE_URL``. What it prints goes to standard error.
    """
    if _now(script) != script.text:
        raise ScriptError(f"{script.path} changed while it was rehearsed")
    sys.stderr.flush()
    arguments = [sys.executable, str(script.path)]
    if "://" not in database:
        arguments.append(database)
    done = subprocess.run(
        arguments,
        env={**os.environ, VARIABLE: database, **environment},
        stdin=subprocess.DEVNULL,
        stdout=_standard_error(),
        check=False,
    )
    if done.returncode:
        raise ScriptError(f"{script.path} ended with exit code {done.returncode}")


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
