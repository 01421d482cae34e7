"""Every step of the protocol that a safe flow takes is one it needs.

From each safe fixture of evidence one step at a time is taken out of the flow: a backup,
a comparison, a guard, a copy. Without it, a finding must appear. What stays silent must
be a step that another one makes redundant, and is listed here with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from dbguard import analysis
from dbguard.analysis import judged
from dbguard.evidence import Context, Project
from dbguard.flow import Branch, Call, Flow, Loop, Node, Sequence, Try, operations
from dbguard.operations import Kind, Operation
from tests.expectations import FIXTURES, fixture_files, fold, language_of, source_of

STEPS = {Kind.BACKUP, Kind.VERIFY, Kind.GUARD, Kind.COPY_ROWS, Kind.STOP_SERVICE}
SAFE = [path for path in fixture_files() if path.parent.name == "evidence" and "-safe" in path.name]


def flows_of(path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Flow, ...]:
    """Return the classified flows of a fixture, as the rules see them."""
    seen: list[tuple[Flow, ...]] = []

    def keep(flows: tuple[Flow, ...], context: Context, project: Project) -> tuple[object, ...]:
        seen.append(flows)
        return ()

    with monkeypatch.context() as patch:
        patch.setattr(analysis, "judged", keep)
        analysis.analyse(source_of(path), language_of(path))
    return seen[0]


def without(sequence: Sequence, step: tuple[Kind, str]) -> Sequence:
    """Return a flow in which one step, wherever it is inlined, does not happen."""

    def node(item: Node) -> Iterator[Node]:
        match item:
            case Operation() if _step(item) == step:
                return
            case Sequence():
                yield without(item, step)
            case Branch(arms=arms):
                yield Branch(tuple(without(arm, step) for arm in arms))
            case Loop():
                yield replace(item, body=without(item.body, step))
            case Call():
                yield replace(item, body=without(item.body, step))
            case Try():
                yield Try(
                    without(item.body, step),
                    tuple(without(handler, step) for handler in item.handlers),
                    without(item.otherwise, step),
                    without(item.final, step),
                )
            case _:
                yield item

    return Sequence(tuple(new for old in sequence.nodes for new in node(old)), sequence.direction)


def _step(operation: Operation) -> tuple[Kind, str]:
    span = operation.span
    return operation.kind, fold(operation.region.file.text[span.start : span.end])


def steps_of(flows: tuple[Flow, ...]) -> list[tuple[Kind, str]]:
    found = dict.fromkeys(
        _step(operation)
        for flow in flows
        for operation in operations(flow.body)
        if operation.kind in STEPS
    )
    return list(found)


REDUNDANT = {
    # moving the file aside is the backup and the change in one: without it nothing happens
    ("python-aside-safe.sqlite.py", Kind.BACKUP),
    # the row written into the table with the CHECK constraint is no copy of anything
    ("sql-constraint-safe.sql", Kind.COPY_ROWS),
    ("shell-bail-of-sqlite-safe.sqlite.sh", Kind.COPY_ROWS),
    ("shell-argument-of-sqlite-safe.sh", Kind.COPY_ROWS),
    # whether there are rows at all compares nothing with anything: the other half does
    ("python-empty-old-table-safe.py", Kind.VERIFY),
    # the backup of another database, which the script does not change
    ("shell-backup-overwritten-safe.sh", Kind.BACKUP),
}


@pytest.mark.parametrize("path", SAFE, ids=lambda path: path.relative_to(FIXTURES).name)
def test_without_a_step_there_is_a_finding(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flows = flows_of(path, monkeypatch)
    assert not judged(flows, Context.APPLICATION, Project())
    silent = []
    for step in steps_of(flows):
        mutated = [Flow(flow.name, without(flow.body, step)) for flow in flows]
        if not judged(mutated, Context.APPLICATION, Project()):
            silent.append(step)
    assert {(path.name, kind) for kind, _ in silent} == {
        known for known in REDUNDANT if known[0] == path.name
    }
