"""The hook, run by the real pre-commit in a scratch repository.

pre-commit installs dbguard from a clone of this repository as it stands in the work tree,
with pip and from the package index, as it does for a user.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dbguard.git import clean_environment, listed_files

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).resolve().parent.parent
PRE_COMMIT = [sys.executable, "-m", "pre_commit"]


def _run(folder: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=False,
        env={**clean_environment(), "PRE_COMMIT_COLOR": "never", **environment},
    )


def _git(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    identity = ("-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgsign=false")
    return _run(folder, "git", *identity, *arguments, **environment)


def _commit_all(folder: Path) -> str:
    """Commit a folder as a new repository and return the commit's id."""
    assert _git(folder, "init", "-q", "-b", "main").returncode == 0
    assert _git(folder, "add", "-A").returncode == 0
    committed = _git(folder, "commit", "-q", "-m", "all")
    assert committed.returncode == 0, committed.stderr
    return _git(folder, "rev-parse", "HEAD").stdout.strip()


@pytest.fixture(scope="module")
def hook_repository(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A repository with what is in the work tree now, and its commit."""
    folder = tmp_path_factory.mktemp("hook") / "dbguard"
    for name in listed_files(str(REPOSITORY), str(REPOSITORY)):
        source = REPOSITORY / name
        if source.is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, folder / name)
    return folder, _commit_all(folder)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a pre-commit of its own, shared so that it installs once."""
    return {"PRE_COMMIT_HOME": str(tmp_path_factory.mktemp("pre-commit"))}


@pytest.fixture
def project(
    tmp_path: Path, hook_repository: tuple[Path, str], home: dict[str, str]
) -> tuple[Path, dict[str, str]]:
    """A repository with the hook installed, and the environment to commit in."""
    folder = tmp_path / "project"
    folder.mkdir()
    hooks, revision = hook_repository
    (folder / ".pre-commit-config.yaml").write_text(
        f"repos:\n- repo: {hooks}\n  rev: {revision}\n  hooks:\n  - id: dbguard\n"
    )
    assert _git(folder, "init", "-q", "-b", "main").returncode == 0
    installed = _run(folder, *PRE_COMMIT, "install", **home)
    assert installed.returncode == 0, installed.stdout + installed.stderr
    return folder, home


def _commit(project: tuple[Path, dict[str, str]]) -> subprocess.CompletedProcess[str]:
    folder, home = project
    assert _git(folder, "add", "-A").returncode == 0
    return _git(folder, "commit", "-m", "change", **home)


def _commits(folder: Path) -> int:
    log = _git(folder, "rev-list", "--count", "HEAD")
    return int(log.stdout) if log.returncode == 0 else 0


def test_a_commit_that_deletes_a_database_is_blocked(
    project: tuple[Path, dict[str, str]],
) -> None:
    folder, _ = project
    (folder / "reset.sh").write_text("#!/bin/sh\nrm app.db\n")
    (folder / "reset.sh").chmod(0o755)
    blocked = _commit(project)
    assert blocked.returncode == 1, blocked.stdout + blocked.stderr
    said = blocked.stdout + blocked.stderr
    assert "reset.sh:2:1: error[delete-database-file]" in said
    # The script, and .pre-commit-config.yaml, whose entries are commands.
    assert "checked 2 files: 1 error" in said
    assert _commits(folder) == 0

    (folder / "reset.sh").write_text(
        "#!/bin/sh\nset -e\n"
        """sqlite3 app.db ".backup app.db.bak_$(date +%s)"\n"""
        "sqlite3 app.db 'ALTER TABLE t ADD c'\n"
        "sqlite3 app.db 'SELECT c FROM t LIMIT 1'\n"
    )
    passed = _commit(project)
    assert passed.returncode == 0, passed.stdout + passed.stderr
    assert _commits(folder) == 1


@pytest.mark.parametrize(
    ("name", "text", "rule"),
    [
        ("bin/deploy", "#!/usr/bin/env -S bash -e\nrm -f app.db\n", "delete-database-file"),
        ("wipe.sh", "rm -f app.db\n", "delete-database-file"),
        ("schema.psql", "DROP TABLE users;\n", "drop-table"),
        ("schema.ddl", "DROP TABLE users;\n", "drop-table"),
    ],
)
def test_it_finds_its_files_itself(
    project: tuple[Path, dict[str, str]], name: str, text: str, rule: str
) -> None:
    folder, _ = project
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    (folder / name).chmod(0o644)
    blocked = _commit(project)
    assert blocked.returncode == 1, blocked.stdout + blocked.stderr
    assert f"{name}:" in blocked.stdout + blocked.stderr
    assert f"[{rule}]" in blocked.stdout + blocked.stderr


def test_excludes_hold_for_the_files_pre_commit_names(
    project: tuple[Path, dict[str, str]],
) -> None:
    folder, _ = project
    (folder / "legacy").mkdir()
    (folder / "legacy/reset.sh").write_text("#!/bin/sh\nrm app.db\n")
    (folder / "pyproject.toml").write_text("[tool.dbguard]\nexclude = ['legacy/']\n")
    passed = _commit(project)
    assert passed.returncode == 0, passed.stdout + passed.stderr


def test_wrong_settings_block(project: tuple[Path, dict[str, str]]) -> None:
    folder, _ = project
    (folder / "a.sql").write_text("SELECT 1;\n")
    (folder / "pyproject.toml").write_text("[tool.dbguard]\nexlude = ['legacy/']\n")
    blocked = _commit(project)
    assert blocked.returncode == 1
    assert "did you mean 'exclude'" in blocked.stdout + blocked.stderr


def test_run_over_all_files(project: tuple[Path, dict[str, str]]) -> None:
    folder, home = project
    (folder / "a\x1b[31m.sql").write_text("DROP TABLE users;\n")
    (folder / "ok.py").write_text("print('fine')\n")
    assert _git(folder, "add", "-A").returncode == 0
    run = _run(folder, *PRE_COMMIT, "run", "--all-files", **home)
    assert run.returncode == 1, run.stdout + run.stderr
    assert r"a\x1b[31m.sql:1:1: error[drop-table]" in run.stdout
    assert "\x1b" not in run.stdout


PREK = Path(sys.executable).parent / "prek"


@pytest.mark.skipif(not PREK.exists(), reason="prek has no wheel for this system")
def test_prek_runs_the_hook_too(project: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    folder, _ = project
    (folder / "reset.sh").write_text("rm app.db\n")
    assert _git(folder, "add", "-A").returncode == 0
    run = _run(folder, str(PREK), "run", "--all-files", PREK_HOME=str(tmp_path / "prek"))
    assert run.returncode == 1, run.stdout + run.stderr
    assert "reset.sh:1:1: error[delete-database-file]" in run.stdout + run.stderr


def test_try_repo(tmp_path: Path, hook_repository: tuple[Path, str], home: dict[str, str]) -> None:
    hooks, _ = hook_repository
    (tmp_path / "reset.py").write_text("import os\n\nos.remove('app.db')\n")
    assert _git(tmp_path, "init", "-q").returncode == 0
    assert _git(tmp_path, "add", "-A").returncode == 0
    tried = _run(
        tmp_path, *PRE_COMMIT, "try-repo", str(hooks), "dbguard", "--all-files",
        **home, HOME=os.environ.get("HOME", str(tmp_path)),
    )  # fmt: skip
    assert tried.returncode == 1, tried.stdout + tried.stderr
    assert "reset.py:3:1: error[delete-database-file]" in tried.stdout


@pytest.mark.parametrize("manager", ["pre-commit", "prek"])
def test_doctor_proves_the_installed_hook_and_runs_no_other(
    project: tuple[Path, dict[str, str]], tmp_path: Path, manager: str
) -> None:
    folder, home = project
    configuration = folder / ".pre-commit-config.yaml"
    other = (
        "- repo: local\n  hooks:\n"
        f"  - {{id: other, name: other, entry: touch {tmp_path}/ran, language: system,"
        " always_run: true, pass_filenames: false}\n"
    )
    configuration.write_text(configuration.read_text() + other)
    if manager == "prek":
        if not PREK.exists():
            pytest.skip("prek has no wheel for this system")
        home = {"PREK_HOME": str(tmp_path / "prek")}
        (folder / ".git/hooks/pre-commit").unlink()
        assert _run(folder, str(PREK), "install", **home).returncode == 0
    doctor = (sys.executable, "-m", "dbguard", "doctor")
    run = _run(folder, *doctor, PYTHONPATH=str(REPOSITORY), **home)
    assert run.returncode == 0, run.stdout + run.stderr
    assert f"({manager})" in run.stdout
    assert "is blocked by dbguard, a harmless one passes" in run.stdout
    assert not (tmp_path / "ran").exists()

    configuration.write_text("repos:\n" + other)
    run = _run(folder, *doctor, PYTHONPATH=str(REPOSITORY), **home)
    assert run.returncode == 1
    assert "has no hook dbguard" in run.stdout
    assert not (tmp_path / "ran").exists()


def test_what_init_writes_blocks(
    tmp_path: Path, hook_repository: tuple[Path, str], home: dict[str, str]
) -> None:
    hooks, revision = hook_repository
    folder = tmp_path / "project"
    folder.mkdir()
    assert _git(folder, "init", "-q", "-b", "main").returncode == 0
    ours = {**home, "PYTHONPATH": str(REPOSITORY)}
    init = (sys.executable, "-m", "dbguard", "init", "--yes", "--repo", str(hooks))
    written = _run(folder, *init, "--rev", revision, **ours)
    assert written.returncode == 0, written.stdout + written.stderr
    assert _run(folder, *PRE_COMMIT, "install", **home).returncode == 0
    run = _run(folder, sys.executable, "-m", "dbguard", "doctor", **ours)
    assert run.returncode == 0, run.stdout + run.stderr
