"""Statements on whole tables, schemas and databases: CREATE, DROP, TRUNCATE."""

from __future__ import annotations

from collections.abc import Iterator

from dbguard.flow import Node
from dbguard.languages.sql.columns import defined
from dbguard.languages.sql.dialects import MYSQL, POSTGRESQL
from dbguard.languages.sql.names import Name, read_name, read_names, skip_existence, tables_read
from dbguard.languages.sql.rows import copy_rows
from dbguard.languages.sql.session import Scope
from dbguard.languages.sql.tokens import ROW, Token, after_keys, closing, has_keys, key
from dbguard.operations import Kind, TargetKind, Trait

_TABLE_SORTS = frozenset(
    (
        "TEMPORARY",
        "TEMP",
        "TRANSIENT",
        "UNLOGGED",
        "GLOBAL",
        "LOCAL",
        "ICEBERG",
        "HYBRID",
        "DYNAMIC",
        "COLUMN",
    )
) | {
    "ROW",
    "VIRTUAL",
    "EXTERNAL",
    "FOREIGN",
    "PRIVATE",
    "VOLATILE",
    "MULTISET",
    "SET",
    "REPLICATED",
    "SHARDED",
}
_TEMPORARY_SORTS = frozenset(("TEMPORARY", "TEMP", "PRIVATE", "VOLATILE"))
_DEFINITION_SORTS = frozenset(("EXTERNAL", "FOREIGN", "VIRTUAL"))
_NO_DATABASE = frozenset(("LINK", "SCOPED", "AUDIT", "ENCRYPTION", "ROLE", "TRIGGER"))


def cascade(tokens: list[Token], index: int) -> frozenset[Trait]:
    """Return the trait of a DROP that takes with it what depends on the thing dropped."""
    for token in tokens[index : index + 12]:
        if token.key == "CASCADE":
            return frozenset((Trait.CASCADE,))
    return frozenset()


def _sort(tokens: list[Token], index: int) -> tuple[set[str], int]:
    """Read the words before TABLE; return them and the index of what follows them."""
    words: set[str] = set()
    while key(tokens, index) in _TABLE_SORTS and len(words) < 4:
        words.add(key(tokens, index))
        index += 1
    return words, index


def drop(scope: Scope, tokens: list[Token]) -> Iterator[Node]:
    """Lower a DROP statement. Views, indexes, functions, triggers hold no rows: nothing."""
    sorts, at = _sort(tokens, 1)
    what = key(tokens, at)
    if what in ("TABLE", "TABLES"):
        if sorts & _DEFINITION_SORTS and "VIRTUAL" not in sorts:
            return
        yield from _drop_tables(scope, tokens, at + 1, bool(sorts & _TEMPORARY_SORTS))
    elif what in ("DATABASE", "SCHEMA", "KEYSPACE", "DATABASES", "CATALOG") or (
        what == "PLUGGABLE" and key(tokens, at + 1) == "DATABASE"
    ):
        yield from _drop_databases(scope, tokens, at + (2 if what == "PLUGGABLE" else 1))
    elif what == "OWNED" and key(tokens, at + 1) == "BY":
        yield from _drop_databases(scope, tokens, at + 2)
    elif what == "TABLESPACE" and scope.session.dialect not in (POSTGRESQL, MYSQL):
        yield from _drop_databases(scope, tokens, at + 1)
    elif what == "USER" and scope.session.dialect not in (POSTGRESQL, MYSQL):
        found = read_name(scope.text, tokens, skip_existence(tokens, at + 1))
        if found and key(tokens, found[1]) == "CASCADE":  # Oracle: the user's tables too
            yield from _drop_databases(scope, tokens, at + 1)


def _drop_tables(scope: Scope, tokens: list[Token], index: int, temporary: bool) -> Iterator[Node]:
    names, behind = read_names(scope.text, tokens, index)
    traits = cascade(tokens, behind)
    if temporary:
        traits |= {Trait.TEMPORARY}
        scope.session.temporary.update(name.text.lower() for name in names)
    for position, name in enumerate(names):
        yield scope.operation(
            Kind.DROP_TABLE,
            scope.session.table(name),
            name.start if position else tokens[0].start,
            name.end,
            traits=traits,
            spelling="DROP TABLE",
        )


def _drop_databases(scope: Scope, tokens: list[Token], index: int) -> Iterator[Node]:
    index = skip_existence(tokens, index)
    if key(tokens, index) in _NO_DATABASE and read_name(scope.text, tokens, index + 1):
        return
    what = key(tokens, 1)
    names, behind = read_names(scope.text, tokens, index)
    if what == "SCHEMA" and key(tokens, behind) == "RESTRICT":  # drops an empty one only
        return
    kind = (
        TargetKind.DATABASE if what in ("DATABASE", "PLUGGABLE", "KEYSPACE") else TargetKind.SCHEMA
    )
    start = tokens[0].start
    for position, name in enumerate(names):
        if position:
            start = name.start
        yield scope.operation(
            Kind.DROP_DATABASE,
            scope.session.target(kind, name.text),
            start,
            name.end,
            traits=cascade(tokens, behind),
            spelling=f"DROP {what}" + (" BY" if what == "OWNED" else ""),
        )


