"""Procfiles: one command for each process (``release: python manage.py migrate``).

https://devcenter.heroku.com/articles/procfile
"""

from __future__ import annotations

import re

from dbguard.flow import Flow, Lowered, Sequence
from dbguard.hosts.line_comments import comments
from dbguard.hosts.shell_steps import Setting
from dbguard.hosts.tasks import command
from dbguard.patterns import regex
from dbguard.source import Region

__all__ = ["comments", "lower"]

_LINE = regex(r"^([A-Za-z0-9_-]+):[ \t]*(\S[^\n]*)$", re.MULTILINE)


def lower(region: Region) -> Lowered:
    """Return a flow for each process."""
    setting = Setting("", None, {}, "bash")
    return Lowered(
        tuple(
            Flow(
                match[1],
                Sequence(
                    (command(region, region.slice(*match.span(2)), "line of a Procfile", setting),)
                ),
            )
            for match in _LINE.finditer(region.text)
        )
    )
