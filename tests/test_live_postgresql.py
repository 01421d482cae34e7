"""The protocol's commands on a real PostgreSQL server."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from dbguard.cli import main
from dbguard.live import identity
from dbguard.live.scratch import SCRATCH
from tests.server_shop import ServerShop
from tests.servers import PASSWORD, Running, postgresql

SHOP = """\
CREATE TABLE users (id serial PRIMARY KEY, email text NOT NULL, age int,
  created_at timestamptz DEFAULT '2026-01-01');
INSERT INTO users (email, age) SELECT 'u' || n || '@example.org', n FROM generate_series(1, 50) n;
CREATE TABLE visits (page text, note text);
INSERT INTO visits SELECT '/' || n % 7, E'tab\\tand\\nline' FROM generate_series(1, 100) n;
CREATE INDEX users_email ON users (email);
CREATE VIEW adults AS SELECT id FROM users WHERE age >= 18;
CREATE SCHEMA other; CREATE TABLE other."Odd Name" (k text PRIMARY KEY, v bytea);
INSERT INTO other."Odd Name" VALUES ('b', '\\x00ff'), ('a', NULL), ('Ä', '');
"""
ADD = "ALTER TABLE users ADD COLUMN name text;"


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with postgresql() as running:
        yield running


@pytest.fixture
def shop(
    server: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[ServerShop]:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("URL", server.url("shop"))
    server.execute("CREATE DATABASE shop", "postgres")
    server.execute(SHOP, "shop")
    made = ServerShop(server, tmp_path, capsys)
    yield made
    names = made.sql("SELECT datname FROM pg_database WHERE datname LIKE 'shop%'", "postgres")
    scratch = made.sql(
        f"SELECT count(*) FROM pg_database WHERE datname LIKE '{SCRATCH}%'", "postgres"
    )
    for name in names.split():
        server.execute(f'DROP DATABASE "{name}" WITH (FORCE)', "postgres")
    assert scratch == "0"
    made.assert_password_in_no_file()


def test_inspect(shop: ServerShop) -> None:
    found = shop.json("inspect", "env:URL")
    assert [(t["name"], t["rows"]) for t in found["tables"]] == [
        ("users", 50), ("visits", 100), ("other.Odd Name", 3),
    ]  # fmt: skip
    assert found["tables"][0]["newest"].startswith("2026-01-01")
    assert found["database"] == f"postgresql://shop@127.0.0.1:{shop.server.port}/shop"


def test_a_password_on_the_command_line_is_warned_of(
    shop: ServerShop, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inspect", shop.server.url("shop")]) == 0
    said = capsys.readouterr()
    assert "env:NAME" in said.err
    assert PASSWORD not in said.err + said.out


def test_the_password_is_no_argument_of_any_program(
    shop: ServerShop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("psql", "pg_dump", "pg_restore"):
        real = subprocess.run(["which", name], capture_output=True, text=True, check=True).stdout
        (programs / name).write_text(f'#!/bin/sh\necho "$0 $@" >> {tmp_path}/seen\nexec {real}')
        text = (programs / name).read_text().rstrip("\n") + ' "$@"\n'
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    shop.json("verify", "env:URL", "--against", shop.backup())
    seen = (tmp_path / "seen").read_text()
    for name in ("psql", "pg_dump", "pg_restore"):
        assert f"/{name} " in seen
    assert PASSWORD not in seen


def test_backup_and_verify(shop: ServerShop) -> None:
    answer = shop.json("backup", "env:URL")
    rows = {t["name"]: t["rows"] for t in answer["manifest"]["tables"]}
    assert rows == {"users": 50, "visits": 100, "other.Odd Name": 3}
    assert answer["manifest"]["tools"].keys() >= {"dbguard", "pg_dump", "postgresql"}
    assert Path(answer["file"]).parent == shop.folder
    shop.sql(ADD + "INSERT INTO users (email) VALUES ('new')")
    found = shop.json("verify", "env:URL", "--against", answer["file"])
    assert found["losses"] == []
    assert {t["compared_by"] for t in found["tables"]} == {"key", "content"}


@pytest.mark.parametrize(
    ("change", "loss"),
    [
        ("DELETE FROM users WHERE id = 7", "1 of 50 rows of users are missing"),
        ("UPDATE users SET email = 'x' WHERE id IN (1, 2)", "2 rows of users changed: email (2)"),
        ("UPDATE other.\"Odd Name\" SET v = '' WHERE k = 'a'",
         "1 rows of other.Odd Name changed: v (1)"),
        ("DELETE FROM visits WHERE ctid = (SELECT min(ctid) FROM visits)",
         "1 of 100 rows of visits are missing"),
        ("DROP TABLE visits", "table visits is lost: 100 rows"),
        ("DROP INDEX users_email", "index users_email is lost: no other has its columns"),
    ],
)  # fmt: skip
def test_every_loss_is_found(shop: ServerShop, change: str, loss: str) -> None:
    file = shop.backup()
    shop.sql(change)
    assert shop.json("verify", "env:URL", "--against", file, code=1)["losses"] == [loss]


def test_a_migration_is_applied(shop: ServerShop) -> None:
    done = shop.json("migrate", "env:URL", shop.script(ADD))
    assert done["outcome"] == "applied"
    assert shop.sql("SELECT count(name), count(*) FROM users") == "0|50"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (ADD + "DELETE FROM users WHERE id = 3;", "1 of 50 rows of users are missing"),
        (ADD + "SELECT nonsense;", "nonsense"),
        (ADD + "COMMIT;", "ends the transaction itself"),
    ],
)
def test_a_migration_that_fails_leaves_the_database_alone(
    shop: ServerShop, text: str, reason: str
) -> None:
    done = shop.json("migrate", "env:URL", shop.script(text), code=1)
    assert done["outcome"] == "refused"
    assert reason in " ".join(done["reasons"])
    assert shop.sql("SELECT * FROM users LIMIT 1").count("|") == 3


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (ADD + "\n\\! touch reached\n", "line 2: \\! runs a command of the shell"),
        (ADD + "\nSELECT 1 \\g |touch reached\n", "line 2: \\g with words behind it"),
        ("\\o reached\n" + ADD, "line 1: \\o writes into a file"),
        ("\\c postgres\n" + ADD, "line 1: \\c connects to another database"),
        ("\\i other.sql\n", "line 1: \\i runs another file"),
        ("\\copy users to program 'touch reached'\n", "line 1: \\copy reads or writes a file"),
        ("\\set x `touch reached`\n" + ADD, "line 1: \\set: a backslash or backtick"),
        ("COPY users TO '/tmp/dbguard-reached';", "line 1: COPY ... TO writes a file"),
        ("SELECT 'never ends;\n", "line 1: this quote or comment does not end"),
    ],
)
@pytest.mark.parametrize("options", [(), ("--dry-run",)])
def test_a_script_that_leaves_its_session_is_refused(
    shop: ServerShop, text: str, why: str, options: tuple[str, ...]
) -> None:
    Path("other.sql").write_text(ADD)
    done = shop.json("migrate", "env:URL", shop.script(text), *options, code=2)
    assert why in done["error"]
    assert not list(shop.folder.glob("*reached*")) + list(shop.folder.glob("*.dump"))
    assert shop.sql("SELECT * FROM users LIMIT 1").count("|") == 3


def test_data_in_the_script_and_a_last_statement_without_its_semicolon(shop: ServerShop) -> None:
    text = "\\echo more\nCOPY visits FROM STDIN;\n/x\t\\\\! no\n\\.\n" + ADD.rstrip(";")
    assert shop.json("migrate", "env:URL", shop.script(text))["outcome"] == "applied"
    assert shop.sql("SELECT note FROM visits WHERE page = '/x'") == "\\! no"
    assert shop.sql("SELECT count(name), count(*) FROM users") == "0|50"


def test_a_dry_run_leaves_the_database_alone(shop: ServerShop) -> None:
    done = shop.json("migrate", "env:URL", shop.script(ADD), "--dry-run")
    assert done["outcome"] == "rehearsed"
    assert shop.sql("SELECT * FROM users LIMIT 1").count("|") == 3


def test_restore_keeps_the_damaged_database(shop: ServerShop) -> None:
    file = shop.backup()
    shop.sql("DELETE FROM users WHERE id > 10; INSERT INTO visits VALUES ('late', 'x')")
    done = shop.json("restore", file, "env:URL")
    assert shop.sql("SELECT count(*) FROM users") == "50"
    assert shop.sql("SELECT count(*) FROM users", done["kept"]) == "10"
    assert done["lost"]["losses"] == ["1 of 101 rows of visits are missing"]
    assert "Tell whoever uses" in Path(done["report"]).read_text()


@pytest.mark.parametrize("name", ["shop" + "x" * 41, "shop" + "é" * 28, "shop" + "x" * 59])
def test_a_long_name_is_kept_under_one_that_the_server_takes(
    shop: ServerShop, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    when = identity.now()
    monkeypatch.setattr(identity, "now", lambda: when)
    monkeypatch.setenv("URL", shop.server.url(quote(name)))
    shop.sql(f'CREATE DATABASE "{name}"', "postgres")
    shop.sql("CREATE TABLE users (id int PRIMARY KEY); INSERT INTO users VALUES (1), (2)", name)
    file = shop.backup()
    kept = [shop.json("restore", file, "env:URL")["kept"] for _ in range(3)]
    assert len(set(kept)) == 3
    for each in kept:
        assert len(each.encode()) <= 63
        assert each.startswith(("shopx", "shopé"))
        assert f"_damaged_{identity.stamp(when)}" in each
        assert shop.sql("SELECT count(*) FROM users", each) == "2"
    assert shop.sql("SELECT count(*) FROM users", name) == "2"


def test_restore_refuses_while_somebody_is_connected(shop: ServerShop) -> None:
    file = shop.backup()
    with shop.somebody_connected():
        assert "in use by psql" in shop.json("restore", file, "env:URL", code=2)["error"]


def test_restore_sees_the_sessions_of_users_that_show_it_nothing(
    shop: ServerShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = shop.backup()
    shop.sql("CREATE ROLE few LOGIN CREATEDB PASSWORD 'few'; ALTER DATABASE shop OWNER TO few")
    try:
        monkeypatch.setenv("URL", f"postgresql://few:few@127.0.0.1:{shop.server.port}/shop")
        with shop.somebody_connected():
            error = shop.json("restore", file, "env:URL", code=2)["error"]
        assert "in use by psql" in error
    finally:
        shop.sql("ALTER DATABASE shop OWNER TO shop; DROP ROLE few")


def test_a_backup_that_does_not_hold_what_its_manifest_says_is_not_restored(
    shop: ServerShop,
) -> None:
    file = shop.backup()
    described = Path(file + ".manifest.json")
    described.write_text(described.read_text().replace('"rows": 50', '"rows": 51'))
    shop.sql("DELETE FROM users WHERE id > 10")
    error = shop.json("restore", file, "env:URL", code=1)["error"]
    assert "users has 50 rows, the manifest says 51" in error
    assert shop.sql("SELECT count(*) FROM users") == "10"
    described.rename("aside.json")
    done = shop.json("restore", file, "env:URL")
    assert "no manifest" in done["notes"][0]
    assert shop.sql("SELECT count(*) FROM users") == "50"


def test_restore_keeps_the_rights_on_the_database(shop: ServerShop) -> None:
    file = shop.backup()
    shop.sql("REVOKE CONNECT ON DATABASE shop FROM PUBLIC; ALTER DATABASE shop SET work_mem='5MB'")
    about = "SELECT datacl, (SELECT setconfig FROM pg_db_role_setting WHERE setdatabase = d.oid) FROM pg_database AS d WHERE datname = 'shop'"
    before = shop.sql(about, "postgres")
    shop.json("restore", file, "env:URL")
    assert shop.sql(about, "postgres") == before
    assert "work_mem" in before


def test_a_wrong_password_and_a_missing_program(
    shop: ServerShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BAD", shop.server.url("shop").replace(PASSWORD, "wrong"))
    assert "authentication failed" in shop.json("inspect", "env:BAD", code=3)["error"]
    monkeypatch.setenv("PATH", str(shop.folder))
    error = shop.json("inspect", "env:URL", code=3)["error"]
    assert "install postgresql-client" in error


def test_what_a_killed_run_left_on_the_server_is_told(
    shop: ServerShop, capsys: pytest.CaptureFixture[str]
) -> None:
    file = shop.backup()
    left = f"{SCRATCH}0123ab_456789"
    shop.server.execute(f"CREATE DATABASE {left}", "postgres")
    try:
        capsys.readouterr()
        assert main(["verify", "env:URL", "--against", file]) == 0
        assert capsys.readouterr().err.count(f"{left} was left by a run") == 1
    finally:
        shop.server.execute(f"DROP DATABASE {left}", "postgres")
