"""Scratch git repositories, and dbguard's command line run in them."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dbguard import git
from dbguard.cli import main


def run_git(folder: Path, *arguments: str) -> str:
    """Run git in a folder, with an author and no settings of this machine; return its output."""
    return subprocess.run(
        ["git", "-c", "user.name=x", "-c", "user.email=x@x", "-c", "protocol.file.allow=always",
         *arguments],
        cwd=folder,
        check=True,
        capture_output=True,
        encoding="utf-8",
        env={**git.clean_environment(), "GIT_CONFIG_GLOBAL": os.devnull},
    ).stdout.strip()  # fmt: skip


@dataclass
class Repository:
    """A repository that is the current folder. Made with one commit on ``main``."""

    folder: Path
    said: pytest.CaptureFixture[str]

    def git(self, *arguments: str) -> str:
        return run_git(self.folder, *arguments)

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def commit(self, **files: str) -> None:
        """Commit everything, after writing files (``a_sh`` is ``a.sh``)."""
        for name, text in files.items():
            self.write(name.replace("_", "."), text)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "x")

    def branch(self, name: str = "work") -> None:
        self.git("checkout", "-q", "-b", name)

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Run dbguard; return exit code, output, errors."""
        self.said.readouterr()
        code = main(list(arguments))
        said = self.said.readouterr()
        return code, said.out, said.err

    def report(self, *arguments: str) -> dict[str, Any]:
        """Return the JSON report of a scan."""
        _, out, err = self.run("scan", "--format", "json", *arguments)
        assert not err
        document: dict[str, Any] = json.loads(out)
        return document

    def found(self, *arguments: str) -> list[tuple[str, int, str]]:
        """Return path, line and rule of each finding that counts."""
        return [
            (finding["path"], finding["line"], finding["rule"])
            for finding in self.report(*arguments)["findings"]
        ]
