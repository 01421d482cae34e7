"""What git cannot tell about a change: errors that are caught where no change was asked for.

In a module of their own, for a scan of files imports nothing of git's.
"""

from __future__ import annotations


class GitError(Exception):
    """git is missing or refused; the message says it in its words."""


class GitRefusalError(GitError):
    """git ran and ended with an error."""


class ChangeError(Exception):
    """There is nothing to compare with; the message says why."""


class ShallowError(Exception):
    """The history that would be needed is cut off; the message says how to get it."""
