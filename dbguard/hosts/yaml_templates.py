"""YAML that a template makes (Helm, Jinja): the YAML it would make, with holes.

An expression inside a line becomes a hole, named after the expression. A line of its own
(``{{- if .Values.x }}``, ``{{ include "labels" . | nindent 4 }}``, ``{% for ... %}``) says
nothing about the commands around it and is left out, and so are the arms' conditions: all
arms stand there.
"""

from __future__ import annotations

import re

from dbguard.patterns import regex
from dbguard.records import replace
from dbguard.source import Region, Transcript

_TEMPLATE = regex(
    r"\{\{-?\s*/\*.*?\*/\s*-?\}\}"
    r"|\{#.*?#\}"
    r"|\{%.{0,2000}?%\}"
    r"|\{\{[-+]?(?P<expression>(?:[^{}\"'`]|\"(?:[^\"\\]|\\.){0,2000}\"|'[^']{0,2000}'|`[^`]{0,2000}`){0,2000})[-+]?\}\}",
    re.DOTALL,
)
_CONTROL = regex(
    r"\s*(?:if|else|end|range|with|define|block|template|break|continue|fail)\b|\s*\$\w+\s*:?="
)


def without_templates(region: Region) -> Region:
    """Return *region* with its template expressions as holes and its template lines empty."""
    text = region.text
    transcript, at = Transcript(), 0
    for match in _TEMPLATE.finditer(text):
        transcript.mapped(region.slice(at, match.start()))
        at = match.end()
        expression = match["expression"]
        if expression is None or _CONTROL.match(expression) or _is_alone(text, match):
            continue
        place = region.span(match.start(), match.end())
        transcript.hole(expression, place.start, place.end - place.start)
    transcript.mapped(region.slice(at, len(text)))
    whole = transcript.build()
    return replace(region, text=whole.text, map=whole.map)


def _is_alone(text: str, match: re.Match[str]) -> bool:
    """Say whether a template is all there is on its lines: it makes lines, not a word."""
    begin = text.rfind("\n", 0, match.start()) + 1
    end = text.find("\n", match.end())
    after = text[match.end() : len(text) if end < 0 else end]
    return not text[begin : match.start()].strip() and not after.strip()
