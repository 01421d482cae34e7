"""What sort of file a path suggests."""

from __future__ import annotations

import pytest

from dbguard.context import context_of
from dbguard.evidence import Context


@pytest.mark.parametrize(
    ("path", "context"),
    [
        ("app/models.py", Context.APPLICATION),
        ("migrations/0001_initial.py", Context.MIGRATION),
        ("db/old_migrations/patch1.sql", Context.MIGRATION),
        ("scripts/database_migration/2_to_3.sql", Context.MIGRATION),
        ("src/immigrations/form.py", Context.APPLICATION),
        ("docs/migrations.py", Context.APPLICATION),
        ("tests/conftest.py", Context.TEST),
        ("t/t0001-init.sh", Context.TEST),
        ("t/db/users.t", Context.TEST),
        ("t/t1_import.sql", Context.APPLICATION),
        ("t/lib/setup.sh", Context.APPLICATION),
        ("at/t1.sh", Context.APPLICATION),
    ],
)
def test_the_context_of_a_path(path: str, context: Context) -> None:
    assert context_of(path) is context


@pytest.mark.parametrize(
    "path", ["\u017fpecs/x.py", "TE\u017fTS/x.sh", "a/E2E/x.py", "x.BATS", "x.Md"]
)
def test_case_is_folded_as_patterns_fold_it(path: str) -> None:
    assert context_of(path) in (Context.TEST, Context.DOCUMENTATION)
