"""``dbguard restore`` of SQLite databases."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from dbguard.live import handles
from dbguard.live.identity import sha256
from tests.live_databases import PEOPLE, Shop


def test_a_restore_keeps_reports_and_verifies(shop: Shop) -> None:
    mode = shop.rows("PRAGMA journal_mode")
    file = shop.backup()
    os.chmod(shop.path, 0o640)
    shop.execute("DELETE FROM users WHERE id > 10", "INSERT INTO visits VALUES ('late', 1)")
    done = shop.json("restore", file, "app.db")
    assert shop.rows("SELECT count(*) FROM users") == [(PEOPLE,)]
    assert shop.rows("PRAGMA journal_mode") == mode
    assert shop.rows("PRAGMA integrity_check") == [("ok",)]
    assert stat.S_IMODE(shop.path.stat().st_mode) == 0o640
    kept = sqlite3.connect(done["kept"])
    assert kept.execute("SELECT count(*) FROM users").fetchone() == (10,)
    kept.close()
    assert done["lost"]["losses"] == ["1 of 101 rows of visits are missing"]
    report = Path(done["report"]).read_text()
    for words in (file, done["kept"], "1 of 101 rows of visits are missing", "Tell whoever uses"):
        assert words in report
    assert shop.steps()[-1] == "restored"


def test_the_log_of_the_damaged_database_is_kept_and_does_not_reach_the_new_one(
    shop: Shop,
) -> None:
    file = shop.backup()
    crash = (
        "import os, sqlite3; c = sqlite3.connect('app.db'); c.execute('PRAGMA wal_autocheckpoint=0');"
        "c.execute('DELETE FROM users'); c.commit(); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", crash], check=True)
    is_logged = (shop.folder / "app.db-wal").exists()
    done = shop.json("restore", file, "app.db")
    assert shop.rows("SELECT count(*) FROM users") == [(PEOPLE,)]
    assert Path(done["kept"] + "-wal").exists() is is_logged
    kept = sqlite3.connect(done["kept"])
    assert kept.execute("SELECT count(*) FROM users").fetchone() == (0,)
    kept.close()


def test_a_database_full_of_garbage_is_kept_as_it_is(shop: Shop) -> None:
    file = shop.backup()
    garbage = b"SQLite format 3\0" + os.urandom(20_000)
    shop.path.write_bytes(garbage)
    done = shop.json("restore", file, "app.db")
    assert Path(done["kept"]).read_bytes() == garbage
    assert done["damaged_unreadable"]
    assert shop.rows("SELECT count(*) FROM users") == [(PEOPLE,)]


def test_a_database_that_is_gone_comes_back(shop: Shop) -> None:
    file = shop.backup()
    for path in shop.folder.glob("app.db*"):
        if path.name in ("app.db", "app.db-wal", "app.db-shm"):
            path.unlink()
    done = shop.json("restore", file, "app.db")
    assert done["kept"] is None
    assert shop.rows("SELECT count(*) FROM users") == [(PEOPLE,)]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_it_refuses_while_another_process_has_it_open(shop: Shop) -> None:
    file = shop.backup()
    before = shop.path.read_bytes()
    with subprocess.Popen(
        [sys.executable, "-c", "import sys; f = open('app.db', 'rb'); print(flush=True);"
         "sys.stdin.read()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as other:  # fmt: skip
        assert other.stdout is not None
        other.stdout.readline()
        error = shop.json("restore", file, "app.db", code=2)["error"]
        other.communicate(b"")
    assert str(other.pid) in error
    assert shop.path.read_bytes() == before
    assert shop.names("app.db.damaged*") == []


def test_it_refuses_a_locked_database_and_asks_where_nothing_tells(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = shop.backup()
    monkeypatch.setattr(handles, "openers", lambda _: None)
    assert "--unused" in shop.json("restore", file, "app.db", code=2)["error"]
    hold = ("import sqlite3, sys; c = sqlite3.connect('app.db', isolation_level=None);"
            "c.execute('BEGIN'); c.execute('SELECT count(*) FROM users').fetchone();"
            "print(flush=True); sys.stdin.read()")  # fmt: skip
    with subprocess.Popen(
        [sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        error = shop.json("restore", file, "app.db", "--unused", code=2)["error"]
        other.communicate(b"")
    assert "locked" in error
    shop.json("restore", file, "app.db", "--unused")


def test_a_backup_that_is_not_what_it_was_restores_nothing(shop: Shop) -> None:
    file = Path(shop.backup())
    before = shop.path.read_bytes()
    good = file.read_bytes()
    file.write_bytes(good[:-1] + b"?")
    assert "SHA-256" in shop.json("restore", str(file), "app.db", code=1)["error"]
    file.write_bytes(good[:4096])
    assert "bytes" in shop.json("restore", str(file), "app.db", code=1)["error"]
    assert shop.path.read_bytes() == before
    assert shop.names("app.db.damaged*") == []


def test_a_backup_without_a_manifest_is_used_with_a_note(shop: Shop) -> None:
    copy = sqlite3.connect("by_hand.db")
    source = sqlite3.connect(shop.path)
    source.backup(copy)
    copy.close()
    source.close()
    digest = sha256(shop.folder / "by_hand.db")
    done = shop.json("restore", "by_hand.db", "app.db")
    assert "no manifest" in done["notes"][0]
    assert sha256(shop.folder / "by_hand.db") == digest


def test_rows_that_the_manifest_promises_and_the_backup_lacks(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = shop.backup()
    described = Path(file + ".manifest.json")
    described.write_text(described.read_text().replace('"rows": 200', '"rows": 201'))
    before = shop.path.read_bytes()
    error = shop.json("restore", file, "app.db", code=1)["error"]
    assert "orders has 200 rows, the manifest says 201" in error
    assert "Nothing was changed" in error
    assert shop.path.read_bytes() == before
    assert shop.names("app.db.damaged*") == shop.names(".*partial*") == []
    described.rename("aside.json")
    assert "no manifest" in shop.json("restore", file, "app.db")["notes"][0]


@pytest.mark.skipif(os.name != "posix", reason="makes shell scripts")
@pytest.mark.parametrize(
    ("service", "program", "answer", "code", "words"),
    [
        ("app", "systemctl", "active", 2, "systemctl stop app"),
        ("systemctl:app", "systemctl", "activating", 2, "systemctl stop app"),
        ("systemctl:app", "systemctl", "inactive", 0, ""),
        ("systemctl:app", "systemctl", "", 3, "does not say"),
        ("pm2:app", "pm2", '[{"name":"app","pm2_env":{"status":"online"}}]', 2, "pm2 stop app"),
        ("pm2:app", "pm2", '[{"name":"app","pm2_env":{"status":"stopped"}}]', 0, ""),
        ("pm2:app", "pm2", "[]", 2, "knows no process app"),
        ("pm2:app", "pm2", "nonsense", 3, "does not say"),
        ("compose:web", "docker", "web", 2, "docker compose stop web"),
        ("compose:web", "docker", "other", 2, "knows no service web"),
        ("compose:web", "docker", "$(case $* in *config*) echo web;; *) echo other;; esac)", 0, ""),
        (
            "app",
            "systemctl",
            "$(case $* in *show*) echo not-found;; *) echo inactive;; esac)",
            2,
            "knows no unit app",
        ),
        ("cron:x", "", "", 2, "give systemctl:NAME"),
        ("pm2:app", "", "", 3, "not on the PATH"),
    ],
)
def test_it_refuses_while_the_service_runs(
    shop: Shop, monkeypatch: pytest.MonkeyPatch,
    service: str, program: str, answer: str, code: int, words: str,
) -> None:  # fmt: skip
    file = shop.backup()
    programs = shop.folder / "programs"
    programs.mkdir()
    if program:
        (programs / program).write_text(
            f"#!/bin/sh\necho {answer if '$' in answer else repr(answer)}\n"
        )
        (programs / program).chmod(0o755)
    monkeypatch.setenv("PATH", str(programs) if not program else f"{programs}:{os.environ['PATH']}")
    done = shop.json("restore", file, "app.db", "--service", service, code=code)
    assert words in done.get("error", "")
    assert (shop.names("app.db.damaged*") == []) is bool(code)
