"""The shortest way says what the scan says, or leaves it to the scan."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import dbguard
from dbguard.cli import main
from dbguard.glance import MOST_FILES, all_clear

QUIET = "def area(r: float) -> float:\n    return r * r * 3.14\n"
HIT = "import os\nos.remove('app.db')\n"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for number in range(3):
        (folder / f"{number}.py").write_text(QUIET)
    (folder / "x.sql").write_text("SELECT 1;\n")
    return folder


@pytest.mark.parametrize(
    "names", [("0.py",), ("0.py", "1.py", "x.sql"), ("./0.py", "0.py"), ("../project/0.py",)]
)
def test_says_what_the_scan_says(
    names: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    said = all_clear(("scan", *names))
    assert main(("scan", *names)) == 0
    assert said == capsys.readouterr().out


@pytest.mark.parametrize(
    "text", ["", "x = 'é'\n", "# coding: latin-1\nx = 1\n", "\ufeffx = 1\n", "x = (\n"]
)
def test_says_it_of_any_text(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("0.py").write_text(text, encoding="utf-8")
    said = all_clear(("scan", "0.py"))
    code = main(("scan", "0.py"))
    assert said is None or (said, 0) == (capsys.readouterr().out, code)


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("scan",),
        ("rules",),
        ("scan", "."),
        ("scan", ""),
        ("scan", "-"),
        ("scan", "-q", "0.py"),
        ("scan", "0.py", "--format=json"),
        ("scan", "missing.py"),
        ("scan", "0.py", "a.sh"),
        ("scan", "0.py", "hit.py"),
        ("scan", "spoken.py"),
        ("scan", "notes.txt"),
        ("scan", "link.py"),
        ("scan", "binary.py"),
        ("scan", "node_modules/x.py"),
        ("scan", "vendor/x.py"),
        ("scan", "environment/x.py"),
        ("scan", "nul\0.py"),
        ("scan", *(["0.py"] * (MOST_FILES + 1))),
    ],
)
def test_leaves_to_the_scan(arguments: tuple[str, ...], project: Path) -> None:
    (project / "hit.py").write_text(HIT)
    (project / "spoken.py").write_text("x = 1  # dbguard: ignore[drop-table] -- old\n")
    (project / "notes.txt").write_text(QUIET)
    (project / "a.sh").write_text("true\n")
    (project / "link.py").symlink_to("0.py")
    (project / "binary.py").write_bytes(b"x = 1\0\n")
    for folder in ("node_modules", "vendor", "environment"):
        (project / folder).mkdir()
        (project / folder / "x.py").write_text(QUIET)
    (project / "environment" / "pyvenv.cfg").touch()
    assert all_clear(arguments) is None


@pytest.mark.parametrize("where", [".", ".."])
def test_leaves_projects_with_settings_to_the_scan(where: str) -> None:
    settings = Path(where) / "pyproject.toml"
    settings.write_text("[project]\nname = 'x'\n")
    assert all_clear(("scan", "0.py")) is not None
    settings.write_text("[tool.dbguard]\nexclude = ['0.py']\n")
    assert all_clear(("scan", "0.py")) is None
    settings.unlink()
    (Path(where) / ".dbguard.yaml").touch()
    assert all_clear(("scan", "0.py")) is None


def test_loads_next_to_nothing() -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv.pop(1))\n"
        "from dbguard.__main__ import main\n"
        "code = main()\n"
        "print(code, sorted({'re', 'enum', 'dataclasses', 'argparse', 'typing'} & set(sys.modules)))"
    )
    package = str(Path(dbguard.__file__).parent.parent)
    run = subprocess.run(
        [sys.executable, "-X", "utf8", "-I", "-S", "-c", code, package, "scan", "0.py"],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    assert run.stdout.splitlines()[1:] == ["0 []"]


def test_the_log_of_the_commands_on_databases_is_no_settings(project: Path) -> None:
    (project / ".dbguard").mkdir()
    assert all_clear(("scan", "0.py")) is not None
    (project / ".dbguard.yaml").touch()
    assert all_clear(("scan", "0.py")) is None
