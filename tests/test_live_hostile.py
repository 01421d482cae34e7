"""The commands on databases that are odd, broken, tampered with or in use, and JSON in each case."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from dbguard import durable
from dbguard.live.sqlite import inspecting
from tests.live_databases import PEOPLE, Shop, make_shop

NAMES = [
    "it's.db",
    'a "b".db',
    "two\nlines.db",
    "-rf.db",
    "a;b.db",
    "100%?#&.db",
    "Ä é.db",
    "file:x.db",
]


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


@pytest.mark.skipif(os.name != "posix", reason="names that other systems do not have")
@pytest.mark.parametrize(
    "name",
    [
        'it\'s; "b"\n.db',
        os.fsdecode(b"caf\xe9.db"),
        *(pytest.param(name, marks=pytest.mark.slow) for name in NAMES),
    ],
    ids=repr,
)
def test_names_of_files(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    make_shop(tmp_path / name)
    shop = Shop(tmp_path / name, capsys)
    shop.script("ALTER TABLE users ADD COLUMN name TEXT;")
    shown = f"./{name}"
    assert shop.json("inspect", shown)["integrity"]["ok"]
    file = shop.json("backup", shown)["file"]
    assert shop.json("migrate", shown, "change.sql")["outcome"] == "applied"
    assert shop.json("verify", shown, "--against", file)["losses"] == []
    shop.execute("DELETE FROM users")
    assert shop.json("restore", file, shown)["kept"]
    assert shop.rows("SELECT count(*) FROM users") == [(PEOPLE,)]
    assert sorted(tmp_path.glob(".*.partial*")) == []


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _text(path: Path) -> None:
    path.write_text("no database\n" * 500)


def _encrypted(path: Path) -> None:
    path.write_bytes(os.urandom(8192))


def _folder(path: Path) -> None:
    path.mkdir()


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _dangling(path: Path) -> None:
    path.symlink_to("nowhere")


def _header_only(path: Path) -> None:
    path.write_bytes(b"SQLite format 3\0" + bytes(84))


def _missing(path: Path) -> None:
    assert not path.exists()


@pytest.mark.skipif(os.name != "posix", reason="makes special files")
@pytest.mark.parametrize(
    "make", [_empty, _text, _encrypted, _folder, _fifo, _dangling, _header_only, _missing]
)
def test_what_is_no_database_is_refused_by_every_command(
    make: Callable[[Path], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    make_shop(tmp_path / "app.db")
    shop = Shop(tmp_path / "app.db", capsys)
    shop.script("ALTER TABLE users ADD COLUMN name TEXT;")
    make(tmp_path / "odd")
    for arguments in (
        ("inspect", "odd"),
        ("backup", "odd"),
        ("migrate", "odd", "change.sql"),
        ("verify", "odd", "--against", "app.db"),
        ("verify", "app.db", "--against", "odd"),
        ("restore", "odd", "app.db"),
    ):
        code, out, _ = shop.run(*arguments, "--json")
        document = json.loads(out)
        assert document["exit"] == code
        assert code in (1, 2, 3), (arguments, out)
    assert shop.names("odd.*") == []
    assert shop.names("app.db.*") == []
    assert shop.rows("SELECT count(*) FROM users") == [(PEOPLE,)]


def test_links_lead_to_the_database_and_stay_links(shop: Shop) -> None:
    (shop.folder / "elsewhere").mkdir()
    (shop.folder / "link.db").symlink_to(shop.path)
    file = shop.json("backup", "link.db", "--to", "elsewhere/")["file"]
    shop.execute("DELETE FROM users")
    shop.json("restore", file, "link.db")
    assert (shop.folder / "link.db").is_symlink()
    assert shop.rows("SELECT count(*) FROM users") == [(PEOPLE,)]


@pytest.mark.skipif(os.name != "posix", reason="RLIMIT_FSIZE stands for a full disk")
@pytest.mark.parametrize(
    "arguments",
    [("backup", "app.db"), ("migrate", "app.db", "change.sql"), ("restore", "good.db", "app.db")],
    ids=lambda arguments: arguments[0],
)
def test_a_full_disk_leaves_the_database_and_no_half_backup(
    shop: Shop, arguments: tuple[str, ...]
) -> None:
    shop.script("ALTER TABLE users ADD COLUMN name TEXT;")
    shop.json("backup", "app.db", "--to", "good.db")
    before = shop.rows("SELECT * FROM users")
    limited = (
        "import resource, signal, sys; from dbguard.cli import main;"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000)); sys.exit(main(sys.argv[1:]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", limited, *arguments, "--json"],
        env=_environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 3, done.stderr
    assert json.loads(done.stdout)["exit"] == 3
    assert shop.rows("SELECT * FROM users") == before
    assert shop.names("app.db.bak*") == []
    assert shop.names("app.db.damaged*") == []
    assert sorted(shop.folder.glob(".*.partial*")) == []


ODD = '''\
CREATE TABLE "select" ("from" INTEGER PRIMARY KEY, "where ""x""" TEXT, "a;b" BLOB);
INSERT INTO "select" VALUES (1, 'a' || char(0) || 'b', x'00ff00'), (2, x'fffe', NULL);
CREATE TABLE pairs (a TEXT, b INTEGER, v, PRIMARY KEY (a, b)) WITHOUT ROWID;
INSERT INTO pairs VALUES ('x', 1, 9e999), ('x', 2, -9e999), ('y', 1, 0.1), ('z', 1, '0.1');
CREATE TABLE made (n INTEGER, twice INTEGER AS (n * 2) STORED, thrice AS (n * 3));
INSERT INTO made (n) VALUES (1), (2), (NULL);
CREATE VIRTUAL TABLE notes USING fts5 (title, body);
INSERT INTO notes VALUES ('one', 'first'), ('two', 'second');
CREATE TABLE child (id INTEGER PRIMARY KEY, parent REFERENCES "select" ("from"));
INSERT INTO child VALUES (1, 1), (2, 77);
CREATE TABLE nulls (k TEXT PRIMARY KEY, v);
INSERT INTO nulls VALUES (NULL, 1), (NULL, 2), ('a', NULL);
CREATE VIEW seen AS SELECT "from" FROM "select";
CREATE TRIGGER "on;it" AFTER DELETE ON pairs BEGIN INSERT INTO nulls VALUES ('gone', 1); END;
'''


@pytest.fixture
def odd(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shop:
    monkeypatch.chdir(tmp_path)
    connection = sqlite3.connect("app.db")
    connection.executescript(ODD)
    connection.close()
    return Shop(tmp_path / "app.db", capsys)


@pytest.mark.parametrize(
    ("change", "lost"),
    [
        (
            '''UPDATE "select" SET "where ""x""" = 'a' || char(0) || 'c' WHERE "from" = 1''',
            "select",
        ),
        ('''UPDATE "select" SET "where ""x""" = 'a' WHERE "from" = 1''', "select"),
        ("""UPDATE "select" SET "a;b" = x'00ff' WHERE "from" = 1""", "select"),
        ("UPDATE pairs SET v = 9e999 WHERE b = 2", "pairs"),
        ("UPDATE pairs SET v = '0.1' WHERE a = 'y'", "pairs"),
        ("UPDATE made SET n = 3 WHERE n = 2", "made"),
        ("UPDATE notes SET body = 'other' WHERE title = 'one'", "notes"),
        ("UPDATE nulls SET v = 3 WHERE v = 2", "nulls"),
        ("UPDATE child SET parent = 1 WHERE id = 2", "child"),
    ],
)
def test_odd_tables_are_compared(odd: Shop, change: str, lost: str) -> None:
    file = odd.json("backup", "app.db")["file"]
    odd.execute('ALTER TABLE "select" ADD COLUMN more', "VACUUM")
    assert odd.json("verify", "app.db", "--against", file)["losses"] == []
    odd.execute(change)
    losses = odd.json("verify", "app.db", "--against", file, code=1)["losses"]
    assert len(losses) == 1
    assert f" of {lost} " in losses[0]


def test_keys_that_were_broken_before_do_not_stop_a_migration(odd: Shop) -> None:
    odd.script("ALTER TABLE child ADD COLUMN note TEXT;")
    done = odd.json("migrate", "app.db", "change.sql", code=1)
    # The database is reported as it is: its owner decides.
    assert "refer to rows" in " ".join(done["reasons"])
    odd.execute("DELETE FROM child WHERE id = 2")
    assert odd.json("migrate", "app.db", "change.sql")["outcome"] == "applied"


@pytest.mark.slow
def test_a_thousand_tables(odd: Shop) -> None:
    connection = sqlite3.connect("app.db")
    connection.executescript(
        "BEGIN;"
        + "".join(f"CREATE TABLE t{n} (x); INSERT INTO t{n} VALUES ({n});" for n in range(1000))
        + "COMMIT;"
    )
    connection.close()
    file = odd.json("backup", "app.db")["file"]
    odd.execute("DELETE FROM t777")
    losses = odd.json("verify", "app.db", "--against", file, code=1)["losses"]
    assert losses == ["1 of 1 rows of t777 are missing"]


@pytest.mark.parametrize("change", ["cut", "byte", "manifest", "no JSON"])
@pytest.mark.parametrize("command", ["verify", "restore"])
def test_a_backup_that_was_tampered_with(shop: Shop, command: str, change: str) -> None:
    file = Path(shop.backup())
    described = file.with_name(file.name + ".manifest.json")
    if change == "cut":
        os.truncate(file, file.stat().st_size // 2)
    elif change == "byte":
        with file.open("r+b") as stream:
            stream.seek(-9, os.SEEK_END)
            stream.write(b"?")
    elif change == "manifest":
        described.write_text(described.read_text().replace('"sha256": "', '"sha256": "0'))
    else:
        described.write_text('{"version": 1, "tables": 7')
    before = shop.path.read_bytes()
    arguments = ("app.db", "--against", str(file)) if command == "verify" else (str(file), "app.db")
    shop.json(command, *arguments, code=3 if change == "no JSON" else 1)
    assert shop.path.read_bytes() == before
    assert shop.names("app.db.damaged*") == []


def test_two_backups_at_once_both_come_to_be(shop: Shop) -> None:
    command = [sys.executable, "-m", "dbguard", "backup", "app.db", "--json"]
    running = [
        subprocess.Popen(command, env=_environment(), stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    codes = []
    for process in running:
        out, _ = process.communicate()
        assert json.loads(out)["exit"] == process.returncode
        codes.append(process.returncode)
    # Of one second, one may take the name just before the other: refused, nothing overwritten.
    assert sorted(codes) in ([0, 0], [0, 2])
    for path in shop.folder.glob("app.db.bak_*"):
        if not path.name.endswith(".json"):
            shop.json("verify", "app.db", "--against", str(path))
    assert sorted(shop.folder.glob(".*.partial*")) == []


def test_an_interrupt_is_told_as_json(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(inspecting, "problems", interrupted)
    assert shop.json("inspect", "app.db", code=130)["error"] == "interrupted"


def test_an_internal_error_is_told_as_json(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(inspecting, "problems", wrong)
    assert shop.json("inspect", "app.db", code=4)["error"] == "internal error"


@pytest.mark.parametrize(
    "arguments",
    [
        ("verify", "app.db", "--against", "app.db", "--renamed", "nonsense"),
        ("migrate", "app.db", "nowhere.sql"),
        ("migrate", "app.db", "app.db"),
        ("migrate", "app.db", "x.sql", "--to", "nowhere"),
        ("backup", "app.db", "--to", "nowhere/file"),
        ("inspect", "env:NOT_THERE_AT_ALL"),
    ],
    ids=" ".join,
)
def test_wrong_usage_is_told_as_json(shop: Shop, arguments: tuple[str, ...]) -> None:
    assert shop.json(*arguments, code=2)["error"]


def test_partial_files_of_killed_runs_are_cleared(shop: Shop) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        pass
    dead, young, alive = (
        shop.folder / f".app.db.bak_1.{number}-0123abcd.partial"
        for number in (gone.pid, gone.pid, os.getpid())
    )
    young = young.with_name(young.name.replace("bak_1", "bak_2"))
    foreign = shop.folder / ".my.partial"
    for path in (dead, young, alive, foreign):
        path.write_text("x")
        if path != young:
            os.utime(path, (time.time() - 7200,) * 2)
    shop.backup()
    assert [path.exists() for path in (dead, young, alive, foreign)] == [False, True, True, True]
    assert "removed what a killed run left" in shop.steps()
    assert durable.is_running(os.getpid())


_KILLED = """\
import os, signal, sys
from dbguard.cli import main
from dbguard.live.journal import Journal

def die():
    os.kill(os.getpid(), signal.SIGKILL)

def step(self, name, original=Journal.step, **details):
    original(self, name, **details)
    if name == sys.argv[1]:
        die()

def replaced(source, target, original=os.replace):
    if sys.argv[1] == "before the swap":
        die()
    original(source, target)
    if sys.argv[1] == "after the swap":
        die()

Journal.step = step
os.replace = replaced
sys.exit(main(["restore", "good.db", "app.db"]))
"""
STEPS = ["check the backup", "copy the backup", "keep the damaged database",
         "put the backup in its place", "before the swap", "after the swap", "verify", "restored"]  # fmt: skip
_CRASHED = """\
import os, sqlite3
c = sqlite3.connect("app.db")
c.execute("PRAGMA wal_autocheckpoint = 0")
c.execute("DELETE FROM users WHERE id > 10")
c.commit()
os._exit(0)
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
@pytest.mark.parametrize("at", [pytest.param(s, marks=pytest.mark.slow) if s not in
    ("put the backup in its place", "before the swap", "after the swap") else s for s in STEPS])  # fmt: skip
def test_a_restore_that_is_killed(shop: Shop, at: str) -> None:
    shop.json("backup", "app.db", "--to", "good.db")
    # With a write-ahead log, what is damaged stands in the log only.
    subprocess.run([sys.executable, "-c", _CRASHED], check=True)
    done = subprocess.run(
        [sys.executable, "-c", _KILLED, at], env=_environment(), capture_output=True, check=False
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    is_new = STEPS.index(at) >= STEPS.index("after the swap")
    if STEPS.index(at) >= STEPS.index("put the backup in its place"):
        (kept,) = [path for path in shop.folder.glob("app.db.damaged_*") if not path.name.endswith(("-wal", "-shm"))]  # fmt: skip
        damaged = sqlite3.connect(kept)
        assert damaged.execute("SELECT count(*) FROM users").fetchone() == (10,)
        damaged.close()
    assert shop.rows("PRAGMA integrity_check") == [("ok",)]
    assert shop.rows("SELECT count(*) FROM users") == [(PEOPLE if is_new else 10,)]
    shop.json("restore", "good.db", "app.db")
    assert shop.rows("SELECT count(*) FROM users") == [(PEOPLE,)]
