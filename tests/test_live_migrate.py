"""``dbguard migrate`` on SQLite databases: the new one, or the old one and why."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import AbstractContextManager, closing
from pathlib import Path
from threading import Event, Thread
from time import monotonic

import pytest

from dbguard.live.script import Script, ScriptError
from dbguard.live.sqlite import comparing, copying, migrating, replacing
from dbguard.live.sqlite.connection import opened_backup
from dbguard.live.sqlite.copying import Snapshot
from tests.live_databases import PEOPLE, Shop
from tests.test_live_verify import REBUILD

ADD = "ALTER TABLE users ADD COLUMN name TEXT;"
PYTHON = """\
import os, sqlite3, sys
assert sys.argv[1] == os.environ["DBGUARD_DATABASE"]
assert os.environ["DATABASE_URL"] == "sqlite:///" + sys.argv[1]
print("talkative")
connection = sqlite3.connect(sys.argv[1])
connection.execute("ALTER TABLE users ADD COLUMN name TEXT")
connection.execute("UPDATE users SET name = email")
connection.commit()
"""


def columns(shop: Shop) -> list[str]:
    return [row[1] for row in shop.rows("PRAGMA table_info(users)")]


@pytest.mark.parametrize(
    "writing", [ADD, "BEGIN; " + ADD + " COMMIT;", PYTHON], ids=("sql", "own transaction", "py")
)
def test_a_migration_takes_every_step(shop: Shop, writing: str) -> None:
    mode = shop.rows("PRAGMA journal_mode")
    script = shop.script(writing, "change.py" if writing == PYTHON else "change.sql")
    done = shop.json("migrate", "app.db", script)
    assert done["outcome"] == "applied"
    assert columns(shop)[-1] == "name"
    assert shop.rows("SELECT count(*) FROM users") == [(PEOPLE,)]
    assert shop.rows("PRAGMA journal_mode") == mode
    assert shop.rows("PRAGMA integrity_check") == [("ok",)]
    backup = sqlite3.connect(done["backup"]["file"])
    assert "name" not in [row[1] for row in backup.execute("PRAGMA table_info(users)")]
    backup.close()
    assert shop.steps() == [
        "inspect", "begin", "back up", "write the manifest", "name the backup", "backup is there",
        "rehearse", "compare", "apply", "verify", "applied",
    ]  # fmt: skip
    assert [path.name for path in (shop.folder / ".dbguard").iterdir() if path.is_dir()] == []


def test_writers_are_kept_out_until_the_content_is_replaced(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    def opened(path: Path) -> AbstractContextManager[sqlite3.Connection]:
        writer = sqlite3.connect(shop.path, timeout=0, isolation_level=None)
        with closing(writer), pytest.raises(sqlite3.OperationalError, match="locked"):
            writer.execute("BEGIN IMMEDIATE")
        tried.append(path)
        return opened_backup(path)

    monkeypatch.setattr(replacing, "opened_backup", opened)
    # A script in Python finds the database locked from the beginning.
    done = shop.json("migrate", "app.db", shop.script(PYTHON, "change.py"))
    assert done["outcome"] == "applied"
    assert len(tried) == 1


def test_a_lock_that_is_free_for_a_moment_only_is_had(shop: Shop) -> None:
    def write() -> None:
        with closing(sqlite3.connect(shop.path, timeout=30, isolation_level=None)) as writer:
            while not had.is_set():
                writer.execute("BEGIN IMMEDIATE")
                had.wait(0.3)
                writer.execute("COMMIT")
                had.wait(0.012)

    had = Event()
    writing = Thread(target=write)
    with closing(sqlite3.connect(shop.path, isolation_level=None)) as connection:
        writing.start()
        started = monotonic()
        for _ in range(3):
            copying._begin_writing(connection)
            connection.execute("ROLLBACK")
        taken = monotonic() - started
        had.set()
        writing.join()
        assert connection.execute("PRAGMA busy_timeout").fetchone() == (30_000,)
    assert taken < 15


def test_a_dry_run_stops_after_the_rehearsal(shop: Shop) -> None:
    before = shop.path.read_bytes()
    done = shop.json("migrate", "app.db", shop.script(ADD), "--dry-run")
    assert done["outcome"] == "rehearsed"
    assert [each["name"] for each in done["comparison"]["schema"]] == ["users.name"]
    assert shop.path.read_bytes() == before
    assert Path(done["backup"]["file"]).exists()


def test_a_rebuild_with_foreign_keys_off(shop: Shop) -> None:
    text = ";\n".join(("PRAGMA foreign_keys = OFF", "PRAGMA legacy_alter_table = ON", "BEGIN",
                       *REBUILD, "COMMIT;"))  # fmt: skip
    done = shop.json("migrate", "app.db", shop.script(text))
    assert done["outcome"] == "applied"
    assert columns(shop)[-1] == "name"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("DELETE FROM users WHERE id = 3;", "1 of 50 rows of users are missing"),
        (ADD + " UPDATE users SET email = 'x' WHERE id > 48;", "2 rows of users changed: email (2)"),
        ("ALTER TABLE nowhere ADD COLUMN x;", "the script failed: no such table: nowhere"),
        (ADD + " SELEC 1;", 'the script failed: near "SELEC": syntax error'),
        ("BEGIN; " + ADD, "the script failed: it ends inside of a transaction: a COMMIT is missing"),
        ("ATTACH 'app.db' AS other;", "the script failed: not authorized"),
        ("ATTACH 'ap' || 'p.db' AS other;", "the script failed: not authorized"),
        ("INSERT INTO orders VALUES ('x', 4711, 1);",
         "a foreign key is broken: 1 rows of orders refer to rows of users that do not exist"),
        ("DROP INDEX users_email;", "index users_email is lost: no other has its columns"),
    ],
)  # fmt: skip
def test_a_rehearsal_that_fails_leaves_the_database_alone(
    shop: Shop, text: str, reason: str
) -> None:
    before = shop.path.read_bytes()
    done = shop.json("migrate", "app.db", shop.script(text), code=1)
    assert done["outcome"] == "refused"
    assert reason in done["reasons"]
    assert shop.path.read_bytes() == before


def test_what_is_accepted_may_be_lost(shop: Shop) -> None:
    script = shop.script("DROP INDEX users_email;")
    assert shop.run("migrate", "app.db", script, "--accept", "users_email")[0] == 0
    assert shop.rows("SELECT 1 FROM sqlite_master WHERE name = 'users_email'") == []


def test_errors_of_the_scan_stop_it_before_anything_is_done(shop: Shop) -> None:
    script = shop.script("DELETE FROM users;")
    code, out, err = shop.run("migrate", "app.db", script, "--json")
    assert code == 1
    assert "delete-without-where" in err
    assert "nothing was done" in out
    assert shop.names(".dbguard*") == shop.names("app.db.bak*") == []


def test_a_python_script_that_names_the_database_itself_meets_a_lock(shop: Shop) -> None:
    text = PYTHON.replace("sqlite3.connect(sys.argv[1])", "sqlite3.connect('app.db', timeout=0)")
    done = shop.json("migrate", "app.db", shop.script(text, "change.py"), code=1)
    assert done["outcome"] == "refused"
    assert "name" not in columns(shop)


def test_a_python_script_that_does_nothing_is_refused(shop: Shop) -> None:
    done = shop.json("migrate", "app.db", shop.script("print('hello')\n", "change.py"), code=1)
    assert "changed nothing" in done["reasons"][0]


def test_writers_in_between_are_not_lost(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    original = migrating._Work._rehearsed
    attempts = []

    def rehearsed(work: object, *arguments: object) -> object:
        attempts.append(shop.names("app.db.bak*"))
        if len(attempts) == 1:
            other = "INSERT INTO users (email) VALUES ('meanwhile')"
            subprocess.run([sys.executable, "-c", f"import sqlite3; c = sqlite3.connect('app.db');"
                            f"c.execute({other!r}); c.commit()"], check=True)  # fmt: skip
        return original(work, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(migrating._Work, "_rehearsed", rehearsed)
    done = shop.json("migrate", "app.db", shop.script(ADD))
    assert done["outcome"] == "applied"
    assert len(attempts) == 2
    assert shop.rows("SELECT count(*) FROM users WHERE email = 'meanwhile'") == [(1,)]
    # The backup is that of the state before, with the row; the one of the first attempt is gone.
    assert len(shop.names("app.db.bak*Z*")) == 2
    backup = sqlite3.connect(done["backup"]["file"])
    assert backup.execute("SELECT count(*) FROM users").fetchone() == (PEOPLE + 1,)
    backup.close()


def test_a_writer_that_is_always_quicker_ends_it(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Snapshot, "is_current", lambda _: False)
    before = shop.path.read_bytes()
    error = shop.json("migrate", "app.db", shop.script(ADD), code=3)["error"]
    assert "nothing was applied" in error
    assert shop.rows("SELECT count(*) FROM users") == [(PEOPLE,)]
    assert "name" not in columns(shop)
    if shop.rows("PRAGMA journal_mode") == [("delete",)]:
        assert shop.path.read_bytes() == before


def test_a_database_that_is_not_right_afterwards_is_put_back(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = comparing.compare_with

    def wrong(connection: sqlite3.Connection, *arguments: object, **named: object) -> object:
        if connection.execute("PRAGMA database_list").fetchone()[2] == str(shop.path.resolve()):
            connection.execute("DELETE FROM users WHERE id = 1")
        return original(connection, *arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(comparing, "compare_with", wrong)
    done = shop.json("migrate", "app.db", shop.script(ADD), code=1)
    assert done["outcome"] == "restored"
    assert done["reasons"] == ["1 of 50 rows of users are missing"]
    assert "name" not in columns(shop)
    assert shop.rows("SELECT count(*) FROM users") == [(PEOPLE,)]


def test_a_script_that_changes_while_it_is_rehearsed_is_not_run(shop: Shop) -> None:
    text = PYTHON + "open(__file__, 'a').write('#')\n"
    assert shop.run("migrate", "app.db", shop.script(text, "change.py"))[0] == 0
    script = Script(shop.folder / "change.py", "other text")
    with pytest.raises(ScriptError, match="changed while"):
        migrating.run(script, shop.path)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("app.db", "gone.sql"), "does not exist"),
        (("gone.db", "change.sql"), "does not exist"),
        (("app.db", "change.txt"), "was not scanned"),
        (("app.db", "change.sql", "--to", "nowhere"), "no such folder"),
        (("app.db", "change.sql", "--renamed", "x"), "write OLD=NEW"),
    ],
)
def test_wrong_usage(shop: Shop, arguments: tuple[str, ...], words: str) -> None:
    shop.script(ADD)
    shop.script(ADD, "change.txt")
    code, _, err = shop.run("migrate", *arguments)
    assert code == 2
    assert words in err
