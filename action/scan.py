"""Scan a checked-out repository as a step of GitHub Actions.

Runs in dbguard's own environment (``python -I``). What it is asked stands in DBGUARD_*, what
happened in GITHUB_*. It annotates, adds to the job summary, writes the step's outputs, and
ends with dbguard's exit code. Nothing of the repository runs, and no token is used.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dbguard import git
from dbguard.report.escape import escape, no_command

USAGE, INTERNAL = 2, 4

MOST_SUMMARY = 1_000_000
"""Bytes of a job summary; GitHub takes a mebibyte of a step."""

_OBJECT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


class AskedInVainError(Exception):
    """The step asks for something that cannot be; the message says what."""


@dataclass(frozen=True, slots=True)
class Reports:
    """The files of a run: the report for the log, the summary, and SARIF if asked for."""

    log: Path
    summary: Path
    sarif: Path | None

    @classmethod
    def under(cls, folder: Path, *, sarif: bool) -> Reports:
        """Return files in a folder outside of the workspace, where no link can wait for them."""
        wanted = folder / "dbguard.sarif" if sarif else None
        return cls(folder / "report.txt", folder / "summary.md", wanted)


def main() -> int:
    """Run the step and return its exit code."""
    environment = os.environ
    own = Path(tempfile.mkdtemp(prefix="dbguard-scan.", dir=environment.get("RUNNER_TEMP")))
    workspace = os.path.abspath(environment.get("GITHUB_WORKSPACE") or ".")
    _own_git_settings(own, workspace)
    try:
        reports = Reports.under(own, sarif=_switch(environment, "DBGUARD_SARIF", default=False))
        arguments = _arguments(environment, workspace, reports)
    except AskedInVainError as error:
        _announce([str(error)], USAGE)
        _output(environment, "exit-code", str(USAGE))
        return USAGE
    code = _scan(arguments, workspace, reports)
    _summarise(environment, reports.summary)
    _output(environment, "exit-code", str(code))
    if reports.sarif is not None and reports.sarif.exists():
        _output(environment, "sarif-file", str(reports.sarif))
    return code


def _own_git_settings(folder: Path, workspace: str) -> None:
    """Let git read the user's settings from a folder of our own.

    In a job with a container the workspace belongs to somebody else, which git refuses
    unless settings of the user say otherwise.
    """
    settings = folder / ".gitconfig"
    add = ("git", "config", "--file", str(settings), "--add", "safe.directory")
    # Without git dbguard says itself what it cannot do.
    with suppress(FileNotFoundError):
        for directory in {workspace, os.path.realpath(workspace)}:
            subprocess.run([*add, directory], cwd=folder, check=False, capture_output=True)
    os.environ["HOME"] = str(folder)
    os.environ.pop("XDG_CONFIG_HOME", None)


def _arguments(environment: Mapping[str, str], workspace: str, reports: Reports) -> list[str]:
    """Return the arguments of ``dbguard scan``. Raises AskedInVainError."""
    arguments = ["--format=github"]
    arguments += [f"--output=text={reports.log}", f"--output=markdown={reports.summary}"]
    if reports.sarif is not None:
        arguments.append(f"--output=sarif={reports.sarif}")
    base = _asked_base(environment) or _base_of_event(environment, workspace)
    changed_lines = _switch(environment, "DBGUARD_CHANGED_LINES", default=True)
    if base is not None:
        arguments.append(f"--config-from={base}")
        if changed_lines:
            arguments.append(f"--diff={base}")
    if fail_on := environment.get("DBGUARD_FAIL_ON", "").strip():
        arguments.append(f"--fail-on={fail_on}")
    lines = environment.get("DBGUARD_PATHS", "").splitlines()
    return [*arguments, "--", *([line.strip() for line in lines if line.strip()] or ["."])]


def _switch(environment: Mapping[str, str], name: str, *, default: bool) -> bool:
    text = environment.get(name, "").strip().lower()
    if text not in ("", "true", "false"):
        shown = name.removeprefix("DBGUARD_").lower().replace("_", "-")
        raise AskedInVainError(f"the input {shown} is true or false, not {text!r}")
    return default if not text else text == "true"


def _asked_base(environment: Mapping[str, str]) -> str | None:
    """Return the commit that the input names; zeros stand for a branch that is new."""
    base = environment.get("DBGUARD_BASE", "").strip()
    return base if base.strip("0") else None


def _base_of_event(environment: Mapping[str, str], workspace: str) -> str | None:
    """Return the commit that a pull request or a merge group is compared with, if it is one."""
    name = environment.get("GITHUB_EVENT_NAME", "")
    event = _event(environment)
    request = event.get("pull_request")
    if isinstance(request, dict):
        if name == "pull_request" and (parent := _merged_into(environment, workspace)):
            return parent
        base = request.get("base")
        commit = base.get("sha") if isinstance(base, dict) else None
    elif name == "merge_group":
        group = event.get("merge_group")
        commit = group.get("base_sha") if isinstance(group, dict) else None
    elif name.startswith("pull_request"):
        commit = None
    else:
        return None
    if not isinstance(commit, str) or not _OBJECT.fullmatch(commit):
        raise AskedInVainError(f"the event {name!r} does not say what it is compared with")
    return commit


def _event(environment: Mapping[str, str]) -> dict[str, Any]:
    path = environment.get("GITHUB_EVENT_PATH")
    if not path:
        return {}
    try:
        event = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise AskedInVainError(f"the event cannot be read: {error}") from error
    return event if isinstance(event, dict) else {}


def _merged_into(environment: Mapping[str, str], workspace: str) -> str | None:
    """Return the first parent of the merge commit that GitHub makes of a pull request.

    It is exactly what the change was merged into, and ``fetch-depth: 2`` is enough to know
    it. Only a HEAD that is GITHUB_SHA is GitHub's: a branch can hold merges of its own.
    """
    top = git.work_tree_of(workspace)
    try:
        if top is None or git.commit(top, "HEAD") != environment.get("GITHUB_SHA"):
            return None
        return git.commit(top, "HEAD^1") if git.commit(top, "HEAD^2") else None
    except git.GitError:
        return None


def _scan(arguments: list[str], workspace: str, reports: Reports) -> int:
    """Run dbguard, pass on its annotations, show the report, and return the exit code."""
    command = [sys.executable, "-I", "-m", "dbguard", "scan", *arguments]
    sys.stdout.flush()
    run = subprocess.run(
        command,
        cwd=workspace,
        stderr=subprocess.PIPE,
        check=False,
        env={**os.environ, **_rule_pages(os.environ)},
    )
    code = run.returncode if run.returncode >= 0 else INTERNAL
    said = run.stderr.decode("utf-8", "replace").splitlines()
    for line in said:
        print(no_command(escape(line)))
    if reports.log.exists():
        _show(reports.log.read_text(encoding="utf-8", errors="replace"))
    else:
        _announce(said or ["dbguard did not run"], code)
    return code


def _rule_pages(environment: Mapping[str, str]) -> dict[str, str]:
    """Return where the pages of the rules are, so that SARIF can link to them."""
    repository, ref = environment.get("DBGUARD_REPOSITORY"), environment.get("DBGUARD_REF")
    server = environment.get("GITHUB_SERVER_URL")
    if not (repository and ref and server):
        return {}
    return {"DBGUARD_RULE_PAGES": f"{server}/{repository}/blob/{ref}/docs/rules/"}


def _show(report: str) -> None:
    """Print a report in a group of the log, with commands turned off meanwhile."""
    token = secrets.token_hex(16)
    print(f"::group::dbguard report\n::stop-commands::{token}")
    print(report.rstrip("\n"))
    print(f"::{token}::\n::endgroup::", flush=True)


def _announce(lines: list[str], code: int) -> None:
    """Annotate what kept dbguard from a report."""
    text = "%0A".join(escape(line).replace("%", "%25") for line in lines[-10:])
    print(f"::error title=dbguard%3A exit code {code}::{text}", flush=True)


def _summarise(environment: Mapping[str, str], summary: Path) -> None:
    target = environment.get("GITHUB_STEP_SUMMARY")
    if not target or not summary.exists():
        return
    data = summary.read_bytes()
    if len(data) > MOST_SUMMARY:
        data = data[: data.rindex(b"\n", 0, MOST_SUMMARY) + 1] + b"\nThe rest is in the log.\n"
    with Path(target).open("ab") as stream:
        stream.write(data)


def _output(environment: Mapping[str, str], name: str, value: str) -> None:
    if target := environment.get("GITHUB_OUTPUT"):
        with Path(target).open("a", encoding="utf-8") as stream:
            stream.write(f"{name}={value}\n")


if __name__ == "__main__":
    sys.exit(main())
