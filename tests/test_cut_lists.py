"""Where a list is cut, what stands behind the cut is told of, or the run is incomplete."""

from __future__ import annotations

from pathlib import Path

import pytest

from dbguard.config import Config
from dbguard.options import ScanOptions
from dbguard.pipeline import scan
from dbguard.report.model import Report

PADDING = "x=1;\n" * 25_000  # more than one stretch


def scanned(tmp_path: Path, name: str, text: str) -> Report:
    (tmp_path / name).write_text(text)
    return scan(ScanOptions((str(tmp_path),), tmp_path, Config()))


def errors(report: Report) -> list[str]:
    return [problem.error for problem in report.problems if problem.incomplete]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.sh", f"cypher-shell 'MATCH (n) RETURN n;{' ' * 150_000} MATCH (n) DETACH DELETE n;'\n"),
        ("a.sh", f"ruby -e '{PADDING}File.delete(\"app.db\")'\n"),
        ("a.sh", f"node -e '{PADDING}db.query(\"DROP TABLE users\")'\n"),
        ("a.sh", f'awk \'{PADDING}{{ print "rm app.db" | "sh" }}\' f\n'),
        (
            "a.sh",
            f"find . {'-exec touch x ; '.replace(';', chr(92) + ';') * 60}-exec rm app.db \\;\n",
        ),
        (
            "a.sh",
            f"echo x | sed '{';'.join(f's/x{n}/y/' for n in range(30))};s/x/rm app.db/' | sh\n",
        ),
        (
            "Makefile",
            "X = true\n" + "X += && true\n" * 1_200 + "X += && rm -f app.db\nall:\n\t$(X)\n",
        ),
        (
            "Makefile",
            "define X\n" + "true\n" * 2_500 + "rm app.db\nendef\nall:\n\t$(X)\n",
        ),
        (
            "playbook.yml",
            "- hosts: all\n  tasks:\n  - file:\n      path: '{{ item }}'\n      state: absent\n"
            "    loop:\n" + "".join(f"    - /x/{n}\n" for n in range(150)) + "    - /srv/app.db\n",
        ),
        (
            "a.py",
            "import sqlite3\nc = sqlite3.connect('x.db')\nfor s in ["
            + "".join(f"'SELECT {n}', " for n in range(60))
            + "'DROP TABLE users']:\n    c.execute(s)\n",
        ),
    ],
    ids="cypher ruby node awk find sed append define ansible loop".split(),
)
def test_the_end_of_a_long_list_is_judged(tmp_path: Path, name: str, text: str) -> None:
    assert scanned(tmp_path, name, text).findings


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("A = " + "true && " * 6_000 + "rm app.db\nall:\n\t$(A) $(A)\n", "make variable"),
        (
            "A0 = rm app.db\n"
            + "".join(f"A{n + 1} = $(A{n})\n" for n in range(12))
            + "all:\n\t$(A12)\n",
            "make variable",
        ),
        (
            "X = true\n" + "X += && true\n" * 6_000 + "X += && rm app.db\nall:\n\t$(X)\n",
            "make variable",
        ),
    ],
    ids=["long", "deep", "appended"],
)
def test_a_make_variable_that_is_cut_is_reported(tmp_path: Path, text: str, error: str) -> None:
    report = scanned(tmp_path, "Makefile", text)
    assert any(error in told for told in errors(report))


def test_a_make_variable_that_no_recipe_asks_for_is_not_reported(tmp_path: Path) -> None:
    text = "X = a.o\n" + "X += a.o\n" * 20_000 + "all:\n\trm app.db\n"
    report = scanned(tmp_path, "Makefile", text)
    assert report.findings
    assert errors(report) == []


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"DO $a{n}$ BEGIN " for n in range(12))
        + "DROP TABLE users;"
        + "".join(f" END $a{n}$;" for n in range(11, -1, -1)),
    ],
)
def test_blocks_of_sql_in_each_other_are_reported(tmp_path: Path, text: str) -> None:
    assert errors(scanned(tmp_path, "a.sql", text)) == ["SQL in strings nested too deep"]


def test_a_long_word_with_braces_is_reported(tmp_path: Path) -> None:
    words = ",".join(f"x{n:080}" for n in range(300))
    report = scanned(tmp_path, "a.sh", f"rm {{{words},app}}.db\n")
    assert errors(report) == ["brace expansion gives too many words"]


# limit: values of a name in Python, in a loop
def test_a_loop_over_very_many_values_is_reported_where_they_are_acted_upon(
    tmp_path: Path,
) -> None:
    values = ", ".join(f"'x{n}'" for n in range(300))
    loop = f"import os\nfor p in [{values}, 'app.db']:\n    {{}}\n"
    report = scanned(tmp_path, "a.py", loop.format("os.remove(p)"))
    assert errors(report) == ["too large to be followed whole"]
    report = scanned(tmp_path, "a.py", loop.format("print(p)") + "os.remove('app.db')\n")
    assert report.findings
    assert errors(report) == []


