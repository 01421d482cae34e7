"""The command line: arguments and exit codes. The only place for both.

What a command needs is imported when it runs: ``dbguard --version`` loads next to nothing.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Sequence
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING

from dbguard import __version__
from dbguard.report.formats import FORMATS

if TYPE_CHECKING:
    from dbguard.config import Config
    from dbguard.finding import Severity
    from dbguard.options import ScanOptions
    from dbguard.policy import Policy
    from dbguard.report.delivery import Output
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


class CutShortError(Exception):
    """What was asked cannot be answered whole; the message says what is missing."""


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
    except CutShortError as error:
        return _complain(str(error), Exit.INCOMPLETE)
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
    _add_baseline(commands)
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
        description="Check files and folders (- for standard input), by default the current one.",
        formatter_class=_HelpFormatter,
        epilog=_EXIT_CODES,
        usage="dbguard scan [options] [PATH ...]",
    )
    add = scan.add_argument
    add("paths", nargs="*", metavar="PATH", help=argparse.SUPPRESS)
    add("--format", metavar="FORMAT", help=f"{', '.join(FORMATS[:5])} ...")
    add("--output", action="append", default=[], metavar="FORMAT=FILE",
        help="a report into a file, too; repeatable")  # fmt: skip
    add("--fail-on", choices=("error", "warning", "note", "never"), metavar="LEVEL",
        help="error, warning (default), note or never")  # fmt: skip
    add("--exclude", action="append", default=[], metavar="GLOB",
        help="leave out, as in .gitignore; repeatable")  # fmt: skip
    add("--stdin-filename", metavar="NAME", help="what - is checked as, like deploy.sh")
    change = scan.add_mutually_exclusive_group()
    change.add_argument("--diff", metavar="BASE", default="",
        help="report what came since the merge base with BASE")  # fmt: skip
    change.add_argument("--staged", action="store_true", help="report what is staged")
    add("--show-suppressed", action="store_true", help="list findings that are accepted, too")
    _add_policy(scan)
    add("--jobs", type=_jobs, default=0, metavar="N", help="worker processes (by need)")
    add("--color", choices=("auto", "always", "never"), default="auto", metavar="WHEN",
        help="auto, always or never")  # fmt: skip
    add("-q", "--quiet", action="store_true", help="one line for each finding")
    add("-v", "--verbose", action="store_true", help="list what was left out, and why")
    scan.set_defaults(run=_scan)


def _add_policy(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which settings and which baseline hold."""
    add = parser.add_argument
    add("--config", metavar="FILE", help="settings, instead of the project's; or --no-config")
    add("--no-config", action="store_true", help=argparse.SUPPRESS)
    add("--config-from", metavar="BASE", default="",
        help="settings and baseline of the merge base with BASE")  # fmt: skip
    add("--baseline", metavar="FILE", help="instead of .dbguard-baseline; or --no-baseline")
    add("--no-baseline", action="store_true", help=argparse.SUPPRESS)


