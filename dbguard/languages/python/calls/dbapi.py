"""DB-API drivers (PEP 249) and their kin: connections, cursors, and SQL handed to them."""

from __future__ import annotations

import re

from dbguard.databases import database_of_url
from dbguard.languages.python.calls.site import (
    CallSite,
    Handler,
    Outcome,
    database_path,
    make_target,
)
from dbguard.languages.python.values import (
    Alternatives,
    Class,
    Constant,
    Contents,
    Fetched,
    Handle,
    Object,
    Symbol,
    Text,
    Unknown,
    Value,
    as_text,
    one_of,
    options,
)
from dbguard.operations import Certainty, Kind, Operation, TargetKind, Trait
from dbguard.patterns import regex
from dbguard.source import has_hole

SQL_START = regex(
    r"^\s*(?:--[^\n]*\n\s*|/\*.*?\*/\s*)*(?:select|insert|update|delete|drop|create|alter|truncate"
    r"|with|pragma|replace|merge|vacuum|begin|do|call|exec|copy|rename|grant|show|set)\b",
    re.IGNORECASE | re.DOTALL,
)
_DSN_NAME = regex(r"\b(?:dbname|database|Database|Initial Catalog)\s*=\s*'?([^\s;']+)")
_SCHEMES = {
    "sqlite": "sqlite",
    "sqlite3": "sqlite",
    "postgresql": "postgresql",
    "postgres": "postgresql",
    "cockroachdb": "postgresql",
    "redshift": "postgresql",
    "mysql": "mysql",
    "mariadb": "mysql",
    "mssql": "tsql",
    "oracle": "oracle",
    "duckdb": "duckdb",
    "snowflake": "snowflake",
    "clickhouse": "clickhouse",
}
_LIVE = frozenset({"connection", "cursor", "engine", "session", "sqlalchemy", "schema editor"})


def dialect_of_url(url: str) -> str:
    """Return the SQL dialect of a database URL, '' where it tells none."""
    return _SCHEMES.get(re.split(r"[+:]", url, maxsplit=1)[0].lower(), "")


def open_url(site: CallSite, value: Value | None, kind: str) -> Outcome:
    """Return a handle on the database of a URL, and the operation that connects to it."""
    url = as_text(options(value)[0]) if value is not None else None
    if isinstance(value, Handle) and value.kind == "url":
        handle = Handle(kind, value.database, value.dialect)
        nodes = [site.connect(value.database)] if value.database else []
        return Outcome(list(nodes), handle)
    if url is None:
        return Outcome([], Handle(kind))
    database = database_of_url(url.text)
    if database is None and has_hole(url.text):
        database = url.text
    handle = Handle(kind, database, dialect_of_url(url.text))
    return Outcome([site.connect(database)] if database is not None else [], handle)


def _connect_file(dialect: str) -> Handler:
    def handle(site: CallSite) -> Outcome | None:
        value = site.argument(0, "database", "filename", "path")
        if value is None:
            return Outcome([], Handle("connection", ":memory:", dialect))
        handles: list[Value] = []
        nodes = []
        for option in options(value):
            path = database_path(option)
            if path is not None and path.startswith("file:"):
                path = database_of_url(path) or path
            elif path is not None and path != ":memory:":
                path = site.program.file_target(path).name
            if path is not None:
                nodes.append(site.connect(path))
            handles.append(Handle("connection", path, dialect))
        each = isinstance(value, Alternatives) and value.each
        return Outcome(list(nodes), one_of(handles, each))

    return handle


def _connect_server(dialect: str) -> Handler:
    def handle(site: CallSite) -> Outcome | None:
        name = site.string(None, "dbname", "database", "db", "dsn", "conninfo")
        if name is None:
            name = site.string(0)
        if name is None:
            return Outcome([], Handle("connection", None, dialect))
        database = database_of_url(name)
        if database is None:
            match = _DSN_NAME.search(name)
            if match is not None:
                database = match[1]
            elif ("=" not in name and not (site.count and "dbname" not in site.keyword_names)) or (
                has_hole(name) and "=" not in name
            ):
                database = name
        nodes = [site.connect(database)] if database is not None else []
        return Outcome(list(nodes), Handle("connection", database, dialect))

    return handle


def _cursor(site: CallSite) -> Outcome | None:
    """``connection.cursor()``, also of a connection nothing is known of."""
    receiver = site.receiver
    if isinstance(receiver, Handle) and receiver.kind in _LIVE:
        return Outcome([], Handle("cursor", receiver.database, receiver.dialect))
    if isinstance(receiver, Unknown | Symbol):
        return Outcome([], Handle("cursor"))
    return None


