"""Which paths, URLs and names are databases, and which of them are throw-away.

Languages lower ``rm x`` to an operation on the file ``x``; whether ``x`` is a database
is decided here: by suffix, by use, by the header of the file that lies there, by name.
"""

from __future__ import annotations

import re
from posixpath import normpath

from dbguard.patterns import regex
from dbguard.source import has_hole, hole_names

_MEMORY = regex(r"^(?::memory:|file::memory:.*|.*[?&]mode=memory.*|sqlite(\+\w+)?:(//)?)$")
_TEMPORARY = regex(
    r"^(?:/tmp/|/var/tmp/|/dev/shm/|__hole_(?:TMPDIR|TMP|TEMP|RUNNER_TEMP|tmp_path|tmpdir|mktemp|tempfile)\w*__)"
)


LONGEST_NAME = 1_024
"""Of a longer name the end alone is looked at: no project has such a path."""


def normal_path(path: str) -> str:
    """Return a path in normal form ("./data//app.db" becomes "data/app.db"), '' for ''."""
    if not path:
        return ""
    return normpath(path[-LONGEST_NAME:].replace("\\", "/"))


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
        from urllib.parse import unquote

        return normal_path(unquote(path))
    if not rest.startswith("//"):
        return None
    if scheme in ("http", "https", "ftp", "ssh", "git", "s3", "gs", "amqp", "smtp", "ws", "wss"):
        return None
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(f"{scheme}:{rest}")
        host = parts.hostname or ""
    except ValueError:
        return None
    return f"{scheme}://{host}{parts.path}"


def is_local(name: str) -> bool:
    """Say whether a database, by its path, URL or name, may be one of the machine itself."""
    _, scheme, rest = name.partition("://")
    host = rest.rpartition("@")[2].partition("/")[0].partition(":")[0] if scheme else ""
    if has_hole(name) and (scheme or "secret" in name.casefold()):
        return False
    return host in ("", "localhost", "127.0.0.1", "[", "0.0.0.0") or "." not in host  # noqa: S104


def throwaway_reason(name: str) -> str:
    """Say why losing the database called *name* does not matter, '' where it does."""
    if (":" in name or "mode=memory" in name) and _MEMORY.match(name):
        return "in memory"
    if name.startswith(("/", "__hole_")) and _TEMPORARY.match(name):
        return "temporary file"
    if any(part in ("tempfile", "mktemp", "tmp_path") for part in hole_names(name)):
        return "temporary file"
    return ""


_VOLUMES = "/var/lib/docker/volumes"
_VOLUME = regex(rf"^{_VOLUMES}/(?P<name>[^/]+)(?:/_data)?(?:/\*?)?$")


def path_of_volume(name: str) -> str:
    """Return where Docker keeps the volume called *name* on its host."""
    return f"{_VOLUMES}/{name}/_data"


def volume_of(path: str) -> str:
    """Return the name of the volume that lies at *path*, the whole of it, '' for none."""
    match = _VOLUME.match(path)
    return match["name"] if match is not None else ""


def storage_key(name: str) -> str:
    """Return how the storage of a server is told among the databases in use.

    *name* is that of a volume, or a folder, which is told by anything in it.
    """
    return f"{normal_path(name)}/*" if "/" in name or name.startswith(".") else f"volume:{name}"


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
    ".bolt",
    ".boltdb",
)
"""File name suffixes of embedded databases (a setting adds to them)."""

