"""What a lowered stretch of script may do to the path it stands on."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence as SequenceOf

from dbguard.flow import Branch, Call, Embed, Loop, Node, Sequence, Stop, StopKind


def _walk(nodes: SequenceOf[Node]) -> Iterator[tuple[Node, frozenset[StopKind]]]:
    """Yield the nodes below, with the stops that are caught before they come out."""
    stack: list[tuple[Node, frozenset[StopKind]]] = [(node, frozenset()) for node in nodes]
    loops = frozenset({StopKind.BREAK, StopKind.CONTINUE})
    while stack:
        node, caught = stack.pop()
        yield node, caught
        match node:
            case Sequence(nodes=inner):
                stack.extend((child, caught) for child in inner)
            case Branch(arms=arms):
                stack.extend((arm, caught) for arm in arms)
            case Loop(body=body):
                stack.append((body, caught | loops))
            case Call(body=body, ends=ended):
                stack.append((body, caught | ended))


def stops_with(nodes: SequenceOf[Node], kind: StopKind) -> bool:
    """Say whether a stop of a kind may come out of *nodes*."""
    return any(
        isinstance(node, Stop) and node.kind is kind and kind not in caught
        for node, caught in _walk(nodes)
    )


def may_exit(node: Node) -> bool:
    """Say whether a node may end the shell it runs in."""
    return stops_with([node], StopKind.EXIT)


def embeds(nodes: SequenceOf[Node]) -> Iterator[Embed]:
    """Yield the texts in other languages that run below *nodes*."""
    for node, _ in _walk(nodes):
        if isinstance(node, Embed):
            yield node
