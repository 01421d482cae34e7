"""``dbguard scaffold``: what it prints passes the scan, and does what it says on a database."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot.dialects import MySQL, Postgres, SQLite

from dbguard.cli import main
from dbguard.options import ScanOptions
from dbguard.pipeline import scan
from dbguard.scaffold.alembic import alembic
from dbguard.scaffold.plan import PlanError, plan
from dbguard.scaffold.python import python
from dbguard.scaffold.shell import shell
from dbguard.scaffold.sql import sql

NAMES = {
    "sql": "rebuild.sql",
    "python": "rebuild.py",
    "shell": "rebuild.sh",
    "alembic": "rebuild.py",
}
VARIANTS = [
    ("sql", "sqlite"),
    ("sql", "postgresql"),
    ("sql", "mysql"),
    ("python", ""),
    ("shell", ""),
    ("alembic", ""),
]
TABLES = {"users": "users", "order": '"order"', "Order Lines": '"Order Lines"', "größe": '"größe"'}
COLUMNS = "id INTEGER PRIMARY KEY, name TEXT NOT NULL, age INTEGER CHECK (age >= 0), UNIQUE (name)"
ROWS = [(1, "ada", 36), (2, "grace", 45), (3, "edsger", 72)]


def scaffold(
    capsys: pytest.CaptureFixture[str], kind: str, dialect: str = "", table: str = "users"
) -> str:
    arguments = ["scaffold", kind, "--table", table, "--columns", COLUMNS]
    assert main([*arguments, *(["--dialect", dialect] if dialect else [])]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(("kind", "dialect"), VARIANTS)
def test_a_migration_passes_the_scan(
    kind: str, dialect: str, table: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "alembic/versions" if kind == "alembic" else tmp_path
    folder.mkdir(parents=True, exist_ok=True)
    (folder / NAMES[kind]).write_text(scaffold(capsys, kind, dialect, table), encoding="utf-8")
    report = scan(ScanOptions((str(tmp_path),), tmp_path))
    assert report.files == 1
    assert not report.findings
    assert not report.problems


@pytest.mark.parametrize("without", ["count", "comparison"])
@pytest.mark.parametrize(("kind", "dialect"), VARIANTS)
def test_the_scan_would_say_if_a_comparison_were_missing(
    kind: str, dialect: str, without: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = scaffold(capsys, kind, dialect)
    text = text.replace("INSERT INTO users_kept", "-- ").replace("RAISE EXCEPTION", "RAISE NOTICE")
    text = text.replace("SIGNAL SQLSTATE", "-- ").replace("raise RuntimeError", "print")
    (tmp_path / NAMES[kind]).write_text(text)
    assert "drop-table" in {f.rule for f in scan(ScanOptions((str(tmp_path),), tmp_path)).findings}


# -- on a database


def seed(folder: Path, table: str) -> None:
    with closing(sqlite3.connect(folder / "app.db")) as connection, connection:
        connection.execute(f"CREATE TABLE {TABLES[table]} (id INTEGER PRIMARY KEY, name, age)")
        connection.executemany(f"INSERT INTO {TABLES[table]} VALUES (?, ?, ?)", ROWS)
        connection.execute(
            f"CREATE TABLE child (id, parent REFERENCES {TABLES[table]}(id) ON DELETE CASCADE)"
        )
        connection.execute("INSERT INTO child VALUES (1, 2)")


def _sqlite3(path: Path, folder: Path) -> int:
    with path.open() as script:
        return subprocess.run(
            ["sqlite3", "app.db"], cwd=folder, stdin=script, check=False
        ).returncode


def _script(path: Path, folder: Path) -> int:
    program = sys.executable if path.suffix == ".py" else "sh"
    return subprocess.run([program, str(path)], cwd=folder, check=False).returncode


RUNS: dict[str, Callable[[Path, Path], int]] = {
    "sql": _sqlite3,
    "python": _script,
    "shell": _script,
}
NEEDS = {"sql": ["sqlite3"], "shell": ["sqlite3", "sh"]}


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("missing", [False, True], ids=["whole", "row missing"])
@pytest.mark.parametrize("kind", RUNS)
def test_a_migration_keeps_every_row_or_the_old_table(
    kind: str, missing: bool, table: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lacking = [tool for tool in NEEDS.get(kind, []) if shutil.which(tool) is None]
    if lacking and not os.environ.get("CI"):
        pytest.skip(f"needs {' and '.join(lacking)}")
    text = scaffold(capsys, kind, "", table)
    if missing:
        # The copy loses a row: the first SELECT of all columns after INSERT.
        at = text.index(f"FROM {TABLES[table]}", text.index("INSERT INTO"))
        end = at + len(f"FROM {TABLES[table]}")
        text = f"{text[:end]} WHERE id <> 2{text[end:]}"
    path = tmp_path / NAMES[kind]
    path.write_text(text, encoding="utf-8")
    data = tmp_path / "data"
    data.mkdir()
    seed(data, table)
    assert (RUNS[kind](path, data) != 0) == missing
    with closing(sqlite3.connect(data / "app.db")) as connection:
        rows = connection.execute(f"SELECT * FROM {TABLES[table]} ORDER BY id").fetchall()
        sql = connection.execute("SELECT group_concat(sql) FROM sqlite_master").fetchone()[0]
        assert rows == ROWS
        assert ("NOT NULL" in sql) != missing
        assert connection.execute("SELECT * FROM child").fetchall() == [(1, 2)]
        assert f"REFERENCES {TABLES[table]}" in sql
        assert "_new" not in sql
    (backup,) = [one for one in data.iterdir() if one.name != "app.db"]
    with closing(sqlite3.connect(backup)) as connection:
        assert connection.execute(f"SELECT count(*) FROM {TABLES[table]}").fetchone() == (3,)


def test_without_a_backup_nothing_happens(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if os.geteuid() == 0:
        pytest.skip("root writes into every folder")
    path = tmp_path / "rebuild.py"
    path.write_text(scaffold(capsys, "python"))
    data = tmp_path / "data"
    data.mkdir()
    seed(data, "users")
    before = (data / "app.db").read_bytes()
    data.chmod(0o500)
    assert _script(path, data) != 0
    data.chmod(0o700)
    assert (data / "app.db").read_bytes() == before


_SQL_WORDS = {
    word.lower()
    for dialect in (SQLite, Postgres, MySQL)
    for word in dialect.tokenizer_class.KEYWORDS
    if re.fullmatch(r"[A-Za-z_]+", word)
}

REFUSED = [
    ["--table", 'a"b'],
    ["--table", "a'b"],
    ["--table", "a; DROP TABLE b"],
    ["--table", "a\nb"],
    ["--table", "$(id)"],
    ["--table", "`id`"],
    ["--table", ""],
    ["--table", "x" * 60],
    ["--table", "a--b"],
    ["--table", "{table}"],
    ["--table", "a", "--columns", "id int); DROP TABLE b; --"],
    ["--table", "a", "--columns", "id int, id text"],
    ["--table", "a", "--columns", "UNIQUE (id)"],
    ["--table", "a", "--columns", "(id int"],
    ["--table", "a", "--columns", "1 int"],
    ["--table", "a", "--columns", 'id int, note text DEFAULT """x"""'],
    ["--table", "a", "--columns", "id int DEFAULT $(id)"],
    ["--table", "a", "--dialect", "mysql"],
    ["--table", "a", "--database", "$(id).db"],
    ["--table", "a", "--database=-x.db"],
    ["--table", "a", "--database", 'a".db'],
]


@pytest.mark.parametrize("arguments", REFUSED, ids=repr)
@pytest.mark.parametrize("kind", ["shell", "python"])
def test_names_that_could_say_something_else_are_refused(
    kind: str, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["scaffold", kind, *arguments]) == 2
    said = capsys.readouterr()
    assert not said.out
    assert said.err.startswith("dbguard: ")


def test_no_plain_name_is_a_word_of_sqlite() -> None:
    """Every word of SQL that SQLite refuses as a name is quoted."""
    with closing(sqlite3.connect(":memory:")) as connection:
        for word in sorted(_SQL_WORDS):
            name = plan(word, "id INTEGER", "sqlite").name()
            connection.execute(f"CREATE TABLE {name} (id)")
            connection.execute(f"SELECT id FROM {name} WHERE {name}.id IN (SELECT id FROM {name})")


@settings(max_examples=300, deadline=None)
@given(st.text(min_size=1, max_size=20), st.lists(st.text(min_size=1, max_size=12), max_size=2))
def test_a_name_that_is_accepted_says_nothing_but_a_name(table: str, columns: list[str]) -> None:
    definitions = ", ".join(("id INTEGER PRIMARY KEY", *(f'"{name}" TEXT' for name in columns)))
    try:
        what = plan(table, definitions, "sqlite")
    except PlanError:
        return
    for text in (python(what), alembic(what)):
        compile(text, "rebuild.py", "exec")
    quoted = '"' + table + '"'
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.execute(f"CREATE TABLE {quoted} ({definitions})")
        connection.execute(f"INSERT INTO {quoted} (id) VALUES (7)")
        lines = sql(what).splitlines(keepends=True)
        without = ("VACUUM", ".bail")  # a backup of nothing, and what sqlite3 alone understands
        connection.executescript("".join(x for x in lines if not x.startswith(without)))
        assert connection.execute(f"SELECT id FROM {quoted}").fetchall() == [(7,)]
        tables = connection.execute("SELECT count(*) FROM sqlite_master WHERE type = 'table'")
        assert tables.fetchone() == (1,)


def test_every_line_of_a_shell_script_is_as_it_was_written() -> None:
    script = shell(plan("a b", "id INTEGER", "sqlite", "data/my app.db"))
    run = subprocess.run(["sh", "-n"], input=script, text=True, check=False)
    assert run.returncode == 0
    assert 'sqlite3 "data/my app.db"' in script