COMPANIONS = regex(r"[-.](?:wal|shm|journal)$", re.IGNORECASE)
DATABASE_SUFFIX = regex(
    r"\.(?:db|sqlite3?|db3|s3db|sl3|duckdb|mdb|accdb|fdb|realm|bolt(?:db)?)(?:[-.](?:wal|shm|journal))?[*?]*$"
    r"|\.(?:db|sqlite|duckdb)\*(?:[-.]\w+)?$",
    re.IGNORECASE,
)
NOT_DATABASE = regex(
    r"(?:^|/)(?:e?h?thumbs|aliases|access|transport|virtual|virtusertable|canonical|\w+_canonical"
    r"|generic|genericstable|relocated|mailertable|domaintable|sender_access|relay_domains"
    r"|trustdb|secmod|cert\d|key\d|m?locate|plocate|pkgdb|tags|cscope\w*|codeql-db\w*)\.db$"
    r"|(?:^|/)(?:[^/]*[-_.])?(?:empty|blank|skeleton)\.(?:db|sqlite3?|db3)$"
    r"|(?:^|/)codeql[^/]*/|\.gpg(?:/|$)"
    r"|\.sql\.(?:sqlite3?|db)$|(?:^|/)etc/postfix/[^/]*\.db$"
    r"|(?:^|/)\.[^/]*cache[^/]*/|(?:^|/)__pycache__/|[^/]*cache[^/]*$"
    r"|(?:^|/)(?:\.venv|venv|node_modules|site-packages|\.tox|\.git|\.mypy_cache|\.pytest_cache)/"
    r"|\.(?:stamp|pid|lock|log|png|jpe?g|gif|svg|html?|py|js|ts|css|txt|md|ya?ml|json|toml|sh|sql)$",
    re.IGNORECASE,
)
SERVER_FILE = regex(r"(?:^|/)(?:dump\.rdb|appendonly\.aof)$")
"""The files in which Redis keeps its data, whatever their names suggest."""

