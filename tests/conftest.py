"""What several tests of the command line need."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

from tests.live_databases import Shop, make_shop
from tests.scratch import Repository

# How long an example takes says more of the machine than of dbguard. A change fails for what
# it does: its run has the same examples each time; others are looked for apart from it.
settings.register_profile("dbguard", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dbguard"))


@pytest.fixture
def repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Repository:
    """A git repository in a folder of its own, which is the current one."""
    folder = tmp_path / "repo"
    folder.mkdir()
    monkeypatch.chdir(folder)
    made = Repository(folder, capsys)
    made.git("init", "-q", "-b", "main")
    made.commit()
    return made


@pytest.fixture(params=["wal", "delete"])
def shop(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Shop:
    """A shop's database, with and without a write-ahead log, in the current folder."""
    monkeypatch.chdir(tmp_path)
    make_shop(tmp_path / "app.db", request.param)
    return Shop(tmp_path / "app.db", capsys)
