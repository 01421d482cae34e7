"""The walk: facts hold where every path makes them true, and nowhere else."""

from __future__ import annotations

from dataclasses import replace

from dbguard.evidence import Evidence, Walk
from dbguard.flow import Branch, Call, Flow, Loop, Node, Sequence, Stop, StopKind, Try
from dbguard.operations import Guard, Kind, Operation, Target, TargetKind, Trait
from dbguard.source import Region, SourceFile, Span
from dbguard.state import FactKind

_FILE = SourceFile("x.sql", "")
_REGION = Region.of_file(_FILE, "sql")
_AT = Span(0, 0)


def operation(kind: Kind, name: str = "users", **more: object) -> Operation:
    target = Target(TargetKind.TABLE, name)
    return Operation(kind, target, _AT, _REGION, **more)  # type: ignore[arg-type]


def backup(database: str = "app.db", checked: bool = True) -> Operation:
    source = Target(TargetKind.DATABASE, database, database)
    target = Target(TargetKind.FILE, database + ".bak")
    return Operation(Kind.BACKUP, target, _AT, _REGION, source=source, checked=checked)


def delete(database: str = "app.db") -> Operation:
    target = Target(TargetKind.DATABASE, database, database)
    return Operation(Kind.DELETE_FILE, target, _AT, _REGION)


def copy(old: str, new: str, *traits: Trait) -> Operation:
    source = Target(TargetKind.TABLE, old)
    return operation(Kind.COPY_ROWS, new, source=source, traits=frozenset(traits))


def verify(*tables: str) -> Operation:
    reads = tuple(Target(TargetKind.TABLE, table) for table in tables)
    return operation(Kind.VERIFY, " and ".join(tables), reads=reads)


def rename(old: str, new: str) -> Operation:
    return operation(Kind.RENAME_TABLE, new, source=Target(TargetKind.TABLE, old))


STOP = Stop(StopKind.EXIT, _AT)
RAISE = Stop(StopKind.RAISE, _AT)
RETURN = Stop(StopKind.RETURN, _AT)


def arms(*bodies: tuple[Node, ...]) -> Branch:
    return Branch(tuple(Sequence(body) for body in bodies))


def backed_up(*nodes: Node) -> list[bool]:
    """Return, for each deletion in reading order, whether a backup holds there."""
    seen: list[bool] = []

    def visit(operation: Operation, evidence: Evidence) -> None:
        if operation.kind is Kind.DELETE_FILE:
            seen.append(evidence.backup_of(operation.target) is not None)

    Walk(visit).flow(Flow("", Sequence(nodes)))
    return seen


def verified(*nodes: Node) -> list[bool]:
    seen: list[bool] = []

    def visit(operation: Operation, evidence: Evidence) -> None:
        if operation.kind is Kind.DROP_TABLE:
            seen.append(evidence.verified_copy_of(operation.target))

    Walk(visit).flow(Flow("", Sequence(nodes)))
    return seen


def test_a_backup_holds_after_it_and_not_before() -> None:
    assert backed_up(delete(), backup(), delete()) == [False, True]


def test_an_unchecked_backup_does_not_hold() -> None:
    assert backed_up(backup(checked=False), delete()) == [False]


def test_a_backup_of_another_database_does_not_hold() -> None:
    assert backed_up(backup("other.db"), delete()) == [False]
    assert backed_up(backup("./app.db"), delete()) == [True]


def test_a_url_and_the_name_in_it_are_the_same_database() -> None:
    url = "postgresql://db.example.org/shop"
    assert backed_up(backup(url), delete("shop")) == [True]
    assert backed_up(backup("shop"), delete(url)) == [True]
    assert backed_up(backup("crm"), delete(url)) == [False]


def test_a_backup_in_one_branch_does_not_hold_after_it() -> None:
    assert backed_up(arms((backup(),), ()), delete()) == [False]


def test_a_backup_in_every_branch_holds() -> None:
    assert backed_up(arms((backup(),), (backup(),)), delete()) == [True]


def test_a_branch_that_stops_does_not_merge() -> None:
    assert backed_up(arms((backup(),), (STOP,)), delete()) == [True]


