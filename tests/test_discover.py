"""Which files are checked, in git work trees, elsewhere, and in hostile trees."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from dbguard import git
from dbguard.config import Config
from dbguard.discover import Discovery, discover
from dbguard.foreign import why_foreign, why_foreign_by
from dbguard.options import Input, ScanOptions
from dbguard.reading import FILE_LIMIT

Run = Callable[..., Discovery]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _git(folder: Path, *arguments: str) -> None:
    subprocess.run(
        ["git", "-c", "user.name=x", "-c", "user.email=x@x", *arguments],
        cwd=folder,
        check=True,
        capture_output=True,
        env=git.clean_environment(),
    )


def _write(folder: Path, *names: str, text: str = "x\n") -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def _find(root: Path, *paths: str, exclude: tuple[str, ...] = ()) -> Discovery:
    return discover(ScanOptions(paths or (".",), root, Config(exclude=exclude)))


def _paths(found: Discovery) -> list[str]:
    return [candidate.path for candidate in found.candidates]


def _left(found: Discovery) -> dict[str, str]:
    return {left.path: left.why for left in found.left_out}


@pytest.fixture(params=["git", "walk"])
def tree(request: pytest.FixtureRequest, project: Path) -> Path:
    """A folder that is a git work tree, and one that is not."""
    if request.param == "git":
        _git(project, "init", "-q")
    return project


def test_kinds_are_told_by_name_and_shebang(tree: Path) -> None:
    _write(tree, "a.py", "b/c.sql", "README.rst", "LICENSE", "x.psql", "y.ddl")
    _write(tree, "bin/deploy", "bin/run.it", text="#!/usr/bin/env -S bash -e\n")
    (tree / "bin/run.it").chmod(0o755)
    found = _find(tree)
    assert _paths(found) == ["a.py", "b/c.sql", "bin/deploy", "bin/run.it", "x.psql", "y.ddl"]
    assert [c.kind.language for c in found.candidates][2] == "shell"
    assert not found.left_out
    assert not found.problems


def test_ignored_files_are_not_looked_at(tree: Path) -> None:
    _write(tree, "a.py", "b.py", "sub/c.py", "sub/keep.py", "out/d.py")
    (tree / ".gitignore").write_text("b.py\n/out/\n*.bad[\n")
    (tree / "sub/.gitignore").write_text("*.py\n!keep.py\n")
    assert _paths(_find(tree)) == ["a.py", "sub/keep.py"]


def test_a_tracked_file_is_checked_although_it_is_ignored(project: Path) -> None:
    _git(project, "init", "-q")
    _write(project, "a.py")
    _git(project, "add", "a.py")
    (project / ".gitignore").write_text("*\n")
    assert _paths(_find(project)) == ["a.py"]


def test_an_ignored_file_or_folder_that_is_named_is_checked(tree: Path) -> None:
    _write(tree, "a.py", "out/d.py")
    (tree / ".gitignore").write_text("*\n")
    assert _paths(_find(tree, "a.py", "out")) == ["a.py", "out/d.py"]


def test_other_peoples_code_is_left_out_and_counted(tree: Path) -> None:
    _write(
        tree,
        "a.py",
        "node_modules/x/y.sh",
        "web/node_modules/z.sh",
        "env/pyvenv.cfg",
        "env/lib/a.py",
        "vendor/modules.txt",
        "vendor/g/x.sh",
        "own/vendor/x.sh",
    )
    found = _find(tree)
    assert _paths(found) == ["a.py", "own/vendor/x.sh"]
    assert _left(found) == {
        "env/": "in a virtual environment",
        "node_modules/": "in node_modules/",
        "vendor/": "in vendor/ (vendored)",
        "web/node_modules/": "in node_modules/",
    }
    named = _find(tree, "node_modules/x/y.sh")
    assert _left(named) == {"node_modules/x/y.sh": "in node_modules/"}
    assert _paths(_find(tree, "node_modules")) == ["node_modules/x/y.sh"]


def test_excludes_hold_for_files_that_are_named(tree: Path) -> None:
    _write(tree, "a.py", "old/b.py", "old/README.rst")
    found = _find(tree, "a.py", "old/b.py", "old", exclude=("old/",))
    assert _paths(found) == ["a.py"]
    assert "old/b.py" in _left(found)
    assert set(_left(_find(tree, exclude=("*.py",)))) == {"a.py", "old/b.py"}


def test_excludes_are_relative_to_the_root(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _write(tree, "sub/a.py", "sub/b.py")
    monkeypatch.chdir(tree / "sub")
    found = discover(ScanOptions((".",), tree, Config(exclude=("/sub/a.py",))))
    assert _paths(found) == ["b.py"]
    assert [c.project_path for c in found.candidates] == ["sub/b.py"]


def test_a_named_file_of_no_kind_is_counted(tree: Path) -> None:
    _write(tree, "README.rst")
    assert _left(_find(tree, "README.rst")) == {"README.rst": "not a kind of file dbguard reads"}


def test_each_file_once_under_its_first_name(tree: Path) -> None:
    _write(tree, "a/b.py")
    assert _paths(_find(tree, "a/b.py", "a", ".", "./a/../a/b.py")) == ["a/b.py"]
    assert _paths(_find(tree, str(tree / "a"))) == [f"{tree}/a/b.py"]


def test_a_tree_of_pipes_links_and_loops(tree: Path) -> None:
    _write(tree, "a/b.py")
    os.mkfifo(tree / "pipe.sql")
    os.mkfifo(tree / "pipe")
    (tree / "a/loop").symlink_to("..")
    (tree / "self").symlink_to("self")
    (tree / "dangling.py").symlink_to("nowhere")
    (tree / "etc.sh").symlink_to("/etc/profile")
    found = _find(tree)
    assert _paths(found) == ["a/b.py"]
    left = _left(found)
    assert {left[name] for name in ("a/loop", "self", "dangling.py", "etc.sh")} == {
        "a symbolic link"
    }
    if not (tree / ".git").exists():  # git lists no pipes
        assert left["pipe"] == "a named pipe"
        assert [p.path for p in found.problems] == ["pipe.sql"]


def test_a_named_pipe_or_lost_link_is_a_problem(tree: Path) -> None:
    os.mkfifo(tree / "pipe.sql")
    (tree / "dangling.py").symlink_to("nowhere")
    (tree / "self").symlink_to("self")
    found = _find(tree, "pipe.sql", "dangling.py", "self", "never.py")
    assert {p.path: p.incomplete for p in found.problems} == dict.fromkeys(
        ["pipe.sql", "dangling.py", "self", "never.py"], True
    )


def test_a_link_that_is_named_is_followed(tree: Path) -> None:
    _write(tree, "a/b.py")
    (tree / "link.py").symlink_to("a/b.py")
    found = _find(tree, "link.py")
    assert [(c.path, c.follow) for c in found.candidates] == [("link.py", True)]


def test_a_tree_deeper_than_the_stack(tree: Path) -> None:
    depth = 300
    folder = str(tree)
    for _ in range(depth):
        folder += "/d"
        os.mkdir(folder)
    Path(folder, "a.py").write_text("x")
    _find(tree)  # imports what it needs
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack(0)) + depth // 2)
    try:
        found = _find(tree)
    finally:
        sys.setrecursionlimit(limit)
    assert _paths(found) == ["d/" * depth + "a.py"]


HOSTILE = ["a\nb.py", "\x1b[31mred.sh", "-rf.py", "\u202etxt.py", "sp ace.sql", "$(id).sh", "`.py"]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names(tree: Path, name: str) -> None:
    _write(tree, name)
    assert _paths(_find(tree)) == [name]
    assert _paths(_find(tree, f"./{name}")) == [name]


def test_a_name_that_is_not_utf8(tree: Path) -> None:
    (tree / os.fsdecode(b"caf\xe9.py")).write_text("x")
    assert _paths(_find(tree)) == ["caf\udce9.py"]


@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
)
@given(
    st.lists(
        st.text(st.characters(blacklist_characters="\0/"), min_size=1, max_size=12),
        min_size=1,
        max_size=4,
    )
)
def test_any_name_is_found_by_git_as_by_walking(
    tmp_path_factory: pytest.TempPathFactory, names: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("names")
    try:
        for name in names:
            (folder / f"{name}.py").write_text("x")
    except (OSError, UnicodeEncodeError):
        assume(False)
    walked = discover(ScanOptions((str(folder),), folder))
    _git(folder, "init", "-q")
    listed = discover(ScanOptions((str(folder),), folder))
    assert _paths(walked) == _paths(listed)
    assert len(walked.candidates) == len(set(names))


def test_a_folder_that_cannot_be_listed(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Root may list everything, so the refusal is played.
    _write(project, "a.py", "closed/b.py")
    scandir = os.scandir

    def refuse(path: str) -> object:
        if path.endswith("closed"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    found = _find(project)
    assert _paths(found) == ["a.py"]
    assert [(p.path, p.incomplete) for p in found.problems] == [("closed", True)]


def test_a_file_deleted_in_the_work_tree_is_counted(project: Path) -> None:
    _git(project, "init", "-q")
    _write(project, "a.py", "b.py")
    _git(project, "add", ".")
    (project / "b.py").unlink()
    found = _find(project)
    assert _paths(found) == ["a.py"]
    assert _left(found) == {"b.py": "deleted in the work tree"}


def test_a_repository_in_a_repository(project: Path) -> None:
    _git(project, "init", "-q")
    _write(project, "a.py", "inner/b.py", "inner/c.py")
    _git(project / "inner", "init", "-q")
    (project / "inner/.gitignore").write_text("c.py\n")
    assert _paths(_find(project)) == ["a.py", "inner/b.py"]


def test_without_git_the_tree_is_walked_and_that_is_said(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _git(project, "init", "-q")
    _write(project, "a.py")
    monkeypatch.setenv("PATH", "")
    found = _find(project)
    assert _paths(found) == ["a.py"]
    assert [(p.error.split(":")[0], p.incomplete) for p in found.problems] == [
        ("git could not list it (git is not installed)", False)
    ]


def test_git_runs_nothing_of_the_repository(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _git(project, "init", "-q")
    _write(project, "a.py")
    canary = project / "canary"
    script = project / "evil.sh"
    script.write_text(f"#!/bin/sh\ntouch '{canary}'\n")
    script.chmod(0o755)
    hooks = project / ".git/hooks"
    hooks.mkdir(exist_ok=True)
    for hook in ("post-index-change", "fsmonitor-watchman", "pre-auto-gc"):
        (hooks / hook).write_text(script.read_text())
        (hooks / hook).chmod(0o755)
    _git(project, "add", "a.py")
    canary.unlink(missing_ok=True)
    for key in ("core.fsmonitor", "core.pager", "core.editor", "alias.ls-files"):
        _git(project, "config", key, f"!{script}" if key.startswith("alias") else str(script))
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", str(script))
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_INDEX_FILE", "/nowhere")
    assert "a.py" in _paths(_find(project))
    assert not canary.exists()


def test_git_pointed_at_another_tree_hides_nothing(project: Path) -> None:
    _git(project, "init", "-q")
    _write(project, "a.py")
    (project / "elsewhere").mkdir()
    _git(project, "config", "core.worktree", str(project / "elsewhere"))
    assert _paths(_find(project)) == ["a.py"]


def _stdin(name: str, data: bytes, exclude: tuple[str, ...] = ()) -> Discovery:
    options = ScanOptions((), Path.cwd(), Config(exclude=exclude), Input(name, data))
    return discover(options)


def test_standard_input(project: Path) -> None:
    (candidate,) = _stdin("x/deploy", b"#!/bin/sh\nrm app.db\n").candidates
    assert (candidate.path, candidate.data) == ("x/deploy", b"#!/bin/sh\nrm app.db\n")
    assert candidate.kind.language == "shell"
    assert _left(_stdin("x.rst", b"")) == {"x.rst": "not a kind of file dbguard reads"}
    assert _left(_stdin("x.sql", b"", ("*.sql",))) == {"x.sql": "excluded"}
    large = _stdin("x.sql", bytes(FILE_LIMIT + 1))
    assert [p.stage for p in large.problems] == ["limit"]


@pytest.mark.parametrize(
    ("folder", "mark"),
    [
        ("env", "pyvenv.cfg"),
        ("env", "conda-meta"),
        ("vendor", "modules.txt"),
        ("vendor", "bundle"),
        ("vendor", "other.txt"),
        ("env", "modules.txt"),
        ("node_modules", "x"),
        (".git", "x"),
        ("src", "x"),
    ],
)
def test_what_a_listing_tells_of_a_folder_is_what_looking_tells(
    folder: str, mark: str, tmp_path: Path
) -> None:
    _write(tmp_path, f"{folder}/{mark}")
    place = str(tmp_path / folder)
    assert why_foreign_by(folder, set(os.listdir(place))) == why_foreign(place)


def test_a_folder_that_is_both_foreign_and_excluded_is_foreign(project: Path) -> None:
    _write(project, "env/pyvenv.cfg", "env/a.py", "old/.git/x", "old/a.py")
    assert _left(_find(project, exclude=("env/", "old/"))) == {
        "env/": "in a virtual environment",
        "old/": "excluded",
    }
