"""``dbguard merge``: join the JSON reports of the parts of a scan."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dbguard.cli.outcome import EXIT_CODES, CutShortError, Exit, UsageError
from dbguard.cli.output import write

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

_LEVELS = ("error", "warning", "note", "never")


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.description = "Join the JSON reports of the parts of a scan (dbguard scan --shard I/N)."
    parser.usage = "dbguard merge [options] REPORT ..."
    parser.epilog = EXIT_CODES
    option = parser.add_argument
    option("reports", nargs="+", metavar="REPORT", help="a report in JSON")
    option("--format", choices=("text", "json"), default="text", metavar="FORMAT",
        help="text (default) or json")  # fmt: skip
    option("--fail-on", choices=_LEVELS, default="warning", metavar="LEVEL",
        help="error, warning (default), note or never")  # fmt: skip


def run(arguments: argparse.Namespace) -> Exit:
    """Print the joined report; end as the whole scan would have."""
    from dbguard.report import merging

    try:
        reports = [merging.read(name, _text(name)) for name in arguments.reports]
        report = merging.merged(reports)
    except merging.MergeError as error:
        # A part that is missing was not looked at: nothing may be green without it.
        raise CutShortError(str(error)) from error
    write(_json(report) if arguments.format == "json" else _lines(report))
    return _exit_code(report, arguments.fail_on)


def _text(name: str) -> str:
    try:
        with open(name, encoding="utf-8", errors="surrogatepass") as stream:
            return stream.read()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{name} cannot be read: {error}") from error


def _exit_code(report: dict[str, Any], fail_on: str) -> Exit:
    if any(problem.get("stage") == "internal" for problem in report["problems"]):
        return Exit.INTERNAL
    failing = _LEVELS[: _LEVELS.index(fail_on) + 1] if fail_on != "never" else ()
    if any(report["summary"][level] for level in failing):
        return Exit.FINDINGS
    incomplete = any(problem.get("incomplete", True) for problem in report["problems"])
    return Exit.INCOMPLETE if incomplete else Exit.CLEAN


def _json(report: dict[str, Any]) -> Iterator[str]:
    import json

    yield json.dumps(report, ensure_ascii=True, indent=1)
    yield "\n"


def _lines(report: dict[str, Any]) -> Iterator[str]:
    """Yield a line for each finding and problem, and one that sums up."""
    from dbguard.report.escape import escape

    for finding in report["findings"]:
        place = f"{escape(finding['path'])}:{finding.get('line')}:{finding.get('column')}"
        what = f"{escape(str(finding.get('severity')))}[{escape(str(finding.get('rule')))}]"
        yield f"{place}: {what} {escape(str(finding.get('message')))}\n"
    for problem in report["problems"]:
        line = f":{problem['line']}" if problem.get("line") else ""
        yield f"{escape(str(problem.get('path') or ''))}{line}: problem: {escape(problem['error'])}\n"
    summary = report["summary"]
    counts = ", ".join(f"{summary[level]} {level}s" for level in ("error", "warning", "note"))
    rest = " · ".join(
        f"{summary[name]} {name}" for name in ("skipped", "unreadable", "suppressed", "baselined")
    )
    yield f"checked {summary['files']} files: {counts} · {rest}\n"
