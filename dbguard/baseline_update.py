"""What a scan makes of a baseline: the entries that are new, and those that match nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from dbguard import durable
from dbguard.baseline import Baseline, Key, of_findings
from dbguard.options import ScanOptions
from dbguard.records import dataclass
from dbguard.report.escape import escape
from dbguard.report.model import Report


@dataclass(frozen=True, slots=True)
class Update:
    """``new`` holds the findings there are, ``pruned`` the old entries that still match.

    Entries of files that were not looked at, or not whole, stay in both.
    """

    new: Baseline
    pruned: Baseline
    added: tuple[Key, ...]
    gone: tuple[Key, ...]

    def told(self, name: str) -> Iterator[str]:
        """Yield lines for a person: what would be added, and what could go."""
        for path, rule, text, _ in self.added:
            yield f"{escape(path)}: {rule} is not in the baseline: {escape(text)}\n"
        for path, rule, text, _ in self.gone:
            yield f"{escape(path)}: {rule} matches nothing any more: {escape(text)}\n"
        if self.gone:
            yield f"{name}: `dbguard baseline --prune` removes {len(self.gone)}\n"
        yield f"{name}: {len(self.added)} new, {len(self.gone)} gone\n"


def update(old: Baseline, report: Report, options: ScanOptions) -> Update:
    """Compare a baseline with the report of a scan that took no baseline."""
    root = str(options.root).rstrip(os.sep) + os.sep

    def project_path(path: str) -> str:
        return os.path.abspath(path).removeprefix(root).replace(os.sep, "/")

    now = of_findings(report.findings, project_path).entries
    unseen = {project_path(problem.path) for problem in report.problems if problem.incomplete}
    wanted = [os.path.abspath(path) for path in options.paths]

    def is_kept(key: Key) -> bool:
        absolute = os.path.normpath(os.path.join(root, key[0]))
        inside = any(absolute == one or absolute.startswith(one + os.sep) for one in wanted)
        return not inside or key[0] in unseen

    kept = {key: severity for key, severity in old.entries.items() if is_kept(key)}
    matching = {key: min(old.entries[key], now[key]) for key in old.entries if key in now}
    return Update(
        new=Baseline({**kept, **now}),
        pruned=Baseline({**kept, **matching}),
        added=tuple(
            key for key in sorted(now) if key not in old.entries or old.entries[key] < now[key]
        ),
        gone=tuple(sorted(key for key in old.entries if key not in now and key not in kept)),
    )


def write(path: Path, text: str) -> None:
    """Replace a file in one step; a link in its place is replaced, never followed."""
    with durable.whole(path, mode=0o644) as stream:
        stream.write(text.encode("ascii"))
