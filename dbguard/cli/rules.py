"""``dbguard rules``: the rules there are."""

from __future__ import annotations

import argparse

from dbguard.cli.outcome import Exit
from dbguard.cli.output import write


def add(_: argparse.ArgumentParser) -> None:
    """Add nothing: the command takes no options."""


def run(_: argparse.Namespace) -> Exit:
    """Print each rule with its section of the protocol and its first line."""
    from dbguard.rules import all_rules

    rules = all_rules()
    width = max(len(rule.id) for rule in rules)
    for rule in rules:
        summary = (rule.__doc__ or "").strip().splitlines()[0]
        section = "-" if rule.section is None else int(rule.section)
        write((f"{rule.id:<{width}}  [{section}] {summary}\n",))
    return Exit.CLEAN
