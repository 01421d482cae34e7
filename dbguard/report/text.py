"""The report for a person."""

from __future__ import annotations

from collections.abc import Iterator

from dbguard.finding import NO, WEAK, YES, EvidenceFact, EvidenceReport, Finding, Severity
from dbguard.patterns import regex
from dbguard.records import dataclass, field
from dbguard.report.escape import escape, no_command
from dbguard.report.model import Report
from dbguard.report.style import Style
from dbguard.source import Problem, SourceFile

# The protocol, a line for each section (docs/protocol.md has the whole of it).
SECTIONS = {
    0: "never delete, reset or overwrite an existing database to apply a change",
    1: "before a change, count the critical data and take a timestamped backup",
    2: "change with ALTER TABLE, or drop the old table only after its copy was verified",
    3: "after a change, verify that the schema is new and the old rows still exist",
    4: "to recover, stop the services, restore the backup, report to the user",
}

# These four stand in every line of evidence, the others where they hold.
_ALWAYS = ("backup", "copied", "verified", "guard")


WIDTH = 100
"""Columns of a report that goes to no terminal."""

NARROW = 60
"""In fewer columns the lines that are one line elsewhere are broken, too."""


@dataclass(frozen=True, slots=True)
class TextOptions:
    """``width`` is in columns. ``quiet``: a line for each finding; ``verbose``: skips too.

    ``accepted``: findings that a comment or the baseline accepts, too, a line for each.
    """

    style: Style = field(default_factory=Style)
    width: int = WIDTH
    quiet: bool = False
    verbose: bool = False
    accepted: bool = False


def render(report: Report, options: TextOptions) -> Iterator[str]:
    """Yield the report in pieces that end in a line end."""
    return map(no_command, _pieces(report, options))


def _pieces(report: Report, options: TextOptions) -> Iterator[str]:
    explained: set[int] = set()
    for finding in report.active:
        lines = [_heading(finding, options.style)]
        if not options.quiet:
            if options.width < NARROW:
                lines = _narrow_heading(finding, options)
            lines += [*_body(finding, options, explained), ""]
        yield "\n".join(lines) + "\n"
    if options.accepted:
        for finding in report.findings:
            if not finding.active:
                yield f"{_heading(finding, options.style)} ({_why_accepted(finding)})\n"
    for problem in report.problems:
        yield _problem(problem, options.style) + "\n"
    if options.verbose:
        for left in report.left_out:
            yield options.style.dim(f"{escape(left.path)}: skipped, {escape(left.why)}") + "\n"
    line = closing(report, options.style)
    if options.width < NARROW and not options.quiet:
        line = "\n".join(_broken(line, options.width))
    yield line + "\n"
    if options.quiet and report.active:
        # Whoever is stopped by a hook sees no more than this.
        worst = max(report.active, key=lambda finding: finding.severity)
        yield f"what to do instead: dbguard explain {escape(worst.rule)}\n"


def _why_accepted(finding: Finding) -> str:
    if finding.suppressed_by is None:
        return "in the baseline"
    return f"suppressed: {escape(finding.suppressed_by)}"


def closing(report: Report, style: Style, problems: str = "above") -> str:
    """Return the line that ends every report: what was looked at and what was found.

    *problems* says where they stand from there: in some reports the line comes first.
    """
    found = []
    for severity in reversed(Severity):
        count = report.count(severity)
        text = _plural(count, severity.value)
        found.append(style.severity(severity, text) if count else text)
    parts = [
        f"checked {_plural(report.files, 'file')}: {', '.join(found)}",
        f"{report.skipped} skipped",
        f"{report.unreadable} unreadable",
        f"{report.suppressed} suppressed",
    ]
    if report.baselined:
        parts.append(f"{report.baselined} in the baseline")
    if report.unchanged:
        parts.append(f"{report.unchanged} not of this change")
    if report.below_minimum:
        parts.append(f"{report.below_minimum} below the minimum severity")
    if report.incomplete:
        parts.append(style.mark(f"INCOMPLETE: see the problems {problems}"))
    elif not report.files:
        parts.append(style.mark("nothing to check"))
    return " · ".join(parts)


