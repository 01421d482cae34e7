"""What a condition proves about tables: which comparison holds where it is true, and where false."""

from __future__ import annotations

from dbguard.flow import Branch, Node, Sequence
from dbguard.languages.sql.dialects import MYSQL, SQLITE
from dbguard.languages.sql.names import tables_read
from dbguard.languages.sql.session import Proof, Scope, Session
from dbguard.languages.sql.tokens import (
    HOLE,
    NUMBER,
    STRING,
    WORD,
    Token,
    closing,
    find_outside,
    has_keys,
    key,
    split_outside,
    unwrapped,
)
from dbguard.operations import Guard, Kind, Operation, Target, TargetKind

Tables = frozenset[str]
_OR, _AND = frozenset(("OR",)), frozenset(("AND",))
_EQUAL, _UNEQUAL = frozenset(("=", "==", "<=>")), frozenset(("<>", "!=", "^="))
_SUBTRACTS = frozenset(("EXCEPT", "MINUS"))
_ORDER = frozenset(("<", ">", "<=", ">="))
_COMPARISONS = _EQUAL | _UNEQUAL | _ORDER | {"IS"}
_DATABASE_NAMES = frozenset(
    ("CURRENT_DATABASE", "DB_NAME", "DATABASE", "CURRENT_CATALOG", "ORA_DATABASE_NAME")
)
_TEST_WORDS = ("test", "dev", "local", "ci")
_MAX_DEPTH = 12
_MAX_CASES = 20


NOTHING = Proof()
Verdict = tuple[Proof, Proof]  # what holds where the condition is true, where it is false


def measured(scope: Scope, tokens: list[Token]) -> Tables:
    """Return the tables whose rows decide the value of an expression, variables followed."""
    tables = {name.text for name in tables_read(scope.text, tokens)}
    for token in tokens:
        if token.kind in (WORD, HOLE):
            name = scope.text[token.start : token.end].lstrip(":").upper()
            tables |= scope.session.measures.get(name, frozenset())
    return frozenset(tables)


def finds_difference(scope: Scope, tokens: list[Token]) -> bool:
    """Say whether a query returns, or counts, what one table has and another has not."""
    if any(
        scope.text[token.start : token.end].lstrip(":").upper() in scope.session.differences
        for token in tokens
        if token.kind in (WORD, HOLE)
    ):
        return True
    keys = {token.key for token in tokens}
    if keys & _SUBTRACTS:
        return _finds_lost_rows(scope, tokens)
    if "LEFT" in keys and "NULL" in keys:
        return True
    return any(
        token.key == "NOT" and key(tokens, index + 1) in ("EXISTS", "IN")
        for index, token in enumerate(tokens)
    )


def _finds_lost_rows(scope: Scope, tokens: list[Token]) -> bool:
    """Say whether a difference of two queries is taken from the old table in one place.

    ``new EXCEPT old`` finds rows that were added, and none that was lost.
    """
    ends = [at for at, token in enumerate(tokens) if token.key == "UNION"]
    for at, token in enumerate(tokens):
        if token.key not in _SUBTRACTS:
            continue
        begin = max((end for end in ends if end < at), default=0)
        end = min((end for end in ends if end > at), default=len(tokens))
        minuend = {name.text.lower() for name in tables_read(scope.text, tokens[begin:at])}
        subtrahend = {name.text.lower() for name in tables_read(scope.text, tokens[at:end])}
        if not any((old, new) in scope.session.copies for old in subtrahend for new in minuend):
            return True
    return False


def judge(scope: Scope, condition: list[Token], depth: int = 0) -> Verdict:
    """Return what *condition* proves where it is true and where it is false."""
    condition = unwrapped(condition)
    if not condition or depth > _MAX_DEPTH:
        return NOTHING, NOTHING
    for marks, is_or in ((_OR, True), (_AND, False)):
        parts = split_outside(condition, marks)
        if len(parts) > 1:
            verdicts = [judge(scope, part, depth + 1) for part in parts]
            true, false = verdicts[0]
            for part_true, part_false in verdicts[1:]:
                true = true & part_true if is_or else true | part_true
                false = false | part_false if is_or else false & part_false
            return true, false
    if condition[0].key in ("NOT", "!"):
        true, false = judge(scope, condition[1:], depth + 1)
        if condition[1:2] and condition[1].key == "EXISTS":
            true |= Proof(guards=frozenset((Guard.ABSENT,)))
        return false, true
    if condition[0].key == "EXISTS":
        tables = measured(scope, condition)
        if len(tables) > 1 and finds_difference(scope, condition):
            return NOTHING, Proof(frozenset((tables,)))
        return NOTHING, NOTHING
    return _comparison(scope, condition)


