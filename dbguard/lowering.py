"""One text to flows, by the module of its language, with what the project's other files say."""

from __future__ import annotations

import re
from importlib import import_module
from itertools import islice

from dbguard.context import context_of
from dbguard.evidence import Context
from dbguard.flow import Include, Lowered
from dbguard.inclusion import ProjectFiles
from dbguard.patterns import regex
from dbguard.records import dataclass, field, replace
from dbguard.source import Comment, Problem, Region, SourceFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol
else:
    Protocol = object  # the module costs a fifth of a bare interpreter's start

MAX_REGION_DEPTH = 12
"""How deep languages may stand in each other before a limit is reported."""

MAX_REGIONS = 5_000
"""How many embedded texts of one file are read before a limit is reported."""

MAX_LIBRARY_CALLS = 1_000
"""How many calls of functions of sourced files are followed for one file and those it runs."""

MAX_DIRECTIVES = 2_000
"""How many comments of one text may speak to dbguard; the rest suppress nothing."""

DIRECTIVE = "dbguard:"
"""How a comment that speaks to dbguard begins."""

_READS_IN = regex(r"(?:^|[;&|({\s])(?:source|\.)[ \t]", re.MULTILINE)
"""How a shell reads another file in."""

_LANGUAGES = frozenset({"python", "shell", "sql"})

_SAMPLES = frozenset({"markdown"})
"""Hosts whose blocks are shown to people, who know what an ellipsis stands for."""


class Language(Protocol):
    """What a module of :mod:`dbguard.languages` or :mod:`dbguard.hosts` offers."""

    def lower(self, region: Region) -> Lowered:
        """Return the flows of a region; never raises on any text."""


def language(name: str) -> Language:
    """Return the language or host called *name*, imported on first use.

    Names come from dbguard's own tables, never from a scanned file.
    """
    package = "languages" if name in _LANGUAGES else "hosts"
    module: Language = import_module(f"dbguard.{package}.{name}")
    return module


MAX_SHARED = 200
"""How many included files are kept assembled, for the next file that includes them."""

LOWERED: dict[tuple[object, ...], tuple[Lowered, Lowering]] = {}
"""Files that others run, lowered; what is assembled of them depends on what runs them."""


@dataclass(frozen=True, slots=True)
class Open:
    """A file that is being assembled, or the task of it that is."""

    path: str
    file: SourceFile
    task: tuple[str, ...] = ()


def is_sample(region: Region | None) -> bool:
    """Say whether a text stands in a document, as an example for people."""
    while region is not None:
        if region.language in _SAMPLES:
            return True
        region = region.parent
    return False


def as_note(problem: Problem) -> Problem:
    """Return a problem that leaves the scan complete."""
    return replace(problem, incomplete=False)


@dataclass(slots=True)
class Lowering:
    """Lowers the texts of a file, and those of the files that it runs.

    ``files`` finds those (None: they are left alone), ``path`` is the file's own path from
    the root of the project. ``problems`` collects what could not be read, ``called`` where
    the functions of files that are read in are that run; ``comments`` are those that may
    speak to dbguard.
    ``shares``: the files it includes are assembled once for all that include them.
    """

    files: ProjectFiles | None = None
    path: str = ""
    problems: list[Problem] = field(default_factory=list)
    called: set[tuple[str, int, int]] = field(default_factory=set)
    comments: list[Comment] = field(default_factory=list)
    shares: bool = True
    _regions: int = 0
    _calls_left: list[int] = field(default_factory=lambda: [MAX_LIBRARY_CALLS])
    _open: list[Open] = field(default_factory=list)

    def _limit(self, problem: Problem) -> None:
        if not any(known.error == problem.error for known in self.problems):
            self.problems.append(problem)

    def _lower(self, region: Region) -> Lowered:
        self._regions += 1
        span = region.span(0, len(region.text))
        if region.depth > MAX_REGION_DEPTH:
            what = f"more than {MAX_REGION_DEPTH} texts stand in each other"
            self._limit(Problem(region.file.path, what, "limit", span))
            return Lowered()
        if self._regions > MAX_REGIONS:
            what = f"more than {MAX_REGIONS} embedded texts"
            self._limit(Problem(region.file.path, what, "limit", span))
            return Lowered()
        if region.parent is None and not self.shares and self.files is not None:
            return self._lowered_once(region, self.files)
        return self._lowered(region)

    def _lowered_once(self, region: Region, files: ProjectFiles) -> Lowered:
        """Lower a file that others run or read in, once for all of them."""
        path = self._open[-1].path
        place = (path, region.language, region.via, region.dialect, region.database)
        key = (files.root, region.file.text, *place)
        if key not in LOWERED:
            if len(LOWERED) >= MAX_SHARED:
                LOWERED.clear()
            alone = Lowering(files, path)
            alone._open.append(self._open[-1])
            LOWERED[key] = (alone._lowered(region), alone)
        lowered, alone = LOWERED[key]
        self.problems.extend(alone.problems)
        self.comments.extend(alone.comments)
        self.called |= alone.called
        return lowered

    def _lowered(self, region: Region) -> Lowered:
        module = language(region.language)
        lowered = self._with_modules(region) or self._with_libraries(region) or module.lower(region)
        self.problems.extend(
            problem if problem.stage != "parse" or not is_sample(region) else as_note(problem)
            for problem in lowered.problems
        )
        if DIRECTIVE in region.text and hasattr(module, "comments"):
            self.comments.extend(islice(module.comments(region), MAX_DIRECTIVES))
        return lowered

    def _with_modules(self, region: Region, entries: tuple[str, ...] = ()) -> Lowered | None:
        """Lower Python of a project, whose other modules it may import.

        *entries* are the functions that are entered, where not all are looked at.
        """
        if region.language != "python" or self.files is None:
            return None
        from dbguard.languages import python

        # A test calls what it tests, all over: that is judged where it stands.
        path = self._open[-1].path
        lowered, modules = python.lower_in_project(
            region,
            self.files.module,
            path,
            functions=context_of(path, self.files.test_paths) is not Context.TEST,
            entries=entries,
        )
        for other in modules:
            if DIRECTIVE in other.text:
                self.comments.extend(islice(python.comments(other), MAX_DIRECTIVES))
        return lowered

    def _with_libraries(self, region: Region) -> Lowered | None:
        """Lower a shell text of a project, which may call functions of files it reads in."""
        if region.language != "shell" or self.files is None or not _READS_IN.search(region.text):
            return None
        if self._calls_left[0] <= 0:
            what = f"more than {MAX_LIBRARY_CALLS} calls of functions of other files"
            self._limit(Problem(region.file.path, what, "limit"))
            return None
        from dbguard.languages import shell

        files = self.files

        def find(include: Include, including: str) -> tuple[str, Region] | None:
            found = files.find(include, including)
            return None if found is None else (found.project_path, found.region)

        path = self._open[-1].path
        is_test = context_of(path, files.test_paths) is Context.TEST
        lowered, called = shell.lower_in_project(
            region, find, path, self._calls_left, is_test=is_test
        )
        self.called |= called
        return lowered
