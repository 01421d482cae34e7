"""The JSON reports of the parts of a scan, joined to that of the whole."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from dbguard.report.json_report import VERSION

_SUMMED = ("files", "skipped", "unreadable", "suppressed", "baselined", "error", "warning", "note")


class MergeError(Exception):
    """These are not the reports of all the parts of one scan; the message says why."""


def read(name: str, text: str) -> dict[str, Any]:
    """Return the report of one part. Raises MergeError where *text* is none."""
    try:
        report = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MergeError(f"{name} is not JSON: {error}") from error
    if not isinstance(report, dict) or report.get("version") != VERSION:
        raise MergeError(f"{name} is not a report of dbguard scan --format json, version {VERSION}")
    shard, summary = report.get("shard"), report.get("summary")
    if not isinstance(shard, dict) or not _are_counts(shard, ("index", "count")):
        raise MergeError(f"{name} is not the report of a part: scan with --shard I/N")
    if not isinstance(summary, dict) or not _are_counts(summary, _SUMMED):
        raise MergeError(f"{name} has no summary")
    for key, kind in (("findings", "path"), ("problems", "error")):
        items = report.get(key)
        if not isinstance(items, list) or not all(
            isinstance(item, dict) and isinstance(item.get(kind), str) for item in items
        ):
            raise MergeError(f"{name} has no list of {key}")
    return report


def _are_counts(table: dict[str, Any], names: Sequence[str]) -> bool:
    return all(type(table.get(name)) is int and table[name] >= 0 for name in names)


def merged(reports: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the report of the whole scan. Raises MergeError unless each part is there once."""
    counts = {report["shard"]["count"] for report in reports}
    if len(counts) != 1:
        raise MergeError("the reports are of scans in different numbers of parts")
    count = counts.pop()
    indices = sorted(report["shard"]["index"] for report in reports)
    if indices != list(range(1, count + 1)):
        missing = sorted(set(range(1, count + 1)) - set(indices))
        if missing:
            parts = ", ".join(f"{index}/{count}" for index in missing)
            raise MergeError(f"the report of part {parts} is missing")
        raise MergeError("a part is there more than once")
    return {
        "version": VERSION,
        "summary": {name: sum(report["summary"][name] for report in reports) for name in _SUMMED},
        "findings": sorted(
            (finding for report in reports for finding in report["findings"]), key=_place
        ),
        "problems": sorted(_distinct(reports), key=_problem_place),
    }


def _distinct(reports: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield each problem once: what stands in the way of several parts is one problem."""
    seen = set()
    for report in reports:
        for problem in report["problems"]:
            key = json.dumps(problem, sort_keys=True)
            if key not in seen:
                seen.add(key)
                yield problem


def _place(finding: dict[str, Any]) -> tuple[str, int, int, int, int, str]:
    return (
        finding["path"],
        finding.get("line", 0),
        finding.get("column", 0),
        finding.get("end_line", 0),
        finding.get("end_column", 0),
        finding.get("rule", ""),
    )


def _problem_place(problem: dict[str, Any]) -> tuple[str, int, str]:
    return problem.get("path") or "", problem.get("line") or 0, problem["error"]
