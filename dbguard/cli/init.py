"""``dbguard init``: set dbguard up in a project, after showing what would be written."""

from __future__ import annotations

import argparse
import os
import sys

from dbguard.cli.outcome import Exit, OutputError, UsageError
from dbguard.cli.output import write


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.description = (
        "Show what sets dbguard up in this work tree (the hook's entry for pre-commit,\n"
        "a workflow, settings), and write it if you agree. What is there stays."
    )
    option = parser.add_argument
    option("--repo", metavar="URL", default="",
        help="where pre-commit gets dbguard; by default the hook runs the installed one")  # fmt: skip
    option(
        "--rev", metavar="COMMIT", default="", help="which commit of it (for a workflow: all of it)"
    )
    option(
        "--gitlab", action="store_true", help="a job for GitLab, included, instead of a workflow"
    )
    option("-y", "--yes", action="store_true", help="write without asking")


def run(arguments: argparse.Namespace) -> Exit:
    """Show the changes, ask, and make them."""
    from dbguard import git
    from dbguard.adoption.file_change import AdoptionError
    from dbguard.adoption.setup import Wanted, plan

    top = git.work_tree_of(os.getcwd())
    if top is None:
        raise UsageError("this is no git work tree: run git init first")
    try:
        wanted = Wanted(arguments.repo, arguments.rev, arguments.gitlab, git.main_branch(top))
        planned = plan(top, wanted)
        for change in planned.changes:
            write(change.diff())
        if not planned.changes:
            write(("everything is set up: nothing to write\n",))
        elif not arguments.yes and not _agreed():
            write(("nothing is written; dbguard init --yes writes it without asking\n",))
            return Exit.CLEAN
    except (AdoptionError, git.GitError) as error:
        raise UsageError(str(error)) from error
    try:
        for change in planned.changes:
            change.write()
            write((f"written: {change.name}\n",))
    except AdoptionError as error:
        raise OutputError(str(error)) from error
    write(f"- {note}\n" for note in planned.notes)
    return Exit.CLEAN


def _agreed() -> bool:
    """Ask, where there is somebody to ask."""
    if not sys.stdin.isatty() or not sys.stdout.isatty():
        return False
    write(("Write this? [y/N] ",))
    return sys.stdin.readline().strip().lower() in ("y", "yes")
