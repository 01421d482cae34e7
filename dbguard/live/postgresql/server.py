"""Talking to a PostgreSQL server with its own clients."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from dbguard.live import scratch
from dbguard.live.address import Address
from dbguard.live.failures import UnfinishedError
from dbguard.live.pairing import Pair
from dbguard.live.programs import MARK, Session, found, run, session, streamed
from dbguard.live.schema import Column, Index, Schema, Table, definition_hash
from dbguard.patterns import regex

_PACKAGE = "postgresql-client (https://www.postgresql.org/download/)"

MAINTENANCE = "postgres"
"""The database to work on databases from (https://www.postgresql.org/docs/current/manage-ag-templatedbs.html)."""

_RESTRICT = regex(rb"\\restrict \w+\n")
_UNRESTRICT = regex(rb"\\unrestrict \w+\n")

_LOCKS = 0x64626764
"""The class of the advisory locks of our runs: "dbgd"."""

_COLUMNS = """\
SELECT n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
  a.attgenerated <> ''
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
ORDER BY n.nspname, c.relname, a.attnum"""

_INDEXES = """\
SELECT n.nspname, t.relname, i.relname, x.indisunique, x.indisprimary,
  x.indpred IS NULL AND x.indexprs IS NULL AND x.indimmediate, k.place,
  pg_get_indexdef(x.indexrelid, k.place::int, true), a.attname
FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
JOIN pg_namespace n ON n.oid = t.relnamespace
CROSS JOIN generate_series(1, x.indnkeyatts) AS k (place)
LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = x.indkey[k.place - 1]
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND NOT t.relispartition
ORDER BY n.nspname, t.relname, x.indisprimary DESC, i.relname, k.place"""

_OTHERS = """\
SELECT CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view'
  ELSE 'sequence' END, n.nspname, c.relname,
  CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) ELSE '' END
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('v', 'm') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
UNION ALL
SELECT 'trigger', n.nspname, t.tgname, pg_get_triggerdef(t.oid)
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
JOIN pg_namespace n ON n.oid = c.relnamespace WHERE NOT t.tgisinternal"""


class Server:
    """A server as one user sees it, and its databases.

    Nothing secret is an argument of a program: the password goes into PGPASSWORD
    (https://www.postgresql.org/docs/current/libpq-envars.html).
    """

    def __init__(self, address: Address) -> None:
        self.address = address
        self._psql = found(("psql",), _PACKAGE)

    def environment(self) -> Mapping[str, str]:
        """Return the variables that the clients take the address from."""
        known = {
            "PGHOST": self.address.host,
            "PGPORT": self.address.port,
            "PGUSER": self.address.user,
            "PGPASSWORD": self.address.password.reveal,
            "PGCLIENTENCODING": "UTF8",
            "PGOPTIONS": "-c datestyle=ISO -c intervalstyle=postgres -c extra_float_digits=1"
            " -c timezone=UTC -c bytea_output=hex",
        }
        return {name: value for name, value in known.items() if value}

    def conninfo(self, database: str) -> str:
        """Return the connection string of a database, without a password (libpq, 34.1.1.1)."""
        pairs = {"dbname": database, **dict(self.address.options)}
        pairs.pop("password", None)

        def value(text: str) -> str:
            escaped = text.replace("\\", "\\\\").replace("'", "\\'")
            return f"'{escaped}'"

        return " ".join(f"{name}={value(text)}" for name, text in pairs.items())

    @contextmanager
    def session(self, database: str | None = None) -> Iterator[Connection]:
        """Open a session of psql. Raises UnfinishedError."""
        name = self.address.database if database is None else database
        command = (
            self._psql, "-X", "-q", "-A", "-t", "-w", "-v", "ON_ERROR_STOP=1",
            "-d", self.conninfo(name),
        )  # fmt: skip
        with session(command, self.environment(), f"\\echo '{MARK}'") as opened:
            yield Connection(opened)

    def dump(self, target: Path, snapshot: str | None = None, database: str = "") -> None:
        """Write a dump in the custom format (https://www.postgresql.org/docs/current/app-pgdump.html).

        Of the database that is asked about, unless another is named.
        """
        program = found(("pg_dump",), _PACKAGE)
        command = [program, "-Fc", "-w", "-f", str(target)]
        if snapshot is not None:
            command.append(f"--snapshot={snapshot}")
        where = self.conninfo(database or self.address.database)
        run([*command, "-d", where], self.environment())

    def digest(self, database: str) -> str:
        """Return a hash of all that pg_dump writes of a database, for one to be told from another.

        Of a copy by CREATE DATABASE ... TEMPLATE it is the same until something is changed.
        """
        program = found(("pg_dump",), _PACKAGE)
        command = (program, "-Fp", "-w", "-d", self.conninfo(database))
        digest, is_first = hashlib.sha256(), True
        for line in streamed(command, self.environment()):
            # Each dump has a key of its own (\\restrict of psql). No row begins like the second.
            if _UNRESTRICT.fullmatch(line) or (is_first and _RESTRICT.fullmatch(line)):
                is_first = is_first and line.startswith(b"\\u")
                continue
            digest.update(line)
        return digest.hexdigest()

    def read_back(self, dump: Path) -> None:
        """Have pg_restore read a dump from end to end, into nothing. Raises UnfinishedError."""
        program = found(("pg_restore",), _PACKAGE)
        run([program, "-f", "/dev/null", str(dump)], self.environment())

    def load(self, dump: Path, database: str) -> None:
        """Load a dump into an empty database, or fail."""
        program = found(("pg_restore",), _PACKAGE)
        run(
            [program, "-w", "--exit-on-error", "--no-owner", "--no-privileges",
             "-d", self.conninfo(database), str(dump)],
            self.environment(),
        )  # fmt: skip

    @contextmanager
    def scratch(
        self, maintenance: Connection | None = None, *, like: str | None = None, of: str = ""
    ) -> Iterator[str]:
        """Make a database for as long as the block runs.

        It is a copy of the database *like*, which nobody may be connected to; else it is
        empty, with the encoding and locale of the database *of* (the one that is asked
        about). *maintenance* is a session to make it from, if it shall not be one in the
        database that is asked about. Raises UnfinishedError, for one where the user may not
        make databases.
        """
        name = scratch.new_name()
        with ExitStack() as stack:
            if maintenance is None:
                maintenance = stack.enter_context(self.session())
            self._clear_left(maintenance)
            # Shared: a run has several sessions, and each may hold it.
            maintenance.tell(f"SELECT pg_advisory_lock_shared({_LOCKS}, {scratch.RUN})")
            maintenance.tell(self._creation(maintenance, name, like, of))
            try:
                yield name
            finally:
                self._drop(maintenance, name)

    def _clear_left(self, maintenance: Connection) -> None:
        """Drop what killed runs left, and tell of it."""
        unused = maintenance.rows(
            "SELECT datname, datdba = (SELECT oid FROM pg_roles WHERE rolname = current_user)"  # noqa: S608
            " FROM pg_database AS d WHERE NOT EXISTS"
            " (SELECT 1 FROM pg_stat_activity AS s WHERE s.datname = d.datname)"
            f" AND starts_with(datname::text, {literal(scratch.SCRATCH)}) ORDER BY datname"
        )
        # After the databases: what was there then had its lock.
        locks = maintenance.rows(
            "SELECT objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2"  # noqa: S608
            f" AND classid::bigint = {_LOCKS}"
        )
        running = {scratch.RUN, *(int(run) for (run,) in locks)}
        for name, own in unused:
            run = scratch.run_of(name)
            if run is None or (own != "t" and run not in running):
                scratch.tell_left(name, self.drop_command(name))
            elif run not in running and self._drop(maintenance, name):
                scratch.tell_removed(name)

    def _drop(self, maintenance: Connection, name: str) -> bool:
        statement = f"DROP DATABASE IF EXISTS {quoted(name)}"
        command = self.drop_command(name)
        return scratch.dropped(name, maintenance.tell, self._tell_anew, statement, command)

    def _tell_anew(self, statement: str) -> None:
        with self.session(MAINTENANCE) as another:
            another.tell(statement)

    def drop_command(self, name: str) -> tuple[str, ...]:
        """Return the command that drops a database, for a person to type; it has no password."""
        where = self.address
        given = (("-h", where.host), ("-p", where.port), ("-U", where.user))
        options = (part for option, value in given if value for part in (option, value))
        return ("psql", *options, "-d", MAINTENANCE, "-c", f"DROP DATABASE {quoted(name)}")

    def _creation(self, maintenance: Connection, name: str, like: str | None, of: str) -> str:
        if like is not None:
            return f"CREATE DATABASE {quoted(name)} TEMPLATE {quoted(like)}"
        ((encoding, collate, ctype),) = maintenance.rows(
            "SELECT pg_encoding_to_char(encoding), datcollate, datctype FROM pg_database"  # noqa: S608
            f" WHERE datname = coalesce((SELECT datname FROM pg_database WHERE datname ="
            f" {literal(of or self.address.database)}), current_database())"
        )
        return (
            f"CREATE DATABASE {quoted(name)} TEMPLATE template0 ENCODING {literal(encoding)}"
            f" LC_COLLATE {literal(collate)} LC_CTYPE {literal(ctype)}"
        )

    def check_version(self, connection: Connection) -> tuple[tuple[str, str], ...]:
        """Return the versions of client and server; pg_dump dumps no server newer than itself."""
        program = found(("pg_dump",), _PACKAGE)
        client = run([program, "--version"], self.environment()).split()
        version = next((word for word in client if word[:1].isdigit()), "")
        ((server,),) = connection.rows("SELECT current_setting('server_version')")
        major = server.split(".")[0]
        if version.split(".")[0].isdigit() and int(version.split(".")[0]) < int(major):
            raise UnfinishedError(
                f"pg_dump {version} cannot dump a server of version {server}: "
                f"install postgresql-client-{major}"
            )
        return ("pg_dump", version), ("postgresql", server)


def selected(table: str, pair: Pair, *, old: bool) -> tuple[str, list[str], int]:
    """Return a query for the rows of one side, the names of its columns, how many are the key.

    Values are compared as their text, byte by byte, whatever the collation.
    """
    key = list(pair.key) or list(pair.columns)
    rest = [] if not pair.key else [each for each in pair.columns if each not in key]
    names = [(before if old else after).name for before, after in (*key, *rest)]
    values = ", ".join(
        f"coalesce('V' || encode(convert_to({quoted(name)}::text, 'UTF8'), 'hex'), 'N')"
        f' COLLATE "C" AS c{number}'
        for number, name in enumerate(names)
    )
    order = ", ".join(f"c{number}" for number in range(len(key)))
    query = f"SELECT {values} FROM {quoted_table(table)} ORDER BY {order}"  # noqa: S608
    return query, [before.name for before, _ in (*key, *rest)], len(key)


def shown(space: str, name: str) -> str:
    """Return a name as people write it."""
    return name if space == "public" else f"{space}.{name}"


def quoted(name: str) -> str:
    """Return a name as it stands in SQL (4.1.1. Identifiers and Key Words)."""
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def quoted_table(name: str) -> str:
    """Return the table that :func:`shown` shows as *name*."""
    space, dot, table = name.partition(".")
    return f"{quoted(space)}.{quoted(table)}" if dot else f"public.{quoted(name)}"


def literal(text: str) -> str:
    """Return a string as it stands in SQL."""
    doubled = text.replace("'", "''")
    return f"'{doubled}'"


class Connection:
    """A session whose answers are rows."""

    table = staticmethod(quoted_table)
    column = staticmethod(quoted)
    selected = staticmethod(selected)

    def __init__(self, opened: Session) -> None:
        self._session = opened

    def tell(self, text: str) -> None:
        """Execute statements. Raises UnfinishedError."""
        self._session.tell(f"{text};")

    def source(self, text: str) -> None:
        """Execute a script as it is. Raises UnfinishedError."""
        self._session.tell(text)

    def rows(self, query: str) -> list[tuple[str, ...]]:
        """Return a few rows, as text, NULL as ''."""
        answer = self._session.ask(f"COPY ({query}) TO STDOUT;")
        return [tuple(_plain(cell) for cell in line.decode().split("\t")) for line in answer]

    def stream(self, query: str) -> Iterator[tuple[bytes, ...]]:
        """Yield rows whose values need no unescaping, in whatever number."""
        for line in self._session.ask(f"COPY ({query}) TO STDOUT;"):
            yield tuple(line.split(b"\t"))

    @staticmethod
    def newest(column: str) -> str:
        """Return an expression for the greatest value of a column."""
        return f"max({quoted(column)}::text)"

    def schema(self) -> Schema:
        """Return the schema, read from the catalogs (https://www.postgresql.org/docs/current/catalogs.html)."""
        columns: dict[str, list[Column]] = {}
        definitions = []
        for space, table, column, kind, required, generated in self.rows(_COLUMNS):
            name = shown(space, table)
            made = Column(column, kind, required == "t", generated == "t")
            columns.setdefault(name, []).append(made)
            definitions.append(f"column {name}.{column} {kind} {required} {generated}")
        keys: dict[str, list[tuple[str, ...]]] = {}
        indexes = []
        for index, is_primary, is_whole, names in self._indexes():
            definitions.append(f"index {index.table} {index.columns} {index.unique}")
            required_names = {c.name for c in columns.get(index.table, ()) if c.required}
            if index.unique and is_whole and required_names.issuperset(names):
                keys.setdefault(index.table, []).append(names)
            if not is_primary:
                indexes.append(index)
        others = []
        for kind, space, other, text in self.rows(_OTHERS):
            others.append((kind, shown(space, other)))
            definitions.append(f"{kind} {space}.{other} {text}")
        tables = tuple(
            Table(name, tuple(found), tuple(keys.get(name, ()))) for name, found in columns.items()
        )
        return Schema(tables, tuple(indexes), tuple(others), definition_hash(definitions))

    def _indexes(self) -> Iterator[tuple[Index, bool, bool, tuple[str, ...]]]:
        found: dict[tuple[str, str], list[tuple[str, ...]]] = {}
        for row in self.rows(_INDEXES):
            found.setdefault((shown(row[0], row[1]), row[2]), []).append(row)
        for (table, name), rows in found.items():
            columns = tuple(row[7] for row in rows)
            first = rows[0]
            index = Index(name, table, columns, first[3] == "t")
            yield index, first[4] == "t", first[5] == "t", tuple(row[8] for row in rows)


def _plain(cell: str) -> str:
    """Undo COPY's escapes (https://www.postgresql.org/docs/current/sql-copy.html, Text Format)."""
    if cell == "\\N":
        return ""
    escapes = {"\\\\": "\\", "\\t": "\t", "\\n": "\n", "\\r": "\r"}
    if "\\" not in cell:
        return cell
    result, at = [], 0
    while at < len(cell):
        pair = cell[at : at + 2]
        result.append(escapes.get(pair, cell[at]))
        at += 2 if pair in escapes else 1
    return "".join(result)
