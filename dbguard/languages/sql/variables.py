"""What variables hold: a text that may be executed, counts of tables, comparisons."""

from __future__ import annotations

from dbguard.flow import Node
from dbguard.languages.sql.comparison import finds_difference, judge, measured
from dbguard.languages.sql.dialects import ORACLE, TSQL
from dbguard.languages.sql.dynamic import built_text
from dbguard.languages.sql.names import tables_read
from dbguard.languages.sql.rows import read
from dbguard.languages.sql.session import Scope
from dbguard.languages.sql.tokens import WORD, Token, find_outside, key, split_outside

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dbguard.languages.sql.reader import Reader

_COMMA = frozenset((",",))
_ASSIGNS = frozenset((":=", "=", "DEFAULT"))


def assign(scope: Scope, name: str, value: list[Token]) -> None:
    """Note what a variable holds: a text that may be executed, a count of tables."""
    session = scope.session
    selected = value[: find_outside(value, frozenset(("FROM",)))]
    built = built_text(scope.region, selected, session.variables)
    for known in (session.variables, session.measures, session.conditions):
        known.pop(name, None)
    session.differences.discard(name)
    if not value:
        return
    if built is not None:
        session.variables[name] = built
    tables = measured(scope, value)
    if tables:
        session.measures[name] = tables
        if finds_difference(scope, value):
            session.differences.add(name)
        verdict = judge(scope, value)
        if verdict[0].compared or verdict[1].compared:
            session.conditions[name] = verdict


def assign_selected(scope: Scope, tokens: list[Token]) -> None:
    """Note what psql's ``\\gset`` assigns: each column of the SELECT *tokens* under its name."""
    for part in split_outside(tokens[1:], _COMMA):
        at = find_outside(part, frozenset(("AS",)))
        if at + 1 < len(part):
            name = scope.text[part[at + 1].start : part[at + 1].end].upper()
            scope.session.conditions[name] = judge(scope, part[:at])
            assign(scope, name, part[:at])


def assignment(reader: Reader, tokens: list[Token]) -> bool:
    """Read ``v := expression``, ``v integer := expression``, ``DECLARE @v INT = ...``, SET."""
    first = tokens[0]
    start = 1 if first.key in ("SET", "DECLARE") else 0
    if first.key == "SET" and not (
        key(tokens, 1).startswith("@") or reader.procedural or len(reader.frames) > 1
    ):
        return False
    if first.key not in ("SET", "DECLARE") and (
        first.kind != WORD or not (reader.procedural or len(reader.frames) > 1)
    ):
        return False
    found = False
    for part in split_outside(tokens[start:], _COMMA):
        at = find_outside(
            part,
            _ASSIGNS
            if start or reader.procedural or len(reader.frames) > 1
            else frozenset((":=",)),
        )
        if 0 < at < min(len(part) - 1, 12) and part[0].kind == WORD:
            if first.key not in ("SET", "DECLARE") and part[at].key == "=" and at > 1:
                break
            assign(reader.scope, part[0].key, part[at + 1 :])
            found = True
        elif not start:
            break
    return found or first.key == "DECLARE"


def assigned_by_select(reader: Reader, tokens: list[Token]) -> list[Node] | None:
    """Read a SELECT that assigns variables; return what it reads, None where it assigns none."""
    into = find_outside(tokens, frozenset(("INTO",)))
    text = reader.scope.text
    if key(tokens, 1).startswith("@") and key(tokens, 2) in ("=", ":="):
        for part in split_outside(tokens[1:], _COMMA):
            if key(part, 0).startswith("@") and key(part, 1) in ("=", ":="):
                source = tokens[find_outside(tokens, frozenset(("FROM",))) :]
                assign(reader.scope, part[0].key, [*part[2:], *source])
        return [read(reader.scope, tokens)] if tables_read(text, tokens) else []
    target = tokens[into + 1] if into + 1 < len(tokens) else None
    if target is not None and (
        reader.procedural or reader.scope.session.dialect == ORACLE or target.key.startswith("@")
        or (reader.frames[-1].kind != "top" and reader.scope.session.dialect != TSQL)
    ):  # fmt: skip
        at = into + 2 if target.key == "STRICT" else into + 1
        stop = find_outside(tokens, frozenset(("FROM", "WHERE", ";")), at)
        if into < find_outside(tokens, frozenset(("FROM",))):
            value = [*tokens[1:into], *tokens[stop:]]
        else:
            value = tokens[1:into]
        names = split_outside(tokens[at:stop], _COMMA)
        values = split_outside(
            tokens[1 : find_outside(tokens, frozenset(("FROM", "INTO")), 1)], _COMMA
        )
        for index, name in enumerate(names):
            if name:
                own = values[index] if len(values) == len(names) > 1 else []
                rest = (
                    value
                    if len(names) == 1
                    else [*own, *value[sum(map(len, values)) + len(values) - 1 :]]
                )
                assign(reader.scope, name[0].key, rest)
        without = [*tokens[:into], *tokens[stop:]]
        return [read(reader.scope, without)] if tables_read(text, without) else []
    return None
