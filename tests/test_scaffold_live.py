"""``dbguard scaffold`` on what it is written for: Alembic itself, PostgreSQL and MariaDB."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

from dbguard.cli import main
from tests.servers import PASSWORD, Running, mariadb, missing, postgresql

COLUMNS = "id INTEGER PRIMARY KEY, name VARCHAR(40) NOT NULL, age INTEGER CHECK (age >= 0)"
TABLES = ["users", "Order Lines"]
ROWS = "(1, 'ada', 36), (2, 'grace', 45), (3, 'edsger', 72)"
WANTED = [("1", "ada", "36"), ("2", "grace", "45"), ("3", "edsger", "72")]


def scaffold(capsys: pytest.CaptureFixture[str], kind: str, table: str, *more: str) -> str:
    capsys.readouterr()
    assert main(["scaffold", kind, "--table", table, "--columns", COLUMNS, *more]) == 0
    return capsys.readouterr().out


def losing(text: str) -> str:
    """Return a migration whose copy leaves a row out."""
    copied = re.search(
        r"INSERT INTO .*?SELECT id, name, age FROM (?:\w+|[\"`][^\"`]+[\"`])", text, re.DOTALL
    )
    assert copied is not None
    return f"{text[: copied.end()]} WHERE id <> 2{text[copied.end() :]}"


def needs(*modules: str) -> None:
    for module in modules:
        if find_spec(module) is None:
            missing(module)


@pytest.fixture(scope="module")
def postgres() -> Iterator[Running]:
    with postgresql() as running:
        yield running


@pytest.fixture(scope="module")
def maria() -> Iterator[Running]:
    with mariadb() as running:
        yield running


@pytest.fixture
def shop(request: pytest.FixtureRequest) -> Iterator[Running]:
    """Return a server with an empty database "shop"."""
    server = request.getfixturevalue(request.param)
    assert isinstance(server, Running)
    admin = "postgres" if server.scheme == "postgresql" else "mysql"
    server.execute("CREATE DATABASE shop;", admin)
    yield server
    server.execute("DROP DATABASE shop;", admin)


def seed(server: Running, table: str) -> None:
    server.execute(
        f"CREATE TABLE {quoted(server, table)} (id int PRIMARY KEY, name varchar(40), age int);",
        "shop",
    )
    server.execute(f"INSERT INTO {quoted(server, table)} VALUES {ROWS};", "shop")


def quoted(server: Running, table: str) -> str:
    mark = '"' if server.scheme == "postgresql" else "`"
    return f"{mark}{table}{mark}"


def rows(server: Running, table: str) -> list[tuple[str, ...]]:
    said = server.execute(f"SELECT id, name, age FROM {quoted(server, table)} ORDER BY id;", "shop")
    return [tuple(re.split(r"[|\t]", line)) for line in said.splitlines()]


def client(server: Running, script: Path, folder: Path) -> int:
    """Run a migration as its first lines say; the client is asked for no password."""
    if server.scheme == "postgresql":
        command = ["psql", "-X", "-h", "127.0.0.1", "-p", str(server.port), "-U", server.user]
        environment = {**os.environ, "PGPASSWORD": PASSWORD}
        command += ["-f", str(script), "shop"]
        return subprocess.run(command, cwd=folder, env=environment, check=False).returncode
    with script.open() as text:
        command = [*server.client, "shop"]
        return subprocess.run(command, cwd=folder, stdin=text, check=False).returncode


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("lost", [False, True], ids=["whole", "row missing"])
@pytest.mark.parametrize("shop", ["postgres", "maria"], indirect=True)
def test_a_server_keeps_every_row_or_the_old_table(
    shop: Running, lost: bool, table: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seed(shop, table)
    text = scaffold(capsys, "sql", table, "--dialect", shop.scheme)
    path = tmp_path / "rebuild.sql"
    path.write_text(losing(text) if lost else text)
    data = tmp_path / "data"
    data.mkdir()
    assert (client(shop, path, data) != 0) == lost
    assert rows(shop, table) == WANTED
    is_new = (
        "SELECT count(*) FROM information_schema.columns WHERE column_name = 'name'"
        f" AND table_name = '{table}' AND table_schema IN ('shop', 'public') AND is_nullable = 'NO';"
    )
    assert shop.execute(is_new, "shop").strip() == str(int(not lost))
    if shop.scheme == "postgresql":
        (dump,) = data.iterdir()
        listed = subprocess.run(["pg_restore", "-l", str(dump)], check=True, capture_output=True)
        assert table.encode() in listed.stdout
    if lost:
        # What failed can be mended and run again, on MySQL as the migration says.
        if shop.scheme == "mysql":
            new = quoted(shop, f"{table}_new")
            assert f"drop {new.strip('`') if table == 'users' else new} before" in text
            shop.execute(f"DROP TABLE {new};", "shop")
        path.write_text(text)
        assert client(shop, path, data) == 0
        assert rows(shop, table) == WANTED


@pytest.mark.parametrize("shop", ["postgres"], indirect=True)
def test_without_a_dump_nothing_happens(
    shop: Running,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seed(shop, "users")
    path = tmp_path / "rebuild.sql"
    path.write_text(scaffold(capsys, "sql", "users", "--dialect", "postgresql"))
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "pg_dump").write_text("#!/bin/sh\nexit 1\n")
    (tools / "pg_dump").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    assert client(shop, path, tmp_path) != 0
    assert rows(shop, "users") == WANTED
    assert (
        shop.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", "shop") == "1\n"
    )


# -- Alembic

ENVIRONMENT = """\
import os

