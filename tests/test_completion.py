"""The completions, asked for in the shells themselves."""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from dbguard.cli import COMMANDS, main
from dbguard.cli.completion_scripts import options, script
from dbguard.rules import rule_ids


def _bash(tmp_path: Path, *words: str) -> set[str]:
    """Return what bash offers for the last word."""
    (tmp_path / "script").write_text(script("bash"))
    listed = " ".join(f"'{word}'" for word in words)
    run = subprocess.run(
        ["bash", "--norc", "-c",
         f". ./script; COMP_WORDS=({listed}); COMP_CWORD={len(words) - 1}; _dbguard;"
         ' printf "%s\\n" "${COMPREPLY[@]}"'],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    # compopt says that it is not called by a completion, which it is not here
    assert all("compopt" in line for line in run.stderr.splitlines()), run.stderr
    return set(run.stdout.split())


def test_bash(tmp_path: Path) -> None:
    (tmp_path / "deploy.sh").write_text("")
    assert set(COMMANDS) <= _bash(tmp_path, "dbguard", "")
    assert _bash(tmp_path, "dbguard", "expl") == {"explain"}
    assert _bash(tmp_path, "dbguard", "explain", "drop-") == {
        rule for rule in rule_ids() if rule.startswith("drop-")
    }
    assert _bash(tmp_path, "dbguard", "scan", "--sta") == {"--staged"}
    assert _bash(tmp_path, "dbguard", "scan", "--format", "js") == {"json"}
    assert _bash(tmp_path, "dbguard", "scan", "--format", "=", "js") == {"json"}
    assert _bash(tmp_path, "dbguard", "scan", "--fail-on", "=") == {
        "error", "warning", "note", "never"
    }  # fmt: skip
    assert _bash(tmp_path, "dbguard", "-q", "scan", "depl") == {"deploy.sh"}
    assert _bash(tmp_path, "dbguard", "completion", "f") == {"fish"}


def test_bash_as_a_person_does(tmp_path: Path) -> None:
    (tmp_path / "with blank.sql").write_text("")
    seen = _typed(["bash", "--norc", "-i"], tmp_path, ". ./bash\n", "dbguard scan with\t\n")
    assert "with\\ blank.sql" in seen


@pytest.mark.skipif(shutil.which("zsh") is None, reason="no zsh")
def test_zsh(tmp_path: Path) -> None:
    start = "autoload -U compinit; compinit -u -d ./dump; . ./zsh; unsetopt beep\n"
    seen = _typed(["zsh", "-f", "-i"], tmp_path, start, "dbguard explain truncate-t\t\n")
    assert "explain truncate-table" in seen
    seen = _typed(["zsh", "-f", "-i"], tmp_path, start, "dbguard scan --format=sar\t\n")
    assert "--format=sarif" in seen
    seen = _typed(["zsh", "-f", "-i"], tmp_path, start, "dbguard compl\t\n")
    assert "dbguard completion" in seen


def _typed(shell: list[str], folder: Path, start: str, keys: str) -> str:
    """Return what a terminal shows after *keys*."""
    for name in ("bash", "zsh"):
        (folder / name).write_text(script(name))
    environment = {**os.environ, "TERM": "xterm", "PS1": "ready> ", "HOME": str(folder)}
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(folder)
        os.execvpe(shell[0], shell, environment)
    try:
        os.write(terminal, (start + "echo st''arted\n").encode())
        _until(terminal, "started")
        os.write(terminal, (keys + "echo en''ded\n").encode())
        return _until(terminal, "ended")
    finally:
        os.close(terminal)
        os.kill(process, 9)
        os.waitpid(process, 0)


def _until(terminal: int, word: str) -> str:
    seen, end = "", time.monotonic() + 30
    while word not in seen and time.monotonic() < end:
        if select.select([terminal], [], [], 0.2)[0]:
            try:
                seen += os.read(terminal, 65536).decode("utf-8", "replace")
            except OSError:
                break
    return seen


@pytest.mark.skipif(shutil.which("fish") is None, reason="no fish")
def test_fish(tmp_path: Path) -> None:
    (tmp_path / "script").write_text(script("fish"))

    def offered(line: str) -> set[str]:
        run = subprocess.run(
            ["fish", "--no-config", "-c", f"source script; complete -C {line!r}"],
            cwd=tmp_path, capture_output=True, text=True, check=True,
            env={**os.environ, "HOME": str(tmp_path)},
        )  # fmt: skip
        return {line.split("\t")[0] for line in run.stdout.splitlines()}

    assert offered("dbguard ") >= set(COMMANDS)
    assert offered("dbguard explain truncate-") == {"truncate-table"}
    assert offered("dbguard scan --format sar") == {"sarif"}
    assert "--prune" in offered("dbguard baseline --pr")
    assert "--prune" not in offered("dbguard scan --pr")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_option_of_every_command_is_there(
    shell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["completion", shell]) == 0
    text = capsys.readouterr().out
    assert text == script(shell)
    for command in COMMANDS:
        for option in options(command):
            for name in option.names:
                spelt = f"-l {name[2:]}" if shell == "fish" and name[:2] == "--" else name
                if shell == "fish" and name[:2] != "--":
                    spelt = f"-s {name[1:]}"
                assert spelt in text, (command, name)


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_fits_a_screen(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*command.split(), "--help"])
    assert ended.value.code == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80


def test_the_protocol_is_that_of_the_documents(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["protocol"]) == 0
    printed = capsys.readouterr().out
    document = Path(__file__).parent.parent / "docs" / "protocol.md"
    told = document.read_text("utf-8").splitlines()
    assert [line.split(" finds=")[0] for line in told] == printed.splitlines()
    assert "## Section 0: the critical rule" in printed