def protocol_line(evidence: EvidenceReport, file: SourceFile) -> str:
    """Return the evidence in one line; lines of other files than *file* name theirs."""
    shown = [f"{fact.name}: {_state(fact, file)}" for fact in map(evidence.fact, _ALWAYS)]
    shown += [
        f"{fact.name}: {_state(fact, file)}"
        for fact in evidence.facts
        if fact.name not in _ALWAYS and fact.state != NO
    ]
    return " · ".join(shown)


def _state(fact: EvidenceFact, file: SourceFile) -> str:
    if fact.state == NO:
        return "none" if fact.name == "guard" else "no"
    where = ""
    if fact.file is not None and fact.span is not None:
        where = f"line {fact.file.position(fact.span.start)[0]}"
        if fact.file.path != file.path:
            where += f" of {escape(fact.file.path)}"
    text = escape(fact.text)
    if fact.state == YES:
        return where or text or "yes"
    if fact.state == WEAK:
        return f"{where or 'weak'} ({text or 'does not count in full'})"
    return f"{escape(fact.state)} ({where})" if where else escape(fact.state)


def _heading(finding: Finding, style: Style) -> str:
    return " ".join(_heading_parts(finding, style))


def _heading_parts(finding: Finding, style: Style) -> tuple[str, str, str]:
    line, column = finding.primary.file.position(finding.primary.span.start)
    place = style.bold(style.link(f"{escape(finding.path)}:{line}:{column}:", finding.path))
    what = style.severity(finding.severity, f"{finding.severity.value}[{finding.rule}]")
    return place, what, escape(finding.message)


def _narrow_heading(finding: Finding, options: TextOptions) -> list[str]:
    """Return the heading with what it says in lines of its own."""
    place, what, _ = _heading_parts(finding, options.style)
    return [f"{place} {what}", *_wrapped(escape(finding.message), options.width, "    ")]


def _broken(text: str, width: int) -> Iterator[str]:
    """Yield the lines of a text that may have colours in it, which have no width."""
    line = ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if line and len(_SGR.sub("", longer)) > width:
            yield line
            line = "  " + word
        else:
            line = longer
    yield line


_SGR = regex("\x1b\\[[0-9;]*m")


def _body(finding: Finding, options: TextOptions, explained: set[int]) -> Iterator[str]:
    """Yield what stands below the heading; a section is spelt out where it comes up first."""
    from dbguard.report.frame import code_frame

    yield from code_frame(finding.labels, options.style, options.width)
    if finding.section is not None:
        line = protocol_line(finding.evidence, finding.primary.file)
        if finding.section in explained:
            line = f"section {finding.section} · {line}"
        else:
            explained.add(finding.section)
            why = f"protocol, section {finding.section}: {SECTIONS[finding.section]}"
            yield from _paragraph("why", why, options)
        yield from _wrapped(line, options.width, "    ")
    if finding.via:
        yield from _paragraph("reached", ", in ".join(reversed(finding.via)), options)
    if finding.help:
        yield from _paragraph("instead", finding.help, options)


def _paragraph(name: str, text: str, options: TextOptions) -> Iterator[str]:
    lines = _wrapped(escape(" ".join(text.split())), options.width - len(name) - 2, "    ")
    for number, line in enumerate(lines):
        if number == 0:
            yield f"    {options.style.bold(name + ':')} {line.lstrip()}"
        else:
            yield f"{' ' * (len(name) + 2)}{line}"


def _wrapped(text: str, width: int, indent: str) -> list[str]:
    """Return a text in lines of at most *width* columns; a longer word has a line of its own.

    Not textwrap's, which takes a third of the time of a report of ten thousand findings.
    """
    text = " ".join(text.split())
    lines: list[str] = []
    room = max(width, 30) - len(indent)
    while len(text) > room:
        at = text.rfind(" ", 0, room + 1)
        if at < 0:
            at = text.find(" ")
        if at < 0:
            break
        lines.append(indent + text[:at])
        text = text[at + 1 :]
    if text:
        lines.append(indent + text)
    return lines


def _problem(problem: Problem, style: Style) -> str:
    place = escape(problem.path) + (f":{problem.line}" if problem.line is not None else "")
    word = "incomplete" if problem.incomplete else "note"
    what = style.mark(word) if problem.incomplete else style.dim(word)
    return f"{style.bold(place + ':')} {what}[{escape(problem.stage)}] {escape(problem.error)}"


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
