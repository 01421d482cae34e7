"""delete-database-file."""

from __future__ import annotations

from collections.abc import Iterator

from dbguard.evidence import Evidence
from dbguard.finding import Finding
from dbguard.operations import Kind, Operation
from dbguard.rule import Rule, Section


class DeleteDatabaseFile(Rule):
    """A database file is deleted.

    ## Why it breaks the protocol

    The critical rule: never delete an existing database to apply a schema change. A new
    model, a changed column or a broken migration is applied with `ALTER TABLE` or by
    rebuilding one table; deleting the file loses every row of every table, for good.

    ## Do instead

    Keep the file and change its schema:

        sqlite3 app.db ".backup 'app.db.bak_$(date +%Y%m%d_%H%M%S)'" &&
          sqlite3 app.db "ALTER TABLE users ADD COLUMN email TEXT" &&
          sqlite3 app.db "SELECT email FROM users LIMIT 1"

    Where the file really must go, move it aside under a name of its own, together with
    its `-wal` and `-shm` files, and verify the new one before anyone deletes the old.

    ## Links

    - https://sqlite.org/lang_altertable.html
    - https://sqlite.org/wal.html#the_wal_file
    """

    id = "delete-database-file"
    section = Section.CRITICAL_RULE
    kinds = frozenset({Kind.DELETE_FILE})

    def check(self, operation: Operation, evidence: Evidence) -> Iterator[Finding]:
        """Judge the deletion of a file known as a database."""
        target = operation.target
        yield from self.destruction(
            operation,
            evidence,
            f"{operation.spelling} deletes the database file {target}",
            f"keep {target} and ALTER its tables; if it must go, move it aside under a "
            "timestamped name after a backup that was checked",
        )
