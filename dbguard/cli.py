"""The command line: arguments and exit codes. The only place for both.

What a command needs is imported when it runs: ``dbguard --version`` loads next to nothing.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING

from dbguard import __version__

if TYPE_CHECKING:
    from dbguard.config import Config
    from dbguard.finding import Severity
    from dbguard.options import ScanOptions
    from dbguard.report.model import Report


class Exit(IntEnum):
    """How a run ended. The worst applies: internal, then findings, then incomplete."""

    CLEAN = 0
    FINDINGS = 1
    USAGE = 2
    INCOMPLETE = 3
    INTERNAL = 4
    INTERRUPTED = 130  # 128 + SIGINT, as shells count


class UsageError(Exception):
    """The command line asks for something that cannot be; the message says what."""


class OutputError(Exception):
    """Standard output does not take the report."""


_EXIT_CODES = """\
exit code: 0 clean and complete, 1 findings at or above --fail-on, 2 wrong
usage or settings, 3 incomplete (a file was not analysed), 4 internal error
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Like a script, it takes ``sys.argv`` where no arguments are given.
    """
    try:
        options = _parser().parse_args(arguments)
        _tolerant_streams()
        return int(options.run(options))
    except UsageError as error:
        return _complain(str(error), Exit.USAGE)
    except OutputError as error:
        return _complain(str(error), Exit.INTERNAL)
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except Exception:  # noqa: BLE001 (the outermost place: never end green, never a bare trace)
        import traceback

        traceback.print_exc()
        sys.stderr.write(
            "dbguard: internal error, the scan is not complete. Please report the lines above "
            "with the file that caused them.\n"
        )
        return Exit.INTERNAL


def _complain(message: str, code: Exit) -> Exit:
    from dbguard.report.escape import escape

    sys.stderr.write(f"dbguard: {escape(message)}\n")
    return code


def _tolerant_streams() -> None:
    """Let no character of a scanned file fail on a terminal that cannot show it."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


