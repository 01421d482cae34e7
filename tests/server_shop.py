"""A shop's database on a real server, and dbguard's commands on it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from dbguard.cli import main
from tests.servers import PASSWORD, Running

UNTIL_CONNECTED = """\
import time
for _ in range(200):
    listing = ["ls", "-l", f"/proc/{behind.pid}/fd"]
    descriptors = subprocess.run(listing, capture_output=True, text=True).stdout
    if behind.poll() is not None or "socket:" in descriptors:
        break
    time.sleep(0.05)
time.sleep(0.3)
"""
"""The end of a script that leaves a client *behind*: it waits until that has reached the server.

What connects only after the script's end is not guarded against, and under load it may.
"""


class ServerShop:
    """A database of its own for each test, and dbguard's commands on it, by ``env:URL``."""

    def __init__(self, server: Running, folder: Path, said: pytest.CaptureFixture[str]) -> None:
        self.server, self.folder, self.said = server, folder, said

    def json(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        """Run a command, and return its answer; *code* is what it has to end with."""
        self.said.readouterr()
        ended = main([*arguments, "--json"])
        said = self.said.readouterr()
        assert ended == code, said.out + said.err
        assert PASSWORD not in said.out + said.err
        document: dict[str, Any] = json.loads(said.out)
        return document

    def sql(self, text: str, database: str = "shop") -> str:
        """Run SQL past dbguard, and return what the client prints."""
        return self.server.execute(text, database).strip()

    def backup(self) -> str:
        """Take a backup, and return its file."""
        return str(self.json("backup", "env:URL")["file"])

    def script(self, text: str, name: str = "change.sql") -> str:
        """Write a script, and return its name."""
        (self.folder / name).write_text(text)
        return name

    @contextmanager
    def somebody_connected(self, *options: str) -> Iterator[None]:
        """Keep a client of the server connected; it answers at once with these *options*."""
        with subprocess.Popen([*self.server.client, *options, "shop"], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True) as other:  # fmt: skip
            assert other.stdin is not None
            assert other.stdout is not None
            other.stdin.write("SELECT 1;\n")
            other.stdin.flush()
            other.stdout.readline()
            yield
            other.communicate("")

    def assert_password_in_no_file(self) -> None:
        """Look through all that the commands wrote."""
        for path in self.folder.rglob("*"):
            assert not path.is_file() or PASSWORD.encode() not in path.read_bytes()
