"""Limits: what is too much is cut, reported, and makes the scan incomplete (SECURITY.md)."""

from __future__ import annotations

from pathlib import Path

import pytest

from dbguard import analysis, assembly, changes, git, lowering, survey
from dbguard.config import Config
from dbguard.finding import LONGEST_CONTENT, Label
from dbguard.hosts import json_nodes, makefile, yaml_nodes
from dbguard.languages import syntax_tree
from dbguard.languages.shell import assignments, simple
from dbguard.options import ScanOptions
from dbguard.pipeline import scan
from dbguard.report import frame
from dbguard.report.frame import code_frame
from dbguard.report.model import Report
from dbguard.report.style import Style
from dbguard.source import SourceFile, Span


def scanned(folder: Path, name: str, text: str) -> Report:
    """Scan one file of a project of its own."""
    (folder / name).write_text(text, encoding="utf-8")
    return scan(ScanOptions((name,), folder, Config(), jobs=1))


def errors(report: Report) -> list[str]:
    return [problem.error for problem in report.problems if problem.stage == "limit"]


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


# limit: operations of one file, with those of the files it runs
def test_operations_of_one_file_are_judged_up_to_a_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(analysis, "MAX_OPERATIONS", 100)
    exactly = scanned(tmp_path, "a.sql", "".join(f"DROP TABLE t{n};\n" for n in range(100)))
    beyond = scanned(tmp_path, "b.sql", "".join(f"DROP TABLE t{n};\n" for n in range(101)))
    assert (len(exactly.findings), exactly.incomplete) == (100, False)
    assert (len(beyond.findings), beyond.incomplete) == (100, True)
    assert errors(beyond) == ["of more than 100 operations the first are judged"]


# limit: length of a Python or shell program with a hit
@pytest.mark.parametrize(
    ("name", "hit"), [("a.py", "import os\nos.remove('a.db')\n"), ("a.sh", "rm a.db\n")]
)
def test_a_program_beyond_a_length_is_reported(tmp_path: Path, name: str, hit: str) -> None:
    text = hit + "#" * (analysis.MAX_LENGTH - len(hit))
    assert len(scanned(tmp_path, name, text).findings) == 1
    beyond = scanned(tmp_path, name, text + "#")
    assert (beyond.findings, beyond.incomplete) == ((), True)
    assert errors(beyond) == ["a program of more than 4 MiB is not analysed"]


# limit: texts embedded in one file
def test_embedded_texts_of_one_file_are_read_up_to_a_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lowering, "MAX_REGIONS", 10)
    # The script itself is the first of them.
    report = scanned(tmp_path, "a.sh", "psql -c 'DROP TABLE users'\n" * 10)
    assert (len(report.findings), errors(report)) == (9, ["more than 10 embedded texts"])


# limit: elements of a shell array
def test_an_array_that_doubles_is_cut(tmp_path: Path) -> None:
    doubling = "a=(app.db)\n" + 'a=("${a[@]}" "${a[@]}")\n' * 60 + 'rm "${a[@]}"\n'
    report = scanned(tmp_path, "a.sh", doubling)
    assert report.incomplete
    assert any(str(assignments.MAX_ELEMENTS) in error for error in errors(report))


@pytest.mark.parametrize("test", ["[ {} ]", "[[ {} ]]", "test {}"])
def test_a_condition_of_very_many_parts_is_reported(tmp_path: Path, test: str) -> None:
    parts = " -o ".join(["-f x"] * 600)
    if test.startswith("[["):
        parts = parts.replace("-o", "||")
    report = scanned(tmp_path, "a.sh", f"if {test.format(parts)}; then rm app.db; fi\n")
    assert report.incomplete


# limit: length of a name that is searched
@pytest.mark.parametrize(
    "text",
    [
        "rm " + "*" * 100_000 + ".db\n",
        "rm " + "[a" * 10_000 + "\nrm app.db\n",
        "a0=x\n" + "".join(f'a{n + 1}="$a{n}$a{n}"\n' for n in range(60)) + "rm $a60.db\n",
    ],
    ids=["stars", "brackets", "variables"],
)
def test_long_names_are_judged_by_their_end(tmp_path: Path, text: str) -> None:
    report = scanned(tmp_path, "a.sh", text)
    assert report.findings or report.incomplete


