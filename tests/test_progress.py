"""The line that says how far a scan is, seen by a terminal and by nobody else."""

from __future__ import annotations

import os
import pty
import re
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


def _seen(folder: Path, *arguments: str, **environment: str) -> str:
    """Return what a terminal gets that standard output is, of so many columns."""
    mine, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "dbguard", *arguments],
        cwd=folder, stdout=theirs, stderr=subprocess.DEVNULL,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY), "TERM": "xterm",
             **environment},
    )  # fmt: skip
    os.close(theirs)
    said = b""
    while True:
        try:
            part = os.read(mine, 65536)
        except OSError:
            break
        if not part:
            break
        said += part
    process.wait()
    os.close(mine)
    return said.decode().replace("\r\n", "\n")


def _plain(text: str) -> str:
    return re.sub(r"\x1b\]8;;.*?\x1b\\|\x1b\[[0-9;]*m", "", text)


def test_a_narrow_terminal_breaks_no_line(folder: Path) -> None:
    for columns in (40, 59):
        lines = _plain(_seen(folder, "scan", COLUMNS=str(columns))).splitlines()
        # What a person clicks on stays whole: 0.sh:1:1: error[delete-database-file].
        assert max(len(line) for line in lines if "error[" not in line) <= columns
        assert "0.sh:1:1: error[delete-database-file]" in lines
        assert "    rm deletes the database file app.db" in lines
        closing = " ".join(line.strip() for line in lines[-3:])
        assert "3 errors, 0 warnings, 0 notes · " in closing
        assert closing.endswith("0 suppressed")
    wide = _plain(_seen(folder, "scan", COLUMNS="100"))
    assert "0.sh:1:1: error[delete-database-file] rm deletes the database file app.db\n" in wide


@pytest.mark.parametrize(
    ("environment", "colour", "links"),
    [
        ({"TERM": "xterm-kitty"}, True, True),
        ({"TERM": "xterm"}, True, False),
        ({"TERM": "xterm", "FORCE_HYPERLINK": "1"}, True, True),
        ({"TERM": "xterm-kitty", "FORCE_HYPERLINK": "0"}, True, False),
        ({"TERM": "xterm-kitty", "NO_COLOR": "1"}, False, True),
        ({"TERM": "xterm-kitty", "NO_COLOR": "1", "FORCE_COLOR": "1"}, False, True),
        ({"TERM": "xterm-kitty", "CI": "true"}, True, False),
        ({"TERM": "dumb"}, False, False),
    ],
)
def test_colour_and_links(
    folder: Path, environment: dict[str, str], colour: bool, links: bool
) -> None:
    seen = _seen(folder, "scan", **environment)
    assert ("\x1b[1;31m" in seen) == colour
    assert (f"\x1b]8;;file://{folder}/0.sh\x1b\\" in seen) == links
