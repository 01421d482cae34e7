"""Files as they would be, and what a scan of them finds: nothing is written here."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection

from dbguard.analysis import allow_deep_flows
from dbguard.assembly import Assembly
from dbguard.discover import Candidate
from dbguard.finding import Finding
from dbguard.fixing.encoding import Written, written_as
from dbguard.flow import Flow, operations
from dbguard.inclusion import ProjectFiles
from dbguard.operations import Operation
from dbguard.options import ScanOptions
from dbguard.pipeline import Examined, examine
from dbguard.records import dataclass, replace
from dbguard.repair.edits import Patch
from dbguard.source import Region, SourceFile, Span


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file does, in reading order, and where each text that stands in it begins."""

    operations: tuple[Operation, ...]
    texts: dict[str, set[int]]

    def has(self, text: str, first: int, last: int) -> bool:
        """Say whether a text begins between two places."""
        return any(first <= at <= last for at in self.texts.get(text, ()))


class _Reader(Assembly):
    """An assembly that keeps the texts it reads."""

    def __init__(self, files: ProjectFiles, path: str) -> None:
        super().__init__(files, path)
        self.texts: dict[str, set[int]] = {}

    def flows(self, region: Region) -> tuple[Flow, ...]:
        self.texts.setdefault(region.text, set()).add(place_of(region))
        return super().flows(region)


def place_of(region: Region) -> int:
    """Return where a region's text begins in the outermost file."""
    return region.span(0, len(region.text)).start


@dataclass(frozen=True, slots=True)
class Bench:
    """The files of a scan, some of them changed, and the findings there are."""

    options: ScanOptions
    examined: Examined
    findings: tuple[Finding, ...]

    @classmethod
    def of(cls, options: ScanOptions) -> Bench:
        """Scan the files as they lie there."""
        examined = examine(options)
        return cls(options, examined, examined.findings(options))

    @property
    def open_findings(self) -> tuple[Finding, ...]:
        """The findings that neither a comment nor the baseline accepts."""
        return tuple(finding for finding in self.findings if finding.active)

    def candidate(self, path: str) -> Candidate | None:
        """Return the file that is shown as *path*, None where it was not checked."""
        return next((one for one in self.examined.results if one.path == path), None)

    def is_read_whole(self, candidate: Candidate) -> bool:
        """Say whether all of a file could be parsed: in a broken one places are guesses."""
        problems = self.examined.results[candidate].problems
        return not any(problem.stage == "parse" and problem.incomplete for problem in problems)

    def written(self, candidate: Candidate) -> Written | None:
        """Return the text of a file and how it is written, None where that is not known."""
        data = self.examined.bytes_of(candidate)
        return written_as(data, candidate.kind.language) if data is not None else None

    def reading(self, candidate: Candidate, text: str) -> Reading:
        """Read a file, and all that stands in it."""
        allow_deep_flows()
        file = SourceFile(candidate.path, text)
        region = Region.of_file(file, candidate.kind.language, candidate.kind.dialect)
        reading = _Reader(self.examined.check.files, candidate.project_path)
        flows = reading.whole(region)
        found = tuple(operation for flow in flows for operation in operations(flow.body))
        return Reading(found, reading.texts)

    def with_text(self, candidate: Candidate, data: bytes) -> Bench | None:
        """Return what a scan finds if a file consists of *data*.

        None where less of the file can be analysed than before.
        """
        examined = self.examined.with_changed(candidate, data)
        changed = replace(candidate, data=data)
        if examined.problem_count(changed) > self.examined.problem_count(candidate):
            return None
        return replace(self, examined=examined, findings=examined.findings(self.options))


@dataclass(frozen=True, slots=True)
class Difference:
    """What edits of a file did to the findings of a scan.

    ``brought`` says that there is one that was not there before, or is worse; ``still``
    are those that were to go and are there.
    """

    brought: bool
    still: tuple[Finding, ...]


def difference(
    before: Bench, after: Bench, patch: Patch, path: str, to_go: Collection[Finding]
) -> Difference:
    """Compare the findings before and after the edits of the file at *path*.

    However the edits moved a finding, it is known again by its rule and by what it is about.
    """
    left: dict[tuple[str, str], _Left] = {}
    for finding in before.open_findings:
        left.setdefault((finding.rule, finding.path), _Left()).add(finding)
    going = {id(finding) for finding in to_go}
    still: list[Finding] = []
    for finding in after.open_findings:
        span = finding.primary.span
        if finding.path == path:
            span = patch.original(span)
        alike = left.get((finding.rule, finding.path))
        match = alike.taken(finding, span, going) if alike is not None else None
        if match is None:
            return Difference(True, tuple(still))
        if id(match) in going:
            still.append(match)
    return Difference(False, tuple(still))


class _Left:
    """Findings of one rule in one file that are not found again yet, in the order they stand."""

    def __init__(self) -> None:
        self._findings: list[Finding] = []
        self._starts: list[int] = []
        self._longest = 0
        self._taken: set[int] = set()

    def add(self, finding: Finding) -> None:
        span = finding.primary.span
        self._findings.append(finding)
        self._starts.append(span.start)
        self._longest = max(self._longest, span.end - span.start)

    def taken(self, finding: Finding, span: Span, going: Collection[int]) -> Finding | None:
        """Take the finding that this one is, None where it is new.

        One that is to go is taken only if no other fits.
        """
        first = bisect_left(self._starts, span.start - self._longest)
        last = bisect_right(self._starts, span.end)
        alike = [
            old
            for old in self._findings[first:last]
            if id(old) not in self._taken
            and _meet(old.primary.span, span)
            and finding.severity <= old.severity
        ]
        if not alike:
            return None
        match = min(alike, key=lambda old: (id(old) in going, old.message != finding.message))
        self._taken.add(id(match))
        return match


def _meet(one: Span, other: Span) -> bool:
    return (one.start < other.end and other.start < one.end) or one == other