# limit: length of a text put together in Python
@pytest.mark.parametrize("doubled", ["a{n} + a{n}", "f'{{a{n}}}{{a{n}}}'", "a{n} * 2"])
def test_texts_that_double_in_python_end(tmp_path: Path, doubled: str) -> None:
    lines = "".join(f"a{n + 1} = {doubled.format(n=n)}\n" for n in range(60))
    text = f"import os\na0 = 'x'\n{lines}os.remove(a60 + '.db')\n"
    assert scanned(tmp_path, "a.py", text).findings


# limit: stretches of a text that the parser reads, one again and again
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.py", "import os\nos.remove('a.db')\n" + "\\\n" * 50_000),
        ("a.sh", "rm a.db\n" + "class A(" * 25_000),
    ],
)
def test_a_text_that_the_parser_reads_again_and_again_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    # The clock has no part in it.
    monkeypatch.setattr(syntax_tree, "thread_time", lambda: 0.0)
    report = scanned(tmp_path, name, text)
    assert any("pars" in error for error in errors(report))
    assert report.incomplete


# limit: steps of the parser in one text
@pytest.mark.parametrize("name", ["a.py", "a.sh"])
def test_a_text_of_very_many_steps_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(syntax_tree, "thread_time", lambda: 0.0)
    text = "import os; os.remove('a.db')\n" + "rm -f a.db;\n" * 500
    assert "pars" not in str(errors(scanned(tmp_path, name, text)))
    monkeypatch.setattr(syntax_tree, "MAX_STEPS", 1_000)
    report = scanned(tmp_path, name, text)
    assert any("pars" in error for error in errors(report))
    assert report.incomplete


# limit: processor time of the parser for one text (the counts above come first)
@pytest.mark.parametrize("name", ["a.py", "a.sh"])
def test_a_text_that_takes_too_long_to_parse_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(syntax_tree, "PARSE_SECONDS", -1)
    report = scanned(tmp_path, name, "import os; os.remove('a.db')\n" + "rm -f a.db;\n" * 500)
    assert any("pars" in error for error in errors(report))
    assert report.incomplete


# limit: depth of texts in each other
def test_texts_nest_up_to_a_depth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lowering, "MAX_REGION_DEPTH", 2)
    text = 'bash -c "bash -c \'psql -c \\"DROP TABLE users\\"\'"\n'
    assert errors(scanned(tmp_path, "a.sh", text)) == ["more than 2 texts stand in each other"]


# limit: depth of control flow
def test_control_flow_nests_up_to_a_depth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assembly, "MAX_FLOW_DEPTH", 10)
    text = "if a; then\n" * 12 + "rm app.db\n" + "fi\n" * 12
    report = scanned(tmp_path, "a.sh", text)
    assert (report.findings, errors(report)) == ((), ["control flow nests more than 10 deep"])


# limit: depth of a YAML file
# limit: nodes of a YAML file
@pytest.mark.parametrize(
    ("limit", "value", "error"),
    [("MAX_DEPTH", 4, "nests more than 4 deep"), ("MAX_NODES", 10, "has more than 10 nodes")],
)
def test_yaml_is_read_up_to_a_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: int, error: str
) -> None:
    workflow = "on: push\njobs:\n  a:\n    steps:\n      - run: rm app.db\n        env: {A: b}\n"
    (tmp_path / ".github" / "workflows").mkdir(parents=True)
    whole = scanned(tmp_path, ".github/workflows/a.yml", workflow)
    monkeypatch.setattr(yaml_nodes, limit, value)
    cut = scanned(tmp_path, ".github/workflows/a.yml", workflow)
    assert (len(whole.findings), whole.incomplete) == (1, False)
    assert cut.incomplete
    assert any(error in problem.error for problem in cut.problems)


def test_yaml_that_is_merged_without_end_is_reported(tmp_path: Path) -> None:
    chain = "".join(f"x{n}: &x{n} {{<<: [*x{n - 1}, *x{n - 1}]}}\n" for n in range(1, 40))
    text = f"on: push\nx0: &x0 {{run: rm app.db}}\n{chain}jobs: {{a: {{steps: [*x39]}}}}\n"
    (tmp_path / ".github" / "workflows").mkdir(parents=True)
    assert scanned(tmp_path, ".github/workflows/a.yml", text).incomplete


# limit: depth of a JSON file
def test_json_is_read_up_to_a_depth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_nodes, "MAX_DEPTH", 1)
    report = scanned(tmp_path, "package.json", '{"scripts": {"a": "rm app.db"}}')
    assert errors(report) == ["JSON nests more than 1 deep"]


