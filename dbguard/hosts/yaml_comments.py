"""Comments in YAML, each with what it is about: a line, a scalar to its end, a short item.

A comment above ``run: |`` speaks of the whole script, one above ``- name: clean`` of the
step that begins there. It never speaks of more than that: an item that has items of its own
(a play, a job) is not accepted whole. What looks like a comment inside of a scalar is part of
its text, and is left to the language of that.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

from dbguard.hosts.yaml_nodes import Listing, Node, Scalar, Table, Yaml
from dbguard.patterns import regex
from dbguard.source import Comment, Region

_COMMENT = regex(r"(?:(?<=^)|(?<=[ \t]))#[^\n]*", re.MULTILINE)
_CODE = regex(r"^[ \t]*(?P<code>[^#\s][^\n]*)", re.MULTILINE)


def comments(region: Region) -> Iterator[Comment]:
    """Yield the comments of a YAML file that speak to dbguard."""
    yaml = Yaml(region)
    region = yaml.region
    scalars, items = _places(yaml)
    starts = [start for start, _ in scalars]
    for match in _COMMENT.finditer(region.text):
        index = bisect_right(starts, match.start()) - 1
        if "dbguard:" not in match[0] or (index >= 0 and match.start() < scalars[index][1]):
            continue
        span = region.span(*match.span())
        line = region.text.rfind("\n", 0, match.start()) + 1
        here = span
        if region.text[line : match.start()].strip():
            here = region.span(*_covered(line, match.end(), scalars, starts, {}))
        following = None
        code = _CODE.search(region.text, match.end())
        if code is not None:
            following = region.span(*_covered(*code.span("code"), scalars, starts, items))
        yield Comment(region.file, span, match[0], here, following)


def _covered(
    start: int,
    end: int,
    scalars: list[tuple[int, int]],
    starts: list[int],
    items: dict[int, int],
) -> tuple[int, int]:
    """Return a line with the scalars, and the item, that begin on it."""
    index = bisect_right(starts, start - 1)
    covered = max(end, items.get(start, end))
    while index < len(scalars) and scalars[index][0] < end:
        covered = max(covered, scalars[index][1])
        index += 1
    return start, covered


def _places(yaml: Yaml) -> tuple[list[tuple[int, int]], dict[int, int]]:
    """Return where scalars stand, in order, and the ends of short items by where they begin."""
    text = yaml.region.text
    scalars: set[tuple[int, int]] = set()
    items: dict[int, int] = {}
    seen: set[int] = set()
    pending: list[Node] = list(yaml.documents)
    while pending:
        node = pending.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, Scalar):
            scalars.add((node.start, node.start + len(text[node.start : node.end].rstrip())))
        elif isinstance(node, Listing):
            pending.extend(node.items)
            for item in node.items:
                if isinstance(item, Table) and not _has_items(item):
                    dash = text.rfind("-", 0, item.start)
                    items[dash] = item.start + len(text[item.start : item.end].rstrip())
        else:
            for key, value in node.pairs:
                pending += (key, value)
    return sorted(scalars), items


def _has_items(table: Table) -> bool:
    """Say whether there are mappings in a list somewhere below the values of a mapping."""
    pending: list[tuple[Node, int]] = [(value, 0) for _, value in table.pairs]
    while pending:
        node, depth = pending.pop()
        if isinstance(node, Listing):
            if depth > 5 or any(not isinstance(item, Scalar) for item in node.items):
                return True
        elif isinstance(node, Table):
            if depth > 5:
                return True
            pending.extend((value, depth + 1) for _, value in node.pairs)
    return False
