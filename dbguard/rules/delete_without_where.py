"""delete-without-where."""

from __future__ import annotations

from collections.abc import Iterator

from dbguard.evidence import Evidence
from dbguard.finding import Finding
from dbguard.operations import Kind, Operation
from dbguard.rule import Rule, Section, named


class DeleteWithoutWhere(Rule):
    """Every row of a table is deleted: a DELETE without a condition that excludes any.

    ## Why it breaks the protocol

    Section 2: rows leave a table only after a verified copy. A `DELETE` without `WHERE`
    (or with `WHERE 1=1`), `Model.objects.all().delete()` and `query(Model).delete()`
    empty the table, and every row that refers to it by `ON DELETE CASCADE` goes too.

    ## Do instead

    Say which rows must go (`WHERE expired_at < now()`), look at how many they are with
    the same condition in a `SELECT count(*)`, and delete them in a transaction.

    ## Links

    - https://www.postgresql.org/docs/current/sql-delete.html
    - https://docs.djangoproject.com/en/stable/topics/db/queries/#deleting-objects
    """

    id = "delete-without-where"
    section = Section.VALID_PATHS
    kinds = frozenset({Kind.DELETE_ROWS})

    def check(self, operation: Operation, evidence: Evidence) -> Iterator[Finding]:
        """Judge a deletion of all rows."""
        table = operation.target
        if evidence.verified_copy_of(table):
            return
        yield from self.destruction(
            operation,
            evidence,
            f"{operation.spelling} of {named(table)} deletes every row: no condition limits it",
            f"name the rows of {table} that must go in a WHERE or filter, count them first, and "
            "back up",
        )
