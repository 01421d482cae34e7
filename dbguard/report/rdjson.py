"""Diagnostics for reviewdog: rdjson, the JSON form of its DiagnosticResult message."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from dbguard.finding import Finding, Severity
from dbguard.report.escape import escape
from dbguard.report.model import Report
from dbguard.report.setting import Extent, Setting, others, unicode_only, worst_first
from dbguard.source import Problem, SourceFile, Span

_SEVERITY = {Severity.ERROR: "ERROR", Severity.WARNING: "WARNING", Severity.NOTE: "INFO"}


def render(report: Report, setting: Setting) -> Iterator[str]:
    """Yield the document in pieces, a diagnostic a line."""
    diagnostics = [_of_problem(problem, setting) for problem in report.problems]
    diagnostics += [_of_finding(finding, setting) for finding in worst_first(report.active)]
    yield '{"source": {"name": "dbguard"}, "diagnostics": ['
    for number, diagnostic in enumerate(diagnostics):
        yield f"{',' if number else ''}\n{json.dumps(diagnostic)}"
    yield "]}\n"


def _of_finding(finding: Finding, setting: Setting) -> dict[str, Any]:
    primary = finding.primary
    instead = f"\nInstead: {escape(finding.help)}" if finding.help else ""
    return {
        "message": escape(finding.message) + instead,
        "location": _location(primary.file, primary.span, setting),
        "severity": _SEVERITY[finding.severity],
        "code": {"value": finding.rule},
        "related_locations": [
            {
                "message": escape(label.text),
                "location": _location(label.file, label.span, setting),
            }
            for label in others(finding)
        ],
    }


def _of_problem(problem: Problem, setting: Setting) -> dict[str, Any]:
    location: dict[str, Any] = {"path": unicode_only(setting.path(problem.path))}
    if problem.line is not None:
        location["range"] = {"start": {"line": problem.line}}
    return {
        "message": escape(f"not analysed whole: {problem.error}"),
        "location": location,
        "severity": "WARNING" if problem.incomplete else "INFO",
        "code": {"value": "incomplete"},
    }


def _location(file: SourceFile, span: Span, setting: Setting) -> dict[str, Any]:
    extent = Extent.of(file, span)
    return {
        "path": unicode_only(setting.path(file.path)),
        "range": {
            "start": {"line": extent.line, "column": _bytes(file, extent.line, extent.column)},
            "end": {
                "line": extent.end_line,
                "column": _bytes(file, extent.end_line, extent.end_column),
            },
        },
    }


def _bytes(file: SourceFile, line: int, column: int) -> int:
    """Return a column in bytes of UTF-8, as reviewdog counts."""
    return len(file.line(line)[: column - 1].encode("utf-8", "replace")) + 1
