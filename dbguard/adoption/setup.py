"""What ``dbguard init`` writes: the hook's entry, the workflow, the settings, a GitLab job."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.resources import files
from typing import Any

from dbguard.adoption import yaml_text
from dbguard.adoption.file_change import AdoptionError, FileChange, content
from dbguard.config import FILE_NAME, YAML_NAME
from dbguard.records import dataclass

PRE_COMMIT = ".pre-commit-config.yaml"
WORKFLOW = ".github/workflows/dbguard.yml"
GITLAB = ".gitlab-ci.yml"
GITLAB_JOB = "dbguard.gitlab-ci.yml"

_CHECKOUT = "actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2"
_GITHUB = re.compile(r"https://github\.com/([A-Za-z0-9-]+/[A-Za-z0-9._-]+?)(?:\.git)?/?")
_FULL_COMMIT = re.compile(r"[0-9a-f]{40}")
_PLAIN = re.compile(r"[A-Za-z0-9_./:@~+-]+")
_BRANCH = re.compile(r"[A-Za-z0-9_./-]+")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for. ``repo`` and ``rev`` say where the hook comes from, '' for from here.

    ``branch`` is the one whose pushes are checked whole.
    """

    repo: str = ""
    rev: str = ""
    gitlab: bool = False
    branch: str = "main"

    def check(self) -> None:
        """Raise AdoptionError where the answers do not fit together."""
        if bool(self.repo) != bool(self.rev):
            raise AdoptionError("--repo URL and --rev COMMIT go together")
        for value in (self.repo, self.rev):
            if value and (value.startswith("-") or not _PLAIN.fullmatch(value)):
                raise AdoptionError(f"{value!r} is no address and no revision")

    @property
    def action(self) -> str:
        """The action's name in a workflow, '' where no workflow can install dbguard."""
        match = _GITHUB.fullmatch(self.repo)
        return f"{match[1]}@{self.rev}" if match and _FULL_COMMIT.fullmatch(self.rev) else ""


@dataclass(frozen=True, slots=True)
class Plan:
    """The files to write, and what is to be said besides."""

    changes: tuple[FileChange, ...]
    notes: tuple[str, ...]


def plan(top: str, wanted: Wanted) -> Plan:
    """Return what would be written below *top*. Raises AdoptionError."""
    wanted.check()
    changes: list[FileChange] = []
    notes: list[str] = []

    def add(name: str, make: Callable[[str], str]) -> None:
        old = content(top, name)
        text = "" if old is None else _decoded(old, name)
        new = make(text).encode("utf-8")
        if new != (old or b""):
            changes.append(FileChange(top, name, old, new))

    add(PRE_COMMIT, lambda text: with_hook(text, wanted))
    if wanted.action:
        action = wanted.action
        add(WORKFLOW, lambda text: text or workflow(action, wanted.branch))
    elif not wanted.gitlab:
        notes.append(
            f"no {WORKFLOW}: a workflow has to install dbguard, which is on no package index"
            " yet; with --repo https://github.com/OWNER/NAME --rev COMMIT (40 digits) it is written"
        )
    if wanted.gitlab:
        job = files("dbguard.adoption").joinpath(GITLAB_JOB).read_text("utf-8")
        add(GITLAB_JOB, lambda text: text or job)
        add(GITLAB, with_gitlab_job)
        notes.append(
            "the GitLab job runs in the image $DBGUARD_IMAGE: build it from dbguard's Dockerfile"
            f" and set the variable in {GITLAB} or in the project's settings"
        )
    settings = content(top, FILE_NAME)
    if content(top, YAML_NAME) is None:
        if settings is not None and _takes_table(settings):
            add(FILE_NAME, with_table)
        else:
            add(YAML_NAME, lambda text: text or _commented_yaml())
    notes += _next_steps(wanted)
    return Plan(tuple(changes), tuple(notes))


def _next_steps(wanted: Wanted) -> Iterator[str]:
    if not wanted.repo:
        yield (
            "the hook runs the dbguard of whoever commits (language: system): each needs it"
            " installed, from a clone; with --repo URL --rev COMMIT pre-commit installs it"
        )
    yield "then: pre-commit install (or prek install), and commit these files"
    yield "dbguard baseline accepts what there is now; dbguard doctor proves that the hook blocks"


