"""Control flow, verification, direction and included text in SQL."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dbguard.flow import (
    Branch,
    Call,
    Direction,
    Embed,
    Include,
    Loop,
    Node,
    Sequence,
    Stop,
    Try,
    operations,
)
from dbguard.languages.sql import is_down_path, lower
from dbguard.operations import Guard, Kind, Operation, Trait
from dbguard.source import Mapped, Region, SourceFile
from tests.sql_lowering import all_operations, destroyed, lowered, top

DO = "DO $$ BEGIN {} END $$; DROP TABLE old;"
COUNTS = "(SELECT count(*) FROM new) {} (SELECT count(*) FROM old)"


def verified(text: str, dialect: str = "postgresql") -> list[list[str]]:
    """Return the tables compared where the flow goes on (arms that stop do not)."""
    found: list[list[str]] = []
    stack: list[Node] = [top(text, dialect).body]
    while stack:
        node = stack.pop()
        if isinstance(node, Operation) and node.kind is Kind.VERIFY:
            found.append([target.name for target in node.reads])
        elif isinstance(node, Sequence):
            if not any(isinstance(child, Stop) for child in node.nodes):
                stack.extend(node.nodes)
        elif isinstance(node, Branch):
            open_arms = [
                arm for arm in node.arms if not any(isinstance(n, Stop) for n in arm.nodes)
            ]
            if len(open_arms) == 1:
                stack.extend(open_arms)
        elif isinstance(node, (Call, Loop, Try)):
            stack.append(node.body)
    return found


HOLDS = [
    ("postgresql", DO.format("IF " + COUNTS.format("<>") + " THEN RAISE EXCEPTION 'x'; END IF;")),
    ("postgresql", DO.format("IF NOT (" + COUNTS.format("=") + ") THEN RAISE EXCEPTION 'x'; END IF;")),
    ("postgresql", DO.format("IF " + COUNTS.format("IS DISTINCT FROM") + " THEN RAISE 'x'; END IF;")),
    ("postgresql", DO.format("IF " + COUNTS.format("=") + " THEN NULL; ELSE RAISE 'x'; END IF;")),
    ("postgresql", DO.format("ASSERT " + COUNTS.format("=") + ", 'x';")),
    ("postgresql", ("DO $$ DECLARE a int; b int; BEGIN SELECT count(*) INTO a FROM old;"
     " b := (SELECT count(*) FROM new); IF a != b THEN RAISE EXCEPTION 'x'; END IF; END $$;")),
    ("postgresql", ("DO $$ DECLARE a int; BEGIN SELECT count(*) INTO a FROM old o LEFT JOIN new n ON n.id = o.id"
     " WHERE n.id IS NULL; IF a > 0 THEN RAISE EXCEPTION 'x'; END IF; END $$;")),
    ("postgresql", DO.format("IF EXISTS (SELECT * FROM old EXCEPT SELECT * FROM new) THEN RAISE 'x'; END IF;")),
    ("postgresql", "SELECT 1 / CASE WHEN " + COUNTS.format("=") + " THEN 1 ELSE 0 END; DROP TABLE old;"),
    ("sqlite", "SELECT CASE WHEN " + COUNTS.format("<>") + " THEN RAISE(ABORT, 'x') END; DROP TABLE old;"),
    ("sqlite", "CREATE TEMP TABLE c(ok CHECK(ok)); INSERT INTO c SELECT " + COUNTS.format("=") + "; DROP TABLE old;"),
    ("mysql", "DELIMITER //\nBEGIN NOT ATOMIC IF " + COUNTS.format("<>") + " THEN SIGNAL SQLSTATE '45000'; END IF; END//\nDELIMITER ;\nDROP TABLE old;"),
    ("tsql", "IF " + COUNTS.format("<>") + " THROW 50000, 'x', 1;\nDROP TABLE old"),
    ("tsql", ("DECLARE @a int = (SELECT count(*) FROM old), @b int\nSELECT @b = count(*) FROM new\n"
     "IF @a <> @b\nBEGIN\n RAISERROR('x', 16, 1)\n RETURN\nEND\nDROP TABLE old")),
    ("oracle", ("DECLARE a NUMBER; b NUMBER; BEGIN SELECT COUNT(*) INTO a FROM old; SELECT COUNT(*) INTO b FROM new;"
     " IF a <> b THEN RAISE_APPLICATION_ERROR(-20001, 'x'); END IF; EXECUTE IMMEDIATE 'DROP TABLE old'; END;\n/")),
    ("postgresql", "INSERT INTO new SELECT * FROM old; " + DO.format("IF " + COUNTS.format("<") + " THEN RAISE 'x'; END IF;")),
]  # fmt: skip


@pytest.mark.parametrize(("dialect", "text"), HOLDS)
def test_a_comparison_that_stops_verifies(dialect: str, text: str) -> None:
    assert sorted(map(sorted, verified(text, dialect))) == [["new", "old"]]


HOLDS_NOT = [
    ("postgresql", DO.format("IF " + COUNTS.format("=") + " THEN RAISE EXCEPTION 'x'; END IF;")),
    ("postgresql", DO.format("IF " + COUNTS.format("<>") + " THEN RAISE NOTICE 'x'; END IF;")),
    ("postgresql", DO.format("ASSERT " + COUNTS.format("<>") + ";")),
    ("postgresql", DO.format("IF (SELECT count(*) FROM a) <> (SELECT count(*) FROM a) THEN RAISE 'x'; END IF;")),
    ("postgresql", DO.format("IF " + COUNTS.format("<>") + " AND a <> b THEN RAISE 'x'; END IF;")),
    ("postgresql", "INSERT INTO new SELECT * FROM old; " + DO.format("IF " + COUNTS.format(">") + " THEN RAISE 'x'; END IF;")),
    ("tsql", "IF " + COUNTS.format("<>") + " RAISERROR('x', 16, 1);\nDROP TABLE old"),
    ("sqlite", "SELECT 1 / CASE WHEN " + COUNTS.format("=") + " THEN 1 ELSE 0 END; DROP TABLE old;"),
    ("sqlite", "SELECT count(*) FROM old; SELECT count(*) FROM new; DROP TABLE old;"),
]  # fmt: skip


@pytest.mark.parametrize(("dialect", "text"), HOLDS_NOT)
def test_a_comparison_that_cannot_stop_verifies_nothing(dialect: str, text: str) -> None:
    assert verified(text, dialect) == []


def embedded(text: str, via: str, dialect: str) -> Region:
    root = Region.of_file(SourceFile("x.sh", text), "shell")
    return root.embed("sql", root.slice(0, len(text)), via, dialect=dialect)


def test_psql_goes_on_after_a_failed_block() -> None:
    text = "DO $$ BEGIN RAISE 'x'; END $$;"
    ends = []
    for source, via in (
        (text, "heredoc of psql"),
        ("\\set ON_ERROR_STOP on\n" + text, "heredoc of psql"),
        ("BEGIN;" + text, "heredoc of psql"),
        (text, "-c of psql"),
    ):
        (call,) = [
            node
            for node in lower(embedded(source, via, "postgresql")).flows[0].body.nodes
            if isinstance(node, Call)
        ]
        ends.append(len(call.ends))
    assert ends == [2, 1, 1, 1]


def test_an_if_without_else_has_an_arm_that_does_nothing() -> None:
    (_, branch) = top("IF EXISTS (SELECT 1 FROM a) DROP TABLE a;", "tsql").body.nodes
    assert isinstance(branch, Branch)
    assert [len(arm.nodes) for arm in branch.arms] == [1, 0]


def test_an_inverted_existence_test_guards_the_create() -> None:
    guards = [
        op.guard
        for op in all_operations("IF NOT EXISTS (SELECT 1 FROM s) CREATE TABLE a (b int);", "tsql")
    ]
    assert Guard.ABSENT in guards


def test_functions_are_definitions_and_followed_where_called() -> None:
    define = (
        "CREATE FUNCTION f() RETURNS void AS $f$ BEGIN DELETE FROM a; END $f$ LANGUAGE plpgsql;\n"
    )
    alone = lowered(define)
    assert [flow.name for flow in alone.flows] == ["", "f"]
    assert all(op.has(Trait.DEFINITION) for op in operations(alone.flows[1].body))
    called = lowered(define + "SELECT f();")
    assert [flow.name for flow in called.flows] == [""]
    assert [op.has(Trait.DEFINITION) for op in operations(called.flows[0].body)] == [False]


@pytest.mark.parametrize(
    "text",
    [
        "-- +goose Up\nCREATE TABLE a(b int);\n-- +goose Down\nDROP TABLE a;",
        "-- +goose Up\n-- +goose StatementBegin\nCREATE TABLE a(b int);\n-- +goose StatementEnd\n-- +goose Down\nDROP TABLE a;",
        "-- migrate:up\nCREATE TABLE a(b int);\n-- migrate:down\nDROP TABLE a;",
        "-- +migrate Up\nCREATE TABLE a(b int);\n-- +migrate Down\nDROP TABLE a;",
        "# --- !Ups\nCREATE TABLE a(b int);\n# --- !Downs\nDROP TABLE a;",
        "CREATE TABLE a(b int);\n--//@UNDO\nDROP TABLE a;",
        "--liquibase formatted sql\n--changeset a:1\nCREATE TABLE a(b int);\n--rollback DROP TABLE a;",
    ],
)
def test_down_sections_are_down(text: str) -> None:
    downs = [node for node in _sequences(top(text).body) if node.direction is Direction.DOWN]
    assert [op.kind for op in operations(top(text).body)] == [Kind.CREATE_TABLE, Kind.DROP_TABLE]
    assert [[op.kind for op in operations(node)] for node in downs] == [[Kind.DROP_TABLE]]


def _sequences(node: Node) -> list[Sequence]:
    found, stack = [], [node]
    while stack:
        current = stack.pop()
        if isinstance(current, Sequence):
            found.append(current)
            stack.extend(current.nodes)
        elif isinstance(current, Branch):
            stack.extend(current.arms)
    return found


def test_down_files_are_known_by_their_path() -> None:
    for path in ("down.sql", "m/1_x/down.sql", "1_x.down.sql", "x_down.sql", "rollback_1.sql", "U1__x.sql", "undo/1.sql", "revert/a.sql"):  # fmt: skip
        assert is_down_path(path), path
    for path in (
        "up.sql",
        "countdown.sql",
        "users.sql",
        "Users__x.sql",
        "download.sql",
        "down/app.py",
    ):
        assert not is_down_path(path), path
    assert top("DROP TABLE a", path="1_x.down.sql").body.direction is Direction.DOWN


def test_files_and_commands_of_the_client() -> None:
    nodes = top("\\i sub/a.sql\n\\! rm app.db\n.read b.sql\nSOURCE c.sql\n").body.nodes
    assert [node.path.text for node in nodes if isinstance(node, Include)] == [
        "sub/a.sql",
        "b.sql",
        "c.sql",
    ]
    assert [node.region.text for node in nodes if isinstance(node, Embed)] == ["rm app.db"]


def test_spans_of_executed_text_lead_to_the_file() -> None:
    text = "EXEC('DROP TABLE [it''s]')"
    assert destroyed(text, "tsql") == [("DROP TABLE [it''s]", "it's")]


PIECES = st.sampled_from(
    ["DROP TABLE ", "a", ".", ",", ";", "\n", "(", ")", "'", '"', "`", "$$", "$x$", "--", "/*", "*/", "/*!50001 ", "{{", "}}",
     "{%", "%}", "%s", "IF ", "THEN ", "ELSE ", "END ", "BEGIN ", "LOOP ", "CASE ", "WHEN ", "EXCEPTION ", "DECLARE ", "DO ",
     "CREATE FUNCTION f() AS ", "CREATE TRIGGER t ", "CREATE PROCEDURE p ", "EXECUTE ", "EXEC ", "DELETE FROM ", "WHERE ",
     "1=1", " OR ", "UPDATE ", "SET ", "=", "SELECT ", "FROM ", "JOIN ", "INTO ", "ALTER TABLE ", "DROP ", "GO\n", "/\n",
     "\\c ", "\\if x\n", "\\gexec", "\n.read ", "DELIMITER //\n", "//", "WITH x AS (", "@x", "#t", "[", "]", "E'", "q'[", "\0",
     "\ud800", "é", "||", "format(", "PREPARE p FROM ", "-- +goose Down\n", "AS ", "IS ", "RETURN ", "TRY ", "CATCH ",
     "COPY a FROM stdin;", "\n\\.\n", "HANDLER FOR ", "ROW ", "1", "PRAGMA foreign_keys"]
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(
    st.lists(PIECES, max_size=40).map("".join) | st.text(max_size=200),
    st.sampled_from(["", "postgresql", "mysql", "sqlite", "tsql", "oracle"]),
)
def test_any_text_is_lowered_to_spans_inside_it(text: str, dialect: str) -> None:
    result = lower(Region.of_file(SourceFile("x.sql", text), "sql", dialect))
    for flow in result.flows:
        for op in operations(flow.body):
            assert 0 <= op.span.start < op.span.end <= len(text)
    for problem in result.problems:
        assert problem.span is not None
        assert 0 <= problem.span.start <= problem.span.end <= len(text)


@pytest.mark.parametrize(
    "unit", ["(", "SELECT (", "BEGIN\n", "IF a THEN ", "CASE ", "EXEC('", "'\nDROP ", "WITH x AS (", "/*", "{{", "SELECT CASE WHEN "]
)  # fmt: skip
def test_deep_and_unfinished_text_ends(unit: str) -> None:
    lowered(unit * 20_000)


def test_mapped_text_of_an_execute_is_where_it_stands() -> None:
    region = embedded("xx DROP TABLE a", "argument", "")
    inner = region.embed("sql", Mapped("DROP TABLE a", region.map.slice(3, 15)), "execute")
    (op,) = list(operations(lower(inner).flows[0].body))
    assert (op.span.start, op.span.end) == (3, 15)
