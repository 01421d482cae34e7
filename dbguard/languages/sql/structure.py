"""Statements on tables, schemas and databases: CREATE, ALTER, DROP, TRUNCATE, RENAME."""

from __future__ import annotations

from collections.abc import Iterator

from dbguard.flow import Node
from dbguard.languages.sql.columns import defined
from dbguard.languages.sql.dialects import MYSQL, ORACLE, POSTGRESQL, TSQL
from dbguard.languages.sql.names import Name, read_name, read_names, skip_existence, tables_read
from dbguard.languages.sql.rows import always_true, copy_rows
from dbguard.languages.sql.session import Scope
from dbguard.languages.sql.tokens import (
    NUMBER,
    ROW,
    Token,
    after_keys,
    closing,
    find_outside,
    has_keys,
    key,
    split_outside,
)
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
_NO_COLUMN = frozenset(
    ("CONSTRAINT", "INDEX", "PRIMARY", "FOREIGN", "DEFAULT", "CHECK", "KEY", "UNIQUE", "PARTITION", "NOT")
) | {"IDENTITY", "EXPRESSION", "PERIOD", "SYSTEM", "STATISTICS", "FEATURE", "ROW", "CLUSTERING", "TAG", "MASKING"} | {
    "SUPPLEMENTAL", "PROJECTION", "ATTRIBUTE", "FILES", "TBLPROPERTIES", "SERDE", "LIFECYCLE", "TTL",
}  # fmt: skip
_NO_DATABASE = frozenset(("LINK", "SCOPED", "AUDIT", "ENCRYPTION", "ROLE", "TRIGGER"))
_COMMA = frozenset((",",))
_ALTER_MODIFIERS = frozenset(("ONLINE", "OFFLINE", "IGNORE"))
_RENAMES_NO_TABLE = frozenset(
    ("COLUMN", "INDEX", "KEY", "CONSTRAINT", "PARTITION", "ATTRIBUTE", "VALUE", "FIELD")
)


def _cascade(tokens: list[Token], index: int) -> frozenset[Trait]:
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
    traits = _cascade(tokens, behind)
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
            traits=_cascade(tokens, behind),
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
            traits=_cascade(tokens, behind),
            spelling="TRUNCATE TABLE" if index > 1 else "TRUNCATE",
        )


# -- ALTER


def alter(scope: Scope, tokens: list[Token]) -> Iterator[Node]:
    """Lower ALTER TABLE with all its actions; other ALTER statements touch no rows."""
    at = 1
    while key(tokens, at) in _ALTER_MODIFIERS or key(tokens, at) in ("FOREIGN", "EXTERNAL"):
        if key(tokens, at) in ("FOREIGN", "EXTERNAL"):
            return
        at += 1
    if key(tokens, at) != "TABLE":
        return
    at = after_keys(tokens, skip_existence(tokens, at + 1), "ONLY")
    found = read_name(scope.text, tokens, at)
    if found is None:
        return
    table, at = found
    at = after_keys(tokens, at, "*")
    while has_keys(tokens, at, "WITH") and key(tokens, at + 1) in ("CHECK", "NOCHECK"):
        at += 2
    if key(tokens, at) == "ON" and key(tokens, at + 1) == "CLUSTER":  # ClickHouse
        at += 3
    lowered = False
    dropping = ""  # T-SQL names several things after one DROP: DROP COLUMN a, COLUMN b, c
    for number, action in enumerate(split_outside(tokens[at:], _COMMA)):
        start = tokens[0].start if number == 0 else (action[0].start if action else table.end)
        if key(action, 0) == "DROP":
            dropping = key(action, 1)
        elif dropping and key(action, 0) in ("COLUMN", "CONSTRAINT"):
            dropping = key(action, 0)
            action = [tokens[0]._replace(key="DROP"), *action]
        elif dropping == "COLUMN" and len(action) == 1:
            action = [tokens[0]._replace(key="DROP"), tokens[0]._replace(key="COLUMN"), *action]
        for node in _alter_action(scope, table, action, start):
            lowered = True
            yield node
    if not lowered:
        yield scope.operation(
            Kind.ALTER_TABLE,
            scope.session.table(table),
            tokens[0].start,
            table.end,
            spelling="ALTER TABLE",
        )


def _alter_action(scope: Scope, table: Name, action: list[Token], start: int) -> Iterator[Node]:
    verb, what = key(action, 0), key(action, 1)
    if verb in ("DROP", "TRUNCATE") and what in ("PARTITION", "SUBPARTITION"):
        yield from _drop_partition(scope, table, action, start)
    elif verb == "DROP":
        yield from _drop_columns(scope, table, action, start)
    elif verb == "RENAME" and what not in _RENAMES_NO_TABLE:
        yield from _rename(scope, table, action, start)
    elif (verb == "DELETE" and what == "WHERE") or (
        verb == "UPDATE" and len(action) > 2
    ):  # ClickHouse
        where = find_outside(action, frozenset(("WHERE",)))
        if always_true(scope.text, action[where + 1 :]):
            kind = Kind.DELETE_ROWS if verb == "DELETE" else Kind.UPDATE_ROWS
            target = scope.session.target(TargetKind.ROWS, table.text)
            yield scope.operation(
                kind, target, start, action[0].end, spelling=f"ALTER TABLE {verb}"
            )
    elif verb == "SET" and what == "UNUSED":  # Oracle: the column's values are gone for good
        yield from _drop_columns(scope, table, action[1:], start)


