"""The workflows and the action as the linters of the trade see them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.github_runner import REPOSITORY, action, program

WORKFLOWS = sorted((REPOSITORY / ".github/workflows").glob("*.yml"))


def _lint(*command: str) -> None:
    run = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.skipif(not shutil.which(program("zizmor")), reason="zizmor has no wheel for this")
def test_zizmor_finds_nothing() -> None:
    files = [REPOSITORY / "action.yml", REPOSITORY / ".github/dependabot.yml", *WORKFLOWS]
    _lint(program("zizmor"), "--offline", "--persona=pedantic", "--no-progress", *map(str, files))


@pytest.mark.skipif(not shutil.which(program("actionlint")), reason="no wheel for this system")
def test_actionlint_finds_nothing() -> None:
    assert WORKFLOWS
    _lint(program("actionlint"), *map(str, WORKFLOWS))


@pytest.mark.skipif(not shutil.which(program("actionlint")), reason="no wheel for this system")
def test_actionlint_finds_nothing_in_the_steps_of_the_action(tmp_path: Path) -> None:
    """It reads workflows only: the action's steps as those of a workflow that is called."""
    inputs = {name: {"type": "string"} for name in action()["inputs"]}
    job = {"runs-on": "ubuntu-24.04", "steps": action()["runs"]["steps"]}
    # "on" is a boolean to YAML 1.1, unless it is quoted.
    workflow = {"name": "x", "on": {"workflow_call": {"inputs": inputs}}, "jobs": {"x": job}}
    file = tmp_path / "action.yml"
    file.write_text(yaml.safe_dump(workflow, sort_keys=False))
    _lint(program("actionlint"), str(file))


@pytest.mark.parametrize(
    ("schema", "name"),
    [
        ("github-actions", "action.yml"),
        ("github-workflows", ".github/workflows/ci.yml"),
        ("github-workflows", ".github/workflows/dbguard.yml"),
        ("dependabot", ".github/dependabot.yml"),
        ("gitlab-ci", "templates/dbguard.gitlab-ci.yml"),
    ],
)
def test_they_are_of_the_form_their_services_expect(schema: str, name: str) -> None:
    """By the schemas of schemastore.org, which check-jsonschema brings along."""
    check = (sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}")
    _lint(*check, name)


def test_our_workflows_are_pinned_and_may_do_little() -> None:
    for workflow in WORKFLOWS:
        parsed = yaml.safe_load(workflow.read_text("utf-8"))
        assert parsed["permissions"] == {}
        for job in parsed["jobs"].values():
            assert set(job["permissions"]) <= {"contents", "security-events"}
            assert job["permissions"]["contents"] == "read"
            for step in job["steps"]:
                used = step.get("uses", "./")
                assert used == "./" or re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", used)
                if used.startswith("actions/checkout"):
                    assert step["with"]["persist-credentials"] is False
