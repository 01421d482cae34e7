"""The GitHub Action: its steps, run on real repositories with simulated events."""

from __future__ import annotations

import os
import re
import shutil
from collections import Counter
from pathlib import Path

import pytest

from tests.github_runner import (
    REPOSITORY,
    Runner,
    action,
    own_environment,
    pull_request,
)
from tests.scratch import Repository, run_git

DROP = "DROP TABLE users;\n"


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> str:
    return own_environment(tmp_path_factory.mktemp("environment"))


@pytest.fixture
def runner(tmp_path: Path, repository: Repository, python: str) -> Runner:
    temporary = tmp_path / "runner temp"
    temporary.mkdir()
    return Runner(temporary, repository.folder, python)


def _merged(repository: Repository, runner: Runner, *, fork: bool = False) -> None:
    """Check out the merge of ``work`` into ``main``, as GitHub does for a pull request."""
    base = repository.git("rev-parse", "main")
    repository.git("checkout", "-q", "--detach", "main")
    repository.git("merge", "-q", "--no-ff", "--no-edit", "work")
    runner.event_name, runner.event = "pull_request", pull_request(base, fork=fork)
    runner.sha = repository.git("rev-parse", "HEAD")


# --- what it is made of ---


def test_inputs_never_become_code() -> None:
    steps = action()["runs"]["steps"]
    for step in steps:
        assert "uses" not in step
        assert "${{" not in step["run"]
        assert step["shell"] == "bash"
        assert "working-directory" not in step
    passed = {value for step in steps for value in step["env"].values()}
    assert {f"${{{{ inputs.{name} }}}}" for name in action()["inputs"]} < passed


def test_what_is_installed_is_pinned_by_hash_and_is_all_that_is_needed() -> None:
    text = (REPOSITORY / "action/requirements.txt").read_text("utf-8")
    pinned = set(re.findall(r"^([a-z0-9-]+)==\S+ (?:; .*)?\\$", text, re.MULTILINE))
    blocks = re.split(r"^(?=[a-z])", text, flags=re.MULTILINE)[1:]
    assert all("--hash=sha256:" in block for block in blocks)
    assert len(blocks) == len(pinned)
    project = (REPOSITORY / "pyproject.toml").read_text("utf-8")
    (wanted,) = re.findall(r"^dependencies = \[\n(.*?)^\]", project, re.MULTILINE | re.DOTALL)
    needed = set(re.findall(r'^  "([a-z0-9-]+)', wanted, re.MULTILINE))
    # When this fails: run the command at the top of action/requirements.txt.
    assert needed | {"hatchling"} <= pinned


# --- pull requests ---


def test_a_pull_request_is_told_of_what_it_brings(repository: Repository, runner: Runner) -> None:
    repository.commit(old_sql=DROP)
    repository.branch()
    repository.commit(old_sql=DROP + "SELECT 1;\n", new_sql="SELECT 1;\nDROP TABLE carts;\n")
    _merged(repository, runner)
    ended = runner.run()
    assert ended.code == 1
    assert ended.annotated == [("error", "new.sql", 2)]
    assert ended.outputs["scan"] == {"exit-code": "1"}
    assert "DROP TABLE of carts" not in ended.summary.split("###")[0]
    assert "drop-table" in ended.summary
    assert "1 not of this change" in ended.log
    assert "2 | DROP TABLE carts;" in ended.log


def test_all_findings_if_that_is_asked_for(repository: Repository, runner: Runner) -> None:
    repository.commit(old_sql=DROP)
    repository.branch()
    repository.commit(new_sql="DROP TABLE carts;\n")
    _merged(repository, runner)
    files = {file for _, file, _ in runner.run(changed_lines="false").annotated}
    assert files == {"old.sql", "new.sql"}


def test_what_main_got_since_the_event_is_not_of_the_pull_request(
    repository: Repository, runner: Runner
) -> None:
    repository.branch()
    repository.commit(new_sql="SELECT 1;\n")
    stale = repository.git("rev-parse", "main")
    repository.git("checkout", "-q", "main")
    repository.commit(old_sql=DROP)
    _merged(repository, runner)
    runner.event = pull_request(stale)
    assert runner.run().code == 0


