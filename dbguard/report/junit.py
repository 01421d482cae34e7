"""JUnit XML: a test suite for each file, a failed test for each finding."""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape as entities
from xml.sax.saxutils import quoteattr

from dbguard.finding import Finding
from dbguard.patterns import regex
from dbguard.report.escape import escape
from dbguard.report.model import Report
from dbguard.report.setting import Extent, Setting
from dbguard.report.text import SECTIONS, protocol_line
from dbguard.source import Problem

# Not in the Char production of XML 1.0, and not escaped for a terminal.
_NO_CHARACTER = regex("[\ufffe\uffff]")


def render(report: Report, setting: Setting) -> Iterator[str]:
    """Yield the document. A finding below ``fail_on`` is a test that passes and says so."""
    by_path: dict[str, list[str]] = {}
    failed = 0
    for finding in report.active:
        fails = setting.fail_on is not None and finding.severity >= setting.fail_on
        failed += fails
        by_path.setdefault(finding.path, []).append(_of_finding(finding, fails=fails))
    broken = [problem for problem in report.problems if problem.incomplete]
    for problem in broken:
        by_path.setdefault(problem.path, []).append(_of_problem(problem))
    total = sum(map(len, by_path.values()))
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield (
        f'<testsuites name="dbguard" tests="{max(total, 1)}" failures="{failed}" '
        f'errors="{len(broken)}">\n'
    )
    if not total:
        # A document without a test is an error to some readers.
        yield '<testsuite name="dbguard" tests="1" failures="0" errors="0">\n'
        yield f'<testcase name="{report.files} files" classname="dbguard"/>\n</testsuite>\n'
    for path, cases in by_path.items():
        failures = sum("<failure" in case for case in cases)
        errors = sum("<error" in case for case in cases)
        name = _attribute(setting.path(path))
        yield (
            f'<testsuite name={name} tests="{len(cases)}" failures="{failures}" '
            f'errors="{errors}">\n{"".join(cases)}</testsuite>\n'
        )
    yield "</testsuites>\n"


def _of_finding(finding: Finding, *, fails: bool) -> str:
    extent = Extent.of(finding.primary.file, finding.primary.span)
    place = f"{finding.path}:{extent.line}:{extent.column}"
    lines = [f"{place}: {finding.severity.value}[{finding.rule}] {finding.message}"]
    if finding.section is not None:
        lines.append(f"protocol, section {finding.section}: {SECTIONS[finding.section]}")
        lines.append(protocol_line(finding.evidence, finding.primary.file))
    if finding.help:
        lines.append(f"instead: {finding.help}")
    name = _attribute(f"{finding.rule} {place}")
    text = "\n".join(map(_text, lines))
    if fails:
        kind = _attribute(finding.severity.value)
        message = _attribute(finding.message)
        inner = f"<failure message={message} type={kind}>{text}</failure>"
    else:
        inner = f"<system-out>{text}</system-out>"
    return f"<testcase name={name} classname={_attribute(finding.path)}>{inner}</testcase>\n"


def _of_problem(problem: Problem) -> str:
    place = f"{problem.path}:{problem.line}" if problem.line is not None else problem.path
    inner = f"<error message={_attribute(problem.error)} type={_attribute(problem.stage)}/>"
    name = _attribute(f"incomplete {place}")
    return f"<testcase name={name} classname={_attribute(problem.path)}>{inner}</testcase>\n"


def _legal(text: str) -> str:
    return _NO_CHARACTER.sub("\ufffd", escape(text))


def _text(text: str) -> str:
    return entities(_legal(text))


def _attribute(text: str) -> str:
    return quoteattr(_legal(text))
