"""The story of a scan: discover, read, look, analyse, judge, report.

    paths -> Discovery of Candidates -> bytes -> prefilter -> Decoded -> SourceFile
          -> Analysis (regions, flows, evidence, rules) -> Findings -> Report

What is left out on the way is counted; what goes wrong on the way is a Problem.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from dbguard.acceptance import accept, added_suppressions, suppressed, told
from dbguard.analysed import Analysis
from dbguard.callers import callers_in_other_parts, callers_of, joined
from dbguard.checking import Check, check_again, check_all
from dbguard.discover import Candidate, Discovery, discover
from dbguard.finding import Finding
from dbguard.options import ScanOptions
from dbguard.records import dataclass, replace
from dbguard.report.model import Report
from dbguard.source import Comment, Problem
from dbguard.survey import (
    Survey,
    columns_of,
    databases_of,
    files_of,
    project_of,
    survey_of,
    used_by,
    whole_project,
)
from dbguard.usage import databases_lying_at

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    from dbguard.changes import Changes, Comparison
    from dbguard.shards import Shard

    _Thing = TypeVar("_Thing")


@dataclass(frozen=True, slots=True)
class Examined:
    """What checking gave, file by file; ``check`` checks one again, as the project has it."""

    discovery: Discovery
    survey: Survey
    results: dict[Candidate, Analysis]
    callers: dict[Candidate, Analysis]
    check: Check

    def findings(self, options: ScanOptions) -> tuple[Finding, ...]:
        """Return the findings of every file, suppressed and accepted."""
        found = joined(self.results, self.callers, options.config)
        paths = {candidate.path: candidate.project_path for candidate in self.results}
        marked = suppressed(found, told(_comments(self.results), options.today))
        return accept(
            marked, options.baseline, (), options.config, lambda path: paths.get(path, path)
        ).findings

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What could not be read or analysed whole."""
        of_files = (p for result in self.results.values() for p in result.problems)
        every = {*self.discovery.problems, *self.survey.problems, *of_files}
        return tuple(sorted(every, key=_place))

    @property
    def incomplete(self) -> bool:
        """Say whether something may have been missed."""
        return any(problem.incomplete for problem in self.problems)

    def bytes_of(self, candidate: Candidate) -> bytes | None:
        """Return what a file consists of, None where it cannot be read."""
        data = candidate.content()
        return None if isinstance(data, Problem) else data

    def problem_count(self, candidate: Candidate) -> int:
        """Return how many things of a file could not be analysed."""
        return sum(problem.incomplete for problem in self.results[candidate].problems)

    def with_changed(self, candidate: Candidate, data: bytes) -> Examined:
        """Return what checking gives if a file consisted of *data*.

        Whatever runs the file, or says something about it, is checked again, too.
        """
        changed = replace(candidate, data=data)
        contents = {**self.check.files.contents, candidate.project_path: data}
        check = replace(self.check, files=replace(self.check.files, contents=contents))

        def again(one: Candidate, result: Analysis) -> tuple[Candidate, Analysis]:
            if one is candidate or one == candidate:
                return changed, check(changed)
            about = candidate.project_path in result.included or any(
                label.file.path == candidate.path
                for finding in result.findings
                for label in finding.labels
            )
            return one, check(one) if about else result

        results = dict(again(one, result) for one, result in self.results.items())
        callers = dict(again(one, result) for one, result in self.callers.items())
        return replace(self, results=results, callers=callers, check=check)


Watch = Callable[[str, int, int], None]
"""Is told what is being done, with how many files, and of how many."""


def scan(options: ScanOptions, watch: Watch | None = None) -> Report:
    """Return the report of a scan. The scanned project's code is never imported or run.

    *watch* is told how far it is.

    Raises ChangeError, ShallowError or git.GitError where a change was asked for that git
    cannot tell.
    """
    changes = _changes(options)
    examined = examine(options, changes, watch)
    discovery, survey, check = examined.discovery, examined.survey, examined.check
    results, callers = examined.results, examined.callers
    project_paths = {candidate.path: candidate.project_path for candidate in survey.hits}
    directives = told(_comments(results), options.today)
    findings = suppressed(joined(results, callers, options.config), directives)
    comparisons: list[Comparison] = []
    weakened = list(options.weakened)
    for base in changes.bases if changes is not None else ():
        from dbguard.before import before

        assert changes is not None
        version = before(base, changes, results, callers, check)
        were = told(_comments(version.results), options.today)
        old_findings = suppressed(joined(version.results, callers, options.config), were)
        if options.diff or options.staged:
            from dbguard.changes import Comparison

            comparisons.append(Comparison(old_findings, version.same_lines))
        if options.policy_from:
            weakened += added_suppressions(were, directives)
    accepted = accept(
        (*findings, *weakened),
        options.baseline,
        comparisons,
        options.config,
        lambda path: project_paths.get(path, path),
    )
    left_out = (*discovery.left_out, *survey.left_out)
    return Report(
        findings=accepted.findings,
        problems=examined.problems,
        files=survey.files,
        skipped=len(left_out),
        unreadable=survey.unreadable + sum(p.stage == "discover" for p in discovery.problems),
        suppressed=sum(finding.suppressed_by is not None for finding in accepted.findings),
        baselined=sum(finding.baselined for finding in accepted.findings),
        unchanged=accepted.unchanged,
        below_minimum=accepted.below_minimum,
        left_out=tuple(sorted(left_out, key=lambda left: left.path)),
        shard=options.shard,
    )