# limit: expansion of a make variable
def test_a_variable_of_make_that_doubles_is_cut(tmp_path: Path) -> None:
    doubling = "".join(f"A{n + 1} = $(A{n})$(A{n})\n" for n in range(60))
    text = f"A0 = x\n{doubling}all:\n\trm -f $(A60).db\n\trm -f app.db\n"
    report = scanned(tmp_path, "Makefile", text)
    assert any("app.db" in finding.message for finding in report.findings)
    assert all(len(finding.message) < 3 * makefile.MAX_EXPANSION for finding in report.findings)


# limit: files lowered for the databases they connect to
def test_so_many_files_are_asked_which_databases_they_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = "import os, sqlite3\nsqlite3.connect(os.path.join('var', 'store'))\n"
    (tmp_path / "b.py").write_text(settings, encoding="utf-8")
    (tmp_path / "a.sh").write_text("rm var/store\n", encoding="utf-8")
    whole = scan(ScanOptions((str(tmp_path),), tmp_path, Config(), jobs=1))
    monkeypatch.setattr(survey, "MAX_CONNECTING", 0)
    none = scan(ScanOptions((str(tmp_path),), tmp_path, Config(), jobs=1))
    assert (len(whole.findings), len(none.findings)) == (1, 0)


# limit: changed lines in a row that are compared
def test_beyond_so_many_changed_lines_all_count(monkeypatch: pytest.MonkeyPatch) -> None:
    before, after = "a\nb\nc\nd", "x\nb\nc\ny"
    assert changes.same_lines(before, after) == {2: 2, 3: 3}
    monkeypatch.setattr(changes, "MOST_LINES", 3)
    assert changes.same_lines(before, after) == {}


# limit: time git may take for one answer
def test_a_git_that_does_not_answer_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = tmp_path / "git"
    slow.write_text("#!/bin/sh\nexec sleep 30\n", encoding="utf-8")
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    monkeypatch.setattr(git, "TIMEOUT", 0.2)
    with pytest.raises(git.GitError, match="did not answer"):
        git.listed_files(str(tmp_path), str(tmp_path))


def test_of_a_very_long_statement_the_beginning_is_its_content(tmp_path: Path) -> None:
    many = "".join(f"-- dbguard: ignore[no-such-rule] {'x' * 5_000} {n}\n" for n in range(2))
    contents = {
        finding.content for finding in scanned(tmp_path, "a.sql", many + "DROP TABLE a;").findings
    }
    assert max(map(len, contents)) <= LONGEST_CONTENT


@pytest.mark.parametrize("length", [1, 40, 900])
@pytest.mark.parametrize("start", [0, 11, 9_000, 20_000])
def test_a_frame_of_a_very_long_line_looks_at_what_is_near(length: int, start: int) -> None:
    # With a character that is not plain: each is then looked at by itself.
    line = "DROP TABLE " + ", ".join(f"tabelle_\u00e4{number:04}" for number in range(2_000))
    frames = []
    for more in (0, 50_000):
        file = SourceFile("a.sql", "-" * more + line + "-" * 50_000)
        label = Label(Span(more + start, more + start + length), "x", True, file)
        code, mark = code_frame([label], Style(), 80)
        frames.append((code, mark))
        assert line[start : start + length][:20].rstrip() in code
    if start > 100:
        assert frames[0] == frames[1]


def test_a_frame_does_not_look_at_the_whole_of_a_very_long_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked: list[int] = []

    def cells(line: str) -> list[tuple[str, int]]:
        looked.append(len(line))
        return [(character, 1) for character in line]

    monkeypatch.setattr(frame, "cells", cells)
    file = SourceFile("a.sql", "DROP TABLE " + "a, " * 100_000)
    assert list(code_frame([Label(Span(9_000, 9_001), "x", True, file)], Style(), 80))
    assert looked
    assert max(looked) < 2_000


@pytest.mark.parametrize("command", ['rm "${a[@]}"', 'true "${a[@]}"'])
def test_an_array_that_each_line_makes_longer_is_followed_in_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setattr(simple, "MADE", 2_000)
    text = f"a+=(app.db); {command}\n" * 300 + "rm b.db\n"
    report = scanned(tmp_path, "a.sh", text)
    assert "of more than 2,000 steps the first are followed" in errors(report)


def test_backups_without_number_are_compared_with_the_latest(tmp_path: Path) -> None:
    # limit: backups of one path through a script that a step is compared with
    text = "".join(f"cp app.db app{number}.bak\nrm app{number}.bak\n" for number in range(300))
    report = scanned(tmp_path, "a.sh", f"set -e\n{text}rm app.db\n")
    assert [f.rule for f in report.findings if f.severity.name == "ERROR"] == [
        "delete-database-file"
    ]
