"""What the documents say holds: commands run, outputs are real, examples are judged so.

What a block says to these tests stands behind its language: see tests/document_blocks.py.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any
from urllib.parse import unquote

import pytest
import yaml

from dbguard.analysis import analyse
from dbguard.config import load
from dbguard.git import clean_environment, listed_files
from dbguard.kinds import kind_of_name
from dbguard.report.formats import FORMATS
from dbguard.source import SourceFile
from tests.document_blocks import (
    REPOSITORY,
    Block,
    anchors,
    blocks,
    documents,
    text_of,
    without_blocks,
)
from tests.github_runner import action, program
from tests.scratch import run_git

DOCUMENTS = documents()
ALL = [block for document in DOCUMENTS for block in blocks(document)]

SCRATCH = {
    "deploy.sh": "#!/bin/sh\ngit pull\n",
    "db/001.sql": "CREATE TABLE users (id INTEGER PRIMARY KEY);\n",
    "app.py": "print('hello')\n",
}
"""What lies in a document's scratch repository before its first block: nothing to find."""

_SUFFIX = {"python": ".py", "sh": ".sh", "sql": ".sql", "make": ".mk"}
_ROLES = ("output", "settings", "workflow", "pre-commit", "gitlab", "prose")


def _id(block: Block) -> str:
    return str(block)


def _with(*names: str) -> list[Block]:
    return [b for b in ALL if b.words & set(names) or b.values.keys() & set(names)]


@pytest.mark.parametrize("block", ALL, ids=_id)
def test_every_block_says_what_it_is(block: Block) -> None:
    """A block that no test looks at is a promise that nobody keeps."""
    roles = [role for role in _ROLES if role in block.words]
    roles += [key for key in ("file", "finds") if key in block.values][:1]
    if block.language == "sh" and not roles:
        assert block.words == set()
        assert block.values.keys() <= {"exit", "run", "because"}
        assert block.values.get("run") in (None, "slow", "no")
        assert ("because" in block.values) == (block.values.get("run") == "no")
    else:
        assert len(roles) == 1, f"{block}: see tests/document_blocks.py"


# --- commands ---


