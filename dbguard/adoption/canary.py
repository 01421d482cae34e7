"""A canary: a commit that would delete a database, tried in a repository made for it.

The hook under trial is a copy. Of a project that pre-commit (or prek) looks after, only
the entry of dbguard goes along, so no other hook runs. Settings and baseline go along, since
they decide what is found.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from typing import Any

import yaml

from dbguard import git
from dbguard.adoption.file_change import AdoptionError
from dbguard.adoption.hook import Hook, Manager
from dbguard.adoption.setup import PRE_COMMIT, hooks_of
from dbguard.baseline import FILE_NAME as BASELINE
from dbguard.config import FILE_NAME, YAML_NAME
from dbguard.reading import read
from dbguard.records import dataclass
from dbguard.source import Problem

TIMEOUT = 600  # seconds: a manager may install dbguard first
CANARY = "dbguard-canary.sh"
HARMLESS = "dbguard-harmless.sh"
RULE = "delete-database-file"


@dataclass(frozen=True, slots=True)
class Trial:
    """How it went: whether the guard holds, and what there is to say about it."""

    holds: bool
    told: str
    output: str = ""


def own_entry(text: str) -> str:
    """Return a pre-commit configuration with nothing but the hook of dbguard.

    Raises AdoptionError where there is none, or where it is a program of the project: that
    would run code of the project.
    """
    try:
        data = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError) as error:
        raise AdoptionError(f"{PRE_COMMIT} is not valid YAML") from error
    found = [(repo, hook) for repo, hook in hooks_of(data) if hook.get("id") == "dbguard"]
    if not found:
        raise AdoptionError(f"{PRE_COMMIT} has no hook dbguard: run dbguard init")
    for repo, hook in found:
        entry = str(hook.get("entry", "dbguard")).split()
        if entry[:1] != ["dbguard"]:
            raise AdoptionError(
                f"the hook dbguard in {PRE_COMMIT} runs {entry[:1]}, which is not tried"
            )
        if repo.get("repo") == "local" and hook.get("language") not in ("system", "unsupported"):
            raise AdoptionError("a local hook dbguard that is not of language: system is not tried")
        if str(repo.get("repo", "")).startswith("."):
            raise AdoptionError("a hook from a folder of the project is not tried")
    repos = [{**repo, "hooks": [hook]} for repo, hook in found]
    kept: dict[str, Any] = {
        key: value
        for key, value in data.items()
        if key not in ("repos", "ci", "minimum_prek_version")
    }
    return yaml.safe_dump({**kept, "repos": repos}, allow_unicode=True, sort_keys=False)


def try_hook(top: str, hook: Hook) -> Trial:
    """Commit a harmless file and then a canary under a copy of the hook. Raises AdoptionError."""
    with tempfile.TemporaryDirectory(prefix="dbguard-doctor-") as folder:
        return _try(top, hook, os.path.realpath(folder))


def _try(top: str, hook: Hook, folder: str) -> Trial:
    _git(folder, "init", "--quiet", "--template=", "--initial-branch=main")
    hooks = os.path.join(folder, ".git", "hooks")
    os.makedirs(hooks, exist_ok=True)
    _put(os.path.join(hooks, "pre-commit"), hook.data, 0o755 if hook.executable else 0o644)
    if hook.manager in (Manager.PRE_COMMIT, Manager.PREK):
        name = hook.config or PRE_COMMIT
        if os.path.isabs(name) or ".." in name.split("/"):
            raise AdoptionError(f"the hook reads {name}, outside of the project")
        text = _copied(top, name)
        if text is None:
            raise AdoptionError(f"the hook is there, but {name} is not")
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        _put(path, own_entry(text.decode("utf-8", "replace")).encode("utf-8"))
    for name in (FILE_NAME, YAML_NAME, BASELINE):
        data = _copied(top, name)
        if data is not None:
            _put(os.path.join(folder, name), data)
    _put(os.path.join(folder, HARMLESS), b"#!/bin/sh\necho harmless\n", 0o755)
    passed, output = _commit(folder)
    if not passed:
        return Trial(False, "a harmless commit does not pass the hook", output)
    _put(os.path.join(folder, CANARY), b"#!/bin/sh\nrm -f app.db\n", 0o755)
    passed, output = _commit(folder)
    if passed:
        return Trial(False, "a commit that deletes app.db passes the hook", output)
    if f"{CANARY}:" not in output or RULE not in output:
        return Trial(False, "the commit was blocked, but not by dbguard", output)
    return Trial(True, "a commit that deletes app.db is blocked by dbguard, a harmless one passes")


def _copied(top: str, name: str) -> bytes | None:
    path = os.path.join(top, name)
    if not os.path.lexists(path):
        return None
    data = read(path, name, follow=True)
    if isinstance(data, Problem):
        raise AdoptionError(f"{name} {data.error}")
    return data


def _put(path: str, data: bytes, mode: int = 0o644) -> None:
    with open(path, "wb") as stream:
        stream.write(data)
    os.chmod(path, mode)


def _commit(folder: str) -> tuple[bool, str]:
    """Commit everything; return whether it went through, and what was said."""
    _git(folder, "add", "--all", "--force")
    run = _run(folder, "commit", "--quiet", "--allow-empty", "-m", "trial")
    return run.returncode == 0, run.stdout.decode("utf-8", "replace")


def _git(folder: str, *arguments: str) -> None:
    run = _run(folder, *arguments)
    if run.returncode:
        said = run.stdout.decode("utf-8", "replace").strip()
        raise AdoptionError(f"git {arguments[0]} failed in a temporary repository: {said}")


def _run(folder: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    settings = {
        "user.name": "dbguard doctor",
        "user.email": "doctor@example.invalid",
        "commit.gpgsign": "false",
        "core.hooksPath": os.path.join(folder, ".git", "hooks"),
        "core.fsmonitor": "false",
        "core.excludesFile": os.devnull,
        "core.attributesFile": os.devnull,
    }
    options = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
    environment = git.clean_environment()
    # What a hook would be skipped by is the user's shell, not the hook.
    for name in ("SKIP", "PREK_SKIP", "PRE_COMMIT_ALLOW_NO_CONFIG"):
        environment.pop(name, None)
    try:
        return subprocess.run(
            ["git", *options, *arguments],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=TIMEOUT,
            check=False,
        )
    except FileNotFoundError as error:
        raise AdoptionError("git is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise AdoptionError(f"the trial did not end within {TIMEOUT} seconds") from error
