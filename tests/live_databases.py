"""SQLite databases to work on, and the commands run on them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dbguard.cli import main

SHOP = """\
CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL, age INTEGER, created_at TEXT);
CREATE TABLE orders (number TEXT PRIMARY KEY, user INTEGER REFERENCES users (id), total REAL);
CREATE TABLE visits (page TEXT, seen INTEGER);
CREATE INDEX users_email ON users (email);
CREATE VIEW adults AS SELECT id FROM users WHERE age >= 18;
CREATE TRIGGER no_negative BEFORE INSERT ON orders WHEN NEW.total < 0
  BEGIN SELECT RAISE(ABORT, 'negative'); END;
"""
PEOPLE = 50


@dataclass
class Shop:
    """A small shop in ``app.db`` of the current folder, and dbguard's commands on it."""

    path: Path
    said: pytest.CaptureFixture[str]

    @property
    def folder(self) -> Path:
        return self.path.parent

    def execute(self, *statements: str) -> None:
        connection = sqlite3.connect(self.path, isolation_level=None)
        for statement in statements:
            connection.execute(statement)
        connection.close()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        connection = sqlite3.connect(self.path)
        found = connection.execute(query).fetchall()
        connection.close()
        return found

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Run dbguard; return exit code, output, errors."""
        self.said.readouterr()
        code = main(list(arguments))
        said = self.said.readouterr()
        return code, said.out, said.err

    def json(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        """Run dbguard with ``--json``, and return what it printed."""
        ended, out, err = self.run(*arguments, "--json")
        assert ended == code, out + err
        document: dict[str, Any] = json.loads(out)
        assert document["exit"] == code
        assert document["command"] == arguments[0]
        return document

    def backup(self) -> str:
        """Take a backup, and return its path."""
        file = self.json("backup", "app.db")["file"]
        assert isinstance(file, str)
        return file

    def script(self, text: str, name: str = "change.sql") -> str:
        (self.folder / name).write_text(text, encoding="utf-8")
        return name

    def names(self, pattern: str) -> list[str]:
        return sorted(path.name for path in self.folder.glob(pattern))

    def steps(self) -> list[str]:
        """Return the steps that the log tells of."""
        lines = (self.folder / ".dbguard" / "log.jsonl").read_text().splitlines()
        return [json.loads(line)["step"] for line in lines]


def make_shop(path: Path, mode: str = "wal") -> None:
    """Make the database of a shop."""
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA journal_mode = {mode}")
    connection.executescript(SHOP)
    connection.executemany("INSERT INTO users VALUES (?, ?, ?, ?)", _people())
    orders = ((f"o{n:03}", n % PEOPLE + 1, n * 1.5) for n in range(200))
    connection.executemany("INSERT INTO orders VALUES (?, ?, ?)", orders)
    visits = ((f"/page/{n % 7}", n % 3) for n in range(100))
    connection.executemany("INSERT INTO visits VALUES (?, ?)", visits)
    connection.commit()
    connection.close()


def _people() -> Iterable[tuple[int, str, int, str]]:
    for n in range(1, PEOPLE + 1):
        yield n, f"u{n}@example.org", n, f"2026-01-{n % 28 + 1:02} 10:00:00"
