"""Tasks, commands and functions that stand in other files of a project, and the limits on them."""

from __future__ import annotations

from pathlib import Path

import pytest

from dbguard import pipeline
from dbguard.assembly import Assembly
from dbguard.finding import Finding, Severity
from dbguard.flow import Include, Node
from dbguard.languages.python.command_names import functions_of
from dbguard.options import ScanOptions
from dbguard.report.model import Report
from tests.command_lines import tasks


def scan(root: Path, **files: str) -> Report:
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("_sh", ".sh").replace("_py", ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return pipeline.scan(ScanOptions((str(root),), root))


def only(report: Report) -> Finding:
    (finding,) = report.findings
    return finding


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("make reset-db", "makefile .: reset-db"),
        ("make -C db -j4 wipe DB=x", "makefile db: wipe"),
        ("make -f build/db.mk wipe", "makefile build/db.mk: wipe"),
        ("make", "makefile .: "),
        ("make -n reset-db", ""),
        ("just backup wipe", "justfile .: backup; justfile .: wipe"),
        ("npm --prefix web run reset", "package_json web: reset"),
        ("pnpm reset", "package_json .: reset"),
        ("yarn install", ""),
        ("run-s a:* b", "package_json .: a:*; package_json .: b"),
        ("composer run fresh", "composer_json .: fresh"),
        ("hatch run dev:wipe", "pyproject_toml .: wipe"),
        ("poetry run wipe-db", "pyproject_toml .: console script wipe-db"),
        ("flask --app web reset-db", "python .: reset-db"),
        ("flask routes", ""),
        ("backend/manage.py wipe_all", "python backend/manage.py: wipe_all"),
        ("python manage.py migrate", ""),
        ("wipe-db --yes", "pyproject_toml .: console script wipe-db --yes"),
        ("ls data", ""),
    ],
)
def test_what_a_command_line_may_run_of_the_project(line: str, expected: str) -> None:
    assert tasks(line) == expected


COMMANDS = """
@app.cli.command("reset-db")
@click.option("--yes", is_flag=True)
def reset(yes): ...

@click.group()
def admin(): ...

@admin.command()
def drop_users(): ...

@manager.command
def forget_all(): ...
"""


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("reset-db",), ("reset",)),
        (("reset-db", "--yes"), ("reset",)),
        (("admin", "drop-users"), ("admin", "drop_users")),
        (("forget_all",), ("forget_all",)),
        (("drop",), ()),
        (("--help",), ()),
        ((), ()),
    ],
)
def test_the_function_of_a_command(words: tuple[str, ...], expected: tuple[str, ...]) -> None:
    assert functions_of(COMMANDS, words) == expected


def test_a_backup_of_the_caller_counts_for_a_function_of_a_sourced_file(tmp_path: Path) -> None:
    lib = "wipe() {\n  rm -f app.db\n}\n"
    run = "set -e\ncp app.db app.db.$(date +%s)\n. ./lib.sh\nwipe\n"
    finding = only(scan(tmp_path, lib_sh=lib, run_sh=run))
    assert finding.path.endswith("lib.sh")
    assert finding.severity is Severity.WARNING
    assert [label.text for label in finding.labels[1:]] == ["called here (wipe)"]
    assert finding.labels[1].file.path.endswith("run.sh")


def test_a_function_that_only_others_call_is_judged_by_itself(tmp_path: Path) -> None:
    lib = "wipe() {\n  rm -f app.db\n}\n"
    run = "set -e\ncp app.db app.db.$(date +%s)\n. ./lib.sh\necho wipe\n"
    finding = only(scan(tmp_path, lib_sh=lib, run_sh=run))
    assert finding.severity is Severity.ERROR
    assert len(finding.labels) == 1


@pytest.mark.parametrize(
    ("body", "call"),
    [
        ('echo "+ $*"\n  "$@"', "carry_out rm -f app.db"),
        ("printf '%s' \"$1\"\n  $1", 'carry_out "rm -f app.db"'),
        ('local what=("$@")\n  "${what[@]}"', "carry_out rm -f app.db"),
        ('for one in "$@"; do\n  $COMMAND "$one"; done', "COMMAND='rm -f'\ncarry_out app.db"),
    ],
)
def test_a_function_of_a_sourced_file_runs_what_it_is_given(
    body: str, call: str, tmp_path: Path
) -> None:
    lib = f"carry_out() {{\n  {body}\n}}\n"
    finding = only(scan(tmp_path, lib_sh=lib, run_sh=f". ./lib.sh\n{call}\n"))
    assert finding.rule == "delete-database-file"


def test_a_test_is_followed_into_its_library(tmp_path: Path) -> None:
    report = scan(
        tmp_path,
        lib_sh='wipe() {\n  rm -f "$1"\n}\n',
        tests__run_sh=". ../lib.sh\nwipe app.db\n",
    )
    assert only(report).rule == "delete-database-file"


def test_a_test_that_is_not_followed_to_its_end_is_noted(tmp_path: Path) -> None:
    # limit: commands of functions of other files read for one shell script that is a test
    report = scan(
        tmp_path,
        lib_sh='wipe() {\n  rm -f "$1"\n}\n',
        tests__run_sh=". ../lib.sh\n" + "wipe text.txt\n" * 1_500 + "wipe app.db\n",
    )
    assert [(problem.stage, problem.incomplete) for problem in report.problems] == [
        ("limit", False)
    ]


