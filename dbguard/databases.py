"""Which paths, URLs and names are databases, and which of them are throw-away.

Languages lower ``rm x`` to an operation on the file ``x``; whether ``x`` is a database
is decided here: by suffix, by use, by the header of the file that lies there, by name.
"""

from __future__ import annotations

import re
from posixpath import normpath
from urllib.parse import unquote, urlsplit

from dbguard.source import hole_names

_MEMORY = re.compile(r"^(?::memory:|file::memory:.*|.*[?&]mode=memory.*|sqlite(\+\w+)?:(//)?)$")
_TEMPORARY = re.compile(
    r"^(?:/tmp/|/var/tmp/|/dev/shm/|__hole_(?:TMPDIR|TMP|TEMP|RUNNER_TEMP|tmp_path|tmpdir|mktemp|tempfile)\w*__)"
)


def normal_path(path: str) -> str:
    """Return a path in normal form ("./data//app.db" becomes "data/app.db"), '' for ''."""
    if not path:
        return ""
    return normpath(path.replace("\\", "/"))


def database_of_url(url: str) -> str | None:
    """Return the name of the database a URL points at, None where it is no database URL.

    An SQLite URL gives the path of the file (RFC 3986 with SQLAlchemy's slashes: three
    for a relative path, four for an absolute one), ":memory:" where it names none. A
    server's URL gives ``scheme://host/name`` without user, password and options.
    """
    match = re.match(r"^(?:jdbc:)?([a-zA-Z][\w+.-]*):(.*)$", url, re.DOTALL)
    if match is None:
        return None
    scheme, rest = match[1].lower().partition("+")[0], match[2]
    if scheme in ("sqlite", "sqlite3", "duckdb", "sqlite+pysqlite", "file"):
        path = rest.partition("?")[0]
        if scheme == "file" and "mode=memory" in rest:
            return ":memory:"
        path = path[3:] if path.startswith("///") else path[2:] if path.startswith("//") else path
        if path in ("", "/", ":memory:", "/:memory:"):
            return ":memory:"
        return normal_path(unquote(path))
    if not rest.startswith("//"):
        return None
    if scheme in ("http", "https", "ftp", "ssh", "git", "s3", "gs", "amqp", "smtp", "ws", "wss"):
        return None
    try:
        parts = urlsplit(f"{scheme}:{rest}")
        host = parts.hostname or ""
    except ValueError:
        return None
    return f"{scheme}://{host}{parts.path}"


def throwaway_reason(name: str) -> str:
    """Say why losing the database called *name* does not matter, '' where it does."""
    if _MEMORY.match(name):
        return "in memory"
    if _TEMPORARY.match(name):
        return "temporary file"
    if any(part in ("tempfile", "mktemp", "tmp_path") for part in hole_names(name)):
        return "temporary file"
    return ""
