"""The story of a scan: discover, read, look, analyse, judge, report.

    paths -> Discovery of Candidates -> bytes -> prefilter -> Decoded -> SourceFile
          -> Analysis (regions, flows, evidence, rules) -> Findings -> Report

What is left out on the way is counted; what goes wrong on the way is a Problem.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from dbguard.classification import Databases
from dbguard.config import Config
from dbguard.context import context_of
from dbguard.discover import Candidate, discover
from dbguard.evidence import Context, Project
from dbguard.finding import Finding, ordered
from dbguard.options import ScanOptions
from dbguard.prefilter import may_have_operations
from dbguard.reading import decode, is_binary, read
from dbguard.report.model import LeftOut, Report
from dbguard.source import Problem, SourceFile
from dbguard.usage import databases_in, databases_lying_at, migration_tool

PARALLEL_FROM = 40
"""From so many files with a hit on, worker processes pay for their start."""


@dataclass(slots=True)
class _Survey:
    """What a first look over every file leaves to be analysed."""

    hits: list[Candidate] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    files: int = 0
    unreadable: int = 0
    left_out: list[LeftOut] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Checked:
    findings: tuple[Finding, ...] = ()
    problems: tuple[Problem, ...] = ()
    undecided: frozenset[str] = frozenset()


def scan(options: ScanOptions) -> Report:
    """Return the report of a scan. The scanned project's code is never imported or run."""
    discovery = discover(options)
    survey = _survey(discovery.candidates)
    project = _project(options, discovery.candidates)
    databases = _databases(options.config, survey.used)
    checked = list(_checked(survey.hits, databases, project, options))
    if undecided := {path for result in checked for path in result.undecided}:
        used = survey.used | databases_lying_at(str(options.root), undecided)
        if not _is_whole(options):
            used |= _used_elsewhere(options)
        databases = _databases(options.config, used)
        checked = list(_decided(survey.hits, checked, databases, project, options))
    project_paths = {candidate.path: candidate.project_path for candidate in survey.hits}
    findings = ordered(
        (finding for result in checked for finding in result.findings),
        lambda path: project_paths.get(path, path),
    )
    left_out = (*discovery.left_out, *survey.left_out)
    problems = (
        *discovery.problems,
        *survey.problems,
        *(problem for result in checked for problem in result.problems),
    )
    return Report(
        findings=findings,
        problems=tuple(sorted(problems, key=_place)),
        files=survey.files,
        skipped=len(left_out),
        unreadable=survey.unreadable + sum(p.stage == "discover" for p in discovery.problems),
        suppressed=sum(finding.suppressed_by is not None for finding in findings),
        left_out=tuple(sorted(left_out, key=lambda left: left.path)),
    )


def _is_whole(options: ScanOptions) -> bool:
    """Say whether the scan covers the whole project, as a hook's does not."""
    root = options.root.resolve()
    return options.stdin is None and any(Path(path).resolve() == root for path in options.paths)


def _used_elsewhere(options: ScanOptions) -> frozenset[str]:
    """Return the databases that the project's other files use."""
    whole = replace(options, paths=(str(options.root),), stdin=None)
    return frozenset(_survey(discover(whole).candidates, for_hits=False).used)


def _decided(
    hits: list[Candidate],
    checked: list[_Checked],
    databases: Databases,
    project: Project,
    options: ScanOptions,
) -> Iterator[_Checked]:
    """Check the files again whose paths turn out to be databases of the project."""
    check = _Check(databases, project, options.config)
    for hit, result in zip(hits, checked, strict=True):
        again = any(databases.knows(path) for path in result.undecided)
        yield check(hit) if again else result


def _place(problem: Problem) -> tuple[str, int, str]:
    return problem.path, problem.span.start if problem.span else 0, problem.error


