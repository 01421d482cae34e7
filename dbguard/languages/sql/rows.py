"""Statements on rows: DELETE, UPDATE, INSERT ... SELECT, SELECT."""

from __future__ import annotations

from collections.abc import Iterator

from dbguard.flow import Node
from dbguard.languages.sql.columns import selected
from dbguard.languages.sql.names import Name, read_name, tables_read
from dbguard.languages.sql.session import Scope
from dbguard.languages.sql.tokens import (
    HOLE,
    NUMBER,
    QUOTED,
    STRING,
    WORD,
    Token,
    after_keys,
    closing,
    find_outside,
    has_keys,
    key,
    split_outside,
    unwrapped,
)
from dbguard.operations import Kind, Target, TargetKind, Trait

_WHERE = frozenset(("WHERE",))
_WHERE_ENDS = frozenset(
    (
        "GROUP",
        "ORDER",
        "LIMIT",
        "RETURNING",
        "OPTION",
        "HAVING",
        "FETCH",
        "WINDOW",
        "UNION",
        "LOG",
        "SETTINGS",
    )
)
_OR, _AND = frozenset(("OR", "||")), frozenset(("AND", "&&"))
_COMPARISONS = frozenset(("=", "<>", "!=", "<", ">", "<=", ">=", "==", "<=>"))
_CONSTANTS = frozenset((NUMBER, STRING))
_MAX_DEPTH = 20
_ENDS_CLAUSE = frozenset((WORD, QUOTED, HOLE, NUMBER, STRING))
_TAKES_VALUE = frozenset(("AS", "LIMIT", "SET", "TOP", "BY", "USING", "FROM", "IN", "LIKE"))


# -- conditions


def always_true(text: str, condition: list[Token], depth: int = 0) -> bool:
    """Say whether a condition keeps no row out: ``1=1``, ``true``, ``'a'='a'``, ``x OR 1=1``."""
    condition = unwrapped(condition)
    if not condition or depth > _MAX_DEPTH:
        return False
    alternatives = split_outside(condition, _OR)
    if len(alternatives) > 1:
        return any(always_true(text, part, depth + 1) for part in alternatives)
    if key(condition, 1) != "BETWEEN":
        parts = split_outside(condition, _AND)
        if len(parts) > 1:
            return all(always_true(text, part, depth + 1) for part in parts)
    if condition[0].key == "NOT":
        return len(condition) == 2 and condition[1].key in ("FALSE", "0")
    if condition[0].key == "EXISTS" and key(condition, 1) == "(":
        inner = unwrapped(condition[1:])
        return key(inner, 0) == "SELECT" and len(inner) == 2 and inner[1].kind in _CONSTANTS
    if len(condition) == 1:
        token = condition[0]
        return token.key == "TRUE" or (token.kind == NUMBER and token.key.strip("0.") != "")
    if len(condition) == 3 and condition[1].key in _COMPARISONS:
        return _constant_comparison(text, condition)
    return has_keys(condition, 1, "IS", "NOT", "NULL") and condition[0].kind in _CONSTANTS


def _constant_comparison(text: str, condition: list[Token]) -> bool:
    left, mark, right = condition
    left_text, right_text = text[left.start : left.end], text[right.start : right.end]
    if left.kind not in _CONSTANTS or right.kind not in _CONSTANTS:
        same_name = left.kind in (WORD, QUOTED) and left.kind == right.kind
        return (
            mark.key in ("=", "==", "<=>") and same_name and left_text.lower() == right_text.lower()
        )
    equal = left_text == right_text
    if mark.key in ("=", "==", "<=>"):
        return equal
    if mark.key in ("<>", "!="):
        return not equal and left.kind == right.kind
    try:
        low, high = float(left_text), float(right_text)
    except ValueError:
        return False
    return {
        "<": low < high,
        ">": low > high,
        "<=": low <= high,
        ">=": low >= high,
    }[mark.key]


