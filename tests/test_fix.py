"""``dbguard fix``: what is offered, what is shown, what is written."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
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


SHELL = (
    "set -e", "cd data", "# näher am Ende", "", "echo 'fertig'", "rm -f app.db", "rm app.db app.db-wal",
    "[ -f app.db ] && rm app.db", 'cp app.db "app.db.$(date +%s)"', "cp app.db app.db.bak",
    "docker compose down -v", "sudo docker compose down --volumes -t 3", "npx prisma migrate reset -f",
    "if true; then", "fi", "rm app.db; echo weg", "pg_dump shop > shop.sql || true", "dropdb shop",
    'sqlite3 app.db "INSERT INTO new SELECT * FROM users; DROP TABLE users"', "php artisan migrate:fresh",
    "# dbguard: ignore[drop-table] ohne Grund", "wipe() {", "}",
    ": > app.db", "cp seed.db app.db", "cp -f seed.db app.db || exit 1", "cd x && echo a > app.db",
    'sqlite3 app.db "ALTER TABLE t ADD COLUMN n"', "psql shop -c 'ALTER TABLE t ADD COLUMN n int'",
    "pm2 stop app", "cp app.db.bak app.db", 'old=$(sqlite3 app.db "SELECT count(*) FROM users")',
    'new=$(sqlite3 app.db "SELECT count(*) FROM new")', '[ "$old" -eq "$new" ] || echo anders',
    'if [ "$old" -ne "$new" ]; then', 'sqlite3 app.db "INSERT INTO new SELECT * FROM users"',
    'sqlite3 app.db "DROP TABLE users"', "else", "while rm app.db; do", "done",
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
    "open('app.db', 'w').close()", "with open(PATH, 'wb') as file:", "os.replace('x', 'app.db')",
    "connection.execute('ALTER TABLE a ADD COLUMN n')", "connection.execute('BEGIN')",
    "connection.execute('PRAGMA foreign_keys=ON')", "connection.execute('PRAGMA foreign_keys=OFF')",
    "connection.execute('ALTER TABLE b RENAME TO a')", "connection = sqlite3.connect(PATH)",
    "old = connection.execute('SELECT count(*) FROM a').fetchone()[0]", "if old == new:", "else:",
    "new = connection.execute('SELECT count(*) FROM b').fetchone()[0]", "    print(old)",
    "metadata.create_all(engine, checkfirst=False)", "os.chdir('data')",
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
    if _runs(name, text):
        assert _runs(name, after), after
    # Only lines go on which something was found, or that a finding names as a step that does
    # not hold, and the PRAGMA that stood in vain.
    found_on = {
        text.splitlines()[number - 1]
        for finding in proposal.before.open_findings
        for span in (
            finding.primary.span,
            *(fact.span for fact in finding.evidence.facts if fact.span is not None),
        )
        for number in _lines(finding.primary.file.text, span)
    }
    rest = iter(after.splitlines())
    for line in text.splitlines():
        if line not in found_on and "foreign_keys" not in line:
            assert line in rest, f"{line!r} is gone, or stands elsewhere"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.py", "import os\nos.remove('app.db')\nif (:\n"),
        ("a.py", "x = '''\nimport os\n'''\nimport os\nos.remove('app.db')\ny = '''\n"),
        ("a.sh", "rm app.db\nif true; then\n"),
    ],
)
def test_a_broken_file_is_left_alone(name: str, text: str, tmp_path: Path) -> None:
    proposal = propose_text(name, text, tmp_path)
    assert proposal.before.open_findings
    assert not proposal.fixed
    assert fixed_text(name, text, tmp_path) == text


def _runs(name: str, text: str) -> bool:
    """Say whether what runs such a file can read a text."""
    if name.endswith(".py"):
        try:
            compile(text, name, "exec")
        except SyntaxError:
            return False
    if name.endswith(".sh") and shutil.which("bash"):
        return subprocess.run(
            ["bash", "-n"], input=text, text=True, check=False, stderr=subprocess.DEVNULL
        ).returncode == 0  # fmt: skip
    return True


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
