"""Which repairs are to be done: each is tried in memory, and kept if the scan finds less."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from dbguard.discover import Candidate
from dbguard.finding import Finding
from dbguard.fixes import fix_for
from dbguard.fixing.workbench import Bench, Done
from dbguard.operations import Operation
from dbguard.options import ScanOptions
from dbguard.records import dataclass, field
from dbguard.repair.edits import Edit, moved, original
from dbguard.repair.fix import Repair, Safety, Site
from dbguard.repair.places import inner_span
from dbguard.source import Region, SourceFile, Span

MAX_ATTEMPTS = 500
"""How many repairs of one file are tried, so that no file takes for ever."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """A finding that a repair does away with: where it was, and what the repair does."""

    path: str
    line: int
    rule: str
    what: str
    safety: Safety


@dataclass(slots=True)
class Proposal:
    """What may be done: the files before and after, and what is left.

    ``withheld`` are fixes of a safety that was not asked for; ``unfixed`` the findings
    that no repair is known for, ``limited`` the files in which not every repair was tried.
    """

    before: Bench
    after: Bench
    fixed: list[Fixed] = field(default_factory=list)
    withheld: list[Fixed] = field(default_factory=list)
    unfixed: list[Finding] = field(default_factory=list)
    limited: list[str] = field(default_factory=list)

    def changes(self) -> Iterator[tuple[Candidate, str, str]]:
        """Yield each file that changes, with its text before and after."""
        old = {candidate.path: candidate for candidate in self.before.examined.results}
        for candidate in self.after.examined.results:
            was = old[candidate.path]
            if candidate.data is not was.data:
                before, after = self.before.written(was), self.after.written(candidate)
                if before is not None and after is not None and before.text != after.text:
                    yield was, before.text, after.text


def propose(
    options: ScanOptions, rules: frozenset[str] | None, allowed: frozenset[Safety]
) -> Proposal:
    """Return what may be done about the findings of a scan.

    *rules* are those whose findings are to be fixed, None for all; *allowed* are the safeties
    of the fixes that are done. Repairs that a later one makes possible are found, too: doing
    what is proposed and asking again proposes nothing.
    """
    bench = Bench.of(options)
    proposal = Proposal(bench, bench)

    def wanted(finding: Finding) -> bool:
        return finding.active and (rules is None or finding.rule in rules)

    for path in dict.fromkeys(finding.path for finding in bench.findings if wanted(finding)):
        _File(proposal, path, wanted, allowed).fix()
    return proposal


class _File:
    """Fixes one file, finding by finding."""

    def __init__(
        self,
        proposal: Proposal,
        path: str,
        wanted: Callable[[Finding], bool],
        allowed: frozenset[Safety],
    ) -> None:
        self.proposal = proposal
        self.path = path
        self.wanted = wanted
        self.allowed = allowed
        self.attempts = 0
        self.done: list[tuple[Edit, ...]] = []

    def fix(self) -> None:
        """Do what may be done, until a pass over the whole file does nothing more."""
        while self._pass():
            pass
        for finding in self._findings():
            self._look_at_rest(finding)
        if self.attempts >= MAX_ATTEMPTS:
            self.proposal.limited.append(self.path)

    def _findings(self) -> list[Finding]:
        """Return what is to be fixed, the safest first."""
        found = [
            finding
            for finding in self.proposal.after.findings
            if finding.path == self.path and self.wanted(finding)
        ]
        return sorted(found, key=_order)

    def _pass(self) -> bool:
        """Try every finding once; say whether one was fixed."""
        tried: set[tuple[str, Span]] = set()
        progress, again = False, True
        while again and self.attempts < MAX_ATTEMPTS:
            again = False
            for finding in self._findings():
                place = finding.rule, finding.primary.span
                done = None if place in tried else self._tried(finding, self.allowed)
                if done is None:
                    tried.add(place)
                    continue
                outcome, repair, safety = done
                self.proposal.fixed.append(self._fixed(finding, repair, safety))
                self.done.append(outcome.edits)
                self.proposal.after = outcome.bench
                tried = {(rule, moved(span, outcome.edits)) for rule, span in tried}
                progress = again = True
                break
        return progress

    def _look_at_rest(self, finding: Finding) -> None:
        """Say of a finding that stays whether another safety would fix it."""
        others = frozenset(Safety) - self.allowed
        done = self._tried(finding, others) if others else None
        if done is None:
            self.proposal.unfixed.append(finding)
        else:
            self.proposal.withheld.append(self._fixed(finding, done[1], done[2]))

    def _fixed(self, finding: Finding, repair: Repair, safety: Safety) -> Fixed:
        """Return what is done about a finding; its line is that of the file as it lies there."""
        span = finding.primary.span
        for edits in reversed(self.done):
            span = original(span, edits)
        before = next(f.primary.file for f in self.proposal.before.findings if f.path == self.path)
        line, _ = before.position(span.start)
        return Fixed(self.path, line, finding.rule, repair.what, safety)

    def _tried(
        self, finding: Finding, allowed: frozenset[Safety]
    ) -> tuple[Done, Repair, Safety] | None:
        """Return the first repair that is an improvement."""
        fix = fix_for(finding.rule)
        bench = self.proposal.after
        candidate = bench.candidate(self.path)
        if fix is None or candidate is None:
            return None
        site = _site(bench, candidate, finding)
        if site is None:
            return None
        for repair in fix.repairs(site):
            safety = repair.safety or fix.safety
            if safety in allowed and self.attempts < MAX_ATTEMPTS:
                self.attempts += 1
                done = bench.repaired(candidate, repair, finding)
                if done is not None:
                    return done, repair, safety
        return None


def _order(finding: Finding) -> tuple[int, Span]:
    fix = fix_for(finding.rule)
    reviewed = fix is None or fix.safety is not Safety.SAFE
    return int(reviewed), finding.primary.span


def _site(bench: Bench, candidate: Candidate, finding: Finding) -> Site | None:
    """Return where a finding is, None where its place is not known letter by letter."""
    written = bench.written(candidate)
    if written is None:
        return None
    region = Region.of_file(
        SourceFile(candidate.path, written.text), candidate.kind.language, candidate.kind.dialect
    )
    if finding.operation is not None:
        region = finding.operation.region
    inner = inner_span(region, finding.primary.span)
    if inner is None:
        return None

    def read() -> tuple[Operation, ...]:
        return bench.reading(candidate, written.text).operations

    return Site(finding, region, inner, finding.operation, read)
