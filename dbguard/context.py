"""What sort of file a path is: the application's code, a test, a migration, a document."""

from __future__ import annotations

import re

from dbguard.evidence import Context
from dbguard.patterns import excluder, regex

_TEST = regex(
    r"(?:^|/)(?:[^/]*[-_.])?(?:tests?|testing|specs?|__tests__|fixtures|testdata|e2e)(?:[-_.][^/]*)?/"
    r"|(?:^|/)(?:conftest\.py|(?:run[-_]?)?tests?(?:[-_.][^/]*)?|[^/]*[-_]tests?\.\w+|[^/]*\.bats)$"
    # Perl's and git's: t/users.t, t/t0001-init.sh
    r"|(?:^|/)t/(?:[^/]*/)*(?:t\d{4}-[^/]*\.sh|[^/]*\.t)$",
    re.IGNORECASE,
)
_TEST_STEMS = ("test", "spec", "fixtures", "e2e", ".bats", "t/t", ".t")
_MIGRATION_STEMS = ("grat", "vers", "alemb", "schema", "flyway", "base", "changelog")
_MIGRATION_NAMES = ("__", ".up.sql", ".down.sql")
_MIGRATION = regex(
    r"(?:^|/)(?:(?:[\w.]*[-_])?migrations?|migrate|versions|alembic|schema_?changes|flyway"
    r"|liquibase|changelogs?)/"
    r"|(?:^|/)[VUR]\d[\w.]*__[^/]*\.sql$"
    r"|(?:^|/)\d{3,}[^/]*\.(?:up|down)\.sql$"
)

_DOCUMENTS = (".md", ".markdown", ".mdx", ".mdc", ".rst")
_INSTRUCTIONS = regex(
    r"(?:^|/)(?:AGENTS?|CLAUDE|GEMINI|CODEX|COPILOT|CONVENTIONS|copilot-instructions)(?:\.\w+)?\.md$"
    r"|(?:^|/)\.(?:cursor|claude|windsurf|clinerules|roo|kiro|continue|gemini|codex|amazonq|aider)/"
    r"|(?:^|/)\.github/(?:instructions|prompts|agents|chatmodes|skills)/"
    r"|(?:^|/)\.(?:cursorrules|windsurfrules|clinerules|roorules|goosehints)$",
    re.IGNORECASE,
)


def context_of(path: str, test_paths: tuple[str, ...] = ()) -> Context:
    """Return the context that a path (with ``/``) alone suggests.

    *test_paths* are patterns as in .gitignore of files that are tests whatever their names.
    """
    if test_paths and excluder(test_paths)(path):
        return Context.TEST
    # Substrings first: asked of every file of a tree, and to compile the patterns takes 6 ms.
    folded = path.casefold()
    if ("/." in "/" + folded or folded.endswith(".md")) and _INSTRUCTIONS.search(path):
        return Context.INSTRUCTIONS
    if folded.endswith(_DOCUMENTS):
        return Context.DOCUMENTATION
    if any(stem in folded for stem in _TEST_STEMS) and _TEST.search(path):
        return Context.TEST
    if any(stem in folded for stem in (*_MIGRATION_STEMS, *_MIGRATION_NAMES)) and _MIGRATION.search(
        path
    ):
        return Context.MIGRATION
    return Context.APPLICATION
