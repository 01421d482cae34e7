"""``dbguard baseline``: accept the findings there are."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from dbguard.cli.outcome import Exit, OutputError, UsageError, exit_code
from dbguard.cli.output import write
from dbguard.cli.selection import scan_options, scanned


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.description = "Write the findings there are to .dbguard-baseline."
    parser.usage = "dbguard baseline [options] [PATH ...]"
    option = parser.add_argument
    option("paths", nargs="*", metavar="PATH", help="file or folder (the current folder)")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--prune", action="store_true", help="only remove entries that match nothing")
    what.add_argument("--check", action="store_true", help="write nothing; fail if it would grow")
    option("--baseline", metavar="FILE", help="instead of .dbguard-baseline at the root")
    option("--config", metavar="FILE", help="settings, instead of the project's; or --no-config")
    option("--no-config", action="store_true", help=argparse.SUPPRESS)
    parser.set_defaults(
        exclude=[], fail_on=None, stdin_filename=None, jobs=0, diff="",
        staged=False, config_from="", no_baseline=True,
    )  # fmt: skip


def run(arguments: argparse.Namespace) -> Exit:
    """Write, prune or check the baseline."""
    from dbguard import baseline, baseline_update
    from dbguard.baseline import BaselineError
    from dbguard.policy import read_baseline

    options = scan_options(arguments)
    path = Path(arguments.baseline or os.path.join(options.root, baseline.FILE_NAME))
    try:
        old = read_baseline(path)
    except BaselineError as error:
        raise UsageError(str(error)) from error
    report = scanned(options)
    update = baseline_update.update(old, report, options)
    if arguments.check:
        write(update.told(path.name))
        return Exit.FINDINGS if update.added else exit_code(report, None)
    new = update.pruned if arguments.prune else update.new
    try:
        baseline_update.write(path, baseline.render(new))
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}") from error
    count = len(new.entries)
    write((f"{path.name}: {count} accepted {'finding' if count == 1 else 'findings'}\n",))
    return exit_code(report, None)
