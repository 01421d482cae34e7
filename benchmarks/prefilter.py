"""Scan trees with the prefilter and without it: what is found has to be the same.

    python benchmarks/prefilter.py FOLDER ...

Each folder is a project. Prints one line for each, and each finding that only one of the two
scans has; exit code 1 where there is one. Problems are not compared: without the prefilter,
files are parsed, and fail to, in which nothing could be found.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING
from unittest.mock import patch

from dbguard import survey
from dbguard.options import ScanOptions
from dbguard.pipeline import scan

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Place = tuple[str, str, int, int]


def found_in(folder: str) -> set[Place]:
    """Return rule, path and place (in code points) of what a scan of a folder finds."""
    report = scan(ScanOptions(paths=(folder,), root=folder, jobs=1))
    return {
        (finding.rule, finding.path, finding.primary.span.start, finding.primary.span.end)
        for finding in report.findings
    }


@contextmanager
def without_prefilter() -> Iterator[None]:
    """Let every file through that is read."""
    with patch.object(survey, "may_have_operations", lambda _data, _language: True):
        yield


def main(folders: Sequence[str]) -> int:
    """Compare both scans of each folder; return 1 where they differ, else 0."""
    differ = 0
    for folder in folders:
        with_it = found_in(folder)
        with without_prefilter():
            without = found_in(folder)
        print(f"{os.path.basename(folder)}: {len(with_it)} findings", flush=True)
        for sign, places in (("+", with_it - without), ("-", without - with_it)):
            for rule, path, start, end in sorted(places):
                print(f"  {sign} {path}: {rule} at {start}-{end}", flush=True)
                differ = 1
    return differ


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
