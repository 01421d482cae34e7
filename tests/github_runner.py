"""The steps of a composite action, run as the runner of GitHub Actions runs them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import yaml

from dbguard import git

REPOSITORY = Path(__file__).resolve().parent.parent

_EXPRESSION = re.compile(r"\$\{\{ ([\w.-]+) \}\}")


def action() -> dict[str, Any]:
    """Return action.yml."""
    parsed: dict[str, Any] = yaml.safe_load((REPOSITORY / "action.yml").read_text("utf-8"))
    return parsed


def own_environment(folder: Path) -> str:
    """Make a virtual environment that holds dbguard as it lies here; return its Python.

    It stands in for what the install step makes, and needs no network.
    """
    venv.create(folder, with_pip=False, symlinks=True)
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "here.pth").write_text(f"{REPOSITORY}\n{sysconfig.get_path('purelib')}\n")
    return str(folder / "bin/python")


@dataclass(frozen=True)
class Command:
    """A workflow command, decoded as the runner decodes it."""

    name: str
    properties: dict[str, str]
    message: str


@dataclass(frozen=True)
class Outcome:
    """How the steps ended: exit code of the last that ran, log, summary, outputs by step."""

    code: int
    log: str
    summary: str
    outputs: dict[str, dict[str, str]]

    @property
    def commands(self) -> list[Command]:
        """The commands the runner finds in the log, those in ``stop-commands`` left out."""
        found, token = [], ""
        for line in self.log.splitlines():
            if "##[" in line or "##vso[" in line:
                found.append(Command("legacy", {}, line))
            match = re.match(r"\s*::([^ :]+)(?: (.*?))?::(.*)", line)
            if not match:
                continue
            if token:
                token = "" if match[1] == token else token
            elif match[1] == "stop-commands":
                token = match[3]
            else:
                pairs = dict(pair.split("=", 1) for pair in (match[2] or "").split(",") if pair)
                decoded = {name: unquote(value) for name, value in pairs.items()}
                found.append(Command(match[1], decoded, unquote(match[3])))
        assert not token, "commands stayed turned off"
        return found

    @property
    def annotations(self) -> list[Command]:
        return [c for c in self.commands if c.name in ("error", "warning", "notice")]

    @property
    def annotated(self) -> list[tuple[str, str, int]]:
        """Type, file and line of each annotation that has a line."""
        return [
            (c.name, c.properties["file"], int(c.properties["line"]))
            for c in self.annotations
            if "line" in c.properties
        ]


@dataclass
class Runner:
    """A runner: a folder for temporary files, and the event of the job."""

    temporary: Path
    workspace: Path
    python: str = ""  # skips the install step, whose output it is
    event_name: str = "push"
    event: Any = field(default_factory=dict)
    sha: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)

    def run(self, **inputs: str) -> Outcome:
        """Run the action's steps with inputs (``fail_on`` is ``fail-on``)."""
        asked = {name: str(about.get("default", "")) for name, about in action()["inputs"].items()}
        asked |= {name.replace("_", "-"): value for name, value in inputs.items()}
        known = {f"inputs.{name}": value for name, value in asked.items()}
        outputs: dict[str, dict[str, str]] = {}
        log, summary, code = "", "", 0
        for step in action()["runs"]["steps"]:
            if self.python and step["id"] == "install":
                known["steps.install.outputs.python"] = self.python
                continue
            code, said, told, written = self._step(step, known)
            log, summary, outputs[step["id"]] = log + said, summary + told, written
            known |= {f"steps.{step['id']}.outputs.{key}": text for key, text in written.items()}
            if code:
                break
        return Outcome(code, log, summary, outputs)

    def _step(
        self, step: Mapping[str, Any], known: Mapping[str, str]
    ) -> tuple[int, str, str, dict[str, str]]:
        assert step["shell"] == "bash"
        files = {
            name: self.temporary / f"{name.lower()}-{step['id']}"
            for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_EVENT_PATH")
        }
        for file in files.values():
            file.write_text("")
        event = self.event if isinstance(self.event, str) else json.dumps(self.event)
        files["GITHUB_EVENT_PATH"].write_text(event)
        script = self.temporary / "step.sh"
        script.write_text(step["run"])
        environment = {
            **git.clean_environment(),
            **{name: str(file) for name, file in files.items()},
            "GITHUB_ACTION_PATH": str(REPOSITORY),
            "GITHUB_WORKSPACE": str(self.workspace),
            "GITHUB_EVENT_NAME": self.event_name,
            "GITHUB_SHA": self.sha,
            "RUNNER_TEMP": str(self.temporary),
            **{
                name: _EXPRESSION.sub(lambda match: known.get(match[1], ""), value)
                for name, value in step.get("env", {}).items()
            },
            **self.environment,
        }
        environment.pop("PYTHONPATH", None)
        run = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            cwd=self.workspace,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        written = dict(
            line.split("=", 1) for line in files["GITHUB_OUTPUT"].read_text().splitlines()
        )
        log = run.stdout.decode("utf-8")
        return run.returncode, log, files["GITHUB_STEP_SUMMARY"].read_text("utf-8"), written


def pull_request(base: str, *, fork: bool = False) -> dict[str, Any]:
    """Return what matters of the event of a pull request."""
    owner = "stranger" if fork else "owner"
    return {
        "action": "synchronize",
        "number": 7,
        "pull_request": {
            "base": {"sha": base, "ref": "main", "repo": {"full_name": "owner/shop"}},
            "head": {"sha": "f" * 40, "repo": {"full_name": f"{owner}/shop", "fork": fork}},
        },
    }


def program(name: str) -> str:
    """Return the path of a program that is installed beside the running Python."""
    return os.path.join(os.path.dirname(sys.executable), name)
