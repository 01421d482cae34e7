"""restore-while-serving."""

from __future__ import annotations

from collections.abc import Iterator

from dbguard.evidence import Evidence
from dbguard.finding import Finding, Severity
from dbguard.judgement import judge
from dbguard.operations import Kind, Operation
from dbguard.rule import Rule, Section, named


class RestoreWhileServing(Rule):
    """A backup is put over the live database while its services may still run.

    ## Why it breaks the protocol

    Section 4: stop the services *first*. A program that has the database open goes on
    writing into the old file or into the half-restored one; an SQLite file replaced under an
    open connection is corrupted by the write-ahead log that stays behind.

    ## Do instead

    Stop what uses the database, keep the damaged one aside, restore, start again:

        systemctl stop app &&
          mv app.db "app.db.damaged_$(date +%s)" &&
          cp app.db.bak app.db && systemctl start app

    Where `app.db-wal` and `app.db-shm` are still there, they belong to the damaged database:
    move them along with it.

    ## Links

    - https://sqlite.org/howtocorrupt.html#_backup_or_restore_while_a_transaction_is_active
    """

    id = "restore-while-serving"
    section = Section.RECOVERY
    kinds = frozenset({Kind.RESTORE})

    def check(self, operation: Operation, evidence: Evidence) -> Iterator[Finding]:
        """Judge a restore by whether a service was stopped before."""
        if evidence.stopped_service() is not None:
            return
        severity = judge(operation, evidence)
        if severity is None:
            return
        yield self.finding(
            operation,
            evidence,
            min(severity, Severity.WARNING),
            f"{operation.spelling} restores {named(operation.target)} with no service stopped before",
            f"stop every service that uses {named(operation.target)}, keep the damaged database aside, "
            "then restore",
        )
