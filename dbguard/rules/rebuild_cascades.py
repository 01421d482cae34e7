"""rebuild-cascades."""

from __future__ import annotations

from collections.abc import Iterator

from dbguard.evidence import Evidence
from dbguard.finding import Finding
from dbguard.judgement import judge
from dbguard.operations import Kind, Operation
from dbguard.rule import Rule, Section


class RebuildCascades(Rule):
    """An SQLite table is rebuilt while foreign keys act: its DROP deletes child rows.

    ## Why it breaks the protocol

    Section 2, option B keeps the rows of the rebuilt table, but in SQLite `DROP TABLE`
    first deletes all its rows, and with foreign keys on, `ON DELETE CASCADE` and `SET
    NULL` then act on the tables that refer to it. `PRAGMA foreign_keys=OFF` inside an open
    transaction does nothing at all, so the guard that was meant is not there.

    ## Do instead

    Follow the order that sqlite.org prescribes:

        PRAGMA foreign_keys=OFF;   -- before BEGIN
        BEGIN;
        -- create the new table, copy, verify, drop the old one, rename
        PRAGMA foreign_key_check;
        COMMIT;
        PRAGMA foreign_keys=ON;

    ## Links

    - https://sqlite.org/lang_altertable.html#making_other_kinds_of_table_schema_changes
    - https://sqlite.org/pragma.html#pragma_foreign_keys
    """

    id = "rebuild-cascades"
    section = Section.VALID_PATHS
    kinds = frozenset({Kind.DROP_TABLE})

    def check(self, operation: Operation, evidence: Evidence) -> Iterator[Finding]:
        """Judge the drop of a table that was copied, by the state of foreign keys."""
        table = operation.target
        foreign_keys = evidence.state.foreign_keys
        if foreign_keys not in ("on", "ineffective"):
            return
        if evidence.copy_of(table) is None and evidence.lossy_copy_of(table) is None:
            return
        severity = judge(operation, evidence)
        if severity is None:
            return
        why = (
            "foreign keys are on"
            if foreign_keys == "on"
            else "PRAGMA foreign_keys=OFF does nothing inside the open transaction"
        )
        yield self.finding(
            operation,
            evidence,
            severity,
            f"{operation.spelling} of {table} cascades into the rows that refer to it: {why}",
            "set PRAGMA foreign_keys=OFF before BEGIN, rebuild, run PRAGMA foreign_key_check, "
            "COMMIT, and set it ON again",
        )
