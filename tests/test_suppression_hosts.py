"""Comments that accept a finding in files that carry another language: in both languages."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from dbguard import pipeline
from dbguard.options import ScanOptions

_HERE = "# dbguard: ignore[delete-database-file] gone"
_NEXT = "# dbguard: ignore-next-line[delete-database-file] gone"

_CASES = {
    "a step": (
        ".github/workflows/ci.yml",
        f"jobs:\n  a:\n    runs-on: own\n    steps:\n      - run: rm app.db  {_HERE}\n",
    ),
    "a script of a step": (
        ".github/workflows/ci.yml",
        f"jobs:\n  a:\n    steps:\n      {_NEXT}\n      - run: |\n          ls\n          rm app.db\n",
    ),
    "a named step": (
        ".github/workflows/ci.yml",
        f"jobs:\n  a:\n    steps:\n      {_NEXT}\n      - name: x\n        run: rm app.db\n      - run: ls\n",
    ),
    "inside a script": (
        ".github/workflows/ci.yml",
        f"jobs:\n  a:\n    steps:\n      - run: |\n          {_NEXT}\n          rm app.db\n",
    ),
    "a command of a service": (
        "compose.yml",
        f"services:\n  a:\n    image: x\n    command: rm app.db {_HERE}\n",
    ),
    "a list of words": (
        "compose.yml",
        f"services:\n  a:\n    {_NEXT}\n    command: [rm, app.db]\n",
    ),
    "a line of a job": (
        ".gitlab-ci.yml",
        f"a:\n  script:\n    - ls\n    {_NEXT}\n    - rm app.db\n",
    ),
    "a command of CircleCI": (
        ".circleci/config.yml",
        f"jobs:\n  a:\n    machine: true\n    steps:\n      - run: ssh h rm app.db {_HERE}\n",
    ),
    "a task": ("Taskfile.yml", f"tasks:\n  a:\n    cmds:\n      - rm app.db  {_HERE}\n"),
    "a play": (
        "ansible/site.yml",
        f"- hosts: all\n  tasks:\n    {_NEXT}\n    - name: x\n      ansible.builtin.file:\n"
        "        path: app.db\n        state: absent\n",
    ),
    "a recipe of make": ("Makefile", f"a:\n\trm app.db {_HERE}\n"),
    "above a recipe's line": ("Makefile", f"a:\n\tls\n\t{_NEXT}\n\trm app.db\n"),
    "a recipe of just": ("justfile", f"a:\n    rm app.db {_HERE}\n"),
    "above a line of just": ("justfile", f"a:\n    {_NEXT}\n    rm app.db\n"),
    "a script of just": ("justfile", f"a:\n    #!/bin/sh\n    {_NEXT}\n    rm app.db\n"),
    "a command of tox": ("tox.ini", f"[testenv]\ncommands =\n    {_NEXT}\n    rm app.db\n"),
    "at a command of tox": ("tox.ini", f"[testenv]\ncommands =\n    rm app.db {_HERE}\n"),
    "the command of an image": ("Dockerfile", f"FROM x\n{_NEXT}\nCMD [\"rm\", \"app.db\"]\n"),
    "a long command": ("Dockerfile", f"FROM x\n{_NEXT}\nCMD ls && \\\n  rm app.db\n"),
    "a process": ("Procfile", f"{_NEXT}\nrelease: rm app.db\n"),
    "a task in TOML": ("pyproject.toml", f"[tool.poe.tasks]\na = \"rm app.db\"  {_HERE}\n"),
    "a unit": ("a.service", f"[Service]\n{_NEXT}\nExecStart=/bin/rm app.db\n"),
    "a crontab": ("crontab", f"{_NEXT}\n0 0 * * * rm app.db\n"),
    "a pipeline": ("Jenkinsfile", f"//{_NEXT[1:]}\nsh '''\n  ls\n  rm app.db\n'''\n"),
    "at a step of Jenkins": ("Jenkinsfile", f"sh 'rm app.db' //{_HERE[1:]}\n"),
    "a machine": ("Vagrantfile", f"{_NEXT}\nx.vm.provision :shell, inline: \"rm app.db\"\n"),
    "a block": ("AGENTS.md", f"<!-- {_NEXT[2:]} -->\n```sh\nls\nrm app.db\n```\n"),
    "inside a block": ("AGENTS.md", f"```sh\nrm app.db {_HERE}\n```\n"),
}  # fmt: skip


def _scan(folder: Path, name: str, text: str) -> list[tuple[str, str | None]]:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    report = pipeline.scan(ScanOptions((str(path),), folder, today=date(2026, 11, 24)))
    assert not report.problems
    return [(finding.rule, finding.suppressed_by) for finding in report.findings]


@pytest.mark.parametrize(("name", "text"), _CASES.values(), ids=_CASES)
def test_it_holds_in_a_host(tmp_path: Path, name: str, text: str) -> None:
    assert _scan(tmp_path, name, text) == [("delete-database-file", "gone")]


@pytest.mark.parametrize(("name", "text"), _CASES.values(), ids=_CASES)
def test_without_it_there_is_a_finding(tmp_path: Path, name: str, text: str) -> None:
    found = _scan(tmp_path, name, text.replace("dbguard:", "note:"))
    assert found == [("delete-database-file", None)]


def test_a_comment_above_a_whole_job_or_play_accepts_nothing(tmp_path: Path) -> None:
    steps = "    steps:\n      - run: rm app.db\n"
    found = _scan(tmp_path, ".github/workflows/a.yml", f"jobs:\n  {_NEXT}\n  a:\n{steps}")
    assert set(found) == {("delete-database-file", None), ("unused-suppression", None)}
    play = f"{_NEXT}\n- hosts: all\n  tasks:\n    - shell: rm app.db\n"
    found = _scan(tmp_path, "playbooks/a.yml", play)
    assert set(found) == {("delete-database-file", None), ("unused-suppression", None)}


def test_what_a_scalar_says_is_no_comment_of_the_host(tmp_path: Path) -> None:
    text = (
        "jobs:\n  a:\n    steps:\n"
        "      - run: \"rm app.db && echo ' # dbguard: ignore[delete-database-file] gone'\"\n"
    )
    assert _scan(tmp_path, ".github/workflows/a.yml", text) == [("delete-database-file", None)]
