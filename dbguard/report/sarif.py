"""SARIF 2.1.0 (OASIS), within the limits of GitHub's code scanning.

Paths are relative to the top of the work tree. Texts are escaped as for a terminal, since
a viewer shows them; only a snippet is what the file says.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from dbguard.finding import NO, YES, EvidenceFact, Finding, Severity
from dbguard.report.escape import escape
from dbguard.report.model import Report
from dbguard.report.setting import (
    Extent,
    RulePage,
    Setting,
    others,
    proofs,
    unicode_only,
    worst_first,
)
from dbguard.report.text import SECTIONS, protocol_line
from dbguard.source import Problem, SourceFile, Span

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)

# docs.github.com: "SARIF support for code scanning", validation of SARIF files
MOST_RESULTS = 25_000
MOST_RELATED = 10
MOST_STEPS = 100
MOST_SNIPPET = 1_000  # characters
MOST_COMPRESSED = 9_500_000
"""Bytes of results when compressed; GitHub takes 10 MB of gzip."""

# GitHub: over 9.0 is critical, 7.0 to 8.9 high, 4.0 to 6.9 medium. By the section that a
# rule's findings break: what is gone, what may be gone, what would be missing later.
_SECURITY_SEVERITY = {0: "9.1", 1: "5.0", 2: "8.0", 3: "4.0", 4: "7.0", None: "3.0"}
_LEVEL = {0: "error", 2: "error"}


def render(report: Report, setting: Setting) -> Iterator[str]:
    """Yield a SARIF log in pieces, a result a line, ASCII."""
    from zlib import compressobj

    # GitHub's code scanning opens an alert for a result that says it is suppressed (the
    # property is none of those it supports; github/codeql-action, issue 1230), and an alert
    # that is open already stays so. A result that is left out closes its alert.
    findings = worst_first(report.findings if setting.accepted else report.active)
    head = json.dumps({"$schema": SCHEMA, "version": "2.1.0"})[:-1]
    yield f'{head},\n"runs": [{json.dumps(_run(setting))[:-1]},\n"results": ['
    indices = {rule.id: index for index, rule in enumerate(setting.rules)}
    marked = any(not finding.active for finding in findings[:MOST_RESULTS])
    written = compressed = 0
    compressor = compressobj(level=1)
    for finding in findings[:MOST_RESULTS]:
        result = json.dumps(_result(finding, setting, indices, marked=marked))
        compressed += len(compressor.compress(result.encode("ascii")))
        if compressed > MOST_COMPRESSED:
            break
        yield f"{',' if written else ''}\n{result}"
        written += 1
    # Only now it is known how many are left out.
    invocation = _invocation(report, setting, written, len(findings))
    yield f'],\n"invocations": [{json.dumps(invocation)}]}}]}}\n'


def _run(setting: Setting) -> dict[str, Any]:
    return {
        "tool": {
            "driver": {
                "name": "dbguard",
                "semanticVersion": _semantic(setting.version),
                "version": setting.version,
                "rules": [_rule(rule, setting.rule_pages) for rule in setting.rules],
            }
        },
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"%SRCROOT%": {"uri": _folder_uri(setting.top)}},
    }


def _invocation(report: Report, setting: Setting, written: int, found: int) -> dict[str, Any]:
    notifications = [_notification(problem, setting) for problem in report.problems]
    if written < found:
        text = f"{found - written} findings are left out: these are the worst {written} of {found}"
        notifications.append({"level": "warning", "message": {"text": text}})
    return {
        "executionSuccessful": not report.incomplete,
        "exitCode": setting.exit_code,
        "workingDirectory": {"uri": _folder_uri(setting.current)},
        "toolExecutionNotifications": notifications,
    }


def _semantic(version: str) -> str:
    """Return a version of PEP 440 as one of Semantic Versioning, as far as they agree."""
    parts = [part for part in version.split(".")[:3] if part.isdigit()]
    return ".".join([*parts, "0", "0"][:3])


def _rule(rule: RulePage, pages: str) -> dict[str, Any]:
    about = "About the guard itself."
    if rule.section is not None:
        about = f"Protocol, section {rule.section}: {SECTIONS[rule.section]}."
    text = f"{rule.summary}\n\n{about}\n\n{rule.text}"
    described: dict[str, Any] = {
        "id": rule.id,
        "name": "".join(part.capitalize() for part in rule.id.split("-")),
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": f"{rule.summary} {about}"},
        "help": {"text": text, "markdown": text},
        "defaultConfiguration": {"level": _LEVEL.get(rule.section or 0, "warning")}
        if rule.section is not None
        else {"level": "warning"},
        "properties": {
            "tags": ["security", "database", "data-loss"],
            "precision": "high",
            "security-severity": _SECURITY_SEVERITY[rule.section],
        },
    }
    if pages:
        described["helpUri"] = f"{pages}{rule.id}.md"
    return described


def _result(
    finding: Finding, setting: Setting, indices: dict[str, int], *, marked: bool
) -> dict[str, Any]:
    primary = finding.primary
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "level": finding.severity.value,
        "message": {"text": _message(finding)},
        "locations": [_location(primary.file, primary.span, setting, snippet=True)],
        "partialFingerprints": {"dbguardContent/v1": finding.fingerprint or "0"},
    }
    if finding.rule in indices:
        result["ruleIndex"] = indices[finding.rule]
    if related := _related(finding, setting):
        result["relatedLocations"] = related
    if steps := _steps(finding, setting):
        result["codeFlows"] = [{"threadFlows": [{"locations": steps}]}]
    if marked:
        # 3.27.23: where one result says whether it is suppressed, all do.
        result["suppressions"] = _suppressions(finding)
    return result


def _message(finding: Finding) -> str:
    parts = [_plain(finding.message)]
    if finding.section is not None:
        evidence = protocol_line(finding.evidence, finding.primary.file)
        parts.append(f"Protocol, section {finding.section}: {SECTIONS[finding.section]}.")
        parts.append(f"Evidence: {_plain(evidence)}.")
    if finding.via:
        parts.append(f"Reached: {_plain(', in '.join(reversed(finding.via)))}.")
    if finding.help:
        parts.append(f"Instead: {_plain(finding.help)}.")
    return "\n".join(parts)


def _plain(text: str) -> str:
    """Return text that holds no placeholder (3.11.5) and no link (3.11.6)."""
    return escape(text).replace("{", "<").replace("}", ">").replace("](", "] (")


def _suppressions(finding: Finding) -> list[dict[str, Any]]:
    marks: list[dict[str, Any]] = []
    if finding.suppressed_by is not None:
        why = _plain(finding.suppressed_by)
        marks.append({"kind": "inSource", "status": "accepted", "justification": why})
    if finding.baselined:
        why = "the baseline holds it"
        marks.append({"kind": "external", "status": "accepted", "justification": why})
    return marks


def _related(finding: Finding, setting: Setting) -> list[dict[str, Any]]:
    places = [(label.file, label.span, label.text) for label in others(finding)]
    places += [(file, span, _fact(fact)) for fact, file, span in proofs(finding)]
    unique = list(dict.fromkeys((f.path, s) for f, s, _ in places))
    first = {(f.path, s): (f, s, t) for f, s, t in reversed(places)}
    return [
        {"id": number, **_location(file, span, setting, text=text)}
        for number, (file, span, text) in enumerate(
            (first[key] for key in unique[:MOST_RELATED]), start=1
        )
    ]


def _steps(finding: Finding, setting: Setting) -> list[dict[str, Any]]:
    """Return the way to the operation: what leads to it, what was done before, itself."""
    steps: list[dict[str, Any]] = [
        {"location": _location(label.file, label.span, setting, text=label.text)}
        for label in others(finding)
    ]
    steps += [
        {
            "location": _location(file, span, setting, text=_fact(fact)),
            "state": {fact.name: {"text": fact.state}},
            "importance": "important",
        }
        for fact, file, span in proofs(finding)
    ]
    if not steps:
        return []
    primary = finding.primary
    last = _location(primary.file, primary.span, setting, text=finding.message)
    return [*steps[: MOST_STEPS - 1], {"location": last, "importance": "essential"}]


def _fact(fact: EvidenceFact) -> str:
    if fact.state in (YES, NO):
        return f"{fact.name}: {fact.state}"
    return f"{fact.name}: {fact.state}{f' ({fact.text})' if fact.text else ''}"


def _location(
    file: SourceFile, span: Span, setting: Setting, *, text: str = "", snippet: bool = False
) -> dict[str, Any]:
    extent = Extent.of(file, span)
    region: dict[str, Any] = {
        "startLine": extent.line,
        "startColumn": extent.column,
        "endLine": extent.end_line,
        "endColumn": extent.end_column,
    }
    physical: dict[str, Any] = {
        "artifactLocation": _artifact(file.path, setting),
        "region": region,
    }
    if snippet:
        shown = unicode_only(file.text[span.start : span.end])[:MOST_SNIPPET]
        region["snippet"] = {"text": shown}
        context = unicode_only(file.line(extent.line))
        if extent.line == extent.end_line and len(context) <= MOST_SNIPPET:
            physical["contextRegion"] = {"startLine": extent.line, "snippet": {"text": context}}
    location: dict[str, Any] = {"physicalLocation": physical}
    if text:
        location["message"] = {"text": _plain(text)}
    return location


def _artifact(shown: str, setting: Setting) -> dict[str, str]:
    path = setting.path(shown)
    if os.path.isabs(path):
        return {"uri": f"file://{_quoted(path)}"}
    return {"uri": _quoted(path), "uriBaseId": "%SRCROOT%"}


def _folder_uri(folder: str) -> str:
    path = folder.replace(os.sep, "/").strip("/")
    return f"file:///{_quoted(path)}/" if path else "file:///"


def _quoted(path: str) -> str:
    """Return a path in a URI (RFC 3986), byte by byte as the file system has it."""
    return quote(path.encode("utf-8", "surrogateescape" if _from_bytes(path) else "replace"))


def _from_bytes(path: str) -> bool:
    return all("\udc80" <= c <= "\udcff" for c in path if "\ud800" <= c <= "\udfff")


def _notification(problem: Problem, setting: Setting) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": _artifact(problem.path, setting)}
    if problem.line is not None:
        physical["region"] = {"startLine": problem.line}
    severity = Severity.ERROR if problem.incomplete else Severity.NOTE
    return {
        "level": severity.value,
        "message": {"text": _plain(f"{problem.stage}: {problem.error}")},
        "locations": [{"physicalLocation": physical}],
    }
