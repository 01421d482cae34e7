"""What SECURITY.md promises, watched from inside the interpreter while a scan runs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dbguard.git import clean_environment
from tests.document_blocks import REPOSITORY
from tests.scratch import Repository

WATCHED = """
import json, os, sys
events = []
def hook(event, arguments):
    if event.startswith("socket.") or event in (
        "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "exec.code", "import",
        "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "os.symlink", "os.link",
        "shutil.rmtree", "tempfile.mkstemp",
    ):
        events.append([event, repr(arguments[:2])])
    path, mode, flags = arguments if event == "open" else ("", "", 0)
    writes = set(mode or "") & set("wax+") or flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    # A number is a pipe to git.
    if not isinstance(path, int) and writes:
        events.append([event, repr(arguments[:2])])
sys.addaudithook(hook)
from dbguard.cli import main
code = main(sys.argv[1:])
json.dump([code, events, sorted(sys.modules)], sys.stderr)
"""


def _watched(folder: Path, *arguments: str) -> tuple[int, list[tuple[str, str]], list[str]]:
    run = subprocess.run(
        [sys.executable, "-B", "-c", WATCHED, *arguments],
        cwd=folder,
        env={**clean_environment(), "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    code, events, modules = json.loads(run.stderr)
    return code, [(event, about) for event, about in events], modules


@pytest.mark.parametrize("arguments", [(), ("--diff", "HEAD"), ("--format", "sarif")])
def test_a_scan_runs_git_only_writes_nothing_and_opens_no_socket(
    repository: Repository, arguments: tuple[str, ...]
) -> None:
    repository.commit(a_sql="DROP TABLE a;\n", b_py="import os\nos.remove('app.db')\n")
    before = _files(repository.folder)
    code, events, _ = _watched(repository.folder, "scan", "--jobs", "1", *arguments)
    assert code == (0 if "--diff" in arguments else 1)
    assert {event for event, _ in events} - {"import"} == {"subprocess.Popen"}
    for event, about in events:
        if event == "subprocess.Popen":
            assert about.startswith("('git', ['git', ")
    assert _files(repository.folder) == before


def test_a_fix_is_tried_in_memory_and_only_apply_writes(repository: Repository) -> None:
    reset = "docker compose down -v\n"
    repository.commit(a_sh=reset, b_py="import os\nos.remove('app.db')\n", c_sh="echo\n")
    before = _files(repository.folder)
    code, events, _ = _watched(repository.folder, "fix", "--review")
    assert code == 1
    assert {event for event, _ in events} - {"import"} == {"subprocess.Popen"}
    assert _files(repository.folder) == before
    code, events, _ = _watched(repository.folder, "fix", "--review", "--apply")
    assert code == 0
    assert sum(event == "os.rename" for event, _ in events) == 2
    assert "os.remove" not in {event for event, _ in events}
    after = _files(repository.folder)
    changed = {Path(name).name for name in before if before[name] != after.get(name)}
    assert changed == {"a.sh", "b.py"}
    assert before.keys() == after.keys()


def test_what_lies_in_the_project_is_not_imported(repository: Repository) -> None:
    for name in ("victim", "settings", "conftest", "setup", "sitecustomize"):
        repository.write(f"{name}.py", "import os\nos.remove('app.db')\n")
    repository.write("b.py", "from victim import x\nimport settings\nx.drop_all()\n")
    repository.commit()
    _, events, modules = _watched(repository.folder, "scan", "--jobs", "1")
    assert not {"victim", "settings", "conftest", "setup"} & set(modules)
    assert not any("victim" in about for event, about in events if event == "import")


def test_the_watch_sees_what_it_is_for(tmp_path: Path) -> None:
    report: Any = tmp_path / "report.json"
    (tmp_path / "a.sql").write_text("SELECT 1;\n")
    _, events, _ = _watched(tmp_path, "scan", f"--output=json={report}", "a.sql")
    assert {"os.rename", "open"} <= {event for event, _ in events}
    assert [about for event, about in events if event == "open" and ".report.json." in about]


def _files(folder: Path) -> dict[str, int]:
    found = {}
    for path in folder.rglob("*"):
        if path.is_file():
            found[str(path)] = path.stat().st_mtime_ns
    return found
