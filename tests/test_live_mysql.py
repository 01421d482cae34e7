"""The protocol's commands on a real MariaDB server."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dbguard.cli import main
from dbguard.live.mysql import migrating
from dbguard.live.scratch import SCRATCH
from tests.server_shop import ServerShop
from tests.servers import PASSWORD, Running, mariadb

SHOP = """\
CREATE TABLE users (id INT AUTO_INCREMENT PRIMARY KEY, email VARCHAR(100) NOT NULL, age INT,
  created_at DATETIME DEFAULT '2026-01-01 00:00:00', weight FLOAT, KEY users_email (email));
INSERT INTO users (email, age, weight) SELECT concat('u', seq), seq, seq / 3 FROM (WITH RECURSIVE counted (seq) AS (SELECT 1 UNION ALL SELECT seq + 1 FROM counted WHERE seq < 50)
    SELECT seq FROM counted) AS counted;
CREATE TABLE visits (page VARCHAR(20), note TEXT);
INSERT INTO visits SELECT concat('/', seq MOD 7), 'tab\\tline\\nend' FROM (WITH RECURSIVE counted (seq) AS (SELECT 1 UNION ALL SELECT seq + 1 FROM counted WHERE seq < 100)
    SELECT seq FROM counted) AS counted;
CREATE TABLE `Odd ``Name` (k VARCHAR(9) COLLATE utf8mb4_bin PRIMARY KEY, v VARBINARY(9));
INSERT INTO `Odd ``Name` VALUES ('b', x'00ff'), ('a', NULL), ('Ä', '');
CREATE VIEW adults AS SELECT id FROM users WHERE age >= 18;
CREATE TRIGGER lowered BEFORE INSERT ON users FOR EACH ROW SET NEW.email = lower(NEW.email);
"""
ADD = "ALTER TABLE users ADD COLUMN name TEXT;"


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with mariadb() as running:
        yield running


@pytest.fixture
def shop(
    server: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[ServerShop]:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("URL", server.url("shop"))
    server.execute("CREATE DATABASE shop CHARACTER SET utf8mb4", "mysql")
    server.execute(SHOP, "shop")
    made = ServerShop(server, tmp_path, capsys)
    yield made
    databases = server.execute("SHOW DATABASES", "mysql")
    server.execute("DROP DATABASE shop", "mysql")
    assert SCRATCH not in databases
    made.assert_password_in_no_file()


def test_inspect(shop: ServerShop) -> None:
    found = shop.json("inspect", "env:URL")
    assert [(t["name"], t["rows"]) for t in found["tables"]] == [
        ("users", 50), ("visits", 100), ("Odd `Name", 3),
    ]  # fmt: skip
    assert found["tables"][0]["newest"] == "2026-01-01 00:00:00"
    assert found["integrity"]["ok"]


def test_backup_and_verify(shop: ServerShop) -> None:
    answer = shop.json("backup", "env:URL")
    rows = {t["name"]: t["rows"] for t in answer["manifest"]["tables"]}
    assert rows == {"users": 50, "visits": 100, "Odd `Name": 3}
    shop.sql(ADD + "INSERT INTO users (email) VALUES ('new')")
    found = shop.json("verify", "env:URL", "--against", answer["file"])
    assert found["losses"] == []
    assert {t["compared_by"] for t in found["tables"]} == {"key", "content"}


@pytest.mark.parametrize(
    ("change", "loss"),
    [
        ("DELETE FROM users WHERE id = 7", "1 of 50 rows of users are missing"),
        ("UPDATE users SET email = 'x' WHERE id IN (1, 2)", "2 rows of users changed: email (2)"),
        ("UPDATE users SET email = upper(email) WHERE id = 1", "1 rows of users changed: email (1)"),
        ("UPDATE users SET weight = weight + 1 WHERE id = 1",
         "1 rows of users changed: weight (1)"),
        ("UPDATE `Odd ``Name` SET v = '' WHERE k = 'a'", "1 rows of Odd `Name changed: v (1)"),
        ("DELETE FROM visits LIMIT 1", "1 of 100 rows of visits are missing"),
        ("DROP TABLE visits", "table visits is lost: 100 rows"),
        ("DROP TRIGGER lowered",
         "trigger lowered is lost: the database has no such trigger any more"),
    ],
)  # fmt: skip
def test_every_loss_is_found(shop: ServerShop, change: str, loss: str) -> None:
    file = shop.backup()
    shop.sql(change)
    assert shop.json("verify", "env:URL", "--against", file, code=1)["losses"] == [loss]


def test_a_migration_is_applied(shop: ServerShop) -> None:
    done = shop.json("migrate", "env:URL", shop.script(ADD))
    assert done["outcome"] == "applied"
    assert shop.sql("SELECT count(name), count(*) FROM users").split() == ["0", "50"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (ADD + "DELETE FROM users WHERE id = 3;", "1 of 50 rows of users are missing"),
        (ADD + "SELECT nonsense;", "nonsense"),
    ],
)
def test_a_rehearsal_that_fails_leaves_the_database_alone(
    shop: ServerShop, text: str, reason: str
) -> None:
    done = shop.json("migrate", "env:URL", shop.script(text), code=1)
    assert done["outcome"] == "refused"
    assert reason in " ".join(done["reasons"])
    assert "name" not in shop.sql("SHOW COLUMNS FROM users")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("USE mysql;\n" + ADD, "leaves its database"),
        ("SELECT 1; USE mysql; " + ADD, "leaves its database"),
        ("/* as dumped */ USE `shop`;\n" + ADD, "leaves its database"),
        ("USE`mysql`;\n" + ADD, "leaves its database"),
        ("SELECT 1; \\! touch reached\n", "line 1: \\! runs a command of the shell"),
        ("SELECT 1;\nsystem touch reached\n", "line 2: SYSTEM runs a command of the shell"),
        ("tee reached\n" + ADD, "line 1: TEE writes into a file"),
        ("SET GLOBAL max_connections = 100;", "line 1: SET GLOBAL acts on the whole server"),
        ("ALTER TABLE shop.users ADD COLUMN x int;", "names the database shop"),
        ("ALTER TABLE `shop` . `users` ADD COLUMN x int;", "names the database shop"),
        ("DELETE FROM mysql.db WHERE user = 'x';", "names the database mysql"),
    ],
)
@pytest.mark.parametrize("options", [(), ("--dry-run",)])
def test_a_script_that_leaves_its_database_is_refused(
    shop: ServerShop, text: str, why: str, options: tuple[str, ...]
) -> None:
    done = shop.json("migrate", "env:URL", shop.script(text), *options, code=2)
    assert why in done["error"]
    assert not list(shop.folder.glob("*reached*"))
    assert list(shop.folder.glob("*.sql")) == [shop.folder / "change.sql"]  # not even a backup
    assert "x" not in shop.sql("SHOW COLUMNS FROM users").split()


def test_what_fails_on_the_database_itself_is_put_back(
    shop: ServerShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = migrating._Work.changed

    def changed(work: Any, database: str, *arguments: Any) -> Any:
        if database == "shop":
            shop.sql("DELETE FROM users WHERE id = 1")
        return original(work, database, *arguments)

    monkeypatch.setattr(migrating._Work, "changed", changed)
    done = shop.json("migrate", "env:URL", shop.script(ADD), code=1)
    assert done["outcome"] == "restored"
    assert shop.sql("SELECT count(*) FROM users") == "50"
    assert "name" not in shop.sql("SHOW COLUMNS FROM users")


def test_what_others_write_after_the_backup_is_not_undone(
    shop: ServerShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = migrating._Work.changed

    def changed(work: Any, database: str, *arguments: Any) -> Any:
        if database != "shop":  # somebody writes while it rehearses
            shop.sql("UPDATE users SET age = 99 WHERE id = 1")
        return original(work, database, *arguments)

    monkeypatch.setattr(migrating._Work, "changed", changed)
    done = shop.json("migrate", "env:URL", shop.script(ADD), code=2)
    assert "was written to since the backup" in done["error"]
    assert shop.sql("SELECT age FROM users WHERE id = 1") == "99"
    assert "name" not in shop.sql("SHOW COLUMNS FROM users")


def test_a_migration_refuses_while_somebody_is_connected(shop: ServerShop) -> None:
    with shop.somebody_connected("--unbuffered"):
        done = shop.json("migrate", "env:URL", shop.script(ADD), code=2)
        assert "in use by root" in done["error"]
    assert "name" not in shop.sql("SHOW COLUMNS FROM users")


def test_restore_keeps_the_damaged_database(shop: ServerShop) -> None:
    file = shop.backup()
    shop.sql("DELETE FROM users WHERE id > 10; INSERT INTO visits VALUES ('late', 'x');"
             "CREATE TABLE later (x INT)")  # fmt: skip
    done = shop.json("restore", file, "env:URL")
    assert shop.sql("SELECT count(*) FROM users") == "50"
    assert "later" not in shop.sql("SHOW TABLES")
    assert done["lost"]["losses"] == ["1 of 101 rows of visits are missing"]
    assert "Dump completed" in Path(done["kept"]).read_text()[-200:]


def test_restore_refuses_while_somebody_is_connected(shop: ServerShop) -> None:
    file = shop.backup()
    with shop.somebody_connected("--unbuffered"):
        assert "in use by root" in shop.json("restore", file, "env:URL", code=2)["error"]


def test_restore_refuses_where_it_would_not_see_who_is_connected(
    shop: ServerShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = shop.backup()
    grant = ("CREATE USER few@'127.0.0.1' IDENTIFIED BY 'few'; GRANT ALL ON `shop`.* TO"
             " few@'127.0.0.1'; GRANT ALL ON `dbguard\\_scratch\\_%`.* TO few@'127.0.0.1';")  # fmt: skip
    shop.server.execute(grant, "mysql")
    try:
        monkeypatch.setenv("URL", f"mysql://few:few@127.0.0.1:{shop.server.port}/shop")
        shop.sql("DELETE FROM users WHERE id > 10; DROP TRIGGER lowered; DROP VIEW adults")
        error = shop.json("restore", file, "env:URL", code=2)["error"]
        assert "privilege PROCESS" in error
        assert "--unused" in error
        assert shop.sql("SELECT count(*) FROM users") == "10"
        assert list(shop.folder.glob("*damaged*")) == []
    finally:
        shop.server.execute("DROP USER few@'127.0.0.1'", "mysql")


def test_a_backup_that_does_not_hold_what_its_manifest_says_is_not_loaded(
    shop: ServerShop,
) -> None:
    file = shop.backup()
    described = Path(file + ".manifest.json")
    described.write_text(described.read_text().replace('"rows": 50', '"rows": 51'))
    shop.sql("DELETE FROM users WHERE id > 10")
    error = shop.json("restore", file, "env:URL", code=1)["error"]
    assert "users has 50 rows, the manifest says 51" in error
    assert shop.sql("SELECT count(*) FROM users") == "10"
    assert list(shop.folder.glob("*damaged*")) == []
    described.rename("aside.json")
    done = shop.json("restore", file, "env:URL")
    assert "no manifest" in done["notes"][0]
    assert shop.sql("SELECT count(*) FROM users") == "50"


def test_a_dump_that_breaks_off_is_no_backup(shop: ServerShop) -> None:
    file = Path(shop.backup())
    file.write_bytes(file.read_bytes()[:-300])
    shop.json("restore", str(file), "env:URL", code=3)
    assert shop.sql("SELECT count(*) FROM users") == "50"


def test_a_missing_program(shop: ServerShop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(shop.folder))
    assert "install mariadb-client" in shop.json("inspect", "env:URL", code=3)["error"]


@pytest.mark.parametrize("with_options", [False, True], ids=["plain", "with options"])
def test_no_password_stands_in_the_arguments_of_a_client(
    shop: ServerShop, monkeypatch: pytest.MonkeyPatch, with_options: bool
) -> None:
    wrappers, said = shop.folder / "wrappers", shop.folder / "arguments"
    wrappers.mkdir()
    for program in ("mariadb", "mariadb-dump", "mysql", "mysqldump"):
        real = shutil.which(program)
        if real is not None:
            path = wrappers / program
            path.write_text(
                f'#!/bin/sh\nprintf "%s\\n" {program} "$@" >> {said}\n'
                f'tr "\\0" "\\n" < /proc/$$/environ | cut -d= -f1 >> {said}\nexec {real} "$@"\n'
            )
            path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{wrappers}{os.pathsep}{os.environ['PATH']}")
    if with_options:
        monkeypatch.setenv("URL", os.environ["URL"] + "?charset=utf8mb4")
    file = shop.backup()
    shop.json("verify", "env:URL", "--against", file)
    shop.json("migrate", "env:URL", shop.script(ADD))
    shop.json("restore", file, "env:URL")
    arguments = said.read_text()
    assert {"mariadb-dump", "mysqldump"} & set(arguments.splitlines())
    assert PASSWORD not in arguments
    assert "MYSQL_PWD" not in arguments


def test_what_a_killed_run_left_on_the_server_is_told(
    shop: ServerShop, capsys: pytest.CaptureFixture[str]
) -> None:
    file = shop.backup()
    left = f"{SCRATCH}0123ab_456789"
    shop.sql(f"CREATE DATABASE {left}")
    try:
        capsys.readouterr()
        assert main(["verify", "env:URL", "--against", file]) == 0
        assert capsys.readouterr().err.count(f"{left} was left by a run") == 1
    finally:
        shop.sql(f"DROP DATABASE {left}")


def test_a_script_that_exchanges_its_table_in_one_step(shop: ServerShop) -> None:
    # What docs/commands.md says a script can do, and why dbguard does not do it with a copy.
    script = shop.script(
        "CREATE TABLE visits_new (page VARCHAR(200), note TEXT);\n"
        "INSERT INTO visits_new SELECT page, note FROM visits;\n"
        "RENAME TABLE visits TO visits_old, visits_new TO visits;\n"
    )
    done = shop.json("migrate", "env:URL", script)
    assert done["outcome"] == "applied"
    assert "varchar(200)" in shop.sql("SHOW CREATE TABLE visits")
    assert shop.sql("SELECT count(*) FROM visits_old") == "100"
    shop.server.execute("CREATE DATABASE other", "mysql")
    try:
        with pytest.raises(subprocess.CalledProcessError) as refused:
            shop.sql("RENAME TABLE visits_old TO other.visits, users TO other.users")
        assert "Trigger in wrong schema" in refused.value.stderr
        assert shop.sql("SELECT count(*) FROM visits_old") == "100"
    finally:
        shop.server.execute("DROP DATABASE other", "mysql")
