"""backup-failure-ignored."""

from __future__ import annotations

from collections.abc import Iterator

from dbguard.evidence import Evidence
from dbguard.finding import Finding, Label, Severity
from dbguard.judgement import judge
from dbguard.operations import Operation, Trait
from dbguard.rule import Rule, Section, named
from dbguard.state import DESTROYS


class BackupFailureIgnored(Rule):
    """A backup is there, but the destructive step after it runs even where there is none.

    ## Why it breaks the protocol

    Section 1: back up *before*. A backup that failed is no backup, so its failure must stop
    what follows. `cp app.db app.db.bak; rm app.db` removes the database also when the disk
    was full; a backup inside one branch is missing on the other.

    ## Do instead

    Tie the two together: `set -euo pipefail` at the top of a script, `&&` between the two
    commands, `check=True` for `subprocess.run`, no `-` before the recipe line, no handler
    that swallows the exception.

        pg_dump -Fc shop > "shop_$(date +%s).dump" && psql -d shop -f migrate.sql

    ## Links

    - https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_26_01
    - https://docs.python.org/3/library/subprocess.html#subprocess.run
    """

    id = "backup-failure-ignored"
    section = Section.BEFORE
    kinds = DESTROYS

    def check(self, operation: Operation, evidence: Evidence) -> Iterator[Finding]:
        """Judge the backup that stands before a destructive step and does not hold there."""
        backup = evidence.futile_backup_of(operation.target)
        if backup is None or backup.has(Trait.NAMED):
            return
        severity = judge(operation, evidence)
        if severity is None:
            return
        why = "is made on some paths only" if backup.checked else "may fail without stopping it"
        victim = Label(operation.span, "this step runs all the same", False, operation.region.file)
        yield self.finding(
            backup,
            evidence,
            min(severity, Severity.WARNING),
            f"the backup before {operation.spelling} of {named(operation.target)} {why}",
            "let its failure stop the flow (&&, set -e, || exit 1, check=True) and make it on "
            f"every path to {operation.spelling}",
            (victim,),
        )
