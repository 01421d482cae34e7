"""``dbguard inspect`` and ``dbguard backup`` on SQLite databases."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from dbguard import durable
from dbguard.live import manifest
from dbguard.live.critical import is_critical, time_column
from dbguard.live.failures import LossError
from dbguard.live.handles import openers
from dbguard.live.manifest import path_of
from dbguard.live.schema import Column
from tests.live_databases import PEOPLE, Shop


def test_inspect_counts_and_puts_critical_tables_first(shop: Shop) -> None:
    found = shop.json("inspect", "app.db")
    tables = {table["name"]: table for table in found["tables"]}
    assert [table["name"] for table in found["tables"]] == ["orders", "users", "visits"]
    assert [tables[name]["rows"] for name in ("orders", "users", "visits")] == [200, PEOPLE, 100]
    assert tables["users"]["critical"]
    assert not tables["visits"]["critical"]
    assert tables["users"]["newest"] == "2026-01-28 10:00:00"
    assert tables["users"]["time_column"] == "created_at"
    assert tables["visits"]["newest"] is None
    assert found["integrity"] == {"ok": True, "problems": []}


def test_inspect_tells_the_log_and_who_has_it_open(shop: Shop) -> None:
    other = subprocess.Popen(
        [sys.executable, "-c", "import sqlite3, sys; c = sqlite3.connect('app.db');"
         "c.execute('INSERT INTO visits VALUES (1, 2)'); c.commit(); print(); sys.stdout.flush();"
         "sys.stdin.read()"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert other.stdout is not None
    try:
        other.stdout.readline()
        found = shop.json("inspect", "app.db")
    finally:
        other.communicate(b"")
    if sys.platform == "linux":
        assert [each["process"] for each in found["open_by"]] == [other.pid]
    assert found["facts"]["journal mode"] in ("wal", "delete")
    assert ("log (WAL)" in found["facts"]) == (found["facts"]["journal mode"] == "wal")


def test_inspect_finds_damage_and_orphans(shop: Shop) -> None:
    shop.execute("INSERT INTO orders VALUES ('x', 4711, 1)")
    found = shop.json("inspect", "app.db", code=1)
    assert found["integrity"]["problems"] == [
        "1 rows of orders refer to rows of users that do not exist"
    ]


def test_inspect_of_what_is_no_database(shop: Shop) -> None:
    (shop.folder / "notes.txt").write_text("hello, this is no database at all")
    for path, words in (("notes.txt", "no SQLite database"), ("gone.db", "does not exist")):
        error = shop.json("inspect", path, code=2)["error"]
        assert words in error
    assert not (shop.folder / "gone.db").exists()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("users", True),
        ("UserAccounts", True),
        ("api_keys", True),
        ("companies", False),
        ("order_lines", True),
        ("reorder_hints", False),
        ("django_session", False),
        ("users_cache", False),
        ("page_views", False),
    ],
)
def test_which_tables_look_critical(name: str, expected: bool) -> None:
    assert is_critical(name) is expected


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (["id", "created_at", "updated_at"], "updated_at"),
        (["id", "created", "born_on"], "created"),
        (["id", "seen_at"], "seen_at"),
        (["id", "state", "format"], ""),
    ],
)
def test_which_column_tells_the_time(columns: list[str], expected: str) -> None:
    assert time_column(tuple(Column(name) for name in columns)) == expected


def test_a_backup_is_whole_and_described(shop: Shop) -> None:
    answer = shop.json("backup", "app.db")
    file, described = Path(answer["file"]), answer["manifest"]
    assert file.parent == shop.folder
    assert file.name.startswith("app.db.bak_2")
    assert described["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert described["size"] == file.stat().st_size
    assert {t["name"]: t["rows"] for t in described["tables"]} == {
        "users": PEOPLE, "orders": 200, "visits": 100,
    }  # fmt: skip
    assert described["tools"]["sqlite"] == sqlite3.sqlite_version
    assert json.loads(path_of(file).read_text()) == described
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    shop.execute("DELETE FROM users")
    copy = sqlite3.connect(f"file:{file}?mode=ro&immutable=1", uri=True)
    assert copy.execute("SELECT count(*) FROM users").fetchone() == (PEOPLE,)
    assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    copy.close()
    assert shop.names("*.partial") == shop.names(".*.partial") == []


def test_a_backup_holds_what_is_only_in_the_log(shop: Shop) -> None:
    open_still = sqlite3.connect(shop.path)
    open_still.execute("PRAGMA wal_autocheckpoint = 0")
    open_still.execute("INSERT INTO users (email) VALUES ('late@example.org')")
    open_still.commit()
    copy = sqlite3.connect(shop.backup())
    assert copy.execute("SELECT count(*) FROM users").fetchone() == (PEOPLE + 1,)
    open_still.close()


def test_a_backup_under_writers_is_one_state(shop: Shop) -> None:
    stop = threading.Event()

    def write() -> None:
        connection = sqlite3.connect(shop.path, timeout=30)
        while not stop.is_set():
            # Two rows in one transaction: a backup has both or none.
            connection.execute("INSERT INTO users (email) VALUES ('x')")
            connection.execute("INSERT INTO visits VALUES ('x', 1)")
            connection.commit()
        connection.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        files = [shop.backup() for _ in range(3)]
    finally:
        stop.set()
        writer.join()
    assert len(set(files)) == 3
    for file in files:
        copy = sqlite3.connect(file)
        ((users, visits),) = copy.execute(
            "SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM visits)"
        )
        copy.close()
        assert users - PEOPLE == visits - 100


def test_a_backup_overwrites_nothing(shop: Shop) -> None:
    (shop.folder / "kept.db").write_text("mine")
    assert "never overwrites" in shop.json("backup", "app.db", "--to", "kept.db", code=2)["error"]
    assert (shop.folder / "kept.db").read_text() == "mine"
    (shop.folder / "new.db.manifest.json").write_text("mine")
    shop.json("backup", "app.db", "--to", "new.db", code=2)
    assert not (shop.folder / "new.db").exists()


def test_a_name_that_is_taken_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "temporary").write_text("new")
    (tmp_path / "final").write_text("old")
    with pytest.raises(FileExistsError):
        durable.publish(tmp_path / "temporary", tmp_path / "final")
    assert (tmp_path / "final").read_text() == "old"


def test_a_damaged_database_gives_no_backup(shop: Shop) -> None:
    root = shop.rows("SELECT rootpage FROM sqlite_master WHERE name = 'users'")[0][0]
    shop.execute("PRAGMA journal_mode = DELETE")
    with shop.path.open("r+b") as stream:
        stream.seek((root - 1) * 4096)
        stream.write(os.urandom(4096))
    assert "damaged" in shop.json("backup", "app.db", code=1)["error"]
    assert shop.names("app.db.bak*") == []


def test_keep_removes_only_what_verified_newer_backups_replace(shop: Shop) -> None:
    (shop.folder / "app.db.bak_by_hand").write_text("not ours")
    oldest, second, third = (shop.backup() for _ in range(3))
    Path(third).write_bytes(b"damaged on the disk")
    answer = shop.json("backup", "app.db", "--keep", "2")
    # Of the three newer ones only two are what their manifests say.
    assert answer["removed"] == [oldest]
    assert not Path(oldest).exists()
    assert not path_of(Path(oldest)).exists()
    assert Path(second).exists()
    assert Path(third).exists()
    assert (shop.folder / "app.db.bak_by_hand").exists()


def test_nothing_is_removed_where_the_new_backup_cannot_be_read_again(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    oldest = shop.backup()

    def differs(*_: object) -> None:
        raise LossError("the SHA-256 differs")

    monkeypatch.setattr(manifest, "check", differs)
    assert shop.run("backup", "app.db", "--keep", "1")[0] == 1
    assert Path(oldest).exists()


def test_the_log_ignores_itself(shop: Shop) -> None:
    shop.backup()
    assert (shop.folder / ".dbguard" / ".gitignore").read_text() == "*\n"
    assert shop.steps()[-1] == "backup is there"


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_openers_leave_out_this_process(tmp_path: Path) -> None:
    file = tmp_path / "x"
    with file.open("w"):
        found = openers((file,))
        assert found is not None
        assert found.found == ()
