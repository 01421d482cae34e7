"""What of the findings counts: the one place where any is set aside.

Comments and the baseline mark findings, which stay in the report; a scan of a change
leaves out those that are not of the change, and counts them; settings come last.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator

from dbguard.baseline import Baseline
from dbguard.config import Config
from dbguard.finding import Finding, ordered
from dbguard.records import dataclass, replace
from dbguard.source import Comment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import date

    from dbguard.changes import Comparison
    from dbguard.suppression import Directives, Suppression

ProjectPath = Callable[[str], str]


_WEAKENED = "weakened-guard"


@dataclass(frozen=True, slots=True)
class Accepted:
    """Findings with their marks, in order.

    ``unchanged`` counts those not of the change, ``below_minimum`` those too mild to report.
    """

    findings: tuple[Finding, ...]
    unchanged: int = 0
    below_minimum: int = 0


def told(comments: Iterable[Comment], today: date | None) -> Directives | None:
    """Return what comments of a scan say to dbguard, None where there are none.

    *today* is what dates are compared with, None for the day it is.
    """
    comments = tuple(comments)
    if not comments:
        return None
    # Imported here, with the clock: in few scans a comment speaks to us.
    from datetime import date

    from dbguard.rule_index import ABOUT_CODE, ABOUT_GUARD
    from dbguard.suppression import directives

    return directives(comments, ABOUT_CODE, ABOUT_GUARD, today or date.today())


def suppressed(findings: Iterable[Finding], said: Directives | None) -> Iterable[Finding]:
    """Return the findings, marked where comments accept them, and those about comments."""
    if said is None:
        return findings
    from dbguard.suppression import apply

    return apply(findings, said)


def accept(
    findings: Iterable[Finding],
    baseline: Baseline,
    comparisons: Collection[Comparison],
    config: Config,
    project_path: ProjectPath,
) -> Accepted:
    """Return *findings*, whose suppressions are applied, with every other mark.

    A finding is of the change if all *comparisons* say so: what is new in a merge is new
    to both of its sides.
    """
    marked = list(baseline.mark(ordered(findings, project_path), project_path))
    kept = [
        finding
        for finding in marked
        if finding.rule == _WEAKENED
        or all(comparison.is_of_the_change(finding) for comparison in comparisons)
    ]
    with_severity = tuple(_severities(kept, config, project_path))
    # What is about the guard itself is never too mild.
    reported = tuple(
        finding
        for finding in with_severity
        if finding.section is None or finding.severity >= config.minimum_severity
    )
    return Accepted(reported, len(marked) - len(kept), len(with_severity) - len(reported))


def _severities(
    findings: Iterable[Finding], config: Config, project_path: ProjectPath
) -> Iterator[Finding]:
    """Give findings the severity the settings say; leave out rules switched off."""
    for finding in findings:
        severity = config.severity_of(finding.rule, project_path(finding.path), finding.severity)
        if severity is finding.severity:
            yield finding
        elif severity is not None:
            yield replace(finding, severity=severity)


def added_suppressions(before: Directives | None, after: Directives | None) -> Iterator[Finding]:
    """Yield a finding for every suppression that a change added, or gave a later date."""
    from dbguard.rules.weakened_guard import WeakenedGuard

    known: dict[tuple[str, str, str, date | None], int] = {}
    for old in _suppressions(before):
        key = old.file.path, old.rule, old.reason, old.until
        known[key] = known.get(key, 0) + 1
    for new in _suppressions(after):
        key = new.file.path, new.rule, new.reason, new.until
        if known.get(key, 0) > 0:
            known[key] -= 1
            continue
        yield WeakenedGuard().at(
            new.file, new.span, f"the change adds a suppression of {new.rule}: {new.reason}"
        )


def _suppressions(said: Directives | None) -> tuple[Suppression, ...]:
    return () if said is None else said.suppressions
