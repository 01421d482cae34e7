"""What every fix keeps to, on every fixture that has something to fix.

A fixed file scans with fewer findings and no new one, fixing twice changes nothing, and
neither line ends nor a byte-order mark change what is done. The fixtures' own marks are
taken off first: a line that names a backup in a comment names it twice.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from dbguard.fixes import all_fixes
from dbguard.fixing.proposal import Proposal, propose
from dbguard.options import ScanOptions
from dbguard.repair.fix import Safety
from tests.expectations import FIXTURES, fixture_files, stated_in

FIXED = {fix.rule for fix in all_fixes()}
EVERY = frozenset(Safety)
_MARK = re.compile(r"[ \t]*(?:#|--|//)[ \t]*(?:expect|missed):.*$", re.MULTILINE)

FIXABLE = [
    path for path in fixture_files() if {place.rule for place in stated_in(path, "expect")} & FIXED
]


def laid_out(path: Path, folder: Path, change: str = "") -> Path:
    """Copy a fixture without its marks into a project of its own."""
    parts = path.relative_to(FIXTURES).parts
    copy = folder.joinpath(*(parts[2:] if parts[0] == "hosts" else parts[-1:]))
    copy.parent.mkdir(parents=True, exist_ok=True)
    text = _MARK.sub("", path.read_bytes().decode("utf-8"))
    data = text.encode()
    if "crlf" in change:
        data = text.replace("\n", "\r\n").encode()
    if "mark" in change:
        data = b"\xef\xbb\xbf" + data
    copy.write_bytes(data)
    return copy


def proposed(path: Path, folder: Path) -> Proposal:
    return propose(ScanOptions((str(path),), folder), None, EVERY)


def texts(proposal: Proposal) -> dict[str, str]:
    return {candidate.path: after for candidate, _, after in proposal.changes()}


@pytest.mark.parametrize("path", FIXABLE, ids=lambda path: path.relative_to(FIXTURES).as_posix())
def test_a_fixed_file_has_fewer_findings_and_nothing_is_left_to_fix(
    path: Path, tmp_path: Path
) -> None:
    copy = laid_out(path, tmp_path)
    proposal = proposed(copy, tmp_path)
    changed = list(proposal.changes())
    assert bool(changed) == bool(proposal.fixed)
    for candidate, _, after in changed:
        Path(candidate.absolute).write_bytes(after.encode())
    again = proposed(copy, tmp_path)
    assert not again.fixed
    before, left = (Counter(f.rule for f in one.before.open_findings) for one in (proposal, again))
    assert not left - before
    assert left.total() <= before.total() - len(proposal.fixed)


@pytest.mark.parametrize(
    "path",
    [path for path in FIXABLE if path.suffix in (".py", ".sh", ".sql")][::3],
    ids=lambda path: path.relative_to(FIXTURES).as_posix(),
)
def test_line_ends_and_a_mark_stay_and_change_nothing(path: Path, tmp_path: Path) -> None:
    plain, windows = tmp_path / "plain", tmp_path / "windows"
    fixed = proposed(laid_out(path, plain), plain)
    change = "crlf" if path.suffix == ".sh" else "crlf mark"
    copy = laid_out(path, windows, change)
    of_windows = proposed(copy, windows)
    if path.suffix == ".sh" and not of_windows.fixed:
        return  # bash takes the carriage return for a part of the last word, and so do we
    assert [one.what for one in of_windows.fixed] == [one.what for one in fixed.fixed]
    for candidate, _, after in of_windows.changes():
        written = of_windows.before.written(candidate)
        assert written is not None
        assert (written.mark != b"") == ("mark" in change)
        assert "\r\n" in after
        assert "\n" not in after.replace("\r\n", "")
        assert after.replace("\r\n", "\n") in texts(fixed).values()


@pytest.mark.parametrize("rule", sorted(FIXED - {"unused-suppression"}))
def test_there_are_fixtures_for_every_fix(rule: str, tmp_path: Path) -> None:
    paths = [path for path in FIXABLE if path.parent.name == rule]
    for path in paths:
        folder = tmp_path / path.name
        if any(one.rule == rule for one in proposed(laid_out(path, folder), folder).fixed):
            return
    pytest.fail(f"no fixture of {rule} is fixed")
