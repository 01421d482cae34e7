"""Which file of the project a script means by the name of another.

``psql -f sql/reset.sql`` and ``. lib.sh`` name files from the folder the script runs in,
which is its own folder or the root of the project. Only regular files below the root are
read; nothing is run.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from posixpath import dirname, join

from dbguard.databases import normal_path
from dbguard.flow import Include
from dbguard.gitignore import excluder
from dbguard.reading import decode, is_binary, read
from dbguard.records import dataclass, field
from dbguard.source import Problem, Region, SourceFile, has_hole

MAX_INCLUSIONS = 60
"""How many files one file may run, those of the files it runs included."""


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
        patterns of paths that nothing is to be said about. ``contents`` are read instead of
    what lies in the work tree.
    """

    root: str
    shown: Mapping[str, str] = field(default_factory=dict)
    excluded: tuple[str, ...] = ()
    contents: Mapping[str, bytes] = field(default_factory=dict)

    def find(self, include: Include, including: str) -> Inclusion | None:
        """Return the file that *include* means, None where there is none to be read.

        *including* is the path of the file that runs it, from the root on.
        """
        for path in self._candidates(include.path.text, including):
            data: bytes | Problem = self.contents.get(path) or read(
                os.path.join(self.root, path), path
            )
            if isinstance(data, Problem) or is_binary(data):
                continue
            text = decode(data, path, include.language).text
            file = SourceFile(self.shown.get(path) or self._shown(path), text)
            region = Region.of_file(file, include.language, include.dialect)
            return Inclusion(path, _within(region, include))
        return None

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
                data = self.contents.get(path) or read(os.path.join(self.root, path), path)
                if isinstance(data, Problem) or is_binary(data):
                    continue
                text = decode(data, path, "python").text
                file = SourceFile(self.shown.get(path) or self._shown(path), text)
                return path, Region.of_file(file, "python")
        return None

    def _lies_there(self, path: str) -> bool:
        return path in self.contents or os.path.isfile(os.path.join(self.root, path))

    def _candidates(self, name: str, including: str) -> list[str]:
        if has_hole(name):
            known = name.rpartition("__/")[2]
            if not known or has_hole(known):
                return []
            ends = [path for path in self.shown if path.endswith("/" + known)]
            return ends if len(ends) == 1 else []
        if name.startswith(("/", "~")):
            return []
        near = normal_path(join(dirname(including), name))
        paths = dict.fromkeys((near, normal_path(name)))
        is_excluded = excluder(self.excluded)
        return [path for path in paths if not path.startswith("..") and not is_excluded(path)]

    def _shown(self, path: str) -> str:
        return os.path.relpath(os.path.join(self.root, path)).replace(os.sep, "/")


def _within(region: Region, include: Include) -> Region:
    """Return a file's region as something that the including text runs."""
    return Region(
        region.language,
        region.text,
        region.map,
        region.file,
        include.region,
        include.via,
        include.database,
        include.dialect or region.dialect,
    )
