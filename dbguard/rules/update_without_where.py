"""update-without-where."""

from __future__ import annotations

from collections.abc import Iterator

from dbguard.evidence import Context, Evidence
from dbguard.finding import Finding, Severity
from dbguard.judgement import judge
from dbguard.operations import Kind, Operation
from dbguard.rule import Rule, Section, named
from dbguard.state import table_topic

_BACKFILL = Severity.WARNING


class UpdateWithoutWhere(Rule):
    """Every row of a table is updated: an UPDATE without a condition that excludes any.

    ## Why it breaks the protocol

    Section 2 changes rows by copying and verifying. An `UPDATE` without `WHERE` overwrites
    a value in every row, and the old values are gone. Filling a column that the same
    script has just added is the ordinary backfill and is not reported.

    ## Do instead

    Name the rows (`WHERE status IS NULL`), or write to a new column, compare, and switch
    over. Back up first.

    ## Links

    - https://www.postgresql.org/docs/current/sql-update.html
    """

    id = "update-without-where"
    section = Section.VALID_PATHS
    kinds = frozenset({Kind.UPDATE_ROWS})

    def check(self, operation: Operation, evidence: Evidence) -> Iterator[Finding]:
        """Judge an update of all rows; in a migration a backfill is the likelier reading."""
        table = operation.target
        if evidence.state.happened.first(Kind.ALTER_TABLE, table_topic(table.name)) is not None:
            return
        severity = judge(operation, evidence)
        if severity is None:
            return
        yield self.finding(
            operation,
            evidence,
            severity if evidence.context is not Context.MIGRATION else min(severity, _BACKFILL),
            f"{operation.spelling} of {named(table)} overwrites a value in every row: no condition "
            "limits it",
            f"name the rows of {table} that must change in a WHERE or filter, and back up first",
        )
