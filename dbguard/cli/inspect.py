"""``dbguard inspect``: section 1 of the protocol, identify the critical data."""

from __future__ import annotations

import argparse

from dbguard.cli.live import Answer, add_database, address_of, answered
from dbguard.cli.outcome import Exit


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add_database(parser, "Say what a database holds, and what state it is in.")
    parser.add_argument("--quick", action="store_true",
        help="do not compare the indexes with the tables")  # fmt: skip


def run(arguments: argparse.Namespace) -> Exit:
    """Print what is in the database."""

    def work() -> Answer:
        from dbguard.live.engine import engine_of
        from dbguard.live.progress import Progress

        progress = Progress()
        try:
            found = engine_of(address_of(arguments)).inspect(progress, quick=arguments.quick)
        finally:
            progress.close()
        code = Exit.CLEAN if found.sound else Exit.FINDINGS
        return Answer(found.document(), found.lines(), code)

    return answered(arguments, work)
