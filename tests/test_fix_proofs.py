"""A fixed flow, run on a live database, keeps every row; unfixed it loses some.

The proofs of :mod:`tests.test_proofs` turned round: their unsafe fixtures, with every fix
done, are run in a folder with a database, in write-ahead mode too, where what was written
last is not in the file itself. One that dies in its first line loses nothing either: on
clean data each ends well, with the tables that the unfixed one leaves.
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.expectations import FIXTURES, fixture_files, stated_in
from tests.test_fix_fixtures import FIXED, laid_out, proposed
from tests.test_proofs import CLEAN, DIRTY, _needs, kept, run, seed

_ALONE_THEY_LOSE_NOTHING = {"change-without-backup", "verification-cannot-stop"}

UNSAFE = [
    path
    for path in fixture_files()
    if ".sqlite." in path.name
    and "unsafe" in path.name
    and {place.rule for place in stated_in(path, "expect")} <= FIXED | _ALONE_THEY_LOSE_NOTHING
]

# Each is named, so that a fix that stops working is noticed.
NO_FIX = {
    "unsafe-reset.sqlite.sql": "drops a table that was copied nowhere",
}


def fixed(path: Path, folder: Path) -> Path | None:
    """Return a fixture with every fix done, None where that leaves what loses rows."""
    copy = laid_out(path, folder)
    proposal = proposed(copy, folder)
    for candidate, _, after in proposal.changes():
        Path(candidate.absolute).write_bytes(after.encode())
    left = [one for one in proposal.after.open_findings if one.rule in FIXED]
    return None if left or not proposal.fixed else copy


def _id(path: Path) -> str:
    return path.relative_to(FIXTURES).as_posix()


@pytest.mark.parametrize("users", [CLEAN, DIRTY], ids=["clean", "dirty"])
@pytest.mark.parametrize("path", UNSAFE, ids=_id)
def test_a_fixed_flow_keeps_every_row(
    path: Path, users: list[tuple[int, str, int]], tmp_path: Path
) -> None:
    _needs(path)
    code = fixed(path, tmp_path / "code")
    if code is None:
        assert path.name in NO_FIX
        return
    data = tmp_path / "data"
    data.mkdir()
    seed(data, users)
    before = kept(data)
    run(code, data)
    assert not before - kept(data)


STOPS = {
    "python-finally-unsafe.sqlite.py": "its backup goes into a folder that is not there",
    "unsafe-truncate.sqlite.py": 'open(.., "x") raises where the file is there',
}
KEEPS_THE_OLD = {
    "unsafe-redirect.sqlite.sh": "what would be emptied is there",
    "unsafe-truncate.sqlite.py": "what would be emptied is there",
}


def schema(folder: Path) -> set[tuple[str, ...]]:
    """Return the tables of a database, each with its columns."""
    with closing(sqlite3.connect(folder / "app.db")) as connection:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master")]
        return {
            (name, *(row[1] for row in connection.execute(f"PRAGMA table_info({name})")))
            for name in tables
        }


@pytest.mark.parametrize("path", UNSAFE, ids=_id)
def test_a_fixed_flow_does_its_work_on_clean_data(path: Path, tmp_path: Path) -> None:
    _needs(path)
    code = fixed(path, tmp_path / "code")
    if code is None:
        return
    unfixed, data = tmp_path / "unfixed", tmp_path / "data"
    for folder in (unfixed, data):
        folder.mkdir()
        seed(folder, CLEAN)
    run(path, unfixed)
    assert run(code, data) == (path.name not in STOPS)
    assert (schema(data) == schema(unfixed)) == (path.name not in KEEPS_THE_OLD)


@pytest.fixture
def live(tmp_path: Path) -> Path:
    """Return a folder with a database in write-ahead mode, whose last rows are in its log."""
    data = tmp_path / "live"
    data.mkdir()
    seed(data, CLEAN)
    connection = sqlite3.connect(data / "app.db")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA wal_autocheckpoint=0")
    connection.execute("INSERT INTO users VALUES (7, 'barbara', 80)")
    connection.commit()
    crashed = tmp_path / "crashed"
    shutil.copytree(data, crashed)
    connection.close()
    assert (crashed / "app.db-wal").stat().st_size
    return crashed


DELETES = {
    "remove.py": "import os\n\nos.remove('app.db')\n",
    "unlink.py": "from pathlib import Path\n\nPath('app.db').unlink(missing_ok=True)\n",
    "rm.sh": "#!/bin/sh\nset -e\nrm -f app.db\n",
    "chain.sh": "[ -f app.db ] && rm app.db app.db-wal app.db-shm\n",
    "quoted.sh": 'DB=app.db\nif [ -f "$DB" ]; then rm "$DB"; fi\n',
}


@pytest.mark.parametrize("name", DELETES)
def test_the_log_goes_with_the_database(name: str, live: Path, tmp_path: Path) -> None:
    code = tmp_path / name
    code.write_text(DELETES[name])
    proposal = proposed(code, tmp_path)
    assert len(proposal.fixed) == 1
    for candidate, _, after in proposal.changes():
        Path(candidate.absolute).write_text(after)
    run(code, live)
    assert not (live / "app.db").exists()
    (aside,) = (p for p in live.glob("app.db.bak_*") if not p.name.endswith(("-wal", "-shm")))
    with closing(sqlite3.connect(aside)) as connection:
        names = {row[0] for row in connection.execute("SELECT name FROM users")}
    assert "barbara" in names
    # What is made anew under the old name is new, and has nothing of the old log.
    with closing(sqlite3.connect(live / "app.db")) as connection:
        assert not list(connection.execute("SELECT name FROM sqlite_master"))


@pytest.mark.parametrize("kind", ["sh", "py"])
def test_two_moves_within_a_second_leave_both_files(kind: str, tmp_path: Path) -> None:
    code = tmp_path / f"twice.{kind}"
    code.write_text(
        "echo one > app.db\nrm app.db\necho two > app.db\nrm app.db\n"
        if kind == "sh"
        else "import os\n\nos.remove('app.db')\nos.rename('next', 'app.db')\nos.remove('app.db')\n"
    )
    proposal = proposed(code, tmp_path)
    (after,) = (after for _, _, after in proposal.changes())
    if kind == "sh":
        after = after.replace("%Y%m%d_%H%M%S", "%Y")  # one second that lasts
        after = after.replace('[ -e "app.db" ] || ', "")
    code.write_text(after)
    data = tmp_path / "data"
    data.mkdir()
    (data / "app.db").write_text("one\n")
    (data / "next").write_text("two\n")
    assert run(code, data)
    said = sorted(path.read_text() for path in data.glob("app.db.bak_*"))
    assert said == ["one\n", "two\n"]


def test_the_copy_that_sqlite_makes_has_what_is_in_the_log(live: Path, tmp_path: Path) -> None:
    code = tmp_path / "keep.sh"
    code.write_text(
        'set -e\nsqlite3 app.db "PRAGMA journal_mode=wal"\ncp app.db "copy_$(date +%s).db"\n'
    )
    _needs(code)
    proposal = proposed(code, tmp_path)
    assert [one.rule for one in proposal.fixed] == ["backup-of-live-file"]
    for candidate, _, after in proposal.changes():
        Path(candidate.absolute).write_text(after)
    run(code, live)
    (copy,) = live.glob("copy_*.db")
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT count(*) FROM users").fetchone() == (4,)


@pytest.mark.parametrize("missing", [False, True], ids=["whole", "row missing"])
@pytest.mark.parametrize("kind", ["sql", "py", "sh", "goes-on.sh"])
def test_the_inserted_comparison_stops_the_drop_only_where_rows_are_missing(
    kind: str, missing: bool, tmp_path: Path
) -> None:
    condition = " WHERE id <> 2" if missing else ""
    copy = f"INSERT INTO users_new SELECT id, name, age FROM (SELECT * FROM users{condition})"
    create = "CREATE TABLE users_new (id INTEGER PRIMARY KEY, name TEXT, age INTEGER)"
    code = tmp_path / f"rebuild.{kind}"
    statements = (
        create,
        "INSERT INTO users_new SELECT id, name, age FROM users",
        "DROP TABLE users",
    )
    if kind == "sql":
        code.write_text("PRAGMA foreign_keys=OFF;\n" + "".join(f"{s};\n" for s in statements))
    elif kind == "py":
        lines = "".join(f"connection.execute('{s}')\n" for s in statements)
        code.write_text(f"import sqlite3\nconnection = sqlite3.connect('app.db')\n{lines}")
        code.write_text(code.read_text() + "connection.commit()\n")
    else:
        lines = "".join(f'sqlite3 app.db "{s}"\n' for s in statements)
        code.write_text(lines if "goes-on" in kind else f"set -e\n{lines}")
    _needs(code)
    proposal = proposed(code, tmp_path)
    assert [one.rule for one in proposal.fixed] == ["drop-table"]
    ((candidate, _, after),) = proposal.changes()
    # The row gets lost behind the back of the scan: the comparison has to find out itself.
    Path(candidate.absolute).write_text(after.replace(statements[1], copy))
    data = tmp_path / "data"
    data.mkdir()
    seed(data, CLEAN)
    before = kept(data)
    run(code, data)
    with closing(sqlite3.connect(data / "app.db")) as connection:
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    assert ("users" in tables) == missing
    assert not before - kept(data)


CHANGES = {
    "change.py": "import sqlite3\n\nPATH = 'app.db'\nconnection = sqlite3.connect(PATH)\n"
    "connection.execute('ALTER TABLE users ADD COLUMN email TEXT')\n",
    "change.sh": 'sqlite3 app.db "ALTER TABLE users ADD COLUMN email TEXT"\n',
    "list.sh": 'cd . && sqlite3 app.db "ALTER TABLE users ADD COLUMN email TEXT"; echo done\n',
}


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("possible", [True, False], ids=["backup", "no room"])
def test_the_backup_that_is_added_is_whole_or_nothing_is_changed(
    name: str, possible: bool, live: Path, tmp_path: Path
) -> None:
    code = tmp_path / name
    code.write_text(CHANGES[name])
    _needs(code)
    proposal = proposed(code, tmp_path)
    assert "change-without-backup" in [one.rule for one in proposal.fixed]
    for candidate, _, after in proposal.changes():
        # A folder of the name is in the way of every backup.
        text = after if possible else after.replace(".bak_", "/bak_")
        Path(candidate.absolute).write_text(text)
    run(code, live)
    with closing(sqlite3.connect(live / "app.db")) as connection:
        columns = {row[1] for row in connection.execute("PRAGMA table_info(users)")}
        assert ("email" in columns) == possible
    copies = list(live.glob("app.db.bak_*"))
    assert len(copies) == possible
    for copy in copies:
        with closing(sqlite3.connect(copy)) as connection:
            assert connection.execute("SELECT count(*) FROM users").fetchone() == (4,)


def test_each_backup_that_one_place_makes_within_a_second_has_a_name(
    live: Path, tmp_path: Path
) -> None:
    code = tmp_path / "twice.sh"
    code.write_text(
        'set -e\nadd() {\n  sqlite3 app.db "ALTER TABLE users ADD COLUMN $1 TEXT"\n}\nadd a\nadd b\n'
    )
    _needs(code)
    proposal = proposed(code, tmp_path)
    assert [one.rule for one in proposal.fixed] == ["change-without-backup"]
    ((candidate, _, after),) = proposal.changes()
    Path(candidate.absolute).write_text(after.replace("%Y%m%d_%H%M%S", "%Y"))  # one long second
    run(code, live)
    states = []
    for copy in live.glob("app.db.bak_users_*"):
        with closing(sqlite3.connect(copy)) as connection:
            states.append([row[1] for row in connection.execute("PRAGMA table_info(users)")][3:])
    assert sorted(states) == [[], ["a"]]


LOOKS = {
    "change.py": "import sqlite3\n\ncon = sqlite3.connect('app.db')\ncur = con.cursor()\n"
    "cur.execute('ALTER TABLE users ADD COLUMN email TEXT')  # new\ncon.commit()\n",
    "change.sh": 'sqlite3 app.db "ALTER TABLE users ADD COLUMN email TEXT"  # new\n',
    "strict.sh": "set -e\nif true; then\n  sqlite3 -batch app.db 'ALTER TABLE users ADD email'\nfi\n",
}


@pytest.mark.parametrize("is_there", [True, False])
@pytest.mark.parametrize("name", LOOKS)
def test_the_look_at_a_new_column_fails_only_where_it_is_not_there(
    name: str, is_there: bool, tmp_path: Path
) -> None:
    code = tmp_path / name
    code.write_text(LOOKS[name])
    _needs(code)
    proposal = proposed(code, tmp_path)
    assert "change-not-verified" in [one.rule for one in proposal.fixed]
    for candidate, _, after in proposal.changes():
        # A change that does nothing, and says nothing of it.
        text = after if is_there else after.replace("ALTER TABLE users ADD", "SELECT 'no ADD'; --")
        Path(candidate.absolute).write_text(text)
    data = tmp_path / "data"
    data.mkdir()
    seed(data, CLEAN)
    before = kept(data)
    assert run(code, data) == is_there
    assert not before - kept(data)


OVERWRITES = {
    "open.py": "with open('app.db', 'wb') as file:\n    file.write(b'new')\n",
    "copy.py": "import shutil\n\nshutil.copyfile('seed', 'app.db')\n",
    "path.py": "from pathlib import Path\n\nPath('app.db').write_bytes(b'new')\n",
    "cp.sh": "cp seed app.db\n",
    "redirect.sh": "mkdir -p x && echo new > app.db\n",
    "list.sh": "true && cat seed > app.db || echo no\n",
    "loop.sh": 'for DB in app.db; do cat < seed > "$DB"; done\n',
}


@pytest.mark.parametrize("name", OVERWRITES)
@pytest.mark.parametrize("there", [True, False])
def test_what_writes_only_where_no_file_is_leaves_a_database_as_it_is(
    name: str, there: bool, tmp_path: Path
) -> None:
    code = tmp_path / name
    code.write_text(OVERWRITES[name])
    proposal = proposed(code, tmp_path)
    assert [one.rule for one in proposal.fixed] == ["overwrite-database-file"]
    for candidate, _, after in proposal.changes():
        Path(candidate.absolute).write_text(after)
    data = tmp_path / "data"
    data.mkdir()
    (data / "seed").write_text("new")
    if there:
        seed(data, CLEAN)
    before = kept(data)
    run(code, data)
    assert kept(data) == before if there else (data / "app.db").read_text().strip() == "new"


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize("kind", ["sh", "py"])
def test_a_restore_keeps_the_damaged_database_with_its_log(
    kind: str, there: bool, live: Path, tmp_path: Path
) -> None:
    code = tmp_path / f"restore.{kind}"
    code.write_text(
        "systemctl() { :; }\nsystemctl stop app\ncp old/app.db.bak app.db\n"
        if kind == "sh"
        else "import shutil\nimport subprocess\nsubprocess.run(['true', 'systemctl stop app'])\n"
        "shutil.copyfile('old/app.db.bak', 'app.db')\n"
    )
    proposal = proposed(code, tmp_path)
    assert "restore-without-keeping" in [one.rule for one in proposal.fixed]
    for candidate, _, after in proposal.changes():
        Path(candidate.absolute).write_text(after)
    before = kept(live)
    assert not run(code, live)
    assert kept(live) == before
    assert (live / "app.db").exists()
    (live / "old").mkdir()
    with closing(sqlite3.connect(live / "old/app.db.bak")) as connection:
        connection.execute("CREATE TABLE restored (x)")
    if not there:
        empty = tmp_path / "empty"
        shutil.copytree(live / "old", empty / "old")
        run(code, empty)
        assert not (empty / "app.db").exists()
        return
    run(code, live)
    with closing(sqlite3.connect(live / "app.db")) as connection:
        assert list(connection.execute("SELECT name FROM sqlite_master")) == [("restored",)]
    (aside,) = (p for p in live.glob("app.db.damaged_*") if p.name[-4:] not in ("-wal", "-shm"))
    with closing(sqlite3.connect(aside)) as connection:
        assert connection.execute("SELECT count(*) FROM users").fetchone() == (4,)
