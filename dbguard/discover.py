"""Which files a scan checks, and which it leaves out and why.

In a git work tree git says which files there are (tracked, and those it does not
ignore); elsewhere the folders are walked, honouring .gitignore. Nothing is left out in
silence: what is of a kind dbguard reads and is not checked is a :class:`LeftOut` or a
:class:`~dbguard.source.Problem`.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from dbguard.foreign import FOLDERS, why_foreign, why_foreign_by
from dbguard.kinds import SHEBANG_LENGTH, FileKind, kind_of_path, kind_of_shebang, may_have_shebang
from dbguard.options import ScanOptions
from dbguard.patterns import excluder
from dbguard.reading import FILE_LIMIT, head, read, reason, sort_of_file, too_large
from dbguard.records import dataclass, field, replace
from dbguard.report.model import LeftOut
from dbguard.source import Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dbguard.gitignore import Ignore


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file to check.

    ``path`` is as the user named it, ``project_path`` from the root of the project, both
    with ``/``. ``follow`` says that the user named a link. ``data`` holds the bytes
    where they are at hand already (standard input).
    """

    path: str
    absolute: str
    project_path: str
    kind: FileKind
    follow: bool = False
    data: bytes | None = None

    def content(self) -> bytes | Problem:
        """Return what the file consists of, or why it cannot be read."""
        if self.data is not None:
            return self.data
        return read(self.absolute, self.path, follow=self.follow)


