"""unused-suppression."""

from __future__ import annotations

from dbguard.rule import GuardRule


class UnusedSuppression(GuardRule):
    """A comment suppresses a rule that finds nothing there.

    ## Why it matters

    A suppression that is left behind waits for the next operation on its line and lets it
    pass unseen.

    ## Do instead

    Delete the comment, or the id of the rule in it that finds nothing.
    """

    id = "unused-suppression"
