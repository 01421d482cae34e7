"""``dbguard fix``: what is offered, what is shown, what is written."""

from __future__ import annotations

import os
import stat
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dbguard.cli import main
from dbguard.fixes import all_fixes
from dbguard.fixing.diff import diff
from dbguard.fixing.proposal import Proposal, propose
from dbguard.fixing.writing import replace_file
from dbguard.options import Input, ScanOptions
from dbguard.repair.edits import Edit, OverlapError, Patch
from dbguard.repair.fix import Safety
from dbguard.report.style import Style
from dbguard.rules import rule_ids
from dbguard.source import Span

EVERY = frozenset(Safety)


def propose_text(
    name: str, text: str, folder: Path, allowed: frozenset[Safety] = EVERY
) -> Proposal:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return propose(ScanOptions((str(path),), folder), None, allowed)


def fixed_text(name: str, text: str, folder: Path, allowed: frozenset[Safety] = EVERY) -> str:
    proposal = propose_text(name, text, folder, allowed)
    return next((after for _, _, after in proposal.changes()), text)


# -- edits


_TEXT = st.text("abc\n", max_size=30)


@st.composite
def _edited(draw: st.DrawFn) -> tuple[str, tuple[Edit, ...]]:
    text = draw(_TEXT)
    ends = sorted(draw(st.lists(st.integers(0, len(text)), max_size=6)))
    spans = [Span(a, b) for a, b in zip(ends[::2], ends[1::2], strict=False)]
    return text, tuple(Edit(span, draw(st.text("XYZ", max_size=4))) for span in spans)


@given(_edited(), st.data())
def test_what_no_edit_touches_is_found_again(
    made: tuple[str, tuple[Edit, ...]], data: st.DataObject
) -> None:
    text, edits = made
    start = data.draw(st.integers(0, len(text)))
    span = Span(start, data.draw(st.integers(start, len(text))))
    patch = Patch(edits)
    new = patch.applied(text)
    there = patch.moved(span)
    assert 0 <= there.start <= there.end <= len(new)
    if all(edit.span.end < span.start or edit.span.start > span.end for edit in edits):
        assert new[there.start : there.end] == text[span.start : span.end]
        assert patch.original(there) == span
    back = patch.original(there)
    assert 0 <= back.start <= back.end <= len(text)


def test_two_edits_of_one_place_are_refused() -> None:
    with pytest.raises(OverlapError):
        Patch((Edit(Span(0, 3), "x"), Edit(Span(2, 4), "y")))


# -- what is offered


def test_every_fix_is_of_a_rule_and_says_what_it_does() -> None:
    for fix in all_fixes():
        assert fix.rule in rule_ids()
        assert fix.__doc__


