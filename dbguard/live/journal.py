"""The log of what was done: ``.dbguard/log.jsonl``, one JSON object a line.

It lies beside an SQLite database, and in the current folder for a server's. The folder
ignores itself in git, and the scan takes it for no settings.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from dbguard.live.address import SQLITE, Address
from dbguard.live.identity import now
from dbguard.live.progress import Progress

FOLDER = ".dbguard"
_IGNORED = "*\n"


class Journal:
    """Writes down each step of one run, before it is taken, and tells it to whom it concerns.

    A folder that cannot be written stops nothing: a database on a full disk must be
    restorable too. ``problem`` says so then.
    """

    def __init__(self, folder: Path, command: str, subject: str, progress: Progress) -> None:
        self.folder = folder
        self.problem = ""
        self._known = {"run": secrets.token_hex(4), "command": command, "database": subject}
        self._progress = progress

    @property
    def file(self) -> Path:
        return self.folder / "log.jsonl"

    def step(self, name: str, **details: str | int) -> None:
        """Note the step that is about to be taken; *name* is a word or two."""
        self._progress.step(name)
        line = {"time": now().isoformat(), **self._known, "step": name, **details}
        try:
            prepare(self.folder)
            descriptor = os.open(self.file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
            try:
                os.write(descriptor, (json.dumps(line) + "\n").encode())
            finally:
                os.close(descriptor)
        except OSError as error:
            self.problem = f"{self.file} cannot be written: {error.strerror}"


def cut_off(file: Path, database: str, during: Sequence[str], after: Sequence[str]) -> str:
    """Return when a run about a database was cut off in the middle of a step, '' where none was.

    *during* are the steps that change the database bit by bit, *after* those that tell that
    all is well again, in the same run or in a later one.
    """
    since = ""
    try:
        with file.open(encoding="utf-8", errors="replace") as lines:
            for text in lines:
                with suppress(ValueError, KeyError, TypeError):
                    line = json.loads(text)
                    if line["database"] == database and line["step"] in during:
                        since = str(line["time"])
                    elif line["database"] == database and line["step"] in after:
                        since = ""
    except OSError:
        return ""
    return since


def prepare(folder: Path) -> None:
    """Make the folder of the log, which no repository takes. Raises OSError."""
    folder.mkdir(exist_ok=True)
    ignore = folder / ".gitignore"
    if not ignore.exists():
        with suppress(FileExistsError), ignore.open("x", encoding="utf-8") as stream:
            stream.write(_IGNORED)


def journal_of(address: Address, command: str, progress: Progress) -> Journal:
    """Return the journal of a run about a database."""
    beside = Path(address.path).resolve().parent if address.engine == SQLITE else Path.cwd()
    return Journal(beside / FOLDER, command, address.shown, progress)