def test_a_loop_may_run_never() -> None:
    assert backed_up(Loop(Sequence((backup(),))), delete()) == [False]
    assert backed_up(Loop(Sequence((backup(),)), at_least_once=True), delete()) == [True]


def test_a_loop_left_early_keeps_what_holds_on_both_ways() -> None:
    body = Sequence((arms((Stop(StopKind.BREAK, _AT),), ()), backup()))
    assert backed_up(Loop(body, at_least_once=True), delete()) == [False]


def test_a_handler_that_goes_on_loses_the_facts_of_the_body() -> None:
    swallowed = Try(Sequence((backup(),)), (Sequence(),))
    assert backed_up(swallowed, delete()) == [False]
    stopped = Try(Sequence((backup(),)), (Sequence((RAISE,)),))
    assert backed_up(stopped, delete()) == [True]


def test_nothing_of_the_body_is_certain_in_a_handler() -> None:
    assert backed_up(Try(Sequence((backup(),)), (Sequence((delete(),)),))) == [False]


def test_final_runs_on_every_way() -> None:
    assert backed_up(Try(Sequence(), final=Sequence((backup(),))), delete()) == [True]


def test_a_return_ends_the_function_only() -> None:
    body = Sequence((arms((RETURN,), ()), backup()))
    assert backed_up(Call("backup", _AT, body), delete()) == [False]
    body = Sequence((backup(), RETURN))
    assert backed_up(Call("backup", _AT, body), delete()) == [True]


def test_a_subshell_keeps_its_exit() -> None:
    subshell = Call("subshell", _AT, Sequence((STOP,)), frozenset({StopKind.EXIT}))
    assert backed_up(subshell, delete()) == [False]
    assert backed_up(STOP, delete()) == []


def test_a_copy_counts_when_it_was_compared_after_it() -> None:
    drop = operation(Kind.DROP_TABLE, "old")
    assert verified(copy("old", "new"), verify("new", "old"), drop) == [True]
    assert verified(verify("new", "old"), copy("old", "new"), drop) == [False]
    assert verified(copy("old", "new"), drop) == [False]


def test_a_comparison_of_other_tables_proves_nothing() -> None:
    drop = operation(Kind.DROP_TABLE, "old")
    assert verified(copy("old", "new"), verify("new", "other"), drop) == [False]
    assert verified(copy("old", "new"), verify("new"), drop) == [False]


def test_a_comparison_with_an_unrelated_table_proves_nothing() -> None:
    drop = operation(Kind.DROP_TABLE, "users_old")
    start = (rename("users", "users_old"), copy("users_old", "users"))
    assert verified(*start, verify("users", "accounts"), drop) == [False]
    assert verified(*start, verify("users"), drop) == [False]
    # counted under the same name, before the rename and after the copy
    assert verified(*start, verify("users", "users"), drop) == [True]


def test_a_table_that_may_have_been_there_is_not_created_here() -> None:
    seen: list[bool] = []

    def visit(operation: Operation, evidence: Evidence) -> None:
        if operation.kind is Kind.DROP_TABLE:
            seen.append(evidence.created_here(operation.target) is not None)

    drop = operation(Kind.DROP_TABLE)
    maybe = operation(Kind.CREATE_TABLE, traits=frozenset({Trait.IF_NOT_EXISTS}))
    Walk(visit).flow(Flow("", Sequence((operation(Kind.CREATE_TABLE), drop))))
    Walk(visit).flow(Flow("", Sequence((maybe, drop))))
    assert seen == [True, False]


def test_a_copy_that_leaves_out_rows_is_none() -> None:
    drop = operation(Kind.DROP_TABLE, "old")
    assert verified(copy("old", "new", Trait.FILTERED), verify("new", "old"), drop) == [False]


def futile(*nodes: Node) -> list[bool]:
    """Return, for each drop in reading order, whether a copy stands before it that may be missing."""
    seen: list[bool] = []

    def visit(operation: Operation, evidence: Evidence) -> None:
        if operation.kind is Kind.DROP_TABLE:
            seen.append(evidence.futile_copy_of(operation.target) is not None)

    Walk(visit).flow(Flow("", Sequence(nodes)))
    return seen


