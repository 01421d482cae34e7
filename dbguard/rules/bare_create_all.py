"""bare-create-all."""

from __future__ import annotations

from collections.abc import Iterator

from dbguard.evidence import Context, Evidence
from dbguard.finding import Finding, Severity
from dbguard.judgement import is_expendable
from dbguard.operations import Kind, Operation
from dbguard.rule import Rule, Section


class BareCreateAll(Rule):
    """Tables are created outside the migration tool that the project has.

    ## Why it breaks the protocol

    Section 2: schema changes go through `ALTER TABLE` or a rebuild that is verified.
    `create_all()` creates missing tables and changes none that exist, so the models and
    the database drift apart until somebody "fixes" it with a reset. Where a migration
    tool is set up, it should be the only one to create tables.

    ## Do instead

    Remove the call and run the migrations when the program is deployed
    (`alembic upgrade head`, `flask db upgrade`).

    ## Links

    - https://alembic.sqlalchemy.org/en/latest/cookbook.html#building-an-up-to-date-database-from-scratch
    """

    id = "bare-create-all"
    section = Section.VALID_PATHS
    kinds = frozenset({Kind.CREATE_ALL})

    def check(self, operation: Operation, evidence: Evidence) -> Iterator[Finding]:
        """Note a creation of all tables in a project that has a migration tool."""
        tool = evidence.project.migration_tool
        if not tool or evidence.context is not Context.APPLICATION:
            return
        if evidence.destroyed_before() or is_expendable(operation, evidence):
            return
        yield self.finding(
            operation,
            evidence,
            Severity.NOTE,
            f"{operation.spelling} creates tables beside {tool}: it changes none that exist",
            f"let {tool} create and change the tables",
        )
