"""YAML as a tree whose scalars know where each of their code points stands.

The tree is built from the parser's events, without recursion: deep nesting is a limit
that is reported, an alias leads to the node it names (so a bomb of aliases costs nothing
until somebody walks it, and walking is counted), and of a file that is broken half-way
what stands before is still there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from dbguard.hosts import yaml_scalars
from dbguard.hosts.yaml_templates import without_templates
from dbguard.records import dataclass, field
from dbguard.source import Mapped, Problem, Region, Span

MAX_DEPTH = 200
"""How deep collections may nest; no file of a person comes near it."""

MAX_NODES = 1_000_000
"""How many nodes one file may have."""

MAX_VISITS = 200_000
"""How many entries may be looked at, each alias counted as often as it is followed."""

MAX_TEXTS = 5_000
"""How many texts one script may be made of, each alias counted as often as it is followed."""

_MAX_MERGES = 50


@dataclass(slots=True, eq=False)
class Scalar:
    """A scalar at ``[start, end)`` of the region; *style* as in :func:`yaml_scalars.decode`."""

    value: str
    style: str
    start: int
    end: int
    tag: str = ""


@dataclass(slots=True, eq=False)
class Listing:
    """A sequence."""

    start: int
    end: int = 0
    tag: str = ""
    items: list[Node] = field(default_factory=list)
    flow: bool = False


@dataclass(slots=True, eq=False)
class Table:
    """A mapping; a key may stand in it more than once."""

    start: int
    end: int = 0
    tag: str = ""
    pairs: list[tuple[Node, Node]] = field(default_factory=list)
    flow: bool = False


Node = Scalar | Listing | Table


@dataclass(frozen=True, slots=True)
class Entry:
    """A key of a mapping that is a scalar, and its value."""

    name: str
    key: Scalar
    value: Node


class Yaml:
    """The documents of a region. ``problems`` tells what could not be read of it."""

    def __init__(self, region: Region, *, templated: bool = False) -> None:
        """Parse *region*; *templated* files (Helm) have their templates filled at once.

        In another file what looks like a template may be text: it is filled only where
        the file is no YAML as it stands.
        """
        self.region = region
        self.problems: list[Problem] = []
        self.documents: list[Node] = []
        self._visits = 0
        has_template = "{{" in region.text or "{%" in region.text
        if templated and has_template:
            self.region = without_templates(region)
        problem = self._parse()
        if problem is not None and has_template and not templated:
            self.region = without_templates(region)
            again, self.documents = self.documents, []
            problem = self._parse()
            if problem is not None and len(self.documents) < len(again):
                self.region, self.documents = region, again
        if problem is not None:
            self.problems.append(problem)

    # -- looking at nodes ---------------------------------------------------------------

    def text(self, node: Node | None) -> Mapped | None:
        """Return the text of a scalar, None for anything else."""
        if not isinstance(node, Scalar):
            return None
        return yaml_scalars.decode(self.region, node.start, node.end, node.style, node.value)

    def value(self, node: Node | None) -> str:
        """Return the value of a scalar, '' for anything else."""
        return node.value if isinstance(node, Scalar) else ""

    def span(self, node: Node) -> Span:
        """Return where a node stands in the outermost file."""
        return self.region.span(node.start, node.end)

    def entries(self, node: Node | None) -> list[Entry]:
        """Return the entries of a mapping and of those merged into it (``<<``).

        Its own come before merged ones, and of one key the last counts.
        """
        found: dict[str, Entry] = {}
        pending: list[Node] = [node] if node is not None else []
        for _ in range(_MAX_MERGES):
            if not pending:
                break
            table = pending.pop(0)
            if isinstance(table, Listing):
                pending = [*table.items[:_MAX_MERGES], *pending]
            if not isinstance(table, Table) or not self._may_visit(len(table.pairs)):
                continue
            own: dict[str, Entry] = {}
            for key, value in table.pairs:
                if isinstance(key, Scalar):
                    if key.value == "<<" and not key.style:
                        pending.append(value)
                    else:
                        own[key.value] = Entry(key.value, key, value)
            found = {**own, **found}
        if pending:
            self._note_limit(f"a mapping is merged from more than {_MAX_MERGES}")
        return list(found.values())

    def get(self, node: Node | None, *path: str) -> Node | None:
        """Return what stands in a mapping under a path of keys, None where nothing does."""
        for name in path:
            node = next((e.value for e in self.entries(node) if e.name == name), None)
        return node

    def items(self, node: Node | None) -> list[Node]:
        """Return the items of a sequence, [] for anything else."""
        if isinstance(node, Listing) and self._may_visit(len(node.items)):
            return node.items
        return []

    def flattened(self, node: Node | None) -> Iterator[Node]:
        """Yield the items of a sequence, and those of the sequences in it; a scalar yields itself."""
        pending = [(node, 0)] if node is not None else []
        while pending:
            current, depth = pending.pop()
            if isinstance(current, Listing):
                if depth < 12:  # a sequence may hold itself
                    pending.extend((item, depth + 1) for item in reversed(self.items(current)))
            elif self._may_visit(1):
                yield current

    def texts(self, node: Node | None) -> list[Mapped]:
        """Return the texts of a scalar or of a sequence of scalars."""
        found = (self.text(item) for item in self.flattened(node))
        return self.bounded(text for text in found if text is not None)

    def bounded(self, texts: Iterable[Mapped]) -> list[Mapped]:
        """Return the texts of a script, of more than :data:`MAX_TEXTS` the first ones only."""
        found = list(islice(texts, MAX_TEXTS + 1))
        if len(found) > MAX_TEXTS:
            self._note_limit(f"a script is made of more than {MAX_TEXTS} texts")
        return found[:MAX_TEXTS]

    def _note_limit(self, error: str) -> None:
        if not any(problem.stage == "limit" for problem in self.problems):
            self.problems.append(self._limit(error, 0))

    def _may_visit(self, count: int) -> bool:
        self._visits += count + 1
        if self._visits <= MAX_VISITS:
            return True
        self._note_limit(f"its aliases make more than {MAX_VISITS} entries")
        return False

    # -- building them ------------------------------------------------------------------

    def _limit(self, error: str, at: int) -> Problem:
        return Problem(self.region.file.path, error, "limit", self.region.span(at, at))

    def _parse(self) -> Problem | None:
        """Build the documents; return what ended it early."""
        import yaml

        loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        path = self.region.file.path
        try:
            return self._build(yaml.parse(self.region.text, Loader=loader))
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            at = min(mark.index, len(self.region.text)) if mark is not None else 0
            why = error.problem or "cannot be parsed"
            return Problem(path, f"is not valid YAML: {why}", "parse", self.region.span(at, at))
        except yaml.YAMLError as error:
            where = self.region.span(0, 0)
            why = str(getattr(error, "reason", "cannot be parsed"))
            return Problem(path, f"is not valid YAML: {why}", "parse", where)

    def _build(self, events: Iterable[Any]) -> Problem | None:
        """Build the documents from events; their marks count code points."""
        import yaml

        anchors: dict[str, Node] = {}
        stack: list[_Open] = []
        count = 0
        kinds: Any = yaml.events
        for event in events:
            node: Node
            count += 1
            at: int = event.start_mark.index
            if count > MAX_NODES:
                return self._limit(f"has more than {MAX_NODES} nodes", at)
            if isinstance(event, kinds.DocumentStartEvent):
                anchors = {}
                continue
            if isinstance(event, kinds.CollectionEndEvent):
                done = stack.pop().node
                done.end = _end(done, event.end_mark.index)
                continue
            if isinstance(event, kinds.AliasEvent):
                unknown = Scalar("", "", at, event.end_mark.index)
                self._place(anchors.get(event.anchor, unknown), stack)
                continue
            end: int = event.end_mark.index
            tag = getattr(event, "tag", None) or ""
            if isinstance(event, kinds.ScalarEvent):
                node = Scalar(event.value, (event.style or "").strip(), at, end, tag)
            elif isinstance(event, kinds.SequenceStartEvent):
                node = Listing(at, end, tag, flow=bool(event.flow_style))
            elif isinstance(event, kinds.MappingStartEvent):
                node = Table(at, end, tag, flow=bool(event.flow_style))
            else:
                continue
            if event.anchor:
                anchors[event.anchor] = node
            self._place(node, stack)
            if not isinstance(node, Scalar):
                if len(stack) >= MAX_DEPTH:
                    return self._limit(f"nests more than {MAX_DEPTH} deep", at)
                stack.append(_Open(node))
        return None

    def _place(self, node: Node, stack: list[_Open]) -> None:
        """Put a node where it belongs: into the innermost open collection."""
        if not stack:
            self.documents.append(node)
            return
        inner = stack[-1]
        if isinstance(inner.node, Listing):
            inner.node.items.append(node)
        elif inner.key is None:
            inner.key = node
        else:
            inner.node.pairs.append((inner.key, node))
            inner.key = None


def _end(node: Listing | Table, marked: int) -> int:
    """Return where a collection ends; the mark of a block stands where the next token does."""
    last = node.items[-1:] if isinstance(node, Listing) else [v for _, v in node.pairs[-1:]]
    inner = last[0].end if last else marked
    return inner if node.start <= inner < marked and not node.flow else marked


@dataclass(slots=True)
class _Open:
    """A collection that is being read, and the key whose value comes next."""

    node: Listing | Table
    key: Node | None = None
