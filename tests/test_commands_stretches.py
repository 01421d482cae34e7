"""Matches in long texts, found stretch by stretch."""

from __future__ import annotations

import re

import pytest

from dbguard.analysis import analyse
from dbguard.commands.stretches import LONGEST, STRETCH, hits
from dbguard.source import SourceFile

_QUOTED = re.compile(r"`([^`\n]+)`")


@pytest.mark.parametrize("before", [0, 1, STRETCH - 5, STRETCH - 1, STRETCH, STRETCH + 1])
@pytest.mark.parametrize("long", [1, 1_999, 2_001, 30_000, LONGEST - 2])
def test_the_same_matches_as_in_one_piece(before: int, long: int) -> None:
    text = "x" * before + "`" + "y" * long + "` and `z` " + "x" * STRETCH + "`last`"
    found = [(hit.start(), hit.end()) for hit in hits(_QUOTED, text)]
    assert found == [(hit.start(), hit.end()) for hit in _QUOTED.finditer(text)]


def test_a_long_command_across_the_end_of_a_stretch() -> None:
    """What begins before the end of a stretch and is long is found, and in its place."""
    command = "true " + "&& true " * 600 + "&& rm -f app.db"
    code = "my $x = 1;" * (STRETCH // 10 - 1) + f'system("{command}");'
    file = SourceFile("x.sh", f"perl -e '{code}'\n")
    found = analyse(file, "shell").findings
    assert [file.text[f.primary.span.start : f.primary.span.end] for f in found] == ["rm -f app.db"]