def truncate(scope: Scope, tokens: list[Token]) -> Iterator[Node]:
    """Lower TRUNCATE TABLE a, b."""
    index = after_keys(tokens, after_keys(tokens, 1, "TEMPORARY"), "TABLE")
    names, behind = read_names(scope.text, tokens, index)
    start = tokens[0].start
    for position, name in enumerate(names):
        if position:
            start = name.start
        yield scope.operation(
            Kind.TRUNCATE_TABLE,
            scope.session.table(name),
            start,
            name.end,
            traits=cascade(tokens, behind),
            spelling="TRUNCATE TABLE" if index > 1 else "TRUNCATE",
        )


# -- CREATE


def create(scope: Scope, tokens: list[Token]) -> Iterator[Node]:
    """Lower CREATE TABLE, CREATE DATABASE, CREATE SCHEMA; others create no place for rows."""
    replaces = has_keys(tokens, 1, "OR", "REPLACE")
    at = 3 if replaces else 1
    sorts, at = _sort(tokens, at)
    what = key(tokens, at)
    if what in ("DATABASE", "SCHEMA", "KEYSPACE"):
        absent = key(tokens, at + 1) == "IF"
        found = read_name(scope.text, tokens, skip_existence(tokens, at + 1))
        if found is None:
            return
        name = found[0]
        kind = TargetKind.SCHEMA if what == "SCHEMA" else TargetKind.DATABASE
        target = scope.session.target(kind, name.text)
        if replaces:
            yield scope.operation(
                Kind.DROP_DATABASE,
                target,
                tokens[0].start,
                name.end,
                spelling=f"CREATE OR REPLACE {what}",
            )
        yield scope.operation(
            Kind.CREATE_DATABASE,
            target,
            tokens[0].start,
            name.end,
            traits=frozenset((Trait.IF_NOT_EXISTS,)) if absent else frozenset(),
            spelling=f"CREATE {what}",
        )
        return
    if what != "TABLE":
        return
    absent = key(tokens, at + 1) == "IF"
    found = read_name(scope.text, tokens, skip_existence(tokens, at + 1))
    if found is None:
        return
    table, at = found
    yield from _create_table(scope, tokens, table, at, sorts, replaces, absent)


def _columns(scope: Scope, tokens: list[Token], at: int) -> tuple[str, ...]:
    """Return the columns of a CREATE TABLE, as far as a copy in the same text may need them."""
    if not scope.session.may_copy or at >= len(tokens):
        return ()
    if tokens[at].kind == ROW:
        return defined(scope.text[tokens[at].start : tokens[at].end])
    if key(tokens, at) != "(" or key(tokens, at + 1) == "SELECT":
        return ()
    end = min(closing(tokens, at), len(tokens) - 1)
    return defined(scope.text[tokens[at].start : tokens[end].end])


def _create_table(
    scope: Scope,
    tokens: list[Token],
    table: Name,
    at: int,
    sorts: set[str],
    replaces: bool,
    absent: bool,
) -> Iterator[Node]:
    session = scope.session
    lowered = table.text.lower()
    if sorts & _TEMPORARY_SORTS:
        session.temporary.add(lowered)
    elif not absent:
        session.temporary.discard(lowered)
    traits: frozenset[Trait] = frozenset()
    if session.is_temporary(table.text):
        traits |= {Trait.TEMPORARY}
    if absent:
        traits |= {Trait.IF_NOT_EXISTS}
    target = session.table(table)
    if replaces and not sorts & _DEFINITION_SORTS:
        yield scope.operation(
            Kind.DROP_TABLE, target, tokens[0].start, table.end, spelling="CREATE OR REPLACE TABLE"
        )
    yield scope.operation(
        Kind.CREATE_TABLE,
        target,
        tokens[0].start,
        table.end,
        traits=traits,
        spelling="CREATE TABLE",
        columns=_columns(scope, tokens, at),
    )
    words = {token.key for token in tokens[at:]}
    if "CHECK" in words:
        session.checked_tables.add(lowered)
    if "SELECT" not in words and "TABLE" not in words:
        return
    body = tokens[at:]
    columns = body[0].kind == ROW or (key(body, 0) == "(" and key(body, 1) != "SELECT")
    if tables_read(scope.text, body):  # CREATE TABLE x AS SELECT ..., also in parentheses
        yield from copy_rows(
            scope, body, target, tokens[0].start, table.end, columns, "CREATE TABLE AS"
        )
