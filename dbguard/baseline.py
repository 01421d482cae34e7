"""The baseline: findings that were there before dbguard was, so that only new ones fail.

One entry a line, sorted, keyed by content (path, rule, operation, which of several alike)
and never by line number: edits elsewhere in a file change nothing, and git merges it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from dbguard.finding import Finding, Severity
from dbguard.records import dataclass, field, replace

FILE_NAME = ".dbguard-baseline"
HEADER = "# dbguard baseline 1 (written by `dbguard baseline`; it should only ever shrink)"
_VERSION = "# dbguard baseline 1"

LONGEST = 200  # characters of an operation's text; of a longer one a digest follows

Key = tuple[str, str, str, int]
"""Path from the root of the project, rule, text of the operation, occurrence from 0."""


class BaselineError(Exception):
    """The file is no baseline; the message says where."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """Accepted findings, each with the severity it was accepted at.

    The severity is the rule's own, before settings. A finding that has become worse (the
    backup before it was removed) is not the one that was accepted.
    """

    entries: Mapping[Key, Severity] = field(default_factory=dict)

    def covers(self, finding: Finding, project_path: str) -> bool:
        """Say whether a finding was accepted, at least at its severity."""
        accepted = self.entries.get(key_of(finding, project_path))
        return accepted is not None and finding.severity <= accepted

    def mark(
        self, findings: Iterable[Finding], project_path: Callable[[str], str]
    ) -> Iterator[Finding]:
        """Yield the findings, those that were accepted marked as such."""
        for finding in findings:
            covered = _may_be_accepted(finding) and self.covers(finding, project_path(finding.path))
            yield replace(finding, baselined=True) if covered else finding


def _may_be_accepted(finding: Finding) -> bool:
    """Say whether a finding is about the code: those about the guard itself are not kept."""
    return finding.section is not None and finding.suppressed_by is None


def key_of(finding: Finding, project_path: str) -> Key:
    """Return what an entry for a finding (of :func:`dbguard.finding.ordered`) is keyed by."""
    text = finding.content
    if len(text) > LONGEST:
        from hashlib import sha256

        digest = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        text = f"{text[:LONGEST]}... {digest[:16]}"
    return project_path, finding.rule, text, finding.occurrence


def of_findings(findings: Iterable[Finding], project_path: Callable[[str], str]) -> Baseline:
    """Return the baseline that accepts all of *findings* that are about the code."""
    return Baseline(
        {
            key_of(finding, project_path(finding.path)): finding.severity
            for finding in findings
            if _may_be_accepted(finding)
        }
    )


def render(baseline: Baseline) -> str:
    """Return the text of the file, in ASCII: the same for the same entries."""
    import json

    lines = sorted(
        json.dumps([*key, severity.value], ensure_ascii=True)
        for key, severity in baseline.entries.items()
    )
    return "\n".join([HEADER, *lines]) + "\n"


def parse(text: str, where: str) -> Baseline:
    """Return the baseline in a text; *where* begins every message. Raises BaselineError."""
    first, *rest = text.splitlines() or [""]
    if not (first + " ").startswith(_VERSION + " "):
        raise BaselineError(f"{where}: line 1 must begin with {_VERSION!r}")
    entries: dict[Key, Severity] = {}
    for number, line in enumerate(rest, 2):
        if not line.strip() or line.startswith("#"):
            continue
        key, severity = _entry(line, f"{where}: line {number}")
        # A merge may leave one entry twice: the better severity is what both sides accept.
        entries[key] = min(severity, entries.get(key, severity))
    return Baseline(entries)


def _entry(line: str, where: str) -> tuple[Key, Severity]:
    if line.startswith(("<<<<<<<", "=======", ">>>>>>>", "|||||||")):
        raise BaselineError(f"{where} is a mark of a merge conflict: keep the lines of both sides")
    import json

    try:
        match json.loads(line):
            case [str(path), str(rule), str(text), bool() | int() as number, str(severity)]:
                if not isinstance(number, bool) and number >= 0:
                    return (path, rule, text, number), Severity(severity)
    except (ValueError, RecursionError):
        pass
    raise BaselineError(f"{where} is no entry [path, rule, operation, number, severity]")
