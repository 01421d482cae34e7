"""``dbguard backup``: section 1 of the protocol, a timestamped backup."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from dbguard.cli.live import Answer, add_database, address_of, answered
from dbguard.cli.outcome import Exit

if TYPE_CHECKING:
    from dbguard.live.backup import Backup


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add_database(parser, "Back up a database under a name with the time, and check the copy.")
    parser.add_argument("--to", metavar="PATH", default="",
        help="the file, or a folder for it (beside the database)")  # fmt: skip
    parser.add_argument("--keep", type=_number, default=0, metavar="N",
        help="remove older backups once N newer ones are verified")  # fmt: skip


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 10_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of backups")
    return int(text)


def run(arguments: argparse.Namespace) -> Exit:
    """Back up, and say where the backup is."""

    def work() -> Answer:
        from dbguard.live import backup, identity
        from dbguard.live.engine import engine_of
        from dbguard.live.journal import journal_of
        from dbguard.live.progress import Progress
        from dbguard.records import replace

        address = address_of(arguments)
        engine, progress, made = engine_of(address), Progress(), identity.now()
        to = Path(arguments.to).absolute() if arguments.to else None
        if to is None or to.is_dir() or arguments.to.endswith(os.sep):
            path = backup.default_path(address, to, engine.suffix, made)
        else:
            path = to
        backup.check_free(path)
        log = journal_of(address, "backup", progress)
        try:
            log.step("back up", to=str(path))
            backup.clear_partials(path.parent, log)
            with backup.unfinished(path) as temporary:
                content = engine.write_backup(temporary, progress)
                taken = backup.publish(address, temporary, path, content, made, log)
                if arguments.keep:
                    taken = replace(taken, removed=backup.rotate(taken, arguments.keep, log))
        finally:
            progress.close()
        document = {
            "file": str(taken.path),
            "manifest": taken.manifest.document(),
            "removed": [str(path) for path in taken.removed],
            "log": {"file": str(log.file), "problem": log.problem or None},
        }
        return Answer(document, _lines(taken), Exit.CLEAN)

    return answered(arguments, work)


def _lines(taken: Backup) -> Iterator[str]:
    from dbguard.live.layout import bytes_shown

    yield f"backup: {taken.path}"
    rows = sum(table.rows or 0 for table in taken.manifest.tables)
    yield (
        f"  {bytes_shown(taken.manifest.size)}, {len(taken.manifest.tables)} tables, "
        f"{rows:,} rows, checked after writing"
    )
    yield f"  SHA-256 {taken.manifest.sha256}"
    yield from (f"removed: {path}" for path in taken.removed)
