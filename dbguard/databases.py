"""Which paths, URLs and names are databases, and which of them are throw-away.

Languages lower ``rm x`` to an operation on the file ``x``; whether ``x`` is a database
is decided here: by suffix, by use, by the header of the file that lies there, by name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase as fnmatch
from posixpath import basename, normpath
from urllib.parse import unquote, urlsplit

from dbguard.operations import Certainty, Kind, Operation, Target, TargetKind, Trait
from dbguard.source import has_hole, hole_names

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


SUFFIXES = (
    ".db",
    ".sqlite",
    ".sqlite3",
    ".db3",
    ".s3db",
    ".sl3",
    ".duckdb",
    ".mdb",
    ".accdb",
    ".fdb",
    ".realm",
)
"""File name suffixes of embedded databases (a setting adds to them)."""

_COMPANIONS = re.compile(r"[-.](?:wal|shm|journal)$", re.IGNORECASE)
_SUFFIX = re.compile(
    r"\.(?:db|sqlite3?|db3|s3db|sl3|duckdb|mdb|accdb|fdb|realm)(?:[-.](?:wal|shm|journal))?[*?]*$"
    r"|\.(?:db|sqlite|duckdb)\*(?:[-.]\w+)?$",
    re.IGNORECASE,
)
_NOT_DATABASE = re.compile(
    r"(?:^|/)(?:e?h?thumbs|aliases|access|transport|virtual|virtusertable|canonical|\w+_canonical"
    r"|generic|genericstable|relocated|mailertable|domaintable|sender_access|relay_domains"
    r"|trustdb|secmod|cert\d|key\d|m?locate|plocate|pkgdb|tags|cscope\w*|codeql-db\w*)\.db$"
    r"|(?:^|/)codeql[^/]*/|\.gpg(?:/|$)"
    r"|(?:^|[/._-])\.?\w*cache\w*(?:[/._-]|$)"
    r"|(?:^|/)(?:\.venv|venv|node_modules|site-packages|\.tox|\.git|\.mypy_cache|\.pytest_cache)/"
    r"|\.(?:stamp|pid|lock|log|png|jpe?g|gif|svg|html?|py|js|ts|css|txt|md|ya?ml|json|toml|sh|sql)$",
    re.IGNORECASE,
)
_BACKUP_WORD = re.compile(
    r"(?:^|[^a-z])(?:backups?|bak|bkp|bck|old|orig|original|prev|previous|copy|copies|snapshots?"
    r"|saved?|archived?|archives?|dumps?|before|rollback)(?:[^a-z]|$)|\.bak|backup|_bak|~$",
    re.IGNORECASE,
)
_STAMP = re.compile(
    r"\d{8}|\d{4}-\d{2}-\d{2}|%[YsFHd]|__hole_\w*(?:date|time|stamp|uuid|epoch|now|ts)\w*__",
    re.IGNORECASE,
)
_TEST_WORD = re.compile(r"(?:^|[^a-z])(?:tests?|testing|te?mp)(?:[^a-z]|$)", re.IGNORECASE)
_STORAGE = re.compile(
    r"(?:^|/)(?:pg_?data|postgres(?:ql)?[-_]?data|pg_?sql[-_]?data|mysql[-_]?data|maria(?:db)?[-_]?data"
    r"|mongo(?:db)?[-_]?data|redis[-_]?data|db[-_]?data|data[-_]?db|database[-_]?data|sqlite[-_]?data)"
    r"(?:/|$|\*)"
    r"|^/var/lib/(?:postgres(?:ql)?|pgsql|mysql|mariadb|mongo(?:db)?|redis|cassandra|neo4j|influxdb"
    r"|clickhouse|couchdb|elasticsearch|cockroach|rethinkdb)(?:/|$|\*)"
    r"|^/data/db(?:/|$|\*)"
    r"|(?:^|/)(?:data|var|storage|volumes?|docker)/(?:postgres(?:ql)?|pg|pgsql|mysql|mariadb|mongo(?:db)?|redis|db|sqlite"
    r"|databases?)(?:/\*?)?$",
    re.IGNORECASE,
)
_STORAGE_HOLE = re.compile(
    r"^(?:pg_?data|pgdata_\w+|mysql_(?:data_?)?dir|datadir|\w*(?:pg|mysql|mongo|redis|db|database)_?data(?:_?dir)?"
    r"|\w*(?:db|database)_(?:dir|folder|volume))$",
    re.IGNORECASE,
)
_WORDS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_DATABASE_WORDS = frozenset(
    [
        "db",
        "dbs",
        "database",
        "databases",
        "sqlite",
        "sqlite3",
        "dbfile",
        "dbpath",
        "dbname",
        "dbfilename",
        "duckdb",
    ]
)
_OTHER_WORDS = frozenset(
    [
        "backup",
        "backups",
        "bak",
        "bkp",
        "old",
        "tmp",
        "temp",
        "temporary",
        "test",
        "tests",
        "testing",
        "copy",
        "cache",
        "dump",
        "dumps",
        "export",
        "log",
        "logs",
        "lock",
        "pid",
        "archive",
        "snapshot",
        "user",
        "password",
        "passwd",
        "host",
        "port",
        "schema",
        "script",
        "sql",
        "json",
        "csv",
        "index",
        "type",
        "config",
        "settings",
        "migration",
    ]
)
_DIRECTORY_WORDS = frozenset(["dir", "directory", "folder", "root", "base", "volume", "parent"])


def looks_like_backup(path: str) -> bool:
    """Say whether a path is named as a copy: ``app.db.bak``, ``backups/``, a time stamp."""
    return bool(_BACKUP_WORD.search(path) or _STAMP.search(path))


def is_timestamped(path: str) -> bool:
    """Say whether a path carries a date, a time or another name of its own."""
    return bool(_STAMP.search(path))


def looks_like_test(name: str) -> bool:
    """Say whether a database is named as one that may go: ``test.db``, ``app_test``, ``tmp.db``."""
    return bool(_TEST_WORD.search(name.replace("__hole_", "/").rpartition("://")[2]))


def is_storage(path: str) -> bool:
    """Say whether a path is known as the data directory of a database server."""
    if _STORAGE.search(path):
        return True
    bare = path.rstrip("/*")
    names = hole_names(bare)
    return len(names) == 1 and bare.endswith("__") and bool(_STORAGE_HOLE.match(names[0]))


@dataclass(frozen=True, slots=True)
class Databases:
    """What the project says about its databases.

    ``used`` are the paths of database files its code connects to, in normal form;
    ``named`` and ``excluded`` are patterns (fnmatch) from the settings.
    """

    used: frozenset[str] = frozenset()
    named: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()

    def certainty(self, path: str) -> Certainty | None:
        """Return how sure it is that *path* is a database file, None where it is none.

        LITERAL by setting, use or suffix; PARTIAL where part of the path is unknown but
        its suffix says so; OPAQUE where only a name does (``$DB_PATH``).
        """
        normal = normal_path(path)
        if not normal or normal.startswith("/dev/"):
            return None
        if any(fnmatch(normal, p) or fnmatch(basename(normal), p) for p in self.excluded):
            return None
        if any(fnmatch(normal, p) or fnmatch(basename(normal), p) for p in self.named):
            return Certainty.LITERAL
        if self._is_used(_COMPANIONS.sub("", normal)):
            return Certainty.LITERAL
        if _NOT_DATABASE.search(normal):
            return None
        if looks_like_backup(normal):
            return None
        if _SUFFIX.search(normal):
            return Certainty.PARTIAL if has_hole(basename(normal)) else Certainty.LITERAL
        names = hole_names(normal)
        if names and _hole_ends(normal) and _named_as_database(names[-1]):
            return Certainty.OPAQUE
        return None

    def holds_database(self, directory: str) -> bool:
        """Say whether a database the project uses lies below a directory."""
        prefix = normal_path(directory.rstrip("*")).rstrip("/") + "/"
        return prefix not in ("./", "/") and any(path.startswith(prefix) for path in self.used)

    def may_be_used(self, path: str) -> bool:
        """Say whether only a look at the rest of the project can tell what *path* is."""
        normal = normal_path(path)
        return (
            normal not in ("", ".", "/")
            and not has_hole(normal)
            and not normal.startswith("/dev/")
            and not _NOT_DATABASE.search(normal)
            and not looks_like_backup(normal)
            and self.certainty(normal) is None
        )

    def knows(self, path: str) -> bool:
        """Say whether the project uses a database at *path* or below it."""
        return self._is_used(normal_path(path)) or self.holds_database(path)

    def _is_used(self, path: str) -> bool:
        if path in self.used:
            return True
        if any(c in path for c in "*?["):
            return any(fnmatch(used, path) for used in self.used)
        # A path from another folder of the same project: settle for the same name.
        return (
            bool(basename(path))
            and not has_hole(path)
            and any(used.endswith("/" + path) or path.endswith("/" + used) for used in self.used)
        )

    def classify(self, operation: Operation) -> tuple[Operation, ...]:
        """Return what an operation on files means for databases.

        Operations on files that are no database are left out; a copy becomes a backup, a
        restore or an overwriting, whichever its two sides make it. Other operations come
        back as they are, with their throw-away targets marked.
        """
        target = operation.target
        match operation.kind:
            case Kind.DELETE_FILE:
                return self._deletion(operation)
            case Kind.OVERWRITE_FILE:
                found = self._as_database(target)
                return (replace(operation, target=found),) if found else ()
            case Kind.COPY_FILE | Kind.MOVE_FILE:
                return self._copy(operation)
            case Kind.DELETE_STORAGE if target.name.startswith(("/", "./", "../")):
                # a device or folder that a program wipes, not a volume
                held = is_storage(target.name) or self.holds_database(target.name)
                return (operation,) if held else ()
            case Kind.BACKUP:
                if is_timestamped(target.name):
                    traits = operation.traits | {Trait.TIMESTAMPED}
                    operation = replace(operation, traits=traits)
                return (operation,)
            case _:
                reason = throwaway_reason(target.database or "")
                if not reason and target.kind in (TargetKind.DATABASE, TargetKind.STORAGE):
                    reason = throwaway_reason(target.name)
                if reason and not target.throwaway:
                    return (replace(operation, target=replace(target, throwaway=reason)),)
                return (operation,)

    def _as_database(self, target: Target) -> Target | None:
        certainty = self.certainty(target.name)
        if certainty is None:
            return None
        name = normal_path(target.name)
        return Target(TargetKind.DATABASE, name, name, certainty, throwaway_reason(name))

    def _deletion(self, operation: Operation) -> tuple[Operation, ...]:
        target = operation.target
        found = self._as_database(target)
        if found is not None and not (
            operation.has(Trait.RECURSIVE) and _names_directory(target.name)
        ):
            return (replace(operation, target=found),)
        if not operation.has(Trait.RECURSIVE):
            return ()
        name = normal_path(target.name)
        if operation.certainty is Certainty.OPAQUE:
            # git clean: it takes whatever git does not know
            if not self.used:
                return ()
        elif not (is_storage(name) or self.holds_database(name) or found is not None):
            return ()
        if looks_like_backup(name):
            return ()
        certainty = Certainty.PARTIAL if has_hole(name) else target.certainty
        storage = Target(TargetKind.STORAGE, name, name, certainty, throwaway_reason(name))
        return (replace(operation, kind=Kind.DELETE_STORAGE, target=storage),)

    def _copy(self, operation: Operation) -> tuple[Operation, ...]:
        """Judge ``cp a b`` and ``mv a b`` by which side is a database.

        ``cp app.db app.db.bak`` backs up app.db; ``cp app.db.bak app.db`` restores it;
        ``cp new.db app.db`` overwrites it. A move keeps the bytes, so moving a database
        aside counts as keeping it.
        """
        source, target = operation.source, operation.target
        if source is None:
            return ()
        into = normal_path(target.name)
        if target.name.endswith("/") or basename(into) in (".", ".."):
            into = normal_path(f"{into}/{basename(normal_path(source.name))}")
        origin = self._as_database(source)
        found = self._as_database(replace(target, name=into))
        copied: tuple[Operation, ...] = ()
        if origin is not None:
            traits = operation.traits | ({Trait.TIMESTAMPED} if is_timestamped(into) else set())
            copied = (
                replace(
                    operation,
                    kind=Kind.BACKUP,
                    source=origin,
                    target=Target(TargetKind.FILE, into),
                    traits=traits,
                ),
            )
        if found is None or normal_path(source.name) == into:
            return copied
        if looks_like_backup(normal_path(source.name)):
            kept = Target(TargetKind.FILE, normal_path(source.name))
            return (replace(operation, kind=Kind.RESTORE, source=kept, target=found),)
        if origin is not None and self._is_used(origin.name) and not self._is_used(found.name):
            return copied
        if (
            origin is not None
            and basename(origin.name) == basename(found.name)
            and _below(found.name, origin.name)
        ):
            return copied
        return (replace(operation, kind=Kind.OVERWRITE_FILE, target=found),)


def _below(copy: str, original: str) -> bool:
    """Say whether a copy of the same name goes to another folder, as backups do."""
    return copy.count("/") > original.count("/") or copy.startswith("/")


def _names_directory(path: str) -> bool:
    names = hole_names(path.rstrip("/"))
    if path.endswith("/"):
        return True
    if not names or not _hole_ends(path):
        return False
    words = [word.casefold() for word in _WORDS.findall(names[-1])]
    return bool(words) and words[-1] in _DIRECTORY_WORDS


def _hole_ends(path: str) -> bool:
    return _COMPANIONS.sub("", path.rstrip("*/")).endswith("__")


def _named_as_database(name: str) -> bool:
    words = {word.casefold() for word in _WORDS.findall(name)}
    return bool(words & _DATABASE_WORDS) and not words & _OTHER_WORDS
