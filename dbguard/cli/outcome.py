"""How a run of the command line ends: exit codes, and the errors that stand for them."""

from __future__ import annotations

from enum import IntEnum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dbguard.finding import Severity
    from dbguard.report.model import Report


class Exit(IntEnum):
    """How a run ended. The worst applies: internal, then findings, then incomplete."""

    CLEAN = 0
    FINDINGS = 1
    USAGE = 2
    INCOMPLETE = 3
    INTERNAL = 4
    INTERRUPTED = 130  # 128 + SIGINT, as shells count


class UsageError(Exception):
    """The command line asks for something that cannot be; the message says what."""


class CutShortError(Exception):
    """What was asked cannot be answered whole; the message says what is missing."""


class OutputError(Exception):
    """Standard output does not take the report."""


EXIT_CODES = """\
exit code: 0 clean and complete, 1 findings at or above --fail-on, 2 wrong
usage or settings, 3 incomplete (a file was not analysed), 4 internal error
"""


def exit_code(report: Report, fail_on: Severity | None) -> Exit:
    """Return how a scan ended, whose findings fail from the severity ``fail_on`` on."""
    if any(problem.stage == "internal" for problem in report.problems):
        return Exit.INTERNAL
    if fail_on is not None and any(f.severity >= fail_on for f in report.active):
        return Exit.FINDINGS
    return Exit.INCOMPLETE if report.incomplete else Exit.CLEAN
