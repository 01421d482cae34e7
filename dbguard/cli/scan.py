"""``dbguard scan``: check files and folders."""

from __future__ import annotations

import os
from collections.abc import Iterable

from dbguard.cli.outcome import EXIT_CODES, Exit, OutputError, UsageError, exit_code
from dbguard.cli.output import write
from dbguard.cli.selection import add_policy, exclusive, scan_options, scanned
from dbguard.report.formats import FORMATS, STANDARD_OUTPUT, Output

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from dbguard.options import ScanOptions
    from dbguard.report.model import Report
    from dbguard.shards import Shard


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.description = (
        "Check files and folders, by default the current one (- --stdin-filename NAME)."
    )
    parser.usage = "dbguard scan [options] [PATH ...]"
    parser.epilog = EXIT_CODES
    from argparse import SUPPRESS

    option = parser.add_argument
    option("paths", nargs="*", metavar="PATH", help=SUPPRESS)
    option("--format", metavar="FORMAT", help=f"{', '.join(FORMATS[:5])} ...")
    option("--output", action="append", default=[], metavar="FORMAT=FILE",
        help="a report into a file, too; repeatable")  # fmt: skip
    option("--fail-on", choices=("error", "warning", "note", "never"), metavar="LEVEL",
        help="error, warning (default), note or never")  # fmt: skip
    option("--exclude", action="append", default=[], metavar="GLOB",
        help="leave out, as in .gitignore; repeatable")  # fmt: skip
    option("--stdin-filename", metavar="NAME", help=SUPPRESS)
    change = parser.add_mutually_exclusive_group()
    change.add_argument("--diff", metavar="BASE", default="",
        help="report what came since the merge base with BASE")  # fmt: skip
    change.add_argument("--staged", action="store_true", help="report what is staged")
    option("--show-suppressed", action="store_true", help="list findings that are accepted, too")
    add_policy(parser)
    option("--jobs", type=_jobs, default=0, metavar="N", help="worker processes (by need)")
    option("--shard", type=_shard, metavar="I/N", help="judge part I of N; see dbguard merge")
    option("--color", choices=("auto", "always", "never"), default="auto", metavar="WHEN",
        help="auto, always or never")  # fmt: skip
    option("-q", "--quiet", action="store_true", help="one line for each finding")
    option("-v", "--verbose", action="store_true", help="list what was left out, and why")


DEFAULTS: dict[str, object] = {
    "format": None, "output": [], "fail_on": None, "exclude": [], "stdin_filename": None,
    "diff": "", "staged": False, "show_suppressed": False, "config": None, "no_config": False,
    "config_from": "", "baseline": None, "no_baseline": False, "jobs": 0, "shard": None, "color": "auto",
    "quiet": False, "verbose": False,
}  # fmt: skip
"""What the options are where none is given: what the parser says, and a test holds them to it."""


def _jobs(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 1024:
        from argparse import ArgumentTypeError

        raise ArgumentTypeError(f"{text!r} is not a number of processes")
    return int(text)


def _shard(text: str) -> Shard:
    from dbguard.shards import Shard

    try:
        return Shard.parse(text)
    except ValueError as error:
        from argparse import ArgumentTypeError

        raise ArgumentTypeError(str(error)) from error


def run(arguments: argparse.Namespace) -> Exit:
    """Scan, and deliver the reports that are asked for."""
    exclusive(arguments.baseline, arguments.no_baseline, "--baseline and --no-baseline")
    outputs = _outputs(arguments)
    options = scan_options(arguments)
    report = scanned(options, quiet=arguments.quiet)
    code = exit_code(report, options.config.fail_on)
    _deliver(report, outputs, options, code, arguments)
    return code


def _outputs(arguments: argparse.Namespace) -> list[Output]:
    """Return the reports that are asked for, that on standard output first."""
    if not arguments.output and not arguments.format:
        return [Output("text", STANDARD_OUTPUT)]
    from dbguard.report.delivery import parsed_output

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

    look = Look(arguments.color, arguments.quiet, arguments.verbose, arguments.show_suppressed)
    for output in outputs:
        to_file = output.file != STANDARD_OUTPUT
        pieces = rendered(report, output.format, options, int(code), look, to_file=to_file)
        if not to_file:
            write(pieces)
            continue
        from dbguard.report.delivery import write_file

        try:
            write_file(output.file, pieces)
        except OSError as error:
            raise OutputError(f"{output.file} cannot be written: {error.strerror}") from error
