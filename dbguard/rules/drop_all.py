"""drop-all."""

from __future__ import annotations

from collections.abc import Iterator

from dbguard.evidence import Evidence
from dbguard.finding import Finding
from dbguard.operations import Kind, Operation
from dbguard.rule import Rule, Section


class DropAll(Rule):
    """Every table that the models know is dropped.

    ## Why it breaks the protocol

    The critical rule: never delete an existing database to apply a schema change.
    `metadata.drop_all()` and its kin drop every table of whatever database the engine
    points at, and an engine's URL usually comes from the environment: the same line that
    cleans a laptop empties production.

    ## Do instead

    Let a migration tool change the schema (`flask db upgrade`, `alembic upgrade head`).
    In tests, bind the engine to `sqlite:///:memory:` or to a file under `tmp_path`.

    ## Links

    - https://docs.sqlalchemy.org/en/20/core/metadata.html#sqlalchemy.schema.MetaData.drop_all
    - https://alembic.sqlalchemy.org/en/latest/tutorial.html
    """

    id = "drop-all"
    section = Section.CRITICAL_RULE
    kinds = frozenset({Kind.DROP_ALL})

    def check(self, operation: Operation, evidence: Evidence) -> Iterator[Finding]:
        """Judge a drop of every table."""
        database = operation.target.database
        where = f" of {operation.target}" if database is None else f" of {database}"
        yield from self.destruction(
            operation,
            evidence,
            f"{operation.spelling} loses every table{where if str(operation.target) else ''} with its rows",
            "apply the change with a migration (ALTER TABLE, alembic, flask db upgrade) after "
            "a timestamped backup; in tests use an in-memory or temporary database",
        )
