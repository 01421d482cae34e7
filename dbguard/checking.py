"""What one file gives: its findings, what could not be analysed, and what it says about others."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

from dbguard.analysed import Analysis
from dbguard.classification import Databases
from dbguard.config import Config
from dbguard.context import context_of
from dbguard.discover import Candidate
from dbguard.evidence import Project
from dbguard.inclusion import ProjectFiles
from dbguard.own_commands import declaring
from dbguard.reading import decode
from dbguard.records import dataclass, replace
from dbguard.source import Problem, SourceFile

PARALLEL_FROM = 40
"""From so many files with a hit on, worker processes pay for their start."""


def check_all(hits: list[Candidate], check: Check, jobs: int) -> Iterator[Analysis]:
    """Yield what each file gives, in the order of the files, whatever the number of jobs."""
    jobs = jobs or _jobs_for(len(hits))
    if jobs == 1 or len(hits) < 2:
        yield from map(check, hits)
        return
    from concurrent.futures import ProcessPoolExecutor

    with ProcessPoolExecutor(min(jobs, len(hits))) as pool:
        yield from pool.map(check, hits, chunksize=max(1, len(hits) // (jobs * 8)))


def check_again(
    results: dict[Candidate, Analysis],
    check: Check,
    jobs: int,
    about: Callable[[Analysis], object],
) -> dict[Candidate, Analysis]:
    """Return the results with those files checked again that what is known now is *about*."""
    hits = [hit for hit, result in results.items() if about(result)]
    return {**results, **dict(zip(hits, check_all(hits, check, jobs), strict=True))}


def _jobs_for(files: int) -> int:
    if files < PARALLEL_FROM:
        return 1
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
class Check:
    """Analyses one file. A value of its own, so that it can be sent to a worker."""

    databases: Databases
    project: Project
    config: Config
    files: ProjectFiles

    def __call__(self, candidate: Candidate) -> Analysis:
        """Return the findings and problems of one file.

        A defect of dbguard's own must not cost the findings of the other files, and must
        not end green: it becomes a problem of stage "internal", which has an exit code.
        """
        try:
            with declaring(self.config.commands):
                return self._file(candidate)
        except Exception as error:  # noqa: BLE001 (see above: reported, never swallowed)
            where = _deepest_place(error)
            what = f"internal error: {type(error).__name__} at {where}: {error}"
            return Analysis(problems=(Problem(candidate.path, what, "internal"),))

    def _file(self, candidate: Candidate) -> Analysis:
        from dbguard.analysis import analyse

        data = candidate.content()
        if isinstance(data, Problem):
            return Analysis(problems=(data,))
        decoded = decode(data, candidate.path, candidate.kind.language)
        file = SourceFile(candidate.path, decoded.text)
        analysis = analyse(
            file,
            candidate.kind.language,
            self.databases,
            self.project,
            candidate.kind.dialect,
            candidate.project_path,
            self.files,
            context_of(candidate.project_path, self.config.test_paths),
        )
        problems = tuple(_with_line(problem, file) for problem in analysis.problems)
        return replace(analysis, problems=(*decoded.problems, *problems))
