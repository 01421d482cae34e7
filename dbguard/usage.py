"""What a project says about its databases, as far as a cheap look at its files tells.

The look is at bytes, for it goes over every file of a scan, hit or not.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Set

from dbguard.databases import database_of_url, normal_path, throwaway_reason
from dbguard.patterns import regex
from dbguard.reading import head
from dbguard.state import table_key

_CONNECTS = regex(
    rb"(?:\b(?:sqlite3?|aiosqlite|duckdb|apsw)\.(?:connect|dbapi2\.connect|Connection)\(\s*[rbu]?"
    rb"[\"']([^\"'\r\n{}%$]{1,200})[\"'])"
    rb"|\b(sqlite3?(?:\+\w+)?:///[^\s\"'`?#<>{}$%]{1,200})"
)
# Prisma (https://www.prisma.io/docs/orm/overview/databases/sqlite), Rails
# (https://guides.rubyonrails.org/configuring.html#configuring-an-sqlite3-database), Laravel.
_SETTINGS = (
    (
        b"file:",
        None,
        rb"\b(?:url|\w*DATABASE_URL|\w*DB_URL)\s*=\s*[\"']?file:([^\s\"'?#<>{}$]{1,200})",
    ),
    (b"adapter:", b"sqlite", rb"(?m)^\s*database:\s*[\"']?([^\s\"'#<>{}$]{1,200})"),
    (
        b"DB_DATABASE",
        b"DB_CONNECTION=sqlite",
        rb"(?m)^[^#\n]{0,200}?\bDB_DATABASE\s*=\s*[\"']?([^\s\"'#<>{}$]{1,200})",
    ),
)
_WRITE_AHEAD = regex(rb"journal_mode\W{1,12}wal\b", re.IGNORECASE)
_STEMS = (b"sqlite", b"duckdb", b"apsw")
_FOLDER_STEMS = (b"chroma", b"lancedb", b"qdrant")
"""What names a library that keeps its database in a folder."""

_CREATE_TABLE = regex(
    r"\bcreate\s+table\s+(?:if\s+not\s+exists\s+)?([\w.\"`\[\]]{1,200})\s*\(", re.IGNORECASE
)
_DEFINITION_LIMIT = 50_000  # code points

_SQLITE_HEADER = b"SQLite format 3\0"

_MIGRATION_TOOLS = (
    ("alembic.ini", "Alembic"),
    ("alembic/env.py", "Alembic"),
    ("migrations/env.py", "Alembic"),
    ("migrations/alembic.ini", "Flask-Migrate"),
)


def databases_in(data: bytes) -> frozenset[str]:
    """Return the paths of the database files that a file's bytes say it connects to.

    They are in normal form; databases in memory and under /tmp are left out.
    """
    found = set()
    with_sqlite = b"sqlite" in data
    for stem, other, pattern in _SETTINGS:
        # What needs SQLite besides is not looked for in a file that does not name it.
        if (other is None or with_sqlite) and stem in data and (other is None or other in data):
            found |= {
                normal_path(m[1].decode("utf-8", "replace")) for m in re.finditer(pattern, data)
            }
    if not with_sqlite and not any(stem in data for stem in _STEMS):
        return frozenset(path for path in found if not throwaway_reason(path))
    for match in _CONNECTS.finditer(data):
        text = (match[1] or match[2]).decode("utf-8", "replace")
        path = database_of_url(text) if match[2] else text
        if path and not throwaway_reason(path) and "://" not in path:
            found.add(normal_path(path))
    return frozenset(path for path in found - {".", "/", ""} if not throwaway_reason(path))


def turns_write_ahead_on(data: bytes) -> bool:
    """Say whether a file turns SQLite's write-ahead mode on (sqlite.org/wal.html)."""
    named = b"journal_mode" in data or b"JOURNAL_MODE" in data
    return named and _WRITE_AHEAD.search(data) is not None


def may_connect(data: bytes, language: str) -> bool:
    """Say whether a file may connect to a database in ways that only lowering it shows."""
    if language == "compose":
        return b"volumes" in data
    return language == "python" and any(stem in data for stem in (*_STEMS, *_FOLDER_STEMS))


def databases_lying_at(root: str, paths: Iterable[str]) -> frozenset[str]:
    """Return those of *paths* (from *root* on) where an SQLite database really lies.

    It is known by its header: https://sqlite.org/fileformat2.html#the_database_header.
    Paths that lead out of the project are not looked at.
    """
    found = set()
    for path in map(normal_path, paths):
        if path.startswith(("/", "..")):
            continue
        start = head(os.path.join(root, path), path, len(_SQLITE_HEADER))
        if start == _SQLITE_HEADER:
            found.add(path)
    return frozenset(found)


def columns_in(text: str, tables: Set[str]) -> dict[str, tuple[str, ...]]:
    """Return the columns of those of *tables* (by table_key) that an SQL text creates."""
    from dbguard.languages.sql.columns import defined

    found: dict[str, tuple[str, ...]] = {}
    for match in _CREATE_TABLE.finditer(text):
        table = table_key(match[1])
        if table in tables and table not in found:
            found[table] = defined(_parenthesised(text, match.end() - 1))
    return {table: columns for table, columns in found.items() if columns}


def _parenthesised(text: str, start: int) -> str:
    depth = 0
    for at in range(start, min(len(text), start + _DEFINITION_LIMIT)):
        depth += (text[at] == "(") - (text[at] == ")")
        if depth == 0:
            return text[start : at + 1]
    return ""


def migration_tool(root: str, paths: list[str]) -> str:
    """Return the name of the migration tool that is set up, '' where none is.

    *root* is the folder of the project, *paths* are those of its files that are known,
    from that folder on.
    """
    for name, tool in _MIGRATION_TOOLS:
        if os.path.exists(os.path.join(root, name)):
            return tool
    for path in paths:
        if path.endswith(("/alembic/env.py", "/migrations/env.py")):
            return "Alembic"
    return ""
