"""One plain SQL statement to operations, by its first word."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from dbguard.databases import normal_path
from dbguard.flow import Node
from dbguard.languages.sql import alterations, rows, structure
from dbguard.languages.sql.comparison import checked_insert, failing_select
from dbguard.languages.sql.dialects import POSTGRESQL
from dbguard.languages.sql.dynamic import built_text, literal
from dbguard.languages.sql.names import read_name
from dbguard.languages.sql.session import Scope, timestamped
from dbguard.languages.sql.tokens import Token, after_keys, closing, find_outside, has_keys, key
from dbguard.operations import Kind, TargetKind

_ON = frozenset(("ON", "1", "TRUE", "YES"))
_OFF = frozenset(("OFF", "0", "FALSE", "NO"))
_VERBS = frozenset(("DELETE", "UPDATE", "INSERT", "SELECT", "MERGE", "REPLACE"))


def plain_statement(scope: Scope, tokens: list[Token]) -> Iterator[Node]:
    """Lower one statement without control flow. What is not known gives nothing."""
    if tokens and tokens[0].key == "(":
        at = next((index for index, token in enumerate(tokens) if token.key != "("), len(tokens))
        tokens = tokens[at:]
    lowering = _LOWERINGS.get(key(tokens, 0))
    if lowering is not None:
        yield from lowering(scope, tokens)


def _with(scope: Scope, tokens: list[Token]) -> Iterator[Node]:
    """Lower WITH x AS (...) and the statement behind it; PostgreSQL lets x modify rows too."""
    selections: dict[str, list[Token]] = {}
    index = 0
    while index < len(tokens):
        if tokens[index].key == "(":
            end = closing(tokens, index)
            if (name := _named_before(scope.text, tokens, index)) is not None:
                selections[name] = tokens[index + 1 : end]
            if key(tokens, index + 1) in ("DELETE", "UPDATE", "INSERT"):
                yield from plain_statement(scope, tokens[index + 1 : end])
            index = end
        index += 1
    main = find_outside(tokens, _VERBS)
    while main < len(tokens) and key(tokens, main - 1) in ("FOR", "AS"):
        main = find_outside(tokens, _VERBS, main + 1)
    if main < len(tokens):
        if tokens[main].key == "SELECT":
            yield from rows.select(scope, tokens)
        elif not _changes_part_of(scope, selections, tokens[main:]):
            yield from plain_statement(scope, tokens[main:])


def _named_before(text: str, tokens: list[Token], index: int) -> str | None:
    """Return the name that ``name AS (`` gives to what stands in the parenthesis, or None."""
    if key(tokens, index - 1) != "AS" or index < 2:
        return None
    start = index - 2
    if tokens[start].key == ")":  # WITH name (column, ...) AS (
        start = max((at for at in range(start) if tokens[at].key == "("), default=0) - 1
    found = read_name(text, tokens, start) if start > 0 else None
    return found[0].text.lower() if found is not None else None


def _changes_part_of(
    scope: Scope, selections: dict[str, list[Token]], statement: list[Token]
) -> bool:
    """Say whether DELETE or UPDATE work on a WITH that keeps rows out (T-SQL)."""
    if key(statement, 0) not in ("DELETE", "UPDATE"):
        return False
    found = read_name(scope.text, statement, after_keys(statement, 1, "FROM"))
    body = selections.get(found[0].text.lower()) if found is not None else None
    return body is not None and rows.keeps_rows_out(scope.text, body)


def _explain(scope: Scope, tokens: list[Token]) -> Iterator[Node]:
    """EXPLAIN ANALYZE runs its statement, EXPLAIN does not."""
    if not any(token.key in ("ANALYZE", "ANALYSE") for token in tokens[:8]):
        return
    main = find_outside(tokens, _VERBS | {"WITH"})
    yield from plain_statement(scope, tokens[main:])


def _insert(scope: Scope, tokens: list[Token]) -> Iterator[Node]:
    yield from rows.insert(scope, tokens)
    into = find_outside(tokens, frozenset(("INTO",)))
    found = read_name(scope.text, tokens, into + 1)
    if found is not None:
        yield from checked_insert(scope, found[0].text, tokens[found[1] :])


def _replace(scope: Scope, tokens: list[Token]) -> Iterator[Node]:
    if key(tokens, 1) == "TABLE":  # BigQuery and others: REPLACE TABLE
        yield from structure.create(scope, [tokens[0], tokens[0]._replace(key="OR"), *tokens])
    else:
        yield from rows.insert(scope, tokens)


def _select(scope: Scope, tokens: list[Token]) -> Iterator[Node]:
    yield from rows.select(scope, tokens)
    yield from failing_select(scope, tokens)


def _delete(scope: Scope, tokens: list[Token]) -> Iterator[Node]:
    if scope.session.writable_schema and any(
        token.key in ("SQLITE_MASTER", "SQLITE_SCHEMA") for token in tokens[:4]
    ):
        yield scope.operation(
            Kind.DROP_ALL,
            scope.session.here(),
            tokens[0].start,
            tokens[min(2, len(tokens) - 1)].end,
            spelling="DELETE FROM sqlite_master",
        )
        return
    yield from rows.delete(scope, tokens)


# -- the session


def _pragma(scope: Scope, tokens: list[Token]) -> Iterator[Node]:
    at = 1
    if key(tokens, 2) == ".":
        at = 3
    name = key(tokens, at)
    value = key(tokens, at + 2)
    if name == "WRITABLE_SCHEMA":
        scope.session.writable_schema = value in _ON
    elif name == "FOREIGN_KEYS" and value:
        yield from _foreign_keys(scope, tokens, value)


def _foreign_keys(scope: Scope, tokens: list[Token], value: str) -> Iterator[Node]:
    if value in _ON or value in _OFF:
        kind = Kind.FOREIGN_KEYS_ON if value in _ON else Kind.FOREIGN_KEYS_OFF
        yield scope.operation(
            kind, scope.session.here(), tokens[0].start, tokens[-1].end, spelling=tokens[0].key
        )


def _set(scope: Scope, tokens: list[Token]) -> Iterator[Node]:
    for index, token in enumerate(tokens):
        if token.key in ("FOREIGN_KEY_CHECKS", "@@FOREIGN_KEY_CHECKS"):
            yield from _foreign_keys(scope, tokens, key(tokens, index + 2))
    schema = {"SEARCH_PATH": 1, "SCHEMA": 1}.get(key(tokens, 1))
    if schema and key(tokens, 2) in ("TO", "="):
        return


def transaction(scope: Scope, tokens: list[Token]) -> Iterator[Node]:
    """Lower BEGIN, START TRANSACTION, COMMIT, END, ROLLBACK; a savepoint is none of them."""
    verb = tokens[0].key
    if verb in ("BEGIN", "START"):
        kind = Kind.BEGIN
        scope.session.in_transaction = True
    elif verb in ("COMMIT", "END"):
        kind = Kind.COMMIT
    elif any(token.key in ("TO", "SAVEPOINT", "PREPARED") for token in tokens[1:4]):
        return
    else:
        kind = Kind.ROLLBACK
    yield scope.operation(
        kind,
        scope.session.here(),
        tokens[0].start,
        tokens[min(1, len(tokens) - 1)].end,
        spelling=verb,
    )
    if kind is not Kind.BEGIN:
        scope.session.in_transaction = any(token.key == "CHAIN" for token in tokens)


def _start(scope: Scope, tokens: list[Token]) -> Iterator[Node]:
    if key(tokens, 1) == "TRANSACTION":
        yield from transaction(scope, tokens)


def _use(scope: Scope, tokens: list[Token]) -> Iterator[Node]:
    at = 1
    while key(tokens, at) in ("DATABASE", "SCHEMA", "WAREHOUSE", "ROLE", "CATALOG"):
        if key(tokens, at) in ("WAREHOUSE", "ROLE"):
            return
        at += 1
    found = read_name(scope.text, tokens, at)
    if found is None:
        return
    scope.session.database = found[0].text
    yield scope.operation(
        Kind.CONNECT,
        scope.session.target(TargetKind.DATABASE, found[0].text),
        tokens[0].start,
        found[0].end,
        spelling="USE",
    )


def _attach(scope: Scope, tokens: list[Token]) -> Iterator[Node]:
    at = after_keys(tokens, 1, "DATABASE")
    path = literal(scope.region, tokens[at]) if at < len(tokens) else None
    if not path or key(tokens, at) == "PARTITION":
        return
    path = normal_path(path)
    yield scope.operation(
        Kind.CONNECT, scope.session.file(path), tokens[0].start, tokens[at].end, spelling="ATTACH"
    )


def _vacuum(scope: Scope, tokens: list[Token]) -> Iterator[Node]:
    """``VACUUM INTO`` takes an expression: the name may be put together (sqlite.org)."""
    at = find_outside(tokens, frozenset(("INTO",)))
    path = built_text(scope.region, tokens[at + 1 :], scope.session.variables)
    if path is not None and path.text:
        yield scope.operation(
            Kind.BACKUP,
            scope.session.file(normal_path(path.text)),
            tokens[0].start,
            tokens[-1].end,
            source=scope.session.here(),
            traits=timestamped(path.text),
            spelling="VACUUM INTO",
        )


# -- backups and restores in SQL


def _place(scope: Scope, tokens: list[Token], index: int) -> tuple[str, int]:
    """Return the first literal from *index* on (a path, a URL) and where it ends."""
    for token in tokens[index:]:
        if token.kind == "string" or token.key.startswith("@"):
            return literal(scope.region, token) or "", token.end
    return "", tokens[-1].end


def _backup(scope: Scope, tokens: list[Token]) -> Iterator[Node]:
    """Lower T-SQL's BACKUP DATABASE x TO DISK = 'f' and the forms of CockroachDB and ClickHouse."""
    what = key(tokens, 1)
    if what not in ("DATABASE", "TABLE", "INTO", "TO"):
        return
    found = read_name(scope.text, tokens, 2) if what in ("DATABASE", "TABLE") else None
    kind = TargetKind.TABLE if what == "TABLE" else TargetKind.DATABASE
    source = scope.session.target(kind, found[0].text) if found else scope.session.here()
    place, end = _place(scope, tokens, found[1] if found else 1)
    yield scope.operation(
        Kind.BACKUP,
        scope.session.file(place),
        tokens[0].start,
        end,
        source=source,
        traits=timestamped(place),
        spelling="BACKUP",
    )


def _restore(scope: Scope, tokens: list[Token]) -> Iterator[Node]:
    what = key(tokens, 1)
    if what not in ("DATABASE", "TABLE"):
        return
    found = read_name(scope.text, tokens, 2)
    if found is None:
        return
    kind = TargetKind.TABLE if what == "TABLE" else TargetKind.DATABASE
    place, _ = _place(scope, tokens, found[1])
    yield scope.operation(
        Kind.RESTORE,
        scope.session.target(kind, found[0].text),
        tokens[0].start,
        found[0].end,
        source=scope.session.file(place),
        spelling=f"RESTORE {what}",
    )


def _copy(scope: Scope, tokens: list[Token]) -> Iterator[Node]:
    """Lower PostgreSQL's COPY t TO 'file', which keeps the rows of one table aside."""
    to = find_outside(tokens, frozenset(("TO",)))
    found = read_name(scope.text, tokens, 1)
    if found is None or to + 1 >= len(tokens) or tokens[to + 1].kind != "string":
        return
    place = literal(scope.region, tokens[to + 1]) or ""
    yield scope.operation(
        Kind.BACKUP,
        scope.session.file(place),
        tokens[0].start,
        tokens[to + 1].end,
        source=scope.session.table(found[0]),
        traits=timestamped(place),
        spelling="COPY TO",
    )


def _truncate(scope: Scope, tokens: list[Token]) -> Iterator[Node]:
    if key(tokens, 1) == "(" and scope.session.dialect != POSTGRESQL:  # the function
        return
    yield from structure.truncate(scope, tokens)


def rename_procedure(scope: Scope, tokens: list[Token], arguments: int) -> Iterator[Node]:
    """Lower T-SQL's ``sp_rename 'old', 'new'``; a third argument 'COLUMN' renames no table."""
    values = [token for token in tokens[arguments:] if token.kind in ("string", "quoted")]
    if len(values) < 2 or key(tokens, 0) == "":
        return
    third = (literal(scope.region, values[2]) or "").upper() if len(values) > 2 else "OBJECT"
    old = read_name(scope.text, [values[0]._replace(key="")], 0)
    new = read_name(scope.text, [values[1]._replace(key="")], 0)
    if old is None or new is None or third not in ("OBJECT", ""):
        return
    start, end = tokens[0].start, values[1].end
    yield alterations.rename_table(scope, old[0], new[0], start, end, "sp_rename")


_LOWERINGS: dict[str, Callable[[Scope, list[Token]], Iterator[Node]]] = {
    "ALTER": alterations.alter,
    "ATTACH": _attach,
    "BACKUP": _backup,
    "COMMIT": transaction,
    "COPY": _copy,
    "CREATE": structure.create,
    "DELETE": _delete,
    "DROP": structure.drop,
    "EXPLAIN": _explain,
    "INSERT": _insert,
    "PRAGMA": _pragma,
    "RENAME": alterations.rename,
    "REPLACE": _replace,
    "RESTORE": _restore,
    "ROLLBACK": transaction,
    "SELECT": _select,
    "SET": _set,
    "START": _start,
    "TRUNCATE": _truncate,
    "UPDATE": rows.update,
    "USE": _use,
    "VACUUM": _vacuum,
    "WITH": _with,
}


def is_transaction_begin(tokens: list[Token], index: int) -> bool:
    """Say whether the BEGIN at *index* opens a transaction and not a block."""
    following = key(tokens, index + 1)
    return following in (
        "", ";", "TRAN", "TRANSACTION", "WORK", "DEFERRED", "IMMEDIATE", "EXCLUSIVE", "ISOLATION", "READ", "CONCURRENT"
    ) and not has_keys(tokens, index, "BEGIN", "READ", "(")  # fmt: skip
