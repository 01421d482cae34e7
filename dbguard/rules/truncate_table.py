"""truncate-table."""

from __future__ import annotations

from collections.abc import Iterator

from dbguard.evidence import Evidence
from dbguard.finding import Finding
from dbguard.operations import Kind, Operation
from dbguard.rule import Rule, Section, named


class TruncateTable(Rule):
    """A table is emptied with TRUNCATE.

    ## Why it breaks the protocol

    Section 2: rows leave a table only after a verified copy. `TRUNCATE` deletes all of
    them at once, fires no row triggers, resets sequences, with `CASCADE` empties the
    tables that refer to it as well, and on MySQL and Oracle commits on the spot.

    ## Do instead

    Delete the rows that should go, with a `WHERE` that names them, inside a transaction,
    after a backup. To reload a table, load into a new one, compare, and swap the names.

    ## Links

    - https://www.postgresql.org/docs/current/sql-truncate.html
    - https://dev.mysql.com/doc/refman/8.4/en/truncate-table.html
    """

    id = "truncate-table"
    section = Section.VALID_PATHS
    kinds = frozenset({Kind.TRUNCATE_TABLE})

    def check(self, operation: Operation, evidence: Evidence) -> Iterator[Finding]:
        """Judge a truncation."""
        table = operation.target
        if evidence.verified_copy_of(table):
            return
        yield from self.destruction(
            operation,
            evidence,
            f"{operation.spelling} of {named(table)} deletes every row",
            f"back up and delete only the rows of {table} that must go, with a WHERE; to reload "
            "it, fill a new table, compare, and swap the names",
        )
