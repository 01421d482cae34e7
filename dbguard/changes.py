"""What a change did: which lines of which files, and which findings come of it.

Whole files are analysed, in the version before the change and in the one after it. A
finding belongs to the change if one of its lines does, or if it was not there before, or
not as bad: the backup above an untouched ``rm`` may be what was removed.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from dbguard import git
from dbguard.discover import Candidate, Discovery
from dbguard.finding import Finding
from dbguard.foreign import foreign_part
from dbguard.kinds import SHEBANG_LENGTH, kind_of_name, kind_of_shebang, may_have_shebang
from dbguard.options import ScanOptions
from dbguard.patterns import excluder
from dbguard.reading import FILE_LIMIT
from dbguard.records import dataclass, field
from dbguard.refusals import ChangeError as ChangeError
from dbguard.refusals import ShallowError as ShallowError
from dbguard.report.model import LeftOut
from dbguard.source import Problem, SourceFile, Span

MOST_LINES = 4_000
"""Between more changed lines of one file no line is looked for that stayed the same."""

_REGULAR = ("100644", "100755")


@dataclass(frozen=True, slots=True)
class Base:
    """A version to compare with: its files, and the old paths of those that were renamed."""

    files: Mapping[str, git.Entry] = field(default_factory=dict)
    renamed: Mapping[str, str] = field(default_factory=dict)

    def path_before(self, path: str) -> str:
        """Return the path that a file of the new version had."""
        return self.renamed.get(path, path)


@dataclass(frozen=True, slots=True)
class Changes:
    """The change: the top of the work tree, and the versions to compare with.

    A merge that is about to be committed has two: what either side had is not new.
    """

    top: str
    bases: tuple[Base, ...]

    def path_of(self, candidate: Candidate) -> str | None:
        """Return a candidate's path from the top, None for one outside or of another repository."""
        prefix = self.top.rstrip(os.sep) + os.sep
        if not candidate.absolute.startswith(prefix):
            return None
        path = candidate.absolute[len(prefix) :].replace(os.sep, "/")
        parent = path.rpartition("/")[0]
        while parent:
            entry = self.bases[0].files.get(parent)
            if entry is not None and entry.mode == "160000":
                return None
            parent = parent.rpartition("/")[0]
        return path


def since(top: str, name: str) -> Base:
    """Return the version a branch began at: the merge base of *name* and HEAD.

    Raises ChangeError, ShallowError, or git.GitError.
    """
    commit = fork_point(top, name)
    return Base(git.tree(top, commit), git.renames(top, commit))


def fork_point(top: str, name: str) -> str:
    """Return the merge base of *name* and HEAD. Raises ChangeError or ShallowError."""
    base, head = git.commit(top, name), git.commit(top, "HEAD")
    if head is None:
        raise ChangeError("HEAD is no commit yet: there is nothing to compare with")
    found = git.merge_base(top, base, head) if base is not None else None
    if found is not None:
        return found
    if git.is_shallow(top):
        raise ShallowError(
            f"the clone is shallow, the history up to {name} is not there: give actions/checkout "
            "`fetch-depth: 0`, or run `git fetch --unshallow`"
        )
    if base is None:
        raise ChangeError(f"{name!r} is no commit that git knows here")
    raise ChangeError(f"{name} and HEAD have no common history")


def staged(top: str) -> Changes:
    """Return what is staged, against HEAD, and in a merge against what is merged too."""
    bases = []
    for name in ("HEAD", "MERGE_HEAD"):
        commit = git.commit(top, name)
        if commit is not None:
            bases.append(Base(git.tree(top, commit), git.renames(top, commit)))
    return Changes(top, tuple(bases) or (Base(),))


def staged_files(options: ScanOptions, changes: Changes) -> Discovery:
    """Return the files that are staged and differ from HEAD, with the index's content."""
    entries, before = git.index(changes.top), changes.bases[0].files
    changed = {
        path: entry
        for path, entry in entries.items()
        if (known := before.get(path)) is None or known.object != entry.object
    }
    candidates, left_out, problems = [], [], []
    excluded = excluder(options.config.exclude)
    wanted = [os.path.abspath(path) for path in options.paths]
    contents = git.blobs(changes.top, (entry.object for entry in changed.values()), FILE_LIMIT)
    root = str(options.root).rstrip(os.sep) + os.sep
    for path, entry in sorted(changed.items()):
        absolute = os.path.join(changes.top, path)
        if not any(absolute == one or absolute.startswith(one + os.sep) for one in wanted):
            continue
        project_path = absolute.removeprefix(root).replace(os.sep, "/")
        shown = os.path.relpath(absolute).replace(os.sep, "/")
        data = contents.get(entry.object)
        name = path.rpartition("/")[2]
        kind = kind_of_name(name)
        if kind is None and data is not None and may_have_shebang(name, int(entry.mode, 8)):
            kind = kind_of_shebang(data[:SHEBANG_LENGTH])
        if kind is None:
            continue
        if entry.stage:
            problems.append(Problem(shown, "is in conflict: not analysed", "read"))
        elif entry.mode not in _REGULAR:
            left_out.append(LeftOut(shown, "no regular file"))
        elif foreign := foreign_part(root, project_path):
            left_out.append(LeftOut(shown, foreign[1]))
        elif excluded(project_path):
            left_out.append(LeftOut(shown, "excluded"))
        elif data is None:
            problems.append(Problem(shown, "cannot be read from the index", "read"))
        else:
            candidates.append(Candidate(shown, absolute, project_path, kind, data=data))
    return Discovery(tuple(candidates), tuple(left_out), tuple(problems))


