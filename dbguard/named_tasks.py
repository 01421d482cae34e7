"""Which flows of a file a command line means that names a task of it.

A host gives a flow for each of its targets, recipes or scripts, by its name.
"""

from __future__ import annotations

from collections.abc import Iterable

from dbguard.flow import Call, Flow, Include, Node, Sequence
from dbguard.records import replace

MAX_MATCHES = 30
"""How many tasks one pattern (``run-s reset:*``) may name."""


def tasks_called(flows: Iterable[Flow], name: str, language: str) -> tuple[Flow, ...]:
    """Return the flows of the tasks called *name*: one, or those that fit a pattern.

    '' is the first of a file, as ``make`` alone runs it.
    """
    flows = tuple(flows)
    if not name:
        return tuple(flow for flow in flows if not flow.name.startswith("."))[:1]
    exact = tuple(flow for flow in flows if flow.name == name)
    if exact or language not in ("package_json", "makefile"):
        return exact[:1]
    from fnmatch import fnmatchcase  # few files call a task by a pattern

    if language == "makefile":  # a rule for many: reset-%
        rules = (flow for flow in flows if flow.name.count("%") == 1 and flow.name != "%")
        return tuple(f for f in rules if fnmatchcase(name, f.name.replace("%", "*")))[:1]
    if "*" not in name:
        return ()
    # In a pattern of npm-run-all a single star ends at a colon.
    deep = "**" in name
    fitting = (
        flow
        for flow in flows
        if fnmatchcase(flow.name, name.replace("**", "*"))
        and (deep or flow.name.count(":") == name.count(":"))
    )
    return tuple(fitting)[:MAX_MATCHES]


def with_arguments(sequence: Sequence, words: tuple[str, ...]) -> Sequence:
    """Return a flow whose programs of the project get *words* as further arguments.

    A console script is a function, which may be a group of commands: they are named behind it.
    """
    if not words:
        return sequence

    def given(node: Node) -> Node:
        match node:
            case Include(language="python", task=task) if task:
                return replace(node, task=(*task, *words))
            case Call():
                return replace(node, body=with_arguments(node.body, words))
            case _:
                return node

    return replace(sequence, nodes=tuple(given(node) for node in sequence.nodes))
