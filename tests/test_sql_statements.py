"""Which statements destroy, in which dialect, and where they say so."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dbguard.languages.sql import lexer
from dbguard.operations import Kind, Trait
from tests.sql_lowering import all_operations, destroyed, kinds, lowered

DESTROYS = [
    ("", "DROP TABLE users;", [("DROP TABLE users", "users")]),
    ("", "drop table if exists public.users, orders cascade", [
        ("drop table if exists public.users", "public.users"), ("orders", "orders")]),
    ("", 'DROP TABLE "My Schema"."Users"', [('DROP TABLE "My Schema"."Users"', "My Schema.Users")]),
    ("mysql", "DROP TABLE `shop`.`users`", [("DROP TABLE `shop`.`users`", "shop.users")]),
    ("tsql", "DROP TABLE [dbo].[Users]", [("DROP TABLE [dbo].[Users]", "dbo.Users")]),
    ("mysql", "DROP TABLES a, b", [("DROP TABLES a", "a"), ("b", "b")]),
    ("oracle", "DROP TABLE users CASCADE CONSTRAINTS PURGE;", [("DROP TABLE users", "users")]),
    ("", "DROP /* why */ TABLE -- where\n users", [("DROP /* why */ TABLE -- where\n users", "users")]),
    ("", "DROP TABLE {{ schema }}.users_{{ day }}", [
        ("DROP TABLE {{ schema }}.users_{{ day }}", "{schema}.users_{day}")]),
    ("", "DROP TABLE {prefix}_users", [("DROP TABLE {prefix}_users", "{prefix}_users")]),
    ("", "DROP TABLE IF EXISTS %s", [("DROP TABLE IF EXISTS %s", "{s}")]),
    ("", "DROP TABLE ${SCHEMA}.users", [("DROP TABLE ${SCHEMA}.users", "{SCHEMA}.users")]),
    ("", "CREATE OR REPLACE TABLE users AS SELECT 1", [("CREATE OR REPLACE TABLE users", "users")]),
    ("", "INSERT OVERWRITE TABLE users SELECT * FROM b", [("INSERT OVERWRITE TABLE users", "users")]),
    ("", "TRUNCATE users", [("TRUNCATE users", "users")]),
    ("postgresql", "TRUNCATE TABLE ONLY a, b RESTART IDENTITY CASCADE", [
        ("TRUNCATE TABLE ONLY a", "a"), ("b", "b")]),
    ("", "DELETE FROM users", [("DELETE FROM users", "users")]),
    ("", "DELETE FROM users -- WHERE id = 1", [("DELETE FROM users", "users")]),
    ("", "DELETE FROM users /* WHERE id = 1 */;", [("DELETE FROM users", "users")]),
    ("", "DELETE FROM users WHERE 1=1", [("DELETE FROM users", "users")]),
    ("", "DELETE FROM users WHERE (1 = 1)", [("DELETE FROM users", "users")]),
    ("", "DELETE FROM users WHERE true", [("DELETE FROM users", "users")]),
    ("", "DELETE FROM users WHERE 'a' = 'a'", [("DELETE FROM users", "users")]),
    ("", "DELETE FROM users WHERE id = 1 OR 1 = 1", [("DELETE FROM users", "users")]),
    ("", "DELETE FROM users WHERE 2 > 1 AND NOT FALSE", [("DELETE FROM users", "users")]),
    ("mysql", "DELETE FROM users LIMIT 1000", [("DELETE FROM users", "users")]),
    ("mysql", "DELETE t1, t2 FROM t1 CROSS JOIN t2", [("DELETE t1", "t1"), ("t2", "t2")]),
    ("postgresql", "DELETE FROM users USING banned", [("DELETE FROM users", "users")]),
    ("tsql", "DELETE TOP (10) FROM dbo.users", [("DELETE TOP (10) FROM dbo.users", "dbo.users")]),
    ("tsql", "DELETE users", [("DELETE users", "users")]),
    ("tsql", "DELETE u FROM dbo.users u", [("DELETE u", "dbo.users")]),
    ("oracle", "DELETE users;", [("DELETE users", "users")]),
    ("postgresql", "WITH x AS (SELECT 1) DELETE FROM users", [("DELETE FROM users", "users")]),
    ("postgresql", "WITH d AS (DELETE FROM users RETURNING *) SELECT * FROM d", [("DELETE FROM users", "users")]),
    ("postgresql", "EXPLAIN ANALYZE DELETE FROM users", [("DELETE FROM users", "users")]),
    ("", "UPDATE users SET a = 1", [("UPDATE users", "users")]),
    ("", "UPDATE users SET a = 'WHERE id = 1'", [("UPDATE users", "users")]),
    ("", "UPDATE users SET a = (SELECT b FROM c WHERE c.id = 1)", [("UPDATE users", "users")]),
    ("postgresql", "UPDATE users SET a = b.a FROM b", [("UPDATE users", "users")]),
    ("sqlite", "UPDATE OR IGNORE users SET a = 1", [("UPDATE OR IGNORE users", "users")]),
    ("tsql", "UPDATE u SET a = 1 FROM users u", [("UPDATE u", "users")]),
    ("", "ALTER TABLE users DROP COLUMN age", [("ALTER TABLE users DROP COLUMN age", "users.age")]),
    ("", "ALTER TABLE IF EXISTS ONLY public.users DROP COLUMN IF EXISTS age CASCADE", [
        ("ALTER TABLE IF EXISTS ONLY public.users DROP COLUMN IF EXISTS age", "public.users.age")]),
    ("mysql", "ALTER TABLE users DROP age, ADD x INT, DROP INDEX i, DROP COLUMN y", [
        ("ALTER TABLE users DROP age", "users.age"), ("DROP COLUMN y", "users.y")]),
    ("oracle", "ALTER TABLE users DROP (a, b)", [("ALTER TABLE users DROP (a", "users.a"), ("b", "users.b")]),
    ("oracle", "ALTER TABLE users SET UNUSED COLUMN a", [("ALTER TABLE users SET UNUSED COLUMN a", "users.a")]),
    ("tsql", "ALTER TABLE users DROP COLUMN a, COLUMN b", [("ALTER TABLE users DROP COLUMN a", "users.a"), ("COLUMN b", "users.b")]),
    ("tsql", "ALTER TABLE users DROP COLUMN a, b", [("ALTER TABLE users DROP COLUMN a", "users.a"), ("b", "users.b")]),
    ("tsql", "ALTER TABLE users DROP CONSTRAINT c, COLUMN b", [("COLUMN b", "users.b")]),
    ("mysql", "ALTER TABLE sales DROP PARTITION p1", [("ALTER TABLE sales DROP PARTITION p1", "sales partition p1")]),
    ("mysql", "ALTER TABLE sales TRUNCATE PARTITION p1", [("ALTER TABLE sales TRUNCATE PARTITION p1", "sales partition p1")]),
    ("", "DROP DATABASE IF EXISTS shop", [("DROP DATABASE IF EXISTS shop", "shop")]),
    ("", "DROP SCHEMA public CASCADE", [("DROP SCHEMA public", "public")]),
    ("postgresql", "DROP OWNED BY app", [("DROP OWNED BY app", "app")]),
    ("", "DROP KEYSPACE shop", [("DROP KEYSPACE shop", "shop")]),
    ("oracle", "DROP USER app CASCADE", [("DROP USER app", "app")]),
    ("oracle", "DROP TABLESPACE users INCLUDING CONTENTS", [("DROP TABLESPACE users", "users")]),
    ("mysql", "/*!40000 DROP DATABASE IF EXISTS shop */;", [("DROP DATABASE IF EXISTS shop", "shop")]),
    ("", "/*!40000 DROP TABLE users */;", [("DROP TABLE users", "users")]),
    ("postgresql", "DO $$ BEGIN DROP TABLE users; END $$;", [("DROP TABLE users", "users")]),
    ("postgresql", "DO $$ BEGIN EXECUTE 'DROP TABLE users'; END $$;", [("DROP TABLE users", "users")]),
    ("postgresql", "DO $$ BEGIN EXECUTE 'DROP TABLE ' || 'users'; END $$;", [("DROP TABLE ' || 'users", "users")]),
    ("postgresql", "DO $$ BEGIN EXECUTE format('DROP TABLE %I', r.name); END $$;", [("DROP TABLE %I", "{r_name}")]),
    ("postgresql", "DO $$ DECLARE s text := 'DROP TABLE a'; BEGIN EXECUTE s; END $$;", [("DROP TABLE a", "a")]),
    ("oracle", "BEGIN EXECUTE IMMEDIATE 'DROP TABLE a'; END;\n/\nDROP TABLE b;", [("DROP TABLE a", "a"), ("DROP TABLE b", "b")]),
    ("tsql", "EXEC('DROP TABLE a')", [("DROP TABLE a", "a")]),
    ("tsql", "EXEC sp_executesql N'DROP TABLE a'", [("DROP TABLE a", "a")]),
    ("tsql", "DECLARE @s nvarchar(99) = N'DROP TABLE a'\nEXEC sp_executesql @s", [("DROP TABLE a", "a")]),
    ("tsql", "DROP TABLE a\nDROP TABLE b\nGO\nDELETE FROM c\nGO", [
        ("DROP TABLE a", "a"), ("DROP TABLE b", "b"), ("DELETE FROM c", "c")]),
    ("tsql", "IF OBJECT_ID('dbo.a') IS NOT NULL DROP TABLE dbo.a;", [("DROP TABLE dbo.a", "dbo.a")]),
    ("mysql", "PREPARE p FROM 'DROP TABLE a'; EXECUTE p;", [("DROP TABLE a", "a")]),
    ("mysql", "SET @s = CONCAT('DROP TABLE ', @t); PREPARE p FROM @s; EXECUTE p;", [("DROP TABLE ', @t", "{t}")]),
    ("mysql", "DELIMITER //\nCREATE PROCEDURE p() BEGIN DELETE FROM a; END//\nDELIMITER ;\nDROP TABLE b;", [
        ("DROP TABLE b", "b"), ("DELETE FROM a", "a")]),
    ("sqlite", "PRAGMA writable_schema = 1; DELETE FROM sqlite_master WHERE type = 'table';", [("DELETE FROM sqlite_master", "")]),
    ("", "CREATE TABLE a(x int);--> statement-breakpoint\nDROP TABLE b", [("DROP TABLE b", "b")]),
    (
        "postgresql",
        "CREATE TRIGGER t AFTER INSERT ON a REFERENCING NEW TABLE AS n EXECUTE FUNCTION f();DROP TABLE b",
        [("DROP TABLE b", "b")],
    ),
    ("tsql", "SELECT a +++\n\nDROP TABLE b\nGO", [("DROP TABLE b", "b")]),
    ("", "SELECT (1;\nDROP TABLE b;", [("DROP TABLE b", "b")]),
    ("postgresql", "COPY a FROM stdin;\nDROP TABLE x;\n\\.\nDROP TABLE b;", [("DROP TABLE b", "b")]),
    ("mysql", "# DROP TABLE a;\nDROP TABLE b;", [("DROP TABLE b", "b")]),
    ("", "SELECT 'It''s; DROP TABLE a;'; DROP TABLE b;", [("DROP TABLE b", "b")]),
    ("postgresql", "SELECT E'a\\'; DROP TABLE a; --'; DROP TABLE b;", [("DROP TABLE b", "b")]),
    ("mysql", "SELECT 'a\\'; DROP TABLE a; -- '; DROP TABLE b;", [("DROP TABLE b", "b")]),
]  # fmt: skip


@pytest.mark.parametrize(("dialect", "text", "expected"), DESTROYS)
def test_what_destroys_is_seen_at_its_place(
    dialect: str, text: str, expected: list[tuple[str, str]]
) -> None:
    assert destroyed(text, dialect) == expected


HARMLESS = [
    ("", "DELETE FROM users\nWHERE id = 1"),
    ("", "DELETE FROM users WHERE 1=1 AND id = 5"),
    ("", "DELETE FROM users WHERE id IN (SELECT id FROM gone)"),
    ("", "DELETE FROM users {{ where }}"),
    ("", "DELETE FROM users WHERE {condition}"),
    ("mysql", "DELETE u FROM users u JOIN banned b ON b.id = u.id"),
    ("mysql", "DELETE t1, t2 FROM t1 JOIN t2 ON t1.a = t2.a WHERE t1.b = 1"),
    ("postgresql", "WITH x AS (SELECT 1) DELETE FROM users WHERE id IN (SELECT * FROM x)"),
    ("postgresql", "EXPLAIN DELETE FROM users"),
    ("", "UPDATE users SET a = 1 WHERE id = 2"),
    ("mysql", "UPDATE users u JOIN b ON b.id = u.id SET u.a = b.a"),
    ("postgresql", "INSERT INTO t VALUES (1) ON CONFLICT (id) DO UPDATE SET a = 1"),
    ("mysql", "INSERT INTO t VALUES (1) ON DUPLICATE KEY UPDATE a = 1"),
    ("tsql", "UPDATE STATISTICS dbo.users"),
    ("", "MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (1)"),
    ("", "MERGE INTO t USING s ON t.id = s.id\nWHEN MATCHED THEN\nUPDATE SET a = 1;"),
    ("", "CREATE TABLE a (b int REFERENCES c ON DELETE CASCADE ON UPDATE SET NULL)"),
    ("", "GRANT SELECT, DELETE, TRUNCATE ON users TO app"),
    ("", "GRANT SELECT,\nDELETE ON users TO app"),
    ("", "REVOKE DELETE ON users FROM app"),
    ("", "COMMENT ON TABLE users IS 'DROP TABLE users'"),
    ("", "-- DROP TABLE users;\n/* DROP TABLE users; */"),
    ("postgresql", "/* a /* b */ DROP TABLE users; */"),
    ("", "DROP VIEW a; DROP MATERIALIZED VIEW b; DROP INDEX c; DROP FUNCTION d(int); DROP TRIGGER e ON f;"),
    ("", "DROP SEQUENCE a; DROP TYPE b; DROP ROLE c; DROP EXTENSION d; DROP POLICY p ON t;"),
    ("postgresql", "DROP FOREIGN TABLE a; DROP USER b; DROP TABLESPACE c; DROP SCHEMA x RESTRICT;"),
    ("", "DROP EXTERNAL TABLE a"),
    ("", "ALTER TABLE t DROP CONSTRAINT c; ALTER TABLE t DROP PRIMARY KEY; ALTER TABLE t DROP FOREIGN KEY f;"),
    ("", "ALTER TABLE t ALTER COLUMN c DROP DEFAULT, ALTER COLUMN d DROP NOT NULL"),
    ("mysql", "ALTER TABLE t DROP INDEX i, DROP KEY k, DROP CHECK c"),
    ("postgresql", "ALTER TABLE t DETACH PARTITION p"),
    ("postgresql", "CREATE TRIGGER t BEFORE TRUNCATE OR DELETE ON users EXECUTE FUNCTION f()"),
    ("mysql", "CREATE TRIGGER t AFTER DELETE ON a FOR EACH ROW DELETE FROM b;"),
    ("mysql", "DELIMITER ;;\nCREATE TRIGGER t AFTER DELETE ON a FOR EACH ROW BEGIN DELETE FROM b; END;;\nDELIMITER ;"),
    ("sqlite", "CREATE TRIGGER t AFTER DELETE ON a BEGIN DELETE FROM b; UPDATE c SET d = 1; END;"),
    ("tsql", "CREATE TRIGGER t ON a AFTER DELETE AS BEGIN DELETE FROM b END\nGO"),
    ("", "DROP TABLE #tmp"),
    ("", "CREATE TEMP TABLE a (x int); DROP TABLE a;"),
    ("mysql", "DROP TEMPORARY TABLE a"),
    ("postgresql", "SELECT * INTO TEMP a FROM b; DROP TABLE a"),
    ("", "SELECT * FROM users FOR UPDATE"),
    ("", "SELECT TRUNCATE(1.5, 0)"),
    ("", "INSERT INTO log VALUES ('DROP TABLE users;')"),
    ("postgresql", "DO $$ BEGIN RAISE NOTICE 'DROP TABLE users'; END $$"),
    ("postgresql", "PREPARE p AS DELETE FROM users"),
    ("postgresql", "CREATE RULE r AS ON DELETE TO a DO INSTEAD DELETE FROM b;"),
    ("oracle", "REM DROP TABLE users;\nPROMPT DROP TABLE users;"),
    ("oracle", "FLASHBACK TABLE users TO BEFORE DROP"),
    ("postgresql", "\\echo DROP TABLE users;\nSELECT 1;"),
    ("oracle", "DROP DATABASE LINK remote"),
    ("postgresql", "ALTER DEFAULT PRIVILEGES REVOKE DELETE ON TABLES FROM app"),
]  # fmt: skip


@pytest.mark.parametrize(("dialect", "text"), HARMLESS)
def test_what_is_harmless_gives_no_operation_that_destroys(dialect: str, text: str) -> None:
    assert destroyed(text, dialect) == []


EVIDENCE = [
    ("", "ALTER TABLE a RENAME TO b", Kind.RENAME_TABLE, "a", "b"),
    ("", "ALTER TABLE public.a RENAME TO b", Kind.RENAME_TABLE, "public.a", "public.b"),
    ("mysql", "RENAME TABLE a TO b", Kind.RENAME_TABLE, "a", "b"),
    ("mysql", "ALTER TABLE a RENAME b", Kind.RENAME_TABLE, "a", "b"),
    ("tsql", "EXEC sp_rename 'dbo.a', 'b'", Kind.RENAME_TABLE, "dbo.a", "dbo.b"),
    ("", "INSERT INTO b SELECT * FROM a", Kind.COPY_ROWS, "a", "b"),
    ("", "CREATE TABLE b AS SELECT * FROM a", Kind.COPY_ROWS, "a", "b"),
    ("", "CREATE TABLE b AS (SELECT * FROM a)", Kind.COPY_ROWS, "a", "b"),
    ("tsql", "SELECT * INTO b FROM a", Kind.COPY_ROWS, "a", "b"),
    ("tsql", "BACKUP DATABASE shop TO DISK = 'shop.bak'", Kind.BACKUP, "shop", "shop.bak"),
    ("tsql", "RESTORE DATABASE shop FROM DISK = 'shop.bak'", Kind.RESTORE, "shop.bak", "shop"),
    ("sqlite", ".open app.db\n.backup copy.db\n", Kind.BACKUP, "app.db", "copy.db"),
    ("sqlite", ".open app.db\nVACUUM INTO 'copy.db';", Kind.BACKUP, "app.db", "copy.db"),
    ("sqlite", ".open app.db\n.restore copy.db\n", Kind.RESTORE, "copy.db", "app.db"),
    ("postgresql", "COPY users TO '/b/users.csv' CSV", Kind.BACKUP, "users", "/b/users.csv"),
    ("postgresql", "\\copy users to 'users.csv' csv", Kind.BACKUP, "users", "users.csv"),
]


@pytest.mark.parametrize(("dialect", "text", "kind", "source", "target"), EVIDENCE)
def test_evidence_names_both_sides(
    dialect: str, text: str, kind: Kind, source: str, target: str
) -> None:
    found = [op for op in all_operations(text, dialect) if op.kind is kind]
    assert [(op.source and op.source.name, op.target.name) for op in found] == [(source, target)]


@pytest.mark.parametrize(
    ("text", "traits"),
    [
        ("INSERT INTO b SELECT * FROM a", set()),
        ("INSERT INTO b SELECT * FROM a WHERE 1=1", set()),
        ("INSERT INTO b (x) SELECT x FROM a", {Trait.SOME_COLUMNS}),
        ("INSERT INTO b SELECT * FROM a WHERE x = 1", {Trait.FILTERED}),
        ("INSERT INTO b SELECT * FROM a LIMIT 10", {Trait.FILTERED}),
        ("INSERT INTO b SELECT DISTINCT * FROM a", {Trait.FILTERED}),
        ("SELECT TOP 5 * INTO b FROM a", {Trait.FILTERED}),
    ],
)
def test_a_copy_says_what_it_leaves_out(text: str, traits: set[Trait]) -> None:
    copies = [op for op in all_operations(text, "tsql") if op.kind is Kind.COPY_ROWS]
    assert [set(op.traits) for op in copies] == [traits]


def test_session_statements() -> None:
    text = (
        "PRAGMA foreign_keys = OFF; BEGIN; COMMIT; PRAGMA foreign_keys(1); ROLLBACK TO x; ROLLBACK;"
    )
    assert kinds(text, "sqlite") == [
        Kind.FOREIGN_KEYS_OFF,
        Kind.BEGIN,
        Kind.COMMIT,
        Kind.FOREIGN_KEYS_ON,
        Kind.ROLLBACK,
    ]


def test_use_and_connect_tell_the_database() -> None:
    (_, drop) = all_operations("\\c shop\nDROP TABLE users;", "postgresql")
    assert drop.target.database == "shop"


def test_an_unterminated_quote_hides_nothing_and_is_reported() -> None:
    text = "INSERT INTO t VALUES ('it's');\nDROP TABLE users;\nINSERT INTO t VALUES ('x');\n"
    assert destroyed(text) == [("DROP TABLE users", "users")]
    assert [problem.stage for problem in lowered(text).problems] == ["parse"]
    assert destroyed("SELECT 'abc;\nDROP TABLE users;\n") == [("DROP TABLE users", "users")]


def test_vacuum_into_takes_a_name_that_is_put_together() -> None:
    text = "VACUUM INTO 'app_' || strftime('%Y%m%d', 'now') || '.db'; VACUUM INTO 'app_old.db'"
    stamped, fixed = all_operations(text, "sqlite")
    assert stamped.kind is fixed.kind is Kind.BACKUP
    assert stamped.has(Trait.TIMESTAMPED)
    assert not fixed.has(Trait.TIMESTAMPED)
    assert text[stamped.span.start : stamped.span.end] == text.split(";")[0]


_PARTS = st.sampled_from(
    [
        *("COMMENT ON TABLE t IS 'what it is';", "comment on column t.a is 'it''s';"),
        *("COMMENT ON TABLE t IS NULL;", "COMMENT ON TABLE t IS 'DROP TABLE a; ", "COMMENT ON"),
        *("CREATE INDEX i ON t (a, lower(b));", "create unique index i on t using gin (a)"),
        *("CREATE INDEX i ON t (a) WHERE b > 0;", "CREATE TABLE t (a int);", "INDEX", ";"),
        *("GRANT ALL ON t TO u;", "REVOKE DELETE, DROP ON t FROM u", "GRANT DELETE ON t TO u\n"),
        *("DROP TABLE t;", "DELETE FROM t\n", "DROP TABLE {{ t }};", "\n", " ", "-- a\n", "/*"),
        *("BEGIN", "END;", "IF x THEN", "IF a = 1", "END IF;", "AS $$", "$$;", "GO\n", "\\c db\n"),
        *(
            "CREATE FUNCTION f() RETURNS void",
            "DELIMITER //\n",
            "//\n",
            "'",
            '"',
            "*/",
            "WITH a AS (",
        ),
        *(
            "INSERT INTO t SELECT * FROM u;",
            "DECLARE x int;",
            "EXPLAIN",
            "SELECT 1;",
            "COPY t FROM",
        ),
    ]
)


@settings(max_examples=400, deadline=None)
@given(
    st.lists(_PARTS, max_size=8).map(" ".join),
    st.sampled_from(["", "postgresql", "mysql", "tsql", "oracle", "sqlite"]),
)
def test_a_statement_that_is_passed_over_would_have_done_nothing(text: str, dialect: str) -> None:
    short = lowered(text, dialect)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lexer, "NO_MATTER", re.compile("(?!)"))
        assert lowered(text, dialect) == short