def database_of(value: Value | None) -> tuple[str | None, str]:
    """Return the database and dialect of a live handle."""
    for option in options(value) if value is not None else ():
        if isinstance(option, Handle) and (option.database or option.dialect):
            return option.database, option.dialect
    return None, ""


def _execute(site: CallSite) -> Outcome | None:
    """SQL on any receiver: what is no statement (``task.execute(job)``) does nothing."""
    receiver = site.receiver
    if isinstance(receiver, Text | Contents | Class | Object):
        return None
    database, dialect = database_of(receiver)
    if isinstance(receiver, Handle) and receiver.kind in ("delete", "update"):
        return site.sql(receiver, "", database, dialect)
    value = site.argument(
        0, "sql", "query", "statement", "operation", "sqltext", "sql_script", "object_", "clause"
    )
    if value is None:
        return None
    if (
        isinstance(value, Handle)
        and value.kind in ("delete", "update", "query")
        and (database is None)
    ):
        database = value.database
    outcome = site.sql(value, f"argument of {site.method}()", database, dialect)
    fetched = outcome.value if isinstance(outcome.value, Fetched) else Fetched()
    if outcome.nodes and site.receiver_text:
        scope = site.scope
        scope.executed.setdefault(site.receiver_text, []).append((site.program.tick(), fetched))
    if fetched == Fetched():
        # The result of a cursor's execute() is the cursor itself.
        return Outcome(outcome.nodes, receiver if isinstance(receiver, Handle) else None)
    return outcome


def _statement(site: CallSite) -> Outcome | None:
    """Methods whose name says less (``query``, ``fetch``): the argument must look like SQL."""
    value = site.argument(0, "sql", "query", "statement")
    if value is None:
        return None
    for option in options(value):
        if isinstance(option, Text) and SQL_START.match(option.text):
            return _execute(site)
        if isinstance(option, Handle) and option.kind in ("statement", "query"):
            return _execute(site)
    return None


def _backup(site: CallSite) -> Outcome | None:
    """``sqlite3.Connection.backup(target)``."""
    target = site.argument(0, "target")
    if not isinstance(site.receiver, Handle) or site.receiver.kind not in _LIVE:
        return None
    source, _ = database_of(site.receiver)
    goal, _ = database_of(target)
    if goal is None and isinstance(target, Text):
        goal = target.text
    operation = site.operation(
        Kind.BACKUP,
        make_target(TargetKind.DATABASE, goal or "", goal),
        source=make_target(TargetKind.DATABASE, source or "", source),
        certainty=Certainty.LITERAL if source is not None else Certainty.PARTIAL,
    )
    return Outcome([operation])


def _fetch(site: CallSite) -> Outcome | None:
    """``fetchone()`` and its kin return what was last executed on the same receiver."""
    if isinstance(site.receiver, Fetched):
        return Outcome([], site.receiver)
    if not site.receiver_text:
        return None
    found = site.scope.last_executed(site.receiver_text, site.program.point)
    return Outcome([], found) if found not in (None, Fetched()) else None


def _read_sql(site: CallSite) -> Outcome | None:
    """``pandas.read_sql(sql, con)``."""
    database, dialect = database_of(site.argument(1, "con"))
    return site.sql(site.argument(0, "sql"), f"argument of {site.method}()", database, dialect)


def _to_sql(site: CallSite) -> Outcome | None:
    """``DataFrame.to_sql(name, con, if_exists="replace")`` drops the table first."""
    if site.string(3, "if_exists") != "replace":
        return None
    database, _ = database_of(site.argument(1, "con"))
    con = as_text(options(site.argument(1, "con") or Constant(None))[0])
    if database is None and con is not None:
        database = database_of_url(con.text)
    name = site.string(0, "name") or ""
    target = make_target(TargetKind.TABLE, name, database)
    return Outcome([site.operation(Kind.DROP_TABLE, target)])


_NAMED_BACKUP = regex(r"backup|back_up|snapshot|dump_?(?:db|database)|(?:db|database)_?dump", re.I)
_NO_BACKUP = regex(
    r"restore|list|get|delete|remove|clean|prune|rotate|is_|has_|check|path|name|load|find|exists|old",
    re.I,
)


