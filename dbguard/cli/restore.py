"""``dbguard restore``: section 4 of the protocol, emergency recovery."""

from __future__ import annotations

import argparse
from pathlib import Path

from dbguard.cli.live import DATABASE, EXIT_CODES, Answer, add_json, address_of, answered
from dbguard.cli.outcome import Exit


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    purpose = "Put a backup in the place of a damaged database, which is kept aside."
    parser.description = f"{purpose}\n\n{DATABASE}"
    parser.epilog = EXIT_CODES
    parser.add_argument("backup", metavar="BACKUP", help="a backup that dbguard made, or a copy")
    parser.add_argument("database", metavar="DB", help="path, URL or env:NAME")
    parser.add_argument("--service", action="append", default=[], metavar="NAME",
        help="refuse while it runs: systemctl:NAME, pm2:NAME, compose:NAME")  # fmt: skip
    parser.add_argument("--unused", action="store_true",
        help="nobody has it open, where the system does not tell")  # fmt: skip
    add_json(parser)


def run(arguments: argparse.Namespace) -> Exit:
    """Restore, and write the report."""

    def work() -> Answer:
        from dbguard.live import journal, services
        from dbguard.live.engine import engine_of
        from dbguard.live.progress import Progress
        from dbguard.live.restoration import write_report
        from dbguard.records import replace

        address, progress = address_of(arguments), Progress()
        for service in arguments.service:
            services.check_stopped(service)
        log = journal.journal_of(address, "restore", progress)
        try:
            backup = Path(arguments.backup)
            done = engine_of(address).restore(backup, log, progress, unused=arguments.unused)
        finally:
            progress.close()
        try:
            journal.prepare(log.folder)
            done = replace(done, report=write_report(done, log.folder))
        except OSError as error:
            note = f"the report could not be written into {log.folder}: {error.strerror}"
            done = replace(done, notes=(*done.notes, note))
        return Answer(done.document(), done.lines(), Exit.CLEAN if done.ok else Exit.FINDINGS)

    return answered(arguments, work)
