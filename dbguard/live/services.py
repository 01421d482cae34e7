"""Whether a service runs that must be stopped before a restore (protocol, section 4)."""

from __future__ import annotations

import json
import shutil
import subprocess

from dbguard.live.failures import RefusedError, UnfinishedError

KINDS = ("systemctl", "pm2", "compose")
_PATIENCE = 30.0  # seconds
_IDLE = frozenset(("inactive", "failed", "dead"))


def check_stopped(service: str) -> None:
    """Raise RefusedError where a service runs, UnfinishedError where that cannot be found out.

    *service* is ``systemctl:NAME``, ``pm2:NAME`` or ``compose:NAME``, or a bare name of a
    systemd unit.
    """
    kind, colon, name = service.partition(":")
    if not colon:
        kind, name = "systemctl", service
    if kind not in KINDS or not name or name.startswith("-"):
        raise RefusedError(f"--service {service}: give systemctl:NAME, pm2:NAME or compose:NAME")
    running, stop = _ASKED[kind](name)
    if running:
        raise RefusedError(f"the service {name} runs: stop it first ({stop})")


def _systemctl(name: str) -> tuple[bool, str]:
    # https://www.freedesktop.org/software/systemd/man/latest/systemctl.html, is-active
    state = _output(("systemctl", "is-active", name), codes=range(5)).strip()
    if not state:
        raise UnfinishedError(f"systemctl does not say whether {name} is active")
    # "inactive" is said of a unit that does not exist, too: a misspelt name is not stopped.
    load = _output(("systemctl", "show", "--property=LoadState", "--value", name)).strip()
    if load == "not-found":
        raise RefusedError(f"systemd knows no unit {name}: is the name right?")
    return state not in _IDLE, f"systemctl stop {name}"


def _pm2(name: str) -> tuple[bool, str]:
    # https://pm2.keymetrics.io/docs/usage/process-management/: jlist prints JSON
    text = _output(("pm2", "jlist"))
    try:
        listed = json.loads(text[text.index("[") :])
        states = [each["pm2_env"]["status"] for each in listed if str(each["name"]) == name]
    except (ValueError, KeyError, TypeError) as error:
        raise UnfinishedError(f"pm2 does not say what runs: {error}") from error
    if not states:
        raise RefusedError(f"pm2 knows no process {name}: is the name right?")
    return any(state not in ("stopped", "errored") for state in states), f"pm2 stop {name}"


def _compose(name: str) -> tuple[bool, str]:
    # https://docs.docker.com/reference/cli/docker/compose/ps/
    command = ("docker", "compose", "ps", "--services", "--filter", "status=running")
    if name not in _output(("docker", "compose", "config", "--services")).split():
        raise RefusedError(f"docker compose knows no service {name} here: is the name right?")
    return name in _output(command).split(), f"docker compose stop {name}"


_ASKED = {"systemctl": _systemctl, "pm2": _pm2, "compose": _compose}


def _output(command: tuple[str, ...], codes: range = range(1)) -> str:
    if shutil.which(command[0]) is None:
        raise UnfinishedError(f"{command[0]} is not on the PATH: the service cannot be looked at")
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
            timeout=_PATIENCE, errors="replace",
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise UnfinishedError(f"{command[0]} does not answer") from None
    if done.returncode not in codes:
        said = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise UnfinishedError(f"{' '.join(command)}: {said}")
    return done.stdout
