"""Which repairs are to be done: each is tried in memory, and kept if the scan finds less."""

from __future__ import annotations

from collections.abc import Iterator

from dbguard.discover import Candidate
from dbguard.finding import Finding
from dbguard.fixing.mending import Fixed, Mending
from dbguard.fixing.workbench import Bench
from dbguard.options import ScanOptions
from dbguard.records import dataclass, field
from dbguard.repair.fix import Safety


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
        mending = Mending(proposal.after, path, wanted, allowed)
        mending.mend()
        proposal.after = mending.bench
        proposal.fixed += sorted(mending.fixed, key=lambda one: one.line)
        rest = mending.left_to(frozenset(Safety) - allowed)
        proposal.withheld += sorted(rest.fixed, key=lambda one: one.line)
        still = {(finding.rule, rest.place_before(finding)) for finding in rest.findings()}
        proposal.unfixed += [
            finding
            for finding in mending.findings()
            if (finding.rule, mending.place_before(finding)) in still
        ]
        if mending.limited or rest.limited:
            proposal.limited.append(path)
    return proposal