def _comparison(scope: Scope, condition: list[Token]) -> Verdict:
    guard = _environment(scope, condition)
    if guard is not None:
        return guard
    at = find_outside(condition, _COMPARISONS)
    if at == len(condition) or at == 0:
        known = scope.session.conditions.get(
            scope.text[condition[0].start : condition[-1].end].lstrip(":").upper()
        )
        return known if known is not None else (NOTHING, NOTHING)
    mark, width = condition[at].key, 1
    if mark == "IS":
        if has_keys(condition, at, "IS", "DISTINCT", "FROM"):
            mark, width = "<>", 3
        elif has_keys(condition, at, "IS", "NOT", "DISTINCT", "FROM"):
            mark, width = "=", 4
        elif key(condition, at + 1) == "NULL" and condition[0].key in (
            "OBJECT_ID",
            "DB_ID",
            "TO_REGCLASS",
        ):
            return Proof(guards=frozenset((Guard.ABSENT,))), NOTHING
        else:
            return NOTHING, NOTHING
    left, right = condition[:at], condition[at + width :]
    tables = measured(scope, left), measured(scope, right)
    both = tables[0] | tables[1]
    holds = Proof(frozenset((both,)))
    if len(both) < 2:
        return NOTHING, NOTHING
    if tables[0] and tables[1]:
        if tables[0] == tables[1]:
            return NOTHING, NOTHING
        if mark in _EQUAL:
            return holds, NOTHING
        if mark in _UNEQUAL:
            return NOTHING, holds
        return _ordered(scope.session, mark, tables, holds)
    return _against_number(scope, mark, left, right, holds)


def _ordered(session: Session, mark: str, tables: tuple[Tables, Tables], holds: Proof) -> Verdict:
    """A comparison of sizes proves something where it says that the copy is not smaller."""
    copied = {(old, new) for old, new in session.copies}
    left_is_copy = any((o.lower(), n.lower()) in copied for o in tables[1] for n in tables[0])
    right_is_copy = any((o.lower(), n.lower()) in copied for o in tables[0] for n in tables[1])
    if left_is_copy == right_is_copy:
        return NOTHING, NOTHING
    if (mark == "<" and left_is_copy) or (mark == ">" and right_is_copy):
        return NOTHING, holds
    if (mark == ">=" and left_is_copy) or (mark == "<=" and right_is_copy):
        return holds, NOTHING
    return NOTHING, NOTHING


def _against_number(
    scope: Scope, mark: str, left: list[Token], right: list[Token], holds: Proof
) -> Verdict:
    """``missing > 0`` and ``(a - b) <> 0``: one side measures both tables, the other is 0 or 1."""
    number = unwrapped(right)
    if len(number) != 1 or number[0].kind != NUMBER:
        return NOTHING, NOTHING
    value = number[0].key
    if value == "0" and mark in _EQUAL:
        return holds, NOTHING
    if value == "0" and mark in _UNEQUAL:
        return NOTHING, holds
    if finds_difference(scope, left) and (mark, value) in ((">", "0"), (">=", "1")):
        return NOTHING, holds
    return NOTHING, NOTHING


def _environment(scope: Scope, condition: list[Token]) -> Verdict | None:
    """Judge a comparison of the database's own name with that of a test database."""
    if not any(token.key in _DATABASE_NAMES for token in condition):
        return None
    named = " ".join(
        scope.text[token.start : token.end].lower() for token in condition if token.kind == STRING
    )
    if not any(word in named for word in _TEST_WORDS):
        return NOTHING, NOTHING
    guard = Proof(guards=frozenset((Guard.ENVIRONMENT,)))
    keys = {token.key for token in condition}
    negated = "NOT" in keys or bool(keys & _UNEQUAL) or "!" in keys
    return (NOTHING, guard) if negated else (guard, NOTHING)


