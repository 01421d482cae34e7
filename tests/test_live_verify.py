"""``dbguard verify`` on SQLite databases: what is lost is found, what is kept is not."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dbguard.live.progress import Progress
from dbguard.live.sqlite.comparing import verify
from tests.live_databases import Shop

REBUILD = (
    "ALTER TABLE users RENAME TO users_old",
    "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL, age INTEGER,"
    " created_at TEXT, name TEXT)",
    "INSERT INTO users (id, email, age, created_at) SELECT id, email, age, created_at"
    " FROM users_old",
    "DROP TABLE users_old",
    "CREATE INDEX by_email ON users (email)",
)


@pytest.mark.parametrize(
    "change",
    [
        (),
        ("ALTER TABLE users ADD COLUMN name TEXT",),
        ("INSERT INTO users (email) VALUES ('new')", "INSERT INTO visits VALUES ('x', 9)"),
        ("ALTER TABLE visits RENAME TO views",),
        ("ALTER TABLE users RENAME COLUMN age TO years",),
        ("PRAGMA legacy_alter_table = ON", *REBUILD),
        ("CREATE TABLE t (x)", "CREATE INDEX other ON users (age)"),
        ("DROP INDEX users_email", "CREATE INDEX other ON users (email)"),
        ("VACUUM",),
    ],
    ids=str,
)
def test_nothing_is_lost(shop: Shop, change: tuple[str, ...]) -> None:
    file = shop.backup()
    shop.execute(*change)
    assert shop.json("verify", "app.db", "--against", file)["losses"] == []


@pytest.mark.parametrize(
    ("change", "loss"),
    [
        ("DELETE FROM users WHERE id = 7", "1 of 50 rows of users are missing"),
        ("UPDATE users SET email = 'x' WHERE id IN (1, 2)", "2 rows of users changed: email (2)"),
        ("UPDATE users SET age = NULL WHERE id = 3", "1 rows of users changed: age (1)"),
        ("UPDATE users SET email = upper(email) WHERE id = 1", "1 rows of users changed: email (1)"),
        ("DELETE FROM visits WHERE rowid = 1", "1 of 100 rows of visits are missing"),
        ("UPDATE visits SET seen = 9 WHERE rowid = 1", "1 of 100 rows of visits are missing"),
        ("DROP TABLE visits", "table visits is lost: 100 rows"),
        ("ALTER TABLE orders DROP COLUMN user", "column orders.user is lost: 200 values"),
        ("DROP INDEX users_email", "index users_email is lost: no other has its columns"),
        ("DROP VIEW adults", "view adults is lost: the database has no such view any more"),
        ("DROP TRIGGER no_negative",
         "trigger no_negative is lost: the database has no such trigger any more"),
    ],
)  # fmt: skip
def test_every_loss_is_found(shop: Shop, change: str, loss: str) -> None:
    if change.startswith("ALTER TABLE orders DROP") and sqlite3.sqlite_version_info < (3, 35):
        pytest.skip("SQLite before 3.35 drops no column")
    file = shop.backup()
    shop.execute(*(() if "orders DROP" not in change else ("DROP TRIGGER no_negative",)), change)
    losses = shop.json("verify", "app.db", "--against", file, code=1)["losses"]
    assert loss in losses
    code, out, _ = shop.run("verify", "app.db", "--against", file)
    assert code == 1
    assert f"LOST: {loss}" in out


def test_identical_pages_are_said_only_of_what_is_identical(shop: Shop) -> None:
    shop.execute(
        "CREATE TABLE long (text TEXT)",
        *("INSERT INTO long VALUES (hex(zeroblob(9000)))",) * 20,
        "CREATE TABLE large (id INTEGER PRIMARY KEY, text TEXT)",
        "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 5000)"
        " INSERT INTO large SELECT n, hex(n) || 'some text' FROM n",
        "PRAGMA wal_checkpoint(TRUNCATE)",
    )
    file = shop.backup()
    shop.execute("ALTER TABLE users ADD COLUMN name TEXT", "PRAGMA wal_checkpoint(TRUNCATE)")
    _, out, _ = shop.run("verify", "app.db", "--against", file)
    assert out.count("identical pages") == 5
    shop.execute("UPDATE large SET text = 'x' WHERE id = 4000", "PRAGMA wal_checkpoint(TRUNCATE)")
    code, out, _ = shop.run("verify", "app.db", "--against", file)
    assert code == 1
    assert out.count("identical pages") == 4
    assert "changed: id=4000" in out
    # The change is in a page that belongs to no tree: to the end of a long row.
    shop.execute(
        "UPDATE long SET text = substr(text, 1, 17999) || 'F' WHERE rowid = 7",
        "PRAGMA wal_checkpoint(TRUNCATE)",
    )
    code, out, _ = shop.run("verify", "app.db", "--against", file)
    assert "1 of 20 rows of long are missing" in out


def test_what_is_accepted_is_no_loss(shop: Shop) -> None:
    file = shop.backup()
    shop.execute("UPDATE users SET age = 1", "DROP TABLE visits", "DROP INDEX users_email")
    accept = ["--accept", "users.age", "--accept", "VISITS", "--accept", "users_email"]
    assert shop.run("verify", "app.db", "--against", file, *accept)[0] == 0
    shop.execute("UPDATE users SET email = 'x' WHERE id = 1")
    assert shop.run("verify", "app.db", "--against", file, *accept)[0] == 1


def test_a_rename_can_be_told(shop: Shop) -> None:
    file = shop.backup()
    shop.execute(
        "CREATE TABLE v (p TEXT, extra TEXT, s INTEGER)",
        "INSERT INTO v (p, s) SELECT page, seen FROM visits",
        "DROP TABLE visits",
    )
    arguments = ["verify", "app.db", "--against", file]
    assert shop.run(*arguments)[0] == 1
    told = ["--renamed", "visits=v", "--renamed", "visits.page=p", "--renamed", "visits.seen=s"]
    assert shop.json(*arguments, *told)["tables"][-1]["successor"] == "v"
    shop.execute("DELETE FROM v WHERE rowid = 5")
    assert shop.run(*arguments, *told)[0] == 1


def test_a_wrong_guess_of_a_successor_is_a_loss(shop: Shop) -> None:
    file = shop.backup()
    shop.execute("DROP TABLE visits", "CREATE TABLE views (page TEXT, seen INTEGER)")
    assert shop.json("verify", "app.db", "--against", file, code=1)["losses"] == [
        "100 of 100 rows of visits are missing"
    ]


def test_rows_that_are_there_twice_count_twice(shop: Shop) -> None:
    shop.execute("DELETE FROM visits", *["INSERT INTO visits VALUES ('same', 1)"] * 3)
    file = shop.backup()
    shop.execute("DELETE FROM visits WHERE rowid = 1", "INSERT INTO visits VALUES ('other', 1)")
    found = shop.json("verify", "app.db", "--against", file, code=1)
    assert found["losses"] == ["1 of 3 rows of visits are missing"]


def test_a_backup_that_was_changed_is_no_measure(shop: Shop) -> None:
    file = shop.backup()
    with Path(file).open("r+b") as stream:
        stream.seek(5000)
        stream.write(b"?")
    assert "SHA-256" in shop.json("verify", "app.db", "--against", file, code=1)["error"]


def test_verify_leaves_nothing_beside_the_backup(shop: Shop) -> None:
    file = shop.backup()
    shop.run("verify", "app.db", "--against", file)
    assert shop.names("app.db.bak*") == [Path(file).name, Path(file).name + ".manifest.json"]


def test_full_text_search_is_compared_as_what_it_shows(shop: Shop) -> None:
    try:
        shop.execute("CREATE VIRTUAL TABLE notes USING fts5(title, body)")
    except sqlite3.OperationalError:
        pytest.skip("this SQLite has no FTS5")
    shop.execute("INSERT INTO notes VALUES ('a', 'b'), ('c', 'd')")
    file = shop.backup()
    shop.execute("INSERT INTO notes (notes) VALUES ('optimize')")
    assert shop.json("verify", "app.db", "--against", file)["losses"] == []
    shop.execute("DELETE FROM notes WHERE title = 'a'")
    assert shop.json("verify", "app.db", "--against", file, code=1)["losses"] == [
        "1 of 2 rows of notes are missing"
    ]


_VALUES = st.one_of(
    st.none(), st.integers(-3, 3), st.sampled_from(["", "a", "A", "1", "é"]),
    st.sampled_from([0.5, 1.0, -2.0]), st.binary(max_size=2),
)  # fmt: skip
_ROWS = st.lists(st.tuples(_VALUES, _VALUES), max_size=8)


@pytest.mark.parametrize(
    "layout", ["(a, b)", "(k PRIMARY KEY, a, b)", "(k INTEGER PRIMARY KEY, a, b)"]
)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(old=_ROWS, new=_ROWS)
def test_rows_are_kept_if_and_only_if_a_model_says_so(
    layout: str, tmp_path: Path, old: list[tuple[Any, Any]], new: list[tuple[Any, Any]]
) -> None:
    keyed = "k" in layout
    for name, rows in (("old", old), ("new", new)):
        path = tmp_path / f"{name}.db"
        path.unlink(missing_ok=True)
        connection = sqlite3.connect(path)
        connection.execute(f"CREATE TABLE t {layout}")
        marks = "?, ?, ?" if keyed else "?, ?"
        values = [(n, *row) for n, row in enumerate(rows)] if keyed else rows
        connection.executemany(f"INSERT INTO t VALUES ({marks})", values)
        connection.commit()
        connection.close()
    found = verify(
        tmp_path / "new.db", tmp_path / "old.db", Progress(shown=False),
        renames={}, accepted=frozenset(),
    ).tables[0].rows  # fmt: skip
    if keyed:
        pairs = list(zip(old, new, strict=False))
        assert found.missing == max(0, len(old) - len(new))
        assert found.changed == sum(_known(before) != _known(after) for before, after in pairs)
    else:
        assert found.missing == _missing(list(map(_known, old)), list(map(_known, new)))


def _known(row: tuple[Any, Any]) -> tuple[tuple[str, Any], ...]:
    """Tell types apart as SQLite does: 1 and 1.0 are the same number, '1' is none."""
    kind: Callable[[Any], str] = lambda v: "n" if isinstance(v, (int, float)) else type(v).__name__  # noqa: E731
    return tuple((kind(value), value) for value in row)


def _missing(old: list[Any], new: list[Any]) -> int:
    left = list(new)
    missing = 0
    for row in old:
        if row in left:
            left.remove(row)
        else:
            missing += 1
    return missing
