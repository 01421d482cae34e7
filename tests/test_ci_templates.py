"""What other services than GitHub are given: the job for GitLab, and the image for CI."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

import pytest
import yaml

from dbguard.analysis import analyse
from dbguard.git import clean_environment
from dbguard.kinds import kind_of_path
from dbguard.source import SourceFile
from tests.document_blocks import REPOSITORY, blocks
from tests.github_runner import program
from tests.scratch import Repository

TEMPLATE = REPOSITORY / "templates/dbguard.gitlab-ci.yml"
DROP = "DROP TABLE users;\n"


def _job() -> dict[str, Any]:
    job: dict[str, Any] = yaml.safe_load(TEMPLATE.read_text("utf-8"))["dbguard"]
    return job


def _run(repository: Repository, tmp_path: Path, **variables: str) -> tuple[int, list[Any]]:
    """Run the job's script as GitLab does, with dbguard as it lies here; return the report."""
    programs = tmp_path / "bin"
    programs.mkdir(exist_ok=True)
    command = programs / "dbguard"
    command.write_text(
        f'#!/bin/sh\nPYTHONPATH="{REPOSITORY}" exec "{sys.executable}" -m dbguard "$@"\n'
    )
    command.chmod(0o755)
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    ended = subprocess.run(
        ["sh", "-ec", "\n".join(_job()["script"])],
        cwd=repository.folder,
        env={**clean_environment(), "PATH": path, **variables},
        capture_output=True,
        check=False,
    )
    report = repository.folder / _job()["artifacts"]["reports"]["codequality"]
    return ended.returncode, json.loads(report.read_text()) if report.exists() else []


def test_a_merge_request_is_told_of_what_it_brings(repository: Repository, tmp_path: Path) -> None:
    repository.commit(old_sql=DROP)
    base = repository.git("rev-parse", "HEAD")
    repository.branch()
    settings = "[tool.dbguard]\nexclude = ['new.sql']\n"
    repository.commit(new_sql=DROP, pyproject_toml=settings)
    code, report = _run(repository, tmp_path, CI_MERGE_REQUEST_DIFF_BASE_SHA=base)
    found = {(issue["location"]["path"], issue["check_name"]) for issue in report}
    assert code == 1
    assert found == {("new.sql", "drop-table"), ("pyproject.toml", "weakened-guard")}


def test_a_branch_is_checked_whole(repository: Repository, tmp_path: Path) -> None:
    assert _run(repository, tmp_path) == (0, [])
    repository.commit(a_sql=DROP)
    code, report = _run(repository, tmp_path)
    assert (code, len(report)) == (1, 1)
    assert _run(repository, tmp_path, CI_MERGE_REQUEST_DIFF_BASE_SHA="f" * 40)[0] == 2


def test_the_job_keeps_its_report_and_has_the_history() -> None:
    job = _job()
    assert job["artifacts"]["when"] == "always"
    assert job["variables"]["GIT_DEPTH"] == "0"
    assert job["image"] == {"name": "$DBGUARD_IMAGE", "entrypoint": [""]}


def test_the_documented_inclusion_fits_the_template() -> None:
    (block,) = [block for block in blocks("docs/ci.md") if "gitlab" in block.words]
    included = yaml.safe_load(block.text)
    assert included["include"] == TEMPLATE.name
    text = TEMPLATE.read_text("utf-8")
    assert all(f"${name}" in text for name in included["variables"])


# --- the image ---


def _instructions() -> list[tuple[str, str]]:
    """Return the instructions of the Dockerfile, lines joined and comments left out."""
    text = (REPOSITORY / "Dockerfile").read_text("utf-8")
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    parsed = [line.split(None, 1) for line in joined.splitlines() if line.strip()]
    return [(word, " ".join(rest.split())) for word, rest in parsed]


def test_the_image_is_pinned_small_and_without_rights() -> None:
    """It cannot be built where the tests run: there is no registry."""
    instructions = _instructions()
    words = [word for word, _ in instructions]
    assert re.fullmatch(r"python:3\.\d+-slim-\w+", dict(instructions)["FROM"])
    assert dict(instructions)["USER"] == "65532:65532"
    assert words.index("USER") > max(n for n, word in enumerate(words) if word == "RUN")
    assert "ADD" not in words
    runs = " ; ".join(rest for word, rest in instructions if word == "RUN")
    assert "apt-get install --yes --no-install-recommends git" in runs
    assert "--require-hashes" in runs
    assert json.loads(dict(instructions)["ENTRYPOINT"]) == ["dbguard"]


@pytest.mark.skipif(not Path(program("hadolint")).exists(), reason="no wheel for this system")
def test_hadolint_finds_nothing() -> None:
    _passes(program("hadolint"), str(REPOSITORY / "Dockerfile"))


@pytest.mark.slow
def test_what_the_image_is_sent_is_enough_to_install(tmp_path: Path) -> None:
    """The installing steps of the Dockerfile, in a virtual environment instead of an image."""
    sent = tmp_path / "opt/dbguard"
    for word, rest in _instructions():
        if word == "COPY":
            *sources, _ = rest.split()
            for source in sources:
                whole, copy = REPOSITORY / source, sent / source
                copy.parent.mkdir(parents=True, exist_ok=True)
                (shutil.copytree if whole.is_dir() else shutil.copy)(whole, copy)
    venv.create(tmp_path / "environment", with_pip=True, symlinks=True)
    programs = tmp_path / "environment/bin"
    for word, rest in _instructions():
        if word == "RUN" and rest.startswith("pip "):
            command = rest.partition(" && ")[0].replace("/opt/dbguard", str(sent))
            _passes("sh", "-ec", f"{programs}/{command}")
    (tmp_path / "drop.sql").write_text(DROP)
    run = subprocess.run([programs / "dbguard", "scan", tmp_path / "drop.sql"], check=False)
    assert run.returncode == 1


def _passes(*command: str) -> None:
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def test_the_image_is_made_of_files_that_are_there_and_sent() -> None:
    sent = (REPOSITORY / ".dockerignore").read_text("utf-8").splitlines()
    for word, rest in _instructions():
        if word == "COPY":
            *sources, _ = rest.split()
            for source in sources:
                assert (REPOSITORY / source).exists()
                assert f"!{source}" in sent
    project = (REPOSITORY / "pyproject.toml").read_text("utf-8")
    for named in ("readme", "license-files"):
        (value,) = re.findall(rf'^{named} = \[?"([^"]+)"', project, re.MULTILINE)
        assert f"!{value}" in sent


@pytest.mark.parametrize("name", ["Dockerfile", "action.yml", "templates/dbguard.gitlab-ci.yml"])
def test_dbguard_reads_them_and_finds_nothing(name: str) -> None:
    kind = kind_of_path(name)
    assert kind is not None
    file = SourceFile(name, (REPOSITORY / name).read_text("utf-8"))
    analysis = analyse(file, kind.language, dialect=kind.dialect)
    assert analysis.findings == ()
    assert analysis.problems == ()
