"""Jenkinsfiles: the ``sh`` steps of a pipeline, in one flow.

https://www.jenkins.io/doc/pipeline/steps/workflow-durable-task-step/. A step is ``sh -xe``, and
its failure fails the build. Blocks that may not run (``if``, ``catch``, ``when``, ``post``) are
branches. An agent of Jenkins may be any machine: nothing is taken for throw-away.
"""

from __future__ import annotations

from collections.abc import Iterator

from dbguard.flow import Branch, Flow, Lowered, Node, Sequence
from dbguard.hosts import line_comments
from dbguard.hosts.quoted import STRING, content
from dbguard.hosts.shell_steps import Setting, script, step
from dbguard.patterns import regex
from dbguard.records import dataclass, field
from dbguard.source import Comment, Problem, Region

MAX_DEPTH = 100
"""How deep blocks may nest; deeper ones are read as part of the one around them."""

_TOKEN = regex(
    rf"//[^\n]*|/\*[\s\S]*?(?:\*/|(?P<unclosed>\Z))|(?P<string>{STRING.pattern})|(?P<mark>[{{}}])"
)
_STEP = regex(r"\bsh\b[ \t]*\(?\s*(?:\w+\s*:\s*[\w'\".]+\s*,\s*)*(?:script\s*:\s*)?$")
_MAYBE = regex(
    r"(?:\bif\s*\([^{}]*\)|\belse|\bcatch\s*\([^{}]*\)|\bcatchError[^{}\n]*|\b(?:failure|unstable|aborted"
    r"|fixed|always|cleanup|unsuccessful|success|changed|regression)|\b(?:for|while)\s*\([^{}]*\)|\.each)\s*$"
)
_WHEN = regex(r"\bwhen\s*$")
_IGNORED = regex(r"\s*,\s*returnStatus\s*:\s*true")


@dataclass(slots=True)
class _Block:
    maybe: bool
    nodes: list[Node] = field(default_factory=list)


def comments(region: Region) -> Iterator[Comment]:
    """Yield the comments that speak to dbguard."""
    return line_comments.comments(region, line_comments.SLASHES)


def lower(region: Region) -> Lowered:
    """Return the flow of the pipeline."""
    text = region.text
    blocks = [_Block(maybe=False)]
    deeper = 0
    problems: list[Problem] = []
    for match in _TOKEN.finditer(text):
        before = text[max(0, match.start() - 200) : match.start()]
        if match["mark"] == "{":
            if len(blocks) > MAX_DEPTH:
                deeper += 1
                continue
            if _WHEN.search(before):
                blocks[-1].maybe = len(blocks) > 1
            blocks.append(_Block(_MAYBE.search(before) is not None))
        elif match["mark"] == "}":
            if deeper:
                deeper -= 1
            elif len(blocks) > 1:
                _close(blocks)
        elif match["unclosed"] is not None:
            place = region.span(match.start(), match.start() + 2)
            problems.append(Problem(region.file.path, "a comment is not closed", "parse", place))
        elif match["string"] and _STEP.search(before):
            string = STRING.match(text, match.start())
            assert string is not None
            inner = content(region, string, interpolated=True)
            ignored = _IGNORED.match(text, match.end()) or "returnStatus: true" in before
            place = region.span(match.start(), match.end())
            shell = script(
                region, (inner,), "sh step of Jenkins", place, Setting("-e", None, {}, "sh")
            )
            blocks[-1].nodes.append(step(shell, checked=not ignored))
    while len(blocks) > 1:
        _close(blocks)
    return Lowered((Flow("", Sequence(tuple(blocks[0].nodes))),), tuple(problems))


def _close(blocks: list[_Block]) -> None:
    block = blocks.pop()
    if block.maybe and block.nodes:
        blocks[-1].nodes.append(Branch((Sequence(tuple(block.nodes)), Sequence())))
    else:
        blocks[-1].nodes.extend(block.nodes)
