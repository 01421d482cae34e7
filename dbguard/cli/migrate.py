"""``dbguard migrate``: the whole protocol in one go."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from dbguard.cli.live import (
    Answer,
    accepted,
    add_comparison,
    add_database,
    address_of,
    answered,
    failed,
    renames,
)
from dbguard.cli.outcome import Exit, UsageError
from dbguard.cli.selection import add_policy, scan_options, scanned

if TYPE_CHECKING:
    from dbguard.report.model import Report


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add_database(parser, "Change a database by a script: scanned, rehearsed, applied, verified.")
    parser.usage = "dbguard migrate [options] DB SCRIPT"
    parser.epilog = "exit code: 0 done; 1 loss or findings; 2 refused; 3 not finished; 4 internal"
    parser.add_argument("script", metavar="SCRIPT", help="a .sql or .py file")
    parser.add_argument("--dry-run", action="store_true", help="stop after the rehearsal")
    parser.add_argument("--to", metavar="FOLDER", default="",
        help="where the backup goes (beside the database)")  # fmt: skip
    parser.add_argument("--unused", action="store_true",
        help="nobody is connected, where MySQL does not tell (.py)")  # fmt: skip
    add_comparison(parser)
    add_policy(parser)


def run(arguments: argparse.Namespace) -> Exit:
    """Scan the script; if it has no errors, take every other step."""
    try:
        return _migrated(arguments)
    except UsageError as error:
        return failed(arguments, str(error), Exit.USAGE)


def _migrated(arguments: argparse.Namespace) -> Exit:
    told = renames(arguments)
    if arguments.to and not Path(arguments.to).is_dir():
        raise UsageError(f"--to {arguments.to}: there is no such folder")
    report = _scan(arguments)
    if code := _stops(report, arguments):
        return code

    def work() -> Answer:
        from dbguard.live import script
        from dbguard.live.engine import engine_of
        from dbguard.live.journal import journal_of
        from dbguard.live.migration import Request
        from dbguard.live.progress import Progress

        address, progress = address_of(arguments), Progress()
        request = Request(
            script.read(Path(arguments.script)),
            arguments.dry_run,
            Path(arguments.to).absolute() if arguments.to else None,
            told,
            accepted(arguments),
            unused=arguments.unused,
        )
        log = journal_of(address, "migrate", progress)
        try:
            done = engine_of(address).migrate(request, log, progress)
        finally:
            progress.close()
        code = Exit.CLEAN if done.ok else Exit.FINDINGS
        return Answer(done.document(), done.lines(), code)

    return answered(arguments, work)


def _scan(arguments: argparse.Namespace) -> Report:
    arguments.paths = [arguments.script]
    for name in ("stdin_filename", "diff", "staged", "exclude", "fail_on"):
        setattr(arguments, name, None)
    arguments.jobs = 1
    return scanned(scan_options(arguments))


def _stops(report: Report, arguments: argparse.Namespace) -> Exit | None:
    """Show what the scan found; return the exit code where that stops the migration."""
    from dbguard.finding import Severity
    from dbguard.report.text import TextOptions, render

    if report.files == 0:
        raise UsageError(f"{arguments.script} was not scanned: is it a .sql or .py file?")
    shown = list(render(report, TextOptions()))
    if report.active or report.problems:
        sys.stderr.write("".join(shown))
    if report.count(Severity.ERROR):
        return _stopped(arguments, "the script has errors (see above): nothing was done",
            Exit.FINDINGS)  # fmt: skip
    if report.incomplete:
        return _stopped(arguments, "the script could not be scanned whole: nothing was done",
            Exit.INCOMPLETE)  # fmt: skip
    return None


def _stopped(arguments: argparse.Namespace, why: str, code: Exit) -> Exit:
    from dbguard.live.failures import LossError, UnfinishedError

    def work() -> Answer:
        raise (LossError if code is Exit.FINDINGS else UnfinishedError)(why)

    return answered(arguments, work)
