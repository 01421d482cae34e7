"""ALTER TABLE with its actions, and RENAME: what changes about a table that stays."""

from __future__ import annotations

from collections.abc import Iterator

from dbguard.flow import Node
from dbguard.languages.sql.dialects import ORACLE, TSQL
from dbguard.languages.sql.names import Name, read_name, skip_existence
from dbguard.languages.sql.rows import always_true
from dbguard.languages.sql.session import Scope
from dbguard.languages.sql.structure import cascade
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
from dbguard.operations import Kind, TargetKind

_NO_COLUMN = frozenset(
    ("CONSTRAINT", "INDEX", "PRIMARY", "FOREIGN", "DEFAULT", "CHECK", "KEY", "UNIQUE", "PARTITION", "NOT")
) | {"IDENTITY", "EXPRESSION", "PERIOD", "SYSTEM", "STATISTICS", "FEATURE", "ROW", "CLUSTERING", "TAG", "MASKING"} | {
    "SUPPLEMENTAL", "PROJECTION", "ATTRIBUTE", "FILES", "TBLPROPERTIES", "SERDE", "LIFECYCLE", "TTL",
}  # fmt: skip
_COMMA = frozenset((",",))
_ALTER_MODIFIERS = frozenset(("ONLINE", "OFFLINE", "IGNORE"))
_RENAMES_NO_TABLE = frozenset(
    ("COLUMN", "INDEX", "KEY", "CONSTRAINT", "PARTITION", "ATTRIBUTE", "VALUE", "FIELD")
)


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
        traits = cascade(action, min(end, len(action)))
        yield scope.operation(
            Kind.DROP_COLUMN,
            scope.session.target(TargetKind.COLUMN, f"{table.text}.{name.text}"),
            start if first else name.start,
            name.end,
            traits=traits | cascade(action, at) if end == len(action) else traits,
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
