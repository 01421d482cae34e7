"""Who has a database open: what one user cannot see of the others."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dbguard.live import handles
from dbguard.live.handles import openers
from tests.live_databases import PEOPLE, make_shop

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

_NOBODY = 65534
_AS_NOBODY = f"""\
import contextlib, os, sys
from dbguard.cli import main
# Before the user changes: where Python lies may be root's alone.
with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
    main(["inspect", "app.db"]), main(["restore", "backup.db", "other.db", "--json"])
os.setgroups([]); os.setgid({_NOBODY}); os.setuid({_NOBODY})
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return a folder of the user nobody, which others may reach; ``app.db``, and a backup."""
    if os.getuid() != 0:
        pytest.skip("only root can be another user")
    made = Path(tempfile.mkdtemp(prefix="dbguard-nobody-"))
    yield made
    shutil.rmtree(made)


def prepared(folder: Path, mode: str, rights: int = 0o755) -> None:
    make_shop(folder / "app.db", mode)
    source, copy = sqlite3.connect(folder / "app.db"), sqlite3.connect(folder / "backup.db")
    source.backup(copy)
    source.execute("DELETE FROM users WHERE id > 10")
    source.commit()
    source.close()
    copy.close()
    for path in folder.iterdir():
        os.chown(path, _NOBODY, _NOBODY)
    os.chown(folder, _NOBODY, _NOBODY)
    folder.chmod(rights)


def as_nobody(folder: Path, *arguments: str, code: int = 0) -> dict[str, Any]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", _AS_NOBODY, *arguments, "--json"], cwd=folder,
                          env=environment, capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def people(folder: Path) -> int:
    connection = sqlite3.connect(folder / "app.db")
    (count,) = connection.execute("SELECT count(*) FROM users").fetchone()
    connection.close()
    assert isinstance(count, int)
    return count


def test_restore_refuses_where_others_may_have_it_open_unseen(folder: Path) -> None:
    prepared(folder, "delete")
    (folder / "app.db").chmod(0o666)
    other = ("import os, sys; os.setgroups([]); os.setgid(4711); os.setuid(4711);"
             "f = open('app.db', 'rb'); print(flush=True); sys.stdin.read()")  # fmt: skip
    with subprocess.Popen([sys.executable, "-c", other], cwd=folder, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as process:  # fmt: skip
        assert process.stdout is not None
        process.stdout.readline()
        error = as_nobody(folder, "restore", "backup.db", "app.db", code=2)["error"]
        unused = as_nobody(folder, "restore", "backup.db", "app.db", "--unused")
        process.communicate(b"")
    assert "told by --unused" in " ".join(unused["notes"])
    assert "processes of other users, who may open" in error
    assert "--unused" in error
    # The refusal kept nothing aside; what was kept is of the second.
    assert len(list(folder.glob("app.db.damaged*"))) == 1
    assert people(folder) == PEOPLE


def test_processes_of_root_are_told_of(folder: Path) -> None:
    prepared(folder, "delete", 0o700)  # other users of this machine are kept out
    done = as_nobody(folder, "restore", "backup.db", "app.db")
    assert "if a service of root uses it, restart that" in " ".join(done["notes"])
    assert people(folder) == PEOPLE


def test_a_lock_tells_who_uses_a_write_ahead_log(folder: Path) -> None:
    prepared(folder, "wal")
    other = sqlite3.connect(folder / "app.db")
    other.execute("SELECT count(*) FROM users").fetchone()
    for side in folder.glob("app.db-*"):
        os.chown(side, _NOBODY, _NOBODY)
    error = as_nobody(folder, "restore", "backup.db", "app.db", code=2)["error"]
    assert "is locked by another process" in error
    other.close()
    done = as_nobody(folder, "restore", "backup.db", "app.db")
    assert "could not look into" in " ".join(done["notes"])
    assert people(folder) == PEOPLE


def test_inspect_says_what_it_could_not_see(folder: Path) -> None:
    prepared(folder, "delete")
    found = as_nobody(folder, "inspect", "app.db", code=1)  # orders lost their users
    assert found["unseen_processes"] > 0
    assert found["open_by"] == []


def test_a_session_that_is_just_ending_is_not_in_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    one = handles.Handle(1, "psql")
    answers = iter([(one,), (one,), ()])
    assert handles.staying(lambda: next(answers)) == ()
    monkeypatch.setattr(handles, "_PATIENCE", 0.1)
    assert handles.staying(lambda: (one,)) == (one,)


def process(
    proc: Path, number: int, groups: str, monkeypatch: pytest.MonkeyPatch, command: str = "x"
) -> None:
    """Make what /proc shows of a process of another user."""
    folder = proc / str(number)
    folder.mkdir(parents=True)
    (folder / "cmdline").write_text(command)
    (folder / "status").write_text(f"Name:\tx\nGid:\t7\t7\t7\t7\nGroups:\t{groups}\n")
    real = os.scandir

    def scandir(path: Any) -> Any:
        if str(path).startswith(str(proc)) and str(path).endswith("fd"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)


@pytest.mark.parametrize(
    ("mode", "folder_mode", "groups", "command", "unseen"),
    [
        (0o600, 0o755, "8", "x", 0),
        (0o604, 0o755, "8", "x", 1),
        (0o604, 0o750, "8", "x", 0),
        (0o640, 0o755, "8", "x", 0),
        (0o640, 0o755, "8 4242", "x", 1),
        (0o640, 0o750, "8 4242", "x", 1),
        (0o604, 0o755, "8 4242", "x", 0),
        (0o666, 0o755, "8", "", 0),
    ],
)
def test_only_who_may_open_it_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    mode: int, folder_mode: int, groups: str, command: str, unseen: int,
) -> None:  # fmt: skip
    if os.getuid() != 0:
        pytest.skip("only root can give a file away")
    proc = tmp_path / "proc"
    (proc / "self" / "fd").mkdir(parents=True)
    process(proc, 999_999_999, groups, monkeypatch, command)
    os.chown(proc / "999999999", 4711, 4711)
    monkeypatch.setattr(handles, "_PROCESSES", proc)
    with tempfile.TemporaryDirectory() as made:
        file = Path(made) / "app.db"
        file.touch()
        file.chmod(mode)
        Path(made).chmod(folder_mode)
        for path in (file, Path(made)):
            os.chown(path, 0, 4242)
        found = openers((file,))
    assert found is not None
    assert found.unseen == found.strangers == unseen
