"""Files that run others: what stands in a file that is run is judged with what comes before it."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Iterable, Iterator

from dbguard.analysed import Analysis
from dbguard.checking import Check, check_all
from dbguard.config import Config
from dbguard.context import context_of
from dbguard.discover import Candidate
from dbguard.evidence import Context
from dbguard.finding import Finding, Place, keep_worst
from dbguard.options import ScanOptions
from dbguard.source import Problem, Region, SourceFile
from dbguard.survey import Survey, whole_project


def callers_of(
    options: ScanOptions, results: dict[Candidate, Analysis], check: Check
) -> dict[Candidate, Analysis]:
    """Return what the project's other files say that run a file in which something was found."""
    names = {
        os.fsencode(posixpath.basename(hit.project_path))
        for hit, result in results.items()
        if result.findings
    }
    if not names:
        return {}
    checked = {hit.project_path for hit in results}
    callers = []
    for candidate in whole_project(options):
        if candidate.project_path in checked:
            continue
        data = candidate.content()
        if not isinstance(data, Problem) and any(name in data for name in names):
            callers.append(candidate)
    return dict(zip(callers, check_all(callers, check, options.jobs), strict=True))


def callers_in_other_parts(
    survey: Survey, mine: Iterable[Candidate], check: Check
) -> dict[Candidate, Analysis]:
    """Return what the hits of other parts say that may lead to a file of this one."""
    from dbguard.shards import mentions

    paths = [candidate.project_path for candidate in mine]
    left = {c: data for c in survey.others if not isinstance(data := c.content(), Problem)}
    callers: dict[Candidate, Analysis] = {}
    while found := [c for c, data in left.items() if mentions(data, paths)]:
        for candidate in found:
            del left[candidate]
            callers[candidate] = check(candidate)
        # What runs these leads here, too.
        paths = [candidate.project_path for candidate in found]
    return callers


def joined(
    results: dict[Candidate, Analysis], callers: dict[Candidate, Analysis], config: Config
) -> Iterator[Finding]:
    """Yield each finding once, at its worst.

    What stands in a file that another file of the application runs is judged there, with
    what comes before it; alone it is judged only where no such file is known.
    """
    everyone = {**results, **callers}
    elsewhere = _judged_elsewhere(everyone, config)
    asked = {candidate.path for candidate in results}
    worst: dict[Place, Finding] = {}
    # In one order, however many of the project's files are checked: of equals the first stays.
    for candidate, result in sorted(everyone.items(), key=lambda item: item[0].path):
        for finding in result.findings:
            if elsewhere(candidate, finding):
                continue
            if candidate in callers and finding.path not in asked:
                continue
            keep_worst(worst, finding)
    yield from worst.values()


def _judged_elsewhere(
    everyone: dict[Candidate, Analysis], config: Config
) -> Callable[[Candidate, Finding], bool]:
    """Return the test whether a finding of a file by itself is left to the files that run it.

    It is where they run the whole file; where they read it in, all but the functions of it
    that nobody calls. What a file that is run makes of the files it runs in turn is left to
    the first of them all, unless they run one another in a circle.
    """
    run_whole: set[str] = set()
    read_in: set[str] = set()
    called: dict[str, set[tuple[int, int]]] = {}
    for candidate, result in everyone.items():
        if context_of(candidate.project_path, config.test_paths) not in _NO_CALLERS:
            run_whole |= result.run_whole - {candidate.project_path}
            read_in |= result.read_in
            for path, start, end in result.called:
                called.setdefault(path, set()).add((start, end))
    run_by_first = {
        path
        for candidate, result in everyone.items()
        if candidate.project_path not in run_whole
        and context_of(candidate.project_path, config.test_paths) not in _NO_CALLERS
        for path in result.run_whole
    }
    defined: dict[str, list[tuple[int, int]]] = {}

    def elsewhere(candidate: Candidate, finding: Finding) -> bool:
        if finding.path != candidate.path:
            return candidate.project_path in run_by_first
        if candidate.project_path in run_whole:
            return True
        if candidate.project_path not in read_in:
            return False
        if finding.path not in defined:
            defined[finding.path] = _functions_in(finding.primary.file, candidate)
        at = finding.primary.span.start
        around = [(start, end) for start, end in defined[finding.path] if start <= at < end]
        return not around or not called.get(finding.path, set()).isdisjoint(around)

    return elsewhere


def _functions_in(file: SourceFile, candidate: Candidate) -> list[tuple[int, int]]:
    if candidate.kind.language != "shell":
        return []
    from dbguard.languages import shell

    region = Region.of_file(file, "shell", candidate.kind.dialect)
    return [(start, end) for _, start, end in shell.functions_in(region)]


_NO_CALLERS = (Context.TEST, Context.DOCUMENTATION, Context.INSTRUCTIONS)