def test_a_copy_that_may_be_missing_is_told_from_none() -> None:
    drop = operation(Kind.DROP_TABLE, "old")
    assert futile(drop) == futile(copy("other", "new"), drop) == [False]
    assert futile(replace(copy("old", "new"), checked=False), drop) == [True]
    assert futile(arms((copy("old", "new"),), ()), drop) == [True]
    assert futile(copy("old", "new"), drop) == [False]  # it is there
    # The table that has the name of the copied one now is another.
    swapped = (copy("users", "new"), rename("users", "old"), rename("new", "users"))
    assert futile(*swapped, operation(Kind.DROP_TABLE, "users")) == [False]
    late = (replace(copy("users", "new"), checked=False), rename("users", "old"))
    assert futile(*late, drop) == [True]


def test_facts_follow_a_rename() -> None:
    drop = operation(Kind.DROP_TABLE, "users_old")
    flow = (rename("users", "users_old"), copy("users_old", "users"), verify("users", "users_old"))
    assert verified(*flow, drop) == [True]
    late = (copy("users", "fresh"), verify("users", "fresh"), rename("users", "users_old"))
    assert verified(*late, drop) == [True]


def test_names_compare_without_quotes_schema_and_case() -> None:
    drop = operation(Kind.DROP_TABLE, 'public."Old"')
    assert verified(copy("OLD", "new"), verify("new", "old"), drop) == [True]


def test_guards_hold_on_their_path_only() -> None:
    seen: list[bool] = []

    def visit(operation: Operation, evidence: Evidence) -> None:
        if operation.kind is Kind.DROP_ALL:
            seen.append(Guard.ENVIRONMENT in evidence.guards)

    guard = operation(Kind.GUARD, "TESTING", guard=Guard.ENVIRONMENT)
    drop = operation(Kind.DROP_ALL)
    Walk(visit).flow(Flow("", Sequence((arms((guard, drop), ()), drop))))
    Walk(visit).flow(Flow("", Sequence((arms((RAISE,), (guard,)), drop))))
    assert seen == [True, False, True]


def test_destruction_counts_where_it_may_have_happened() -> None:
    seen: list[int] = []

    def visit(operation: Operation, evidence: Evidence) -> None:
        if operation.kind is Kind.CREATE_ALL:
            seen.append(len(evidence.destroyed_before()))

    drop, create = operation(Kind.DROP_ALL), operation(Kind.CREATE_ALL)
    Walk(visit).flow(Flow("", Sequence((arms((drop,), ()), create))))
    Walk(visit).flow(Flow("", Sequence((arms((drop,), (create,)),))))
    Walk(visit).flow(Flow("", Sequence((Try(Sequence((drop,)), (Sequence((create,)),)),))))
    assert seen == [1, 0, 1]


def test_foreign_keys_off_inside_a_transaction_does_nothing() -> None:
    states: list[object] = []

    def visit(operation: Operation, evidence: Evidence) -> None:
        if operation.kind is Kind.DROP_TABLE:
            states.append(evidence.state.foreign_keys)

    off, begin = operation(Kind.FOREIGN_KEYS_OFF), operation(Kind.BEGIN)
    drop, commit = operation(Kind.DROP_TABLE), operation(Kind.COMMIT)
    for nodes in ((off, begin, drop), (begin, off, drop), (begin, commit, off, drop), (drop,)):
        Walk(visit).flow(Flow("", Sequence(nodes)))
    assert states == ["off", "ineffective", "off", None]


def test_what_one_arm_loses_the_other_still_has() -> None:
    lost = Operation(Kind.DELETE_FILE, Target(TargetKind.FILE, "app.db.bak"), _AT, _REGION)
    assert backed_up(backup(), arms((lost,), (delete(),))) == [False, True]
    assert backed_up(backup(), arms((delete(),), (lost,)), delete()) == [True, False, False]


def test_a_copy_in_one_arm_leaves_the_comparison_of_the_other() -> None:
    seen: list[bool] = []

    def visit(operation: Operation, evidence: Evidence) -> None:
        if operation.kind is Kind.DROP_TABLE:
            seen.append(evidence.state.find(FactKind.COMPARED, "users") is not None)

    drop, compared = operation(Kind.DROP_TABLE), verify("users", "new")
    again = copy("users", "new")
    Walk(visit).flow(Flow("", Sequence((compared, arms((again, drop), (drop,)), drop))))
    assert seen == [False, True, False]
