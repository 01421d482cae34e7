"""A report in one HTML file: no script, nothing loaded, and a policy that forbids both.

Every text of a scanned file goes through :func:`_text`.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from html import escape as entities
from itertools import pairwise

from dbguard.finding import NO, WEAK, YES, EvidenceFact, Finding, Label, Severity
from dbguard.report.escape import escape
from dbguard.report.html_style import STYLE
from dbguard.report.model import Report
from dbguard.report.setting import Extent, Setting, others, proofs
from dbguard.report.style import Style
from dbguard.report.text import SECTIONS, closing
from dbguard.source import Problem, SourceFile, Span

MOST_LINES = 12
MOST_COLUMNS = 200
MOST_FINDINGS = 5_000

# What the trace shows of the protocol, in its order.
_STEPS = {
    "backup": "backed up",
    "copied": "copied",
    "verified": "verified",
    "guard": "guarded",
    "services stopped": "services stopped",
}
_ALWAYS = ("backup", "guard")


def render(report: Report, setting: Setting) -> Iterator[str]:
    """Yield the page in pieces."""
    digest = b64encode(sha256(STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    yield (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="referrer" content="no-referrer">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>dbguard report</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
    )
    yield from _head(report)
    findings = report.active[:MOST_FINDINGS]
    by_path: dict[str, list[Finding]] = {}
    for finding in findings:
        by_path.setdefault(finding.path, []).append(finding)
    yield "<main>\n"
    if report.problems:
        yield from _problems(report.problems, setting)
    if not findings and not report.incomplete:
        yield '<p class="clean">Nothing here breaks the protocol.</p>\n'
    in_order = sorted(by_path.items(), key=lambda item: -max(f.severity.rank for f in item[1]))
    for path, of_file in in_order:
        yield from _file(path, of_file, setting)
    if len(report.active) > len(findings):
        yield f"<p>{len(report.active) - len(findings)} more findings are not shown.</p>\n"
    if set_aside := [f for f in report.findings if not f.active][:MOST_FINDINGS]:
        yield from _set_aside(set_aside, setting)
    yield f"</main>\n<footer>dbguard {_text(setting.version)}</footer>\n</body>\n</html>\n"


def _text(text: str) -> str:
    return entities(escape(text), quote=True)


def _head(report: Report) -> Iterator[str]:
    yield '<header><h1>dbguard <span class="sub">protocol report</span></h1>\n'
    looked_at = _text(closing(report, Style(), "below"))
    yield f"<p>{looked_at}</p>\n</header>\n"
    # The boxes filter by style alone; their labels carry the counts.
    for severity in reversed(Severity):
        name = severity.value
        yield (
            f'<input type="checkbox" id="show-{name}" class="switch" checked>'
            f'<label for="show-{name}" class="chip {name}">'
            f"<b>{report.count(severity)}</b> {name}{'' if report.count(severity) == 1 else 's'}"
            "</label>\n"
        )


def _problems(problems: tuple[Problem, ...], setting: Setting) -> Iterator[str]:
    yield '<section class="file problems"><h2>Not analysed whole</h2><ul>\n'
    for problem in problems[:MOST_FINDINGS]:
        line = "" if problem.line is None else f":{problem.line}"
        path = _text(setting.path(problem.path))
        yield f"<li><code>{path}{line}</code> {_text(problem.error)}</li>\n"
    yield "</ul></section>\n"


def _file(path: str, findings: list[Finding], setting: Setting) -> Iterator[str]:
    levels = " ".join(dict.fromkeys(f"has-{f.severity.value}" for f in findings))
    yield f'<section class="file {levels}"><h2><code>{_text(setting.path(path))}</code></h2>\n'
    for finding in sorted(findings, key=lambda f: -f.severity.rank):
        yield from _finding(finding, setting)
    yield "</section>\n"


def _finding(finding: Finding, setting: Setting) -> Iterator[str]:
    extent = Extent.of(finding.primary.file, finding.primary.span)
    name = finding.severity.value
    yield (
        f'<article class="finding {name}"><h3><span class="chip {name}">{name}</span> '
        f'{_text(finding.message)}</h3>\n<p class="meta"><code>{_text(finding.rule)}</code> · '
        f"line {extent.line}, column {extent.column}"
    )
    if finding.via:
        yield f" · reached: {_text(', in '.join(reversed(finding.via)))}"
    yield "</p>\n"
    yield from _code(finding, setting)
    if finding.section is not None:
        yield from _trace(finding)
        why = _text(SECTIONS[finding.section])
        yield f'<p class="why"><b>Protocol, section {finding.section}:</b> {why}.</p>\n'
    if finding.help:
        yield f'<p class="instead"><b>Instead:</b> {_text(finding.help)}.</p>\n'
    yield "</article>\n"


def _trace(finding: Finding) -> Iterator[str]:
    yield '<ol class="trace">'
    asked = {fact.name for fact in finding.evidence.facts} | set(_ALWAYS)
    for name, word in _STEPS.items():
        fact = finding.evidence.fact(name)
        if name in asked:
            yield _step(word, fact, finding)
    yield f'<li class="operation"><b>{_text(finding.primary.text or finding.rule)}</b></li></ol>\n'
    for name in ("direction", "context"):
        fact = finding.evidence.fact(name)
        if fact.state != NO:
            yield f'<p class="meta">{name}: {_text(fact.state)}</p>\n'


def _step(word: str, fact: EvidenceFact, finding: Finding) -> str:
    kind = {YES: "yes", NO: "no", "none": "no"}.get(fact.state, "weak")
    said = {YES: "", NO: "no", "none": "none", WEAK: ""}.get(fact.state, fact.state)
    where = ""
    if fact.file is not None and fact.span is not None:
        where = f"line {fact.file.position(fact.span.start)[0]}"
        if fact.file.path != finding.path:
            where += f" of {fact.file.path}"
    detail = ", ".join(part for part in (said, where, fact.text) if part) or fact.state
    return f'<li class="{kind}"><b>{word}</b><span>{_text(detail)}</span></li>'


def _code(finding: Finding, setting: Setting) -> Iterator[str]:
    marks = [finding.primary, *others(finding)]
    marks += [Label(span, _said_of(fact), False, file) for fact, file, span in proofs(finding)]
    files = {mark.file.path: mark.file for mark in marks}
    for path, file in files.items():
        if path != finding.path:
            yield f'<p class="meta"><code>{_text(setting.path(path))}</code></p>\n'
        yield "<pre>"
        yield from _lines(file, [mark for mark in marks if mark.file.path == path])
        yield "</pre>\n"


def _said_of(fact: EvidenceFact) -> str:
    """Return what stands beside the line that proves a fact."""
    said = f"{_STEPS.get(fact.name, fact.name)} here"
    return f"{said}, but {fact.text or 'it does not count in full'}" if fact.state == WEAK else said


def _lines(file: SourceFile, marks: list[Label]) -> Iterator[str]:
    numbers: dict[int, list[Label]] = {}
    for mark in marks:
        first = file.position(mark.span.start)[0]
        last = file.position(max(mark.span.start, mark.span.end - 1))[0]
        covered = list(range(first, last + 1))
        if len(covered) > MOST_LINES:
            # The end says what it is about as often as the beginning.
            covered = [*covered[: MOST_LINES - 1], last]
        for number in covered:
            numbers.setdefault(number, []).append(mark)
    previous: int | None = None
    for number in sorted(numbers)[: 2 * MOST_LINES]:
        if previous is not None and number > previous + 1:
            yield '<i class="gap">⋯</i>\n'
        previous = number
        notes = [
            _text(mark.text)
            for mark in numbers[number]
            if mark.text and not mark.primary and file.position(mark.span.start)[0] == number
        ]
        note = f'<em class="note">{"; ".join(dict.fromkeys(notes))}</em>' if notes else ""
        yield f'<i class="number">{number}</i>{_line(file, number, numbers[number])}{note}\n'


def _line(file: SourceFile, number: int, marks: list[Label]) -> str:
    whole = file.line_span(number)
    at = min(max(mark.span.start, whole.start) for mark in marks)
    start = max(whole.start, at - MOST_COLUMNS // 2)
    window = Span(start, min(whole.end, start + MOST_COLUMNS))
    cuts = {window.start, window.end}
    for mark in marks:
        cuts |= {
            min(max(edge, window.start), window.end) for edge in (mark.span.start, mark.span.end)
        }
    edges = sorted(cuts)
    shown = ["…" if window.start > whole.start else ""]
    for left, right in pairwise(edges):
        over = [mark for mark in marks if mark.span.start < right and mark.span.end > left]
        # A tab indents, as in the file: the style sheet says how far.
        text = "&#9;".join(map(_text, file.text[left:right].split("\t")))
        if not over:
            shown.append(text)
        elif any(mark.primary for mark in over):
            shown.append(f'<mark class="primary">{text}</mark>')
        else:
            shown.append(f"<mark>{text}</mark>")
    shown.append("…" if window.end < whole.end else "")
    return "".join(shown)


def _set_aside(findings: list[Finding], setting: Setting) -> Iterator[str]:
    yield f'<details class="file"><summary>{len(findings)} set aside</summary><ul>\n'
    for finding in findings:
        line = Extent.of(finding.primary.file, finding.primary.span).line
        why = finding.suppressed_by if finding.suppressed_by is not None else "in the baseline"
        yield (
            f"<li><code>{_text(setting.path(finding.path))}:{line}</code> "
            f"{_text(finding.rule)}: {_text(finding.message)} <em>({_text(why)})</em></li>\n"
        )
    yield "</ul></details>\n"
