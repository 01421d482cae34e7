"""What a scan hands to the reports."""

from __future__ import annotations

from dbguard.finding import Finding, Severity
from dbguard.records import dataclass
from dbguard.source import Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dbguard.shards import Shard


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file, or a whole folder (its path ends in a slash), left out on purpose."""

    path: str
    why: str


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of a scan, formats and exit codes aside.

    ``findings`` are all of them, suppressed ones too, as :func:`dbguard.finding.ordered`
    leaves them. ``files`` counts the files that were checked, ``skipped`` those left out
    on purpose (excluded, binary, vendored), ``unreadable`` those of which nothing could
    be read. ``baselined`` counts findings the baseline covers, ``unchanged`` those that
    are not in ``findings`` because they are not of the change that is asked about,
    ``below_minimum`` those that are not because the settings ask for worse ones only.
    ``left_out`` lists what ``skipped`` counts, as far as it has a path. ``shard`` is the part
    of the whole scan that this is, None where it is whole.
    """

    findings: tuple[Finding, ...] = ()
    problems: tuple[Problem, ...] = ()
    files: int = 0
    skipped: int = 0
    unreadable: int = 0
    suppressed: int = 0
    baselined: int = 0
    unchanged: int = 0
    below_minimum: int = 0
    left_out: tuple[LeftOut, ...] = ()
    shard: Shard | None = None

    @property
    def active(self) -> tuple[Finding, ...]:
        """The findings that count."""
        return tuple(finding for finding in self.findings if finding.active)

    @property
    def incomplete(self) -> bool:
        """Say whether something may have been missed."""
        return any(problem.incomplete for problem in self.problems)

    def count(self, severity: Severity) -> int:
        """How many of the findings that count have a severity."""
        return sum(finding.severity is severity for finding in self.active)
