"""Patterns: regular expressions, and those of .gitignore; both are compiled when first asked.

A run asks a few of the 270 regular expressions there are, and to compile them all took 50 ms.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from re import compile as regex
else:

    class regex:  # noqa: N801 (called like re.compile, for which type checkers take it)
        """What ``re.compile`` returns, but compiled when one of its methods is asked for."""

        def __init__(self, text, flags=0):
            self._of = text, flags

        def __getattr__(self, name):
            # Kept in the instance: the second time there is nothing to ask.
            value = getattr(re.compile(*self._of), name)
            setattr(self, name, value)
            return value

        def __reduce__(self):
            return regex, self._of


__all__ = ["excluder", "regex"]


@cache
def excluder(patterns: tuple[str, ...]) -> Callable[[str], bool]:
    """Return the test whether patterns as in .gitignore match a path from the root."""
    if not patterns:
        return lambda _: False
    from pathspec import GitIgnoreSpec

    return GitIgnoreSpec.from_lines(patterns).match_file
