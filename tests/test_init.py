"""``dbguard init``: what it adds, and that it adds nothing else."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dbguard.adoption import file_change, setup, yaml_text
from dbguard.adoption.file_change import AdoptionError, FileChange
from dbguard.adoption.setup import Wanted
from dbguard.config import load_project
from tests.scratch import Repository

COMMIT = "0123456789012345678901234567890123456789"
REPO = ("--repo", "https://github.com/owner/guard", "--rev", COMMIT)
LOCAL = Wanted()

CONFIGURATION = """\
# Ours: ask Ann before you touch it.
default_stages: [pre-commit]
repos:
  # formatting
  - repo: https://example.org/black
    rev: "v1"   # pinned
    hooks:
      - id: black
        args: ['-l',   '100']  # odd blanks

# the end
ci: {autofix_prs: false}
"""


def _tree(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and ".git" not in path.relative_to(folder).parts
    }


def test_without_a_terminal_it_shows_and_writes_nothing(repository: Repository) -> None:
    code, out, err = repository.run("init", *REPO)
    assert (code, err) == (0, "")
    assert "+++ b/.pre-commit-config.yaml" in out
    assert "+      - id: dbguard" in out
    assert "+++ b/.github/workflows/dbguard.yml" in out
    assert "dbguard init --yes" in out
    assert _tree(repository.folder) == {}


def test_it_writes_what_the_tools_read_and_a_second_time_nothing(repository: Repository) -> None:
    code, _, err = repository.run("init", "--yes", *REPO)
    assert (code, err) == (0, "")
    written = _tree(repository.folder)
    assert set(written) == {
        ".pre-commit-config.yaml", ".github/workflows/dbguard.yml", ".dbguard.yaml"
    }  # fmt: skip
    hooks = yaml.safe_load(written[".pre-commit-config.yaml"])
    assert hooks == {"repos": [{"repo": REPO[1], "rev": COMMIT, "hooks": [{"id": "dbguard"}]}]}
    load_project(repository.folder)
    assert repository.run("scan")[0] == 0
    code, out, _ = repository.run("init", "--yes", *REPO)
    assert code == 0
    assert out.startswith("everything is set up")
    assert _tree(repository.folder) == written


def test_the_workflow_is_narrow_and_pinned(repository: Repository, tmp_path: Path) -> None:
    repository.git("checkout", "-q", "-b", "trunk/2")
    assert repository.run("init", "--yes", *REPO)[0] == 0
    path = repository.folder / ".github/workflows/dbguard.yml"
    job = yaml.safe_load(path.read_text())
    assert job["permissions"] == {}
    assert job[True]["push"]["branches"] == ["trunk/2"]
    (one,) = job["jobs"].values()
    assert one["permissions"] == {"contents": "read"}
    checkout, ours = one["steps"]
    assert checkout["with"] == {"fetch-depth": 0, "persist-credentials": False}
    assert ours == {"uses": f"owner/guard@{COMMIT}"}
    for step in one["steps"]:
        assert re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", step["uses"])
    actionlint = Path(sys.executable).parent / "actionlint"
    if actionlint.exists():
        subprocess.run([actionlint, path], check=True)


def test_without_an_address_there_is_no_workflow_and_it_says_why(repository: Repository) -> None:
    _, out, _ = repository.run("init", "--yes")
    assert not (repository.folder / ".github").exists()
    assert "no .github/workflows/dbguard.yml" in out
    assert "language: system" in (repository.folder / ".pre-commit-config.yaml").read_text()
    assert "pip install" not in out


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("ending", ["", "\n", "\n\n# last\n"])
def test_every_other_byte_stays(newline: str, ending: str) -> None:
    old = (CONFIGURATION.rstrip("\n") + ending).replace("\n", newline)
    new = setup.with_hook(old, LOCAL)
    at = new.index("  - repo: local")
    end = new.index("require_serial: true") + len("require_serial: true") + len(newline)
    rest = new[:at] + new[end:]
    assert rest.rstrip() == old.rstrip()
    assert rest in (old, old + newline)
    assert (newline == "\n") == ("\r" not in new)
    repos = yaml.safe_load(new)["repos"]
    assert [repo["repo"] for repo in repos] == ["https://example.org/black", "local"]
    assert setup.with_hook(new, LOCAL) == new


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# only a comment\n",
        "repos: []\n",
        "repos: []  # none yet\nexclude: x\n",
        "repos:\n- repo: local\n  hooks:\n  - id: a\n    entry: >-\n      two\n      lines\n\n\nexclude: x\n",
        "repos:\n- repo: local\n  hooks: [{id: a, name: a,\n    entry: b}]\n# c\n",
        "repos:\n- &x\n  repo: local\n  hooks: []\nfail_fast: true",
        "---\nrepos:\n    - repo: a\n      hooks:\n          - id: b\n...\n",
    ],
)
def test_the_entry_goes_into_any_style(text: str) -> None:
    new = setup.with_hook(text, LOCAL)
    old_data = yaml.safe_load(text) or {}
    data = yaml.safe_load(new)
    assert data["repos"][:-1] == (old_data.get("repos") or [])
    assert data["repos"][-1]["hooks"][0]["id"] == "dbguard"
    assert {k: v for k, v in data.items() if k != "repos"} == {
        k: v for k, v in old_data.items() if k != "repos"
    }
    for comment in re.findall("#.*", text):
        assert comment in new


@pytest.mark.parametrize(
    "text",
    ["repos: [{repo: local, hooks: []}]\n", "repos: {}\n", "- a\n", "a: [\n", "{repos: []}\n"],
)
def test_what_takes_no_addition_is_refused(text: str) -> None:
    with pytest.raises(AdoptionError):
        setup.with_hook(text, LOCAL)


_PLAIN = st.text("ab #:'\"-\n|>&*!{}[],", max_size=12)


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.recursive(
        _PLAIN | st.integers() | st.none(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_PLAIN, inner, max_size=3),
        max_leaves=8,
    ),
    st.sampled_from([None, False]),
)
def test_any_data_is_kept(data: object, style: bool | None) -> None:
    text = yaml.safe_dump({"repos": [data, "x"], "z": data}, default_flow_style=style)
    try:
        new = yaml_text.with_item(text, "x.yaml", "repos", ["id: dbguard"])
    except AdoptionError:
        assert style is None  # brackets
        return
    assert yaml.safe_load(new) == {"repos": [data, "x", {"id": "dbguard"}], "z": data}


def test_settings_go_where_a_pyproject_is_and_stay_comments(repository: Repository) -> None:
    old = '[project]\nname = "dbguard-user"\n\n[[tool.x]]\na = 1\n'
    repository.write("pyproject.toml", old)
    assert repository.run("init", "--yes")[0] == 0
    new = (repository.folder / "pyproject.toml").read_text()
    assert new.startswith(old + "\n[tool.dbguard]\n")
    assert not (repository.folder / ".dbguard.yaml").exists()
    # Every example is one that is understood.
    (repository.folder / "pyproject.toml").write_text(
        re.sub(r"^# (?=[a-z-]+(\.[a-z-]+)? = )", "", new, flags=re.MULTILINE)
    )
    config = load_project(repository.folder)
    assert config.exclude == ("dumps/",)
    assert set(config.severity) == {"drop-column"}


def test_yaml_settings_are_understood_without_the_signs(repository: Repository) -> None:
    assert repository.run("init", "--yes")[0] == 0
    path = repository.folder / ".dbguard.yaml"
    lines = path.read_text().splitlines()[2:]
    path.write_text("\n".join(line.removeprefix("# ") for line in lines))
    assert load_project(repository.folder).exclude == ("dumps/",)


def test_a_pyproject_that_takes_no_table_stays(repository: Repository) -> None:
    repository.write("pyproject.toml", "tool = {x = 1}\n")
    assert repository.run("init", "--yes")[0] == 0
    assert (repository.folder / "pyproject.toml").read_text() == "tool = {x = 1}\n"
    assert (repository.folder / ".dbguard.yaml").exists()


def test_gitlab(repository: Repository) -> None:
    repository.write(
        ".gitlab-ci.yml", "stages: [a]\ninclude:\n  - local: b.yml\nx: !reference [a, b]\n"
    )
    assert repository.run("init", "--yes", "--gitlab")[0] == 0
    text = (repository.folder / ".gitlab-ci.yml").read_text()
    assert text == (
        "stages: [a]\ninclude:\n  - local: b.yml\n  - local: dbguard.gitlab-ci.yml\n"
        "x: !reference [a, b]\n"
    )
    template = Path(__file__).parent.parent / "templates/dbguard.gitlab-ci.yml"
    assert (repository.folder / "dbguard.gitlab-ci.yml").read_bytes() == template.read_bytes()
    assert repository.run("init", "--yes", "--gitlab")[1].startswith("everything is set up")


@pytest.mark.parametrize("name", [".pre-commit-config.yaml", ".github", ".dbguard.yaml"])
def test_links_are_not_written_through(repository: Repository, tmp_path: Path, name: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (repository.folder / name).symlink_to(elsewhere / "file" if name != ".github" else elsewhere)
    code, _, err = repository.run("init", "--yes", *REPO)
    assert code == 2
    assert f"{name} is a symbolic link" in err
    assert list(elsewhere.iterdir()) == []
    assert not (repository.folder / ".dbguard.yaml").is_file()


def test_a_file_that_changed_meanwhile_stays(tmp_path: Path) -> None:
    top = str(tmp_path)
    (tmp_path / "a").write_text("one\n")
    change = FileChange(top, "a", b"one\n", b"two\n")
    (tmp_path / "a").write_text("three\n")
    with pytest.raises(AdoptionError, match="meanwhile"):
        change.write()
    assert (tmp_path / "a").read_text() == "three\n"
    with pytest.raises(AdoptionError, match="meanwhile"):
        FileChange(top, "a", None, b"new\n").write()
    assert os.listdir(tmp_path) == ["a"]


def test_the_mode_of_a_file_stays_and_nothing_else_is_left(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("one\n")
    (tmp_path / "a").chmod(0o600)
    FileChange(str(tmp_path), "a", b"one\n", b"two\n").write()
    assert (tmp_path / "a").read_text() == "two\n"
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["a"]


def test_a_new_file_never_takes_the_place_of_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").write_text("made a moment ago\n")
    monkeypatch.setattr(file_change, "content", lambda *_: None)
    with pytest.raises(AdoptionError):
        FileChange(str(tmp_path), "a", None, b"new\n").write()
    assert (tmp_path / "a").read_text() == "made a moment ago\n"
    assert os.listdir(tmp_path) == ["a"]


def test_the_diff_is_safe_to_show(repository: Repository) -> None:
    repository.write(".pre-commit-config.yaml", "repos:\n- repo: x\n  hooks: []  # \x9b31m\u202e\n")
    _, out, err = repository.run("init")
    assert "\u202e" not in out + err
    assert "\x9b" not in out + err


@pytest.mark.parametrize(
    "arguments",
    [("--repo", "x"), ("--rev", "x"), ("--repo", "--upload-pack=x", "--rev", "1"),
     ("--repo", "a b", "--rev", "1"), ("--repo", "x", "--rev", "1\n- repo: y")],
)  # fmt: skip
def test_wrong_addresses_are_refused(repository: Repository, arguments: tuple[str, ...]) -> None:
    options = [word for pair in (arguments[i : i + 2] for i in range(0, len(arguments), 2))
               for word in ("=".join(pair),)]  # fmt: skip
    assert repository.run("init", "--yes", *options)[0] == 2
    assert _tree(repository.folder) == {}


def test_it_needs_a_work_tree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from dbguard.cli import main

    monkeypatch.chdir(tmp_path)
    assert main(["init", "--yes"]) == 2
    assert "no git work tree" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_without_git_it_says_so(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from dbguard.cli import main

    monkeypatch.chdir(repository.folder)
    monkeypatch.setenv("PATH", "")
    assert main(["init", "--yes"]) == 2
    assert capsys.readouterr().err == "dbguard: git is not installed\n"