def test_the_policy_is_that_of_the_base(repository: Repository, runner: Runner) -> None:
    repository.branch()
    settings = "[tool.dbguard]\nexclude = ['*.sql']\nfail-on = 'never'\n"
    repository.commit(a_sql=DROP, pyproject_toml=settings)
    _merged(repository, runner)
    ended = runner.run()
    assert ended.code == 1
    assert ("error", "a.sql", 1) in ended.annotated
    titles = {c.properties["title"] for c in ended.annotations}
    assert titles == {"dbguard: drop-table", "dbguard: weakened-guard"}


def test_a_merge_of_the_branch_itself_is_no_base(repository: Repository, runner: Runner) -> None:
    """Who checks out the head gets what the branch made: its merges may hide what they merge."""
    base = repository.git("rev-parse", "main")
    repository.branch()
    repository.commit(a_sql=DROP)
    repository.branch("other")
    repository.commit(b_sql="SELECT 1;\n")
    repository.git("checkout", "-q", "work")
    repository.git("merge", "-q", "--no-ff", "--no-edit", "other")
    runner.event_name, runner.event = "pull_request", pull_request(base)
    runner.sha = "e" * 40
    assert runner.run().annotated == [("error", "a.sql", 1)]


@pytest.mark.parametrize(("depth", "code"), [("1", 3), ("2", 1)])
def test_shallow_clones(
    repository: Repository, runner: Runner, tmp_path: Path, depth: str, code: int
) -> None:
    repository.commit(old_sql=DROP)
    repository.branch()
    repository.commit(a_sql=DROP)
    _merged(repository, runner)
    repository.git("branch", "merge")
    clone = tmp_path / "clone"
    url = repository.folder.as_uri()
    run_git(tmp_path, "clone", "-q", f"--depth={depth}", "--branch=merge", url, str(clone))
    runner.workspace = clone
    ended = runner.run()
    assert ended.code == code
    if code == 1:
        assert ended.annotated == [("error", "a.sql", 1)]
    else:
        (told,) = ended.annotations
        assert "`fetch-depth: 0`" in told.message
        assert told.properties["title"] == "dbguard: exit code 3"
        assert ended.outputs["scan"] == {"exit-code": "3"}


def test_a_pull_request_from_a_fork_needs_no_token(repository: Repository, runner: Runner) -> None:
    repository.branch()
    repository.commit(a_sql=DROP)
    _merged(repository, runner, fork=True)
    ended = runner.run(sarif="false")
    assert (ended.code, ended.annotated) == (1, [("error", "a.sql", 1)])
    scripts = [REPOSITORY / "action.yml", *(REPOSITORY / "action").glob("*.*")]
    assert not any(re.search(r"(?i)github.token|secrets\.\w+ ?}}", s.read_text()) for s in scripts)


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (pull_request("d" * 40), "is no commit that git knows here"),
        (pull_request("HEAD"), "does not say what it is compared with"),
        ({"pull_request": {"base": None}}, "does not say what it is compared with"),
        ({}, "does not say what it is compared with"),
        ("{", "the event cannot be read"),
    ],
)
def test_without_a_base_it_does_not_end_green(runner: Runner, event: object, said: str) -> None:
    runner.event_name, runner.event = "pull_request", event
    ended = runner.run()
    assert ended.code == 2
    assert [said in told.message for told in ended.annotations] == [True]
    assert ended.outputs["scan"] == {"exit-code": "2"}


def test_a_merge_group_is_compared_with_its_base(repository: Repository, runner: Runner) -> None:
    repository.commit(old_sql=DROP)
    base = repository.git("rev-parse", "HEAD")
    repository.branch()
    repository.commit(a_sql=DROP)
    runner.event_name, runner.event = "merge_group", {"merge_group": {"base_sha": base}}
    assert runner.run().annotated == [("error", "a.sql", 1)]


# --- other events ---


