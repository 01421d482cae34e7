"""Limits: what is too much is cut, reported, and makes the scan incomplete (SECURITY.md)."""

from __future__ import annotations

from pathlib import Path

import pytest

from dbguard import analysis, assembly
from dbguard.config import Config
from dbguard.languages import syntax_tree
from dbguard.languages.shell import builtins
from dbguard.options import ScanOptions
from dbguard.pipeline import scan
from dbguard.report.model import Report


def scanned(folder: Path, name: str, text: str) -> Report:
    """Scan one file of a project of its own."""
    (folder / name).write_text(text, encoding="utf-8")
    return scan(ScanOptions((name,), folder, Config(), jobs=1))


def errors(report: Report) -> list[str]:
    return [problem.error for problem in report.problems if problem.stage == "limit"]


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_operations_of_one_file_are_judged_up_to_a_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(analysis, "MAX_OPERATIONS", 100)
    exactly = scanned(tmp_path, "a.sql", "".join(f"DROP TABLE t{n};\n" for n in range(100)))
    beyond = scanned(tmp_path, "b.sql", "".join(f"DROP TABLE t{n};\n" for n in range(101)))
    assert (len(exactly.findings), exactly.incomplete) == (100, False)
    assert (len(beyond.findings), beyond.incomplete) == (100, True)
    assert errors(beyond) == ["of more than 100 operations the first are judged"]


@pytest.mark.parametrize(
    ("name", "hit"), [("a.py", "import os\nos.remove('a.db')\n"), ("a.sh", "rm a.db\n")]
)
def test_a_program_beyond_a_length_is_reported(tmp_path: Path, name: str, hit: str) -> None:
    text = hit + "#" * (analysis.MAX_LENGTH - len(hit))
    assert len(scanned(tmp_path, name, text).findings) == 1
    beyond = scanned(tmp_path, name, text + "#")
    assert (beyond.findings, beyond.incomplete) == ((), True)
    assert errors(beyond) == ["a program of more than 4 MiB is not analysed"]


def test_embedded_texts_of_one_file_are_read_up_to_a_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assembly, "MAX_REGIONS", 10)
    # The script itself is the first of them.
    report = scanned(tmp_path, "a.sh", "psql -c 'DROP TABLE users'\n" * 10)
    assert (len(report.findings), errors(report)) == (9, ["more than 10 embedded texts"])


def test_an_array_that_doubles_is_cut(tmp_path: Path) -> None:
    doubling = "a=(app.db)\n" + 'a=("${a[@]}" "${a[@]}")\n' * 60 + 'rm "${a[@]}"\n'
    report = scanned(tmp_path, "a.sh", doubling)
    assert report.incomplete
    assert any(str(builtins.MAX_ELEMENTS) in error for error in errors(report))


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


@pytest.mark.parametrize("doubled", ["a{n} + a{n}", "f'{{a{n}}}{{a{n}}}'", "a{n} * 2"])
def test_texts_that_double_in_python_end(tmp_path: Path, doubled: str) -> None:
    lines = "".join(f"a{n + 1} = {doubled.format(n=n)}\n" for n in range(60))
    text = f"import os\na0 = 'x'\n{lines}os.remove(a60 + '.db')\n"
    assert scanned(tmp_path, "a.py", text).findings


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.py", "import os\nos.remove('a.db')\nos.system('rm " + "{a}" * 6_000 + "\n"),
        ("a.sh", "rm a.db\necho " + ")" * 20_000 + "\n"),
    ],
)
def test_a_text_that_takes_too_long_to_parse_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    monkeypatch.setattr(syntax_tree, "PARSE_SECONDS", -1)
    report = scanned(tmp_path, name, text)
    assert errors(report)
    assert report.incomplete