def test_a_script_that_is_not_followed_to_its_end_is_reported(tmp_path: Path) -> None:
    # limit: commands of functions of other files read for one shell script
    report = scan(
        tmp_path,
        lib_sh='run() {\n  local what="$1"\n  $what\n}\n',
        run_sh=". ./lib.sh\n" + "run true\n" * 4_500 + "run 'rm -f app.db'\n",
    )
    assert [problem.stage for problem in report.problems if problem.incomplete] == ["limit"]


def test_places_are_those_of_the_file_that_uses_a_text(tmp_path: Path) -> None:
    lib = (
        "# a first line that is longer than the other file\nSQL='DROP TABLE users'\n"
        'of_caller() {\n  sqlite3 shop.db "$MINE"\n}\ngiven() {\n  sqlite3 shop.db "$1"\n}\n'
        "told() {\n  echo 'DROP TABLE notes'\n}\n"
    )
    run = (
        ". ./lib.sh\nsqlite3 shop.db \"$SQL\"\nMINE='DROP TABLE accounts'\nof_caller\n"
        "given 'DROP TABLE orders'\nsqlite3 shop.db \"$(told)\"\n"
    )
    report = scan(tmp_path, lib_sh=lib, run_sh=run)
    found = {
        finding.primary.file.text[finding.primary.span.start : finding.primary.span.end]: (
            Path(finding.path).name
        )
        for finding in report.findings
    }
    assert found == {"$SQL": "run.sh", "$MINE": "lib.sh", "$1": "lib.sh", "told": "run.sh"}


@pytest.mark.parametrize("calls", [45, 500])
def test_calls_of_another_module_are_followed_or_reported(calls: int, tmp_path: Path) -> None:
    # limit: calls of functions of other modules followed for one Python file
    report = scan(
        tmp_path,
        store_py="import sqlite3\nshop = sqlite3.connect('shop.db')\ndef run(sql):\n    shop.execute(sql)\n",
        main_py="from store import run\n"
        + "run('INSERT INTO a VALUES (1)')\n" * calls
        + "run('DROP TABLE a')\n",
    )
    assert report.findings or [p for p in report.problems if p.incomplete]


def test_a_function_that_did_nothing_is_followed_with_a_text(tmp_path: Path) -> None:
    calls = "".join(f"run(sys.argv[{n}])\n" for n in range(1, 9))
    text = "import sqlite3, sys\nshop = sqlite3.connect('shop.db')\ndef run(sql):\n    shop.execute(sql)\n"
    assert only(scan(tmp_path, main_py=text + calls + "run('DROP TABLE a')\n")).rule == "drop-table"


def test_what_a_test_has_a_library_run_is_found(tmp_path: Path) -> None:
    lib = 'carry_out() {\n  "$@"\n}\n'
    report = scan(tmp_path, lib_sh=lib, tests__run_sh=". ../lib.sh\ncarry_out rm -f app.db\n")
    assert only(report).rule == "delete-database-file"


def test_what_a_caller_of_the_caller_backs_up_counts(tmp_path: Path) -> None:
    report = scan(
        tmp_path,
        first_sh="set -e\ncp app.db app.db.$(date +%s)\nbash second.sh\n",
        second_sh="set -e\nsqlite3 app.db < reset.sql\n",
        **{"reset.sql": "DROP TABLE users;\n"},
    )
    assert only(report).severity is Severity.WARNING


def test_a_target_is_judged_as_what_a_person_runs_too(tmp_path: Path) -> None:
    report = scan(
        tmp_path,
        Makefile="wipe:\n\trm -f app.db\n",
        run_sh="set -e\ncp app.db app.db.$(date +%s)\nmake wipe\n",
    )
    finding = only(report)
    assert finding.severity is Severity.ERROR
    assert finding.labels[1].file.path.endswith("run.sh")


def test_tasks_that_run_one_another_are_followed_so_often_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    followed = []
    included = Assembly._included

    def counted(assembly: Assembly, include: Include) -> Node:
        followed.append(include)
        return included(assembly, include)

    monkeypatch.setattr(Assembly, "_included", counted)
    names = [f"t{number}" for number in range(12)]
    rule = "{0}:\n\trm -f {0}.db\n\tcd . && make " + " ".join(names) + "\n"
    report = scan(tmp_path, Makefile="".join(rule.format(name) for name in names))
    assert len(followed) < 20_000  # each way through the twelve would be 12! of them
    assert {finding.rule for finding in report.findings} == {"delete-database-file"}


def test_files_that_run_one_another_too_deeply_are_reported(tmp_path: Path) -> None:
    for number in range(40):
        text = f"set -e\nbash s{number + 1}.sh\n"
        (tmp_path / f"s{number}.sh").write_text(text, encoding="utf-8")
    report = scan(tmp_path, s40_sh="rm -f app.db\n")
    assert any("run one another" in problem.error for problem in report.problems)
    assert only(report).path.endswith("s40.sh")


def test_a_task_outside_of_the_project_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_text("wipe:\n\trm -f app.db\n", encoding="utf-8")
    inner = tmp_path / "project"
    inner.mkdir()
    assert not scan(inner, run_sh="make -C .. wipe\n").findings
    assert not scan(inner, run_sh="cd /srv/other && make wipe\n").findings
