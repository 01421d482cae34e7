"""drop-column."""

from __future__ import annotations

from collections.abc import Iterator

from dbguard.evidence import Evidence
from dbguard.finding import Finding
from dbguard.operations import Kind, Operation
from dbguard.rule import Rule, Section, named


class DropColumn(Rule):
    """A column is dropped whose values were not verified elsewhere.

    ## Why it breaks the protocol

    Section 2: simple *additions* go through `ALTER TABLE`; what removes data needs a copy
    that was verified. A dropped column takes the value of every row with it.

    ## Do instead

    Stop reading and writing the column first, and release that. Then back up, copy the
    values to where they belong, compare, and drop the column in a migration of its own.

    ## Links

    - https://sqlite.org/lang_altertable.html#alter_table_drop_column
    - https://www.postgresql.org/docs/current/sql-altertable.html
    """

    id = "drop-column"
    section = Section.VALID_PATHS
    kinds = frozenset({Kind.DROP_COLUMN})

    def check(self, operation: Operation, evidence: Evidence) -> Iterator[Finding]:
        """Judge the drop of a column by the copy and the comparison before it."""
        column = operation.target
        if evidence.verified_copy_of(column):
            return
        yield from self.destruction(
            operation,
            evidence,
            f"{operation.spelling} of {named(column)} loses the value of every row",
            f"back up, copy the values of {column} to where they belong and compare them "
            "before the drop",
        )
