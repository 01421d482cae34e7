"""The repairs of one file: as many at once as go together, and fewer where that brings something.

Each scan of a file takes as long as the file is long. So what may be done about all the
findings of one rule is done together, and scanned once; only where that does not do away
with them, or brings another, halves are tried, and then each repair on its own.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from itertools import islice

from dbguard.discover import Candidate
from dbguard.finding import Finding
from dbguard.fixes import fix_for
from dbguard.fixing.encoding import Written
from dbguard.fixing.spelling import Speller, region_key
from dbguard.fixing.workbench import Bench, Reading, difference
from dbguard.operations import Operation
from dbguard.records import dataclass, field
from dbguard.repair.edits import Edit, Patch
from dbguard.repair.fix import Repair, Safety, Site
from dbguard.repair.parsed import Parsed
from dbguard.repair.places import inner_span, outer_edits
from dbguard.source import Region, SourceFile, Span

MAX_ATTEMPTS = 500
"""How often one file is scanned with repairs, so that no file takes for ever."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """A finding that a repair does away with: where it was, and what the repair does."""

    path: str
    line: int
    rule: str
    what: str
    safety: Safety


@dataclass(slots=True)
class _Case:
    """A finding to be fixed, by its place, and how many of its repairs have failed."""

    rule: str
    span: Span
    failed: int = 0


@dataclass(frozen=True, slots=True)
class _Offer:
    """A repair that may close a case; ``edits`` are where it changes the file."""

    case: _Case
    finding: Finding
    repair: Repair
    safety: Safety
    edits: tuple[Edit, ...]


class _Desk:
    """A file as it is at the moment, read and parsed once however many findings it has."""

    def __init__(self, bench: Bench, candidate: Candidate, written: Written) -> None:
        self.bench, self.candidate, self.written = bench, candidate, written
        self.parsed = Parsed()
        self.findings = {
            (finding.rule, finding.primary.span): finding
            for finding in bench.open_findings
            if finding.path == candidate.path
        }

    @cached_property
    def region(self) -> Region:
        """The whole file."""
        kind = self.candidate.kind
        file = SourceFile(self.candidate.path, self.written.text)
        return Region.of_file(file, kind.language, kind.dialect)

    @cached_property
    def operations(self) -> tuple[Operation, ...]:
        """What the file does, in reading order."""
        return self.read(self.written.text).operations

    def read(self, text: str) -> Reading:
        """Read the file as if it said something else."""
        return self.bench.reading(self.candidate, text)

    def site(self, finding: Finding) -> Site | None:
        """Return where a finding is, None where its place is not known letter by letter."""
        operation = finding.operation
        region = operation.region if operation is not None else self.region
        span = inner_span(region, finding.primary.span)
        if span is None:
            return None
        return Site(finding, region, span, operation, lambda: self.operations, self.parsed)


@dataclass(slots=True)
class Mending:
    """What is done to one file. ``bench`` is what a scan finds with all of it.

    ``fixed`` are the findings that are gone, with their lines in ``file``, which is the file
    as it lies there; ``done`` is what was done to it, one after the other.
    """

    bench: Bench
    path: str
    wanted: Callable[[Finding], bool]
    allowed: frozenset[Safety]
    fixed: list[Fixed] = field(default_factory=list)
    done: list[Patch] = field(default_factory=list)
    file: SourceFile | None = None
    attempts: int = 0
    _speller: Speller = field(default_factory=Speller)
    _on_desk: _Desk | None = None

    def left_to(self, safeties: frozenset[Safety]) -> Mending:
        """Return what other fixes would do about what is left."""
        other = Mending(self.bench, self.path, self.wanted, safeties)
        other.done, other.file = list(self.done), self.file
        other.mend_once()
        return other

    def mend(self) -> None:
        """Do what may be done, until a pass over the whole file does nothing more."""
        while self.mend_once():
            pass

    def mend_once(self) -> bool:
        """Try the fix of every rule once; say whether a finding was fixed."""
        seen: set[str] = set()
        before = len(self.fixed)
        while (rule := next((one for one in self._rules() if one not in seen), None)) is not None:
            seen.add(rule)
            self._mend_rule(rule)
        return len(self.fixed) > before

    @property
    def limited(self) -> bool:
        """Say whether not everything was tried."""
        return self.attempts >= MAX_ATTEMPTS

    def findings(self) -> list[Finding]:
        """Return what is to be fixed and is still there, by its place."""
        desk = self._desk()
        found = desk.findings.values() if desk is not None else ()
        return sorted(filter(self.wanted, found), key=lambda finding: finding.primary.span)

    def _rules(self) -> Iterator[str]:
        """Yield the rules that found something and have a fix: the safest fixes first.

        What mends a step that is there comes before what adds one: it may be all it takes.
        """
        rules = dict.fromkeys(finding.rule for finding in self.findings())
        fixes = [fix for rule in rules if (fix := fix_for(rule)) is not None]
        fixes.sort(key=lambda fix: (fix.safety is not Safety.SAFE, fix.adds_step))
        return (fix.rule for fix in fixes)

    def _desk(self) -> _Desk | None:
        if self._on_desk is None or self._on_desk.bench is not self.bench:
            candidate = self.bench.candidate(self.path)
            written = self.bench.written(candidate) if candidate is not None else None
            if candidate is None or written is None:
                return None
            self._on_desk = _Desk(self.bench, candidate, written)
            self.file = self.file or SourceFile(self.path, written.text)
        return self._on_desk

    def _mend_rule(self, rule: str) -> None:
        """Try the fix of a rule on all that it found."""
        cases = [_Case(rule, f.primary.span) for f in self.findings() if f.rule == rule]
        work = [cases]
        while work and not self.limited:
            desk = self._desk()
            offers = [offer for case in work.pop() if desk and (offer := self._offer(desk, case))]
            together, later = _together(offers)
            if later:
                work.append([offer.case for offer in later])
            if not together:
                continue
            assert desk is not None
            waiting = [case for some in work for case in some]
            failed = self._tried(desk, together, waiting)
            for offer in failed or ():
                offer.case.failed += 1
            if failed is None:
                # It is not known which of them it is.
                half = len(together) // 2
                work += [[o.case for o in part] for part in (together[half:], together[:half])]
            elif failed:
                rest = [offer.case for offer in together if offer not in failed]
                work += [[offer.case for offer in failed], rest]

    def _offer(self, desk: _Desk, case: _Case) -> _Offer | None:
        """Return the next repair that may close a case, None where there is none."""
        finding = desk.findings.get((case.rule, case.span))
        fix = fix_for(case.rule)
        site = desk.site(finding) if finding is not None else None
        if finding is None or fix is None or site is None:
            return None
        if not desk.bench.is_read_whole(desk.candidate):
            return None
        for repair in islice(fix.repairs(site), case.failed, None):
            safety = repair.safety or fix.safety
            edits = outer_edits(repair.region, repair.edits)
            if safety in self.allowed and edits is not None:
                return _Offer(case, finding, repair, safety, edits)
            case.failed += 1
        return None

    def _tried(
        self, desk: _Desk, offers: Sequence[_Offer], waiting: Sequence[_Case]
    ) -> list[_Offer] | None:
        """Do repairs together in memory, and keep them if that is an improvement.

        It is one if their findings are gone, no other has come, the file is read as well as
        before, and every text that was to be changed reads as it was meant to. Return those
        that are the reason why it is none, None where that may be any of several.
        """
        self.attempts += 1
        spelt = self._speller.spelt([o.repair for o in offers], desk.written, desk.read)
        if spelt.refused:
            return [o for o in offers if any(o.repair is one for one in spelt.refused)]
        data = desk.written.bytes_of(spelt.text)
        bench = self.bench.with_text(desk.candidate, data) if data is not None else None
        unknown = list(offers) if len(offers) == 1 else None
        if bench is None:
            return unknown
        to_go = [offer.finding for offer in offers]
        found = difference(self.bench, bench, spelt.patch, self.path, to_go)
        if found.brought:
            return unknown
        if found.still:
            return [o for o in offers if any(o.finding is one for one in found.still)]
        self.fixed += [self._fixed(offer) for offer in offers]
        self.done.append(spelt.patch)
        self.bench = bench
        for case in waiting:
            case.span = spelt.patch.moved(case.span)
        return []

    def _fixed(self, offer: _Offer) -> Fixed:
        """Return what is done about a finding; its line is that of the file as it lies there."""
        assert self.file is not None
        line, _ = self.file.position(self.place_before(offer.finding).start)
        return Fixed(self.path, line, offer.finding.rule, offer.repair.what, offer.safety)

    def place_before(self, finding: Finding) -> Span:
        """Return where a finding was in the file as it lies there."""
        span = finding.primary.span
        for patch in reversed(self.done):
            span = patch.original(span)
        return span


def _together(offers: Sequence[_Offer]) -> tuple[list[_Offer], list[_Offer]]:
    """Divide repairs into those that may be done at once, and those that have to wait.

    Two wait for each other that touch one place, unless they do the same there, or change
    texts that stand in one another.
    """
    chosen, later = [], []
    starts: list[Span] = []
    taken: set[Edit] = set()
    changed: set[object] = set()
    around: set[object] = set()
    for offer in offers:
        region = offer.repair.region
        key, outside = region_key(region), _around(region)
        nested = key in around or not changed.isdisjoint(outside)
        if nested or any(_touches(edit, starts, taken) for edit in offer.edits):
            later.append(offer)
            continue
        chosen.append(offer)
        if region.parent is not None:
            changed.add(key)
            around |= outside
        for edit in offer.edits:
            if edit not in taken:
                taken.add(edit)
                starts.insert(bisect_left(starts, edit.span), edit.span)
    return chosen, later


def _around(region: Region) -> set[object]:
    """Return the texts a text stands in, without the whole file."""
    found: set[object] = set()
    at = region.parent
    while at is not None and at.parent is not None:
        found.add(region_key(at))
        at = at.parent
    return found


def _touches(edit: Edit, spans: Sequence[Span], taken: set[Edit]) -> bool:
    """Say whether an edit meets one of another repair that is not the same."""
    if edit in taken:
        return False
    at = bisect_left(spans, edit.span)
    before, behind = spans[at - 1 : at], spans[at : at + 1]
    return any(one.end >= edit.span.start for one in before) or any(
        one.start <= edit.span.end for one in behind
    )
