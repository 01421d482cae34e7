"""unreadable-file."""

from __future__ import annotations

from dbguard.rule import GuardRule


class UnreadableFile(GuardRule):
    """A file could not be read or analysed whole, so something may have been missed.

    ## Why it matters

    A file that is passed over in silence looks like a file that is safe. dbguard lists
    it among the problems of the report instead, marked `incomplete`, and the run ends with
    exit code 3 where no finding is worse. It is a problem and no finding: it has no
    severity, and neither a comment nor the baseline accepts it.

    ## Do instead

    Mend the file (its encoding, its syntax), or exclude it, which says openly that nobody
    checks it:

        [tool.dbguard]
        exclude = ["dumps/"]
    """

    id = "unreadable-file"
