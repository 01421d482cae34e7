"""What a fix must not do to code that worked: each of these was offered once."""

from __future__ import annotations

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
