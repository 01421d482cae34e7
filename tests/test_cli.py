"""The command line: exit codes, arguments, and what happens when things go wrong."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dbguard import __version__, pipeline
from dbguard.cli import main
from dbguard.finding import Finding, Label, Severity
from dbguard.operations import Kind, Operation, Target, TargetKind
from dbguard.options import ScanOptions
from dbguard.report.model import Report
from dbguard.source import Problem, Region, SourceFile, Span

Said = pytest.CaptureFixture[str]


def _finding(severity: Severity) -> Finding:
    file, span = SourceFile("a.sql", "DROP TABLE t"), Span(0, 12)
    target = Target(TargetKind.TABLE, "t")
    operation = Operation(Kind.DROP_TABLE, target, span, Region.of_file(file, "sql"))
    label = Label(span, "", True, file)
    return Finding("drop-table", "drops table t", (label,), severity, 2, operation)


@pytest.fixture
def answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Report], None]:
    """Let the scan give a report made by hand."""
    monkeypatch.chdir(tmp_path)

    def with_report(report: Report) -> None:
        monkeypatch.setattr(pipeline, "scan", lambda *_: report)

    return with_report


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[ScanOptions]:
    """Collect what the scan is asked for."""
    monkeypatch.chdir(tmp_path)
    options: list[ScanOptions] = []

    def scan(given: ScanOptions, _: object) -> Report:
        options.append(given)
        return Report()

    monkeypatch.setattr(pipeline, "scan", scan)
    return options


INCOMPLETE = Problem("x.sql", "gone", "read")
GUESSED = Problem("x.sql", "is not UTF-8", "decode", incomplete=False)
BROKEN = Problem("x.sql", "a defect", "internal")


@pytest.mark.parametrize(
    ("severity", "problem", "arguments", "expected"),
    [
        (None, None, [], 0),
        (None, GUESSED, [], 0),
        (None, INCOMPLETE, [], 3),
        (None, INCOMPLETE, ["--fail-on", "never"], 3),
        (None, BROKEN, [], 4),
        (Severity.ERROR, None, [], 1),
        (Severity.WARNING, None, [], 1),
        (Severity.NOTE, None, [], 0),
        (Severity.NOTE, None, ["--fail-on", "note"], 1),
        (Severity.WARNING, None, ["--fail-on", "error"], 0),
        (Severity.ERROR, None, ["--fail-on", "never"], 0),
        (Severity.ERROR, INCOMPLETE, [], 1),
        (Severity.WARNING, INCOMPLETE, ["--fail-on", "error"], 3),
        (Severity.ERROR, BROKEN, [], 4),
    ],
)
def test_exit_codes(
    answer: Callable[[Report], None],
    severity: Severity | None,
    problem: Problem | None,
    arguments: list[str],
    expected: int,
) -> None:
    findings = (_finding(severity),) if severity else ()
    answer(Report(findings, (problem,) if problem else (), files=1))
    assert main(["scan", *arguments]) == expected


def test_a_suppressed_finding_does_not_fail(answer: Callable[[Report], None]) -> None:
    from dataclasses import replace

    finding = replace(_finding(Severity.ERROR), suppressed_by="agreed")
    answer(Report((finding,), files=1, suppressed=1))
    assert main(["scan"]) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["scan", "missing.py"], "missing.py does not exist"),
        (["scan", "a\x1b[31m\nb"], r"a\x1b[31m\nb does not exist"),
        (["scan", ""], "the empty path does not exist"),
        (["scan", "-"], "needs --stdin-filename"),
        (["scan", "-", "."], "- stands alone"),
        (["scan", "--stdin-filename", "x.py"], "goes with the path -"),
        (["scan", "--config", "x.toml"], "x.toml does not exist"),
        (["scan", "--config", "x.toml", "--no-config"], "exclude each other"),
        (["scan", "--exclude", "!"], "not a pattern"),
        (["scan", "--format", "xml"], "no format 'xml'"),
        (["scan", "--output", "sarif"], "is not FORMAT=FILE"),
        (["scan", "--output", "sarf=x"], "did you mean 'sarif'?"),
        (["scan", "--output", "sarif=no/x"], "the folder of no/x does not exist"),
        (["scan", "--output", "sarif=."], ". is a folder"),
        (["scan", "--output", "sarif=-", "--format", "json"], "takes one report"),
        (["scan", "--output", "sarif=-", "--output", "json=-"], "takes one report"),
        (["scan", "--output", "sarif=x", "--output", "json=./x"], "cannot go to one file"),
        (["explain", "drop-tabel"], "did you mean 'drop-table'?"),
    ],
)
def test_usage_errors(
    asked: list[ScanOptions], capsys: Said, arguments: list[str], message: str
) -> None:
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert message in said.err
    assert len(said.err.splitlines()) == 1
    assert not said.out
    assert not asked


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["scna"],
        ["scan", "--jobs", "-1"],
        ["scan", "--fail-on", "x"],
    ],
)
def test_what_argparse_refuses(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        main(arguments)
    assert raised.value.code == 2


def test_what_the_scan_is_asked_for(asked: list[ScanOptions], tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "pyproject.toml").write_text("[tool.dbguard]\nexclude = ['a/']\nfail-on = 'error'")
    main(["scan"])
    main(["scan", ".", "--exclude", "b/", "--fail-on", "never", "--jobs", "3"])
    main(["scan", "--no-config"])
    first, second, third = asked
    root = str(tmp_path)
    assert (first.paths, first.root, first.config.exclude) == ((".",), root, ("a/",))
    assert first.config.fail_on is Severity.ERROR
    assert (second.config.exclude, second.config.fail_on, second.jobs) == (("a/", "b/"), None, 3)
    assert third.config.exclude == ()


def test_standard_input_is_passed_on(
    asked: list[ScanOptions], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"rm \xff")))
    main(["scan", "-", "--stdin-filename", "x.sh"])
    stdin = asked[0].stdin
    assert stdin is not None
    assert (stdin.name, stdin.data) == ("x.sh", b"rm \xff")


def test_settings_that_are_wrong_stop_the_run(
    asked: list[ScanOptions], tmp_path: Path, capsys: Said
) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.dbguard]\nexlude = []")
    assert main(["scan"]) == 2
    assert "did you mean 'exclude'" in capsys.readouterr().err
    (tmp_path / "pyproject.toml").write_text("[tool.dbguard.severity]\ndrop-tabel = 'off'")
    assert main(["scan"]) == 2
    assert "did you mean 'drop-table'" in capsys.readouterr().err
    assert not asked


def test_a_defect_ends_with_4(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    monkeypatch.chdir(tmp_path)

    def scan(*_: object) -> Report:
        raise ZeroDivisionError("a defect")

    monkeypatch.setattr(pipeline, "scan", scan)
    assert main(["scan"]) == 4
    said = capsys.readouterr().err
    assert "ZeroDivisionError" in said
    assert "dbguard: internal error" in said


def test_an_interruption_ends_with_130(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    def scan(*_: object) -> Report:
        raise KeyboardInterrupt

    monkeypatch.setattr(pipeline, "scan", scan)
    assert main(["scan"]) == 130


def test_explain_and_rules(capsys: Said) -> None:
    assert main(["explain", "drop-table"]) == 0
    explained = capsys.readouterr().out
    assert explained.startswith("drop-table (protocol, section 2)\n")
    assert "## Do instead" in explained
    assert main(["rules"]) == 0
    listed = capsys.readouterr().out
    assert "\ndrop-table " in listed


@pytest.mark.parametrize("arguments", [["--help"], ["scan", "--help"]])
def test_help_fits_a_screen(
    arguments: list[str], capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as raised:
        main(arguments)
    assert raised.value.code == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80


def _run(
    folder: Path, *arguments: str, stdin: str | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dbguard", *arguments],
        cwd=folder,
        input=stdin,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent), **environment},
    )


def test_version(tmp_path: Path) -> None:
    run = _run(tmp_path, "--version")
    assert (run.returncode, run.stdout) == (0, f"dbguard {__version__}\n")


def test_a_reader_that_stops_early_is_no_error(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    run = subprocess.run(
        [sys.executable, "-m", "dbguard", "rules"],
        cwd=tmp_path,
        stdout=writer,
        stderr=subprocess.PIPE,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
    )
    os.close(writer)
    assert (run.returncode, run.stderr) == (0, b"")


def test_an_output_that_takes_nothing_is_an_error(tmp_path: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        run = subprocess.run(
            [sys.executable, "-m", "dbguard", "rules"],
            cwd=tmp_path,
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
        )
    assert run.returncode == 4
    assert run.stderr == b"dbguard: the report cannot be written: No space left on device\n"


def test_a_scan_from_end_to_end(tmp_path: Path) -> None:
    (tmp_path / "reset.sh").write_text("#!/bin/sh\nrm -f app.db\n")
    (tmp_path / "q.sql").write_text("SELECT 1;\n")
    run = _run(tmp_path, "scan")
    assert run.returncode == 1
    assert "reset.sh:2:1: error[delete-database-file]" in run.stdout
    assert "2 | rm -f app.db\n  | ^^^^^^^^^^^^" in run.stdout
    assert run.stdout.splitlines()[-1].startswith("checked 2 files: 1 error, 0 warnings, 0 notes")
    document = json.loads(_run(tmp_path, "scan", "--format", "json", "q.sql").stdout)
    assert (document["summary"]["files"], document["findings"]) == (1, [])


def test_several_reports_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text("DROP TABLE users;\n")
    (tmp_path / "r.json").write_text("old")
    run = _run(tmp_path, "scan", "--output", "json=r.json", "--output", "html=r.html", "--quiet")
    assert run.returncode == 1
    assert run.stdout.startswith("a.sql:1:1: error[drop-table]")
    assert json.loads((tmp_path / "r.json").read_text())["summary"]["error"] == 1
    assert "drop-table" in (tmp_path / "r.html").read_text()
    assert {path.name for path in tmp_path.iterdir()} == {"a.sql", "r.json", "r.html"}
    replaced = _run(tmp_path, "scan", "--output", "json=-", "a.sql")
    assert json.loads(replaced.stdout)["version"] == 1


def test_a_report_that_cannot_be_written_ends_with_4(tmp_path: Path) -> None:
    run = _run(tmp_path, "scan", "--output", "json=/dev/full")
    assert run.returncode == 4
    assert run.stderr == "dbguard: /dev/full cannot be written: No space left on device\n"


def test_standard_input_from_end_to_end(tmp_path: Path) -> None:
    run = _run(tmp_path, "scan", "-", "--stdin-filename", "x.sql", stdin="DROP TABLE users;\n")
    assert run.returncode == 1
    assert "x.sql:1:1: error[drop-table]" in run.stdout


def test_utf16_and_binary_from_end_to_end(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_bytes("DROP TABLE users;\n".encode("utf-16"))
    run = _run(tmp_path, "scan", "a.sql")
    assert (run.returncode, "a.sql:1:1: error[drop-table]" in run.stdout) == (1, True)
    (tmp_path / "b.sql").write_bytes(b"PGDMP\0\0\1")
    assert _run(tmp_path, "scan", "b.sql").returncode == 3


def test_nothing_beside_the_scanned_files_is_imported(tmp_path: Path) -> None:
    for name in ("dbguard", "argparse", "tree_sitter", "sitecustomize", "pathspec", "json"):
        (tmp_path / f"{name}.py").write_text(f"raise SystemExit('imported {name}')\n")
    code = "import sys; from dbguard.cli import main; sys.exit(main(['scan', '--exclude', 'x']))"
    run = subprocess.run(
        # As the console script runs: the current folder is not on the path.
        [sys.executable, "-P" if sys.version_info >= (3, 11) else "-I", "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
    )
    assert "imported" not in run.stderr + run.stdout
    assert run.returncode in (0, 1)


@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_any_terminal_can_show_it(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "é数.sql").write_text("-- ü\nDROP TABLE users; -- é数\n", encoding="utf-8")
    run = _run(tmp_path, "scan", PYTHONIOENCODING=encoding)
    assert run.returncode == 1
    assert not run.stderr


def test_colours_on_a_terminal_only(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text("DROP TABLE users;\n")
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent), "TERM": "xterm"}
    environment = {k: v for k, v in environment.items() if k not in ("NO_COLOR", "FORCE_COLOR")}
    command = [sys.executable, "-m", "dbguard", "scan"]
    piped = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, check=False
    ).stdout
    leader, follower = os.openpty()
    try:
        subprocess.run(command, cwd=tmp_path, env=environment, stdout=follower, check=False)
        shown = os.read(leader, 100_000)
    finally:
        os.close(follower)
        os.close(leader)
    assert b"\x1b" not in piped
    assert b"\x1b[1;31merror[drop-table]\x1b[0m" in shown


def test_a_scan_without_options_has_the_options_that_the_parser_gives() -> None:
    """It is told without argparse, which takes as long as the interpreter's start."""
    from dbguard.cli import _parsed
    from dbguard.cli.parser import parser

    for arguments in (["scan"], ["scan", "a.py", "b c", ""]):
        assert vars(_parsed(arguments)) == vars(parser(arguments).parse_args(arguments))
