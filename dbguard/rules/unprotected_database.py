"""unprotected-database."""

from __future__ import annotations

from collections.abc import Iterator

from dbguard.evidence import Context, Evidence
from dbguard.finding import Finding, Severity
from dbguard.operations import Kind, Operation
from dbguard.rule import Rule, Section, named


class UnprotectedDatabase(Rule):
    """A database is declared so that a plan may destroy it, or destroy it without a last backup.

    ## Why it breaks the protocol

    Section 0: never delete an existing database to apply a change. A changed argument can
    make Terraform replace a database: destroy it, and create an empty one in its place.
    `prevent_destroy` and the provider's deletion protection stop such a plan;
    `skip_final_snapshot = true`, `delete_automated_backups = true` and a
    `backup_retention_period` of 0 take away what could be restored after it.

    ## Do instead

    Set `lifecycle { prevent_destroy = true }` and the provider's `deletion_protection`,
    leave `skip_final_snapshot` at `false` with a `final_snapshot_identifier`, and keep
    automatic backups for some days.

    ## Links

    - https://developer.hashicorp.com/terraform/language/meta-arguments/lifecycle
    - https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_DeleteInstance.html
    """

    id = "unprotected-database"
    section = Section.CRITICAL_RULE
    kinds = frozenset({Kind.UNPROTECT})

    def check(self, operation: Operation, evidence: Evidence) -> Iterator[Finding]:
        """Note what leaves a database open to destruction."""
        if evidence.context is Context.TEST:
            return
        what = operation.spelling
        message = f"{named(operation.target)} has {what}: a plan may destroy it"
        if what.startswith(("skip_final", "delete_automated", "backup_retention")):
            message = f"{named(operation.target)} has {what}: what a plan destroys is not kept"
        instead = "set lifecycle { prevent_destroy = true } and keep a final snapshot"
        yield self.finding(operation, evidence, Severity.NOTE, message, instead)
