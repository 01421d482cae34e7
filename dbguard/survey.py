"""A first look over every file: which may hold an operation, and what the project says of its
databases.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from dbguard.analysed import Analysis
from dbguard.classification import Databases
from dbguard.config import Config
from dbguard.context import context_of
from dbguard.discover import Candidate, discover
from dbguard.evidence import Context, Project
from dbguard.inclusion import ProjectFiles
from dbguard.lowering import DIRECTIVE
from dbguard.options import ScanOptions
from dbguard.prefilter import may_have_operations
from dbguard.reading import decode, is_binary
from dbguard.records import dataclass, field, replace
from dbguard.report.model import LeftOut
from dbguard.source import Problem, SourceFile
from dbguard.usage import (
    columns_in,
    databases_in,
    may_connect,
    migration_tool,
    turns_write_ahead_on,
)

MAX_CONNECTING = 200
"""How many files are lowered, where paths need it, for the databases they connect to."""


@dataclass(slots=True)
class Survey:
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


def used_by(connecting: list[Candidate]) -> frozenset[str]:
    """Return the databases that files connect to in ways their bytes do not show.

    A path put together from parts, or a setting such as Django's, is known once the file
    is lowered; so many are looked at as :data:`MAX_CONNECTING` says.
    """
    from dbguard.analysis import used_in

    found: set[str] = set()
    for candidate in connecting[:MAX_CONNECTING]:
        data = candidate.content()
        if not isinstance(data, Problem):
            language = candidate.kind.language
            text = decode(data, candidate.path, language).text
            found |= used_in(SourceFile(candidate.path, text), language)
    return frozenset(found)


def columns_of(results: dict[Candidate, Analysis], tables: set[str]) -> dict[str, tuple[str, ...]]:
    """Return the columns of tables, as the SQL files that are checked define them.

    A file that copies a table creates the new one under its name, and tells nothing of
    the old one.
    """
    found: dict[str, tuple[str, ...]] = {}
    for hit, result in results.items():
        data = hit.content() if hit.kind.language == "sql" else b""
        if not isinstance(data, Problem) and b"create" in data.lower():
            text = decode(data, hit.path, "sql").text
            found.update(columns_in(text, tables - found.keys() - result.partly_copied))
    return found


def survey_of(
    candidates: Iterable[Candidate],
    config: Config,
    *,
    for_hits: bool = True,
    part: Callable[[Candidate], bool] = lambda _: True,
) -> Survey:
    """Read every file once: which may have an operation, and which databases are used.

    What is not in the *part* that is asked for is looked at, and not counted.
    """
    survey = Survey()
    for candidate in candidates:
        data = candidate.content()
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


def project_of(options: ScanOptions, candidates: Iterable[Candidate], survey: Survey) -> Project:
    """Return what rules are told of the whole project."""
    paths = [candidate.project_path for candidate in candidates]
    return Project(migration_tool(str(options.root), paths), survey.write_ahead)


def databases_of(config: Config, used: set[str]) -> Databases:
    """Return the test which files are databases, by the settings and by use."""
    return Databases(frozenset(used), config.database_files, config.not_database_files)


def files_of(options: ScanOptions, survey: Survey) -> ProjectFiles:
    """Return the files of the project that others may run or read in."""
    hits = sorted((*survey.hits, *survey.others), key=lambda hit: hit.path)
    shown = {candidate.project_path: candidate.path for candidate in hits}
    at_hand = {hit.project_path: hit.data for hit in hits if hit.data is not None}
    config = options.config
    return ProjectFiles(str(options.root), shown, config.exclude, at_hand, config.test_paths)


def whole_project(options: ScanOptions) -> tuple[Candidate, ...]:
    """Return the files of the whole project, for what they say about those that are checked."""
    whole = replace(options, paths=(str(options.root),), stdin=None, staged=False)
    return discover(whole).candidates
