"""A summary in Markdown, as the job summary of GitHub Actions shows it.

Text of scanned files stands in numeric character references, which Markdown never takes
for markup, a link, a mention or a reference to an issue.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dbguard.report.escape import escape
from dbguard.report.model import Report
from dbguard.report.setting import Extent, Setting, worst_first
from dbguard.report.style import Style
from dbguard.report.text import closing, protocol_line

MOST = 200
"""Rows: a job summary takes a mebibyte."""

_MARK = {"error": "🛑", "warning": "⚠️", "note": "ℹ️"}


def render(report: Report, setting: Setting) -> Iterator[str]:
    """Yield a table of the findings, worst first, and what could not be read."""
    findings = worst_first(report.active)
    looked_at = _inert(closing(report, Style(), "below"))
    yield f"### dbguard\n\n{looked_at}\n\n"
    if findings:
        yield "| | where | rule | what | evidence | instead |\n|---|---|---|---|---|---|\n"
    for finding in findings[:MOST]:
        extent = Extent.of(finding.primary.file, finding.primary.span)
        evidence = ""
        if finding.section is not None:
            evidence = protocol_line(finding.evidence, finding.primary.file)
        where = f"<code>{_inert(setting.path(finding.path))}:{extent.line}</code>"
        cells = (
            f"{_MARK[finding.severity.value]} {finding.severity.value}",
            where,
            finding.rule,
            _inert(finding.message),
            _inert(evidence),
            _inert(finding.help),
        )
        yield f"| {' | '.join(cells)} |\n"
    if len(findings) > MOST:
        yield f"\n{len(findings) - MOST} more findings are in the report of the job.\n"
    if report.problems:
        yield "\n#### Not analysed whole\n\n"
    for problem in report.problems[:MOST]:
        line = "" if problem.line is None else f":{problem.line}"
        yield f"- <code>{_inert(setting.path(problem.path))}{line}</code> {_inert(problem.error)}\n"


def _inert(text: str) -> str:
    """Return text in which nothing is markup."""
    return re.sub(r"[!-/:-@\[-`{-~]", lambda match: f"&#{ord(match[0])};", escape(text))
