"""backup-not-timestamped."""

from __future__ import annotations

from collections.abc import Iterator
from posixpath import basename

from dbguard.databases import throwaway_reason
from dbguard.evidence import Context, Evidence
from dbguard.finding import Finding, Severity
from dbguard.judgement import is_expendable
from dbguard.operations import Kind, Operation, Target, Trait
from dbguard.rule import Rule, Section
from dbguard.source import has_hole


class BackupNotTimestamped(Rule):
    """A backup has a fixed name: it overwrites the backup before it.

    ## Why it breaks the protocol

    Section 1 asks for a *timestamped* backup. Under a fixed name the second run of a broken
    migration replaces the last good backup with a copy of the damage.

    ## Do instead

    Put the time into the name: `cp app.db "app.db.bak_$(date +%Y%m%d_%H%M%S)"`,
    `f"app.db.bak_{datetime.now():%Y%m%d_%H%M%S}"`. Rotate old ones only after a newer one
    was checked.

    ## Links

    - https://pubs.opengroup.org/onlinepubs/9799919799/utilities/date.html
    """

    id = "backup-not-timestamped"
    section = Section.BEFORE
    kinds = frozenset({Kind.BACKUP})

    def check(self, operation: Operation, evidence: Evidence) -> Iterator[Finding]:
        """Note a backup whose name is the same on every run."""
        copy, source = operation.target, operation.source
        if operation.has(Trait.TIMESTAMPED) or operation.has(Trait.NAMED) or source is None:
            return
        if not copy.name or has_hole(copy.name) or throwaway_reason(copy.name):
            return
        if evidence.context is Context.TEST or throwaway_reason(source.name):
            return
        if is_expendable(operation, evidence) or _brings_back(source, evidence):
            return
        yield self.finding(
            operation,
            evidence,
            Severity.NOTE,
            f"{operation.spelling} backs up {source} under the fixed name {copy}: the next run "
            "overwrites it",
            "put date and time into the name of the backup",
        )


def _brings_back(source: Target, evidence: Evidence) -> bool:
    """Say whether the database was put where it is taken from now: ``mv app.db /opt`` undone."""
    for before in evidence.state.happened.latest(Kind.BACKUP):
        if before.source is not None and basename(before.source.name) == basename(source.name):
            place = before.target.name.rstrip("/")
            if source.name in (place, f"{place}/{basename(source.name)}"):
                return True
    return False
