"""Which database a command is about: a path, a URL, or the name of a variable that holds one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from dbguard.live.failures import RefusedError
from dbguard.records import dataclass, field, replace

SQLITE, POSTGRESQL, MYSQL = "sqlite", "postgresql", "mysql"
FROM_ENVIRONMENT = "env:"

_SCHEMES = {
    "sqlite": SQLITE,
    "sqlite3": SQLITE,
    "file": SQLITE,
    "postgres": POSTGRESQL,
    "postgresql": POSTGRESQL,
    "mysql": MYSQL,
    "mariadb": MYSQL,
}


class Secret:
    """A password. It shows itself to nobody who does not ask for it by name."""

    __slots__ = ("reveal",)

    def __init__(self, reveal: str = "") -> None:
        self.reveal = reveal

    def __bool__(self) -> bool:
        return bool(self.reveal)

    def __repr__(self) -> str:
        return "***" if self.reveal else ""

    __str__ = __repr__


@dataclass(frozen=True, slots=True)
class Address:
    """Where a database is.

    ``path`` is the file of an SQLite database; the other fields are those of a server, ''
    where its client shall find them out as it always does (``~/.pgpass``, ``~/.my.cnf``,
    ``PGHOST``). ``options`` are the parameters of the URL. ``exposed`` says that a password
    stood on the command line, where every user of the machine can read it. ``scheme`` is
    the URL's, with the driver that it may name; ``variable`` the one that held it.
    """

    engine: str
    path: str = ""
    host: str = ""
    port: str = ""
    user: str = ""
    password: Secret = field(default_factory=Secret, compare=False)
    database: str = ""
    options: tuple[tuple[str, str], ...] = ()
    exposed: bool = False
    scheme: str = field(default="", compare=False)
    variable: str = field(default="", compare=False)

    def url(self, database: str) -> str:
        """Return the URL of another database of the server, with the password if there is one."""
        password = f":{quote(self.password.reveal, safe='')}" if self.password else ""
        user = f"{quote(self.user, safe='')}{password}@" if self.user or password else ""
        host = f"[{self.host}]" if ":" in self.host else quote(self.host, safe="%")
        port = f":{self.port}" if self.port else ""
        options = f"?{urlencode(self.options)}" if self.options else ""
        path = quote(database, safe="")
        return f"{self.scheme or self.engine}://{user}{host}{port}/{path}{options}"

    def variables(self, database: str) -> dict[str, str]:
        """Return the variables a script may take its database from, for another of the server.

        ``DATABASE_URL``, and the one that this address was taken from.
        """
        return dict.fromkeys(filter(None, ("DATABASE_URL", self.variable)), self.url(database))

    @property
    def shown(self) -> str:
        """The address as it may stand in a log: no password, no parameters."""
        if self.engine == SQLITE:
            return self.path
        user = f"{self.user}@" if self.user else ""
        port = f":{self.port}" if self.port else ""
        return f"{self.engine}://{user}{self.host or 'localhost'}{port}/{self.database}"

    @property
    def name(self) -> str:
        """What files about the database are called."""
        return os.path.basename(self.path) if self.engine == SQLITE else self.database


def parsed(text: str, environment: Mapping[str, str] = os.environ) -> Address:
    """Return the address that a path, a URL or ``env:NAME`` stands for. Raises RefusedError.

    URLs are those of libpq (https://www.postgresql.org/docs/current/libpq-connect.html,
    34.1.1.2) and their like for MySQL; those of SQLite have SQLAlchemy's slashes: three for
    a relative path, four for an absolute one.
    """
    if text.startswith(FROM_ENVIRONMENT):
        name = text[len(FROM_ENVIRONMENT) :]
        value = environment.get(name, "")
        if not value:
            raise RefusedError(f"the environment has no {name}, which {text} asks for")
        found = _of_text(value, exposed=False)
        return replace(found, variable=name)
    return _of_text(text, exposed=True)


def _of_text(text: str, *, exposed: bool) -> Address:
    scheme, colon, rest = text.partition(":")
    engine = _SCHEMES.get(scheme.lower().partition("+")[0])
    if not colon or engine is None:
        if "://" in text:
            raise RefusedError(f"{scheme}:// is no database that dbguard can work on")
        if not text:
            raise RefusedError("the empty path names no database")
        return Address(SQLITE, path=text)
    if engine == SQLITE:
        return Address(SQLITE, path=_sqlite_path(rest, scheme))
    try:
        parts = urlsplit(f"{scheme}:{rest}")
        port = parts.port
    except ValueError:
        # The text of the error quotes the URL, which may hold a password.
        raise RefusedError(f"the {scheme} URL is not well-formed") from None
    database = unquote(parts.path.lstrip("/"))
    if not database:
        raise RefusedError(f"the {scheme} URL names no database")
    password = Secret(unquote(parts.password or ""))
    return Address(
        engine,
        host=unquote(parts.hostname or ""),
        port=str(port or ""),
        user=unquote(parts.username or ""),
        password=password,
        database=database,
        options=tuple(parse_qsl(parts.query)),
        exposed=exposed and bool(password),
        scheme=scheme.lower(),
    )


def _sqlite_path(rest: str, scheme: str) -> str:
    path = unquote(rest.partition("?")[0])
    if path.startswith("///"):
        # sqlite:///relative, sqlite:////absolute; but file:///absolute (RFC 8089)
        path = path[2:] if scheme == "file" else path[3:]
    elif path.startswith("//"):
        path = path[2:]
    if not path or path == ":memory:":
        raise RefusedError("a database in memory is gone with the process that holds it")
    return path
