"""Talking to a MySQL or MariaDB server with its own clients."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dbguard.live import scratch
from dbguard.live.address import Address
from dbguard.live.failures import UnfinishedError
from dbguard.live.pairing import Pair
from dbguard.live.programs import MARK, Session, found, run, session
from dbguard.live.schema import Column, Index, Schema, Table, definition_hash

_PACKAGE = "mariadb-client or mysql-client"
_CLIENT = ("mariadb", "mysql")
_DUMP = ("mariadb-dump", "mysqldump")
_END = b"-- Dump completed"

_BINARY = ("binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob", "bit", "geometry")


class Server:
    """A server as one user sees it.

    The password is in a file that only the user can read, which is the clients' first
    option (https://dev.mysql.com/doc/refman/en/option-file-options.html).
    """

    def __init__(self, address: Address) -> None:
        self.address = address
        self._client = found(_CLIENT, _PACKAGE)

    @contextmanager
    def _options(self) -> Iterator[str]:
        given = self.address
        lines = ["[client]", "default-character-set=utf8mb4"]
        known = {"host": given.host, "port": given.port, "user": given.user,
                 "password": given.password.reveal}  # fmt: skip
        for name, value in known.items():
            if value:
                escaped = value.replace("\\", "\\\\").replace('"', '\\"')
                lines.append(f'{name}="{escaped}"')
        for name, value in given.options:
            if name in ("ssl-ca", "ssl-cert", "ssl-key", "socket", "protocol"):
                lines.append(f'{name}="{value}"')
        # mkstemp makes it of mode 0600.
        handle, path = tempfile.mkstemp(prefix="dbguard-", suffix=".cnf")
        try:
            with open(handle, "w", encoding="utf-8") as stream:
                stream.write("\n".join(lines) + "\n")
            yield f"--defaults-extra-file={path}"
        finally:
            os.unlink(path)

    @contextmanager
    def session(self, database: str | None = None) -> Iterator[Connection]:
        """Open a session of the client. Raises UnfinishedError."""
        name = self.address.database if database is None else database
        with self._options() as options:
            command = (self._client, options, "--batch", "--skip-column-names", "--quick",
                       "--unbuffered", "--raw", name)  # fmt: skip
            with session(command, {}, f"SELECT '{MARK}';") as opened:
                yield Connection(opened)

    def run_script(self, text: str, database: str) -> None:
        """Run a script as the client does, which stops at the first error."""
        with self._options() as options, tempfile.TemporaryFile() as script:
            script.write(text.encode())
            script.seek(0)
            # Or a setting of the user has words at the beginning of any line taken for commands.
            command = (self._client, options, "--batch", "--skip-named-commands", database)
            run(command, {}, script)

    def load(self, dump: Path, database: str) -> None:
        """Load a dump into a database."""
        with self._options() as options, dump.open("rb") as stream:
            run((self._client, options, "--batch", database), {}, stream)

    def dump(self, target: Path) -> None:
        """Write a dump of one state of all InnoDB tables.

        https://mariadb.com/kb/en/mariadb-dump/, --single-transaction.
        """
        program = found(_DUMP, _PACKAGE)
        with self._options() as options:
            run((program, options, "--single-transaction", "--quick", "--routines", "--triggers",
                 "--events", "--hex-blob", f"--result-file={target}", self.address.database), {})  # fmt: skip

    def read_back(self, dump: Path) -> None:
        """Raise UnfinishedError where a dump has no end: its last line says that it was completed."""
        with dump.open("rb") as stream:
            stream.seek(max(0, dump.stat().st_size - 200))
            if _END not in stream.read():
                raise UnfinishedError(f"{dump} breaks off: it does not say that it is complete")

    @contextmanager
    def scratch(self) -> Iterator[str]:
        """Make a database for as long as the block runs. Raises UnfinishedError."""
        name = scratch.new_name()
        with self.session() as maintenance:
            self._clear_left(maintenance)
            ((charset, collation),) = maintenance.rows(
                "SELECT default_character_set_name, default_collation_name"
                " FROM information_schema.schemata WHERE schema_name = DATABASE()"
            )
            maintenance.tell(f"SELECT get_lock('{name}', 0)")
            maintenance.tell(f"CREATE DATABASE {quoted(name)} CHARACTER SET {charset}"
                             f" COLLATE {collation}")  # fmt: skip
            # Not in the database itself, which is to be seen as unused.
            maintenance.tell(f"USE {quoted(name)}")
            try:
                yield name
            finally:
                self._drop(maintenance, name)

    def _clear_left(self, maintenance: Connection) -> None:
        """Drop what killed runs left, and tell of it."""
        unused = maintenance.rows(
            "SELECT schema_name, is_free_lock(schema_name) FROM information_schema.schemata"  # noqa: S608
            f" WHERE left(schema_name, {len(scratch.SCRATCH)}) = '{scratch.SCRATCH}'"
            " AND schema_name NOT IN"
            " (SELECT db FROM information_schema.processlist WHERE db IS NOT NULL)"
            " ORDER BY schema_name"
        )
        for name, free in unused:
            if scratch.run_of(name) is None:
                scratch.tell_left(name, self.drop_command(name))
            elif free == "1" and self._drop(maintenance, name):
                scratch.tell_removed(name)

    def _drop(self, maintenance: Connection, name: str) -> bool:
        statement = f"DROP DATABASE IF EXISTS {quoted(name)}"
        command = self.drop_command(name)
        return scratch.dropped(name, maintenance.tell, self._tell_anew, statement, command)

    def _tell_anew(self, statement: str) -> None:
        with self.session("information_schema") as another:
            another.tell(statement)

    def drop_command(self, name: str) -> tuple[str, ...]:
        """Return the command that drops a database, for a person to type; it has no password."""
        where = self.address
        given = (("-h", where.host), ("-P", where.port), ("-u", where.user))
        options = (part for option, value in given if value for part in (option, value))
        asked = ("-p",) if where.password else ()
        program = os.path.basename(self._client)
        return (program, *options, *asked, "-e", f"DROP DATABASE {quoted(name)}")

    def versions(self, connection: Connection) -> tuple[tuple[str, str], ...]:
        """Return the versions of the dump program and the server."""
        program = found(_DUMP, _PACKAGE)
        said = " ".join(run((program, "--version"), {}).split())
        ((server,),) = connection.rows("SELECT version()")
        return (os.path.basename(program), said), ("server", server)


def selected(table: str, pair: Pair, *, old: bool) -> tuple[str, list[str], int]:
    """Return a query for the rows of one side, the names of its columns, how many are the key."""
    key = list(pair.key) or list(pair.columns)
    rest = [] if not pair.key else [each for each in pair.columns if each not in key]
    columns = [before if old else after for before, after in (*key, *rest)]
    values = ", ".join(_value(column) for column in columns)
    order = ", ".join(str(number + 1) for number in range(len(key)))
    query = f"SELECT {values} FROM {quoted(table)} ORDER BY {order}"  # noqa: S608
    return query, [before.name for before, _ in (*key, *rest)], len(key)


def _value(column: Column) -> str:
    name, kind = quoted(column.name), column.type.lower()
    text = f"convert({name} using utf8mb4)"
    if kind.startswith(_BINARY):
        text = name if not kind.startswith("bit") else f"bin({name})"
    return f"if({name} IS NULL, 'N', concat('V', lower(hex({text})))) COLLATE utf8mb4_bin"


def quoted(name: str) -> str:
    """Return a name as it stands in SQL (https://mariadb.com/kb/en/identifier-names/)."""
    doubled = name.replace("`", "``")
    return f"`{doubled}`"


class Connection:
    """A session whose answers are rows of hexadecimal: the client's own output is ambiguous."""

    table = staticmethod(quoted)
    column = staticmethod(quoted)
    selected = staticmethod(selected)

    def __init__(self, opened: Session) -> None:
        self._session = opened

    def tell(self, text: str) -> None:
        """Execute a statement. Raises UnfinishedError."""
        self._session.tell(f"{text};")

    def rows(self, query: str) -> list[tuple[str, ...]]:
        """Return a few rows of text without tabs or line ends in it."""
        return [tuple(line.decode().split("\t")) for line in self._session.ask(f"{query};")]

    def stream(self, query: str) -> Iterator[tuple[bytes, ...]]:
        """Yield rows, in whatever number."""
        for line in self._session.ask(f"{query};"):
            yield tuple(line.split(b"\t"))

    @staticmethod
    def newest(column: str) -> str:
        """Return an expression for the greatest value of a column, '' where there is none."""
        return f"coalesce(max({quoted(column)}), '')"

    def schema(self) -> Schema:
        """Return the schema (https://mariadb.com/kb/en/information-schema/)."""
        columns: dict[str, list[Column]] = {}
        definitions = []
        for row in self._hex(
            "SELECT {t.table_name}, {c.column_name}, {c.column_type}, {c.is_nullable},"
            " {c.extra} FROM information_schema.tables t JOIN information_schema.columns c"
            " USING (table_schema, table_name) WHERE table_schema = DATABASE()"
            " AND t.table_type = 'BASE TABLE' ORDER BY table_name, c.ordinal_position"
        ):
            table, column, kind, nullable, extra = row
            made = Column(column, kind, nullable == "NO", "GENERATED" in extra.upper())
            columns.setdefault(table, []).append(made)
            definitions.append(f"column {row}")
        keys: dict[str, list[tuple[str, ...]]] = {}
        found_indexes: dict[tuple[str, str, str], list[str]] = {}
        for table, name, other, column in self._hex(
            "SELECT {table_name}, {index_name}, {non_unique}, {coalesce(column_name, '')}"
            " FROM information_schema.statistics WHERE table_schema = DATABASE()"
            " AND sub_part IS NULL ORDER BY table_name, index_name <> 'PRIMARY', index_name,"
            " seq_in_index"
        ):
            found_indexes.setdefault((table, name, other), []).append(column)
        indexes = []
        for (table, name, other), names in found_indexes.items():
            required = {c.name for c in columns.get(table, ()) if c.required}
            if other == "0" and required.issuperset(names):
                keys.setdefault(table, []).append(tuple(names))
            if name != "PRIMARY":
                indexes.append(Index(name, table, tuple(names), other == "0"))
            definitions.append(f"index {table} {names} {other}")
        others = [
            (kind, name)
            for kind, name in self._hex(
                "SELECT {'view'}, {table_name} FROM information_schema.views"
                " WHERE table_schema = DATABASE() UNION ALL"
                " SELECT {'trigger'}, {trigger_name} FROM information_schema.triggers"
                " WHERE trigger_schema = DATABASE() UNION ALL"
                " SELECT {lower(routine_type)}, {routine_name} FROM information_schema.routines"
                " WHERE routine_schema = DATABASE()"
            )
        ]
        definitions += [f"{kind} {name}" for kind, name in others]
        tables = tuple(
            Table(name, tuple(made), tuple(keys.get(name, ()))) for name, made in columns.items()
        )
        return Schema(tables, tuple(indexes), tuple(others), definition_hash(definitions))

    def _hex(self, query: str) -> Iterator[tuple[str, ...]]:
        """Return rows of text; what stands in braces is transferred in hexadecimal."""
        asked = query.replace("{", "hex(convert(").replace("}", " using utf8mb4))")
        for row in self.rows(asked):
            yield tuple(bytes.fromhex(cell).decode() for cell in row)