CASES = {
    "semicolon": (
        "a.sh",
        'cp app.db "app.db.$(date +%s)"; rm app.db\n',
        'cp app.db "app.db.$(date +%s)" && rm app.db\n',
    ),
    "next line": (
        "a.sh",
        'cp app.db "app.db.$(date +%s)"  # keep\n\nrm app.db\n',
        'cp app.db "app.db.$(date +%s)" &&  # keep\n\nrm app.db\n',
    ),
    "apart": (
        "a.sh",
        'cp app.db "app.db.$(date +%s)"\necho kept\nrm app.db\n',
        'cp app.db "app.db.$(date +%s)" || exit 1\necho kept\nrm app.db\n',
    ),
    "tolerated": (
        "a.sh",
        'pg_dump shop > "shop_$(date +%F).sql" || true\ndropdb shop\n',
        'pg_dump shop > "shop_$(date +%F).sql" || exit 1\ndropdb shop\n',
    ),
    "process": (
        "a.py",
        'import subprocess, time\nsubprocess.run(["cp", "app.db", f"app-{time.time()}.db"])\n'
        'subprocess.run(["rm", "app.db"])\n',
        'import subprocess, time\nsubprocess.run(["cp", "app.db", f"app-{time.time()}.db"], '
        'check=True)\nsubprocess.run(["rm", "app.db"])\n',
    ),
    "call": (
        "a.py",
        'import subprocess, time\nsubprocess.call(["cp", "app.db", f"app-{time.time()}.db"])\n'
        'subprocess.run(["rm", "app.db"])\n',
        'import subprocess, time\nsubprocess.check_call(["cp", "app.db", '
        'f"app-{time.time()}.db"])\nsubprocess.run(["rm", "app.db"])\n',
    ),
    "check is off": (
        "a.py",
        'import subprocess, time\nsubprocess.run(["cp", "app.db", f"app-{time.time()}.db"], '
        'check=False)\nsubprocess.run(["rm", "app.db"])\n',
        'import subprocess, time\nsubprocess.run(["cp", "app.db", f"app-{time.time()}.db"], '
        'check=True)\nsubprocess.run(["rm", "app.db"])\n',
    ),
    "quoted name": (
        "a.sql",
        'CREATE TABLE "New Users" (id int);\nINSERT INTO "New Users" SELECT * FROM "Users";\n'
        'DO $$ BEGIN END $$;\nDROP TABLE "Users";\n',
        'CREATE TABLE "New Users" (id int);\nINSERT INTO "New Users" SELECT * FROM "Users";\n'
        'DO $$ BEGIN END $$;\nDO $$ BEGIN\n  IF (SELECT count(*) FROM "New Users") <> '
        "(SELECT count(*) FROM \"Users\") THEN\n    RAISE EXCEPTION 'Users: rows are missing';\n"
        '  END IF;\nEND $$;\nDROP TABLE "Users";\n',
    ),
    "client that goes on": (
        "a.sh",
        "psql shop <<SQL\nINSERT INTO users_new SELECT * FROM users;\nDROP TABLE users;\nSQL\n",
        "psql shop <<SQL\n\\\\set ON_ERROR_STOP on\nINSERT INTO users_new SELECT * FROM users;\n"
        "DO \\$\\$ BEGIN\n  IF (SELECT count(*) FROM users_new) <> (SELECT count(*) FROM users) "
        "THEN\n    RAISE EXCEPTION 'users: rows are missing';\n  END IF;\nEND \\$\\$;\n"
        "DROP TABLE users;\nSQL\n",
    ),
    "quoted client": (
        "a.sh",
        "set -e\npsql shop -c 'INSERT INTO new SELECT * FROM users; DROP TABLE users'\n",
        "set -e\npsql shop -c 'INSERT INTO new SELECT * FROM users; DO $$ BEGIN IF (SELECT count(*) "
        "FROM new) <> (SELECT count(*) FROM users) THEN RAISE EXCEPTION '\\''users: rows are "
        "missing'\\''; END IF; END $$; DROP TABLE users'\n",
    ),
    "last comment": (
        "a.py",
        "x = 1  # dbguard: ignore[drop-all] was once\n",
        "x = 1\n",
    ),
    "comment of its own": (
        "a.sql",
        "SELECT 1;\n-- dbguard: ignore-next-line[drop-table] caches\nSELECT 2;\n",
        "SELECT 1;\nSELECT 2;\n",
    ),
    "one id of two": (
        "a.sql",
        "DROP TABLE cache; -- dbguard: ignore[drop-table, drop-column] refilled at login\n",
        "DROP TABLE cache; -- dbguard: ignore[drop-table] refilled at login\n",
    ),
}


COMPARED = (
    "import sqlite3\n\n\ndef go():\n    con = sqlite3.connect('a.db')\n"
    "    con.execute('INSERT INTO new SELECT * FROM users')\n"
    "    old = con.execute('SELECT count(*) FROM users').fetchone()[0]\n"
    "    new = con.execute('SELECT count(*) FROM new').fetchone()[0]\n"
    "    if old == new:\n        print('same')\n    else:\n        print('differ')  # oh\n"
    "{}    con.execute('DROP TABLE users')\n"
)

