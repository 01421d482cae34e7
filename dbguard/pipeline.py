"""The story of a scan: discover, read, look, analyse, judge, report.

    paths -> Discovery of Candidates -> bytes -> prefilter -> Decoded -> SourceFile
          -> Analysis (regions, flows, evidence, rules) -> Findings -> Report

What is left out on the way is counted; what goes wrong on the way is a Problem.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Iterable, Iterator

from dbguard.acceptance import accept, added_suppressions, suppressed, told
from dbguard.assembly import DIRECTIVE
from dbguard.classification import Databases
from dbguard.config import Config
from dbguard.context import context_of
from dbguard.discover import Candidate, Discovery, discover
from dbguard.evidence import Context, Project
from dbguard.finding import Finding, with_callers
from dbguard.inclusion import ProjectFiles
from dbguard.options import ScanOptions
from dbguard.own_commands import declaring
from dbguard.prefilter import may_have_operations
from dbguard.reading import decode, is_binary, read
from dbguard.records import dataclass, field, replace
from dbguard.report.model import LeftOut, Report
from dbguard.source import Comment, Problem, Region, SourceFile
from dbguard.usage import (
    columns_in,
    databases_in,
    databases_lying_at,
    may_connect,
    migration_tool,
    turns_write_ahead_on,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    from dbguard.changes import Base, Changes, Comparison
    from dbguard.shards import Shard

    _Thing = TypeVar("_Thing")

MAX_CONNECTING = 200
"""How many files are lowered, where paths need it, for the databases they connect to."""

PARALLEL_FROM = 40
"""From so many files with a hit on, worker processes pay for their start."""


@dataclass(slots=True)
class _Survey:
    """What a first look over every file leaves to be analysed.

    ``others`` are the hits of the other parts, where a part of a scan is asked for.
    """

    hits: list[Candidate] = field(default_factory=list)
    others: list[Candidate] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    connecting: list[Candidate] = field(default_factory=list)
    write_ahead: bool = False
    files: int = 0
    unreadable: int = 0
    left_out: list[LeftOut] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Checked:
    findings: tuple[Finding, ...] = ()
    problems: tuple[Problem, ...] = ()
    undecided: frozenset[str] = frozenset()
    included: frozenset[str] = frozenset()
    run_whole: frozenset[str] = frozenset()
    read_in: frozenset[str] = frozenset()
    called: frozenset[tuple[str, int, int]] = frozenset()
    comments: tuple[Comment, ...] = ()
    partly_copied: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Examined:
    """What checking gave, file by file; ``check`` checks one again, as the project has it."""

    discovery: Discovery
    survey: _Survey
    results: dict[Candidate, _Checked]
    callers: dict[Candidate, _Checked]
    check: _Check

    def findings(self, options: ScanOptions) -> tuple[Finding, ...]:
        """Return the findings of every file, suppressed and accepted."""
        found = _joined(self.results, self.callers, options.config)
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
        data = _bytes(candidate)
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

        def again(one: Candidate, result: _Checked) -> tuple[Candidate, _Checked]:
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
    findings = suppressed(_joined(results, callers, options.config), directives)
    comparisons: list[Comparison] = []
    weakened = list(options.weakened)
    for base in changes.bases if changes is not None else ():
        assert changes is not None
        version = _before(base, changes, results, callers, check)
        were = told(_comments(version.results), options.today)
        old_findings = suppressed(_joined(version.results, callers, options.config), were)
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
    survey = _survey(reading, options.config, part=part)
    project = _project(options, discovery.candidates, survey)
    check = _Check(
        _databases(options.config, survey.used), project, options.config, _files(options, survey)
    )
    if options.shard is not None and options.shard.index > 1:
        # What was met on the way to the files is reported with the first part.
        discovery = replace(discovery, left_out=(), problems=())
    checked = _checked(survey.hits, check, options.jobs)
    watched = _watched(checked, "analysing", len(survey.hits), watch)
    results = dict(zip(survey.hits, watched, strict=True))
    if undecided := {path for result in results.values() for path in result.undecided}:
        used = survey.used | databases_lying_at(str(options.root), undecided)
        if _is_whole(options):
            used |= _used_by(survey.connecting)
        else:
            elsewhere = _survey(_elsewhere(options), options.config, for_hits=False)
            used |= elsewhere.used | _used_by(elsewhere.connecting)
        check = replace(check, databases=_databases(options.config, used))
        results = {hit: _decided(hit, result, check) for hit, result in results.items()}
    if tables := {table for result in results.values() for table in result.partly_copied}:
        columns = _columns({**dict.fromkeys(survey.others, _Checked()), **results}, tables)
        check = replace(check, project=replace(project, columns=columns))
        results = {
            hit: check(hit) if result.partly_copied & columns.keys() else result
            for hit, result in results.items()
        }
    if options.shard is not None:
        mine = dict.fromkeys(filter(part, discovery.candidates), _Checked())
        callers = _callers_in_other_parts(survey, mine, check)
        results = _of_part({**mine, **results})
    else:
        callers = {} if _is_whole(options) else _callers(options, results, check)
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


@dataclass(frozen=True, slots=True)
class _Version:
    """What the version before a change gave, and which lines it shares with the new one."""

    results: dict[Candidate, _Checked]
    same_lines: dict[str, dict[int, int]]


def _before(
    base: Base,
    changes: Changes,
    results: dict[Candidate, _Checked],
    callers: dict[Candidate, _Checked],
    check: _Check,
) -> _Version:
    """Check what the files that a change touched were before it."""
    from dbguard.changes import same_lines, versions_before

    contents = {
        candidate: data
        for candidate in (*results, *callers)
        if not isinstance(data := _bytes(candidate), Problem)
    }
    before = versions_before(changes, base, contents)
    root = check.files.root.rstrip(os.sep) + os.sep
    old_contents = {
        candidate.project_path: version.data
        for candidate, version in before.items()
        if version.data is not None
    }
    contents_before = {**check.files.contents, **old_contents}
    old_check = replace(check, files=replace(check.files, contents=contents_before))
    version = _Version(dict(results), {})
    for candidate, was in before.items():
        language = candidate.kind.language
        new_text = decode(contents[candidate], candidate.path, language).text
        old_text = "" if was.data is None else decode(was.data, candidate.path, language).text
        same = {} if was.data is None else same_lines(old_text, new_text)
        version.same_lines[candidate.path] = same
    for candidate, result in results.items():
        if candidate in before:
            was = before[candidate]
            old_path = os.path.join(changes.top, was.path)
            project_path = old_path.removeprefix(root).replace(os.sep, "/")
            old = replace(candidate, project_path=project_path, data=was.data)
            version.results[candidate] = _Checked() if was.data is None else old_check(old)
        elif result.included & old_contents.keys():
            version.results[candidate] = old_check(candidate)
    return version


def _comments(results: dict[Candidate, _Checked]) -> Iterator[Comment]:
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


def _elsewhere(options: ScanOptions) -> tuple[Candidate, ...]:
    """Return the files of the whole project, for what they say about those that are checked."""
    whole = replace(options, paths=(str(options.root),), stdin=None, staged=False)
    return discover(whole).candidates


def _used_by(connecting: list[Candidate]) -> frozenset[str]:
    """Return the databases that files connect to in ways their bytes do not show.

    A path put together from parts, or a setting such as Django's, is known once the file
    is lowered; so many are looked at as :data:`MAX_CONNECTING` says.
    """
    from dbguard.analysis import used_in

    found: set[str] = set()
    for candidate in connecting[:MAX_CONNECTING]:
        data = _bytes(candidate)
        if not isinstance(data, Problem):
            language = candidate.kind.language
            text = decode(data, candidate.path, language).text
            found |= used_in(SourceFile(candidate.path, text), language)
    return frozenset(found)


def _columns(results: dict[Candidate, _Checked], tables: set[str]) -> dict[str, tuple[str, ...]]:
    """Return the columns of tables, as the SQL files that are checked define them.

    A file that copies a table creates the new one under its name, and tells nothing of
    the old one.
    """
    found: dict[str, tuple[str, ...]] = {}
    for hit, result in results.items():
        data = _bytes(hit) if hit.kind.language == "sql" else b""
        if not isinstance(data, Problem) and b"create" in data.lower():
            text = decode(data, hit.path, "sql").text
            found.update(columns_in(text, tables - found.keys() - result.partly_copied))
    return found


def _decided(hit: Candidate, result: _Checked, check: _Check) -> _Checked:
    """Check a file again if its paths turn out to be databases of the project."""
    again = any(check.databases.knows(path) for path in result.undecided)
    return check(hit) if again else result


def _callers(
    options: ScanOptions, results: dict[Candidate, _Checked], check: _Check
) -> dict[Candidate, _Checked]:
    """Return what the project's other files say that run a file in which something was found."""
    names = {
        os.fsencode(posixpath.basename(hit.project_path))
        for hit, result in results.items()
        if result.findings
    }
    if not names:
        return {}
    checked = {hit.project_path for hit in results}
    callers = {}
    for candidate in _elsewhere(options):
        if candidate.project_path in checked:
            continue
        data = _bytes(candidate)
        if not isinstance(data, Problem) and any(name in data for name in names):
            callers[candidate] = check(candidate)
    return callers