def _survey(candidates: Iterable[Candidate], *, for_hits: bool = True) -> _Survey:
    """Read every file once: which may have an operation, and which databases are used."""
    survey = _Survey()
    for candidate in candidates:
        data = _bytes(candidate)
        if isinstance(data, Problem):
            survey.problems.append(data)
            survey.unreadable += 1
        elif is_binary(data):
            error = "is binary, though its name says it is text"
            survey.problems.append(Problem(candidate.path, error, "decode"))
            survey.unreadable += 1
        else:
            survey.files += 1
            if context_of(candidate.project_path) is not Context.TEST:
                survey.used |= databases_in(data)
            if for_hits and may_have_operations(data, candidate.kind.language):
                survey.hits.append(candidate)
    return survey


def _bytes(candidate: Candidate) -> bytes | Problem:
    if candidate.data is not None:
        return candidate.data
    return read(candidate.absolute, candidate.path, follow=candidate.follow)


def _project(options: ScanOptions, candidates: Iterable[Candidate]) -> Project:
    paths = [candidate.project_path for candidate in candidates]
    return Project(migration_tool(str(options.root), paths))


def _databases(config: Config, used: set[str]) -> Databases:
    return Databases(frozenset(used), config.database_files, config.not_database_files)


def _checked(
    hits: list[Candidate], databases: Databases, project: Project, options: ScanOptions
) -> Iterator[_Checked]:
    """Yield what each file gives, in the order of the files, whatever the number of jobs."""
    check = _Check(databases, project, options.config)
    jobs = options.jobs or _jobs_for(len(hits))
    if jobs == 1 or len(hits) < 2:
        yield from map(check, hits)
        return
    from concurrent.futures import ProcessPoolExecutor

    with ProcessPoolExecutor(min(jobs, len(hits))) as pool:
        yield from pool.map(check, hits, chunksize=max(1, len(hits) // (jobs * 8)))


def _jobs_for(files: int) -> int:
    if files < PARALLEL_FROM:
        return 1
    import os

    return os.cpu_count() or 1


def _with_line(problem: Problem, file: SourceFile) -> Problem:
    if problem.line is not None or problem.span is None:
        return problem
    return replace(problem, line=file.position(problem.span.start)[0])


def _deepest_place(error: Exception) -> str:
    """Return the module and line that raised an error."""
    from traceback import extract_tb

    frames = extract_tb(error.__traceback__, limit=-1)
    return f"{frames[-1].filename.rpartition('dbguard')[2]}:{frames[-1].lineno}" if frames else "?"


@dataclass(frozen=True, slots=True)
class _Check:
    """Analyses one file. A value of its own, so that it can be sent to a worker."""

    databases: Databases
    project: Project
    config: Config

    def __call__(self, candidate: Candidate) -> _Checked:
        """Return the findings and problems of one file.

        A defect of dbguard's own must not cost the findings of the other files, and must
        not end green: it becomes a problem of stage "internal", which has an exit code.
        """
        try:
            return self._file(candidate)
        except Exception as error:  # noqa: BLE001 (see above: reported, never swallowed)
            where = _deepest_place(error)
            what = f"internal error: {type(error).__name__} at {where}: {error}"
            return _Checked(problems=(Problem(candidate.path, what, "internal"),))

    def _file(self, candidate: Candidate) -> _Checked:
        from dbguard.analysis import analyse

        data = _bytes(candidate)
        if isinstance(data, Problem):
            return _Checked(problems=(data,))
        decoded = decode(data, candidate.path, candidate.kind.language)
        file = SourceFile(candidate.path, decoded.text)
        analysis = analyse(
            file,
            candidate.kind.language,
            self.databases,
            self.project,
            candidate.kind.dialect,
            candidate.project_path,
        )
        findings = tuple(self._severities(analysis.findings))
        problems = tuple(_with_line(problem, file) for problem in analysis.problems)
        return _Checked(findings, (*decoded.problems, *problems), analysis.undecided)

    def _severities(self, findings: Iterable[Finding]) -> Iterator[Finding]:
        """Give findings the severity the settings say; leave out rules switched off."""
        for finding in findings:
            severity = self.config.severity.get(finding.rule, finding.severity)
            if severity is not None:
                yield replace(finding, severity=severity)
