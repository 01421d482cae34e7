"""verification-cannot-stop."""

from __future__ import annotations

from collections.abc import Iterator

from dbguard.evidence import Evidence
from dbguard.finding import Finding, Label, Severity
from dbguard.judgement import judge
from dbguard.operations import Kind, Operation
from dbguard.rule import Rule, Section, named


class VerificationCannotStop(Rule):
    """A comparison stands before a drop, but the drop runs whatever it says.

    ## Why it breaks the protocol

    Section 3 and option B of section 2: drop the old table *only after verification*. A
    comparison that logs a difference and goes on, stands in one branch, or is made before
    the copy verifies nothing: the rows are gone before anyone reads the message.

    ## Do instead

    Let the failing side stop: `raise`, `sys.exit(1)`, `|| exit 1`, `RAISE EXCEPTION`,
    `RAISE(ABORT, ...)`, in a `psql` script under `\\set ON_ERROR_STOP on` or inside one
    transaction with the drop.

    ## Links

    - https://www.postgresql.org/docs/current/app-psql.html#APP-PSQL-VARIABLES-ON-ERROR-STOP
    - https://www.postgresql.org/docs/current/plpgsql-errors-and-messages.html
    """

    id = "verification-cannot-stop"
    section = Section.AFTER
    kinds = frozenset({Kind.DROP_TABLE, Kind.DROP_COLUMN, Kind.TRUNCATE_TABLE, Kind.DELETE_ROWS})

    def check(self, operation: Operation, evidence: Evidence) -> Iterator[Finding]:
        """Judge the comparison that stands before the loss of a table and does not hold."""
        comparison = evidence.futile_verification_of(operation.target)
        if comparison is None:
            return
        severity = judge(operation, evidence)
        if severity is None:
            return
        victim = Label(operation.span, "this runs all the same", False, operation.region.file)
        yield self.finding(
            comparison,
            evidence,
            min(severity, Severity.WARNING),
            f"this comparison does not keep {operation.spelling} of {named(operation.target)} from "
            "running",
            "stop where the comparison fails (raise, exit 1, RAISE EXCEPTION), after the copy "
            "and before the drop, on every path",
            (victim,),
        )
