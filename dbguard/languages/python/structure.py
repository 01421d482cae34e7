"""Questions about flow nodes: whether they do anything, end every path, have succeeded."""

from __future__ import annotations

from dbguard.flow import (
    Branch,
    Call,
    Check,
    Embed,
    Include,
    Loop,
    Sequence,
    Stop,
    StopKind,
    Try,
)
from dbguard.flow import Node as FlowNode
from dbguard.operations import Operation
from dbguard.records import replace


def matters(node: FlowNode) -> bool:
    """Say whether a node does more than end or repeat."""
    stack: list[FlowNode] = [node]
    while stack:
        match stack.pop():
            case Operation() | Embed() | Include() | Check():
                return True
            case Sequence(nodes=nodes):
                stack.extend(nodes)
            case Branch(arms=arms):
                stack.extend(arms)
            case Loop(body=body) | Call(body=body):
                stack.append(body)
            case Try(body=body, handlers=handlers, otherwise=otherwise, final=final):
                stack.extend((body, *handlers, otherwise, final))
            case _:
                pass
    return False


def ends(nodes: list[FlowNode] | tuple[FlowNode, ...]) -> bool:
    """Say whether no path gets past these nodes."""
    for node in nodes:
        match node:
            case Stop():
                return True
            case Sequence(nodes=inner) if ends(inner):
                return True
            case Branch(arms=arms) if arms and all(ends(arm.nodes) for arm in arms):
                return True
            case Call(body=body) if _leaves(body.nodes):
                return True
            case _:
                pass
    return False


def _leaves(nodes: tuple[FlowNode, ...]) -> bool:
    """Say whether a called body always raises or exits (a helper such as ``die()``)."""
    for node in nodes:
        match node:
            case Stop(kind=kind):
                return kind in (StopKind.RAISE, StopKind.EXIT)
            case Branch():
                return False
            case _:
                pass
    return False


def as_checked(node: FlowNode) -> FlowNode:
    """Return a node that has succeeded where it stands."""
    match node:
        case Operation() | Embed() | Include():
            return replace(node, checked=True)
        case Sequence(nodes=nodes):
            return replace(node, nodes=tuple(as_checked(inner) for inner in nodes))
        case Call(body=body):
            return replace(node, body=replace(body, nodes=tuple(map(as_checked, body.nodes))))
        case _:
            return node