# One of these is in whatever a pattern finds. None has an "i", which in a pattern stands for
# the dotless one as well. To compile a pattern takes up to a millisecond.
_NOT_DATABASE_STEMS = (
    "thumbs", "ases.", "access", "transport", "rtual", "rtuser", "canon", "gener", "relocated",
    "table", "domains", "trustdb", "secmod", "cert", "key", "locate", "pkgdb", "tags", "cscope",
    "codeql", "empty", "blank", "skeleton", "cache", "venv", "modules", "te-packages", ".tox",
    ".sql.", "postf", ".g", ".p", ".sta", ".l", ".j", ".sv", ".h", ".t", ".c", ".m", ".y", ".sh",
)  # fmt: skip
_BACKUP_STEMS = (
    "back", "bak", "bkp", "bck", "old", "or", "prev", "cop", "snap", "save", "arch", "dump",
    "roll", "~",
)  # fmt: skip
_BACKUP_WORD = regex(
    r"(?:^|[^a-z])(?:backups?|bak|bkp|bck|old|orig|original|prev|previous|copy|copies|snapshots?"
    r"|saved?|archived?|archives?|dumps?|before|rollback)(?:[^a-z]|$)|\.bak|backup|_bak|~$",
    re.IGNORECASE,
)
_BACKUP_PROGRAM = regex(
    r"(?:^|[_.-])back[_-]?ups?(?:[_.-]|$)|snapshot|(?:^|[_.-])(?:db|database)[_-]?dump|dump[_-]?(?:db|database)"
    r"|^backup|backup$",
    re.IGNORECASE,
)
_NO_BACKUP_PROGRAM = regex(
    r"restore|list|delete|remove|clean|prune|rotate|check|verify|find|old|test", re.IGNORECASE
)
_NEW_WORD = regex(
    r"(?:^|[^a-z])(?:new|fresh|rebuilt|rebuild|migrated|converted|compacted|clean|empty|blank"
    r"|initial|default|seed|template|scratch|staging|tmp|temp|fixture|sample|demo)(?:[^a-z]|$)",
    re.IGNORECASE,
)
_STAMP = regex(
    r"\d{8}|\d{4}-\d{2}-\d{2}|%[YsFHd]|__hole_\w*(?:date|time|stamp|uuid|epoch|now|ts)\w*__",
    re.IGNORECASE,
)
_TEST_WORD = regex(r"(?:^|[^a-z])(?:tests?|testing|te?mp)(?:[^a-z]|$)", re.IGNORECASE)
_STORAGE = regex(
    r"(?:^|/)(?:pg_?data|postgres(?:ql)?[-_]?data|pg_?sql[-_]?data|mysql[-_]?data|maria(?:db)?[-_]?data"
    r"|mongo(?:db)?[-_]?data|redis[-_]?data|db[-_]?data|data[-_]?db|database[-_]?data|sqlite[-_]?data)"
    r"(?:/|$|\*)"
    r"|(?:^|/)(?:\.chroma|\.?(?:chroma(?:[-_.]?db|[-_](?:data|store|storage))|(?:data|db|storage)/chroma|vector[-_]?(?:store|db)(?:[-_]?data)?|qdrant[-_]?(?:data|storage|db)|lance[-_]?db(?:[-_]data)?"
    r"|milvus[-_]?(?:data|db)|weaviate[-_]?data|neo4j[-_]?data|influxdb[-_]?data|clickhouse[-_]?data"
    r"|elastic(?:search)?[-_]?data|opensearch[-_]?data|cassandra[-_]?data|couchdb[-_]?data))/?\*?$"
    r"|^/var/lib/(?:postgres(?:ql)?|pgsql|mysql|mariadb|mongo(?:db)?|redis|cassandra|neo4j|influxdb"
    r"|clickhouse|couchdb|elasticsearch|cockroach|rethinkdb)(?:/|$|\*)"
    r"|^/data/db(?:/|$|\*)"
    r"|(?:^|/)(?:data|var|storage|volumes?|docker)/(?:postgres(?:ql)?|pg|pgsql|mysql|mariadb|mongo(?:db)?|redis|db|sqlite"
    r"|databases?)(?:/\*?)?$"
    r"|(?:^|/)(?:postgres(?:ql)?|pgsql|mysql|mariadb|mongo(?:db)?)/data(?:/\*?)?$",
    re.IGNORECASE,
)
_PACKAGES = regex(
    r"(?:^|[-_.])(?:v(?:irtual)?env|node[-_]?modules|site[-_]?packages|bundle|gems"
    r"|(?:pip|npm|yarn|pnpm|uv|poetry|cargo|go|gradle|maven|composer|apt)[-_]?(?:cache|store|registry|mod(?:cache)?))$",
    re.IGNORECASE,
)
_MAIL_SERVER = regex(r"(?:^|/)(?:postfix|etc/mail)/[^/]*$")
_STORAGE_HOLE = regex(
    r"^(?:pg_?data|pgdata_\w+|mysql_(?:data_?)?dir|datadir|\w*(?:pg|mysql|mongo|redis|db|database)_?data(?:_?dir)?"
    r"|\w*(?:db|database)_(?:dir|folder|volume))$",
    re.IGNORECASE,
)
_WORDS = regex(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
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
_STORAGE_WORDS = _DATABASE_WORDS | frozenset(
    "pg pgdata pgsql postgres postgresql mysql mariadb maria mongo mongodb redis valkey cassandra neo"
    " influxdb clickhouse couchdb elasticsearch cockroach mssql oracle dbdata timescale".split()
)
# Words that make a name that of something else: anywhere in it, or at its end.
_OTHER_WORDS = frozenset(
    "backup backups bak bkp old tmp temp temporary test tests testing cache dump dumps export"
    " log logs lock pid archive snapshot user password passwd host port schema script sql"
    " json csv index migration".split()
)
_OTHER_LAST_WORDS = frozenset("copy type config settings options class module url".split())
_DIRECTORY_WORDS = frozenset("dir directory folder root base volume parent".split())


def looks_like_backup(path: str) -> bool:
    """Say whether a path is named as a copy: ``app.db.bak``, ``backups/``, a time stamp."""
    folded = path.casefold()
    named = any(stem in folded for stem in _BACKUP_STEMS) and _BACKUP_WORD.search(path)
    return bool(named) or is_timestamped(path)


def without_companion(path: str) -> str:
    """Return the path of the database whose file ``-wal`` or the like this is; else as it is."""
    if not path.rstrip("\n").casefold().endswith(("wal", "shm", "journal")):
        return path
    return COMPANIONS.sub("", path)


def is_no_database(path: str) -> bool:
    """Say whether a path is known as that of something else: ``thumbs.db``, a cache, a script."""
    folded = path.casefold()
    may_be = folded.endswith((".sql", ".sql\n")) or any(s in folded for s in _NOT_DATABASE_STEMS)
    return may_be and bool(NOT_DATABASE.search(path))


def is_server_file(path: str) -> bool:
    """Say whether a path is that of a file in which a server keeps its data."""
    return path.rstrip("\n").endswith((".rdb", ".aof")) and bool(SERVER_FILE.search(path))


def has_database_suffix(path: str) -> bool:
    """Say whether a path ends as those of embedded databases do."""
    return path.lower().endswith(SUFFIXES) or bool(DATABASE_SUFFIX.search(path))


def names_backup(program: str) -> bool:
    """Say whether a program or script is named for making backups: ``db-backup.sh``."""
    name = program.rpartition("/")[2]
    return bool(_BACKUP_PROGRAM.search(name)) and not _NO_BACKUP_PROGRAM.search(name)


_KEPT_SQL = regex(
    r"(?:^|/)(?:backups?|dumps?)/[^/]+$|(?:backup|dump|bak|snapshot)[-_.]?\d*(?:\.(?:sql|dump|psql|bak|gz))*$",
    re.IGNORECASE,
)


def is_kept_sql(path: str) -> bool:
    """Say whether SQL is named as what a database held: ``backup.sql``, ``dumps/shop.sql``.

    ``backup-db.sql`` is none: it is what makes one.
    """
    named = is_timestamped(path) and looks_like_backup(path.rpartition("/")[2])
    return named or bool(_KEPT_SQL.search(path))


def is_timestamped(path: str) -> bool:
    """Say whether a path carries a date, a time or another name of its own."""
    may_be = "%" in path or "__hole_" in path.casefold() or any(map(str.isdecimal, path))
    return may_be and bool(_STAMP.search(path))


def looks_new(path: str) -> bool:
    """Say whether a file is named as one made to replace another: ``app.new.db``, ``seed.db``."""
    return bool(_NEW_WORD.search(path))


def looks_like_test(name: str) -> bool:
    """Say whether a database is named as one that may go: ``test.db``, ``app_test``, ``tmp.db``."""
    folded = name.casefold()
    may_be = "test" in folded or "tmp" in folded or "temp" in folded
    return may_be and bool(_TEST_WORD.search(name.replace("__hole_", "/").rpartition("://")[2]))


def is_storage(path: str) -> bool:
    """Say whether a path is known as the data directory of a database server."""
    if _STORAGE.search(path):
        return True
    bare = path.rstrip("/*")
    names = hole_names(bare)
    return len(names) == 1 and bare.endswith("__") and bool(_STORAGE_HOLE.match(names[0]))


def named_as_storage(name: str) -> bool:
    """Say whether a volume is named as that of a database: ``shop_pgdata``, ``db-data``."""
    words = {word.casefold() for word in _WORDS.findall(name)}
    return bool(words & _STORAGE_WORDS) or is_storage(name)


def named_as_packages(name: str) -> bool:
    """Say whether a volume is named as one of installed packages: ``shop_venv``, ``npm-cache``."""
    return bool(_PACKAGES.search(name)) and not is_storage(name)


def lies_in_mail_server(path: str, script: str) -> bool:
    """Say whether a script in the folder of Postfix or Sendmail means a map beside it.

    Its ``*.db`` are made of text files by ``postmap`` or ``makemap``, whenever they change.
    """
    return "/" not in path and path.endswith(".db") and bool(_MAIL_SERVER.search(script))


def names_directory(path: str) -> bool:
    """Say whether a path is named as a folder: by a slash, by an unknown part's name."""
    names = hole_names(path.rstrip("/"))
    if path.endswith("/"):
        return True
    if not names or not ends_in_hole(path):
        return False
    words = [word.casefold() for word in _WORDS.findall(names[-1])]
    return bool(words) and words[-1] in _DIRECTORY_WORDS


def ends_in_hole(path: str) -> bool:
    """Say whether the end of a path, ``-wal`` and the like aside, is unknown."""
    return without_companion(path.rstrip("*/")).endswith("__")


def named_as_database(name: str) -> bool:
    """Say whether an unknown value is named as a database file (``db_path``, ``dbFile``)."""
    words = [word.casefold() for word in _WORDS.findall(name)]
    if not _DATABASE_WORDS.intersection(words) or _OTHER_WORDS.intersection(words):
        return False
    return words[-1] not in _OTHER_LAST_WORDS