def _part(discovery: Discovery, shard: Shard | None) -> Callable[[Candidate], bool]:
    """Return the test whether a file is to be judged: all are, but for the parts of a scan."""
    if shard is None:
        return lambda _: True
    mine = {c for position, c in enumerate(discovery.candidates) if shard.holds(position)}
    return mine.__contains__


def _of_part(results: dict[Candidate, _Checked]) -> dict[Candidate, _Checked]:
    """Return what was found without that which stands in files of other parts."""
    mine = {candidate.path for candidate in results}

    def own(result: _Checked) -> _Checked:
        kept = tuple(finding for finding in result.findings if finding.path in mine)
        return replace(result, findings=kept)

    return {candidate: own(result) for candidate, result in results.items()}


def _callers_in_other_parts(
    survey: _Survey, mine: Iterable[Candidate], check: _Check
) -> dict[Candidate, _Checked]:
    """Return what the hits of other parts say that may lead to a file of this one."""
    from dbguard.shards import mentions

    paths = [candidate.project_path for candidate in mine]
    left = {c: data for c in survey.others if not isinstance(data := _bytes(c), Problem)}
    callers: dict[Candidate, _Checked] = {}
    while found := [c for c, data in left.items() if mentions(data, paths)]:
        for candidate in found:
            del left[candidate]
            callers[candidate] = check(candidate)
        # What runs these leads here, too.
        paths = [candidate.project_path for candidate in found]
    return callers


