"""Files as they would be, and what a scan of them finds: nothing is written here."""

from __future__ import annotations

from collections.abc import Iterable

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
from dbguard.repair.edits import Edit, OverlapError, applied, original
from dbguard.repair.fix import Repair
from dbguard.repair.places import ways_to_write
from dbguard.source import Region, SourceFile, Span


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file does, in reading order, and every text that stands in it."""

    operations: tuple[Operation, ...]
    texts: frozenset[str]


class _Reader(Assembly):
    """An assembly that keeps the texts it reads."""

    def __init__(self, files: ProjectFiles, path: str) -> None:
        super().__init__(files, path)
        self.texts: set[str] = set()

    def flows(self, region: Region) -> tuple[Flow, ...]:
        self.texts.add(region.text)
        return super().flows(region)


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
        return Reading(found, frozenset(reading.texts))

    def repaired(self, candidate: Candidate, repair: Repair, found: Finding) -> Done | None:
        """Do a repair in memory. Return what came of it, None where it is no improvement.

        It is one if the finding is gone, no other has come, the file is read as well as
        before, and the text that was to be changed reads as it was meant to.
        """
        written = self.written(candidate)
        if written is None:
            return None
        for edits in ways_to_write(repair.region, repair.edits):
            done = self._with(candidate, written, edits, repair)
            if done is not None and _improves(self, done.bench, edits, found):
                return done
        return None

    def _with(
        self, candidate: Candidate, written: Written, edits: tuple[Edit, ...], repair: Repair
    ) -> Done | None:
        try:
            text = applied(written.text, edits)
            inner = applied(repair.region.text, repair.edits)
        except OverlapError:
            return None
        data = written.bytes_of(text)
        if data is None or text == written.text:
            return None
        changed = replace(candidate, data=data)
        if repair.region.parent is not None and not self._reads_as(changed, text, inner):
            return None
        examined = self.examined.with_changed(candidate, data)
        if examined.problem_count(changed) > self.examined.problem_count(candidate):
            return None
        return Done(
            replace(self, examined=examined, findings=examined.findings(self.options)), edits
        )

    def _reads_as(self, candidate: Candidate, text: str, inner: str) -> bool:
        """Say whether a text that stands in a file reads as it is meant to after the edit."""
        return inner in self.reading(candidate, text).texts


@dataclass(frozen=True, slots=True)
class Done:
    """A repair that was done: the files with it, and the edits of the one that it changed."""

    bench: Bench
    edits: tuple[Edit, ...]


def _improves(before: Bench, after: Bench, edits: tuple[Edit, ...], found: Finding) -> bool:
    """Say whether a finding is gone and none has come, however the edits moved the rest."""
    left = list(before.open_findings)
    for finding in after.open_findings:
        match = _match(finding, left, edits, found)
        if match is None or match is found:
            return False
        left = [one for one in left if one is not match]
    return any(one is found for one in left)


def _match(
    finding: Finding, left: Iterable[Finding], edits: tuple[Edit, ...], found: Finding
) -> Finding | None:
    """Return the finding of before that this one is; the one that is to go only if no other is."""
    span = finding.primary.span
    if finding.path == found.path:
        span = original(span, edits)
    alike = [
        old
        for old in left
        if (old.rule, old.path) == (finding.rule, finding.path)
        and _meet(old.primary.span, span)
        and finding.severity <= old.severity
    ]
    return min(alike, key=lambda old: (old is found, old.message != finding.message), default=None)


def _meet(one: Span, other: Span) -> bool:
    return (one.start < other.end and other.start < one.end) or one == other
