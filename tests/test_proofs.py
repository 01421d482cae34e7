"""What fixtures claim about data loss, proved on a live SQLite database.

A fixture named ``*.sqlite.*`` is run for real in a folder with a database ``app.db``.
An unsafe one loses a row that was there; a safe one keeps every row, in the database or
in a backup beside it, even where the copy it makes leaves rows out (the "dirty" seed has
two users of one name, which a UNIQUE column refuses).
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.expectations import FIXTURES, fixture_files

CLEAN = [(1, "ada", 36), (2, "grace", 45), (3, "edsger", 72)]
DIRTY = [*CLEAN, (4, "ada", 17)]
ORDERS = [(1, 1), (2, 1), (3, 2)]

Rows = set[tuple[object, ...]]

PROOFS = [path for path in fixture_files() if ".sqlite." in path.name]


def seed(folder: Path, users: list[tuple[int, str, int]]) -> None:
    with closing(sqlite3.connect(folder / "app.db")) as connection, connection:
        connection.executescript(
            "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, age INTEGER);"
            "CREATE TABLE orders (id INTEGER PRIMARY KEY,"
            " user_id INTEGER REFERENCES users ON DELETE CASCADE);"
        )
        connection.executemany("INSERT INTO users VALUES (?, ?, ?)", users)
        connection.executemany("INSERT INTO orders VALUES (?, ?)", ORDERS)


def run(fixture: Path, folder: Path) -> bool:
    """Run a fixture in *folder*; say whether it came to its end.

    It may fail: stopping is what a safe one does.
    """
    if fixture.suffix == ".sql":
        connection = sqlite3.connect(folder / "app.db", isolation_level=None)
        with closing(connection):
            connection.execute("PRAGMA foreign_keys=ON")
            try:
                connection.executescript(fixture.read_text(encoding="utf-8"))
            except sqlite3.Error:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                return False
        return True
    program = [sys.executable] if fixture.suffix == ".py" else ["bash"]
    done = subprocess.run([*program, str(fixture)], cwd=folder, check=False, capture_output=True)
    return done.returncode == 0


def databases(folder: Path) -> Iterator[Path]:
    return folder.glob("app.db*")


def kept(folder: Path) -> Rows:
    """Return every row of users and orders that can still be found, whatever the table."""
    rows: Rows = set()
    for path in databases(folder):
        with closing(sqlite3.connect(path)) as connection:
            for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type='table'"):
                columns = [
                    column[1] for column in connection.execute(f"PRAGMA table_info({table})")
                ]
                of = "orders" if "user_id" in columns else "users"
                wanted = ("id", "user_id") if of == "orders" else ("id", "name", "age")
                if set(wanted) <= set(columns):
                    picked = connection.execute(f"SELECT {', '.join(wanted)} FROM {table}")
                    rows |= {(of, *row) for row in picked}
    return rows


def _id(path: Path) -> str:
    return path.relative_to(FIXTURES).as_posix()


def _needs(fixture: Path) -> None:
    missing = [tool for tool in ("bash", "sqlite3") if shutil.which(tool) is None]
    if fixture.suffix == ".sh" and missing and not os.environ.get("CI"):
        pytest.skip(f"needs {' and '.join(missing)}")


@pytest.mark.parametrize("fixture", [p for p in PROOFS if "unsafe" in p.name], ids=_id)
def test_an_unsafe_flow_loses_rows(fixture: Path, tmp_path: Path) -> None:
    _needs(fixture)
    seed(tmp_path, DIRTY)
    before = kept(tmp_path)
    run(fixture, tmp_path)
    assert before - kept(tmp_path)


@pytest.mark.parametrize("users", [CLEAN, DIRTY], ids=["clean", "dirty"])
@pytest.mark.parametrize("fixture", [p for p in PROOFS if "unsafe" not in p.name], ids=_id)
def test_a_safe_flow_keeps_every_row(
    fixture: Path, users: list[tuple[int, str, int]], tmp_path: Path
) -> None:
    _needs(fixture)
    seed(tmp_path, users)
    before = kept(tmp_path)
    run(fixture, tmp_path)
    assert not before - kept(tmp_path)


def test_there_are_proofs_of_both_sorts_in_every_language() -> None:
    sorts = {("unsafe" in path.name, path.suffix) for path in PROOFS}
    assert sorts == {(unsafe, s) for unsafe in (True, False) for s in (".py", ".sh", ".sql")}
