"""bad-suppression."""

from __future__ import annotations

from dbguard.rule import GuardRule


class BadSuppression(GuardRule):
    """A comment means to suppress a finding and cannot, or not any more.

    ## Why it matters

    A suppression is a decision a reviewer must be able to read: which rule, and why. So
    it names the rules and gives a reason, and there is no form without them and none for
    a whole file. One that is misspelt, without a reason, or past its date suppresses
    nothing: the finding it was meant for is reported too.

    ## Do instead

    Name the rules, give the reason, and a date where the reason will pass:

        DROP TABLE sessions;  -- dbguard: ignore[drop-table] only caches, refilled at login
        # dbguard: ignore-next-line[delete-database-file] until=2027-03-31 demo data only
        rm demo.db
    """

    id = "bad-suppression"
