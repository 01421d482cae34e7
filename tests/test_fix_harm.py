"""What a fix must not do to code that worked: each of these was offered once."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from dbguard.repair.fix import Safety
from tests.test_fix import fixed_text, propose_text

_COPIED = "CREATE TABLE u2 (id int);\nINSERT INTO u2 SELECT * FROM u;\nDO $$ BEGIN\n"
_SAME = "IF (SELECT count(*) FROM u) = (SELECT count(*) FROM u2) THEN\n"
_OTHER = "IF (SELECT count(*) FROM u) <> (SELECT count(*) FROM u2) THEN\n"
_DROPPED = "END IF;\nEND $$;\nDROP TABLE u;\n"

ARMS = {
    "equal, said behind else": (
        f"{_SAME}RAISE NOTICE 'same';\nELSE\nRAISE WARNING 'differs';\n",
        f"{_SAME}RAISE NOTICE 'same';\nELSE\nRAISE EXCEPTION 'differs';\n",
    ),
    "unequal, said before else": (
        f"RAISE NOTICE 'now';\n{_OTHER}RAISE WARNING 'differs';\nELSE\nRAISE NOTICE 'same';\n",
        f"RAISE NOTICE 'now';\n{_OTHER}RAISE EXCEPTION 'differs';\nELSE\nRAISE NOTICE 'same';\n",
    ),
    "equal, nothing behind it": (f"{_SAME}RAISE NOTICE 'same';\n", None),
    "unequal, said only behind else": (
        f"{_OTHER}NULL;\nELSE\nRAISE NOTICE 'same';\n",
        None,
    ),
    "said later": (f"{_SAME}NULL;\nEND IF;\nIF true THEN\nRAISE NOTICE 'done';\n", None),
    "said in a branch of its own": (
        f"{_OTHER}IF random() > 2 THEN\nRAISE NOTICE 'differs';\nEND IF;\n",
        None,
    ),
}


@pytest.mark.parametrize("case", ARMS)
def test_the_arm_that_raises_is_that_in_which_the_rows_differ(case: str, tmp_path: Path) -> None:
    before, after = ARMS[case]
    text = f"{_COPIED}{before}{_DROPPED}"
    proposal = propose_text("a.sql", text, tmp_path, frozenset({Safety.SAFE}))
    fixed = next((new for _, _, new in proposal.changes()), text)
    if after is None:
        assert before in fixed
    else:
        # It is a verification then: none is put beside it.
        assert fixed == f"{_COPIED}{after}{_DROPPED}"
        assert [one.rule for one in proposal.fixed] == ["verification-cannot-stop"]


def test_a_name_that_is_not_imported_is_not_called(tmp_path: Path) -> None:
    text = (
        "from subprocess import call\nimport os\n\n"
        'call(["sqlite3", "app.db", ".backup app_20260101.bak"])\nos.remove("app.db")\n'
    )
    assert fixed_text("a.py", text, tmp_path, frozenset({Safety.SAFE})) == text


LEFT_ALONE = {
    "a folder": ("a.sh", 'set -e\nmv build/app.db "$DATA_DIR/"\n'),
    "a folder to restore into": (
        "a.sh",
        'set -e\nsystemctl stop app\ncp old/app.db "$DATA_DIR/"\nsystemctl start app\n',
    ),
    "a variable that may be a folder": (
        "a.sh",
        'set -e\nDIR=/srv/data/\nmv build/app.db "$DIR"\n',
    ),
    "a lifecycle on one line": (
        "a.tf",
        'resource "aws_db_instance" "main" {\n  engine = "postgres"\n'
        "  lifecycle { ignore_changes = [password] }\n}\n",
    ),
    "a resource on one line": (
        "a.tf",
        'resource "aws_db_instance" "main" { engine = "postgres" }\n\n'
        'resource "aws_s3_bucket" "x" {\n  lifecycle {\n    ignore_changes = [tags]\n  }\n}\n',
    ),
    "three words for psql": (
        "a.sh",
        'psql app owner more -c "ALTER TABLE users ADD COLUMN x int"\n'
        'psql app owner more -c "SELECT x FROM users LIMIT 1"\n',
    ),
    "a database, a user and more": (
        "a.sh",
        'psql -d app -U owner more -c "ALTER TABLE users ADD COLUMN x int"\n'
        'psql -d app -U owner more -c "SELECT x FROM users LIMIT 1"\n',
    ),
    "two words for mysql": (
        "a.sh",
        'mysql app users -e "ALTER TABLE users ADD COLUMN x int"\n'
        'mysql app users -e "SELECT x FROM users LIMIT 1"\n',
    ),
    "opened by another function": (
        "a.py",
        "import sqlite3\n\n\ndef get_db():\n    return sqlite3.connect('app.db')\n\n\n"
        "def migrate():\n    db = get_db()\n    db.execute('ALTER TABLE users ADD COLUMN name')\n"
        "    print(db.execute('SELECT count(*) FROM users').fetchone())\n",
    ),
    "a path that is made": (
        "a.py",
        "import itertools\nimport shutil\n\nn = itertools.count()\n\n\ndef where():\n"
        "    next(n)\n    return 'app.db'\n\n\nshutil.copyfile('build.db', where())\n",
    ),
}


@pytest.mark.parametrize("case", LEFT_ALONE)
def test_what_would_do_harm_is_left_alone(case: str, tmp_path: Path) -> None:
    proposal = propose_text(*LEFT_ALONE[case], tmp_path)
    assert proposal.before.open_findings
    assert not list(proposal.changes())


GIVEN = {
    "in its own line": 'DB=data/app.db\ncp seed.db "$DB"\n',
    "unless it is given": 'DB="${1:-app.db}"\ncp seed.db "$DB"\n',
    "in braces": 'export DB="/srv/app.db"\ncp seed.db "${DB}"\n',
    "from outside": 'cp seed.db "$DATABASE_PATH"\n',
    "in a folder": 'cp seed.db "$DIR/app.db"\n',
}


@pytest.mark.parametrize("case", GIVEN)
def test_a_variable_that_names_the_file_does(case: str, tmp_path: Path) -> None:
    (line,) = GIVEN[case].splitlines()[-1:]
    fixed = fixed_text("a.sh", GIVEN[case], tmp_path)
    assert fixed.splitlines()[-1] == f"[ -e {line.split()[-1]} ] || {line}"


def test_the_protection_goes_into_the_resource_itself(tmp_path: Path) -> None:
    text = (
        'resource "aws_db_instance" "main" {\n{own}  tags = { x = "}" }  # }\n'
        '  dynamic "y" {\n    lifecycle {\n    }\n  }\n  x = <<EOT\n}\n  EOT\n{late}}\n'
    )
    late = "  lifecycle {\n{own}    ignore_changes = [password]\n  }\n"
    own = "    prevent_destroy = true\n"
    without = text.replace("{own}", "").replace("{late}", "")
    assert fixed_text("a.tf", without, tmp_path) == text.replace("{late}", "").replace(
        "{own}", f"  lifecycle {{\n{own}  }}\n"
    )
    there = text.replace("{own}", "").replace("{late}", late.replace("{own}", ""))
    assert fixed_text("a.tf", there, tmp_path) == text.replace("{own}", "").replace(
        "{late}", late.replace("{own}", own)
    )


@pytest.mark.parametrize(
    ("said", "dumped"),
    [
        ("app owner", "app -U owner"),
        ("-h db app", "-h db app"),
        ("-d app owner", "-d app -U owner"),
        ("--dbname=app -p 1", "--dbname=app -p 1"),
        ("-U owner app", "-U owner app"),
    ],
)
def test_the_user_of_psql_is_an_option_of_pg_dump(said: str, dumped: str, tmp_path: Path) -> None:
    change = f'psql {said} -c "ALTER TABLE users ADD COLUMN x int; SELECT x FROM users"\n'
    backup = f'pg_dump -Fc {dumped} > "app_users_$(date +%Y%m%d_%H%M%S_%N).dump"\n'
    assert fixed_text("a.sh", f"set -e\n{change}", tmp_path) == f"set -e\n{backup}{change}"


_REBUILD = (
    "import sqlite3\n\ndb = sqlite3.connect('a.db')\ndb.execute('PRAGMA foreign_keys=ON')\n"
    "db.execute('CREATE TABLE new (id INTEGER PRIMARY KEY)')\n"
    "db.execute('INSERT INTO new SELECT id FROM users')\n"
    "old = db.execute('SELECT count(*) FROM users').fetchone()[0]\n"
    "new = db.execute('SELECT count(*) FROM new').fetchone()[0]\n"
    "if old != new:\n    raise SystemExit(1)\n"
    "db.execute('DROP TABLE users')\ndb.execute('ALTER TABLE new RENAME TO users')\n"
)


def test_foreign_keys_are_on_again_behind_a_rebuild(tmp_path: Path) -> None:
    proposal = propose_text("a.py", f"{_REBUILD}db.commit()\nprint(1)\n", tmp_path)
    assert "rebuild-cascades" in [one.rule for one in proposal.fixed]
    ((_, _, after),) = proposal.changes()
    assert after.endswith('db.commit()\ndb.execute("PRAGMA foreign_keys=ON")\nprint(1)\n')
    # Without a commit nobody knows where it is over.
    proposal = propose_text("a.py", _REBUILD, tmp_path)
    assert "rebuild-cascades" not in [one.rule for one in proposal.fixed]


@pytest.mark.parametrize(
    "text",
    [
        "import shutil\nimport sqlite3\nimport time\n\nsqlite3.connect('app.db').execute("
        "'PRAGMA journal_mode=WAL')\nshutil.copy('app.db', f'app.db.{time.time()}')\n",
        "import sqlite3\n\ndb = sqlite3.connect('app.db')\ndb.execute('ALTER TABLE t ADD COLUMN n')\n",
    ],
)
def test_what_is_written_can_be_read_by_python_3_8(text: str, tmp_path: Path) -> None:
    fixed = fixed_text("a.py", text, tmp_path)
    assert ".backup(" in fixed
    assert "with (" not in fixed
    ast.parse(fixed, feature_version=(3, 8))
