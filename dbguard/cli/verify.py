"""``dbguard verify``: section 3 of the protocol, is every old row still there?"""

from __future__ import annotations

import argparse
from pathlib import Path

from dbguard.cli.live import (
    Answer,
    accepted,
    add_comparison,
    add_database,
    address_of,
    answered,
    renames,
)
from dbguard.cli.outcome import Exit


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add_database(parser, "Compare a database with a backup: schema, and every old row.")
    parser.add_argument("--against", required=True, metavar="BACKUP", help="the older state")
    add_comparison(parser)


def run(arguments: argparse.Namespace) -> Exit:
    """Compare, and say what is lost."""

    def work() -> Answer:
        told = renames(arguments)
        from dbguard.live.engine import engine_of
        from dbguard.live.journal import journal_of
        from dbguard.live.progress import Progress
        from dbguard.live.proof import proof_of

        address, progress = address_of(arguments), Progress()
        backup = Path(arguments.against)
        engine = engine_of(address)
        with proof_of(backup) as proof:
            try:
                found = engine.verify(
                    backup, proof, progress, renames=told, accepted=accepted(arguments)
                )
            finally:
                progress.close()
        log = journal_of(address, "verify", Progress(shown=False))
        log.step("verified", against=str(backup), losses=len(found.losses))
        code = Exit.INCOMPLETE if found.problems else Exit.CLEAN
        if found.losses:
            code = Exit.FINDINGS
        return Answer(found.document(), found.lines(), code)

    return answered(arguments, work)
