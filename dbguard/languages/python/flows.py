"""The flows of a region: its top level, then what nothing in the file calls."""

from __future__ import annotations

from dbguard.flow import Flow, Sequence
from dbguard.flow import Node as FlowNode
from dbguard.languages.python.program import Program
from dbguard.languages.python.statements import block
from dbguard.languages.python.structure import matters
from dbguard.languages.python.values import Function


def flows(program: Program, entries: tuple[str, ...] = ()) -> tuple[Flow, ...]:
    """Walk the top level, then every function nothing in the file calls.

    With *entries* only the functions of these names are walked, whoever calls them.
    """
    out: list[FlowNode] = []
    block(program, program.tree.root, program.module, out)
    found = [Flow("", Sequence(tuple(out)))]
    if entries:
        for name in entries:
            functions = [one for one in program.functions.values() if one.name == name]
            found.extend(entry(program, function) for function in functions[:1])
        return tuple(found)
    walked: set[int] = set()
    for called in (False, True):
        fresh = True
        while fresh:
            fresh = False
            for key, function in sorted(
                program.functions.items(), key=lambda item: item[1].node.start_byte
            ):
                if key in walked or key in program.inlined:
                    continue
                if not called and program.marks.is_called(function.name):
                    continue
                walked.add(key)
                fresh = True
                flow = entry(program, function)
                if matters(flow.body):
                    found.append(flow)
    if len(found) == 1 and not matters(found[0].body):
        return ()
    return tuple(found)


def entry(program: Program, function: Function) -> Flow:
    """Walk a function as something that is entered from outside."""
    program.directory = ""
    program.depth = 0
    outcome = program.invoke(function, None)
    return Flow(function.name, Sequence(tuple(outcome.nodes), program.direction(function)))
