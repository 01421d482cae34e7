"""Code Quality of GitLab: a JSON list in the part of the Code Climate format it reads."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from dbguard.finding import Finding, Severity
from dbguard.report.escape import escape
from dbguard.report.model import Report
from dbguard.report.setting import Extent, Setting, unicode_only, worst_first
from dbguard.source import Problem

_SEVERITY = {Severity.ERROR: "critical", Severity.WARNING: "major", Severity.NOTE: "info"}


def render(report: Report, setting: Setting) -> Iterator[str]:
    """Yield the issues, one a line. What was not analysed is one too."""
    issues = [_of_problem(problem, setting) for problem in report.problems if problem.incomplete]
    issues += [_of_finding(finding, setting) for finding in worst_first(report.active)]
    yield "["
    for number, issue in enumerate(issues):
        yield f"{',' if number else ''}\n{json.dumps(issue)}"
    yield "]\n"


def _of_finding(finding: Finding, setting: Setting) -> dict[str, Any]:
    extent = Extent.of(finding.primary.file, finding.primary.span)
    return {
        "description": escape(f"{finding.message}: {finding.help}".rstrip(": ")),
        "check_name": finding.rule,
        "fingerprint": finding.fingerprint,
        "severity": _SEVERITY[finding.severity],
        "location": {
            "path": unicode_only(setting.path(finding.path)),
            "lines": {"begin": extent.line, "end": extent.end_line},
        },
    }


def _of_problem(problem: Problem, setting: Setting) -> dict[str, Any]:
    path = unicode_only(setting.path(problem.path))
    key = "\0".join((path, problem.stage, problem.error)).encode("utf-8", "replace")
    return {
        "description": escape(f"not analysed whole: {problem.error}"),
        "check_name": "incomplete",
        "fingerprint": sha256(key).hexdigest()[:32],
        "severity": "major",
        "location": {"path": path, "lines": {"begin": problem.line or 1}},
    }
