"""restore-without-keeping."""

from __future__ import annotations

from collections.abc import Iterator

from dbguard.evidence import Evidence
from dbguard.finding import Finding, Severity
from dbguard.judgement import judge
from dbguard.operations import Kind, Operation
from dbguard.rule import Rule, Section, named


class RestoreWithoutKeeping(Rule):
    """A backup is put over a damaged database that was not kept aside.

    ## Why it breaks the protocol

    Section 4: keep what there is before you restore. The damaged database holds everything
    written since the backup, and often most of it can be recovered; overwritten it is gone,
    and so is the evidence of what happened.

    ## Do instead

    Move it aside under a name of its own before the backup takes its place:
    `mv app.db "app.db.damaged_$(date +%s)"`, `ALTER DATABASE app RENAME TO app_damaged`.

    ## Links

    - https://sqlite.org/recovery.html
    """

    id = "restore-without-keeping"
    section = Section.RECOVERY
    kinds = frozenset({Kind.RESTORE})

    def check(self, operation: Operation, evidence: Evidence) -> Iterator[Finding]:
        """Note a restore over a database that was not moved or copied aside."""
        if evidence.backup_of(operation.target) is not None:
            return
        if judge(operation, evidence) is None:
            return
        yield self.finding(
            operation,
            evidence,
            Severity.NOTE,
            f"{operation.spelling} overwrites {named(operation.target)}, which was not kept aside",
            f"move {named(operation.target)} aside under a timestamped name before the backup takes "
            "its place",
        )
