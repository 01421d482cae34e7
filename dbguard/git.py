"""Asking git which files a work tree has, without running anything the repository brings."""

from __future__ import annotations

import os

TIMEOUT = 120  # seconds

# A repository's configuration can name programs. None of these may run.
_SAFE = (
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.hooksPath=/dev/null",
)


class GitError(Exception):
    """git is missing or refused; the message says it in its words."""


def has_repository(folder: str) -> bool:
    """Say whether *folder* is the top of a work tree (``.git`` is a file in linked ones)."""
    return os.path.lexists(os.path.join(folder, ".git"))


def work_tree_of(folder: str) -> str | None:
    """Return the nearest folder at or above *folder* that is the top of a work tree."""
    current = os.path.abspath(folder)
    while not has_repository(current):
        parent = os.path.dirname(current)
        if parent == current:
            return None
        current = parent
    return current


def listed_files(folder: str, top: str) -> list[str]:
    """Return what git lists below *folder*: tracked files, and those it does not ignore.

    *top* is the top of the work tree, whatever the repository's configuration says.
    Paths are relative to *folder*. A submodule is listed by its folder, another
    repository too, with a slash at its end. Raises :class:`GitError`.
    """
    # Imported here: files that are named need no git.
    import subprocess

    command = [
        "git",
        "--no-optional-locks",
        f"--work-tree={top}",
        *_SAFE,
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]
    try:
        run = subprocess.run(
            command,
            cwd=folder,
            env=clean_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIMEOUT,
            check=False,
        )
    except FileNotFoundError as error:
        raise GitError("git is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise GitError(f"git did not answer within {TIMEOUT} seconds") from error
    except OSError as error:
        raise GitError(str(error)) from error
    if run.returncode != 0:
        lines = run.stderr.decode("utf-8", "replace").strip().splitlines()
        raise GitError(lines[0] if lines else f"git ended with status {run.returncode}")
    # An entry in conflict is listed once for each of its stages.
    return list(dict.fromkeys(os.fsdecode(name) for name in run.stdout.split(b"\0") if name))


def clean_environment() -> dict[str, str]:
    """Return the environment without git's variables: they could point it elsewhere."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    environment["GIT_TERMINAL_PROMPT"] = "0"
    environment["LC_ALL"] = "C"
    return environment