def _add_baseline(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    baseline = commands.add_parser(
        "baseline",
        help="accept the findings there are, so that only new ones fail",
        description="Write the findings there are to .dbguard-baseline.",
        formatter_class=_HelpFormatter,
        usage="dbguard baseline [options] [PATH ...]",
    )
    add = baseline.add_argument
    add("paths", nargs="*", metavar="PATH", help="file or folder (the current folder)")
    what = baseline.add_mutually_exclusive_group()
    what.add_argument("--prune", action="store_true", help="only remove entries that match nothing")
    what.add_argument("--check", action="store_true", help="write nothing; fail if it would grow")
    add("--baseline", metavar="FILE", help="instead of .dbguard-baseline at the root")
    add("--config", metavar="FILE", help="settings, instead of the project's; or --no-config")
    add("--no-config", action="store_true", help=argparse.SUPPRESS)
    baseline.set_defaults(
        run=_baseline, exclude=[], fail_on=None, stdin_filename=None, jobs=0, diff="",
        staged=False, config_from="", no_baseline=True,
    )  # fmt: skip


def _jobs(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 1024:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of processes")
    return int(text)


def _scan(arguments: argparse.Namespace) -> Exit:
    _exclusive(arguments.baseline, arguments.no_baseline, "--baseline and --no-baseline")
    outputs = _outputs(arguments)
    options = _scan_options(arguments)
    report = _report(options)
    code = _exit_code(report, options.config.fail_on)
    _deliver(report, outputs, options, code, arguments)
    return code


def _report(options: ScanOptions) -> Report:
    """Scan. Raises UsageError or CutShortError where a change was asked for in vain."""
    from dbguard import pipeline
    from dbguard.changes import ChangeError, ShallowError
    from dbguard.git import GitError

    try:
        return pipeline.scan(options)
    except ChangeError as error:
        raise UsageError(str(error)) from error
    except (ShallowError, GitError) as error:
        raise CutShortError(str(error)) from error


def _baseline(arguments: argparse.Namespace) -> Exit:
    """Write, prune or check the baseline."""
    from dbguard import baseline, baseline_update
    from dbguard.baseline import BaselineError
    from dbguard.policy import read_baseline

    options = _scan_options(arguments)
    path = Path(arguments.baseline) if arguments.baseline else options.root / baseline.FILE_NAME
    try:
        old = read_baseline(path)
    except BaselineError as error:
        raise UsageError(str(error)) from error
    report = _report(options)
    update = baseline_update.update(old, report, options)
    if arguments.check:
        _write(update.told(path.name))
        return Exit.FINDINGS if update.added else _exit_code(report, None)
    new = update.pruned if arguments.prune else update.new
    try:
        baseline_update.write(path, baseline.render(new))
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}") from error
    count = len(new.entries)
    _write((f"{path.name}: {count} accepted {'finding' if count == 1 else 'findings'}\n",))
    return _exit_code(report, None)


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
    if stdin is not None and (arguments.diff or arguments.staged):
        raise UsageError("- has no history: --diff and --staged go with files")
    root = find_root((arguments.stdin_filename,) if stdin else paths)
    policy = _policy(arguments, root)
    return ScanOptions(
        paths,
        root,
        policy.config,
        stdin,
        arguments.jobs,
        baseline=policy.baseline,
        diff=arguments.diff,
        staged=arguments.staged,
        policy_from=arguments.config_from,
        weakened=policy.weakened,
    )


def _standard_input() -> bytes:
    from dbguard.reading import FILE_LIMIT

    # One byte too many tells that there is more.
    return sys.stdin.buffer.read(FILE_LIMIT + 1)


def _policy(arguments: argparse.Namespace, root: Path) -> Policy:
    """Return the settings and the baseline, overruled by the arguments. Raises UsageError."""
    from dataclasses import replace

    from dbguard.baseline import FILE_NAME, Baseline, BaselineError
    from dbguard.changes import ChangeError, ShallowError
    from dbguard.config import FAIL_ON, ConfigError, check_patterns
    from dbguard.git import GitError
    from dbguard.policy import Policy, of_base, read_baseline

    _exclusive(arguments.config, arguments.no_config, "--config and --no-config")
    _exclusive(arguments.config, arguments.config_from, "--config and --config-from")
    _exclusive(arguments.no_config, arguments.config_from, "--no-config and --config-from")
    try:
        if arguments.config_from:
            policy = of_base(root, arguments.config_from, _check_rules)
        else:
            policy = Policy(_config(arguments, root), Baseline())
        if arguments.no_baseline:
            policy = replace(policy, baseline=Baseline())
        elif arguments.baseline:
            accepted = read_baseline(Path(arguments.baseline), required=True)
            policy = replace(policy, baseline=accepted)
        elif not arguments.config_from:
            policy = replace(policy, baseline=read_baseline(root / FILE_NAME))
        if arguments.exclude:
            check_patterns(arguments.exclude, "--exclude")
    except (ConfigError, BaselineError, ChangeError) as error:
        raise UsageError(str(error)) from error
    except (ShallowError, GitError) as error:
        raise CutShortError(str(error)) from error
    config = policy.config
    if arguments.exclude:
        config = replace(config, exclude=(*config.exclude, *arguments.exclude))
    if arguments.fail_on:
        config = replace(config, fail_on=FAIL_ON[arguments.fail_on])
    return replace(policy, config=config)


def _exclusive(one: object, other: object, what: str) -> None:
    if one and other:
        raise UsageError(f"{what} exclude each other")


def _config(arguments: argparse.Namespace, root: Path) -> Config:
    """Return the settings of the work tree. Raises ConfigError."""
    from dbguard.config import Config, load, load_project

    if arguments.no_config:
        return Config()
    named = arguments.config
    config = load(Path(named), required=True) if named else load_project(root)
    _check_rules(config)
    return config


def _check_rules(config: Config) -> None:
    """Raise ConfigError where settings name a rule that is not known."""
    if config.severity or config.overrides:
        from dbguard.config import check_rules

        check_rules(config, _rule_ids())


def _outputs(arguments: argparse.Namespace) -> list[Output]:
    """Return the reports that are asked for, that on standard output first."""
    from dbguard.report.delivery import STANDARD_OUTPUT, Output, parsed_output

    try:
        outputs = [parsed_output(text) for text in arguments.output]
        named = parsed_output(f"{arguments.format or 'text'}={STANDARD_OUTPUT}")
    except ValueError as error:
        raise UsageError(str(error)) from error
    shown = [output for output in outputs if output.file == STANDARD_OUTPUT]
    if len(shown) > 1 or (shown and arguments.format):
        raise UsageError("standard output takes one report")
    files = [os.path.realpath(output.file) for output in outputs if output not in shown]
    if len(set(files)) < len(files):
        raise UsageError("two reports cannot go to one file")
    rest = [output for output in outputs if output not in shown]
    return [*(shown or [Output(named.format, STANDARD_OUTPUT)]), *rest]


def _deliver(
    report: Report,
    outputs: Iterable[Output],
    options: ScanOptions,
    code: Exit,
    arguments: argparse.Namespace,
) -> None:
    from dbguard.presentation import Look, rendered
    from dbguard.report.delivery import STANDARD_OUTPUT, write_file

    look = Look(arguments.color, arguments.quiet, arguments.verbose, arguments.show_suppressed)
    for output in outputs:
        to_file = output.file != STANDARD_OUTPUT
        pieces = rendered(report, output.format, options, int(code), look, to_file=to_file)
        if not to_file:
            _write(pieces)
            continue
        try:
            write_file(output.file, pieces)
        except OSError as error:
            raise OutputError(f"{output.file} cannot be written: {error.strerror}") from error


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
    from dbguard.suggestion import suggestion

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
