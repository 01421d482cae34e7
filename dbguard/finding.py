"""What a rule found: labels, severity and the protocol evidence, ready for every report.

Nothing here is formatted and nothing here knows a line number: a report derives lines,
columns and snippets, and only of the findings it prints.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from enum import Enum
from functools import total_ordering
from importlib import import_module

from dbguard.operations import Operation
from dbguard.records import dataclass, replace
from dbguard.source import SourceFile, Span


@total_ordering
class Severity(Enum):
    """How bad it is; ``NOTE < WARNING < ERROR``. The value is what reports print."""

    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"

    @property
    def rank(self) -> int:
        """0 for a note, 1 for a warning, 2 for an error."""
        return _RANK[self]

    def __lt__(self, other: object) -> bool:
        if isinstance(other, Severity):
            return _RANK[self] < _RANK[other]
        return NotImplemented


_RANK = {severity: rank for rank, severity in enumerate(Severity)}


@dataclass(frozen=True, slots=True)
class Label:
    """A place in a file and what is to be said about it ('' for nothing)."""

    span: Span
    text: str
    primary: bool
    file: SourceFile

    @property
    def source(self) -> str:
        """The text under the label."""
        return self.file.text[self.span.start : self.span.end]


YES = "yes"
NO = "no"
WEAK = "weak"

FACT_NAMES = (
    "backup",
    "copied",
    "verified",
    "guard",
    "services stopped",
    "direction",
    "context",
)


@dataclass(frozen=True, slots=True)
class EvidenceFact:
    """One fact of the protocol at the operation.

    ``name`` is one of :data:`FACT_NAMES`. ``state`` is "yes", "no" or "weak" (something
    like it is there, and ``text`` says why it does not count in full), or what holds
    ("person", "down", "test"). ``file`` and ``span`` show what proves it.
    """

    name: str
    state: str = NO
    file: SourceFile | None = None
    span: Span | None = None
    text: str = ""

    def __post_init__(self) -> None:
        if self.name not in FACT_NAMES:
            raise ValueError(f"{self.name!r} is not a fact of the protocol")


@dataclass(frozen=True, slots=True)
class EvidenceReport:
    """The facts of the protocol, in its order. A fact that is not given does not hold."""

    facts: tuple[EvidenceFact, ...] = ()

    def __post_init__(self) -> None:
        order = [FACT_NAMES.index(fact.name) for fact in self.facts]
        if order != sorted(set(order)):
            raise ValueError("facts stand in the order of the protocol, each once")

    def fact(self, name: str) -> EvidenceFact:
        """Return the fact called *name*; state "no" where it does not hold."""
        for fact in self.facts:
            if fact.name == name:
                return fact
        return EvidenceFact(name)


LONGEST_CONTENT = 4_000  # code points


@dataclass(frozen=True, slots=True)
class Finding:
    """An operation that breaks the protocol.

    ``section`` is the section of the protocol it breaks, None for findings about the
    guard itself, which have no ``operation`` either. ``help`` says what to do instead. ``via`` tells how the operation is
    reached, outermost first. ``suppressed_by`` is the reason a comment gives for leaving
    it out of account, ``baselined`` says that the baseline does (see :attr:`active`).
    ``occurrence`` (which of several alike in its file it is, from 0) and ``fingerprint``
    are filled by :func:`ordered`.
    """

    rule: str
    message: str
    labels: tuple[Label, ...]
    severity: Severity
    section: int | None
    operation: Operation | None
    evidence: EvidenceReport = EvidenceReport()
    help: str = ""
    via: tuple[str, ...] = ()
    suppressed_by: str | None = None
    fingerprint: str = ""
    baselined: bool = False
    occurrence: int = 0

    def __post_init__(self) -> None:
        if len(self.labels) == 1 and self.labels[0].primary:
            return
        if sum(label.primary for label in self.labels) != 1:
            raise ValueError(f"a finding of {self.rule} needs exactly one primary label")

    @property
    def primary(self) -> Label:
        """The label that says where it is."""
        if self.labels[0].primary:
            return self.labels[0]
        return next(label for label in self.labels if label.primary)

    @property
    def active(self) -> bool:
        """Say whether it counts: neither a comment nor the baseline accepts it."""
        return self.suppressed_by is None and not self.baselined

    @property
    def content(self) -> str:
        """The primary text, white space folded: the same wherever the operation stands.

        Of a very long one the beginning: thousands of findings may stand in one another.
        """
        return " ".join(self.primary.source[:LONGEST_CONTENT].split())

    @property
    def path(self) -> str:
        """The file it is in, as the user named it."""
        return self.primary.file.path


CALLED = "called here"
"""How the text of a label begins that shows a call on the way to an operation."""

MAX_CALLERS = 8
"""How many calls on the ways to one operation are shown."""


def with_callers(finding: Finding, other: Finding) -> Finding:
    """Return *finding* with the calls that lead to it on another way, which *other* shows."""
    places = {(label.file.path, label.span) for label in finding.labels}
    left = MAX_CALLERS - sum(label.text.startswith(CALLED) for label in finding.labels)
    more = [
        label
        for label in other.labels
        if label.text.startswith(CALLED) and (label.file.path, label.span) not in places
    ]
    return replace(finding, labels=(*finding.labels, *more[: max(0, left)])) if more else finding


Place = tuple[str, str, int, int]
"""What is reported once: a rule, in a file, from where to where."""


def keep_worst(found: dict[Place, Finding], finding: Finding) -> None:
    """Add a finding to those of other ways to the same place, of which the worst is kept.

    Of equals the first stays; the calls that lead there on the other ways are shown, too.
    """
    span = finding.primary.span
    place = (finding.rule, finding.path, span.start, span.end)
    known = found.get(place)
    if known is None:
        found[place] = finding
    elif known.severity < finding.severity:
        found[place] = with_callers(finding, known)
    else:
        found[place] = with_callers(known, finding)


def ordered(
    findings: Iterable[Finding], project_path: Callable[[str], str] = str
) -> tuple[Finding, ...]:
    """Sort findings by path, position and rule, and give each its fingerprint.

    A fingerprint is a content key: rule, path, primary text with runs of white space
    folded, and which occurrence of these it is. It survives edits elsewhere in the
    file. *project_path* turns a path as the user named it into one from the root of
    the project, so that the fingerprint does not depend on where dbguard was started.
    """
    in_order = sorted(
        findings,
        key=lambda f: (f.path, f.primary.span, f.rule, -f.severity.rank, f.message),
    )
    seen: dict[tuple[str, str, str], int] = {}
    numbered = []
    sha256 = _sha256()
    for finding in in_order:
        key = (finding.rule, project_path(finding.path), finding.content)
        occurrence = seen[key] = seen.get(key, -1) + 1
        digest = sha256("\0".join((*key, str(occurrence))).encode("utf-8", "surrogatepass"))
        numbered.append(_numbered(finding, occurrence, digest[:32]))
    return tuple(numbered)


def _numbered(finding: Finding, occurrence: int, fingerprint: str) -> Finding:
    """Return a finding with its number: as :func:`replace`, in a third of the time."""
    return Finding(
        finding.rule,
        finding.message,
        finding.labels,
        finding.severity,
        finding.section,
        finding.operation,
        finding.evidence,
        finding.help,
        finding.via,
        finding.suppressed_by,
        fingerprint,
        finding.baselined,
        occurrence,
    )


def _sha256() -> Callable[[bytes], str]:
    """Return what gives the SHA-256 of bytes, as hexadecimal digits.

    It is the interpreter's own module: hashlib loads OpenSSL, for 3 ms.
    """
    try:
        own = import_module("_sha2" if sys.version_info >= (3, 12) else "_sha256")
    except ImportError:
        own = import_module("hashlib")

    def digest(data: bytes) -> str:
        digits: str = own.sha256(data).hexdigest()
        return digits

    return digest
