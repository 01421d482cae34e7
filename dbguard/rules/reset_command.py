"""reset-command."""

from __future__ import annotations

from collections.abc import Iterator

from dbguard.evidence import Evidence
from dbguard.finding import Finding
from dbguard.flow import Direction
from dbguard.operations import Kind, Operation
from dbguard.rule import Rule, Section


class ResetCommand(Rule):
    """A framework's command resets the database.

    ## Why it breaks the protocol

    The critical rule: never reset an existing database to apply a schema change. Commands
    such as `prisma migrate reset`, `manage.py flush`, `rails db:reset` or `artisan
    migrate:fresh` drop every table and build them anew, empty. They are made for a
    developer's own machine; in a script they run wherever the script runs.

    ## Do instead

    Apply what is pending, and nothing else: `prisma migrate deploy`, `manage.py migrate`,
    `rails db:migrate`, `artisan migrate`, `alembic upgrade head`. Back up first.

    ## Links

    - https://www.prisma.io/docs/orm/reference/prisma-cli-reference#migrate-reset
    - https://docs.djangoproject.com/en/stable/ref/django-admin/#flush
    - https://guides.rubyonrails.org/active_record_migrations.html
    """

    id = "reset-command"
    section = Section.CRITICAL_RULE
    kinds = frozenset({Kind.RESET})

    def check(self, operation: Operation, evidence: Evidence) -> Iterator[Finding]:
        """Judge a command that empties or rebuilds a database."""
        down = evidence.direction is Direction.DOWN
        yield from self.destruction(
            operation,
            evidence,
            f"{operation.spelling} takes migrations back: what they added is lost"
            if down
            else f"{operation.spelling} resets the database: every row in it is lost",
            "apply the pending migrations with the tool's forward-only command after a "
            "timestamped backup",
        )
