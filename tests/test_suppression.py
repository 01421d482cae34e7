"""Comments that accept a finding: what they say, where they hold, what they cannot do."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from dbguard import pipeline
from dbguard.options import ScanOptions
from dbguard.report.model import Report
from tests.scratch import Repository

TODAY = date(2026, 11, 24)


def scan(folder: Path, name: str, text: str) -> Report:
    path = folder / name
    path.write_text(text, encoding="utf-8", newline="")
    return pipeline.scan(ScanOptions((str(path),), folder, today=TODAY))


def judged(report: Report) -> list[tuple[int, str, str | None]]:
    """Return line, rule and the reason of acceptance of each finding."""
    return [
        (f.primary.file.position(f.primary.span.start)[0], f.rule, f.suppressed_by)
        for f in report.findings
    ]


@pytest.mark.parametrize(
    ("name", "text", "line", "rule"),
    [
        ("a.sql", "DROP TABLE a; -- dbguard: ignore[drop-table] gone\n", 1, "drop-table"),
        ("a.sql", "DROP TABLE a /* dbguard: ignore[drop-table] gone */;\n", 1, "drop-table"),
        ("a.sql", "-- dbguard: ignore-next-line[drop-table] gone\nDROP TABLE a;\n", 2, "drop-table"),
        (
            "a.sql",
            "/* dbguard: ignore-next-line[drop-table] gone */\n\n-- more\n\nDROP TABLE\n a;\n",
            5,
            "drop-table",
        ),
        ("a.sql", "DROP TABLE a\nCASCADE; -- dbguard: ignore[drop-table] gone\n", 1, "drop-table"),
        ("a.mysql", "DROP TABLE a; # dbguard: ignore[drop-table] gone\n", 1, "drop-table"),
        (
            "a.pgsql",
            "CREATE FUNCTION f() RETURNS void AS $$\nBEGIN\n"
            "  DROP TABLE a; -- dbguard: ignore[drop-table] gone\nEND $$ LANGUAGE plpgsql;\n",
            3,
            "drop-table",
        ),
        ("a.sh", "rm app.db  # dbguard: ignore[delete-database-file] gone\n", 1,
         "delete-database-file"),
        ("a.sh", "rm \\\n  app.db  # dbguard: ignore[delete-database-file] gone\n", 1,
         "delete-database-file"),
        ("a.sh", "# dbguard: ignore-next-line[delete-database-file] gone\n\n# so\nrm app.db\n", 4,
         "delete-database-file"),
        ("a.sh", "psql <<EOF\nDROP TABLE a; -- dbguard: ignore[drop-table] gone\nEOF\n", 2,
         "drop-table"),
        ("a.py", "import os\nos.remove('app.db')  # dbguard: ignore[delete-database-file] gone\n", 2,
         "delete-database-file"),
        ("a.py", "c.execute(  # dbguard: ignore[drop-table] gone\n  'DROP TABLE a'\n)\n", 2,
         "drop-table"),
        ("a.py", "c.execute(\n  'DROP TABLE a'\n)  # dbguard: ignore[drop-table] gone\n", 2,
         "drop-table"),
        ("a.py", "# dbguard: ignore-next-line[drop-table] gone\nc.execute(\n  'DROP TABLE a'\n)\n",
         3, "drop-table"),
        ("a.py", "c.execute('''\n  DROP TABLE a; -- dbguard: ignore[drop-table] gone\n''')\n", 2,
         "drop-table"),
        ("a.py", "import os\r\nos.remove('a.db') # é dbguard: ignore[delete-database-file] gone\r\n",
         2, "delete-database-file"),
    ],
)  # fmt: skip
def test_it_holds_for_its_line_or_statement(
    tmp_path: Path, name: str, text: str, line: int, rule: str
) -> None:
    report = scan(tmp_path, name, text)
    assert judged(report) == [(line, rule, "gone")]
    assert (report.suppressed, report.active) == (1, ())


@pytest.mark.parametrize(
    ("name", "text"),
    [
        # in a string, not in a comment
        ("a.py", "c.execute('DROP TABLE a'); x = '# dbguard: ignore[drop-table] gone'\n"),
        ("a.sql", "DROP TABLE a; SELECT '-- dbguard: ignore[drop-table] gone';\n"),
        ("a.sh", "psql -c 'DROP TABLE a'; echo '# dbguard: ignore[drop-table] gone'\n"),
        # no comment of the language it stands in
        ("a.sql", "DROP TABLE a; // dbguard: ignore[drop-table] gone\n"),
        ("a.sh", "psql <<EOF\nDROP TABLE a; \n # dbguard: ignore[drop-table] gone\nEOF\n"),
        # in a comment about no statement
        ("a.sql", "-- dbguard: what it ignores stands in the docs\nDROP TABLE a;\n"),
    ],
)
def test_it_is_read_from_comments_only(tmp_path: Path, name: str, text: str) -> None:
    report = scan(tmp_path, name, text)
    assert [rule for _, rule, why in judged(report) if why is None][:1] == ["drop-table"]
    assert report.suppressed == 0


@pytest.mark.parametrize(
    ("comment", "message"),
    [
        ("ignore", "names no rule"),
        ("ignore drop-table because", "names no rule"),
        ("ignore[] because", "names no rule"),
        ("ignore[drop-table because", "names no rule"),
        ("ignore-file[drop-table] because", "no suppression"),
        ("disable", "disable is not a suppression"),
        ("ignroe[drop-table] because", "did you mean 'ignore'?"),
        ("ignore[drop-table]", "gives no reason"),
        ("ignore[drop-table] ---", "gives no reason"),
        ("ignore[drop-tabel] because", "unknown rule 'drop-tabel'; did you mean 'drop-table'?"),
        ("ignore[bad-suppression] because", "about the guard itself"),
        ("ignore[drop-table] until=2026-13-01 because", "until=2026-13-01 is no date"),
        ("ignore[drop-table] until=tomorrow because", "until=tomorrow is no date"),
        ("ignore[drop-table] until=2026-11-23 because", "expired on 2026-11-23"),
        ("ignore[drop-table] until=2027-01-01 until=2028-01-01 x", "more than one date"),
    ],
)
def test_a_bad_one_suppresses_nothing(tmp_path: Path, comment: str, message: str) -> None:
    report = scan(tmp_path, "a.sql", f"DROP TABLE a; -- dbguard: {comment}\n")
    assert [(rule, why) for _, rule, why in judged(report)] == [
        ("drop-table", None),
        ("bad-suppression", None),
    ]
    said = report.findings[1].message
    assert message in said or (message == "no suppression" and "is not a suppression" in said)
    if message == "gives no reason":
        assert "dbguard: ignore[drop-table] and" in report.findings[1].help


def test_the_last_day_counts(tmp_path: Path) -> None:
    text = "DROP TABLE a; -- dbguard: ignore[drop-table] until=2026-11-24 till the release\n"
    assert judged(scan(tmp_path, "a.sql", text)) == [(1, "drop-table", "till the release")]


def test_several_rules_and_the_known_ones_of_them(tmp_path: Path) -> None:
    text = (
        "DROP TABLE a; DELETE FROM b; "
        "-- dbguard: ignore[drop-table, delete-without-where, drop-colum] reset of the demo\n"
    )
    assert judged(scan(tmp_path, "a.sql", text)) == [
        (1, "drop-table", "reset of the demo"),
        (1, "delete-without-where", "reset of the demo"),
        (1, "bad-suppression", None),
    ]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("-- dbguard: ignore[drop-table] demo\nDROP TABLE a;\n", True),
        ("-- dbguard: ignore-next-line[drop-table] demo\nSELECT 1;\nDROP TABLE a;\n", False),
        ("SELECT 1; -- dbguard: ignore[drop-table] demo\nDROP TABLE a;\n", False),
    ],
)
def test_one_above_its_line_is_told_the_word_for_that(
    tmp_path: Path, text: str, hint: bool
) -> None:
    (unused,) = [f for f in scan(tmp_path, "a.sql", text).findings if f.rule != "drop-table"]
    assert unused.rule == "unused-suppression"
    assert unused.help.endswith("write ignore-next-line") is hint


def test_one_that_suppresses_nothing_is_found_even_in_a_file_without_operations(
    tmp_path: Path,
) -> None:
    text = "x = 1  # dbguard: ignore[drop-table] gone\n"
    assert judged(scan(tmp_path, "a.py", text)) == [(1, "unused-suppression", None)]


def test_without_semicolons_it_speaks_of_one_statement_only(tmp_path: Path) -> None:
    text = "DROP TABLE a\nDROP TABLE b -- dbguard: ignore[drop-table] gone\nDROP TABLE c\n"
    assert judged(scan(tmp_path, "a.tsql", text)) == [
        (1, "drop-table", None),
        (2, "drop-table", "gone"),
        (3, "drop-table", None),
    ]


def test_at_a_compound_statement_it_speaks_of_its_line_only(tmp_path: Path) -> None:
    text = "if x:  # dbguard: ignore[drop-table] gone\n    c.execute('DROP TABLE a')\n"
    rules = [(rule, why) for _, rule, why in judged(scan(tmp_path, "a.py", text))]
    assert rules == [("unused-suppression", None), ("drop-table", None)]


def test_suppressed_findings_are_counted_and_shown_on_request(repository: Repository) -> None:
    repository.write("a.sql", "DROP TABLE a; -- dbguard: ignore[drop-table] gone\n")
    code, out, _ = repository.run("scan")
    assert (code, "drop-table" in out, "1 suppressed" in out) == (0, False, True)
    code, out, _ = repository.run("scan", "--show-suppressed")
    assert code == 0
    assert "a.sql:1:1: error[drop-table]" in out
    assert "(suppressed: gone)" in out
    document = repository.report()
    assert (document["summary"]["suppressed"], document["findings"]) == (1, [])


# limit: comments of one text that speak to dbguard
def test_many_comments_are_read_in_time(tmp_path: Path) -> None:
    line = "os.remove('a.db')  # dbguard: ignore[delete-database-file] x\n"
    report = scan(tmp_path, "a.py", "import os\n" + line * 3_000)
    assert report.suppressed == 2_000
    assert len(report.active) == 1_000
