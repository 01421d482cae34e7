"""What sort of file a path is: the application's code, a test, a migration."""

from __future__ import annotations

import re

from dbguard.evidence import Context

_TEST = re.compile(
    r"(?:^|/)(?:tests?|testing|spec|specs|__tests__|fixtures|testdata|e2e)/"
    r"|(?:^|/)(?:conftest\.py|test_[^/]*|[^/]*_test\.(?:py|sh|sql)|tests?\.(?:py|sh|sql)|[^/]*\.bats)$"
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