def test_a_push_is_checked_whole(repository: Repository, runner: Runner) -> None:
    repository.commit(a_sql=DROP, b_sh="rm -f app.db\n")
    ended = runner.run()
    assert ended.code == 1
    assert ended.annotated == [("error", "a.sql", 1), ("error", "b.sh", 1)]
    repository.commit(a_sql="SELECT 1;\n", b_sh="ls\n")
    clean = runner.run()
    assert (clean.code, clean.annotations) == (0, [])
    assert clean.outputs["scan"] == {"exit-code": "0"}
    assert "checked 2 files" in clean.log


def test_a_base_that_is_asked_for(repository: Repository, runner: Runner) -> None:
    repository.commit(a_sql=DROP)
    before = repository.git("rev-parse", "HEAD")
    repository.commit(b_sql=DROP)
    assert runner.run(base=before).annotated == [("error", "b.sql", 1)]
    # What the event of a push calls the commit before the first of a branch.
    assert len(runner.run(base="0" * 40).annotated) == 2
    ended = runner.run(base="--output=text=owned")
    assert (ended.code, len(ended.annotations)) == (2, 1)
    assert not (repository.folder / "owned").exists()


def test_paths_and_severity(repository: Repository, runner: Runner) -> None:
    (repository.folder / "db").mkdir()
    repository.commit(**{"db/a_sql": DROP, "b_sql": DROP, "-q.sql": DROP})
    files = {file for _, file, _ in runner.run(paths="db\n-q.sql\n").annotated}
    assert files == {"db/a.sql", "-q.sql"}
    ended = runner.run(fail_on="never")
    assert (ended.code, len(ended.annotated)) == (0, 3)


@pytest.mark.parametrize(
    "inputs",
    [
        {"fail_on": "$(touch owned)"},
        {"fail_on": "::error::owned\n::error::owned"},
        {"paths": "$(touch owned)\n`touch owned`"},
        {"paths": "no-such-folder"},
        {"changed_lines": "`touch owned`"},
        {"sarif": "maybe"},
        {"base": "$(touch owned)"},
    ],
)
def test_a_wrong_input_is_said_to_be_one(
    repository: Repository, runner: Runner, inputs: dict[str, str]
) -> None:
    ended = runner.run(**inputs)
    assert ended.code == 2
    (told,) = ended.annotations
    assert told.properties["title"] == "dbguard: exit code 2"
    assert not (repository.folder / "owned").exists()


def test_sarif_lies_outside_of_the_repository(repository: Repository, runner: Runner) -> None:
    victim = repository.folder / "victim"
    victim.write_text("whole")
    (repository.folder / "dbguard.sarif").symlink_to(victim)
    repository.commit(a_sql=DROP)
    runner.environment = {"GITHUB_SERVER_URL": "https://github.com"}
    ended = runner.run(sarif="true")
    file = Path(ended.outputs["scan"]["sarif-file"])
    assert file.is_relative_to(runner.temporary)
    assert '"ruleId": "drop-table"' in file.read_text("utf-8")
    assert victim.read_text() == "whole"


# --- hostile repositories ---

NAMES = (
    "plain.sql",
    "new\nline.sql",
    "x\n::error title=owned::y.sql",
    "::error title=owned::.sql",
    "::stop-commands::x.sql",
    "##[error]owned.sql",
    "##vso[task.complete]owned.sql",
    "\u202elqs.evil\u202c.sql",
    "%0A::error::owned.sql",
    "a,line=9,title=owned.sql",
    "$(touch owned).sql",
    "`touch owned`.sql",
    "--output=text=owned.sql",
    "\x1b[31mred.sql",
    "<img src=x onerror=alert(1)>.sql",
    "[x](http:owned) @user.sql",
)


def test_hostile_names_stay_names(repository: Repository, runner: Runner) -> None:
    for number, name in enumerate(NAMES):
        repository.write(name.replace("/", "_"), f"DROP TABLE t{number};\n")
    repository.commit()
    ended = runner.run(sarif="true")
    assert ended.code == 1
    kinds = Counter(command.name for command in ended.commands)
    assert kinds == {"error": 10, "group": 1, "endgroup": 1}
    assert all(set(c.properties) == {"file", "line", "endLine", "col", "endColumn", "title"}
               for c in ended.annotations)  # fmt: skip
    assert {c.properties["title"] for c in ended.annotations} == {"dbguard: drop-table"}
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", ended.log)
    assert "<img" not in ended.summary
    assert "](http" not in ended.summary
    assert f"{len(NAMES)} errors" in ended.log
    assert sorted(p.name for p in repository.folder.iterdir() if p.name == "owned") == []
    # Those that are not among the ten.
    rest = runner.run(paths="\n".join(name for name in NAMES[-8:] if "\n" not in name))
    assert Counter(c.name for c in rest.annotations) == {"error": 8}
    assert {c.properties["line"] for c in rest.annotations} == {"1"}


