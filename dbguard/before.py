"""What the files that a change touched gave before it."""

from __future__ import annotations

import os

from dbguard.analysed import Analysis
from dbguard.checking import Check
from dbguard.discover import Candidate
from dbguard.reading import decode
from dbguard.records import dataclass, replace
from dbguard.source import Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dbguard.changes import Base, Changes


@dataclass(frozen=True, slots=True)
class Version:
    """What the version before a change gave, and which lines it shares with the new one."""

    results: dict[Candidate, Analysis]
    same_lines: dict[str, dict[int, int]]


def before(
    base: Base,
    changes: Changes,
    results: dict[Candidate, Analysis],
    callers: dict[Candidate, Analysis],
    check: Check,
) -> Version:
    """Check what the files that a change touched were before it."""
    from dbguard.changes import same_lines, versions_before

    contents = {
        candidate: data
        for candidate in (*results, *callers)
        if not isinstance(data := candidate.content(), Problem)
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
    version = Version(dict(results), {})
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
            version.results[candidate] = Analysis() if was.data is None else old_check(old)
        elif result.included & old_contents.keys():
            version.results[candidate] = old_check(candidate)
    return version
