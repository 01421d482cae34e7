"""Findings of a change only: what it touched, what it took away, and how git tells it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dbguard.changes import same_lines
from tests.scratch import Repository, run_git

GUARDED = 'set -e\ncp app.db "app-$(date +%s).db"\n\n\nrm app.db\n'


def test_only_what_a_branch_added_is_reported(repository: Repository) -> None:
    repository.commit(a_sql="DROP TABLE a;\nSELECT 1;\n", b_sql="DROP TABLE b;\n")
    repository.branch()
    repository.commit(a_sql="-- above\nDROP TABLE a;\nSELECT 1;\nDROP TABLE new;\n")
    assert len(repository.found()) == 3
    assert repository.found("--diff", "main") == [("a.sql", 4, "drop-table")]
    code, out, _ = repository.run("scan", "--diff", "main")
    assert (code, "2 not of this change" in out) == (1, True)


def test_taking_the_backup_away_above_an_untouched_line_is_reported(
    repository: Repository,
) -> None:
    repository.commit(a_sh=GUARDED)
    assert repository.found("--diff", "HEAD") == []
    repository.branch()
    repository.commit(a_sh="set -e\n\n\nrm app.db\n")
    assert repository.found("--diff", "main") == [("a.sh", 4, "delete-database-file")]


def test_taking_a_suppression_away_is_reported(repository: Repository) -> None:
    comment = "# dbguard: ignore-next-line[delete-database-file] demo data\n"
    repository.commit(a_sh=comment + "rm app.db\n")
    repository.branch()
    repository.commit(a_sh="rm app.db\n")
    assert repository.found("--diff", "main") == [("a.sh", 1, "delete-database-file")]


def test_the_evidence_may_go_in_the_file_that_runs_the_script(repository: Repository) -> None:
    caller = (
        "set -e\npg_dump shop > shop-$(date +%s).sql\npsql -v ON_ERROR_STOP=1 shop -f drop.sql\n"
    )
    repository.commit(drop_sql="DROP TABLE users;\n", run_sh=caller)
    repository.branch()
    repository.commit(run_sh="set -e\npsql -v ON_ERROR_STOP=1 shop -f drop.sql\n")
    assert ("drop.sql", 1, "drop-table") in repository.found("--diff", "main")


def test_what_main_did_meanwhile_is_not_of_the_branch(repository: Repository) -> None:
    repository.commit(a_sql="SELECT 1;\n")
    repository.branch()
    repository.commit(b_sql="DROP TABLE b;\n")
    repository.git("checkout", "-q", "main")
    repository.commit(a_sql="DROP TABLE a;\n")
    repository.git("checkout", "-q", "work")
    assert repository.found("--diff", "main") == [("b.sql", 1, "drop-table")]
    repository.git("merge", "-q", "--no-edit", "main")
    assert repository.found("--diff", "main") == [("b.sql", 1, "drop-table")]


def test_a_renamed_file_is_the_same_file(repository: Repository) -> None:
    body = "".join(f"SELECT {number};\n" for number in range(20))
    repository.commit(old_sql=body + "DROP TABLE a;\n")
    repository.branch()
    repository.git("mv", "old.sql", "new name.sql")
    repository.write("new name.sql", body + "DROP TABLE a;\nDROP TABLE b;\n")
    repository.commit()
    assert repository.found("--diff", "main") == [("new name.sql", 22, "drop-table")]


def test_moved_out_of_the_tests_it_is_worse(repository: Repository) -> None:
    (repository.folder / "tests").mkdir()
    repository.commit(**{"tests/x_sql": "DROP TABLE a;\n"})
    repository.branch()
    repository.git("mv", "tests/x.sql", "x.sql")
    repository.commit()
    assert repository.found("--diff", "main") == [("x.sql", 1, "drop-table")]


def test_new_deleted_and_uncommitted_files(repository: Repository) -> None:
    repository.commit(a_sql="DROP TABLE a;\n", b_sql="DROP TABLE b;\n")
    repository.git("rm", "-q", "a.sql")
    repository.write("b.sql", "DROP TABLE b;\nDROP TABLE c;\n")
    repository.write("new\nline.sql", "DROP TABLE d;\n")
    found = repository.found("--diff", "HEAD")
    assert found == [("b.sql", 2, "drop-table"), ("new\nline.sql", 1, "drop-table")]


def test_line_ends_of_another_system_are_no_change(repository: Repository) -> None:
    repository.commit(a_sql="DROP TABLE a;\n")
    (repository.folder / "a.sql").write_bytes(b"DROP TABLE a;\r\n")
    assert repository.found("--diff", "HEAD") == []


def test_from_a_folder_and_in_a_linked_work_tree(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    repository.write("db/a.sql", "DROP TABLE a;\n")
    repository.commit()
    linked = tmp_path / "linked"
    repository.git("worktree", "add", "-q", "-b", "work", str(linked))
    (linked / "db/a.sql").write_text("DROP TABLE a;\nDROP TABLE b;\n")
    monkeypatch.chdir(linked / "db")
    assert repository.found("--diff", "main") == [("a.sql", 2, "drop-table")]


def test_a_shallow_clone_says_how_to_deepen_it(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    repository.commit()
    repository.branch()
    repository.commit(a_sql="DROP TABLE a;\n")
    shallow = tmp_path / "shallow"
    url = repository.folder.as_uri()
    run_git(tmp_path, "clone", "-q", "--depth=1", "--branch=work", url, str(shallow))
    monkeypatch.chdir(shallow)
    code, out, err = repository.run("scan", "--diff", "origin/main")
    assert (code, out) == (3, "")
    assert "`fetch-depth: 0`" in err
    assert repository.run("scan", "--config-from", "origin/main")[0] == 3
    run_git(shallow, "fetch", "-q", "--unshallow", "origin", "+refs/heads/*:refs/remotes/origin/*")
    assert repository.found("--diff", "origin/main") == [("a.sql", 1, "drop-table")]


@pytest.mark.parametrize("name", ["nowhere", "--output=x", "", "HEAD:a"])
def test_a_base_that_is_no_commit_is_an_error(repository: Repository, name: str) -> None:
    code, _, err = repository.run("scan", f"--diff={name}")
    if name:
        assert (code, "is no commit" in err) == (2, True)
    else:
        assert code == 0
    assert not (repository.folder / "x").exists()


def test_outside_of_git_there_is_no_change(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, err = repository.run("scan", "--diff", "main")
    assert (code, "not in a git work tree" in err) == (2, True)


def test_staged_is_the_version_of_the_index(repository: Repository) -> None:
    repository.commit(a_sql="DROP TABLE a;\n", c_sql="SELECT 1;\n")
    repository.write("a.sql", "DROP TABLE a;\nDROP TABLE b;\n")
    repository.git("add", "a.sql")
    repository.write("a.sql", "SELECT 1;\n")
    repository.write("c.sql", "DROP TABLE c;\n")
    assert repository.found("--staged") == [("a.sql", 2, "drop-table")]
    assert repository.found("--staged", "c.sql") == []


def test_staged_before_the_first_commit(repository: Repository) -> None:
    repository.git("checkout", "-q", "--orphan", "new")
    repository.write("a.sql", "DROP TABLE a;\n")
    repository.write("deploy", "#!/bin/sh\nrm app.db\n")
    repository.git("add", ".")
    assert repository.found("--staged") == [
        ("a.sql", 1, "drop-table"),
        ("deploy", 2, "delete-database-file"),
    ]


def test_a_merge_adds_only_what_neither_side_had(repository: Repository) -> None:
    repository.commit(a_sql="SELECT 1;\n")
    repository.branch()
    repository.commit(b_sql="DROP TABLE b;\n")
    repository.git("checkout", "-q", "main")
    repository.commit(a_sql="DROP TABLE a;\n")
    repository.git("merge", "-q", "--no-commit", "--no-ff", "work")
    assert repository.found("--staged") == []
    repository.write("b.sql", "DROP TABLE b;\nDROP TABLE evil;\n")
    repository.git("add", "b.sql")
    assert repository.found("--staged") == [("b.sql", 2, "drop-table")]


def test_nothing_the_repository_configures_runs(repository: Repository, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    program = repository.folder / "evil.sh"
    program.write_text(f"#!/bin/sh\necho $0 $* >> {canary}\ncat\n")
    program.chmod(0o755)
    repository.commit(a_sql="DROP TABLE a;\n")
    repository.write(".gitattributes", "* filter=evil diff=evil\n")
    repository.commit()
    for hook in ("post-index-change", "fsmonitor-watchman", "post-checkout"):
        path = repository.folder / ".git/hooks" / hook
        path.parent.mkdir(exist_ok=True)
        path.symlink_to(program)
    for key in (
        "core.fsmonitor", "core.pager", "core.editor", "core.sshCommand", "diff.external",
        "diff.evil.textconv", "diff.evil.command", "filter.evil.clean", "filter.evil.smudge",
        "filter.evil.process", "pager.diff-index", "pager.cat-file", "pager.ls-tree",
    ):  # fmt: skip
        repository.git("config", key, str(program))
    canary.unlink(missing_ok=True)
    repository.write("a.sql", "DROP TABLE a;\nDROP TABLE b;\n")
    os.utime(repository.folder / "a.sql", (1, 1))
    for arguments in (["--diff", "HEAD"], ["--staged"], ["--config-from", "HEAD"]):
        repository.report(*arguments)
    assert repository.found("--diff", "HEAD") == [("a.sql", 2, "drop-table")]
    assert not canary.exists()


texts = st.lists(st.sampled_from("abcd"), max_size=12).map("\n".join)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(texts, texts)
def test_a_line_that_stayed_the_same_is_the_same_and_in_order(old: str, new: str) -> None:
    before, after = old.split("\n"), new.split("\n")
    same = same_lines(old, new)
    assert all(after[line - 1] == before[was - 1] for line, was in same.items())
    pairs = sorted(same.items())
    assert [was for _, was in pairs] == sorted({was for _, was in pairs})
    assert same_lines(new, new) == {line: line for line in range(1, len(after) + 1)}


def test_other_peoples_code_is_left_out_of_changes_too(repository: Repository) -> None:
    repository.branch()
    text = "DROP TABLE a;\n"
    for name in ("node_modules/x/a.sql", "lib/site-packages/a.sql", "env/a.sql", "vendor/a.sql"):
        repository.write(name, text)
    repository.write("env/pyvenv.cfg", "")
    repository.write("vendor/modules.txt", "")
    repository.write("own/a.sql", text)
    repository.git("add", "-A", "--force")
    assert repository.found() == [("own/a.sql", 1, "drop-table")]
    assert repository.found("--staged") == [("own/a.sql", 1, "drop-table")]
    assert repository.found("--diff", "main") == [("own/a.sql", 1, "drop-table")]
    assert "node_modules" in repository.run("scan", "--staged", "--verbose")[1]
