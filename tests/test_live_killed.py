"""A migration that is killed: the database is the old one or the new one, and nothing is lost.

In a process of its own, among writers, at each step that the log tells of, and in the
middle of the transaction that applies it.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dbguard.live import manifest
from tests.live_databases import PEOPLE, make_shop
from tests.test_live_migrate import ADD

pytestmark = pytest.mark.skipif(os.name != "posix", reason="SIGKILL")

STEPS = ["begin", "back up", "write the manifest", "name the backup", "backup is there",
         "rehearse", "compare", "apply", "page", "last page", "verify", "applied"]  # fmt: skip

_KILLED = """\
import os, signal, sys
from dbguard.cli import main
from dbguard.live.journal import Journal
from dbguard.live.progress import Progress

at, applying = sys.argv[1], []

def die():
    os.kill(os.getpid(), signal.SIGKILL)

def step(self, name, original=Journal.step, **details):
    original(self, name, **details)
    applying[:] = [name]
    if name == at:
        die()

def advanced(self, done, total, unit=""):
    if applying == ["apply"] and at == ("page" if done < total else "last page"):
        die()

Journal.step = step
Progress.at = advanced
sys.exit(main(["migrate", "app.db", "change.sql"]))
"""

_WRITER = """\
import sqlite3, sys
connection = sqlite3.connect("app.db", timeout=30)
number = 0
while True:
    number += 1
    connection.execute("INSERT INTO users (email) VALUES (?)", (f"{sys.argv[1]}-{number}",))
    connection.commit()
    print(number, flush=True)
    # As an application does, which is not all writing.
    import time; time.sleep(0.01)
"""


@contextmanager
def writers(folder: Path, count: int = 2) -> Iterator[dict[str, Path]]:
    """Let processes write, each noting into a file what was committed."""
    logs = {f"w{number}": folder / f"w{number}.acknowledged" for number in range(count)}
    running = []
    for name, log in logs.items():
        with log.open("w") as stream:
            running.append(
                subprocess.Popen([sys.executable, "-c", _WRITER, name], cwd=folder, stdout=stream)
            )
    try:
        while not all(log.stat().st_size for log in logs.values()):
            time.sleep(0.01)
        yield logs
    finally:
        for process in running:
            process.kill()
            process.wait()


def migrate(folder: Path, at: str) -> int:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    ended = subprocess.run(
        [sys.executable, "-c", _KILLED, at], cwd=folder, env=environment, check=False,
        capture_output=True, text=True,
    )  # fmt: skip
    sys.stderr.write(ended.stdout + ended.stderr)  # shown where a test fails
    return ended.returncode


def backups(folder: Path) -> list[Path]:
    """Return what bears the name of a backup."""
    return [file for file in folder.glob("app.db.bak*") if not file.name.endswith(".json")]


def check(folder: Path, logs: dict[str, Path]) -> str:
    """Check what must hold after any end; return which database there is, "old" or "new"."""
    connection = sqlite3.connect(folder / "app.db", timeout=30)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    emails = {row[0] for row in connection.execute("SELECT email FROM users")}
    columns = [row[1] for row in connection.execute("PRAGMA table_info(users)")]
    assert connection.execute("SELECT count(*) FROM orders").fetchone() == (200,)
    connection.close()
    for name, log in logs.items():
        acknowledged = {f"{name}-{number}" for number in log.read_text().split("\n")[:-1]}
        assert acknowledged
        assert acknowledged <= emails
    assert {f"u{n}@example.org" for n in range(1, PEOPLE + 1)} <= emails
    for file in backups(folder):
        described = manifest.read(file)
        assert described is not None
        manifest.check(file, described)
        backup = sqlite3.connect(file)
        assert backup.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert "name" not in [row[1] for row in backup.execute("PRAGMA table_info(users)")]
        backup.close()
    assert columns in (["id", "email", "age", "created_at"],
                       ["id", "email", "age", "created_at", "name"])  # fmt: skip
    return "new" if columns[-1] == "name" else "old"


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["wal", "delete"])
@pytest.mark.parametrize("at", STEPS)
def test_killed_at_a_step(tmp_path: Path, mode: str, at: str) -> None:
    make_shop(tmp_path / "app.db", mode)
    (tmp_path / "change.sql").write_text(ADD)
    with writers(tmp_path) as logs:
        assert migrate(tmp_path, at) == -signal.SIGKILL
    which = check(tmp_path, logs)
    expected = "new" if STEPS.index(at) >= STEPS.index("last page") else "old"
    assert which == expected
    steps = [json.loads(line)["step"] for line in (tmp_path / ".dbguard/log.jsonl").open()]
    assert steps[-1] == ("apply" if "page" in at else at)
    if STEPS.index(at) >= STEPS.index("backup is there"):
        assert backups(tmp_path)


@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_not_killed_among_writers(tmp_path: Path, mode: str) -> None:
    make_shop(tmp_path / "app.db", mode)
    (tmp_path / "change.sql").write_text(ADD)
    with writers(tmp_path) as logs:
        assert migrate(tmp_path, "never") == 0
    assert check(tmp_path, logs) == "new"