def test_ten_of_a_type_worst_first(repository: Repository, runner: Runner) -> None:
    for number in range(12):
        repository.write(f"{number:02}.sql", DROP)
        repository.write(f"{number:02}.down.sql", DROP)
    repository.commit()
    ended = runner.run()
    assert Counter(c.name for c in ended.annotations) == {"error": 10, "notice": 10}
    assert [c.name for c in ended.annotations] == ["error"] * 10 + ["notice"] * 10
    assert "4 more are not annotated" in ended.log


def test_nothing_of_the_repository_is_imported(repository: Repository, runner: Runner) -> None:
    for module in ("json", "sitecustomize", "usercustomize", "yaml", "re", "dbguard/__init__"):
        repository.write(f"{module}.py", "open('owned', 'w').close()\n")
    repository.commit(a_sql=DROP)
    runner.environment = {"PYTHONPATH": str(repository.folder), "PYTHONSTARTUP": "json.py"}
    assert runner.run().annotated == [("error", "a.sql", 1)]
    assert not (repository.folder / "owned").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_in_a_container_the_workspace_belongs_to_somebody_else(
    repository: Repository, runner: Runner
) -> None:
    repository.branch()
    repository.commit(a_sql=DROP)
    _merged(repository, runner)
    for path in (repository.folder, repository.folder / ".git"):
        os.chown(path, 65534, 65534)
    assert runner.run().annotated == [("error", "a.sql", 1)]


def test_without_git_it_does_not_end_green(
    repository: Repository, runner: Runner, tmp_path: Path
) -> None:
    repository.commit(a_sql="SELECT 1;\n")
    programs = tmp_path / "programs"
    programs.mkdir()
    bash = shutil.which("bash")
    assert bash
    (programs / "bash").symlink_to(bash)
    runner.environment = {"PATH": str(programs)}
    runner.event_name, runner.event = "pull_request", pull_request("d" * 40)
    ended = runner.run()
    assert ended.code == 3
    assert ["git is not installed" in told.message for told in ended.annotations] == [True]


def test_the_summary_keeps_to_its_size(repository: Repository, runner: Runner) -> None:
    deep = "/".join(["&" * 200] * 8)
    for number in range(150):
        repository.write(f"{deep}/{number}.sql", DROP)
    repository.commit()
    ended = runner.run()
    assert 900_000 < len(ended.summary.encode()) < 1_048_576
    assert ended.summary.endswith("\nThe rest is in the log.\n")


# --- the whole of it ---


@pytest.mark.slow
def test_the_install_step(repository: Repository, runner: Runner) -> None:
    for module in ("pip", "venv", "ensurepip", "sitecustomize"):
        repository.write(f"{module}.py", "open('owned', 'w').close()\n")
    repository.write("pip.conf", "[global]\nindex-url = http://owned.invalid/\n")
    repository.commit(a_sql=DROP)
    runner.python = ""
    runner.environment = {"PYTHONPATH": str(repository.folder)}
    ended = runner.run()
    assert ended.code == 1, ended.log
    assert ended.annotated == [("error", "a.sql", 1)]
    installed = Path(ended.outputs["install"]["python"])
    assert installed.is_relative_to(runner.temporary)
    assert (installed.parent / "dbguard").exists()
    assert not (repository.folder / "owned").exists()


def test_an_old_python_is_told_so(runner: Runner, tmp_path: Path) -> None:
    old = tmp_path / "python3.9"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    runner.python = ""
    ended = runner.run(python=str(old))
    assert ended.code == 4
    assert "needs Python 3.10 or newer" in ended.annotations[0].message
