"""create-all-reset."""

from __future__ import annotations

from collections.abc import Iterator

from dbguard.evidence import Evidence
from dbguard.finding import Finding, Label
from dbguard.judgement import judge
from dbguard.operations import Kind, Operation, Trait
from dbguard.rule import Rule, Section

_DESTROYED_WHOLE = frozenset(
    {Kind.DROP_ALL, Kind.DELETE_FILE, Kind.DROP_DATABASE, Kind.DELETE_STORAGE, Kind.OVERWRITE_FILE}
)


class CreateAllReset(Rule):
    """The tables are created anew after the database was dropped or deleted.

    ## Why it breaks the protocol

    The critical rule: never reset an existing database to apply a schema change. Dropping
    and then creating everything is the commonest way to lose a database: it makes the new
    model work and leaves every table empty. `create_all(checkfirst=False)` is written for
    exactly that flow.

    ## Do instead

    Leave the database as it is and apply the difference: `ALTER TABLE`, or a migration
    (`alembic revision --autogenerate`, then `alembic upgrade head`). `create_all()` alone
    only adds tables that are missing.

    ## Links

    - https://docs.sqlalchemy.org/en/20/core/metadata.html#sqlalchemy.schema.MetaData.create_all
    - https://alembic.sqlalchemy.org/en/latest/autogenerate.html
    """

    id = "create-all-reset"
    section = Section.CRITICAL_RULE
    kinds = frozenset({Kind.CREATE_ALL})

    def check(self, operation: Operation, evidence: Evidence) -> Iterator[Finding]:
        """Judge a creation of all tables by what was destroyed before it."""
        earlier = [o for o in evidence.destroyed_before() if o.kind in _DESTROYED_WHOLE]
        severities = [judge(destruction, evidence) for destruction in earlier]
        worst = max((s for s in severities if s is not None), default=None)
        if operation.has(Trait.UNCHECKED_FIRST) and not earlier:
            worst = judge(operation, evidence)
        if worst is None:
            return
        labels = tuple(
            Label(o.span, f"{o.spelling} destroys it first", False, o.region.file)
            for o in earlier[-1:]
        )
        yield self.finding(
            operation,
            evidence,
            worst,
            f"{operation.spelling} builds empty tables after "
            + (f"{earlier[-1].spelling} destroyed the old ones" if earlier else "no check for old")
            + ": this resets the database",
            "keep the tables and apply the difference with ALTER TABLE or a migration after a "
            "timestamped backup",
            labels,
        )
