"""drop-database."""

from __future__ import annotations

from collections.abc import Iterator

from dbguard.evidence import Evidence
from dbguard.finding import Finding
from dbguard.operations import Kind, Operation
from dbguard.rule import Rule, Section


class DropDatabase(Rule):
    """A whole database or schema is dropped.

    ## Why it breaks the protocol

    The critical rule: never delete an existing database to apply a schema change.
    `DROP DATABASE`, `dropdb`, `DROP SCHEMA ... CASCADE`, `dropDatabase()` and `FLUSHALL`
    take every table with them; most servers cannot undo that, not even in a transaction.

    ## Do instead

    Change the schema in place with `ALTER TABLE` or a migration. To replace a database,
    keep the old one under another name until the new one is verified:

        pg_dump -Fc app > "app_$(date +%Y%m%d_%H%M%S).dump" &&
          psql -c 'ALTER DATABASE app RENAME TO app_old' && createdb app

    ## Links

    - https://www.postgresql.org/docs/current/sql-dropdatabase.html
    - https://dev.mysql.com/doc/refman/8.4/en/drop-database.html
    """

    id = "drop-database"
    section = Section.CRITICAL_RULE
    kinds = frozenset({Kind.DROP_DATABASE})

    def check(self, operation: Operation, evidence: Evidence) -> Iterator[Finding]:
        """Judge the drop of a database or schema."""
        target = operation.target
        name = f" {target}" if str(target) else ""
        yield from self.destruction(
            operation,
            evidence,
            f"{operation.spelling} loses the {target.kind.value}{name} with everything in it",
            f"change the schema of the {target.kind.value}{name} in place; to replace it, dump "
            "it to a timestamped file, rename it, and drop the renamed one only after the new "
            "one is verified",
        )