def named_backup(site: CallSite) -> Outcome | None:
    """A call that only sounds like a backup."""
    if not _NAMED_BACKUP.search(site.method) or _NO_BACKUP.search(site.method):
        return None
    database, _ = database_of(site.argument(0))
    if database is None:
        database = database_path(site.argument(0))
    source = make_target(TargetKind.DATABASE, database or "", database)
    operation: Operation = site.operation(
        Kind.BACKUP,
        make_target(TargetKind.DATABASE, ""),
        source=source,
        traits={Trait.NAMED},
        certainty=Certainty.OPAQUE,
    )
    return Outcome([operation])


_SERVERS = {
    "psycopg2.connect": "postgresql",
    "psycopg.connect": "postgresql",
    "psycopg.Connection.connect": "postgresql",
    "psycopg.AsyncConnection.connect": "postgresql",
    "psycopg2.pool.SimpleConnectionPool": "postgresql",
    "psycopg_pool.ConnectionPool": "postgresql",
    "asyncpg.connect": "postgresql",
    "asyncpg.create_pool": "postgresql",
    "aiopg.connect": "postgresql",
    "aiopg.create_pool": "postgresql",
    "pg8000.connect": "postgresql",
    "pg8000.dbapi.connect": "postgresql",
    "pymysql.connect": "mysql",
    "MySQLdb.connect": "mysql",
    "aiomysql.connect": "mysql",
    "aiomysql.create_pool": "mysql",
    "mysql.connector.connect": "mysql",
    "mariadb.connect": "mysql",
    "pymssql.connect": "tsql",
    "pyodbc.connect": "",
    "cx_Oracle.connect": "oracle",
    "oracledb.connect": "oracle",
    "snowflake.connector.connect": "snowflake",
    "clickhouse_connect.get_client": "clickhouse",
    "databases.Database": "",
}

EFFECTS: dict[str, Handler] = {
    "sqlite3.connect": _connect_file("sqlite"),
    "sqlite3.dbapi2.connect": _connect_file("sqlite"),
    "aiosqlite.connect": _connect_file("sqlite"),
    "pysqlite2.dbapi2.connect": _connect_file("sqlite"),
    "pysqlcipher3.dbapi2.connect": _connect_file("sqlite"),
    "sqlcipher3.connect": _connect_file("sqlite"),
    "apsw.Connection": _connect_file("sqlite"),
    "libsql.connect": _connect_file("sqlite"),
    "duckdb.connect": _connect_file("duckdb"),
    **{name: _connect_server(dialect) for name, dialect in _SERVERS.items()},
    "pandas.read_sql": _read_sql,
    "pandas.read_sql_query": _read_sql,
    "duckdb.sql": _statement,
    "duckdb.execute": _statement,
}

METHODS: dict[str, Handler] = {
    "execute": _execute,
    "executemany": _execute,
    "executescript": _execute,
    "execute_async": _execute,
    "exec_driver_sql": _execute,
    "execute_sql": _execute,
    "run_sql": _execute,
    **dict.fromkeys(
        (
            "execute_query _execute exec run_query query_db exec_sql exec_query do_query"
            " execute_statement sql"
        ).split(),
        _statement,
    ),
    "execute_script": _statement,
    "query": _statement,
    "fetch": _statement,
    "fetchrow": _statement,
    "fetchval": _statement,
    "fetch_all": _statement,
    "fetch_one": _statement,
    "fetch_val": _statement,
    "select_all": _statement,
    "backup": _backup,
    "to_sql": _to_sql,
}


def _cursor_like(site: CallSite) -> Outcome | None:
    if isinstance(site.receiver, Handle) and site.receiver.kind in _LIVE:
        return Outcome([], site.receiver)
    return None


def _compose(site: CallSite) -> Outcome | None:
    """``psycopg.sql.SQL("...")``, ``Identifier("...")``: the text itself."""
    value = site.argument(0, "string", "text")
    return Outcome([], value) if value is not None else None


VALUES: dict[str, Handler] = {
    f"{root}.sql.{name}": _compose
    for root in ("psycopg2", "psycopg")
    for name in ("SQL", "Identifier", "Literal")
}

VALUE_METHODS: dict[str, Handler] = {
    "cursor": _cursor,
    "as_string": lambda site: Outcome([], site.receiver),
    **dict.fromkeys(
        ("fetchone", "fetchall", "fetchmany", "fetchval", "fetch_all", "fetch_one", "fetch"), _fetch
    ),
    **dict.fromkeys(
        ("acquire", "transaction", "begin", "connect", "getconn", "__enter__"), _cursor_like
    ),
}
