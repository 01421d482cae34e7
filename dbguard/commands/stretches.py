"""Patterns over long texts, stretch by stretch: some cost the square of what they are given."""

from __future__ import annotations

import re
from collections.abc import Iterator

STRETCH = 100_000
"""Code points in which a match may begin."""

LONGEST = 131_072
"""Code points over which it may go on: Linux gives no program a longer argument
(MAX_ARG_STRLEN in execve(2)), so no command that a text has a shell run is longer."""


def hits(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """Yield the matches of *pattern* in *text*, none that begins in another."""
    done = 0
    for start in range(0, max(1, len(text)), STRETCH):
        end = start + STRETCH
        for hit in pattern.finditer(text, max(start, done), min(len(text), end + LONGEST)):
            if hit.start() >= end:
                break
            done = hit.end()
            yield hit