def _limits_rows(text: str, tokens: list[Token], index: int) -> bool:
    """Say whether what follows the target keeps rows out: a WHERE, an inner JOIN, a hole."""
    where = find_outside(tokens, _WHERE, index)
    if where < len(tokens):
        stop = find_outside(tokens, _WHERE_ENDS, where + 1)
        condition = tokens[where + 1 : stop]
        if not condition:
            return where + 1 < len(tokens)
        return not always_true(text, condition)
    return _joins(tokens, index) or _ends_in_hole(tokens, index)


def _joins(tokens: list[Token], index: int) -> bool:
    depth = 0
    for position in range(index, len(tokens)):
        mark = tokens[position].key
        if mark == "(":
            depth += 1
        elif mark == ")":
            depth -= 1
        elif mark == "JOIN" and depth == 0:
            outer = [key(tokens, position - back) for back in (1, 2)]
            if not {"LEFT", "RIGHT", "FULL", "CROSS"} & set(outer):
                return True
    return False


def _ends_in_hole(tokens: list[Token], index: int) -> bool:
    """Say whether a template hole stands where a WHERE would (``DELETE FROM t {where}``)."""
    for position in range(index, len(tokens)):
        token = tokens[position]
        hole = (token.kind == HOLE and token.key != "?") or token.key.startswith("__HOLE_")
        before = tokens[position - 1]
        follows = before.kind in _ENDS_CLAUSE and before.end < token.start
        if hole and follows and before.key not in _TAKES_VALUE:
            return True
    return False


# -- DELETE and UPDATE


def delete(scope: Scope, tokens: list[Token]) -> Iterator[Node]:
    """Lower a DELETE that keeps no row out; a filtered one is nothing to guard against."""
    at = 1
    while key(tokens, at) in ("LOW_PRIORITY", "QUICK", "IGNORE"):
        at += 1
    if key(tokens, at) == "TOP":
        at += 1
        at = closing(tokens, at) + 1 if key(tokens, at) == "(" else at + 1
        at = after_keys(tokens, at, "PERCENT")
    direct = key(tokens, at) == "FROM"
    names: list[Name] = []
    if direct:
        at = after_keys(tokens, at + 1, "ONLY")
        parenthesis = key(tokens, at) == "("
        found = read_name(scope.text, tokens, at + parenthesis)
    else:
        found = read_name(scope.text, tokens, at)
    while found is not None:
        name, at = found
        names.append(name)
        if has_keys(tokens, at, ".", "*"):
            at += 2
        if key(tokens, at) != ",":
            break
        found = read_name(scope.text, tokens, at + 1)
    if not names or _limits_rows(scope.text, tokens, at):
        return
    aliases = _aliases(scope.text, tokens, at)
    if key(tokens, 0) == "DELETE" and not direct and len(tokens) > at and key(tokens, at) not in (
        "FROM", "OUTPUT", "WITH", "AS", "OPTION", "ORDER", "LIMIT", ")", "END", "RETURNING", "USING"
    ):  # fmt: skip
        following = tokens[at]
        if following.kind not in (WORD, QUOTED) or len(tokens) > at + 1:
            return  # not a DELETE statement at all
    for position, name in enumerate(names):
        table = aliases.get(name.text.lower(), name.text)
        yield scope.operation(
            Kind.DELETE_ROWS,
            scope.session.target(TargetKind.ROWS, table),
            name.start if position else tokens[0].start,
            name.end,
            spelling="DELETE",
        )


def _aliases(text: str, tokens: list[Token], index: int) -> dict[str, str]:
    """Return what the aliases of a later FROM stand for (T-SQL, MySQL multi-table forms)."""
    aliases: dict[str, str] = {}
    for position in range(index, len(tokens)):
        if tokens[position].key not in ("FROM", "JOIN", ",", "USING", "UPDATE"):
            continue
        found = read_name(text, tokens, position + 1)
        if found is None:
            continue
        name, behind = found
        behind = after_keys(tokens, behind, "AS")
        if behind < len(tokens) and tokens[behind].kind in (WORD, QUOTED):
            alias = text[tokens[behind].start : tokens[behind].end].strip('"`[]').lower()
            aliases.setdefault(alias, name.text)
    return aliases