def with_hook(text: str, wanted: Wanted) -> str:
    """Return a pre-commit configuration with our hook in it. Raises AdoptionError."""
    data = yaml_text.data_of(text, PRE_COMMIT)
    if any(hook.get("id") == "dbguard" for _, hook in hooks_of(data)):
        return text
    if wanted.repo:
        item = [
            f"repo: {wanted.repo}",
            f"rev: '{wanted.rev}'",
            "hooks:",
            "  - id: dbguard",
        ]
    else:
        item = [
            "repo: local",
            "hooks:",
            "  - id: dbguard",
            "    name: dbguard",
            "    entry: dbguard scan --quiet",
            "    language: system",
            "    types: [text]",
            "    require_serial: true",
        ]
    return yaml_text.with_item(text, PRE_COMMIT, "repos", item)


def hooks_of(data: Any) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield each hook of a pre-commit configuration, with the repository it belongs to."""
    repos = data.get("repos") if isinstance(data, dict) else None
    for repo in repos if isinstance(repos, list) else ():
        hooks = repo.get("hooks") if isinstance(repo, dict) else None
        for hook in hooks if isinstance(hooks, list) else ():
            if isinstance(hook, dict):
                yield repo, hook


def workflow(action: str, branch: str) -> str:
    """Return a workflow for GitHub that checks pull requests, and pushes to *branch*."""
    if not _BRANCH.fullmatch(branch):
        branch = "main"
    return f"""\
name: dbguard
on:
  pull_request:
  push:
    branches: ['{branch}']
permissions: {{}}
jobs:
  dbguard:
    name: dbguard
    runs-on: ubuntu-24.04
    permissions:
      contents: read # to check out
    steps:
      - uses: {_CHECKOUT}
        with:
          fetch-depth: 0 # a pull request is compared with where it began
          persist-credentials: false
      - uses: {action}
"""


def with_gitlab_job(text: str) -> str:
    """Return a pipeline of GitLab that includes our job. Raises AdoptionError."""
    data = yaml_text.data_of(text, GITLAB)
    included = data.get("include") if isinstance(data, dict) else None
    if _includes(included):
        return text
    return yaml_text.with_item(text, GITLAB, "include", [f"local: {GITLAB_JOB}"])


def _includes(included: object) -> bool:
    if isinstance(included, list):
        return any(_includes(one) for one in included)
    if isinstance(included, dict):
        return _includes(included.get("local"))
    return isinstance(included, str) and included.lstrip("/") == GITLAB_JOB


_SETTINGS = """\
# Settings of dbguard. None is set: these are examples, to be uncommented. Patterns are those of
# .gitignore, from this folder. What is not understood is an error.
"""

_EXAMPLES = (
    ("exclude", "dumps/", "not checked"),
    ("database-files", "*.store", "these are databases too"),
    ("not-database-files", "maps/*.db", "these are none"),
    ("test-paths", "qa/", "these are tests, where less is an error"),
)


def _commented_yaml() -> str:
    lines = [f"# {key}: [{example!r}]  # {about}" for key, example, about in _EXAMPLES]
    lines += ["# fail-on: warning  # error, warning, note or never"]
    lines += ["# minimum-severity: note  # what is reported: error, warning or note"]
    lines += ["# severity:", "#   drop-column: note  # error, warning, note or off"]
    return _SETTINGS + "\n".join(lines) + "\n"


def with_table(text: str) -> str:
    """Return a pyproject.toml with an empty table of ours, and what it may hold as comments."""
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = ["[tool.dbguard]", *_SETTINGS.splitlines()]
    lines += [f'# {key} = ["{example}"]  # {about}' for key, example, about in _EXAMPLES]
    lines += ['# fail-on = "warning"  # error, warning, note or never']
    lines += ['# minimum-severity = "note"  # what is reported: error, warning or note']
    lines += ['# severity.drop-column = "note"  # error, warning, note or off']
    if _toml(text).get("tool", {}).get("dbguard") is not None:
        return text
    ending = "" if text.endswith("\n") or not text else newline
    return text + ending + newline + newline.join(lines) + newline


def _takes_table(data: bytes) -> bool:
    """Say whether a pyproject.toml has our table, or may get one at its end."""
    text = _decoded(data, FILE_NAME)
    old = _toml(text)
    tools = old.get("tool", {})
    if isinstance(tools, dict) and "dbguard" in tools:
        return True
    try:
        new = _toml(with_table(text))
    except AdoptionError:  # tool = {...}: a table that takes no more
        return False
    return new == {**old, "tool": {**tools, "dbguard": {}}}


def _toml(text: str) -> dict[str, Any]:
    toml = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    try:
        table: dict[str, Any] = toml.loads(text)
    except (toml.TOMLDecodeError, RecursionError) as error:
        raise AdoptionError(f"{FILE_NAME} is not valid TOML: {error}") from error
    return table


def _decoded(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise AdoptionError(f"{name} is not UTF-8") from error
