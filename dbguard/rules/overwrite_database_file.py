"""overwrite-database-file."""

from __future__ import annotations

from collections.abc import Iterator

from dbguard.evidence import Evidence
from dbguard.finding import Finding
from dbguard.operations import Kind, Operation
from dbguard.rule import Rule, Section


class OverwriteDatabaseFile(Rule):
    """A database file is overwritten or truncated.

    ## Why it breaks the protocol

    The critical rule: never overwrite an existing database. Redirecting into the file,
    truncating it, or copying another file onto it loses what was in it as surely as
    deleting it, and a process that has it open may corrupt the new one as well.

    ## Do instead

    Write to a new name, verify it, keep the old file aside, and only then swap:

        sqlite3 new.db < schema.sql &&
          mv app.db "app.db.old_$(date +%s)" && mv new.db app.db

    That is reported all the same, as a warning: whether the new one holds all that the old
    one held, only a person can say, and accept it in a comment.

    ## Links

    - https://sqlite.org/howtocorrupt.html
    - https://sqlite.org/backup.html
    """

    id = "overwrite-database-file"
    section = Section.CRITICAL_RULE
    kinds = frozenset({Kind.OVERWRITE_FILE})

    def check(self, operation: Operation, evidence: Evidence) -> Iterator[Finding]:
        """Judge a write over a file known as a database."""
        target = operation.target
        yield from self.destruction(
            operation,
            evidence,
            f"{operation.spelling} overwrites the database file {target}",
            f"write to a new name and verify it; back {target} up under a timestamped name "
            "before the two are swapped",
        )
