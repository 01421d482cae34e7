"""What the commands say where they fail: about the right file, and what can be done."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from dbguard.live.failures import in_words
from dbguard.live.sqlite import connection
from tests.live_databases import Shop
from tests.test_live_migrate import ADD


def test_a_database_that_is_locked_is_named_and_not_its_backup(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = shop.backup()
    shop.execute("PRAGMA journal_mode = DELETE")
    monkeypatch.setattr(connection, "PATIENCE", 0.05)
    with closing(sqlite3.connect(shop.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        for command in (("verify", "app.db", "--against", file), ("inspect", "app.db")):
            told = shop.json(*command, code=3)
            assert told["error"] == f"{shop.path}: database is locked"


@pytest.mark.skipif(os.name != "posix", reason="hard links")
@pytest.mark.parametrize("name", ["app.db", "link.db", "hard.db"])
def test_a_database_is_no_backup_of_itself(shop: Shop, name: str) -> None:
    (shop.folder / "link.db").symlink_to("app.db")
    (shop.folder / "hard.db").hardlink_to(shop.path)
    for command in (("verify", "app.db", "--against", name), ("restore", name, "app.db")):
        told = shop.json(*command, code=2)
        assert told["error"] == "the backup and the database are the same file"


@pytest.mark.skipif(os.name != "posix", reason="hard links")
def test_who_uses_the_damaged_database_by_another_name_is_told(shop: Shop) -> None:
    file = shop.backup()
    assert shop.json("restore", file, "app.db")["notes"] == shop.json(
        "restore", file, "app.db"
    )["notes"]  # fmt: skip
    (shop.folder / "hard.db").hardlink_to(shop.path)
    notes = shop.json("restore", file, "app.db")["notes"]
    assert any("1 more hard link:" in note for note in notes)


def test_a_disk_that_is_full_is_that_of_the_copy(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(source: Path, target: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(source), None, str(target))

    monkeypatch.setattr(shutil, "copyfile", full)
    told = shop.json("migrate", "app.db", shop.script(ADD), code=3)
    assert told["error"].endswith("app.db: No space left on device")
    assert ".dbguard/rehearsal-" in told["error"].replace(os.sep, "/")


def test_errors_without_a_file() -> None:
    assert in_words(OSError(5, "Input/output error")) == "Input/output error"
    assert in_words(OSError("odd")) == "odd"
    assert in_words(OSError(2, "gone", 7)) == "gone"
    assert in_words(OSError(2, "gone", b"\xff.db")) == f"{os.fsdecode(bytes([255]))}.db: gone"


def test_a_folder_that_sqlite_cannot_write_is_told_where_that_is_why(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = sqlite3.OperationalError("unable to open database file")
    assert connection.in_words(shop.path, error) == f"{shop.path}: {error}"
    is_wal = shop.rows("PRAGMA journal_mode") == [("wal",)]
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert ("write-ahead log" in connection.in_words(shop.path, error)) == is_wal
    other = sqlite3.OperationalError("disk I/O error")
    assert connection.in_words(shop.path, other) == f"{shop.path}: disk I/O error"
