"""Asking git what a repository holds, without running anything the repository brings.

Only objects and the index are read: no filter, no text conversion, no external diff. What
a partial clone lacks is not fetched.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from dbguard.records import dataclass
from dbguard.refusals import GitError as GitError
from dbguard.refusals import GitRefusalError as GitRefusalError

TIMEOUT = 120  # seconds

# A repository's configuration can name programs. None of these may run.
_SAFE = (
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "protocol.allow=never",
)


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
    arguments = ("ls-files", "-z", "--cached", "--others", "--exclude-standard")
    out = _run(folder, (f"--work-tree={top}",), arguments)
    # An entry in conflict is listed once for each of its stages.
    return list(dict.fromkeys(os.fsdecode(name) for name in out.split(b"\0") if name))


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of a tree or of the index: its mode, its object, 0 or the stage of a conflict."""

    mode: str
    object: str
    stage: int = 0


def commit(top: str, name: str) -> str | None:
    """Return the id of the commit that *name* means, None where there is none."""
    if not name or name.startswith("-"):
        return None
    return _line(top, "rev-parse", "--verify", "--quiet", "--end-of-options", name + "^{commit}")


def merge_base(top: str, one: str, other: str) -> str | None:
    """Return the best common ancestor of two commits, None where none is known."""
    return _line(top, "merge-base", one, other)


def is_shallow(top: str) -> bool:
    """Say whether the history of a repository is cut off."""
    return _line(top, "rev-parse", "--is-shallow-repository") == "true"


def main_branch(top: str) -> str:
    """Return the branch that ``origin`` shows first, else the current one, else "main"."""
    shown = _line(top, "symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD")
    if shown is not None:
        return shown.removeprefix("origin/")
    return _line(top, "symbolic-ref", "--quiet", "--short", "HEAD") or "main"


def hook_folder(top: str) -> str:
    """Return the folder that git takes the hooks of a work tree from.

    ``core.hooksPath`` (relative to *top*), or ``hooks`` beside the objects, which linked
    work trees share. Raises :class:`GitError`.
    """
    configured = _line(top, "config", "--path", "--get-all", "core.hooksPath") or ""
    # The last is our own, from the command line.
    if others := configured.splitlines()[:-1]:
        return os.path.normpath(os.path.join(top, others[-1]))
    shared = _run(top, (), ("rev-parse", "--git-common-dir")).rstrip(b"\n")
    return os.path.normpath(os.path.join(top, os.fsdecode(shared), "hooks"))


def version() -> str:
    """Return git's version as it says it. Raises :class:`GitError`."""
    return _run(os.curdir, (), ("version",)).decode("utf-8", "replace").split("version")[-1].strip()


def tree(top: str, commit_id: str) -> dict[str, Entry]:
    """Return the files of a commit by their paths from the top."""
    out = _run(top, (), ("ls-tree", "-r", "-z", "--full-tree", commit_id))
    entries = {}
    for record in out.split(b"\0"):
        if record:
            about, _, path = record.partition(b"\t")
            mode, _, name = about.decode("ascii").split()
            entries[os.fsdecode(path)] = Entry(mode, name)
    return entries


def index(top: str) -> dict[str, Entry]:
    """Return the files of the index by their paths from the top."""
    entries = {}
    for record in _run(top, (), ("ls-files", "--stage", "-z")).split(b"\0"):
        if record:
            about, _, path = record.partition(b"\t")
            mode, name, stage = about.decode("ascii").split()
            entries[os.fsdecode(path)] = Entry(mode, name, int(stage))
    return entries


def renames(top: str, commit_id: str) -> dict[str, str]:
    """Return the old path of every file that the index has under a new one since a commit.

    Objects are compared, never files of the work tree: no filter runs.
    """
    arguments = ("--cached", "-r", "-z", "-M", "--name-status", "--diff-filter=R")
    out = _run(top, (), ("diff-index", "--no-ext-diff", "--no-textconv", *arguments, commit_id))
    fields = [os.fsdecode(field) for field in out.split(b"\0")]
    return {new: old for _, old, new in zip(fields[::3], fields[1::3], fields[2::3], strict=False)}


def blobs(top: str, objects: Iterable[str], limit: int) -> dict[str, bytes]:
    """Return the content of objects, those of more than *limit* bytes or missing left out."""
    wanted = list(dict.fromkeys(objects))
    if not wanted:
        return {}
    sizes = _run(top, (), ("cat-file", "--batch-check"), "\n".join(wanted).encode() + b"\n")
    small = []
    for line in sizes.decode("ascii", "replace").splitlines():
        name, kind, *size = line.split()
        if kind == "blob" and int(size[0]) <= limit:
            small.append(name)
    if not small:
        return {}
    out = _run(top, (), ("cat-file", "--batch"), "\n".join(small).encode() + b"\n")
    contents, position = {}, 0
    for name in small:
        start = out.index(b"\n", position) + 1
        end = start + int(out[position:start].split()[2])
        contents[name] = out[start:end]
        position = end + 1
    return contents


def object_id(data: bytes, like: str) -> str:
    """Return the id a file of this content would have, in the hash of the id *like*."""
    from hashlib import new

    algorithm = "sha1" if len(like) == 40 else "sha256"
    # A name for a content, not a proof of anything.
    return new(algorithm, b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def _line(top: str, *arguments: str) -> str | None:
    try:
        return _run(top, (), arguments).decode("utf-8", "replace").strip() or None
    except GitRefusalError:
        return None


def _run(
    folder: str, options: tuple[str, ...], arguments: tuple[str, ...], stdin: bytes = b""
) -> bytes:
    # Imported here: files that are named need no git.
    import subprocess

    command = ["git", "--no-optional-locks", "--no-pager", *options, *_SAFE, *arguments]
    try:
        run = subprocess.run(
            command,
            cwd=folder,
            env=clean_environment(),
            input=stdin,
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
        raise GitRefusalError(lines[0] if lines else f"git ended with status {run.returncode}")
    return run.stdout


def clean_environment() -> dict[str, str]:
    """Return the environment without git's variables: they could point it elsewhere."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    environment["GIT_TERMINAL_PROMPT"] = "0"
    environment["GIT_NO_LAZY_FETCH"] = "1"
    environment["GIT_NO_REPLACE_OBJECTS"] = "1"
    environment["LC_ALL"] = "C"
    return environment