def examine(
    options: ScanOptions, changes: Changes | None = None, watch: Watch | None = None
) -> Examined:
    """Check every file, each with what the whole project says about its databases."""
    if options.staged and changes is not None:
        from dbguard.changes import staged_files

        discovery = staged_files(options, changes)
    else:
        discovery = discover(options)
    reading = _watched(discovery.candidates, "reading", len(discovery.candidates), watch)
    part = _part(discovery, options.shard)
    survey = survey_of(reading, options.config, part=part)
    project = project_of(options, discovery.candidates, survey)
    check = Check(
        databases_of(options.config, survey.used),
        project,
        options.config,
        files_of(options, survey),
    )
    if options.shard is not None and options.shard.index > 1:
        # What was met on the way to the files is reported with the first part.
        discovery = replace(discovery, left_out=(), problems=())
    checked = check_all(survey.hits, check, options.jobs)
    watched = _watched(checked, "analysing", len(survey.hits), watch)
    results = dict(zip(survey.hits, watched, strict=True))
    if undecided := {path for result in results.values() for path in result.undecided}:
        used = survey.used | databases_lying_at(str(options.root), undecided)
        if _is_whole(options):
            used |= used_by(survey.connecting)
        else:
            elsewhere = survey_of(whole_project(options), options.config, for_hits=False)
            used |= elsewhere.used | used_by(elsewhere.connecting)
        check = replace(check, databases=databases_of(options.config, used))
        results = check_again(results, check, options.jobs, partial(_is_decided, check))
    if tables := {table for result in results.values() for table in result.partly_copied}:
        columns = columns_of({**dict.fromkeys(survey.others, Analysis()), **results}, tables)
        check = replace(check, project=replace(project, columns=columns))
        results = check_again(
            results, check, options.jobs, lambda result: result.partly_copied & columns.keys()
        )
    if options.shard is not None:
        mine = dict.fromkeys(filter(part, discovery.candidates), Analysis())
        callers = callers_in_other_parts(survey, mine, check)
        results = _of_part({**mine, **results})
    else:
        callers = {} if _is_whole(options) else callers_of(options, results, check)
    return Examined(discovery, survey, results, callers, check)


def _watched(
    some: Iterable[_Thing], doing: str, total: int, watch: Watch | None
) -> Iterator[_Thing]:
    """Yield things one by one, and tell *watch* of each that is done."""
    for done, thing in enumerate(some, 1):
        yield thing
        if watch is not None:
            watch(doing, done, total)


def _changes(options: ScanOptions) -> Changes | None:
    """Return the change that is asked for, or by which the policy is judged."""
    name = options.diff or options.policy_from
    if not name and not options.staged:
        return None
    # Imported here: of a change or of git a scan of files asks nothing.
    from dbguard import git
    from dbguard.changes import Changes, since, staged
    from dbguard.refusals import ChangeError

    top = git.work_tree_of(str(options.root))
    if top is None:
        raise ChangeError(f"{options.root} is not in a git work tree: there is no change to tell")
    return staged(top) if options.staged else Changes(top, (since(top, name),))


def _comments(results: dict[Candidate, Analysis]) -> Iterator[Comment]:
    """Yield the comments of the files that are checked."""
    checked = {candidate.path for candidate in results}
    for result in results.values():
        yield from (comment for comment in result.comments if comment.file.path in checked)


def _is_whole(options: ScanOptions) -> bool:
    """Say whether the scan covers the whole project, as a hook's does not."""
    root = os.path.realpath(options.root)
    if options.stdin is not None or options.staged:
        return False
    return any(os.path.realpath(path) == root for path in options.paths)


def _is_decided(check: Check, result: Analysis) -> bool:
    """Say whether a path that a file left undecided turns out to be a database of the project."""
    return any(check.databases.knows(path) for path in result.undecided)


def _part(discovery: Discovery, shard: Shard | None) -> Callable[[Candidate], bool]:
    """Return the test whether a file is to be judged: all are, but for the parts of a scan."""
    if shard is None:
        return lambda _: True
    mine = {c for position, c in enumerate(discovery.candidates) if shard.holds(position)}
    return mine.__contains__


def _of_part(results: dict[Candidate, Analysis]) -> dict[Candidate, Analysis]:
    """Return what was found without that which stands in files of other parts."""
    mine = {candidate.path for candidate in results}

    def own(result: Analysis) -> Analysis:
        kept = tuple(finding for finding in result.findings if finding.path in mine)
        return replace(result, findings=kept)

    return {candidate: own(result) for candidate, result in results.items()}


def _place(problem: Problem) -> tuple[str, int, int, str, bool]:
    # Whole: problems come from a set, whose order is another in every process.
    start = problem.span.start if problem.span else 0
    return problem.path, start, problem.line or 0, problem.error, problem.incomplete
