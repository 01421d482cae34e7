"""``dbguard doctor``: prove that the installed hook blocks what it should."""

from __future__ import annotations

import argparse
import os

from dbguard.cli.outcome import Exit, UsageError
from dbguard.cli.output import write


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.description = (
        "Check what dbguard needs, and try to commit a script that deletes a database,\n"
        "in a temporary repository under a copy of the installed hook. Of the project's\n"
        "pre-commit configuration only the entry of dbguard is tried."
    )
    parser.epilog = "exit code: 0 the guard holds, 1 it does not"
    parser.add_argument("--run-hook", action="store_true",
        help="run a copy of a hook that runs other programs, too")  # fmt: skip


def run(arguments: argparse.Namespace) -> Exit:
    """Print an answer a line; the worst decides how the run ends."""
    from dbguard import git
    from dbguard.adoption.checkup import Mark, answers
    from dbguard.report.escape import escape

    top = git.work_tree_of(os.getcwd())
    if top is None:
        raise UsageError("this is no git work tree: there is no hook to look at")
    holds = True
    for answer in answers(top, run_hook=arguments.run_hook):
        holds = holds and answer.mark is not Mark.BAD
        write((f"{answer.mark.value:<5}  {answer.about:<8}  {escape(answer.told)}\n",))
        if answer.mark is Mark.BAD:
            write(f"       | {escape(line)}\n" for line in answer.output.splitlines()[-20:])
    write(("the guard holds\n" if holds else "THE GUARD DOES NOT HOLD\n",))
    return Exit.CLEAN if holds else Exit.FINDINGS
