"""The scan as a whole: what one file learns from the others, and what cannot go green."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from dbguard import pipeline
from dbguard.finding import Severity
from dbguard.inclusion import MAX_INCLUSIONS
from dbguard.options import Input, ScanOptions
from dbguard.report.model import Report


def scan(root: Path, *paths: str, **more: object) -> Report:
    named = tuple(str(root / path) for path in paths or (".",))
    return pipeline.scan(ScanOptions(named, root, **more))  # type: ignore[arg-type]


def found(report: Report) -> list[tuple[str, str, Severity]]:
    return [
        (Path(finding.path).name, finding.rule, finding.severity) for finding in report.findings
    ]


ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text('import sqlite3\nsqlite3.connect("data/store.dat")\n')
    (tmp_path / "reset.sh").write_text("rm data/store.dat\n")
    return tmp_path


def test_a_file_is_a_database_when_other_code_uses_it_as_one(project: Path) -> None:
    assert found(scan(project)) == [("reset.sh", "delete-database-file", ERROR)]


def test_a_hook_that_names_one_file_sees_the_same(project: Path) -> None:
    assert found(scan(project, "reset.sh")) == [("reset.sh", "delete-database-file", ERROR)]


def test_so_does_standard_input(project: Path) -> None:
    stdin = Input(str(project / "other.sh"), b"rm -f data/store.dat\n")
    report = pipeline.scan(ScanOptions(root=project, stdin=stdin))
    assert found(report) == [("other.sh", "delete-database-file", ERROR)]


def test_a_folder_that_holds_a_database_in_use(project: Path) -> None:
    (project / "reset.sh").write_text("rm -rf data/\n")
    assert found(scan(project)) == [("reset.sh", "delete-database-storage", ERROR)]


def test_a_test_that_uses_a_file_makes_it_no_database_of_the_application(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_x.py").write_text('import sqlite3\nsqlite3.connect("x.dat")\n')
    (tmp_path / "clean.sh").write_text("rm x.dat\n")
    assert found(scan(tmp_path)) == []


def test_a_file_with_the_header_of_sqlite_is_a_database(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "state.bin")) as connection:
        connection.execute("CREATE TABLE t (a)")
    (tmp_path / "clean.sh").write_text("rm state.bin other.bin\n")
    report = scan(tmp_path)
    assert found(report) == [("clean.sh", "delete-database-file", ERROR)]
    assert "state.bin" in report.findings[0].message


def test_the_number_of_jobs_changes_nothing(tmp_path: Path) -> None:
    for number in range(12):
        (tmp_path / f"{number}.sql").write_text(f"DROP TABLE t{number};\nDELETE FROM u;\n")
    one, three = (scan(tmp_path, jobs=jobs) for jobs in (1, 3))
    assert len(one.findings) == 24
    assert [(f.path, f.fingerprint) for f in one.findings] == [
        (f.path, f.fingerprint) for f in three.findings
    ]


def test_a_defect_of_ours_is_reported_and_costs_no_other_finding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dbguard import analysis

    whole = analysis.analyse

    def broken(file: object, *rest: object) -> object:
        if getattr(file, "path", "").endswith("bad.sql"):
            raise ZeroDivisionError("a defect")
        return whole(file, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(analysis, "analyse", broken)
    (tmp_path / "bad.sql").write_text("DROP TABLE a;\n")
    (tmp_path / "good.sql").write_text("DROP TABLE b;\n")
    report = scan(tmp_path, jobs=1)
    assert found(report) == [("good.sql", "drop-table", ERROR)]
    assert [(Path(p.path).name, p.stage) for p in report.problems] == [("bad.sql", "internal")]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("deep.sh", "if true; then\n" * 3_000 + "rm app.db\n" + "fi\n" * 3_000),
        ("deep.py", "(" * 100_000 + ")" * 100_000 + "\nimport os\nos.remove('app.db')\n"),
        ("chain.py", "x = " + " + ".join(["'a'"] * 30_000) + "\nimport os\nos.remove('app.db')\n"),
        ("deep.sql", "SELECT " + "(" * 100_000 + ")" * 100_000 + ";\nDROP TABLE users;\n"),
        ("line.sql", "SELECT 1; " * 200_000 + "DROP TABLE users;"),
        ("calls.sh", "a() { b; b; }\nb() { a; a; }\na\nrm app.db\n"),
    ],
    ids=lambda value: value if len(value) < 20 else "",
)
def test_hostile_text_is_found_or_reported(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    report = scan(tmp_path)
    assert not any(problem.stage == "internal" for problem in report.problems)
    assert report.findings or report.incomplete


def write(root: Path, **files: str) -> None:
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


RESET = "DROP TABLE users;\n"


def test_a_backup_before_a_script_counts_for_what_the_script_drops(tmp_path: Path) -> None:
    write(
        tmp_path,
        sql__reset_dot_sql=RESET,
        deploy_dot_sh='set -e\npg_dump app > "app_$(date +%s).sql"\npsql app -f sql/reset.sql\n',
    )
    report = scan(tmp_path)
    assert found(report) == [("reset.sql", "drop-table", Severity.WARNING)]
    (finding,) = report.findings
    assert [Path(label.file.path).name for label in finding.labels] == ["reset.sql", "deploy.sh"]
    assert any("psql" in step for step in finding.via)


def test_without_the_backup_it_is_an_error_and_stands_where_the_damage_is(tmp_path: Path) -> None:
    write(tmp_path, sql__reset_dot_sql=RESET, deploy_dot_sh="psql app -f sql/reset.sql\n")
    assert found(scan(tmp_path)) == [("reset.sql", "drop-table", ERROR)]


def test_a_hook_finds_git_clean_where_the_whole_scan_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, reset_dot_sh="git clean -xdf\n")
    write(tmp_path, app_dot_py="import sqlite3\nsqlite3.connect('store.dat')\n")
    reports = [pipeline.scan(ScanOptions((name,), tmp_path, jobs=1)) for name in (".", "reset.sh")]
    messages = [[finding.message for finding in report.findings] for report in reports]
    assert messages[0] == messages[1]
    assert len(messages[0]) == 1


@pytest.mark.parametrize("path", [".", "sql/reset.sql", "deploy.sh"])
def test_a_hook_says_the_same_as_a_whole_scan(tmp_path: Path, path: str) -> None:
    write(
        tmp_path,
        sql__reset_dot_sql=RESET,
        deploy_dot_sh='set -e\npg_dump app > "app_$(date +%s).sql"\npsql app -f sql/reset.sql\n',
    )
    assert found(scan(tmp_path, path)) == [("reset.sql", "drop-table", Severity.WARNING)]


def test_a_test_that_runs_a_script_excuses_nothing(tmp_path: Path) -> None:
    write(tmp_path, sql__reset_dot_sql=RESET, tests__run_dot_sh="psql app -f ../sql/reset.sql\n")
    assert found(scan(tmp_path)) == [("reset.sql", "drop-table", ERROR)]


def test_scripts_that_run_each_other_end(tmp_path: Path) -> None:
    write(tmp_path, a_dot_sh=". b.sh\nrm app.db\n", b_dot_sh="bash a.sh\nbash b.sh\n")
    assert found(scan(tmp_path)) == [("a.sh", "delete-database-file", ERROR)]


def test_a_script_that_backs_up_is_evidence_where_it_is_run(tmp_path: Path) -> None:
    write(
        tmp_path,
        tools__backup_dot_sh='set -e\nsqlite3 app.db ".backup app.db.bak_$(date +%s)"\n',
        reset_dot_sh="set -e\nbash tools/backup.sh\nrm app.db\n",
    )
    assert found(scan(tmp_path)) == [("reset.sh", "delete-database-file", Severity.WARNING)]


def test_nothing_is_said_about_an_excluded_script(tmp_path: Path) -> None:
    from dbguard.config import Config

    write(tmp_path, sql__reset_dot_sql=RESET, deploy_dot_sh="psql app -f sql/reset.sql\n")
    assert found(scan(tmp_path, config=Config(exclude=("sql/",)))) == []


def test_files_outside_the_project_are_not_read(tmp_path: Path) -> None:
    write(tmp_path, reset_dot_sql=RESET, app__deploy_dot_sh="psql app -f ../reset.sql\n")
    assert found(scan(tmp_path / "app")) == []


def test_what_is_not_known_of_a_name_is_shown_as_its_expression(tmp_path: Path) -> None:
    text = 'sqlite3 "data/$APP.db" "ALTER TABLE t RENAME TO u"\nrm "data/$APP.db"\n'
    (tmp_path / "up.sh").write_text(text)
    messages = [finding.message for finding in scan(tmp_path).findings]
    assert any("data/{APP}.db" in message for message in messages)
    assert all("__hole_" not in message for message in messages)


def test_a_copy_that_leaves_out_columns_another_file_defines(tmp_path: Path) -> None:
    write(
        tmp_path,
        schema__001_dot_sql="CREATE TABLE users (id INT, name TEXT, email TEXT, UNIQUE (email));\n",
        ops__rebuild_dot_sql="""BEGIN;
