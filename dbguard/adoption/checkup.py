"""The questions of ``dbguard doctor``, and the answers."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from enum import Enum
from importlib import import_module
from pathlib import Path

from dbguard import __version__, git
from dbguard.adoption.canary import try_hook
from dbguard.adoption.file_change import AdoptionError
from dbguard.adoption.hook import Hook, Manager, installed_hook
from dbguard.baseline import FILE_NAME as BASELINE
from dbguard.baseline import BaselineError
from dbguard.config import ConfigError, check_rules, load_project
from dbguard.policy import read_baseline
from dbguard.reading import read
from dbguard.records import dataclass
from dbguard.rules import rule_ids
from dbguard.source import Problem

PARSERS = ("tree_sitter", "tree_sitter_python", "tree_sitter_bash", "yaml", "pathspec")

MOST_LINES = 4

_RUNS = re.compile(r"(?:uses|run|local|include|image):|.*\bdbguard scan\b")


class Mark(Enum):
    """What an answer means for the guard."""

    GOOD = "ok"
    REMARK = "note"
    BAD = "FAILS"


@dataclass(frozen=True, slots=True)
class Answer:
    """One line of the report. ``output`` is what a program said, for the bad cases."""

    mark: Mark
    about: str
    told: str
    output: str = ""


def answers(top: str, *, run_hook: bool = False) -> Iterator[Answer]:
    """Yield every answer about the work tree at *top*, the trial of the hook last.

    *run_hook* allows to run a copy of a hook that runs other programs, too.
    """
    yield Answer(Mark.GOOD, "version", f"dbguard {__version__} in {Path(__file__).parent.parent}")
    yield Answer(Mark.GOOD, "Python", f"{sys.version.split()[0]} ({sys.executable})")
    yield _parsers()
    yield _git_version()
    yield _settings(top)
    yield _baseline(top)
    yield from _pipelines(top)
    yield _history(top)
    yield from _hook(top, run_hook=run_hook)


def _parsers() -> Answer:
    try:
        for name in PARSERS:
            import_module(name)
    except ImportError as error:
        return Answer(Mark.BAD, "parsers", f"cannot be imported: {error}")
    return Answer(Mark.GOOD, "parsers", "can be imported")


def _git_version() -> Answer:
    try:
        return Answer(Mark.GOOD, "git", git.version())
    except git.GitError as error:
        return Answer(Mark.BAD, "git", str(error))


def _settings(top: str) -> Answer:
    try:
        config = load_project(Path(top))
        check_rules(config, rule_ids())
    except ConfigError as error:
        return Answer(Mark.BAD, "settings", str(error))
    if config.fail_on is None:
        return Answer(Mark.BAD, "settings", "fail-on is never: no finding blocks anything")
    return Answer(Mark.GOOD, "settings", f"valid; findings block from {config.fail_on.value} on")


def _baseline(top: str) -> Answer:
    try:
        entries = read_baseline(Path(top) / BASELINE).entries
    except BaselineError as error:
        return Answer(Mark.BAD, "baseline", str(error))
    if not os.path.lexists(os.path.join(top, BASELINE)):
        return Answer(Mark.GOOD, "baseline", "none")
    return Answer(Mark.GOOD, "baseline", f"readable, {len(entries)} accepted")


def _pipelines(top: str) -> Iterator[Answer]:
    """Say which pipelines speak of dbguard, and what they say."""
    found = False
    folder = os.path.join(top, ".github", "workflows")
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    paths = [f".github/workflows/{name}" for name in names if name.endswith((".yml", ".yaml"))]
    for path in (*paths, ".gitlab-ci.yml"):
        whole = os.path.join(top, path)
        if not os.path.isfile(whole):
            continue
        data = read(whole, path, follow=False)
        if isinstance(data, Problem):
            yield Answer(Mark.REMARK, "pipeline", f"{path} {data.error}")
            continue
        lines = [line.strip(" -") for line in data.decode("utf-8", "replace").splitlines()]
        if any("dbguard" in line and not line.startswith("#") for line in lines):
            found = True
            said = [line for line in lines if _RUNS.match(line)][:MOST_LINES]
            yield Answer(Mark.GOOD, "pipeline", f"{path} speaks of dbguard: {'; '.join(said)}")
    if not found:
        yield Answer(Mark.REMARK, "pipeline", "none runs dbguard: a commit hook can be skipped")


def _history(top: str) -> Answer:
    try:
        if git.is_shallow(top):
            told = "a shallow clone: --diff needs git fetch --unshallow, or fetch-depth: 0 in CI"
            return Answer(Mark.REMARK, "history", told)
    except git.GitError as error:
        return Answer(Mark.BAD, "history", str(error))
    return Answer(Mark.GOOD, "history", "whole")


def _hook(top: str, *, run_hook: bool) -> Iterator[Answer]:
    try:
        hook = installed_hook(top)
    except (git.GitError, OSError) as error:
        yield Answer(Mark.BAD, "hook", str(error))
        return
    if hook is None:
        yield Answer(Mark.BAD, "hook", "none is installed: dbguard init, then pre-commit install")
        return
    where = f"{hook.path} ({hook.manager.value})"
    if not hook.executable and os.name != "nt":
        yield Answer(Mark.BAD, "hook", f"{where} is not executable: git skips it")
        return
    yield Answer(Mark.GOOD, "hook", where)
    yield _trial(top, hook, run_hook=run_hook)


def _trial(top: str, hook: Hook, *, run_hook: bool) -> Answer:
    if hook.manager is Manager.OTHER and not run_hook:
        calls = (
            "it calls dbguard, but " if hook.runs_dbguard else "it does not call dbguard itself; "
        )
        return Answer(
            Mark.BAD,
            "trial",
            f"not tried: {calls}it runs other programs, which doctor does not; dbguard doctor"
            " --run-hook runs a copy of it in a temporary repository",
        )
    try:
        trial = try_hook(top, hook)
    except (AdoptionError, OSError) as error:
        return Answer(Mark.BAD, "trial", str(error))
    return Answer(Mark.GOOD if trial.holds else Mark.BAD, "trial", trial.told, trial.output)
