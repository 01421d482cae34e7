"""What a report for programs needs to know beside the findings."""

from __future__ import annotations

import os
from collections.abc import Iterator

from dbguard.finding import EvidenceFact, Finding, Label, Severity
from dbguard.records import dataclass, field
from dbguard.source import SourceFile, Span


@dataclass(frozen=True, slots=True)
class RulePage:
    """A rule as a report describes it; ``text`` is its docstring without the first line."""

    id: str
    section: int | None
    summary: str
    text: str


@dataclass(frozen=True, slots=True)
class Setting:
    """Where and how a scan ran.

    ``top`` is the absolute folder that paths for programs are relative to: the top of the
    work tree, where there is one. ``current`` is the folder that the paths of findings are
    relative to. ``fail_on`` and ``exit_code`` say how the run ends. ``rule_pages`` is the
    address below which the pages of the rules are, '' where it is not known. ``accepted``:
    findings that a comment or the baseline accepts are asked for, too.
    """

    top: str = "/"
    current: str = "/"
    rules: tuple[RulePage, ...] = ()
    version: str = "0"
    fail_on: Severity | None = Severity.WARNING
    exit_code: int = 0
    arguments: tuple[str, ...] = field(default=())
    rule_pages: str = ""
    accepted: bool = False

    def path(self, shown: str) -> str:
        """Return a finding's path relative to the top, absolute where it lies outside."""
        whole = os.path.normpath(os.path.join(self.current, shown)).replace(os.sep, "/")
        top = self.top.replace(os.sep, "/").rstrip("/") + "/"
        return whole.removeprefix(top)


@dataclass(frozen=True, slots=True)
class Extent:
    """A span as lines and columns, both from 1; the end column is that behind the last."""

    line: int
    column: int
    end_line: int
    end_column: int

    @classmethod
    def of(cls, file: SourceFile, span: Span) -> Extent:
        """Return where a span of a file lies, columns in code points."""
        return cls(*file.position(span.start), *file.position(span.end))


def worst_first(findings: tuple[Finding, ...]) -> list[Finding]:
    """Return findings by severity, those that count before others, else as they come."""
    return sorted(findings, key=lambda f: (not f.active, -f.severity.rank))


def proofs(finding: Finding) -> Iterator[tuple[EvidenceFact, SourceFile, Span]]:
    """Yield the facts of a finding that a place in a file shows, in the protocol's order."""
    for fact in finding.evidence.facts:
        if fact.file is not None and fact.span is not None:
            yield fact, fact.file, fact.span


def others(finding: Finding) -> list[Label]:
    """Return the labels of a finding beside the primary one."""
    return [label for label in finding.labels if not label.primary]


def unicode_only(text: str) -> str:
    """Return text that every encoding of Unicode can carry: no lone surrogate."""
    return "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in text)
