"""Which file of the project a script means by the name of another.

``psql -f sql/reset.sql`` and ``. lib.sh`` name files from the folder the script runs in,
which is its own folder or the root of the project. Only regular files below the root are
read; nothing is run.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from posixpath import dirname, join

from dbguard.databases import normal_path
from dbguard.flow import Include
from dbguard.kinds import kind_of_path
from dbguard.patterns import excluder, regex
from dbguard.reading import decode, is_binary, read
from dbguard.records import dataclass, field, replace
from dbguard.source import Problem, Region, SourceFile, has_hole, hole_names

MAX_INCLUSIONS = 60
"""How many files one file may run, those of the files it runs included."""

MAX_DEFINING = 8
"""In how many files the definition of one command is looked for."""

TASK_FILES: dict[str, tuple[str, ...]] = {
    "makefile": ("GNUmakefile", "makefile", "Makefile"),
    "justfile": ("justfile", "Justfile", ".justfile"),
    "taskfile": ("Taskfile.yml", "taskfile.yml", "Taskfile.yaml", "taskfile.yaml"),
    "package_json": ("package.json",),
    "composer_json": ("composer.json",),
    "pyproject_toml": ("pyproject.toml",),
}
"""What the files are called in which a runner looks for its tasks, by their language."""

_LOOKS_AROUND = frozenset({"justfile", "taskfile", "package_json", "pyproject_toml"})
"""Whose runners go on looking in the folders around the one they are run in."""

_ADDS_COMMANDS = regex(rb"@[\w.]+\bcommand\b|@(?:click|typer)\b")
_FOLDER = regex(r"dir|path|root|here|base|home|folder|src|source|project|pwd|cwd|file", re.I)
"""What names a variable that holds the folder of the script or of the project."""

_COMMANDS: list[tuple[ProjectFiles, list[tuple[str, bytes]]]] = []
"""The files that add commands to a program, of the project that was asked about last."""


@dataclass(frozen=True, slots=True)
class Inclusion:
    """An included file: its path from the root of the project, and its text in the language."""

    project_path: str
    region: Region


@dataclass(frozen=True, slots=True)
class ProjectFiles:
    """The files of a project, for those that another one runs.

    ``root`` is the absolute folder of the project. ``shown`` maps paths from the root on
    the names under which the scan reports them, as far as it checks them; ``excluded`` are
    patterns of paths that nothing is to be said about, ``test_paths`` of tests whatever
    their names. ``contents`` are read instead of what lies in the work tree.
    """

    root: str
    shown: Mapping[str, str] = field(default_factory=dict)
    excluded: tuple[str, ...] = ()
    contents: Mapping[str, bytes] = field(default_factory=dict)
    test_paths: tuple[str, ...] = ()

    def find(self, include: Include, including: str) -> Inclusion | None:
        """Return the file that *include* means, None where there is none to be read.

        *including* is the path of the file that runs it, from the root on.
        """
        for path in self._candidates(include.path.text, including):
            region = self._region(path, include.language, include.dialect)
            if region is not None:
                return Inclusion(path, _within(region, include))
        return None

    def tasks(self, include: Include, including: str) -> Iterator[Inclusion]:
        """Yield the files that may define the task *include* runs, the likeliest first.

        Such a file is looked for where the task is run and in the folders around that; a
        command of a Python program, whose file is not named, in the files with a hit.
        """
        paths = list(self._of_tasks(include, including))
        if include.language == "python" and include.path.text in ("", "."):
            paths = self._defining(include.task)
        for path in paths:
            region = self._region(path, include.language, include.dialect)
            if region is not None:
                yield Inclusion(path, region)

    def _of_tasks(self, include: Include, including: str) -> Iterator[str]:
        is_excluded = excluder(self.excluded)
        names = TASK_FILES.get(include.language, ())
        where = include.path.text
        if has_hole(where):
            known = where.rpartition("__/")[2]
            where = "" if has_hole(known) else known
        if where.startswith(("/", "~")):
            # In an image the project lies in the working directory; elsewhere it is another's.
            kind = kind_of_path(including)
            if kind is None or kind.language != "dockerfile":
                return
            where = ""
        paths: dict[str, None] = {}
        for start in (dirname(including), "") if names else (dirname(including), "", "src"):
            place = normal_path(join(start, where))
            place = "" if place == "." else place
            folders = (place, *(_around(place) if include.language in _LOOKS_AROUND else ()))
            paths.update(dict.fromkeys(join(folder, name) for folder in folders for name in names))
            paths.setdefault(place)
        for path in paths:
            if not path.startswith("..") and not is_excluded(path) and self._lies_there(path):
                yield path

    def _defining(self, words: tuple[str, ...]) -> list[str]:
        """Return the Python files with a hit that may define a command of these words."""
        spelled = {
            spelling.encode()
            for word in words[:3]
            for spelling in (word, word.replace("-", "_"))
            if word and not word.startswith("-")
        }
        found = []
        for path, data in self._with_commands():
            if any(word in data for word in spelled):
                found.append(path)
        return found[:MAX_DEFINING]

    def _with_commands(self) -> list[tuple[str, bytes]]:
        """Return the Python files with a hit that add commands to a program, read once."""
        if not _COMMANDS or _COMMANDS[0][0] is not self:
            found = []
            for path in self.shown:
                if path.endswith(".py"):
                    data = self.contents.get(path) or read(os.path.join(self.root, path), path)
                    if not isinstance(data, Problem) and _ADDS_COMMANDS.search(data):
                        found.append((path, data))
            _COMMANDS[:] = [(self, found)]
        return _COMMANDS[0][1]

    def _region(self, path: str, language: str, dialect: str = "") -> Region | None:
        """Return the text of a file, None where it is no text or not there."""
        data: bytes | Problem = self.contents.get(path) or read(os.path.join(self.root, path), path)
        if isinstance(data, Problem) or is_binary(data):
            return None
        text = decode(data, path, language).text
        file = SourceFile(self.shown.get(path) or self._shown(path), text)
        return Region.of_file(file, language, dialect)

    def module(self, dotted: str, importing: str) -> tuple[str, Region] | None:
        """Return the module of the project that a Python file means by a dotted name.

        *dotted* has the leading dots it is written with, *importing* is the path of the
        file from the root on. A name without dots is looked for in the root, in ``src``
        and beside the file, as it is where that is run as a script.
        """
        name = dotted.lstrip(".")
        level = len(dotted) - len(name)
        inner = name.replace(".", "/")
        folder = dirname(importing)
        for _ in range(level - 1):
            folder = dirname(folder)
        starts = [folder] if level else ["", "src", folder]
        is_excluded = excluder(self.excluded)
        for start in dict.fromkeys(starts):
            stem = join(start, inner)
            for path in (f"{stem}.py" if inner else "", join(stem, "__init__.py")):
                if not path or is_excluded(path) or not self._lies_there(path):
                    continue
                region = self._region(path, "python")
                if region is not None:
                    return path, region
        return None

    def _lies_there(self, path: str) -> bool:
        return path in self.contents or os.path.isfile(os.path.join(self.root, path))

    def _candidates(self, name: str, including: str) -> list[str]:
        if has_hole(name):
            known = name.rpartition("__/")[2]
            if not known or has_hole(known):
                return []
            if _FOLDER.search("".join(hole_names(name))):
                beside = [normal_path(join(start, known)) for start in (dirname(including), "")]
                if there := [path for path in beside if self._lies_there(path)]:
                    return [path for path in there[:1] if not excluder(self.excluded)(path)]
            ends = [path for path in self.shown if path.endswith("/" + known)]
            return ends if len(ends) == 1 else []
        if name.startswith(("/", "~")):
            return []
        near = normal_path(join(dirname(including), name))
        paths = dict.fromkeys((near, normal_path(name)))
        if name.endswith(".py") and not name.startswith("."):
            package = join(name.removesuffix(".py"), "__main__.py")
            for path in (join("src", name), package, join("src", package)):
                paths.setdefault(normal_path(path))
        is_excluded = excluder(self.excluded)
        return [path for path in paths if not path.startswith("..") and not is_excluded(path)]

    def _shown(self, path: str) -> str:
        return os.path.relpath(os.path.join(self.root, path)).replace(os.sep, "/")


def _around(path: str) -> Iterator[str]:
    """Yield the folders around a path, up to the root ('')."""
    while path.strip("/"):
        path = dirname(path)
        yield path


def _within(region: Region, include: Include) -> Region:
    """Return a file's region as what another one runs.

    It has no parent: the same text is lowered once, whatever runs it.
    """
    return replace(
        region,
        via=include.via,
        database=include.database,
        dialect=include.dialect or region.dialect,
    )