def update(scope: Scope, tokens: list[Token]) -> Iterator[Node]:
    """Lower an UPDATE that keeps no row out."""
    at = 1
    while key(tokens, at) in ("LOW_PRIORITY", "IGNORE", "ONLY"):
        at += 1
    if key(tokens, at) == "OR":  # SQLite: UPDATE OR IGNORE
        at += 2
    if key(tokens, at) == "TOP":
        at = closing(tokens, at + 1) + 1
    parenthesis = key(tokens, at) == "("
    found = read_name(scope.text, tokens, at + parenthesis)
    if found is None:
        return
    name, at = found
    assignment = find_outside(tokens, frozenset(("SET",)), at)
    if assignment == len(tokens) or key(tokens, at) == "(":
        return
    if _limits_rows(scope.text, tokens, at):
        return
    table = _aliases(scope.text, tokens, at).get(name.text.lower(), name.text)
    yield scope.operation(
        Kind.UPDATE_ROWS,
        scope.session.target(TargetKind.ROWS, table),
        tokens[0].start,
        name.end,
        spelling="UPDATE",
    )


# -- INSERT and SELECT


def insert(scope: Scope, tokens: list[Token]) -> Iterator[Node]:
    """Lower INSERT INTO new SELECT ... FROM old (a copy), and INSERT OVERWRITE."""
    at = find_outside(tokens, frozenset(("INTO", "OVERWRITE", "TABLE")))
    if at > 4 or at >= len(tokens):
        at = 0
    overwrites = key(tokens, at) == "OVERWRITE"
    at = after_keys(tokens, after_keys(tokens, at + 1, "INTO"), "TABLE")
    found = read_name(scope.text, tokens, at)
    if found is None or (overwrites and key(tokens, at) in ("DIRECTORY", "LOCAL")):
        return
    table, at = found
    target = scope.session.table(table)
    columns = key(tokens, at) == "(" and key(tokens, at + 1) not in ("SELECT", "WITH", "(")
    if overwrites and key(tokens, at) != "PARTITION":
        yield scope.operation(
            Kind.TRUNCATE_TABLE, target, tokens[0].start, table.end, spelling="INSERT OVERWRITE"
        )
    body = tokens[closing(tokens, at) + 1 :] if columns else tokens[at:]
    if any(token.key == "SELECT" for token in body) and tables_read(scope.text, body):
        yield from copy_rows(
            scope, body, target, tokens[0].start, table.end, columns, "INSERT SELECT"
        )


def copy_rows(
    scope: Scope,
    body: list[Token],
    target: Target,
    start: int,
    end: int,
    columns: bool,
    spelling: str,
) -> Iterator[Node]:
    """Yield the copy of what *body* selects into *target*, one operation a table read."""
    if has_keys(body, len(body) - 3, "WITH", "NO", "DATA"):
        return
    traits: set[Trait] = set()
    if columns or not _selects_all_columns(body):
        traits.add(Trait.SOME_COLUMNS)
    if keeps_rows_out(scope.text, body):
        traits.add(Trait.FILTERED)
    done: set[str] = set()
    taken = () if _selects_all_columns(body) else selected(scope.text, body)
    for name in tables_read(scope.text, body):
        if name.text.lower() in done:
            continue
        done.add(name.text.lower())
        scope.session.copies.add((name.text.lower(), target.name.lower()))
        yield scope.operation(
            Kind.COPY_ROWS,
            target,
            start,
            end,
            source=scope.session.table(name),
            traits=frozenset(traits),
            spelling=spelling,
            columns=taken,
        )


