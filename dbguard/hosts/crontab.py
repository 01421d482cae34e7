"""Crontabs: each line is a flow of its own. See crontab(5) of cron.

In /etc/crontab and /etc/cron.d a user stands before the command. An unescaped ``%`` ends
the command: what follows it is its input.
"""

from __future__ import annotations

import re

from dbguard.flow import Flow, Lowered, Sequence
from dbguard.hosts.line_comments import comments
from dbguard.hosts.shell_steps import Setting
from dbguard.hosts.tasks import command
from dbguard.patterns import regex
from dbguard.source import Mapped, Region, Transcript

__all__ = ["comments", "lower"]

_ASSIGNMENT = regex(r"[ \t]*([A-Za-z_]\w*)[ \t]*=[ \t]*(.*?)[ \t]*$")
_FIELD = r"[\d*,/\-A-Za-z~]+"
_TIME = regex(rf"[ \t]*-?(?:@\w+[ \t]+|(?:{_FIELD}[ \t]+){{5}})(?=\S)")
_USER = regex(r"[a-z_][\w-]*\$?[ \t]+(?=\S)")
_USUAL_USER = regex(r"(?:root|www-data|postgres|mysql|nobody|ubuntu|deploy|app)[ \t]+(?=\S)")
_PERCENT = regex(r"\\?%")


def lower(region: Region) -> Lowered:
    """Return a flow for each line that runs something."""
    variables: dict[str, Mapped] = {}
    flows: list[Flow] = []
    for match in re.finditer(r"[^\n]+", region.text):
        start, end = match.span()
        if match[0].lstrip().startswith("#"):
            continue
        time = _TIME.match(region.text, start, end)
        if time is None:
            assignment = _ASSIGNMENT.match(match[0])
            if assignment:
                at = start + assignment.start(2)
                value = assignment[2]
                quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
                variables[assignment[1]] = region.slice(at + quoted, at + len(value) - quoted)
            continue
        begin = time.end()
        user = (_USER if "cron.d/" in region.file.path else _USUAL_USER).match(
            region.text, begin, end
        )
        content = _until_percent(region, user.end() if user else begin, end)
        setting = Setting("", None, dict(variables), "sh")
        node = command(region, content, "line of a crontab", setting)
        flows.append(Flow(f"line {len(flows) + 1}", Sequence((node,))))
    return Lowered(tuple(flows))


def _until_percent(region: Region, start: int, end: int) -> Mapped:
    transcript, at = Transcript(), start
    for match in _PERCENT.finditer(region.text, start, end):
        transcript.mapped(region.slice(at, match.start()))
        at = match.end()
        if match[0] == "%":
            return transcript.build()
        place = region.span(match.start(), match.end())
        transcript.inexact("%", place.start, place.end - place.start)
    transcript.mapped(region.slice(at, end))
    return transcript.build()
