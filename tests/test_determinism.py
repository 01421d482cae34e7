"""The same report byte for byte, whatever the jobs, hash seed, locale and order of the files."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of many languages and hosts, whose files were made in no order at all."""
    folder = tmp_path_factory.mktemp("determinism")
    files = sorted(path for path in (ROOT / "fixtures" / "projects").rglob("*") if path.is_file())
    for path in reversed(files):
        target = folder / path.relative_to(ROOT / "fixtures" / "projects")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    (folder / "broken.sh").write_text("if rm app.db; then (((\n", encoding="utf-8")
    (folder / "binary.sql").write_bytes(b"DROP TABLE a;\0")
    return folder


def report(tree: Path, *arguments: str, **environment: str) -> bytes:
    """Return what a scan in a process of its own prints."""
    run = subprocess.run(
        [sys.executable, "-m", "dbguard", "scan", "--no-config", *arguments],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "80", **environment},
        capture_output=True,
        check=False,
    )
    assert run.returncode == 1, run.stderr
    return run.stdout


@pytest.mark.parametrize("name", ["json", "sarif", "text"])
def test_a_report_is_the_same_in_every_environment(tree: Path, name: str) -> None:
    first = report(tree, "--format", name, "--jobs", "1", PYTHONHASHSEED="0", LC_ALL="C.UTF-8")
    assert first.count(b"app.db") > 2
    seen = [
        report(tree, "--format", name, "--jobs", "2", PYTHONHASHSEED="1", LC_ALL="C"),
        report(tree, "--format", name, "--jobs", "1", PYTHONHASHSEED="4711", TZ="Asia/Tokyo"),
        report(tree, "--format", name, "--jobs", "3", PYTHONHASHSEED="random", LANG="tr_TR.UTF-8"),
    ]
    assert all(one == first for one in seen)


def test_the_order_of_the_paths_does_not_matter(tree: Path) -> None:
    names = sorted(path.name for path in tree.iterdir())
    assert report(tree, "--format", "json", *names) == report(
        tree, "--format", "json", *reversed(names)
    )
