"""What ``dbguard fix`` costs: a file is scanned a few times, however many fixes it takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from dbguard.discover import Candidate
from dbguard.fixing.proposal import Proposal, propose
from dbguard.fixing.workbench import Bench, Reading
from dbguard.options import ScanOptions
from dbguard.repair.fix import Safety

EVERY = frozenset(Safety)


class Counted:
    """How often a file was scanned with repairs, and read to see what they say."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.scans = self.readings = 0
        with_text, reading = Bench.with_text, Bench.reading

        def scan(bench: Bench, candidate: Candidate, data: bytes) -> Bench | None:
            self.scans += 1
            return with_text(bench, candidate, data)

        def read(bench: Bench, candidate: Candidate, text: str) -> Reading:
            self.readings += 1
            return reading(bench, candidate, text)

        patch.setattr(Bench, "with_text", scan)
        patch.setattr(Bench, "reading", read)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    return Counted(monkeypatch)


def proposed(name: str, text: str, folder: Path) -> Proposal:
    (folder / name).write_text(text)
    return propose(ScanOptions((str(folder / name),), folder), None, EVERY)


MANY = {
    "a.sh": "\n".join(f'cp a{i}.db "a{i}.db.$(date +%s)"; rm a{i}.db' for i in range(40)),
    "a.py": "import os\n" + "\n".join(f"os.remove('a{i}.db')" for i in range(40)),
    "a.sql": "\n".join(
        f"INSERT INTO t{i}_new SELECT * FROM t{i};\nDROP TABLE t{i};" for i in range(40)
    ),
    "Makefile": "all:\n" + "\n".join(f"\trm -f a{i}.db" for i in range(40)),
    "package.json": '{"scripts": {' + ", ".join(f'"r{i}": "rm a{i}.db"' for i in range(40)) + "}}",
}


@pytest.mark.parametrize("name", MANY)
def test_many_fixes_of_a_file_take_few_scans(name: str, counted: Counted, tmp_path: Path) -> None:
    proposal = proposed(name, MANY[name] + "\n", tmp_path)
    assert len(proposal.fixed) >= 40
    assert not proposal.unfixed
    assert counted.scans <= 6
    assert counted.readings <= 30


def test_one_fix_that_brings_something_costs_the_others_little(
    counted: Counted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Halves are tried until the one is found that is to blame; the others are done."""
    plain = Bench.with_text

    def scan(bench: Bench, candidate: Candidate, data: bytes) -> Bench | None:
        bad = b"a17.db.bak" in data
        return plain(bench, candidate, data + b"rm brought.db\n" if bad else data)

    monkeypatch.setattr(Bench, "with_text", scan)
    text = "\n".join(f"rm a{i}.db" for i in range(40)) + "\n"
    proposal = proposed("a.sh", text, tmp_path)
    assert len(proposal.fixed) == 39
    assert [one.primary.source for one in proposal.unfixed] == ["rm a17.db"]
    assert counted.scans <= 40
