"""What ``dbguard migrate`` did: the whole protocol in one go."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path
from typing import Any

from dbguard.live.backup import Backup
from dbguard.live.comparison import Comparison
from dbguard.live.inspection import Inspection
from dbguard.live.journal import Journal
from dbguard.live.pairing import Renames
from dbguard.live.progress import Progress
from dbguard.live.script import Script
from dbguard.records import dataclass


class Outcome(Enum):
    """How a migration ended."""

    APPLIED = "applied"
    REHEARSED = "rehearsed"
    REFUSED = "refused"
    """The rehearsal failed or lost something: the database was not touched."""
    RESTORED = "restored"
    """It was applied, was not right, and the backup was put back."""
    DAMAGED = "damaged"
    """It was applied and is not right, and others have written since: nothing was put back."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a migration is asked to do; see :mod:`dbguard.live.comparison` for the names."""

    script: Script
    dry_run: bool = False
    to: Path | None = None
    renames: Renames | None = None
    accepted: frozenset[str] = frozenset()
    quick: bool = False
    unused: bool = False
    """The user's word that nobody is connected, where the server does not tell."""


@dataclass(frozen=True, slots=True)
class Migration:
    """The outcome. ``reasons`` say why it was not applied, or is not right."""

    database: str
    script: str
    outcome: Outcome
    reasons: tuple[str, ...] = ()
    inspection: Inspection | None = None
    backup: Backup | None = None
    comparison: Comparison | None = None
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        return self.outcome in (Outcome.APPLIED, Outcome.REHEARSED)

    def document(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "database": self.database,
            "script": self.script,
            "outcome": self.outcome.value,
            "reasons": list(self.reasons),
            "notes": list(self.notes),
            "inspection": self.inspection and self.inspection.document(),
            "backup": self.backup
            and {"file": str(self.backup.path), **self.backup.manifest.document()},
            "comparison": self.comparison and self.comparison.document(),
        }

    def lines(self) -> Iterator[str]:
        """Yield it for people."""
        if self.comparison is not None:
            yield from self.comparison.lines()
            yield ""
        if self.backup is not None:
            yield f"backup: {self.backup.path}"
        yield from (f"note: {note}" for note in self.notes)
        yield from self.reasons
        yield f"{self.database}: {_ENDS[self.outcome]}"


_ENDS = {
    Outcome.APPLIED: "the new one. Every step held",
    Outcome.REHEARSED: "untouched; the rehearsal went well",
    Outcome.REFUSED: "untouched",
    Outcome.RESTORED: "the old one again: the backup was put back",
    Outcome.DAMAGED: (
        "the new one, with the losses above. Others have written since, so nothing was put "
        "back: stop them, look, and use dbguard restore"
    ),
}

Migrate = Callable[[Request, Journal, Progress], Migration]
