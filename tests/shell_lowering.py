"""What the tests of the shell share: lower a text, and look at what came out."""

from __future__ import annotations

from collections.abc import Iterator

from dbguard.flow import Branch, Call, Check, Embed, Loop, Lowered, Node, Sequence, Try, operations
from dbguard.languages.shell import lower
from dbguard.operations import Guard, Kind, Operation
from dbguard.source import Region, SourceFile, display


def lowered(text: str) -> Lowered:
    """Lower *text* as a shell script."""
    return lower(Region.of_file(SourceFile("script.sh", text), "shell"))


def nodes(text: str) -> list[Node]:
    """Return every node of every flow of *text*, in reading order."""
    found: list[Node] = []
    for flow in lowered(text).flows:
        found.extend(_below(flow.body))
    return found


def _below(node: Node) -> Iterator[Node]:
    yield node
    match node:
        case Sequence(nodes=inner) | Branch(arms=inner):
            for child in inner:
                yield from _below(child)
        case Loop(body=body) | Call(body=body):
            yield from _below(body)
        case Try():
            raise AssertionError("the shell has no try")


def all_operations(text: str) -> list[Operation]:
    """Return every operation of every flow of *text*."""
    return [found for flow in lowered(text).flows for found in operations(flow.body)]


def deleted(text: str) -> list[str]:
    """Return the names of the files that *text* deletes."""
    return [
        display(operation.target.name)
        for operation in all_operations(text)
        if operation.kind is Kind.DELETE_FILE
    ]


def overwritten(text: str) -> list[str]:
    """Return the names of the files that *text* overwrites."""
    return [
        display(operation.target.name)
        for operation in all_operations(text)
        if operation.kind is Kind.OVERWRITE_FILE
    ]


def embedded(text: str) -> list[tuple[str, str]]:
    """Return language and text of what *text* hands to other languages."""
    return [
        (node.region.language, display(node.region.text))
        for node in nodes(text)
        if isinstance(node, Embed)
    ]


def facts_before(text: str, name: str) -> list[str]:
    """Return what holds where the file called *name* is deleted, on its own path."""
    for flow in lowered(text).flows:
        found = _path(flow.body, name, [])
        if found is not None:
            return found
    raise AssertionError(f"{name} is not deleted")


def _path(node: Node, name: str, held: list[str]) -> list[str] | None:
    match node:
        case Operation(kind=Kind.GUARD, guard=guard):
            assert isinstance(guard, Guard)
            held.append(guard.value)
        case Operation(kind=Kind.DELETE_FILE) if node.target.name == name:
            return held
        case Check():
            held.append("check")
        case Sequence(nodes=inner):
            for child in inner:
                found = _path(child, name, held)
                if found is not None:
                    return found
        case Call(body=body) | Loop(body=body):
            return _path(body, name, held)
        case Branch(arms=arms):
            after: list[list[str]] = []
            for arm in arms:
                mine = list(held)
                found = _path(arm, name, mine)
                if found is not None:
                    return found
                if not _ends(arm):
                    after.append(mine)
            if after:
                held[:] = [fact for fact in after[0] if all(fact in other for other in after)]
    return None


def _ends(arm: Sequence) -> bool:
    from dbguard.languages.shell.conditions import ends

    return ends(arm.nodes)
