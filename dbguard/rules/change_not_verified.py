"""change-not-verified."""

from __future__ import annotations

from collections.abc import Iterator

from dbguard.evidence import Context, Evidence
from dbguard.finding import Finding, Severity
from dbguard.judgement import is_expendable
from dbguard.operations import Kind, Operation, Trait
from dbguard.rule import Rule, Section

_CHANGES = frozenset({Kind.ALTER_TABLE, Kind.RENAME_TABLE, Kind.COPY_ROWS})
_LOOKS = frozenset({Kind.READ, Kind.VERIFY})


class ChangeNotVerified(Rule):
    """A migration script ends without a look at what it changed.

    ## Why it breaks the protocol

    Section 3: after the change, verify the schema (the new columns exist) and the data (the
    old rows still exist). A script that ends with its last change reports success whatever
    it did.

    ## Do instead

    End with a query that fails when the change is not there:

        sqlite3 app.db "SELECT email FROM users LIMIT 1"

    ## Links

    - https://sqlite.org/pragma.html#pragma_table_info
    """

    id = "change-not-verified"
    section = Section.AFTER
    kinds = frozenset()

    def at_end(self, evidence: Evidence) -> Iterator[Finding]:
        """Note the last change to a database that nothing was read of afterwards."""
        if evidence.context is not Context.APPLICATION:
            return
        unseen: dict[str, Operation] = {}
        for operation in evidence.state.happened.of(_LOOKS | _CHANGES):
            database = operation.target.database
            if operation.kind in _LOOKS:
                seen = {read.database for read in operation.reads} | {database}
                unseen = {name: last for name, last in unseen.items() if name not in seen}
            elif operation.kind in _CHANGES and database and not operation.has(Trait.MIGRATION):
                unseen[database] = operation
        for database, operation in unseen.items():
            if is_expendable(operation, evidence):
                continue
            yield self.finding(
                operation,
                evidence,
                Severity.NOTE,
                f"{operation.spelling} of {operation.target} is the last change to {database}, "
                "and nothing looks at it afterwards",
                "query the new columns and count the rows after the change, and fail if they "
                "are not there",
            )
