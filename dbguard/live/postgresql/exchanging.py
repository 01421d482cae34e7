"""Giving the name of a database to another one: both names change in one transaction.

https://www.postgresql.org/docs/current/sql-alterdatabase.html: RENAME takes the database
for itself, so nobody is connected to it and nobody can be until the transaction ends; a
session that dies takes the change back.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

from dbguard.live.failures import RefusedError, UnfinishedError
from dbguard.live.postgresql.database import Database
from dbguard.live.postgresql.server import Connection, literal, quoted
from dbguard.patterns import regex

_PATIENCE = 4.0  # seconds: the server gives sessions five to go
_LISTS = frozenset(
    ("search_path", "local_preload_libraries", "session_preload_libraries", "temp_tablespaces")
)
"""Settings whose value is a list that is quoted already (GUC_LIST_QUOTE)."""
_LIST = regex(r'(?:[\w$]+|"(?:[^"\\]|"")*")(?:\s*,\s*(?:[\w$]+|"(?:[^"\\]|"")*"))*|""')


def exchange(maintenance: Connection, name: str, new: str, kept: str) -> None:
    """Give *new* the name of the database *name*, which is called *kept* from then on.

    *kept* is '' where there is no such database. Raises UnfinishedError, for one where
    anybody is connected to either.
    """
    carried = properties(maintenance, name) if kept else ()
    maintenance.tell("BEGIN")
    if kept:
        maintenance.tell(f"ALTER DATABASE {quoted(name)} RENAME TO {quoted(kept)}")
    named(maintenance, new, name, carried)


def named(holder: Connection, new: str, name: str, carried: tuple[str, ...]) -> None:
    """Give a database its name in the transaction that is open, and end it."""
    holder.tell(f"ALTER DATABASE {quoted(new)} RENAME TO {quoted(name)}")
    for statement in carried:
        holder.tell(statement)
    holder.tell("COMMIT")


@contextmanager
def held(
    database: Database,
    maintenance: Connection,
    inside: ExitStack,
    kept: str,
    last_look: Callable[[], None],
) -> Iterator[Connection]:
    """Take a database for ourselves for as long as the block runs; nothing changes by that.

    *inside* holds our own session in it, which keeps writers out until that moment, has a
    *last_look* when nobody else can come any more, and is ended then. What is yielded has the renaming to *kept* in a transaction that is open:
    :func:`named` ends it well, anything else takes it back. Raises RefusedError where
    somebody else is connected.
    """
    name = database.address.database
    with ThreadPoolExecutor(1) as pool, database.maintenance() as holder:
        holder.tell("BEGIN")
        renaming = pool.submit(
            holder.tell, f"ALTER DATABASE {quoted(name)} RENAME TO {quoted(kept)}"
        )
        try:
            _until_taken(maintenance, name, renaming)
            if not renaming.done():
                last_look()
        finally:
            inside.close()
            renaming.exception()
        try:
            renaming.result()
        except UnfinishedError as error:
            database.check_unused(maintenance)
            raise RefusedError(f"{database.address.shown} is in use: {error}") from error
        yield holder


def _until_taken(maintenance: Connection, name: str, renaming: Future[None]) -> None:
    """Wait until nobody can connect any more."""
    deadline = time.monotonic() + _PATIENCE
    query = (
        "SELECT 1 FROM pg_locks AS l JOIN pg_database AS d ON d.oid = l.objid"  # noqa: S608
        " WHERE l.locktype = 'object' AND l.classid = 'pg_database'::regclass"
        f" AND d.datname = {literal(name)} AND l.mode = 'AccessExclusiveLock' AND l.granted"
    )
    while not renaming.done() and not maintenance.rows(query):
        if time.monotonic() > deadline:
            raise UnfinishedError(f"{name} could not be locked: others are just connecting to it")
        time.sleep(0.02)


def turned_away(database: Database, maintenance: Connection, spared: set[str]) -> int:
    """End the sessions that wait for connecting to a database that is held; return how many.

    The server does not tell whose they are. Autovacuum waits in the same way: ending it does
    no harm. Those that the user may not end are added to *spared*, and wait on.
    """
    found = maintenance.rows(
        "SELECT DISTINCT l.pid FROM pg_locks AS l JOIN pg_database AS d ON d.oid = l.objid"  # noqa: S608
        " WHERE l.locktype = 'object' AND l.classid = 'pg_database'::regclass"
        f" AND d.datname = {literal(database.address.database)} AND NOT l.granted"
    )
    ended = 0
    for (process,) in found:
        if process in spared:
            continue
        try:
            # An error ends the session of a client: not ours.
            with database.maintenance() as another:
                another.rows(f"SELECT pg_terminate_backend({int(process)})")
            ended += 1
        except UnfinishedError:
            spared.add(process)
    return ended


def check_exchangeable(maintenance: Connection, name: str) -> None:
    """Raise RefusedError where something hangs on the database itself, and not on its name."""
    slots = maintenance.rows(
        f"SELECT slot_name FROM pg_replication_slots WHERE database = {literal(name)}"  # noqa: S608
    )
    subscribed = maintenance.rows(
        "SELECT s.subname FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid"  # noqa: S608
        f" WHERE d.datname = {literal(name)}"
    )
    if slots or subscribed:
        what = (
            f"the replication slot {slots[0][0]}"
            if slots
            else f"the subscription {subscribed[0][0]}"
        )
        raise RefusedError(
            f"{what} belongs to {name}, and would stay with the old database: a .py script works "
            "on a copy that takes its name. Write the change as .sql"
        )


def properties(maintenance: Connection, name: str) -> tuple[str, ...]:
    """Return the statements that give a database the owner, rights and settings of this one.

    What pg_dump --create writes of a database itself; the copy of a template lacks it.
    Raises RefusedError where a setting cannot be written down.
    """
    this = f"d.datname = {literal(name)}"
    statements = [
        text
        for (text,) in maintenance.rows(
            "SELECT format('ALTER DATABASE %I OWNER TO %I', datname, pg_get_userbyid(datdba))"  # noqa: S608
            f" FROM pg_database AS d WHERE {this} UNION ALL"
            " SELECT format('ALTER DATABASE %I CONNECTION LIMIT %s', datname, datconnlimit)"
            f" FROM pg_database AS d WHERE {this} AND datconnlimit >= 0 UNION ALL"
            " SELECT format('ALTER DATABASE %I IS_TEMPLATE true', datname)"
            f" FROM pg_database AS d WHERE {this} AND datistemplate UNION ALL"
            " SELECT format('COMMENT ON DATABASE %I IS %L', datname,"
            f" shobj_description(oid, 'pg_database')) FROM pg_database AS d WHERE {this}"
            " AND shobj_description(oid, 'pg_database') IS NOT NULL"
        )
    ]
    statements += [
        text
        for (text,) in maintenance.rows(
            "SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC, %I', datname,"  # noqa: S608
            f" pg_get_userbyid(datdba)) FROM pg_database AS d WHERE {this} AND datacl IS NOT NULL"
        )
    ]
    statements += [
        text
        for (text,) in maintenance.rows(
            "SELECT format('GRANT %s ON DATABASE %I TO %s%s', a.privilege_type, datname,"  # noqa: S608
            " CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END,"
            " CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)"
            f" FROM pg_database AS d, aclexplode(d.datacl) AS a WHERE {this}"
        )
    ]
    for role, setting in maintenance.rows(
        "SELECT coalesce(r.rolname, ''), c.setting FROM pg_db_role_setting AS s"  # noqa: S608
        " JOIN pg_database AS d ON d.oid = s.setdatabase"
        " CROSS JOIN unnest(s.setconfig) AS c (setting)"
        f" LEFT JOIN pg_roles AS r ON r.oid = s.setrole WHERE {this}"
    ):
        variable, _, value = setting.partition("=")
        whose = f"ROLE {quoted(role)} IN DATABASE" if role else "DATABASE"
        is_list = variable.lower() in _LISTS
        if is_list and _LIST.fullmatch(value) is None:
            raise RefusedError(
                f"the setting {variable} of the database {name} cannot be carried over"
            )
        shown = value if is_list else literal(value)
        statements.append(f"ALTER {whose} {quoted(name)} SET {quoted(variable)} TO {shown}")
    return tuple(statements)
