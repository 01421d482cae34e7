"""What is known from pages must be what the rows say, whatever was done to a database."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from threading import Event, Thread

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dbguard.live import identity, proof
from dbguard.live.comparison import Comparison
from dbguard.live.failures import LossError
from dbguard.live.progress import Progress
from dbguard.live.sqlite import comparing, matching, pages
from tests.live_databases import Shop

TABLES = """\
CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE codes (code TEXT NOT NULL PRIMARY KEY, name TEXT);
CREATE TABLE tags (number INTEGER, name TEXT);
CREATE TABLE pairs (a INTEGER, b INTEGER, name TEXT, PRIMARY KEY (a, b)) WITHOUT ROWID;
CREATE INDEX tags_name ON tags (name);
"""
CHANGES = (
    "UPDATE {table} SET name = 'changed' WHERE {number} % {some} = 1",
    "UPDATE {table} SET name = zeroblob(length(name)) WHERE {number} % {some} = 2",
    "DELETE FROM {table} WHERE {number} % {some} = 3",
    "DELETE FROM {table} WHERE {number} > {some}",
    "DELETE FROM {table}",
    "ALTER TABLE {table} ADD COLUMN more DEFAULT 5",
    "CREATE TABLE built AS SELECT * FROM {table}; DROP TABLE {table};"
    " ALTER TABLE built RENAME TO {table}",
    "DROP TABLE {table}",
    "INSERT INTO tags SELECT number + 1, name FROM tags WHERE number % {some} = 0",
    "INSERT INTO users (name) SELECT name || 'x' FROM tags WHERE number % {some} < 3",
    "INSERT INTO users VALUES (-5, 'first'), (4000000000, 'last')",
    "VACUUM",
)
NUMBERS = {"users": "id", "codes": "length(code)", "tags": "number", "pairs": "b"}


def make(path: Path, page: int, vacuum: int, rows: int, widths: list[int]) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute(f"PRAGMA page_size = {page}")
        connection.execute(f"PRAGMA auto_vacuum = {vacuum}")
        connection.executescript(TABLES)
        connection.execute("BEGIN")
        for n in range(rows):
            name = f"{n}" * widths[n % len(widths)]
            connection.execute("INSERT INTO users VALUES (?, ?)", (n * 3, name))
            connection.execute("INSERT INTO codes VALUES (?, ?)", (f"c{n}" + "x" * (n % 9), name))
            connection.execute("INSERT INTO tags VALUES (?, ?)", (n % 50, name[:90]))
            connection.execute("INSERT INTO pairs VALUES (?, ?, ?)", (n % 7, n, name))
        connection.execute("COMMIT")


def compared(new: Path, old: Path) -> Comparison:
    return comparing.verify(
        new, old, Progress(shown=False), renames={}, accepted=frozenset(), at_rest=True
    )


def said(found: Comparison) -> object:
    return found.losses, found.problems, [
        (t.name, t.rows.missing, t.rows.changed, t.rows.columns, t.rows.old_rows, t.rows.new_rows)
        for t in found.tables
    ]  # fmt: skip


change = st.tuples(
    st.sampled_from(CHANGES), st.sampled_from(sorted(NUMBERS)), st.sampled_from([4, 40, 397])
)


@settings(deadline=None, max_examples=60)
@given(
    page=st.sampled_from([512, 1024, 4096]),
    vacuum=st.sampled_from([0, 1]),
    rows=st.sampled_from([0, 3, 300, 1500]),
    widths=st.lists(st.sampled_from([1, 5, 40, 900]), min_size=1, max_size=4),
    changes=st.lists(change, max_size=3),
)
def test_pages_tell_what_rows_tell(
    page: int, vacuum: int, rows: int, widths: list[int], changes: list[tuple[str, str, int]]
) -> None:
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        old, new = Path(name) / "old.db", Path(name) / "new.db"
        make(old, page, vacuum, rows, widths)
        shutil.copyfile(old, new)
        with closing(sqlite3.connect(new, isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous = OFF")
            for statement, table, some in changes:
                text = statement.format(table=table, number=NUMBERS[table], some=some)
                try:
                    connection.executescript(text)
                except sqlite3.Error:  # of a table that an earlier change took away
                    connection.executescript("DROP TABLE IF EXISTS built")
        patch.setattr(identity, "SEGMENT", identity.BLOCK)
        patch.setattr(comparing, "_WORTHWHILE", 0)
        patch.setattr(matching, "_WORTHWHILE", 0)
        patch.setattr(identity, "processors", lambda: 2)
        quick = said(compared(new, old))
        patch.setattr(pages, "differing", lambda *_: {})
        patch.setattr(identity, "processors", lambda: 1)
        patch.setattr(comparing, "_WORTHWHILE", 2**60)
        assert quick == said(compared(new, old))


@pytest.fixture
def large(tmp_path: Path) -> tuple[Path, Path]:
    """Two files with a tree of three levels."""
    make(tmp_path / "old.db", 512, 0, 3000, [20])
    shutil.copyfile(tmp_path / "old.db", tmp_path / "new.db")
    return tmp_path / "new.db", tmp_path / "old.db"


def looked_at(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """Return what is found of each table while something is compared."""
    found: dict[str, object] = {}
    original = pages.differing

    def noted(*arguments: object) -> dict[str, tuple[pages.Range, ...]]:
        told = original(*arguments)  # type: ignore[arg-type]
        found.update(told)
        return told

    monkeypatch.setattr(pages, "differing", noted)
    return found


def test_a_row_that_changed_has_only_its_neighbours_looked_at(
    large: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    new, old = large
    found = looked_at(monkeypatch)
    with closing(sqlite3.connect(new)) as connection:
        connection.execute("UPDATE users SET name = 'x' WHERE id IN (900, 6000)")
        connection.execute("DELETE FROM tags WHERE rowid = 77")
        connection.commit()
    outcome = compared(new, old)
    assert sorted(outcome.losses) == [
        "1 of 3,000 rows of tags are missing", "2 rows of users changed: name (2)"
    ]  # fmt: skip
    assert found["codes"] == found["pairs"] == ()
    for table, rows in (("users", (900, 6000)), ("tags", (77,))):
        ranges = found[table]
        assert isinstance(ranges, tuple)
        assert len(ranges) == len(rows)
        for (first, last), row in zip(ranges, rows, strict=True):
            assert first <= row <= last < first + 200


def test_a_long_row_that_changed_is_told_from_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new, old = tmp_path / "new.db", tmp_path / "old.db"
    make(old, 512, 0, 1000, [2000])
    shutil.copyfile(old, new)
    found = looked_at(monkeypatch)
    with closing(sqlite3.connect(new)) as connection:
        connection.execute("UPDATE users SET name = hex(randomblob(2000)) WHERE id = 300")
        connection.commit()
    assert compared(new, old).losses == ("1 rows of users changed: name (1)",)
    assert found["codes"] == ()
    assert found["users"] not in ((), None)


def test_the_end_of_a_long_row_that_was_overwritten_in_place(tmp_path: Path) -> None:
    # As long as before: SQLite writes the page with the end, and no page of the tree.
    new, old = tmp_path / "new.db", tmp_path / "old.db"
    make(old, 512, 0, 1000, [2000])
    shutil.copyfile(old, new)
    with closing(sqlite3.connect(new)) as connection:
        connection.execute(
            "UPDATE users SET name = substr(name, 1, length(name) - 3) || 'xyz' WHERE id = 300"
        )
        connection.commit()
    assert compared(new, old).losses == ("1 rows of users changed: name (1)",)


def test_a_page_that_leads_to_itself_ends(
    large: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    new, old = large
    with closing(sqlite3.connect(old)) as connection:
        ((root,),) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'users'")
    content = bytearray(old.read_bytes())
    at = (root - 1) * 512
    for cell in range(int.from_bytes(content[at + 3 : at + 5], "big")):
        place = at + int.from_bytes(content[at + 12 + 2 * cell : at + 14 + 2 * cell], "big")
        content[place : place + 4] = root.to_bytes(4, "big")
    old.write_bytes(content)
    new.write_bytes(content)
    with closing(sqlite3.connect(new)) as connection:
        connection.execute("UPDATE tags SET name = 'x' WHERE number = 3")
        connection.commit()
    compared(new, old)


@pytest.mark.parametrize("processors", [1, 2])
def test_each_segment_of_a_backup_is_proved(
    large: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, processors: int, shop: Shop
) -> None:
    new, _ = large
    monkeypatch.setattr(identity, "SEGMENT", identity.BLOCK)
    monkeypatch.setattr(identity, "processors", lambda: processors)
    backup = Path(shop.json("backup", str(new))["file"])
    described = shop.json("verify", str(new), "--against", str(backup))
    assert described["losses"] == []
    content = bytearray(backup.read_bytes())
    for place in (200, len(content) // 2, len(content) - 1):
        content[place] ^= 1
        backup.write_bytes(content)
        told = shop.json("verify", str(new), "--against", str(backup), code=1)
        assert "the SHA-256 differs" in told["error"]
        content[place] ^= 1
    backup.write_bytes(content)
    shop.json("verify", str(new), "--against", str(backup))


def test_segments_that_do_not_make_up_the_file_are_not_used(
    large: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, shop: Shop
) -> None:
    new, _ = large
    monkeypatch.setattr(identity, "SEGMENT", identity.BLOCK)
    backup = Path(shop.json("backup", str(new))["file"])
    described = backup.with_name(backup.name + ".manifest.json")
    for told in ('"bytes": 1', '"bytes": 0', '"bytes": -65536', '"bytes": 131072'):
        described.write_text(described.read_text().replace('"bytes": 65536', told))
        with proof.proof_of(backup) as found:
            assert found.segment == 0
        described.write_text(described.read_text().replace(told, '"bytes": 65536'))
    backup.write_bytes(backup.read_bytes()[:-1] + b"?")
    described.write_text(described.read_text().replace('"bytes": 65536', '"bytes": 1'))
    with pytest.raises(LossError), proof.proof_of(backup):
        pass


@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_all_connections_read_one_state_while_somebody_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    new, old = tmp_path / "new.db", tmp_path / "old.db"
    make(old, 1024, 0, 2000, [20])
    shutil.copyfile(old, new)
    monkeypatch.setattr(identity, "processors", lambda: 3)
    monkeypatch.setattr(comparing, "_WORTHWHILE", 0)
    monkeypatch.setattr(matching, "_WORTHWHILE", 0)
    with closing(sqlite3.connect(new)) as connection:
        connection.execute(f"PRAGMA journal_mode = {mode}")
    over = Event()

    def write() -> None:
        # What is in each state at one of two places: two states would miss it, or be of both.
        with closing(sqlite3.connect(new, timeout=30, isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous = OFF")
            at = 0
            while not over.is_set():
                at = 5997 - at
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("DELETE FROM users WHERE name = 'moved'")
                connection.execute("INSERT INTO users VALUES (?, 'moved')", (at + 1,))
                connection.execute("COMMIT")
                over.wait(0.002)

    writing = Thread(target=write)
    writing.start()
    try:
        for _ in range(15):
            found = comparing.verify(
                new, old, Progress(shown=False), renames={}, accepted=frozenset()
            )
            users = next(t.rows for t in found.tables if t.name == "users")
            assert found.losses == ()
            assert users.new_rows in (2000, 2001)
    finally:
        over.set()
        writing.join()


def test_a_state_that_moves_while_connections_begin_is_begun_again(
    large: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    new, old = large
    with closing(sqlite3.connect(new)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    begun = []
    original = comparing._begin

    def begin(connection: sqlite3.Connection) -> None:
        original(connection)
        begun.append(connection)
        if len(begun) in (2, 3):  # after the first of them, in the first two rounds
            with closing(sqlite3.connect(new)) as other:
                other.execute("DELETE FROM users WHERE id = ?", (len(begun) * 3,))
                other.commit()

    monkeypatch.setattr(comparing, "_begin", begin)
    monkeypatch.setattr(comparing, "_WORTHWHILE", 0)
    monkeypatch.setattr(identity, "processors", lambda: 2)
    found = comparing.verify(new, old, Progress(shown=False), renames={}, accepted=frozenset())
    assert found.losses == ("2 of 3,000 rows of users are missing",)
    assert len(begun) == 1 + 2 * 2


def test_a_block_that_is_read_in_two_goes(
    large: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from dbguard.live.sqlite import both_files

    new, old = large
    with closing(sqlite3.connect(new)) as connection:
        connection.execute("DELETE FROM users WHERE id = 3000")
        connection.commit()
    original: Callable[[int, memoryview, int], int] = both_files._read_at
    monkeypatch.setattr(
        both_files, "_read_at", lambda file, into, at: original(file, into[:1000], at)
    )
    assert compared(new, old).losses == ("1 of 3,000 rows of users are missing",)
