"""The open blocks of a procedural text: a stack of frames, each a branch, loop or body being read.

One explicit stack, no recursion over the text: nesting costs memory only, and past a limit
blocks are read as if they were flat.
"""

from __future__ import annotations

from dbguard.flow import Branch, Loop, Node, Sequence, Try
from dbguard.languages.sql.session import Scope
from dbguard.languages.sql.tokens import Token, key
from dbguard.records import dataclass, field
from dbguard.source import Problem

MAX_OPEN = 100


@dataclass(slots=True)
class Frame:
    """An open block. ``nodes`` is the arm being read, ``arms`` those read before.

    ``single`` takes one statement an arm (T-SQL's IF without BEGIN). ``false`` is what
    is known on the path on which no arm so far was taken.
    """

    kind: str
    start: int
    nodes: list[Node] = field(default_factory=list)
    arms: list[list[Node]] = field(default_factory=list)
    body: list[Node] | None = None
    single: bool = False
    otherwise: bool = False
    false: list[Node] = field(default_factory=list)
    handlers: list[list[Node]] = field(default_factory=list)
    name: str = ""
    language: str = ""


def frame_node(frame: Frame) -> list[Node]:
    """Return what a closed block is in the flow."""
    current = Sequence(tuple(frame.nodes))
    if frame.kind in ("if", "case"):
        arms = [Sequence(tuple(arm)) for arm in frame.arms] + [current]
        if not frame.otherwise:
            arms.append(Sequence(tuple(frame.false)))
        return [Branch(tuple(arms))]
    if frame.kind in ("loop", "repeat"):
        return [Loop(current, at_least_once=frame.kind == "repeat")]
    if frame.kind == "handler":
        return []
    if frame.kind in ("try", "catch", "exception"):
        body = Sequence(tuple(frame.body if frame.body is not None else frame.nodes))
        handlers = [*frame.arms] + ([frame.nodes] if frame.body is not None else [])
        handlers += frame.handlers
        return [Try(body, tuple(Sequence(tuple(arm)) for arm in handlers) or (Sequence(),))]
    if frame.handlers:
        return [Try(current, tuple(Sequence(tuple(arm)) for arm in frame.handlers))]
    return list(frame.nodes)


class OpenBlocks:
    """The part of a reader that keeps its open blocks.

    ``procedural`` says that the text is the body of a function or block.
    """

    def __init__(self, scope: Scope, tokens: list[Token], procedural: bool) -> None:
        self.scope = scope
        self.tokens = tokens
        self.procedural = procedural
        self.frames: list[Frame] = [Frame("top", 0)]
        self.flattened = 0

    def closed(self, frame: Frame) -> list[Node]:
        """Return what a closed definition lowers to."""
        raise NotImplementedError

    @property
    def nodes(self) -> list[Node]:
        """The nodes of the arm being read."""
        return self.frames[-1].nodes

    @property
    def in_body(self) -> bool:
        return self.procedural or len(self.frames) > 1

    def open(self, frame: Frame) -> None:
        """Open a block, unless too many are open."""
        if len(self.frames) > MAX_OPEN:
            if not self.flattened:
                span = self.scope.region.span(frame.start, frame.start + 1)
                path = self.scope.region.file.path
                self.scope.session.problems.append(
                    Problem(path, "blocks nested too deep", "limit", span)
                )
            self.flattened += 1
            return
        self.frames.append(frame)

    def close(self) -> None:
        """Close the innermost block and hand what it is to the one around it."""
        frame = self.frames.pop()
        made = self.closed(frame) if frame.kind in ("definition", "package") else frame_node(frame)
        self.nodes.extend(made)

    def close_all(self) -> None:
        """Close every open block: nothing goes on past a boundary."""
        self.flattened = 0
        while len(self.frames) > 1:
            self.close()

    def completed(self, at: int) -> int:
        """Close what took one statement only; return where to go on."""
        while self.frames[-1].single:
            frame = self.frames[-1]
            after = at + 1 if key(self.tokens, at) == ";" else at
            if frame.kind == "if" and not frame.otherwise and key(self.tokens, after) == "ELSE":
                self._else(frame)
                return after + 1
            self.close()
        frame = self.frames[-1]
        if frame.kind == "definition" and frame.body is not None:  # its one statement is read
            self.close()
        return at

    def _else(self, frame: Frame) -> None:
        frame.arms.append(frame.nodes)
        frame.nodes = list(frame.false)
        frame.otherwise = True

    def _find_frame(self, *kinds: str) -> Frame | None:
        """Close blocks until one of *kinds* is the innermost; None where none is open."""
        if not any(frame.kind in kinds for frame in self.frames):
            return None
        while self.frames[-1].kind not in kinds:
            if self.frames[-1].kind in ("definition", "package") and "definition" not in kinds:
                return None
            self.close()
        return self.frames[-1]