@dataclass(frozen=True, slots=True)
class Before:
    """A file before the change: its path from the top, and its content (None: it was not)."""

    path: str
    data: bytes | None


def versions_before(
    changes: Changes, base: Base, files: Mapping[Candidate, bytes]
) -> dict[Candidate, Before]:
    """Return what the files that differ from *base* were; the others are left out."""
    differing: dict[Candidate, tuple[str, git.Entry | None]] = {}
    for candidate, data in files.items():
        path = changes.path_of(candidate)
        if path is None:
            continue
        old = base.path_before(path)
        entry = base.files.get(old)
        if entry is None or old != path or not _is_same(data, entry):
            differing[candidate] = old, entry
    objects = [entry.object for _, entry in differing.values() if entry is not None]
    contents = git.blobs(changes.top, objects, FILE_LIMIT)
    return {
        candidate: Before(path, contents.get(entry.object) if entry is not None else None)
        for candidate, (path, entry) in differing.items()
    }


def _is_same(data: bytes, entry: git.Entry) -> bool:
    if git.object_id(data, entry.object) == entry.object:
        return True
    # Checked out with the line ends of another system.
    unix = data.replace(b"\r\n", b"\n")
    return len(unix) != len(data) and git.object_id(unix, entry.object) == entry.object


def same_lines(old: str, new: str) -> dict[int, int]:
    """Return the lines of *new* that stayed the same, each with its number in *old* (from 1)."""
    before, after = _lines(old), _lines(new)
    first, most = 0, min(len(before), len(after))
    while first < most and before[first] == after[first]:
        first += 1
    last = 0
    while last < most - first and before[-1 - last] == after[-1 - last]:
        last += 1
    same = {number + 1: number + 1 for number in range(first)}
    for number in range(last):
        same[len(after) - number] = len(before) - number
    middle_before = before[first : len(before) - last]
    middle_after = after[first : len(after) - last]
    if max(len(middle_before), len(middle_after)) <= MOST_LINES:
        from difflib import SequenceMatcher

        matcher = SequenceMatcher(None, middle_before, middle_after)
        for block in matcher.get_matching_blocks():
            for offset in range(block.size):
                same[first + block.b + offset + 1] = first + block.a + offset + 1
    return same


def _lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


class Comparison:
    """Findings of the version before, and which lines of the new one were there already."""

    def __init__(self, before: Iterable[Finding], same: Mapping[str, Mapping[int, int]]) -> None:
        """Take the findings before, and by path :func:`same_lines` of each file that differs."""
        self._same = same
        self._before: dict[tuple[str, str, str, int], int] = {}
        for finding in before:
            line = finding.primary.file.position(finding.primary.span.start)[0]
            key = finding.path, finding.rule, finding.content, line
            self._before[key] = max(_rank(finding), self._before.get(key, -1))

    def is_of_the_change(self, finding: Finding) -> bool:
        """Say whether a finding touches a changed line, is new, or worse than before."""
        if any(self._touches(label.file, label.span) for label in finding.labels):
            return True
        file = finding.primary.file
        line = file.position(finding.primary.span.start)[0]
        same = self._same.get(file.path)
        old = line if same is None else same[line]
        key = finding.path, finding.rule, finding.content, old
        return _rank(finding) > self._before.get(key, -2)

    def _touches(self, file: SourceFile, span: Span) -> bool:
        same = self._same.get(file.path)
        if same is None:
            return False
        first = file.position(span.start)[0]
        last = file.position(max(span.start, span.end - 1))[0]
        return any(line not in same for line in range(first, last + 1))


def _rank(finding: Finding) -> int:
    return -1 if finding.suppressed_by is not None else finding.severity.rank