ALTER TABLE users RENAME TO users_old;
CREATE TABLE users (id INT, name TEXT, age INT);
INSERT INTO users (id, name) SELECT id, name FROM users_old;
SELECT 1 / ((SELECT count(*) FROM users) = (SELECT count(*) FROM users_old));
DROP TABLE users_old;
COMMIT;
""",
    )
    (finding,) = scan(tmp_path).findings
    assert (finding.rule, finding.severity) == ("drop-table", ERROR)
    assert "leaves out the columns email" in finding.message


def test_a_document_that_shows_very_many_commands_is_noted(tmp_path: Path) -> None:
    (tmp_path / "tool.sh").write_text("rm app.db\n")
    commands = "sh tool.sh\n" * (MAX_INCLUSIONS + 1)
    (tmp_path / "all.sh").write_text(commands)
    (tmp_path / "README.md").write_text(f"```sh\n{commands}```\n")
    problems = {Path(problem.path).name: problem.incomplete for problem in scan(tmp_path).problems}
    assert problems == {"all.sh": True, "README.md": False}


@pytest.mark.parametrize(
    "load",
    [
        "mysql shop < backup.sql",
        "psql -d shop -f backups/shop-latest.sql",
        "psql shop < dump.sql",
    ],
)
def test_a_backup_that_a_client_loads_is_a_restore_and_no_backup(tmp_path: Path, load: str) -> None:
    (tmp_path / "a.sh").write_text(f"set -e\n{load}\npsql shop -c 'DROP TABLE users'\n")
    assert found(scan(tmp_path)) == [
        ("a.sh", "restore-while-serving", WARNING),
        ("a.sh", "restore-without-keeping", NOTE),
        ("a.sh", "drop-table", ERROR),
    ]
    (tmp_path / "a.sh").write_text(
        f"set -e\npg_dump shop > kept_$(date +%s)\nsystemctl stop shop\n{load}\n"
    )
    assert found(scan(tmp_path)) == []


def test_sql_of_another_name_or_of_the_project_is_no_restore(tmp_path: Path) -> None:
    (tmp_path / "a.sh").write_text(
        "mysql shop < schema.sql\nmysql shop < backup.sql\npsql shop -f backup-tables.sql\n"
    )
    (tmp_path / "backup.sql").write_text("INSERT INTO users SELECT * FROM old_users;\n")
    assert "restore-while-serving" not in {finding.rule for finding in scan(tmp_path).findings}


def test_of_several_copies_the_one_that_leaves_least_out_is_named(tmp_path: Path) -> None:
    (tmp_path / "schema.sql").write_text("CREATE TABLE users (id INT, name TEXT, city TEXT);\n")
    (tmp_path / "rebuild.sql").write_text(
        "CREATE TABLE greetings (name TEXT);\n"
        "INSERT INTO greetings (name) SELECT name FROM users;\n"
        "CREATE TABLE new_users (id INT, name TEXT);\n"
        "INSERT INTO new_users (id, name) SELECT id, name FROM users;\n"
        "DROP TABLE users;\nALTER TABLE new_users RENAME TO users;\n"
    )
    [finding] = [one for one in scan(tmp_path).findings if one.rule == "drop-table"]
    assert finding.message.endswith("after a copy that leaves out the columns city")


@pytest.mark.parametrize("program", ["./tools/backup.sh", "cd tools\n./backup.sh\ncd .."])
def test_a_script_that_is_run_by_its_path_is_followed(tmp_path: Path, program: str) -> None:
    write(
        tmp_path,
        tools__backup_dot_sh='set -e\nsqlite3 app.db ".backup app.db.bak_$(date +%s)"\n',
        reset_dot_sh=f"set -e\n{program}\nrm app.db\n",
    )
    (finding,) = scan(tmp_path).findings
    assert (finding.rule, finding.severity) == ("delete-database-file", Severity.WARNING)
    assert finding.evidence.fact("backup").state == "yes"


@pytest.mark.parametrize("program", ["backup_database", "/opt/bin/db-backup.sh app"])
def test_what_is_only_named_for_backups_is_the_weaker_fact(tmp_path: Path, program: str) -> None:
    write(tmp_path, reset_dot_sh=f"set -e\n{program}\nrm app.db\n")
    (finding,) = scan(tmp_path).findings
    assert (finding.rule, finding.severity) == ("delete-database-file", Severity.WARNING)
    assert finding.evidence.fact("backup").state == "weak"


@pytest.mark.parametrize("program", ["restore_backup", "rotate-backups.sh", "./list_backups.sh"])
def test_what_only_handles_backups_is_none(tmp_path: Path, program: str) -> None:
    write(tmp_path, reset_dot_sh=f"set -e\n{program}\nrm app.db\n")
    assert found(scan(tmp_path)) == [("reset.sh", "delete-database-file", ERROR)]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("docker compose down -v", "every volume of the services"),
        ("docker volume prune -af", "every volume that nothing uses now"),
        ("vagrant destroy -f", "with all that it holds"),
        ("git clean -xdf", "in the working folder"),
        ("docker volume rm pgdata", "(pgdata)"),
    ],
)
def test_storage_without_a_name_is_said_in_words(tmp_path: Path, command: str, said: str) -> None:
    (tmp_path / "app.py").write_text('import sqlite3\nsqlite3.connect("data/store.dat")\n')
    (tmp_path / ".gitignore").write_text("data/\n")
    (tmp_path / "reset.sh").write_text(command + "\n")
    (finding,) = scan(tmp_path).findings
    assert finding.rule == "delete-database-storage"
    assert finding.message.endswith(said)
