"""change-without-backup."""

from __future__ import annotations

from collections.abc import Iterator

from dbguard.evidence import Context, Evidence
from dbguard.finding import Finding, Severity
from dbguard.judgement import judge
from dbguard.operations import Certainty, Kind, Operation, Trait
from dbguard.rule import Rule, Section
from dbguard.state import database_topic

_CHANGES = frozenset({Kind.ALTER_TABLE, Kind.RENAME_TABLE})


class ChangeWithoutBackup(Rule):
    """A script changes the schema of a database that it did not back up.

    ## Why it breaks the protocol

    Section 1: take a timestamped backup *before* the change. Even an `ALTER TABLE` that adds
    a column can fail half way, lock out the program, or be followed by the mistake that
    needs the backup. Migrations run by a framework are not reported: their runner, or who
    deploys it, owns the backup.

    ## Do instead

    Back up the same database first, and stop if that fails:

        sqlite3 app.db ".backup 'app.db.bak_$(date +%s)'" &&
          sqlite3 app.db "ALTER TABLE users ADD COLUMN email TEXT" &&
          sqlite3 app.db "SELECT email FROM users LIMIT 1"

    ## Links

    - https://sqlite.org/backup.html
    - https://www.postgresql.org/docs/current/backup-dump.html
    """

    id = "change-without-backup"
    section = Section.BEFORE
    kinds = _CHANGES

    def check(self, operation: Operation, evidence: Evidence) -> Iterator[Finding]:
        """Judge the first change a script makes to a database it knows."""
        database = operation.target.database
        if database is None or operation.target.certainty is not Certainty.LITERAL:
            return
        if evidence.context is not Context.APPLICATION or operation.has(Trait.MIGRATION):
            return
        if evidence.backup_of(operation.target) is not None or evidence.named_backup() is not None:
            return
        severity = judge(operation, evidence)
        if severity is None or _changed_before(database, evidence):
            return
        yield self.finding(
            operation,
            evidence,
            min(severity, Severity.WARNING),
            f"{operation.spelling} of {operation.target} changes {database}, which was not "
            "backed up before",
            f"back up {database} under a timestamped name first, and stop if that fails",
        )


def _changed_before(database: str, evidence: Evidence) -> bool:
    happened = evidence.state.happened
    return any(happened.first(kind, database_topic(database)) is not None for kind in _CHANGES)