# limit: values of a name in Python, one of which it has
def test_a_name_of_very_many_values_is_reported_where_it_is_acted_upon(tmp_path: Path) -> None:
    choices = "".join(f"if c{n}:\n    p = 'x{n}'\n" for n in range(30))
    text = f"import os\np = 'x'\n{choices}if q:\n    p = 'app.db'\nos.remove(p)\n"
    assert errors(scanned(tmp_path, "a.py", text)) == ["too large to be followed whole"]


# limit: times its own length that a Python file is walked in calls
def test_calls_that_repeat_too_much_are_reported(tmp_path: Path) -> None:
    body = "    x = 1\n" * 3_000
    calls = "".join(f"f('x{n}.txt')\n" for n in range(60))
    text = f"import os\ndef f(p):\n{body}    os.remove(p)\n{calls}f('app.db')\n"
    assert errors(scanned(tmp_path, "a.py", text)) == ["too large to be followed whole"]


# limit: steps of evaluation in one Python file
def test_evaluation_that_takes_too_many_steps_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dbguard.languages.python import program

    monkeypatch.setattr(program, "STEPS_LIMIT", 100)
    text = "import os\n" + "".join(f"a{n} = 'x' + 'y'\nos.remove(a{n})\n" for n in range(100))
    assert errors(scanned(tmp_path, "a.py", text)) == ["too large to be followed whole"]


# limit: calls of Python functions followed in each other
@pytest.mark.parametrize(("depth", "found"), [(3, 1), (4, 0)])
def test_calls_in_each_other_are_followed_so_deep_in_python(
    tmp_path: Path, depth: int, found: int
) -> None:
    chain = "".join(f"def f{n + 1}(p):\n    f{n}(p)\n" for n in range(depth))
    text = f"import os\ndef f0(p):\n    os.remove(p)\n{chain}f{depth}('app.db')\n"
    assert len(scanned(tmp_path, "a.py", text).findings) == found


# limit: calls of shell functions followed in each other
@pytest.mark.parametrize(("depth", "found"), [(4, 1), (5, 0)])
def test_calls_in_each_other_are_followed_so_deep_in_shell(
    tmp_path: Path, depth: int, found: int
) -> None:
    chain = "".join(f'f{n + 1}() {{ f{n} "$1"; }}\n' for n in range(depth))
    text = f'f0() {{ rm "$1"; }}\n{chain}f{depth} app.db\n'
    assert len(scanned(tmp_path, "a.sh", text).findings) == found


# limit: modules of the project read for one Python file
@pytest.mark.parametrize(("modules", "found"), [(11, 1), (12, 0)])
def test_so_many_modules_are_read_for_a_file(tmp_path: Path, modules: int, found: int) -> None:
    for number in range(modules):
        (tmp_path / f"m{number}.py").write_text(f"A{number} = 'x{number}.txt'\n")
    (tmp_path / "last.py").write_text("P = 'app.db'\n")
    imports = "".join(
        f"from m{number} import A{number}\nos.remove(A{number})\n" for number in range(modules)
    )
    text = f"import os\n{imports}from last import P\nos.remove(P)\n"
    assert len(scanned(tmp_path, "a.py", text).findings) == found


# limit: files that one shell script reads in
@pytest.mark.parametrize(("files", "found"), [(11, 1), (12, 0)])
def test_so_many_files_are_read_in_by_a_script(tmp_path: Path, files: int, found: int) -> None:
    for number in range(files):
        (tmp_path / f"l{number}.sh").write_text(f"f{number}() {{ :; }}\n")
    (tmp_path / "last.sh").write_text('g() { rm "$1"; }\n')
    sources = "".join(f". ./l{number}.sh\n" for number in range(files))
    text = f"{sources}. ./last.sh\ng app.db\n"
    assert len(scanned(tmp_path, "a.sh", text).findings) == found


def test_an_arm_of_case_for_another_word_is_read_once(tmp_path: Path) -> None:
    arms = "".join(f"  w{n}) echo {n}; echo {n}; echo {n}; rm x{n}.db;;\n" for n in range(60))
    words = " ".join(f"w{n}" for n in range(60))
    report = scanned(tmp_path, "a.sh", f"for w in {words}; do\n case $w in\n{arms} esac\ndone\n")
    assert (len(report.findings), errors(report)) == (60, [])


def test_arms_that_fall_through_or_hold_patterns_are_read(tmp_path: Path) -> None:
    text = (
        "for w in a b; do\n case $w in\n"
        '  b) rm "$w.db";;\n  [xb]) rm "$w.sqlite";;\n  c) true;&\n  d) rm "$w.db3";;\n'
        '  *) rm "$w.duckdb";;\n esac\ndone\n'
    )
    assert len(scanned(tmp_path, "a.sh", text).findings) == 4
