"""What a rule is: one file in :mod:`dbguard.rules`, its docstring the page that explains it."""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum

from dbguard.evidence import Evidence
from dbguard.finding import CALLED, Finding, Label, Severity
from dbguard.judgement import judge, protocol_of
from dbguard.operations import Kind, Operation, Target
from dbguard.source import SourceFile, Span, display

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar

HEADINGS = ("Why it breaks the protocol", "Do instead", "Links")
"""The headings every rule's docstring has, in this order."""

GUARD_HEADINGS = ("Why it matters", "Do instead")
"""The same for a rule about the guard itself."""


def named(target: Target) -> str:
    """Return what a person calls a target: ``app.db``, ``users in app.db``."""
    name = str(target) or f"an unnamed {target.kind.value}"
    inside = target.database not in (None, target.name)
    return f"{name} in {display(target.database or '')}" if inside else name


class Section(IntEnum):
    """The sections of the Safe Database Migration Protocol (docs/protocol.md)."""

    CRITICAL_RULE = 0
    BEFORE = 1
    VALID_PATHS = 2
    AFTER = 3
    RECOVERY = 4


class Rule:
    """Judges operations of some kinds. Stateless; knows no syntax.

    The docstring of a subclass is what ``dbguard explain`` prints and what the page in
    docs/rules is made of: one line that says what it finds, then the :data:`HEADINGS`.
    """

    id: ClassVar[str]
    section: ClassVar[Section | None]
    kinds: ClassVar[frozenset[Kind]]

    def check(self, operation: Operation, evidence: Evidence) -> Iterator[Finding]:
        """Yield what is wrong with *operation*, which stands where *evidence* holds."""
        return iter(())

    def at_end(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield what is wrong with a flow as a whole; *evidence* is that of its end."""
        return iter(())

    def destruction(
        self, operation: Operation, evidence: Evidence, what: str, instead: str
    ) -> Iterator[Finding]:
        """Yield the finding for an operation that destroys, unless it is meant to be lost."""
        severity = judge(operation, evidence)
        if severity is not None:
            yield self.finding(operation, evidence, severity, what, instead)

    def finding(
        self,
        operation: Operation,
        evidence: Evidence,
        severity: Severity,
        message: str,
        instead: str,
        labels: tuple[Label, ...] = (),
    ) -> Finding:
        """Return a finding whose primary label is the operation.

        *message* says what is wrong, *instead* the safe thing to do; *labels* are further
        places that matter. The calls that lead to the operation are labelled too. What is
        not known of a name shows as ``{expression}``.
        """
        calls = tuple(
            Label(call.span, f"{CALLED} ({display(call.name)})", False, call.file)
            for call in evidence.calls
            if call.file is not None and call.span != operation.span and call.name
        )
        primary = Label(operation.span, operation.spelling, True, operation.region.file)
        return Finding(
            rule=self.id,
            message=display(message),
            labels=(primary, *labels, *calls),
            severity=severity,
            section=self.section,
            operation=operation,
            evidence=protocol_of(operation, evidence),
            help=display(instead),
            via=operation.region.route,
        )


class GuardRule(Rule):
    """A rule about the guard itself: comments, settings and files, not operations."""

    section: ClassVar[Section | None] = None
    kinds: ClassVar[frozenset[Kind]] = frozenset()

    def at(self, file: SourceFile, span: Span, message: str, instead: str = "") -> Finding:
        """Return the finding for a place in a file; it has no operation and no evidence."""
        label = Label(span, "", True, file)
        return Finding(self.id, message, (label,), Severity.WARNING, None, None, help=instead)