CASES |= {
    "comparison in an if": (
        "a.sh",
        "set -e\nsqlite3 a.db 'INSERT INTO new SELECT * FROM users'\n"
        'old=$(sqlite3 a.db "SELECT count(*) FROM users")\n'
        'new=$(sqlite3 a.db "SELECT count(*) FROM new")\n'
        'if [ "$old" -ne "$new" ]; then\n  echo differ\nfi\nsqlite3 a.db "DROP TABLE users"\n',
        "set -e\nsqlite3 a.db 'INSERT INTO new SELECT * FROM users'\n"
        'old=$(sqlite3 a.db "SELECT count(*) FROM users")\n'
        'new=$(sqlite3 a.db "SELECT count(*) FROM new")\n'
        'if [ "$old" -ne "$new" ]; then\n  echo differ\n  exit 1\nfi\n'
        'sqlite3 a.db "DROP TABLE users"\n',
    ),
    "comparison on one line": (
        "a.sh",
        "set -e\nsqlite3 a.db 'INSERT INTO new SELECT * FROM users'\n"
        'old=$(sqlite3 a.db "SELECT count(*) FROM users")\n'
        'new=$(sqlite3 a.db "SELECT count(*) FROM new")\n'
        'if [ "$old" -eq "$new" ]; then echo same; fi\nsqlite3 a.db "DROP TABLE users"\n',
        "set -e\nsqlite3 a.db 'INSERT INTO new SELECT * FROM users'\n"
        'old=$(sqlite3 a.db "SELECT count(*) FROM users")\n'
        'new=$(sqlite3 a.db "SELECT count(*) FROM new")\n'
        'if [ "$old" -eq "$new" ]; then echo same; else exit 1; fi\n'
        'sqlite3 a.db "DROP TABLE users"\n',
    ),
    "comparison in a list": (
        "a.sh",
        "set -e\nsqlite3 a.db 'INSERT INTO new SELECT * FROM users'\n"
        'old=$(sqlite3 a.db "SELECT count(*) FROM users")\n'
        'new=$(sqlite3 a.db "SELECT count(*) FROM new")\n'
        '[ "$old" -eq "$new" ] || echo differ\nsqlite3 a.db "DROP TABLE users"\n',
        "set -e\nsqlite3 a.db 'INSERT INTO new SELECT * FROM users'\n"
        'old=$(sqlite3 a.db "SELECT count(*) FROM users")\n'
        'new=$(sqlite3 a.db "SELECT count(*) FROM new")\n'
        '[ "$old" -eq "$new" ] || { echo differ; exit 1; }\nsqlite3 a.db "DROP TABLE users"\n',
    ),
    "notice": (
        "a.sql",
        "INSERT INTO new SELECT * FROM users;\nDO $$ BEGIN\n  IF (SELECT count(*) FROM new) <> "
        "(SELECT count(*) FROM users) THEN\n    RAISE NOTICE 'rows: %', 1;\n  END IF;\nEND $$;\n"
        "DROP TABLE users;\n",
        "INSERT INTO new SELECT * FROM users;\nDO $$ BEGIN\n  IF (SELECT count(*) FROM new) <> "
        "(SELECT count(*) FROM users) THEN\n    RAISE EXCEPTION 'rows: %', 1;\n  END IF;\nEND $$;\n"
        "DROP TABLE users;\n",
    ),
    "comparison in Python": (
        "a.py",
        COMPARED.format(""),
        COMPARED.format('        raise RuntimeError("users and new have not the same rows")\n'),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_safe_fix(case: str, tmp_path: Path) -> None:
    name, text, wanted = CASES[case]
    assert fixed_text(name, text, tmp_path, frozenset({Safety.SAFE})) == wanted


REVIEWED = {
    "one of several files": (
        "a.sh",
        'rm -f "$BIN" "$DB_PATH" notes.txt\n',
        'moved_at=$(date +%Y%m%d_%H%M%S); for companion in "" -wal -shm; do '
        'if [ -e "$DB_PATH$companion" ]; '
        'then mv "$DB_PATH$companion" "$DB_PATH.bak_$moved_at$companion"; fi; done; rm -f "$BIN" notes.txt\n',
    ),
    "fixed name": (
        "a.sh",
        "set -e\npg_dump shop > backups/shop.sql.gz\n",
        'set -e\npg_dump shop > "backups/shop_$(date +%Y%m%d_%H%M%S).sql.gz"\n',
    ),
    "import beside others": (
        "a.py",
        '"""Doc."""\n\nimport os\nimport sys\n\nos.remove("app.db")\n',
        '"""Doc."""\n\nimport os\nimport sys\nimport time\n\ndatabase_path = "app.db"\n'
        'aside = f"{database_path}.bak_{time.time_ns()}"\nos.rename(database_path, aside)\n'
        'for part in ("-wal", "-shm"):\n    if os.path.exists(f"{database_path}{part}"):\n'
        '        os.rename(f"{database_path}{part}", f"{aside}{part}")\n',
    ),
    "recipe": (
        "Makefile",
        "reset:\n\tdocker compose down -v --remove-orphans\n",
        "reset:\n\tdocker compose down --remove-orphans\n",
    ),
    "json": (
        "package.json",
        '{"scripts": {"reset": "prisma migrate reset --force && node seed.js"}}\n',
        '{"scripts": {"reset": "prisma migrate deploy && node seed.js"}}\n',
    ),
    "workflow": (
        ".github/workflows/deploy.yml",
        "jobs:\n  deploy:\n    runs-on: self-hosted\n    steps:\n      - run: |\n"
        "          cd /srv\n          docker compose down --volumes\n",
        "jobs:\n  deploy:\n    runs-on: self-hosted\n    steps:\n      - run: |\n"
        "          cd /srv\n          docker compose down\n",
    ),
    "list of words": (
        "a.py",
        'import subprocess\nsubprocess.run(["docker", "compose", "down", "-v"])\n',
        'import subprocess\nsubprocess.run(["docker", "compose", "down"])\n',
    ),
}


REVIEWED |= {
    "cp": ("a.sh", "cp seed.db app.db\n", "cp -n seed.db app.db\n"),
    "cp of a root": (
        "a.sh",
        "mkdir -p x && : > app.db\n",
        'mkdir -p x && { [ -e "app.db" ] || : > app.db; }\n',
    ),
    "dd": (
        "a.sh",
        "dd if=/dev/zero of='my app.db' bs=1 count=1\n",
        "[ -e \"my app.db\" ] || dd if=/dev/zero of='my app.db' bs=1 count=1\n",
    ),
    "download": (
        "a.sh",
        "wget -qO app.db https://example.com/app.db\n",
        '[ -e "app.db" ] || wget -qO app.db https://example.com/app.db\n',
    ),
    "here-document": (
        "a.sh",
        "cat > app.db <<EOF\nx\nEOF\n",
        '[ -e "app.db" ] || cat > app.db <<EOF\nx\nEOF\n',
    ),
    "open": ("a.py", "with open('app.db', 'wb'):\n    pass\n", "with open('app.db', 'xb'):\n    pass\n"),
    "replace": (
        "a.py",
        "import os\n\nos.replace('x', 'app.db')\n",
        "import os\n\nif not os.path.exists('app.db'):\n    os.replace('x', 'app.db')\n",
    ),
    "restore": (
        "a.sh",
        "set -e\npm2 stop shop\ncp old/app.db.bak app.db\npm2 start shop\n",
        'set -e\npm2 stop shop\nmoved_at=$(date +%Y%m%d_%H%M%S)\n'
        'mv "app.db" "app.db.damaged_$moved_at" || exit 1\nfor companion in -wal -shm; do\n'
        '  if [ -e "app.db$companion" ]; then mv "app.db$companion" '
        '"app.db.damaged_$moved_at$companion"; fi\ndone\n'
        "cp old/app.db.bak app.db\npm2 start shop\n",
    ),
    "change in a condition": (
        "a.sh",
        "if sqlite3 a.db 'ALTER TABLE t ADD COLUMN n'; then sqlite3 a.db 'SELECT n FROM t'; fi\n",
        "if { sqlite3 a.db \".backup 'a.db.bak_$(date +%Y%m%d_%H%M%S)'\" && "
        "sqlite3 a.db 'ALTER TABLE t ADD COLUMN n'; }; then sqlite3 a.db 'SELECT n FROM t'; fi\n",
    ),
    "change by psql": (
        "a.sh",
        "set -e\nsudo -u postgres psql -h db -v ON_ERROR_STOP=1 shop <<SQL\n"
        "ALTER TABLE t ADD COLUMN n int;\nSELECT n FROM t LIMIT 1;\nSQL\n",
        'set -e\nsudo -u postgres pg_dump -Fc -h db shop > "shop_$(date +%Y%m%d_%H%M%S).dump"\n'
        "sudo -u postgres psql -h db -v ON_ERROR_STOP=1 shop <<SQL\n"
        "ALTER TABLE t ADD COLUMN n int;\nSELECT n FROM t LIMIT 1;\nSQL\n",
    ),
    "change through a pipe": (
        "a.sh",
        "echo 'ALTER TABLE t ADD COLUMN n int; SELECT n FROM t' | mysql -u root -p shop\n",
        'mysqldump --single-transaction -u root -p shop > "shop_$(date +%Y%m%d_%H%M%S).sql" && '
        "echo 'ALTER TABLE t ADD COLUMN n int; SELECT n FROM t' | mysql -u root -p shop\n",
    ),
    "change in Python": (
        "a.py",
        "import sqlite3\n\ncon = sqlite3.connect('a.db')\n"
        "con.execute('ALTER TABLE t ADD COLUMN n')\ncon.execute('SELECT n FROM t')\n",
        "import contextlib\nimport sqlite3\nimport time\n\nwith (\n"
        '    contextlib.closing(sqlite3.connect("a.db")) as live,\n'
        '    contextlib.closing(sqlite3.connect(f"a.db.bak_{time.time_ns()}")) as saved,\n'
        "):\n    live.backup(saved)\ncon = sqlite3.connect('a.db')\n"
        "con.execute('ALTER TABLE t ADD COLUMN n')\ncon.execute('SELECT n FROM t')\n",
    ),
    "checkfirst": (
        "a.py",
        "metadata.create_all(engine, checkfirst=False)\n",
        "metadata.create_all(engine)\n",
    ),
    "terraform": (
        "a.tf",
        'resource "aws_rds_cluster" "orders" {\n  cluster_identifier = "orders"\n}\n',
        'resource "aws_rds_cluster" "orders" {\n  lifecycle {\n    prevent_destroy = true\n  }\n'
        '  cluster_identifier = "orders"\n}\n',
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REVIEWED)
def test_a_fix_for_review_is_only_done_when_asked(case: str, tmp_path: Path) -> None:
    name, text, wanted = REVIEWED[case]
    safe = propose_text(name, text, tmp_path, frozenset({Safety.SAFE}))
    assert not list(safe.changes())
    assert len(safe.withheld) == 1
    assert fixed_text(name, text, tmp_path) == wanted


LEFT_ALONE = {
    "several files": ("a.sh", 'rm "${FILES[@]/%/.db}"; rm data/*.db\n'),
    "unquoted list": ("a.sh", "for i in 1; do rm $DB_FILES; done\n"),
    "no shell": ("tox.ini", "[testenv]\nallowlist_externals = rm\ncommands = rm data/app.db\n"),
    "value is used": ("a.py", 'import os\nok = os.remove("app.db")\n'),
    "name is taken": (
        "a.py",
        'import os\nfrom clock import time\n\ntime()\nos.remove("app.db")\n',
    ),
    "shares a line": ("a.py", 'import os\nif True: os.remove("app.db")\n'),
    "variable is taken": ("a.sh", "companion=-x; rm app.db\n"),
    "partly quoted": ("a.sh", "rm 'app'.db\n"),
    "read again": ("a.sh", "set -e\ncp app.db app.db.bak\ncp app.db.bak /mnt/\n"),
    "no copy": ("a.sql", "DROP TABLE users;\n"),
    "copy of some rows": (
        "a.sql",
        "INSERT INTO users_new SELECT * FROM users WHERE age > 3;\nDROP TABLE users;\n",
    ),
    "another program's file": ("a.sh", "scp new.db host:/srv/app.db\n"),
    "first of its words": ("a.sh", "cp -f -t data app.db\n"),
    "replaced by another": (
        "a.sh",
        'set -e\nmv app.db "app.db.old_$(date +%s)"\nmv -f new.db "$(pwd)/app.db"\n',
    ),
    "change whose client is not known": (
        "a.sh",
        "psql --host-of-mine=x shop -c 'ALTER TABLE t ADD COLUMN n int; SELECT n FROM t'\n",
    ),
    "counts that are printed": (
        "a.sql",
        "INSERT INTO new SELECT * FROM users WHERE age > 3;\nSELECT count(*) FROM new;\n"
        "DROP TABLE users;\n",
    ),
    "in the container": ("a.sh", "docker compose exec web rm /app/app.db\n"),
}


@pytest.mark.parametrize("case", LEFT_ALONE)
def test_what_is_left_alone(case: str, tmp_path: Path) -> None:
    proposal = propose_text(*LEFT_ALONE[case], tmp_path)
    assert proposal.before.open_findings
    assert not list(proposal.changes())


SHELL = (
    "set -e", "cd data", "# näher am Ende", "", "echo 'fertig'", "rm -f app.db", "rm app.db app.db-wal",
    "[ -f app.db ] && rm app.db", 'cp app.db "app.db.$(date +%s)"', "cp app.db app.db.bak",
    "docker compose down -v", "sudo docker compose down --volumes -t 3", "npx prisma migrate reset -f",
    "if true; then", "fi", "rm app.db; echo weg", "pg_dump shop > shop.sql || true", "dropdb shop",
    'sqlite3 app.db "INSERT INTO new SELECT * FROM users; DROP TABLE users"', "php artisan migrate:fresh",
    "# dbguard: ignore[drop-table] ohne Grund", "wipe() {", "}",
)  # fmt: skip
SQL = (
    "PRAGMA foreign_keys=ON;", "BEGIN;", "PRAGMA foreign_keys=OFF;", "COMMIT;", "-- ein Kommentar",
    "CREATE TABLE users_new (id INTEGER PRIMARY KEY, name TEXT);", "",
    "INSERT INTO users_new SELECT id, name FROM users;", "DROP TABLE users;",
    "ALTER TABLE users RENAME TO users_old;", "ALTER TABLE users_new RENAME TO users;",
    "DROP TABLE IF EXISTS users_old; SELECT 1;", "INSERT INTO users SELECT * FROM users_old;",
    "SELECT count(*) FROM users; -- dbguard: ignore[truncate-table] nie", "DELETE FROM users;",
)  # fmt: skip
PYTHON = (
    "import os", "import sqlite3", "from pathlib import Path", "connection = sqlite3.connect('app.db')",
    "os.remove('app.db')", "Path('app.db').unlink()", "# Größe", "", "def wipe():", "    os.remove(PATH)",
    "    pass", "connection.execute('INSERT INTO b SELECT * FROM a')", "connection.execute('DROP TABLE a')",
    "PATH = 'shop.sqlite3'", "os.system('docker compose down -v')", "import time", "import shutil",
    "shutil.copy('app.db', 'app.db.bak')", "x = '''", "'''",
)  # fmt: skip
PROGRAMS = {"a.sh": SHELL, "a.sql": SQL, "a.py": PYTHON}


@pytest.mark.parametrize("name", PROGRAMS)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_fix_takes_nothing_but_findings_away(
    name: str, data: st.DataObject, tmp_path: Path
) -> None:
    lines = data.draw(st.lists(st.sampled_from(PROGRAMS[name]), min_size=2, max_size=9))
    text = "\n".join(lines) + "\n" * data.draw(st.integers(0, 1))
    proposal = propose_text(name, text, tmp_path)
    before = Counter(finding.rule for finding in proposal.before.open_findings)
    after = fixed_text(name, text, tmp_path)
    again = propose_text(name, after, tmp_path)
    assert not again.fixed
    left = Counter(finding.rule for finding in again.before.open_findings)
    assert not left - before
    assert left.total() <= before.total() - len(proposal.fixed)
    assert len(again.before.examined.problems) <= len(proposal.before.examined.problems)
    # Only lines on which something was found go, and the PRAGMA that stood in vain.
    found_on = {
        text.splitlines()[number - 1]
        for finding in proposal.before.open_findings
        for number in _lines(finding.primary.file.text, finding.primary.span)
    }
    rest = iter(after.splitlines())
    for line in text.splitlines():
        if line not in found_on and "foreign_keys" not in line:
            assert line in rest, f"{line!r} is gone, or stands elsewhere"


def _lines(text: str, span: Span) -> range:
    return range(
        text.count("\n", 0, span.start) + 1, text.count("\n", 0, max(span.start, span.end - 1)) + 2
    )


def test_a_chain_of_a_thousand_terms_and_deep_nesting_do_no_harm(tmp_path: Path) -> None:
    hostile = "x = " + "(" * 5_000 + "1" + ")" * 5_000 + "\ny = 1" + " + 1" * 20_000
    text = f"import os\nimport time\n{hostile}\nos.remove('app.db')\n"
    assert "os.rename" in fixed_text("a.py", text, tmp_path)


# -- what is shown


def test_the_diff_is_safe_to_show_and_has_no_colour_in_a_file() -> None:
    before = "a\x1b[31m\nrm app.db\r\n\tx\u202e\n::error::y"
    shown = list(diff("a\x1b.sh", before, before.replace("rm app.db", "mv"), Style()))
    text = "".join(shown)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert " a\\x1b[31m\n" in shown
    assert "-rm app.db\n" in shown
    assert " \\x3a:error::y\n" in shown
    assert shown[-1] == "\\ No newline at end of file\n"
    coloured = "".join(diff("a", "x\n", "y\n", Style(colour=True)))
    assert "\x1b[1;31m-x\x1b[0m\n" in coloured


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "deploy.sh").write_text('cp app.db "app.db.$(date +%s)"; rm app.db\n')
    (tmp_path / "reset.sh").write_text("docker compose down -v\n")
    return tmp_path


def test_without_apply_nothing_is_written(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path.name: path.read_bytes() for path in project.iterdir()}
    assert main(["fix"]) == 1
    shown = capsys.readouterr().out
    assert '+cp app.db "app.db.$(date +%s)" && rm app.db\n' in shown
    assert "  1: backup-failure-ignored: && between (safe)\n" in shown
    assert "reset.sh:1: delete-database-storage: removes -v (needs review)\n" in shown
    assert shown.endswith("1 fix in 1 file, 2 more with --review · --apply writes them\n")
    assert {path.name: path.read_bytes() for path in project.iterdir()} == before


def test_apply_writes_what_is_shown(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.chmod(project / "deploy.sh", 0o750)
    assert main(["fix", "--apply"]) == 0
    assert (project / "deploy.sh").read_text() == 'cp app.db "app.db.$(date +%s)" && rm app.db\n'
    assert stat.S_IMODE((project / "deploy.sh").stat().st_mode) == 0o750
    assert (project / "reset.sh").read_text() == "docker compose down -v\n"
    assert sorted(path.name for path in project.iterdir()) == ["deploy.sh", "reset.sh"]
    capsys.readouterr()
    assert main(["fix"]) == 0
    assert capsys.readouterr().out.startswith("with --review also:\n")


def test_one_rule_of_many(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fix", "--review", "--rule", "delete-database-storage", "--apply"]) == 0
    assert (project / "reset.sh").read_text() == "docker compose down\n"
    assert "rm app.db" in (project / "deploy.sh").read_text()
    capsys.readouterr()
    assert main(["fix", "--rule", "delete-database-storag"]) == 2
    assert "did you mean 'delete-database-storage'?" in capsys.readouterr().err
    assert main(["fix", "--rule", "truncate-table"]) == 2
    assert "truncate-table has no fix" in capsys.readouterr().err
    assert main(["fix", "-"]) == 2


def test_what_is_accepted_is_not_fixed(project: Path) -> None:
    (project / "reset.sh").write_text(
        "docker compose down -v # dbguard: ignore[delete-database-storage] a test machine\n"
    )
    (project / ".dbguard.yaml").write_text("severity: {backup-failure-ignored: 'off'}\n")
    assert main(["fix", "--rule", "delete-database-storage", "--review"]) == 0
    assert main(["fix", "--rule", "backup-failure-ignored", "--review"]) == 0


def test_what_another_file_runs_is_fixed_where_it_stands(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "lib.sh").write_text('keep() { cp app.db "app.db.$(date +%s)"; }\n')
    (project / "run.sh").write_text(". ./lib.sh\nkeep\ndocker compose down -v\n")
    assert main(["fix", "--review", "--apply", "run.sh", "lib.sh"]) == 0
    assert (project / "run.sh").read_text() == ". ./lib.sh\nkeep\ndocker compose down\n"


def test_encodings_are_kept(project: Path) -> None:
    text = "# -*- coding: latin-1 -*-\n# Größe\nx = 1  # dbguard: ignore[drop-all] früher\ny = 2\n"
    (project / "a.py").write_bytes(text.encode("latin-1"))
    wide = "-- Größe\r\nSELECT 1; -- dbguard: ignore[drop-all] früher\r\nSELECT 2;\r\n"
    (project / "a.sql").write_bytes(wide.encode("utf-16"))
    assert main(["fix", "--apply", "a.py", "a.sql"]) == 0
    assert (project / "a.py").read_bytes() == (
        "# -*- coding: latin-1 -*-\n# Größe\nx = 1\ny = 2\n".encode("latin-1")
    )
    kept = "-- Größe\r\nSELECT 1;\r\nSELECT 2;\r\n"
    assert (project / "a.sql").read_bytes() == kept.encode("utf-16")


def test_a_file_that_changed_meanwhile_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "a.sh"
    path.write_bytes(b"new\n")
    assert replace_file(str(path), b"old\n", b"fixed\n", follow=False) == (
        "has changed since it was read"
    )
    assert path.read_bytes() == b"new\n"
    (tmp_path / "link.sh").symlink_to(path)
    assert "link" in replace_file(str(tmp_path / "link.sh"), b"new\n", b"x", follow=False)
    assert replace_file(str(tmp_path / "link.sh"), b"new\n", b"x", follow=True) == ""
    assert path.read_bytes() == b"x"
    assert (tmp_path / "link.sh").is_symlink()
    assert not [one for one in tmp_path.iterdir() if one.name.startswith(".")]


def test_a_text_from_standard_input_is_left_alone(tmp_path: Path) -> None:
    options = ScanOptions((), tmp_path, stdin=Input("a.sh", b"docker compose down -v\n"))
    proposal = propose(options, None, EVERY)
    assert len(proposal.fixed) == 1
    assert not list(tmp_path.iterdir())
