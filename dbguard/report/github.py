"""Annotations on a pull request: workflow commands of GitHub Actions, one a line.

GitHub shows ten of a type for each step, so the worst come first, and a closing line
that is no command says what is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dbguard.finding import Finding, Severity
from dbguard.report.escape import escape
from dbguard.report.model import Report
from dbguard.report.setting import Extent, Setting, worst_first
from dbguard.report.style import Style
from dbguard.report.text import SECTIONS, closing, protocol_line
from dbguard.source import Problem

MOST = 10
"""Annotations of one type that GitHub shows for a step."""

_COMMAND = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def render(report: Report, setting: Setting) -> Iterator[str]:
    """Yield one workflow command for each annotation, then the closing line."""
    room = dict.fromkeys(Severity, MOST)
    left_out = 0
    # What may hide more stands before what is known: it must not fall to the cap.
    for problem in report.problems:
        severity = Severity.WARNING if problem.incomplete else Severity.NOTE
        if room[severity]:
            room[severity] -= 1
            yield _of_problem(problem, severity, setting)
        else:
            left_out += 1
    for finding in worst_first(report.active):
        if room[finding.severity]:
            room[finding.severity] -= 1
            yield _of_finding(finding, setting)
        else:
            left_out += 1
    more = f"{left_out} more are not annotated (GitHub shows {MOST} of a type) - " * bool(left_out)
    yield f"dbguard: {more}{closing(report, Style())}\n"


def _of_finding(finding: Finding, setting: Setting) -> str:
    extent = Extent.of(finding.primary.file, finding.primary.span)
    properties = {
        "file": _path(finding.path, setting),
        "line": str(extent.line),
        "endLine": str(extent.end_line),
    }
    if extent.line == extent.end_line:
        # The API takes columns of one line only.
        properties |= {"col": str(extent.column), "endColumn": str(extent.end_column)}
    properties["title"] = escape(f"dbguard: {finding.rule}")
    lines = [finding.message]
    if finding.section is not None:
        lines.append(f"Protocol, section {finding.section}: {SECTIONS[finding.section]}")
        lines.append(protocol_line(finding.evidence, finding.primary.file))
    if finding.help:
        lines.append(f"Instead: {finding.help}")
    return _command(_COMMAND[finding.severity], properties, lines)


def _of_problem(problem: Problem, severity: Severity, setting: Setting) -> str:
    properties = {"file": _path(problem.path, setting)}
    if problem.line is not None:
        properties["line"] = str(problem.line)
    properties["title"] = "dbguard: incomplete" if problem.incomplete else "dbguard"
    return _command(_COMMAND[severity], properties, [f"{problem.stage}: {problem.error}"])


def _path(shown: str, setting: Setting) -> str:
    # Line ends stay, to be encoded: the name must be that of the file.
    parts = re.split(r"([\r\n])", setting.path(shown))
    return "".join(part if part in ("\r", "\n") else escape(part) for part in parts)


def _command(name: str, properties: dict[str, str], lines: list[str]) -> str:
    given = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{name} {given}::{_data(chr(10).join(map(escape, lines)))}\n"


def _data(text: str) -> str:
    """Encode a message as the runner decodes it (actions/toolkit, command.ts)."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
