"""What sort of file a path is: the application's code, a test, a migration."""

from __future__ import annotations

import re

from dbguard.evidence import Context

_TEST = re.compile(
    r"(?:^|/)(?:[^/]*[-_.])?(?:tests?|testing|specs?|__tests__|fixtures|testdata|e2e)(?:[-_.][^/]*)?/"
    r"|(?:^|/)(?:conftest\.py|(?:run[-_]?)?tests?(?:[-_.][^/]*)?|[^/]*[-_]tests?\.\w+|[^/]*\.bats)$",
    re.IGNORECASE,
)
_MIGRATION = re.compile(
    r"(?:^|/)(?:migrations?|migrate|versions|alembic|schema_?changes|flyway|liquibase|changelogs?)/"
    r"|(?:^|/)[VUR]\d[\w.]*__[^/]*\.sql$"
    r"|(?:^|/)\d{3,}[^/]*\.(?:up|down)\.sql$"
)


def context_of(path: str) -> Context:
    """Return the context that a path (with ``/``) alone suggests."""
    if _TEST.search(path):
        return Context.TEST
    if _MIGRATION.search(path):
        return Context.MIGRATION
    return Context.APPLICATION
