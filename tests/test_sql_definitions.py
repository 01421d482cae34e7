"""The columns of a CREATE TABLE are read as one token: nothing else may change by that."""

from __future__ import annotations

from unittest.mock import patch

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dbguard.flow import Flow, operations
from dbguard.languages.sql import lexer, lower
from dbguard.languages.sql.tokens import ROW
from dbguard.source import Region, SourceFile

PARTS = (
    "id int", "PRIMARY KEY", "name varchar(100)", "DEFAULT 'a''b'", "DEFAULT 'it (is'", "(", ")",
    "CHECK (a > 0)", "checked bool", "'CHECK'", '"check"', "-- CHECK this (", "\n", "-- don't\n",
    "DEFAULT nextval('s'::regclass)", "[order]", "[a(b]", "tags text[]", "`x`", '"a b"', ",", ";",
    "/* ) */", "LIKE old", "AS SELECT * FROM old", "SELECT a FROM old", "DROP TABLE x", "\nGO\n",
    "E'it\\'s ('", "$$ ) $$", "{{ columns }}", "<% x %>", "%s", ":name", "-1", "--", "--5", "# a )",
    "DEFAULT (now() + (1 + (2)))", "EXECUTE 'DROP TABLE y'", "\n-- down\n", "N'x'", "'", '"', "`",
    "-- dbguard: ignore[drop-table]\n", "/*!50000 int) */", "*/", "GENERATED ALWAYS AS (a)",
)  # fmt: skip
BEFORE = ("", "DROP TABLE a; ", "BEGIN; ", "CREATE TABLE c AS ", "IF x THEN ", "/*!50000 ")
BEHIND = (
    ";", "", " AS SELECT * FROM old;", " WITHOUT ROWID;", "\nGO\nDROP TABLE t;", "; DROP TABLE old;",
    "; INSERT INTO t VALUES (0); DROP TABLE old", " PARTITION BY RANGE (id); TRUNCATE t",
)  # fmt: skip
HEADS = ("TABLE t", "TABLE IF NOT EXISTS t", "TEMP TABLE s.t", "OR REPLACE TABLE t", "INDEX i ON t")


def _read(text: str, dialect: str) -> list[tuple[object, ...]]:
    lowered = lower(Region.of_file(SourceFile("x.sql", text), "sql", dialect))
    return [_flow(flow) for flow in lowered.flows] + [
        (problem.error, problem.span) for problem in lowered.problems
    ]


def _flow(flow: Flow) -> tuple[object, ...]:
    return flow.name, *(
        (found.kind, found.span, found.target, found.source, found.reads, found.traits)
        for found in operations(flow.body)
    )


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(BEFORE),
    st.sampled_from(HEADS),
    st.lists(st.sampled_from(PARTS), max_size=7),
    st.sampled_from(BEHIND),
    st.sampled_from(("", "postgresql", "mysql", "sqlite", "tsql", "oracle")),
)
@example("", "TABLE t", ["id int", ",", "CHECK (a > 0)"], "; INSERT INTO t VALUES (0);", "")
def test_changes_nothing(
    before: str, head: str, parts: list[str], behind: str, dialect: str
) -> None:
    text = f"{before}CREATE {head} ({' '.join(parts)}){behind}"
    found = _read(text, dialect)
    with patch.object(lexer, "definitions_may_begin", lambda *_: False):
        assert found == _read(text, dialect)


@pytest.mark.parametrize(
    ("columns", "key"),
    [
        ("(id int, name varchar(10) DEFAULT 'x')", ""),
        ("(id int -- the (only\n)", ""),
        ("(id int CHECK (id > 0))", "CHECK"),
        ("(id int DEFAULT 'CHECK')", ""),
        ("(checked int)", ""),
    ],
)
def test_is_one_token(columns: str, key: str) -> None:
    text = f"CREATE TABLE t {columns};"
    tokens = lexer.Lexer(text, 0, len(text), "").read()
    assert [(token.kind, token.key) for token in tokens[3:-1]] == [(ROW, key)]
