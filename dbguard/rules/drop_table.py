"""drop-table."""

from __future__ import annotations

from collections.abc import Iterator

from dbguard.evidence import Evidence
from dbguard.finding import Finding
from dbguard.operations import Kind, Operation
from dbguard.rule import Rule, Section, named


class DropTable(Rule):
    """A table is dropped whose rows were not verified elsewhere.

    ## Why it breaks the protocol

    Section 2, option B: rename the old table, create the new one, copy the rows, and drop
    the old table *only after verification*. A drop without a copy loses the rows; a drop
    after a copy that nobody compared loses those that the copy left out.

    ## Do instead

    Compare before the drop, with a comparison whose failure stops it:

        ALTER TABLE users RENAME TO users_old;
        CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL);
        INSERT INTO users SELECT id, email FROM users_old;
        DO $$ BEGIN
          IF (SELECT count(*) FROM users) <> (SELECT count(*) FROM users_old) THEN
            RAISE EXCEPTION 'users: rows are missing';
          END IF;
        END $$;
        DROP TABLE users_old;

    ## Links

    - https://sqlite.org/lang_altertable.html#making_other_kinds_of_table_schema_changes
    - https://www.postgresql.org/docs/current/sql-droptable.html
    """

    id = "drop-table"
    section = Section.VALID_PATHS
    kinds = frozenset({Kind.DROP_TABLE})

    def check(self, operation: Operation, evidence: Evidence) -> Iterator[Finding]:
        """Judge the drop of a table by the copy and the comparison before it."""
        table = operation.target
        if evidence.verified_copy_of(table):
            return
        what = f"{operation.spelling} of {named(table)}"
        if evidence.copy_of(table) is not None:
            what += " after a copy of its rows that nothing verified"
            instead = (
                f"compare {table} with its copy before the drop, in a way that stops the drop "
                "when rows are missing"
            )
        elif (lossy := evidence.lossy_copy_of(table)) is not None:
            left_out = ", ".join(evidence.columns_left_out(lossy))
            what += " after a copy that leaves out "
            what += f"the columns {left_out}" if left_out else "rows"
            instead = f"copy every row and column of {table}, compare both tables, then drop it"
        elif evidence.futile_copy_of(table) is not None:
            what += " does not depend on the copy of its rows before it"
            instead = (
                f"stop where the copy fails, and compare {table} with its copy before the drop, "
                "in a way that stops the drop when rows are missing"
            )
        else:
            what += " loses its rows: no copy was made before"
            instead = (
                f"rename {table or 'it'}, create the new table, copy the rows, compare both, and "
                "drop the old one only after that; back up first"
            )
        yield from self.destruction(operation, evidence, what, instead)
