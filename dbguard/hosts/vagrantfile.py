"""Vagrantfiles: the ``inline:`` scripts of shell provisioners, each a flow.

https://developer.hashicorp.com/vagrant/docs/provisioning/shell. A here-document that is
assigned to a variable is read as a script too: it is there to be provisioned with.
"""

from __future__ import annotations

import re
from bisect import bisect_left

from dbguard.flow import Flow, Lowered, Node, Sequence
from dbguard.hosts.line_comments import comments
from dbguard.hosts.quoted import STRING, content
from dbguard.hosts.shell_steps import Setting, script, step
from dbguard.patterns import regex
from dbguard.source import Mapped, Region, Span

__all__ = ["comments", "lower"]

_HEREDOC = regex(
    r"<<[-~]?(?P<quote>[\"']?)(?P<tag>[A-Za-z_]\w{0,60})(?P=quote)[^\n]*\n", re.MULTILINE
)
_BEFORE = regex(r"(?:\binline(?::|\s*=>)|[$@\w]=|[$@\w]\s=)\s*$")
_INLINE = regex(r"\binline(?::|[ \t]*=>)[ \t]*(?=[\"'])")


def lower(region: Region) -> Lowered:
    """Return a flow for each script."""
    text = region.text
    closing: dict[str, list[int]] = {}
    for line in re.finditer(r"^[ \t]*([A-Za-z_]\w*)[ \t]*$", text, re.MULTILINE):
        closing.setdefault(line[1], []).append(line.start())
    nodes: list[Node] = []
    for match in _HEREDOC.finditer(text):
        if not _BEFORE.search(_line_before(text, match.start())):
            continue
        starts = closing.get(match["tag"], [])
        index = bisect_left(starts, match.end())
        if index < len(starts):
            body = region.slice(match.end(), starts[index])
            nodes.append(_script(region, body, region.span(match.start(), match.end() - 1)))
    for match in _INLINE.finditer(text):
        string = STRING.match(text, match.end())
        if string is not None and "#" not in _line_before(text, match.start()):
            inner = content(region, string)
            nodes.append(_script(region, inner, region.span(*string.span())))
    return Lowered(
        tuple(Flow(f"script {number}", Sequence((node,))) for number, node in enumerate(nodes, 1))
    )


def _script(region: Region, body: Mapped, place: Span) -> Node:
    setting = Setting("", None, {}, "bash")
    return step(script(region, (body,), "inline script of Vagrant", place, setting))


def _line_before(text: str, at: int) -> str:
    """Return what stands before a place on its line, '#' at most where that is a comment."""
    line = text[max(text.rfind("\n", 0, at) + 1, at - 200) : at]
    return "#" if line.lstrip().startswith("#") else line