from alembic import context
from sqlalchemy import create_engine, event

engine = create_engine(os.environ["URL"])
if os.environ.get("FOREIGN_KEYS"):
    @event.listens_for(engine, "connect")
    def turn_on(connection, record):
        connection.execute("PRAGMA foreign_keys=ON")

if context.is_offline_mode():
    context.configure(url=os.environ["URL"])
    with context.begin_transaction():
        context.run_migrations()
else:
    with engine.connect() as connection:
        if os.environ.get("FOREIGN_KEYS") == "off for migrations":
            connection.connection.execute("PRAGMA foreign_keys=OFF")
        context.configure(connection=connection)
        with context.begin_transaction():
            context.run_migrations()
"""
BEFORE = """\
from alembic import op

revision = "before"
down_revision = None


def upgrade():
    op.execute("CREATE TABLE other (x int)")
    op.execute("INSERT INTO other VALUES (1)")
"""


@dataclass
class Alembic:
    """A project with migrations: one that creates another table, then the scaffold."""

    folder: Path
    url: str

    def write(self, text: str) -> None:
        versions = self.folder / "migrations/versions"
        versions.mkdir(parents=True, exist_ok=True)
        (self.folder / "alembic.ini").write_text("[alembic]\nscript_location = migrations\n")
        (self.folder / "migrations/env.py").write_text(ENVIRONMENT)
        (versions / "before.py").write_text(BEFORE)
        text = text.replace("down_revision = None", 'down_revision = "before"')
        (versions / "rebuild.py").write_text(text)

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "alembic", *arguments], cwd=self.folder, text=True, check=False,
            env={**os.environ, "URL": self.url, **environment}, capture_output=True,
        )  # fmt: skip


@pytest.fixture
def alembic(tmp_path: Path) -> Alembic:
    needs("alembic")
    path = tmp_path / "app.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        for table in TABLES:
            connection.execute(f'CREATE TABLE "{table}" (id INTEGER PRIMARY KEY, name, age)')
            connection.execute(f'INSERT INTO "{table}" VALUES {ROWS}')
        connection.execute("CREATE TABLE child (parent REFERENCES users(id) ON DELETE CASCADE)")
        connection.execute("INSERT INTO child VALUES (2)")
    return Alembic(tmp_path, f"sqlite:///{path}")


def look(alembic: Alembic, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(alembic.folder / "app.db")) as connection:
        return connection.execute(query).fetchall()


def revision(alembic: Alembic) -> list[tuple[object, ...]]:
    return look(alembic, "SELECT version_num FROM alembic_version")


@pytest.mark.parametrize("table", TABLES)
def test_alembic_keeps_every_row_on_sqlite(
    table: str, alembic: Alembic, capsys: pytest.CaptureFixture[str]
) -> None:
    text = scaffold(capsys, "alembic", table)
    before = look(alembic, f'SELECT * FROM "{table}" ORDER BY id')
    alembic.write(losing(text))
    failed = alembic.run("upgrade", "head")
    assert failed.returncode != 0
    assert "3 rows before, 2 after" in failed.stderr
    assert look(alembic, f'SELECT * FROM "{table}" ORDER BY id') == before
    assert not look(alembic, "SELECT name FROM sqlite_master WHERE name LIKE '%\\_new' ESCAPE '\\'")
    assert ("REVISION",) not in revision(alembic)
    # Mended, it goes through, from where it stopped.
    alembic.write(text)
    done = alembic.run("upgrade", "head")
    assert done.returncode == 0, done.stderr
    assert look(alembic, f'SELECT * FROM "{table}" ORDER BY id') == before
    assert look(alembic, "SELECT * FROM child") == [(2,)]
    assert look(alembic, "SELECT * FROM other") == [(1,)]
    ((sql,),) = look(alembic, f"SELECT sql FROM sqlite_master WHERE name = '{table}'")
    assert "NOT NULL" in str(sql)
    assert revision(alembic) == [("REVISION",)]
    # There is no way back but the backup, and it says so.
    back = alembic.run("downgrade", "-1")
    assert back.returncode != 0
    assert "restore the backup" in back.stderr
    assert look(alembic, f'SELECT * FROM "{table}" ORDER BY id') == before
    assert revision(alembic) == [("REVISION",)]


def test_alembic_deletes_no_row_that_refers_to_the_table(
    alembic: Alembic, capsys: pytest.CaptureFixture[str]
) -> None:
    alembic.write(scaffold(capsys, "alembic", "users"))
    refused = alembic.run("upgrade", "head", FOREIGN_KEYS="on")
    assert refused.returncode != 0
    assert "turn foreign keys off in env.py" in refused.stderr
    assert look(alembic, "SELECT * FROM child") == [(2,)]
    done = alembic.run("upgrade", "head", FOREIGN_KEYS="off for migrations")
    assert done.returncode == 0, done.stderr
    assert revision(alembic) == [("REVISION",)]
    assert look(alembic, "SELECT * FROM child") == [(2,)]


def test_alembic_compares_nothing_offline(
    alembic: Alembic, capsys: pytest.CaptureFixture[str]
) -> None:
    alembic.write(scaffold(capsys, "alembic", "users"))
    refused = alembic.run("upgrade", "head", "--sql")
    assert refused.returncode != 0
    assert "--sql" in refused.stderr
    assert "DROP TABLE users" not in refused.stdout


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("shop", ["postgres"], indirect=True)
def test_alembic_keeps_every_row_on_postgresql(
    shop: Running, table: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    needs("alembic", "pg8000")
    seed(shop, table)
    project = Alembic(tmp_path, shop.url("shop").replace("postgresql:", "postgresql+pg8000:"))
    text = scaffold(capsys, "alembic", table)
    project.write(losing(text))
    failed = project.run("upgrade", "head")
    assert failed.returncode != 0
    assert "3 rows before, 2 after" in failed.stderr
    assert rows(shop, table) == WANTED
    project.write(text)
    done = project.run("upgrade", "head")
    assert done.returncode == 0, done.stderr
    assert rows(shop, table) == WANTED
    assert shop.execute("SELECT version_num FROM alembic_version", "shop") == "REVISION\n"
