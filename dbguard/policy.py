"""Where the settings and the baseline come from: the work tree, or the base of a change."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from dbguard import baseline
from dbguard.baseline import Baseline, BaselineError
from dbguard.config import FILE_NAME, YAML_NAME, Config, ConfigError, load_project, of_files
from dbguard.finding import Finding
from dbguard.reading import FILE_LIMIT, read
from dbguard.records import dataclass
from dbguard.refusals import ChangeError
from dbguard.source import Problem, SourceFile


@dataclass(frozen=True, slots=True)
class Policy:
    """What is asked of a change, and findings about what the change would make of it."""

    config: Config
    baseline: Baseline
    weakened: tuple[Finding, ...] = ()


def read_baseline(path: str | os.PathLike[str], *, required: bool = False) -> Baseline:
    """Return the baseline in a file; none is there unless it is *required*.

    Raises BaselineError.
    """
    if not os.path.lexists(path) and not required:
        return Baseline()
    data = read(str(path), str(path))
    if isinstance(data, Problem):
        raise BaselineError(f"{path} {data.error}")
    return baseline.parse(data.decode("utf-8", "replace"), str(path))


def of_base(root: str, name: str, check: Callable[[Config], None]) -> Policy:
    """Return the policy at the merge base of *name* and HEAD, and how the work tree weakens it.

    *check* raises ConfigError for settings that name what is not known. Raises ConfigError,
    BaselineError, ChangeError, ShallowError or git.GitError.
    """
    from dbguard import git
    from dbguard.changes import fork_point
    from dbguard.weakening import grown_baseline

    top = git.work_tree_of(str(root))
    if top is None:
        raise ChangeError(f"{root} is not in a git work tree: it has no base")
    commit = fork_point(top, name)
    inside = os.path.relpath(root, top).replace(os.sep, "/")
    prefix = "" if inside == "." else inside + "/"
    old = _files_of(top, commit, prefix)
    config = of_files(_settings(old), f"{name}:{prefix}")
    check(config)
    accepted = Baseline()
    if baseline.FILE_NAME in old:
        text = old[baseline.FILE_NAME].decode("utf-8", "replace")
        accepted = baseline.parse(text, f"{name}:{prefix}{baseline.FILE_NAME}")
    weakened = [*_weaker_settings(root, config, check)]
    now = read_baseline(os.path.join(root, baseline.FILE_NAME))
    renamed = {
        new.removeprefix(prefix): old.removeprefix(prefix)
        for new, old in git.renames(top, commit).items()
    }
    file = _text_of(root, baseline.FILE_NAME)
    weakened += grown_baseline(accepted, now, file, renamed)
    return Policy(config, accepted, tuple(weakened))


def _weaker_settings(
    root: str, config: Config, check: Callable[[Config], None]
) -> tuple[Finding, ...]:
    from dbguard.weakening import unreadable_settings, weaker_settings

    name = YAML_NAME if os.path.lexists(os.path.join(root, YAML_NAME)) else FILE_NAME
    file = _text_of(root, name)
    try:
        new = load_project(root)
        check(new)
    except ConfigError as error:
        return (unreadable_settings(file, str(error)),)
    return tuple(weaker_settings(config, new, file))


def _settings(files: Mapping[str, bytes]) -> dict[str, bytes]:
    return {name: data for name, data in files.items() if name != baseline.FILE_NAME}


def _files_of(top: str, commit: str, prefix: str) -> dict[str, bytes]:
    """Return the files of the policy in a commit, by name."""
    from dbguard import git

    tree = git.tree(top, commit)
    entries = {
        name: entry.object
        for name in (FILE_NAME, YAML_NAME, baseline.FILE_NAME)
        if (entry := tree.get(prefix + name)) is not None and entry.mode.startswith("100")
    }
    contents = git.blobs(top, entries.values(), FILE_LIMIT)
    missing = [name for name, blob in entries.items() if blob not in contents]
    if missing:
        raise ConfigError(f"{missing[0]} of the base cannot be read")
    return {name: contents[blob] for name, blob in entries.items()}


def _text_of(root: str, name: str) -> SourceFile:
    path = os.path.join(root, name)
    data = read(path, name)
    text = "" if isinstance(data, Problem) else data.decode("utf-8", "replace")
    return SourceFile(os.path.relpath(path).replace(os.sep, "/"), text)
