"""The line that says how far a scan is, seen by a terminal and by nobody else."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from dbguard.cli import progress
from dbguard.cli.progress import Progress

REPOSITORY = Path(__file__).parent.parent

# The delay is for people; here there shall be a line at once.
PROGRAM = (
    "import sys; from dbguard.cli import main, progress;"
    "progress.DELAY = progress.INTERVAL = 0; sys.exit(main(sys.argv[1:]))"
)


def _run(folder: Path, *arguments: str, terminal: bool, **environment: str) -> tuple[str, str]:
    """Return what goes to standard output, which is a pipe, and to standard error."""
    mine, theirs = pty.openpty() if terminal else os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *arguments],
        cwd=folder, stdout=subprocess.PIPE, stderr=theirs, text=True,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), "TERM": "xterm", "COLUMNS": "30",
             **environment},
    )  # fmt: skip
    os.close(theirs)
    said = b""
    while True:
        try:
            part = os.read(mine, 65536)
        except OSError:  # the other end of the terminal is closed
            break
        if not part:
            break
        said += part
    out = process.communicate()[0]
    os.close(mine)
    return out, said.decode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(3):
        (tmp_path / f"{number}.sh").write_text("rm app.db\n")
    return tmp_path


def test_a_terminal_sees_a_line_that_is_taken_back(folder: Path) -> None:
    out, said = _run(folder, "scan", "--jobs", "1", terminal=True)
    states = said.split("\r\x1b[K")
    assert "dbguard: reading, 1 of 3 file" in states
    assert "dbguard: analysing, 1 of 3 fi" in states
    assert states[-1] == ""  # nothing is left
    assert max(map(len, states)) <= 29
    assert "dbguard:" not in out
    assert "3 errors" in out
    assert "\x1b" not in out


@pytest.mark.parametrize(
    ("arguments", "environment", "terminal"),
    [
        (("scan",), {}, False),
        (("scan", "--quiet"), {}, True),
        (("scan",), {"TERM": "dumb"}, True),
    ],
)
def test_nobody_else_sees_it(
    folder: Path, arguments: tuple[str, ...], environment: dict[str, str], terminal: bool
) -> None:
    out, said = _run(folder, *arguments, terminal=terminal, **environment)
    assert said == ""
    assert "3 errors" in out


def test_a_short_scan_has_no_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [0.0]
    monkeypatch.setattr(progress, "monotonic", lambda: now[0])
    line = Progress()
    line("reading", 1, 10)
    line.close()
    assert capsys.readouterr().err == ""
    now[0] = progress.DELAY + 0.01
    for done in range(2, 10):
        line("reading", done, 10)  # all at one moment: one line
    assert capsys.readouterr().err.count("dbguard:") == 1
    line.close()
    assert capsys.readouterr().err == "\r\x1b[K"
