"""Lowered Python as short strings, so that a test says in one line what is expected."""

from __future__ import annotations

from dbguard.flow import (
    Branch,
    Call,
    Check,
    Embed,
    Flow,
    Include,
    Loop,
    Lowered,
    Node,
    Sequence,
    Stop,
    Try,
)
from dbguard.languages.python import lower
from dbguard.operations import Operation
from dbguard.source import Region, SourceFile


def lowered(text: str) -> Lowered:
    """Lower a text."""
    return lower(Region.of_file(SourceFile("script.py", text), "python"))


def nodes_of(flow: Flow | Sequence) -> list[Node]:
    """Return every node that is no structure, in reading order."""
    found: list[Node] = []
    stack: list[Node] = [flow.body if isinstance(flow, Flow) else flow]
    while stack:
        match stack.pop():
            case Sequence(nodes=nodes):
                stack.extend(reversed(nodes))
            case Branch(arms=arms):
                stack.extend(reversed(arms))
            case Loop(body=body) | Call(body=body):
                stack.append(body)
            case Try(body=body, handlers=handlers, otherwise=otherwise, final=final):
                stack.extend((final, otherwise, *reversed(handlers), body))
            case node:
                found.append(node)
    return found


def said(node: Node) -> str:
    """Return a node as a short string."""
    match node:
        case Operation():
            source = f"{node.source} -> " if node.source is not None else ""
            kind = node.guard.name if node.guard is not None else node.kind.name
            return f"{kind} {source}{node.target}".strip()
        case Embed(region=region):
            return f"{region.language}: {region.text}"
        case Include(path=path):
            return f"include: {path.text}"
        case Check(queries=queries, lesser=()):
            return "check: " + " = ".join(query.text for query in queries)
        case Check(queries=queries, lesser=lesser):
            greater = [query.text for query in queries if query not in lesser]
            return f"check: {', '.join(q.text for q in lesser)} <= {', '.join(greater)}"
        case Stop(kind=kind):
            return f"stop: {kind.value}"
        case _:
            raise AssertionError(node)


def what(text: str) -> list[str]:
    """Return what a text does, all flows together, without connections and stops."""
    return [
        line
        for flow in lowered(text).flows
        for line in map(said, nodes_of(flow))
        if not line.startswith(("CONNECT", "stop:"))
    ]


def shape(node: Node) -> str:
    """Return the structure of a node, in one line."""
    match node:
        case Sequence(nodes=nodes, direction=direction):
            inner = "; ".join(shape(one) for one in nodes)
            return f"{direction.value}({inner})" if direction is not None else inner
        case Branch(arms=arms):
            return "[" + " | ".join(shape(arm) for arm in arms) + "]"
        case Loop(body=body, at_least_once=once):
            return f"loop{'+' if once else '*'}({shape(body)})"
        case Call(name=name, body=body):
            return f"{name}({shape(body)})"
        case Try(body=body, handlers=handlers, otherwise=otherwise, final=final):
            parts = [shape(body), *(f"except {shape(one)}" for one in handlers)]
            parts.extend([f"else {shape(otherwise)}"] if otherwise.nodes else [])
            parts.extend([f"finally {shape(final)}"] if final.nodes else [])
            return f"try({', '.join(parts)})"
        case Operation(checked=False) | Embed(checked=False):
            return said(node) + "?"
        case _:
            return said(node)


def shapes(text: str) -> list[str]:
    """Return the structure of every flow with content, as ``name: structure``."""
    return [f"{flow.name}: {shape(flow.body)}" for flow in lowered(text).flows if flow.body.nodes]


def spans(text: str) -> list[str]:
    """Return the source text under each operation and embedded text."""
    return [
        text[node.span.start : node.span.end]
        for flow in lowered(text).flows
        for node in nodes_of(flow)
        if isinstance(node, Operation | Embed)
    ]
