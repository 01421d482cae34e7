"""What ``dbguard restore`` did, and the report of it that goes to the user (section 4)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from dbguard import durable
from dbguard.live import identity, manifest
from dbguard.live.comparison import Comparison
from dbguard.live.failures import LossError
from dbguard.live.manifest import Manifest
from dbguard.records import dataclass


@dataclass(frozen=True, slots=True)
class Restoration:
    """A database that was put back.

    ``kept`` is where the damaged one is now, '' where there was none. ``lost`` compares it
    with the restored one: what it held that the backup does not; None where it could not be
    read, which ``unread`` explains. ``reasons`` say what is wrong with the restored one.
    """

    database: str
    backup: Path
    manifest: Manifest | None
    when: datetime
    kept: str = ""
    lost: Comparison | None = None
    unread: str = ""
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    report: Path | None = None

    @property
    def ok(self) -> bool:
        return not self.reasons

    def document(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "database": self.database,
            "backup": str(self.backup),
            "backup_made": self.manifest and self.manifest.made.isoformat(),
            "restored": self.when.isoformat(),
            "kept": self.kept or None,
            "lost": self.lost and self.lost.document(),
            "damaged_unreadable": self.unread or None,
            "reasons": list(self.reasons),
            "notes": list(self.notes),
            "report": self.report and str(self.report),
        }

    def lines(self) -> Iterator[str]:
        """Yield it for people."""
        yield from self.story()
        if self.report is not None:
            yield ""
            yield f"This report, to hand on: {self.report}"

    def story(self) -> Iterator[str]:
        """Yield what happened, in words for whoever uses the database."""
        yield f"{self.database} was restored at {self.when.isoformat(sep=' ')}."
        yield ""
        made = self.manifest.made.isoformat(sep=" ") if self.manifest else "a time not known"
        yield f"The backup: {self.backup}, from {made}."
        yield "What was written between then and the damage is not in the database."
        if self.kept:
            yield f"The damaged database is kept as {self.kept}."
        else:
            yield "There was no database to keep aside."
        yield ""
        yield from self._lost()
        if self.reasons:
            yield ""
            yield "THE RESTORED DATABASE IS NOT WHAT THE BACKUP SHOULD HOLD:"
            yield from (f"- {reason}" for reason in self.reasons)
        yield ""
        yield from (f"Note: {note}" for note in self.notes)
        yield "What to do next:"
        yield "1. Tell whoever uses the database, now, with this report."
        yield "2. Look at what is lost, and enter it again from the kept file or another source."
        yield "3. Start the services, and see that they work."
        yield "4. Keep the damaged file until all of that is done."

    def _lost(self) -> Iterator[str]:
        if self.lost is None:
            if self.kept:
                yield f"The damaged database could not be read: {self.unread}."
                yield "What is lost since the backup is therefore not known."
            return
        if self.lost.losses:
            yield "In the damaged database, and not in the restored one:"
            yield from (f"- {loss}" for loss in self.lost.losses)
        else:
            yield "Everything that can be read in the damaged database is in the restored one."
        if self.lost.problems:
            yield "What could not be read in the damaged database:"
            yield from (f"- {problem}" for problem in self.lost.problems)


def checked(backup: Path, described: Manifest | None) -> tuple[str, ...]:
    """Return what is to be said of a backup that is to be used. Raises LossError.

    It is the file of its manifest; without one, what it should hold is not known.
    """
    if described is None:
        return (f"{backup} has no manifest: what it should hold is not known.",)
    manifest.check(backup, described)
    return ()


def check_promise(backup: Path, reasons: Sequence[str]) -> None:
    """Raise LossError where a backup that was loaded does not hold what its manifest promises."""
    if reasons:
        raise LossError(
            f"{backup} does not hold what its manifest says: {'; '.join(reasons)}. Nothing was "
            "changed. Look for another backup; to use this one as it is, move its manifest "
            f"({manifest.path_of(backup)}) out of the way"
        )


def write_report(restoration: Restoration, folder: Path) -> Path:
    """Write the report, and return where it is. Raises OSError."""
    path = folder / f"restore_{identity.stamp(restoration.when)}.txt"
    number = 1
    while path.exists():
        number += 1
        path = path.with_name(f"restore_{identity.stamp(restoration.when)}_{number}.txt")
    text = "\n".join(restoration.story()) + "\n"
    with durable.whole(path, is_new=True) as stream:
        stream.write(text.encode("utf-8", "backslashreplace"))
    return path