def _joined(
    results: dict[Candidate, _Checked], callers: dict[Candidate, _Checked], config: Config
) -> Iterator[Finding]:
    """Yield each finding once, at its worst.

    What stands in a file that another file of the application runs is judged there, with
    what comes before it; alone it is judged only where no such file is known.
    """
    everyone = {**results, **callers}
    elsewhere = _judged_elsewhere(everyone, config)
    asked = {candidate.path for candidate in results}
    worst: dict[tuple[str, str, int, int], Finding] = {}
    # In one order, however many of the project's files are checked: of equals the first stays.
    for candidate, result in sorted(everyone.items(), key=lambda item: item[0].path):
        for finding in result.findings:
            if elsewhere(candidate, finding):
                continue
            if candidate in callers and finding.path not in asked:
                continue
            span = finding.primary.span
            key = (finding.rule, finding.path, span.start, span.end)
            known = worst.get(key)
            if known is None:
                worst[key] = finding
            elif known.severity < finding.severity:
                worst[key] = with_callers(finding, known)
            else:
                worst[key] = with_callers(known, finding)
    yield from worst.values()


def _judged_elsewhere(
    everyone: dict[Candidate, _Checked], config: Config
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


def _place(problem: Problem) -> tuple[str, int, int, str, bool]:
    # Whole: problems come from a set, whose order is another in every process.
    start = problem.span.start if problem.span else 0
    return problem.path, start, problem.line or 0, problem.error, problem.incomplete


def _survey(
    candidates: Iterable[Candidate],
    config: Config,
    *,
    for_hits: bool = True,
    part: Callable[[Candidate], bool] = lambda _: True,
) -> _Survey:
    """Read every file once: which may have an operation, and which databases are used.

    What is not in the *part* that is asked for is looked at, and not counted.
    """
    survey = _Survey()
    for candidate in candidates:
        data = _bytes(candidate)
        counts = part(candidate)
        if isinstance(data, Problem):
            if counts:
                survey.problems.append(data)
                survey.unreadable += 1
        elif is_binary(data):
            if counts:
                error = "is binary, though its name says it is text"
                survey.problems.append(Problem(candidate.path, error, "decode"))
                survey.unreadable += 1
        else:
            survey.files += counts
            if context_of(candidate.project_path, config.test_paths) is not Context.TEST:
                survey.used |= databases_in(data)
                survey.write_ahead = survey.write_ahead or turns_write_ahead_on(data)
                if may_connect(data, candidate.kind.language):
                    survey.connecting.append(candidate)
            if for_hits and (
                may_have_operations(data, candidate.kind.language) or DIRECTIVE.encode() in data
            ):
                (survey.hits if counts else survey.others).append(candidate)
    return survey


def _bytes(candidate: Candidate) -> bytes | Problem:
    if candidate.data is not None:
        return candidate.data
    return read(candidate.absolute, candidate.path, follow=candidate.follow)


def _project(options: ScanOptions, candidates: Iterable[Candidate], survey: _Survey) -> Project:
    paths = [candidate.project_path for candidate in candidates]
    return Project(migration_tool(str(options.root), paths), survey.write_ahead)


def _databases(config: Config, used: set[str]) -> Databases:
    return Databases(frozenset(used), config.database_files, config.not_database_files)


def _files(options: ScanOptions, survey: _Survey) -> ProjectFiles:
    hits = sorted((*survey.hits, *survey.others), key=lambda hit: hit.path)
    shown = {candidate.project_path: candidate.path for candidate in hits}
    at_hand = {hit.project_path: hit.data for hit in hits if hit.data is not None}
    config = options.config
    return ProjectFiles(str(options.root), shown, config.exclude, at_hand, config.test_paths)


def _checked(hits: list[Candidate], check: _Check, jobs: int) -> Iterator[_Checked]:
    """Yield what each file gives, in the order of the files, whatever the number of jobs."""
    jobs = jobs or _jobs_for(len(hits))
    if jobs == 1 or len(hits) < 2:
        yield from map(check, hits)
        return
    from concurrent.futures import ProcessPoolExecutor

    with ProcessPoolExecutor(min(jobs, len(hits))) as pool:
        yield from pool.map(check, hits, chunksize=max(1, len(hits) // (jobs * 8)))


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
class _Check:
    """Analyses one file. A value of its own, so that it can be sent to a worker."""

    databases: Databases
    project: Project
    config: Config
    files: ProjectFiles

    def __call__(self, candidate: Candidate) -> _Checked:
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
            self.files,
            context_of(candidate.project_path, self.config.test_paths),
        )
        problems = tuple(_with_line(problem, file) for problem in analysis.problems)
        return _Checked(
            analysis.findings,
            (*decoded.problems, *problems),
            analysis.undecided,
            analysis.included,
            analysis.run_whole,
            analysis.read_in,
            analysis.called,
            analysis.comments,
            analysis.partly_copied,
        )