class _Scratch:
    """A repository in which the blocks of a document run, one after the other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "project"
        programs = folder / "bin"
        for path in (self.folder, programs):
            path.mkdir()
        command = programs / "dbguard"
        command.write_text(
            f'#!/bin/sh\nPYTHONPATH="{REPOSITORY}" exec "{sys.executable}" -m dbguard "$@"\n'
        )
        command.chmod(0o755)
        self.environment = {
            **clean_environment(),
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(folder),
            "NO_COLOR": "1",
        }
        for name, text in SCRATCH.items():
            self.write(name, text)
        run_git(self.folder, "init", "-q", "-b", "main")
        self.commit()
        run_git(self.folder, "update-ref", "refs/remotes/origin/main", "HEAD")

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def commit(self) -> None:
        run_git(self.folder, "add", "-A")
        run_git(self.folder, "commit", "-q", "-m", "x")

    def run(self, block: Block) -> str:
        """Run a block, check how it ends, and return what it printed."""
        run = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", block.text],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )
        assert run.returncode == int(block.values.get("exit", "0")), f"{block}\n{run.stdout}"
        return run.stdout


def _runs(block: Block) -> bool:
    return block.language == "sh" and not block.words and "finds" not in block.values


@pytest.mark.parametrize("document", sorted({block.document for block in ALL}))
def test_commands_do_what_the_document_says(document: str, tmp_path: Path) -> None:
    scratch, said = _Scratch(tmp_path), ""
    for block in blocks(document):
        if "file" in block.values:
            scratch.write(block.values["file"], block.text)
        elif "output" in block.words:
            assert _is(block, said), f"{block} should read:\n{said}"
        elif _runs(block) and "run" not in block.values:
            said = scratch.run(block)


def _is(block: Block, said: str) -> bool:
    if block.language == "json":
        return _matches(json.loads(block.text), json.loads(said))
    pattern = ".*?".join(map(re.escape, block.text.strip().split("...")))
    return re.fullmatch(pattern, said.strip(), re.DOTALL) is not None


def _matches(wanted: Any, found: Any) -> bool:
    """Say whether JSON is as wanted, where "..." stands for any value and for further ones."""
    if wanted == "...":
        return True
    if isinstance(wanted, dict) and isinstance(found, dict):
        if "..." not in wanted and wanted.keys() != found.keys():
            return False
        named = {key: value for key, value in wanted.items() if key != "..."}
        return all(key in found and _matches(value, found[key]) for key, value in named.items())
    if isinstance(wanted, list) and isinstance(found, list):
        further = wanted[-1:] == ["..."]
        wanted = wanted[:-1] if further else wanted
        return (len(found) > len(wanted) if further else len(found) == len(wanted)) and all(
            map(_matches, wanted, found)
        )
    return type(wanted) is type(found) and wanted == found


@pytest.mark.slow
def test_what_installs_works_in_a_fresh_clone(tmp_path: Path) -> None:
    slow = [block for block in ALL if block.values.get("run") == "slow"]
    assert slow
    clone = tmp_path / "clone"
    for name in listed_files(str(REPOSITORY), str(REPOSITORY)):
        source = REPOSITORY / name
        if source.is_file():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            (clone / name).write_bytes(source.read_bytes())
    run_git(clone, "init", "-q")
    python = Path(sys.executable).resolve().parent
    environment = {**clean_environment(), "PATH": f"{python}{os.pathsep}{os.environ['PATH']}"}
    environment.pop("PYTHONPATH", None)
    for block in slow:
        run = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", block.text],
            cwd=clone, env=environment, capture_output=True, encoding="utf-8", check=False,
        )  # fmt: skip
        assert run.returncode == 0, f"{block}\n{run.stdout}{run.stderr}"
        assert "checked " in run.stdout


@pytest.mark.parametrize("block", [b for b in ALL if b.language == "sh"], ids=_id)
def test_commands_are_shell(block: Block) -> None:
    run = subprocess.run(
        ["bash", "-n"], input=block.text, capture_output=True, encoding="utf-8", check=False
    )
    assert run.returncode == 0, f"{block}: {run.stderr}"


# --- examples ---


@pytest.mark.parametrize("block", _with("finds"), ids=_id)
def test_examples_are_judged_as_the_document_says(block: Block) -> None:
    name = block.values.get("as", f"example{_SUFFIX[block.language]}")
    kind = kind_of_name(name)
    assert kind is not None
    analysis = analyse(SourceFile(name, block.text), kind.language, dialect=kind.dialect)
    assert not analysis.problems
    found = {f"{f.rule}:{f.severity.value}" for f in analysis.findings}
    wanted = set(block.values["finds"].split(",")) - {"nothing"}
    assert found == wanted, block


ADVICE = [
    (page.stem, code)
    for page in sorted((REPOSITORY / "docs/rules").glob("*.md"))
    for part in re.findall(
        r"^## Do instead\n(.*?)(?=^## |\Z)", page.read_text("utf-8"), re.M | re.S
    )
    for code in re.findall(r"(?:^    .*\n|^\n(?=    ))+", part, re.M)
]


@pytest.mark.parametrize(("rule", "code"), ADVICE, ids=[rule for rule, _ in ADVICE])
def test_what_a_rule_advises_is_not_reported(rule: str, code: str) -> None:
    text = dedent(code).strip("\n") + "\n"
    if text.startswith("[tool.dbguard"):
        return
    language = "sql" if re.match(r"[A-Z]{2,} ", text) else "shell"
    analysis = analyse(SourceFile(f"advice.{language}", text), language)
    found = {f"{f.rule}:{f.severity.value}" for f in analysis.findings}
    if rule == "overwrite-database-file":
        assert found == {"overwrite-database-file:warning"}  # as its page says
    elif rule == "bad-suppression":
        assert found == {"drop-table:error"}  # analyse() knows no comments
    else:
        assert found == set()


# --- what other programs read ---


@pytest.mark.parametrize("block", _with("settings"), ids=_id)
def test_settings_are_understood(block: Block, tmp_path: Path) -> None:
    name = "pyproject.toml" if block.language == "toml" else ".dbguard.yaml"
    (tmp_path / name).write_text(block.text, encoding="utf-8")
    load(tmp_path / name, required=True)


@pytest.mark.parametrize("block", _with("pre-commit"), ids=_id)
def test_pre_commit_reads_its_configuration(block: Block, tmp_path: Path) -> None:
    file = tmp_path / ".pre-commit-config.yaml"
    file.write_text(block.text, encoding="utf-8")
    _passes(tmp_path, sys.executable, "-m", "pre_commit", "validate-config", str(file))


@pytest.mark.parametrize("block", _with("workflow"), ids=_id)
def test_workflows_pass_the_linters(block: Block, tmp_path: Path) -> None:
    file = tmp_path / ".github/workflows/dbguard.yml"
    file.parent.mkdir(parents=True)
    file.write_text(block.text, encoding="utf-8")
    yaml.safe_load(block.text)
    if Path(program("actionlint")).exists():
        _passes(tmp_path, program("actionlint"), str(file))
    if Path(program("zizmor")).exists():
        _passes(tmp_path, program("zizmor"), "--offline", "--no-progress", str(file))


def _passes(folder: Path, *command: str) -> None:
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


# --- links and names ---


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_somewhere(document: str) -> None:
    text = without_blocks(document)
    links = re.findall(r"\]\(<?([^)>\s]+)>?\)", text) + re.findall(r'(?:src|href)="([^"]+)"', text)
    for link in links:
        if re.match(r"[a-z]+:", link):
            assert link.startswith(("https://", "mailto:")), link
            continue
        path, _, anchor = link.partition("#")
        target = (REPOSITORY / document).parent / unquote(path) if path else REPOSITORY / document
        assert target.exists(), f"{document}: {link}"
        if anchor and target.suffix == ".md":
            assert anchor in anchors(os.path.relpath(target, REPOSITORY)), f"{document}: {link}"


def test_every_format_and_every_input_of_the_action_has_its_place() -> None:
    formats = re.findall(r"^## (.*)$", text_of("docs/formats.md"), re.MULTILINE)
    assert sorted(formats) == sorted(FORMATS)
    documented = set(re.findall(r"^\| `([a-z-]+)` \|", text_of("docs/ci.md"), re.MULTILINE))
    assert documented == {*action()["inputs"], *action()["outputs"]}


def test_the_first_screen_has_what_it_promises() -> None:
    """What it is, a command for the main job, one for the tests: in the first 24 lines."""
    screen = "\n".join(text_of("README.md").splitlines()[:24])
    assert "A static guard against accidental destruction of databases" in screen
    assert ".venv/bin/dbguard scan ." in screen
    assert "\n.ci/run\n" in screen


def test_nobody_is_told_to_install_the_package_of_somebody_else() -> None:
    """``dbguard`` on PyPI is another project, and ``dbguard-cli`` is not there yet."""
    for path in listed_files(str(REPOSITORY), str(REPOSITORY)):
        if path.endswith((".md", ".yml", ".yaml", "Dockerfile", ".svg")):
            text = (REPOSITORY / path).read_text("utf-8", "replace")
            assert not re.search(r"(?:install|uvx|pipx run|tool run) (?:-\S+ )*dbguard\b", text), (
                path
            )


def test_the_tests_of_documents_can_fail(tmp_path: Path) -> None:
    wrong = {"a": [1, "..."], "...": "..."}
    assert _matches(wrong, {"a": [1, 2], "b": 3})
    assert not _matches(wrong, {"a": [1]})
    assert not _matches({"a": 1}, {"a": 1, "b": 2})
    assert not _matches([True], [1])
    block = Block("x", 1, "text", frozenset({"output"}), {}, "one ...three\n")
    assert _is(block, "one two\nthree\n")
    assert not _is(block, "one two\nthree four\n")
    failing = Block("x", 1, "sh", frozenset(), {}, "false\ntrue\n")
    with pytest.raises(AssertionError):
        _Scratch(tmp_path).run(failing)