def _selects_all_columns(body: list[Token]) -> bool:
    select = next((index for index, token in enumerate(body) if token.key == "SELECT"), None)
    if select is None:
        return True
    at = select + 1
    if key(body, at) in ("DISTINCT", "ALL"):
        at += 1
    elif key(body, at) == "TOP":
        at = closing(body, at + 1) + 1 if key(body, at + 1) == "(" else at + 2
    return key(body, at) == "*" or has_keys(body, at + 1, ".", "*")


def keeps_rows_out(text: str, body: list[Token]) -> bool:
    """Say whether a SELECT may leave rows out."""
    select = next((index for index, token in enumerate(body) if token.key == "SELECT"), 0)
    if key(body, select + 1) in ("DISTINCT", "TOP"):
        return True
    for index in range(select, len(body)):
        mark = body[index].key
        if mark in (
            "LIMIT",
            "FETCH",
            "OFFSET",
            "HAVING",
            "GROUP",
            "TABLESAMPLE",
            "EXCEPT",
            "INTERSECT",
            "MINUS",
        ):
            return True
        if mark == "WHERE" and not always_true(
            text, body[index + 1 : _condition_end(body, index + 1)]
        ):
            return True
        if mark == "JOIN":
            before = {key(body, index - back) for back in (1, 2) if index >= back}
            if not before & {"LEFT", "FULL"}:
                return True
    return False


def _condition_end(tokens: list[Token], index: int) -> int:
    depth = 0
    for position in range(index, len(tokens)):
        mark = tokens[position].key
        if mark == "(":
            depth += 1
        elif mark == ")":
            depth -= 1
            if depth < 0:
                return position
        elif depth == 0 and (mark in _WHERE_ENDS or mark == "ON"):
            return position
    return len(tokens)


def select(scope: Scope, tokens: list[Token]) -> Iterator[Node]:
    """Lower a SELECT to what it reads; SELECT ... INTO new FROM old also creates a table."""
    session = scope.session
    names = tables_read(scope.text, tokens)
    into = find_outside(tokens, frozenset(("INTO",)))
    if into < len(tokens):
        at = into + 1
        temporary = key(tokens, at) in ("TEMP", "TEMPORARY")
        while key(tokens, at) in ("TEMP", "TEMPORARY", "UNLOGGED", "TABLE"):
            at += 1
        if key(tokens, at) in ("OUTFILE", "DUMPFILE") and names and at + 1 < len(tokens):
            file = scope.text[tokens[at + 1].start : tokens[at + 1].end].strip("'\"")
            yield scope.operation(
                Kind.BACKUP,
                session.file(file),
                tokens[0].start,
                tokens[at + 1].end,
                source=session.table(names[0]),
                spelling="SELECT INTO OUTFILE",
            )
            return
        found = read_name(scope.text, tokens, at)
        if found is not None and names and not found[0].text.startswith("@"):
            table = found[0]
            if temporary:
                session.temporary.add(table.text.lower())
            target = session.table(table)
            traits = frozenset((Trait.TEMPORARY,)) if target.throwaway else frozenset()
            yield scope.operation(
                Kind.CREATE_TABLE,
                target,
                tokens[0].start,
                table.end,
                traits=traits,
                spelling="SELECT INTO",
            )
            yield from copy_rows(
                scope, tokens, target, tokens[0].start, table.end, False, "SELECT INTO"
            )
            return
    if names:
        yield read(scope, tokens)


def read(scope: Scope, tokens: list[Token]) -> Node:
    """Return the reading of the tables that *tokens* name."""
    targets = tuple(
        dict.fromkeys(scope.session.table(name) for name in tables_read(scope.text, tokens))
    )
    return scope.operation(
        Kind.READ, targets[0], tokens[0].start, tokens[-1].end, reads=targets, spelling="SELECT"
    )