class _HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Help in few lines, so that it fits a screen of 24."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=26)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="dbguard",
        description="A static guard against accidental destruction of databases.",
        formatter_class=_HelpFormatter,
        epilog=_EXIT_CODES,
    )
    parser.add_argument("--version", action="version", version=f"dbguard {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_scan(commands)
    explain = commands.add_parser("explain", help="say what a rule finds, and what to do instead")
    explain.add_argument("rule", metavar="RULE", help="its id, such as drop-table")
    explain.set_defaults(run=_explain)
    rules = commands.add_parser("rules", help="list the rules")
    rules.set_defaults(run=_rules)
    return parser


def _add_scan(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    scan = commands.add_parser(
        "scan",
        help="check files and folders (the current folder if none is named)",
        description="Check Python, shell and SQL for operations that destroy databases.",
        formatter_class=_HelpFormatter,
        epilog=_EXIT_CODES,
        usage="dbguard scan [options] [PATH ...]",
    )
    add = scan.add_argument
    add("paths", nargs="*", metavar="PATH", help="file or folder; - for standard input")
    add("--format", choices=("text", "json"), default="text", help="of the report")
    add("--fail-on", choices=("error", "warning", "note", "never"), metavar="LEVEL",
        help="error, warning (default), note or never")  # fmt: skip
    add("--exclude", action="append", default=[], metavar="GLOB",
        help="leave out, as in .gitignore; repeatable")  # fmt: skip
    add("--stdin-filename", metavar="NAME", help="what - is checked as, like deploy.sh")
    add("--config", metavar="FILE", help="settings, instead of pyproject.toml")
    add("--no-config", action="store_true", help="take no settings")
    add("--jobs", type=_jobs, default=0, metavar="N", help="worker processes (by need)")
    add("--color", choices=("auto", "always", "never"), default="auto", metavar="WHEN",
        help="auto, always or never")  # fmt: skip
    add("-q", "--quiet", action="store_true", help="one line for each finding")
    add("-v", "--verbose", action="store_true", help="list what was left out, and why")
    scan.set_defaults(run=_scan)


def _jobs(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 1024:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of processes")
    return int(text)


def _scan(arguments: argparse.Namespace) -> Exit:
    options = _scan_options(arguments)
    from dbguard import pipeline

    report = pipeline.scan(options)
    _write(_rendered(report, arguments))
    return _exit_code(report, options.config.fail_on)


def _exit_code(report: Report, fail_on: Severity | None) -> Exit:
    if any(problem.stage == "internal" for problem in report.problems):
        return Exit.INTERNAL
    if fail_on is not None and any(f.severity >= fail_on for f in report.active):
        return Exit.FINDINGS
    return Exit.INCOMPLETE if report.incomplete else Exit.CLEAN


def _scan_options(arguments: argparse.Namespace) -> ScanOptions:
    """Return what the arguments and the settings ask for. Raises UsageError."""
    from dbguard.config import find_root
    from dbguard.options import Input, ScanOptions

    paths = tuple(arguments.paths) or (".",)
    stdin = None
    if "-" in paths:
        if len(paths) > 1:
            raise UsageError("- stands alone: standard input is checked or files are")
        if not arguments.stdin_filename:
            raise UsageError("- needs --stdin-filename NAME: the name tells the language")
        stdin = Input(arguments.stdin_filename, _standard_input())
    elif arguments.stdin_filename:
        raise UsageError("--stdin-filename goes with the path -")
    for path in paths:
        if path != "-" and not os.path.lexists(path):
            raise UsageError(f"{path or 'the empty path'} does not exist")
    root = find_root((arguments.stdin_filename,) if stdin else paths)
    config = _config(arguments, root)
    return ScanOptions(paths, root, config, stdin, arguments.jobs)


def _standard_input() -> bytes:
    from dbguard.reading import FILE_LIMIT

    # One byte too many tells that there is more.
    return sys.stdin.buffer.read(FILE_LIMIT + 1)


def _config(arguments: argparse.Namespace, root: Path) -> Config:
    """Return the settings of the project, overruled by the arguments. Raises UsageError."""
    from dataclasses import replace

    from dbguard.config import FAIL_ON, FILE_NAME, Config, ConfigError, check_patterns, load

    if arguments.config and arguments.no_config:
        raise UsageError("--config and --no-config exclude each other")
    try:
        if arguments.no_config:
            config = Config()
        elif arguments.config:
            config = load(Path(arguments.config), required=True)
        else:
            config = load(root / FILE_NAME)
        if config.severity:
            from dbguard.config import check_rules

            check_rules(config, _rule_ids())
        if arguments.exclude:
            check_patterns(arguments.exclude, "--exclude")
    except ConfigError as error:
        raise UsageError(str(error)) from error
    if arguments.exclude:
        config = replace(config, exclude=(*config.exclude, *arguments.exclude))
    if arguments.fail_on:
        config = replace(config, fail_on=FAIL_ON[arguments.fail_on])
    return config


def _rendered(report: Report, arguments: argparse.Namespace) -> Iterator[str]:
    if arguments.format == "json":
        from dbguard.report import json_report

        return json_report.render(report)
    from dbguard.report import text
    from dbguard.report.style import Style, wants_colour

    terminal = sys.stdout.isatty()
    colour = wants_colour(arguments.color, os.environ, terminal=terminal)
    width = text.WIDTH
    if terminal:
        from shutil import get_terminal_size

        width = max(40, get_terminal_size((text.WIDTH, 24)).columns)
    return text.render(
        report, text.TextOptions(Style(colour), width, arguments.quiet, arguments.verbose)
    )


def _write(pieces: Iterable[str]) -> None:
    """Write to standard output; a reader that has seen enough (``| head``) ends it quietly."""
    try:
        for piece in pieces:
            sys.stdout.write(piece)
        sys.stdout.flush()
    except OSError as error:
        # The interpreter flushes once more when it ends, and would fail with a code of its
        # own: into nothing.
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, sys.stdout.fileno())
        os.close(nothing)
        if not isinstance(error, BrokenPipeError):
            raise OutputError(f"the report cannot be written: {error.strerror}") from error


def _rule_ids() -> tuple[str, ...]:
    from dbguard.rules import all_rules

    return tuple(rule.id for rule in all_rules())


def _explain(arguments: argparse.Namespace) -> Exit:
    from inspect import cleandoc

    from dbguard.rules import all_rules

    for rule in all_rules():
        if rule.id == arguments.rule:
            section = rule.section
            about = "the guard itself" if section is None else f"protocol, section {int(section)}"
            _write((f"{rule.id} ({about})\n\n",))
            _write((cleandoc(rule.__doc__ or ""), "\n"))
            return Exit.CLEAN
    from dbguard.config import suggestion

    raise UsageError(
        f"no rule is called {arguments.rule!r}{suggestion(arguments.rule, _rule_ids())}"
    )


def _rules(_: argparse.Namespace) -> Exit:
    from dbguard.rules import all_rules

    rules = all_rules()
    width = max(len(rule.id) for rule in rules)
    for rule in rules:
        summary = (rule.__doc__ or "").strip().splitlines()[0]
        section = "-" if rule.section is None else int(rule.section)
        _write((f"{rule.id:<{width}}  [{section}] {summary}\n",))
    return Exit.CLEAN