def _drop_partition(scope: Scope, table: Name, action: list[Token], start: int) -> Iterator[Node]:
    kind = Kind.DROP_TABLE if key(action, 0) == "DROP" else Kind.TRUNCATE_TABLE
    at = skip_existence(action, 2)
    at = after_keys(action, at, "FOR")
    found = read_name(scope.text, action, at)
    label, end = (found[0].text, found[0].end) if found else ("", action[1].end)
    if key(action, at) == "(":
        stop = min(closing(action, at), len(action) - 1)
        label, end = scope.text[action[at].start : action[stop].end], action[stop].end
    yield scope.operation(
        kind,
        scope.session.table(f"{table.text} partition {label}".rstrip()),
        start,
        end,
        spelling=f"ALTER TABLE {key(action, 0)} PARTITION",
    )


def _column_follows(action: list[Token], index: int) -> bool:
    """Say whether the bare name after DROP is a column and not a sort of thing to drop."""
    word = key(action, index)
    if word not in _NO_COLUMN:
        return True
    # A column may be called "index": then nothing but an option follows it.
    return (
        word in ("KEY", "INDEX", "DEFAULT", "TAG", "FILES")
        and len(action) == index + 1
        and word != "KEY"
    )


def _drop_columns(scope: Scope, table: Name, action: list[Token], start: int) -> Iterator[Node]:
    at = 1
    explicit = key(action, at) in ("COLUMN", "COLUMNS", "UNUSED")
    if explicit:
        at += 1
        if key(action, 0) != "UNUSED" and key(action, at) in ("COLUMNS",):
            at += 1
    at = skip_existence(action, at)
    if not explicit and (scope.session.dialect == TSQL or not _column_follows(action, at)):
        return  # a bare name is that of a constraint in T-SQL
    end = len(action)
    if key(action, at) == "(":
        end = closing(action, at)
        at += 1
    first = True
    while at < end:
        if action[at].kind == ROW:
            return
        found = read_name(scope.text, action[:end], at)
        if found is None or action[at].kind == NUMBER:
            return
        name, at = found
        traits = _cascade(action, min(end, len(action)))
        yield scope.operation(
            Kind.DROP_COLUMN,
            scope.session.target(TargetKind.COLUMN, f"{table.text}.{name.text}"),
            start if first else name.start,
            name.end,
            traits=traits | _cascade(action, at) if end == len(action) else traits,
            spelling="DROP COLUMN",
        )
        first = False
        if key(action, at) != ",":
            return
        at += 1


def _rename(scope: Scope, table: Name, action: list[Token], start: int) -> Iterator[Node]:
    at = 1
    if key(action, at) in ("TO", "AS", "="):
        at += 1
    elif key(action, 2) == "TO":  # PostgreSQL: RENAME a TO b renames a column
        return
    found = read_name(scope.text, action, at)
    if found is None:
        return
    yield rename_table(scope, table, found[0], start, found[0].end, "ALTER TABLE RENAME")


def rename_table(scope: Scope, old: Name, new: Name, start: int, end: int, spelling: str) -> Node:
    """Return the renaming of a table; the new name stays in the schema of the old one."""
    session = scope.session
    schema = old.text.rpartition(".")[0]
    name = new.text if "." in new.text or not schema else f"{schema}.{new.text}"
    source = session.table(old)
    if source.throwaway and session.is_temporary(old.text):
        session.temporary.discard(old.text.lower())
        session.temporary.add(name.lower())
    else:
        session.temporary.discard(name.lower())
    return scope.operation(
        Kind.RENAME_TABLE, session.table(name), start, end, source=source, spelling=spelling
    )


def rename(scope: Scope, tokens: list[Token]) -> Iterator[Node]:
    """Lower MySQL's RENAME TABLE a TO b, c TO d and Oracle's RENAME a TO b."""
    at = 1
    if key(tokens, at) in ("TABLE", "TABLES"):
        at += 1
    elif scope.session.dialect != ORACLE and key(tokens, 2) != "TO":
        return
    at = skip_existence(tokens, at)
    start = tokens[0].start
    while at < len(tokens):
        old = read_name(scope.text, tokens, at)
        if old is None or key(tokens, old[1]) != "TO":
            return
        new = read_name(scope.text, tokens, old[1] + 1)
        if new is None:
            return
        yield rename_table(scope, old[0], new[0], start, new[0].end, "RENAME TABLE")
        if key(tokens, new[1]) != ",":
            return
        at = new[1] + 1
        start = tokens[at].start if at < len(tokens) else start


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
