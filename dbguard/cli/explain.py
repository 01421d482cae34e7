"""``dbguard explain``: what a rule finds, why, and what to do instead."""

from __future__ import annotations

import argparse

from dbguard.cli.outcome import Exit, UsageError
from dbguard.cli.output import write


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("rule", metavar="RULE", help="its id, such as drop-table")


def run(arguments: argparse.Namespace) -> Exit:
    """Print the page of the rule. Raises UsageError where there is none."""
    from inspect import cleandoc

    from dbguard.fixes import about as about_fix
    from dbguard.rules import all_rules, rule_ids

    for rule in all_rules():
        if rule.id == arguments.rule:
            section = rule.section
            about = "the guard itself" if section is None else f"protocol, section {int(section)}"
            write((f"{rule.id} ({about})\n\n",))
            write((cleandoc(rule.__doc__ or ""), "\n"))
            if fix := about_fix(rule.id):
                write(("\n", fix, "\n"))
            return Exit.CLEAN
    from dbguard.suggestion import suggestion

    raise UsageError(
        f"no rule is called {arguments.rule!r}{suggestion(arguments.rule, rule_ids())}"
    )
