"""Whole small projects: every finding of a scan is stated in the project's expected.txt.

A line is ``path:line severity rule {{text under the primary label}}``, and where calls lead
there ``from path:line ...``: each of them, in order of the paths.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dbguard import pipeline
from dbguard.finding import CALLED, Finding
from dbguard.options import ScanOptions
from tests.expectations import FIXTURES, fold

PROJECTS = sorted(path for path in (FIXTURES / "projects").iterdir() if path.is_dir())
_LINE = re.compile(
    r"(?P<place>\S.*?:\d+) (?P<severity>\w+) (?P<rule>[\w-]+) \{\{(?P<text>.*)\}\}"
    r"(?: from (?P<callers>.+))?"
)


def stated(project: Path) -> set[tuple[str, str, str, str]]:
    lines = (project / "expected.txt").read_text(encoding="utf-8").splitlines()
    found = [_LINE.fullmatch(line) for line in lines if line]
    assert all(found), f"{project.name}/expected.txt: a line cannot be read"
    return {
        (match["place"], match["severity"], match["rule"], fold(match["text"]))
        for match in found
        if match is not None
    }


def places_of_calls(finding: Finding, project: Path) -> str:
    places = set()
    for label in finding.labels:
        if label.text.startswith(CALLED):
            path = Path(label.file.path).resolve().relative_to(project.resolve()).as_posix()
            places.add(f"{path}:{label.file.position(label.span.start)[0]}")
    return " ".join(sorted(places))


def stated_calls(project: Path) -> dict[tuple[str, str], str]:
    lines = (project / "expected.txt").read_text(encoding="utf-8").splitlines()
    found = [match for line in lines if (match := _LINE.fullmatch(line))]
    return {(match["place"], match["rule"]): match["callers"] or "" for match in found}


@pytest.mark.parametrize("name", ["indirect-calls", "task-runners"])
def test_the_calls_that_lead_to_a_finding_are_stated(name: str) -> None:
    project = FIXTURES / "projects" / name
    report = pipeline.scan(ScanOptions((str(project),), project))
    found = {}
    for finding in report.findings:
        label = finding.primary
        path = Path(label.file.path).resolve().relative_to(project.resolve()).as_posix()
        place = f"{path}:{label.file.position(label.span.start)[0]}"
        found[(place, finding.rule)] = places_of_calls(finding, project)
    assert found == stated_calls(project)


@pytest.mark.parametrize("project", PROJECTS, ids=lambda path: path.name)
def test_every_finding_of_a_project_is_stated(project: Path) -> None:
    report = pipeline.scan(ScanOptions((str(project),), project))
    found = set()
    for finding in report.findings:
        label = finding.primary
        line, _ = label.file.position(label.span.start)
        path = Path(label.file.path).resolve().relative_to(project.resolve()).as_posix()
        found.add((f"{path}:{line}", finding.severity.value, finding.rule, fold(label.source)))
    assert found == stated(project)
    assert not [problem for problem in report.problems if problem.incomplete]