@dataclass(frozen=True, slots=True)
class Discovery:
    """What was found, each list sorted by path."""

    candidates: tuple[Candidate, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    problems: tuple[Problem, ...] = ()


def discover(options: ScanOptions) -> Discovery:
    """Return the files to check below ``options.paths``, each once."""
    search = _Search(str(options.root), excluder(options.config.exclude))
    if options.stdin is not None:
        search.standard_input(options.stdin.name, options.stdin.data)
    else:
        for path in options.paths:
            search.named(path)
    return Discovery(
        tuple(sorted(search.candidates, key=lambda candidate: candidate.path)),
        tuple(sorted(search.left_out.values(), key=lambda left: left.path)),
        tuple(sorted(search.problems, key=lambda problem: (problem.path, problem.error))),
    )


@dataclass(slots=True)
class _Search:
    """The state of a search: what it found, and where it has been."""

    root: str
    excluded: Callable[[str], bool]
    candidates: list[Candidate] = field(default_factory=list)
    left_out: dict[str, LeftOut] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    _root_prefix: str = ""
    _seen: set[str] = field(default_factory=set)
    _foreign: dict[str, tuple[str, str] | None] = field(default_factory=dict)

    def standard_input(self, name: str, data: bytes) -> None:
        """Check bytes at hand under a name."""
        shown = _shown(name)
        project_path = self._project_path(os.path.abspath(name))
        kind = kind_of_path(project_path) or kind_of_shebang(data[:SHEBANG_LENGTH])
        if self.excluded(project_path):
            self._leave_out(shown, "excluded")
        elif kind is None:
            self._leave_out(shown, "not a kind of file dbguard reads")
        elif len(data) > FILE_LIMIT:
            self.problems.append(too_large(shown, FILE_LIMIT))
        else:
            self.candidates.append(Candidate(shown, "", project_path, kind, data=data))

    def named(self, path: str) -> None:
        """Check a file or folder the user named. It is never left out in silence."""
        absolute = os.path.abspath(path)
        try:
            status = os.stat(path)
        except (OSError, ValueError) as error:
            why = reason(error) if isinstance(error, OSError) else str(error)
            self.problems.append(Problem(_shown(path), why, "discover"))
            return
        if stat.S_ISDIR(status.st_mode):
            self._folder(absolute, _shown(path))
            return
        if absolute in self._seen:
            return
        self._seen.add(absolute)
        shown = _shown(path)
        if not stat.S_ISREG(status.st_mode):
            self._not_regular(shown, status.st_mode)
        elif self.excluded(self._project_path(absolute)):
            self._leave_out(shown, "excluded")
        elif foreign := self._foreign_part(*self._in_project(absolute)):
            self._leave_out(shown, foreign[1])
        elif not self._offer(absolute, shown, status.st_mode):
            self._leave_out(shown, "not a kind of file dbguard reads")

    def _folder(self, folder: str, shown: str) -> None:
        """Check what is below a folder, by git where it knows it."""
        from dbguard import git

        top = git.work_tree_of(folder)
        if top is not None:
            try:
                names = git.listed_files(folder, top)
            except git.GitError as error:
                self.problems.append(
                    Problem(
                        shown or ".",
                        f"git could not list it ({error}): its folders were walked instead",
                        "discover",
                        incomplete=False,
                    )
                )
            else:
                if names or folder == top:
                    self._listed(folder, shown, names)
                    return
                # A folder the user named and git ignores: their word counts.
        self._walk(folder, shown)

    def _listed(self, folder: str, shown: str, names: Iterable[str]) -> None:
        """Check what git lists in a folder."""
        prefix, shown_prefix = _prefix(folder), _prefix(shown)
        for name in names:
            absolute, path = prefix + name, shown_prefix + name
            foreign = self._foreign_part(prefix, name.rpartition("/")[0])
            if foreign:
                self._leave_out(f"{shown_prefix}{foreign[0]}/", foreign[1])
                continue
            if name.endswith("/"):
                self._nested(absolute.rstrip("/"), path.rstrip("/"))
                continue
            try:
                mode = os.lstat(absolute).st_mode
            except OSError as error:
                self._missing(path, error)
                continue
            if stat.S_ISDIR(mode):
                self._nested(absolute, path)
            else:
                self._found(absolute, path, mode)

    def _nested(self, folder: str, shown: str) -> None:
        """Check a repository inside another one; a submodule that is not there has no files."""
        from dbguard import git

        if folder in self._seen:
            return
        self._seen.add(folder)
        if self.excluded(self._project_path(folder) + "/"):
            self._leave_out(shown + "/", "excluded")
        elif git.has_repository(folder):
            self._folder(folder, shown)
        else:
            self._leave_out(shown + "/", "a submodule that is not checked out")

    def _missing(self, path: str, error: OSError) -> None:
        """Account for a file that git lists and that cannot be looked at."""
        if isinstance(error, FileNotFoundError | NotADirectoryError):
            if kind_of_path(path) is not None:
                self._leave_out(path, "deleted in the work tree")
        else:
            self.problems.append(Problem(path, reason(error), "discover"))

    def _walk(self, folder: str, shown: str) -> None:
        """Check what is below a folder that git does not know. No link is followed."""
        pending = [_Visit(folder, shown, (), named=True)]
        while pending:
            visit = pending.pop()
            try:
                with os.scandir(visit.folder) as entries:
                    found = list(entries)
            except OSError as error:
                if visit.named or not self._is_excluded(visit):
                    self.problems.append(Problem(visit.shown or ".", reason(error), "discover"))
                continue
            if visit.named or self._is_ours(visit, {entry.name for entry in found}):
                pending.extend(self._entries(visit, found))

    def _is_ours(self, visit: _Visit, names: set[str]) -> bool:
        """Say whether a folder of the walk is checked, which the names in it may tell."""
        if why := why_foreign_by(visit.folder.rpartition("/")[2], names):
            self._leave_out(visit.shown + "/", why)
        elif self._is_excluded(visit):
            pass
        elif ".git" in names:
            self._nested(visit.folder, visit.shown)
        else:
            return True
        return False

    def _is_excluded(self, visit: _Visit) -> bool:
        excluded = self.excluded(self._project_path(visit.folder) + "/")
        if excluded:
            self._leave_out(visit.shown + "/", "excluded")
        return excluded

    def _entries(self, visit: _Visit, found: list[os.DirEntry[str]]) -> Iterator[_Visit]:
        """Check the files of a folder and yield its folders.

        A listing tells files from folders: what it says is not asked again of each of them.
        """
        ignores = visit.ignores
        if any(entry.name == ".gitignore" for entry in found):
            ignores = (*ignores, *self._ignores(visit.folder, visit.shown))
        prefix, shown_prefix = _prefix(visit.folder), _prefix(visit.shown)
        for entry in found:
            name = entry.name
            absolute, path = prefix + name, shown_prefix + name
            try:
                is_folder = entry.is_dir(follow_symlinks=False)
                if ignores and self._ignored(absolute, ignores, is_folder):
                    continue
                if is_folder:
                    if name not in FOLDERS:
                        yield _Visit(absolute, path, ignores)
                    elif name != ".git":
                        self._leave_out(path + "/", f"in {name}/")
                elif entry.is_file(follow_symlinks=False):
                    self._file(absolute, path, name, partial(_mode, entry))
                else:
                    self._found(absolute, path, _mode(entry))
            except OSError as error:
                self.problems.append(Problem(path, reason(error), "discover"))

    def _ignored(self, absolute: str, ignores: tuple[Ignore, ...], is_folder: bool) -> bool:
        from dbguard.gitignore import is_ignored

        return is_ignored(absolute, ignores, is_folder=is_folder)

    def _ignores(self, folder: str, shown: str) -> Iterator[Ignore]:
        """Yield the .gitignore of a folder, where it can be read."""
        data = read(_prefix(folder) + ".gitignore", _prefix(shown) + ".gitignore")
        if isinstance(data, Problem):
            # Without it more is checked, not less.
            self.problems.append(replace(data, incomplete=False))
            return
        from dbguard.gitignore import Ignore

        yield Ignore.of_file(_prefix(folder), data)

    def _found(self, absolute: str, path: str, mode: int) -> None:
        """Check a file that a listing or a walk came upon."""
        if stat.S_ISREG(mode):
            self._file(absolute, path, path.rpartition("/")[2], lambda: mode)
            return
        if absolute in self._seen:
            return
        self._seen.add(absolute)
        if stat.S_ISLNK(mode):
            self._leave_out(path, "a symbolic link")
        elif kind_of_path(path) is not None:
            self._not_regular(path, mode)
        else:
            self._leave_out(path, sort_of_file(mode))

    def _file(self, absolute: str, path: str, name: str, mode: Callable[[], int]) -> None:
        """Check a regular file that a listing or a walk came upon.

        *mode* asks for its mode, which few names leave to decide.
        """
        if absolute in self._seen:
            return
        self._seen.add(absolute)
        project_path = self._project_path(absolute)
        if self.excluded(project_path):
            if kind_of_path(path) is not None or may_have_shebang(name, mode()):
                self._leave_out(path, "excluded")
        elif (kind := kind_of_path(project_path)) is not None:
            self.candidates.append(Candidate(path, absolute, project_path, kind))
        elif "." not in name.lstrip(".") or may_have_shebang(name, mode()):
            self._by_shebang(absolute, path, project_path, follow=False)

    def _offer(self, absolute: str, path: str, mode: int) -> bool:
        """Take a regular file the user named if it is of a known kind; say whether it is."""
        project_path = self._project_path(absolute)
        kind = kind_of_path(project_path)
        if kind is not None:
            self.candidates.append(Candidate(path, absolute, project_path, kind, follow=True))
            return True
        if not may_have_shebang(path.rpartition("/")[2], mode):
            return False
        return self._by_shebang(absolute, path, project_path, follow=True)

    def _by_shebang(self, absolute: str, path: str, project_path: str, *, follow: bool) -> bool:
        """Take a file as a candidate whose first line tells its kind; say whether it does."""
        begin = head(absolute, path, SHEBANG_LENGTH, follow=follow)
        if isinstance(begin, Problem):
            self.problems.append(begin)
            return True
        kind = kind_of_shebang(begin)
        if kind is None:
            return False
        self.candidates.append(Candidate(path, absolute, project_path, kind, follow))
        return True

    def _leave_out(self, path: str, why: str) -> None:
        self.left_out.setdefault(path, LeftOut(path, why))

    def _not_regular(self, path: str, mode: int) -> None:
        self.problems.append(
            Problem(path, f"is {sort_of_file(mode)}, not a regular file: not opened", "discover")
        )

    def _project_path(self, absolute: str) -> str:
        """Return a path from the root of the project; one outside stays absolute."""
        if not self._root_prefix:
            self._root_prefix = _prefix(self.root)
        inside = absolute.removeprefix(self._root_prefix)
        return inside if os.sep == "/" else inside.replace(os.sep, "/")

    def _in_project(self, absolute: str) -> tuple[str, str]:
        """Return the root with its slash and the folder of a file in it, '' for one outside."""
        prefix = _prefix(self.root)
        inside = absolute.removeprefix(prefix).replace(os.sep, "/")
        return prefix, inside.rpartition("/")[0] if inside != absolute else ""

    def _foreign_part(self, prefix: str, folder: str) -> tuple[str, str] | None:
        """Return the outermost part of a folder below *prefix* that is others' code, and why."""
        pending = []
        while folder and prefix + folder not in self._foreign:
            pending.append(folder)
            folder = folder.rpartition("/")[0]
        found = self._foreign[prefix + folder] if folder else None
        for inner in reversed(pending):
            if found is None and (why := why_foreign(prefix + inner)):
                found = inner, why
            self._foreign[prefix + inner] = found
        return found


@dataclass(frozen=True, slots=True)
class _Visit:
    """A folder to walk, with the .gitignore files that hold there, outermost first.

    ``named``: the user named it, and what it is called or holds does not matter.
    """

    folder: str
    shown: str
    ignores: tuple[Ignore, ...]
    named: bool = False


def _mode(entry: os.DirEntry[str]) -> int:
    return entry.stat(follow_symlinks=False).st_mode


def _prefix(folder: str) -> str:
    """Return what stands before the names in a folder."""
    return folder if not folder or folder.endswith(("/", os.sep)) else folder + "/"


def _shown(path: str) -> str:
    """Return a path as the user named it, in normal form, '' for the current folder."""
    normal = os.path.normpath(path).replace(os.sep, "/") if path else ""
    return "" if normal == "." else normal
