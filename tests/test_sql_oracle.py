"""What sqlglot parses as a statement that destroys or changes, our reader sees too.

The statements are our own; sqlglot is only asked what sort of statement each is.
"""

from __future__ import annotations

import pytest
import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from dbguard.operations import Kind
from tests.sql_lowering import all_operations

DIALECTS = {"": "", "postgres": "postgresql", "mysql": "mysql", "sqlite": "sqlite", "tsql": "tsql", "oracle": "oracle"}  # fmt: skip
_TABLES = ("users", "public.users", '"Users"', "a.b.users", "users_2024", 'public."User Table"')
_EVERYWHERE = (
    [f"DROP TABLE {table}" for table in _TABLES]
    + [f"DROP TABLE IF EXISTS {table} CASCADE" for table in _TABLES]
    + [f"DELETE FROM {table}" for table in _TABLES]
    + [f"DELETE FROM {table} WHERE 1 = 1" for table in _TABLES]
    + [f"UPDATE {table} SET a = 1, b = 'x'" for table in _TABLES]
    + [f"UPDATE {table} SET a = (SELECT max(b) FROM c WHERE c.d = 1)" for table in _TABLES]
    + [f"ALTER TABLE {table} DROP COLUMN a" for table in _TABLES]
    + [f"ALTER TABLE {table} ADD COLUMN a INT" for table in _TABLES]
    + [f"TRUNCATE TABLE {table}" for table in _TABLES]
    + [f"ALTER TABLE {table} RENAME TO other" for table in _TABLES]
    + [f"/* c */ DROP /* d */ TABLE {table} -- e" for table in _TABLES]
    + [f"SELECT 1; DROP TABLE {table}; SELECT 2" for table in _TABLES]
    + [f"CREATE TABLE {table} (a INT, b TEXT)" for table in _TABLES]
    + [f"CREATE TABLE {table} AS SELECT * FROM old" for table in _TABLES]
    + [f"INSERT INTO {table} SELECT * FROM old" for table in _TABLES]
    + [f"INSERT INTO {table} (a, b) SELECT a, b FROM old WHERE c > 1" for table in _TABLES]
)
_OWN = {
    "postgres": [
        "DROP TABLE a, b, c",
        "DROP SCHEMA s CASCADE",
        "DROP DATABASE d",
        "TRUNCATE a, b RESTART IDENTITY CASCADE",
        "TRUNCATE TABLE ONLY a",
        "DELETE FROM a AS x",
        "DELETE FROM a RETURNING *",
        "DELETE FROM a USING b",
        "UPDATE a AS x SET b = 1",
        "UPDATE a SET b = c.d FROM c",
        "UPDATE a SET b = 1 RETURNING *",
        "WITH x AS (SELECT 1 AS y) UPDATE a SET b = 1",
        "ALTER TABLE a DROP COLUMN b, DROP COLUMN c",
        "ALTER TABLE IF EXISTS a DROP COLUMN IF EXISTS b CASCADE",
        "ALTER TABLE a ALTER COLUMN b TYPE TEXT",
        "ALTER TABLE ONLY a ADD CONSTRAINT c UNIQUE (b)",
    ],
    "mysql": [
        "DROP TABLE `a`.`b`",
        "DROP DATABASE `d`",
        "TRUNCATE `a`",
        "DELETE FROM `a` LIMIT 5",
        "DELETE FROM a ORDER BY b LIMIT 5",
        "UPDATE a SET b = 1 LIMIT 5",
        "ALTER TABLE a DROP COLUMN b, ADD COLUMN c INT",
        "ALTER TABLE `a` RENAME `b`",
    ],
    "sqlite": [
        'DROP TABLE IF EXISTS "a"',
        "DELETE FROM `a`",
        "UPDATE [a] SET b = 1",
        "ALTER TABLE a DROP COLUMN b",
        "ALTER TABLE a RENAME TO b",
    ],
    "tsql": [
        "DROP TABLE [dbo].[a]",
        "DROP TABLE a.dbo.b",
        "TRUNCATE TABLE [dbo].[a]",
        "DELETE FROM [dbo].[a]",
        "UPDATE [dbo].[a] SET b = 1",
        "ALTER TABLE [dbo].[a] DROP COLUMN b",
        "SELECT * INTO b FROM a",
        "DELETE a",
    ],
    "oracle": [
        "DROP TABLE a CASCADE CONSTRAINTS",
        "DROP TABLE a PURGE",
        "TRUNCATE TABLE a",
        "DELETE FROM a",
        "UPDATE a SET b = 1",
        "ALTER TABLE a DROP COLUMN b",
    ],
}
STATEMENTS = [(dialect, text) for dialect in ("", "postgres", "oracle") for text in _EVERYWHERE] + [
    (dialect, text) for dialect, texts in _OWN.items() for text in texts
]


def expected_kinds(statement: exp.Expression) -> set[Kind]:
    """Return the kinds of operation of which a parsed statement must give at least one."""
    match statement:
        case exp.Drop():
            sort = str(statement.args.get("kind", "")).upper()
            return {"TABLE": {Kind.DROP_TABLE}, "SCHEMA": {Kind.DROP_DATABASE}, "DATABASE": {Kind.DROP_DATABASE}}.get(sort, set())  # fmt: skip
        case exp.TruncateTable():
            return {Kind.TRUNCATE_TABLE}
        case exp.Delete():
            return {Kind.DELETE_ROWS}
        case exp.Update():
            return {Kind.UPDATE_ROWS}
        case exp.Alter():
            return {Kind.ALTER_TABLE, Kind.DROP_COLUMN, Kind.RENAME_TABLE}
        case exp.Create():
            return {Kind.CREATE_TABLE}
        case exp.Insert():
            return {Kind.COPY_ROWS}
        case _:
            return set()


def tables_named(statement: exp.Expression) -> str:
    """Return the bare name of the table a statement is about, as sqlglot reads it."""
    table = statement.find(exp.Table)
    return table.name if table is not None else ""


@pytest.mark.parametrize(("dialect", "text"), STATEMENTS)
def test_what_sqlglot_sees_is_seen(dialect: str, text: str) -> None:
    try:
        statements = sqlglot.parse(text, read=dialect or None)
    except SqlglotError:
        pytest.skip("sqlglot does not read it")
    found = all_operations(text, DIALECTS[dialect])
    for statement in statements:
        expected = expected_kinds(statement) if isinstance(statement, exp.Expression) else set()
        if not expected:
            continue
        matching = [op for op in found if op.kind in expected]
        assert matching, f"{expected} in {text}"
        name = tables_named(statement) if isinstance(statement, exp.Expression) else ""
        if name and Kind.DROP_DATABASE not in expected:
            assert any(name in (op.target.name, *op.target.name.split(".")) or (op.source and name in op.source.name.split(".")) for op in matching)  # fmt: skip


def test_enough_is_asked() -> None:
    assert len({text for _, text in STATEMENTS}) >= 125
    assert len(STATEMENTS) >= 150
