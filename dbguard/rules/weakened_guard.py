"""weakened-guard."""

from __future__ import annotations

from dbguard.rule import GuardRule


class WeakenedGuard(GuardRule):
    """A change weakens the guard: a setting, a suppression, an entry of the baseline.

    ## Why it matters

    With `--config-from BASE` the policy is that of the merge base, so a pull request
    cannot relax it for itself. What it would relax for the next one is reported: a rule
    lowered or switched off, a path excluded or declared a test, a file declared no
    database, `fail-on` raised, a suppression or an entry of the baseline added.

    ## Do instead

    Let a person decide on it, apart from the change that made it seem necessary. Where
    your reviewers see such changes anyway, settle for a note:

        [tool.dbguard.severity]
        weakened-guard = "note"
    """

    id = "weakened-guard"
