"""The report for programs: stable, described by docs/report.schema.json."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from dbguard.finding import FACT_NAMES, EvidenceReport, Finding, Label, Severity
from dbguard.operations import Target
from dbguard.report.model import Report
from dbguard.source import Problem, display

VERSION = 1
"""Changes when a reader of the report would have to."""


def render(report: Report) -> Iterator[str]:
    """Yield the report in pieces: one JSON document, a finding or problem a line, ASCII."""
    yield f'{{"version": {VERSION},\n '
    if report.shard is not None:
        # Of a part of a scan (--shard), which part: dbguard merge joins them.
        yield f'"shard": {_dump({"index": report.shard.index, "count": report.shard.count})},\n '
    yield f'"summary": {_dump(_summary(report))},\n "findings": ['
    findings = _Findings()
    yield from _list(findings.text(finding) for finding in report.active)
    yield '],\n "problems": ['
    yield from _list(_dump(_problem(problem)) for problem in report.problems)
    yield "]}\n"


def _list(items: Iterator[str]) -> Iterator[str]:
    for number, item in enumerate(items):
        yield f"{',' if number else ''}\n  {item}"


def _dump(value: Mapping[str, Any]) -> str:
    # ASCII, so that a lone surrogate (a byte of a name that is not UTF-8) is an escape too
    return json.dumps(value, ensure_ascii=True)


def _summary(report: Report) -> dict[str, int]:
    return {
        "files": report.files,
        "skipped": report.skipped,
        "unreadable": report.unreadable,
        "suppressed": report.suppressed,
        "baselined": report.baselined,
        **{severity.value: report.count(severity) for severity in reversed(Severity)},
    }


class _Findings:
    """Writes findings, the parts that many share once.

    Ten thousand findings of one file differ in their place and name, hardly in their evidence.
    """

    def __init__(self) -> None:
        self._evidence: dict[int, str] = {}

    def text(self, finding: Finding) -> str:
        """Return the text of a finding."""
        file, span = finding.primary.file, finding.primary.span
        line, column = file.position(span.start)
        end_line, end_column = file.position(span.end)
        before = {
            "rule": finding.rule,
            "severity": finding.severity.value,
            "message": finding.message,
            "path": finding.path,
            "line": line,
            "column": column,
            "end_line": end_line,
            "end_column": end_column,
            "via": list(finding.via),
            "related": [_related(label) for label in finding.labels if not label.primary],
            "target": None if finding.operation is None else _target(finding.operation.target),
        }
        behind = {
            "section": finding.section,
            "help": finding.help,
            "fingerprint": finding.fingerprint,
        }
        evidence = self._of(finding.evidence)
        return f'{_dump(before)[:-1]}, "evidence": {evidence}, {_dump(behind)[1:]}'

    def _of(self, evidence: EvidenceReport) -> str:
        # By identity: the report is there as long as this, and to compare takes longer.
        known = self._evidence.get(id(evidence))
        if known is None:
            known = self._evidence[id(evidence)] = _dump(_evidence(evidence))
        return known


def _related(label: Label) -> dict[str, Any]:
    line, column = label.file.position(label.span.start)
    end_line, end_column = label.file.position(label.span.end)
    return {
        "path": label.file.path,
        "line": line,
        "column": column,
        "end_line": end_line,
        "end_column": end_column,
        "text": label.text,
    }


def _target(target: Target) -> dict[str, Any]:
    database = target.database
    return {
        "kind": target.kind.value,
        "name": display(target.name),
        "database": None if database is None else display(database),
        "certainty": target.certainty.value,
    }


def _evidence(evidence: EvidenceReport) -> dict[str, Any]:
    """Return every fact under its name, in the order of the protocol."""
    facts: dict[str, Any] = {}
    for name in FACT_NAMES:
        fact = evidence.fact(name)
        path, line = None, None
        if fact.file is not None and fact.span is not None:
            path, line = fact.file.path, fact.file.position(fact.span.start)[0]
        facts[name.replace(" ", "_")] = {
            "state": fact.state,
            "path": path,
            "line": line,
            "text": fact.text,
        }
    return facts


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "path": problem.path,
        "line": problem.line,
        "error": problem.error,
        "stage": problem.stage,
        "incomplete": problem.incomplete,
    }