def evidence(scope: Scope, proof: Proof, condition: list[Token]) -> list[Node]:
    """Return the operations that state what is proved, standing at the condition."""
    if not condition or proof == NOTHING:
        return []
    start, end = condition[0].start, condition[-1].end
    nodes: list[Node] = []
    for tables in sorted(proof.compared, key=sorted):
        reads = tuple(scope.session.table(name) for name in sorted(tables))
        nodes.append(
            scope.operation(Kind.VERIFY, reads[0], start, end, reads=reads, spelling="comparison")
        )
    for guard in sorted(proof.guards, key=lambda guard: guard.value):
        target = Target(TargetKind.DATABASE, scope.session.database or "", scope.session.database)
        nodes.append(
            Operation(
                Kind.GUARD,
                target,
                scope.region.span(start, end),
                scope.region,
                guard=guard,
                spelling="IF",
            )
        )
    return nodes


def failing_select(scope: Scope, tokens: list[Token]) -> list[Node]:
    """Return what a SELECT proves that fails unless a comparison holds.

    ``SELECT CASE WHEN a <> b THEN RAISE(ABORT, '...') END``, ``... THEN 1/0 END``,
    ``1 / CASE WHEN a = b THEN 1 ELSE 0 END``. SQLite and MySQL divide by zero to NULL.
    """
    divides = scope.session.dialect not in (SQLITE, MYSQL)
    nodes: list[Node] = []
    cases = [
        index
        for index, token in enumerate(tokens)
        if token.key == "CASE" and key(tokens, index + 1) == "WHEN"
    ]
    for index in cases[:_MAX_CASES]:
        then = find_outside(tokens, frozenset(("THEN",)), index)
        stop = find_outside(tokens, frozenset(("END", ")")), then)
        otherwise = find_outside(tokens[:stop], frozenset(("ELSE",)), then)
        condition, chosen, rest = (
            tokens[index + 2 : then],
            tokens[then + 1 : otherwise],
            tokens[otherwise + 1 : stop],
        )
        before = index - 1
        while before >= 0 and tokens[before].key == "(":
            before -= 1
        divisor = divides and before >= 0 and tokens[before].key == "/"
        true, false = judge(scope, condition)
        if _fails(chosen, divides, divisor):
            nodes += evidence(scope, false, condition)
        elif _fails(rest, divides, divisor):
            nodes += evidence(scope, true, condition)
    return _unless_passed_over(scope, nodes)


def _unless_passed_over(scope: Scope, nodes: list[Node]) -> list[Node]:
    """What a statement proves by failing holds after it only where the client stops there."""
    if scope.session.checked or not nodes:
        return nodes
    return [Branch((Sequence(tuple(nodes)), Sequence()))]


def fallible(node: Branch) -> tuple[Operation, ...]:
    """Return what a statement would have proved had the client stopped at its failure."""
    proved, *others = node.arms
    operations = tuple(one for one in proved.nodes if isinstance(one, Operation))
    alone = len(operations) == len(proved.nodes) and not any(arm.nodes for arm in others)
    states = all(one.kind in (Kind.VERIFY, Kind.GUARD) for one in operations)
    return operations if alone and states else ()


def _fails(value: list[Token], divides: bool, divisor: bool) -> bool:
    keys = [token.key for token in value]
    if keys[:2] == ["RAISE", "("]:
        return any(mark in ("ABORT", "FAIL", "ROLLBACK") for mark in keys)
    if divisor and keys == ["0"]:
        return True
    return divides and any(keys[at : at + 2] == ["/", "0"] for at in range(len(keys)))


def checked_insert(scope: Scope, table: str, tokens: list[Token]) -> list[Node]:
    """Return what an INSERT into a table with a CHECK proves: the comparison it inserts holds."""
    if table.lower() not in scope.session.checked_tables:
        return []
    select = next(
        (at for at, token in enumerate(tokens) if token.key in ("SELECT", "VALUES")), None
    )
    if select is None:
        return []
    body = tokens[select + 1 :]
    if tokens[select].key == "VALUES" and key(body, 0) == "(":
        body = body[1 : closing(body, 0)]
    true, _ = judge(scope, body)
    return _unless_passed_over(scope, evidence(scope, true, body))
