"""``dbguard protocol``: the Safe Database Migration Protocol."""

from __future__ import annotations

import argparse

from dbguard.cli.outcome import Exit
from dbguard.cli.output import write


def add(_: argparse.ArgumentParser) -> None:
    """Add nothing: the command takes no options."""


def run(_: argparse.Namespace) -> Exit:
    """Print the text of docs/protocol.md."""
    from importlib.resources import files

    write((files("dbguard.adoption").joinpath("protocol.md").read_text("utf-8"),))
    return Exit.CLEAN
