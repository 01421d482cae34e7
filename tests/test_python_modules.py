"""Names and functions of the project's other modules, followed as text."""

from __future__ import annotations

from pathlib import Path

import pytest

from dbguard import pipeline
from dbguard.options import ScanOptions


def found(
    root: Path, files: dict[str, str], path: str = "reset.py"
) -> list[tuple[str, int, str, str]]:
    """Return path, line, rule and severity of what a scan of one of *files* finds."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    report = pipeline.scan(ScanOptions((str(root / path),), root))
    assert not report.problems
    return [
        (
            Path(finding.path).name,
            finding.primary.file.position(finding.primary.span.start)[0],
            finding.rule,
            finding.severity.value,
        )
        for finding in report.findings
        if finding.severity.value != "note"
    ]


@pytest.mark.parametrize(
    ("acts", "call"),
    [
        ("import os\ndef clean(path):\n    os.remove(path)\n", "clean('shop.db')"),
        ("def clean(sql):\n    connection.execute(sql)\n", "clean('drop table users')"),
        (
            "def clean(statements):\n    for one in statements:\n        connection.execute(one)\n",
            "clean([f'TRUNCATE users', 'SELECT 1'])",
        ),
        ("import os\ndef clean(line):\n    os.system(line)\n", "clean('dropdb shop')"),
    ],
)
def test_what_a_call_hands_down_is_found_without_a_word_of_its_own(
    tmp_path: Path, acts: str, call: str
) -> None:
    files = {"steps.py": acts, "reset.py": f"from steps import clean\n{call}\n"}
    assert len(found(tmp_path, files)) == 1
    files["reset.py"] = f"from other import clean\n{call}\n"
    assert not found(tmp_path, files)


DELETED = [("reset.py", 3, "delete-database-file", "error")]


@pytest.mark.parametrize(
    ("path", "module", "script"),
    [
        ("config.py", 'P = "data/app.db"', "import os\nfrom config import P\nos.remove(P)\n"),
        ("config.py", 'P = "data/app.db"', "import os\nfrom config import P as Q\nos.remove(Q)\n"),
        ("config.py", 'P = "data/app.db"', "import os\nfrom config import *\nos.remove(P)\n"),
        ("config.py", 'P = "data/app.db"', "import os\nimport config\nos.remove(config.P)\n"),
        ("config.py", 'P = "data/app.db"', "import os\nimport config as c\nos.remove(c.P)\n"),
        ("src/app/config.py", 'P = "a.db"', "import os\nfrom app.config import P\nos.remove(P)\n"),
        (
            "src/app/config.py",
            'P = "a.db"',
            "import os\nfrom app import config\nos.remove(config.P)\n",
        ),
        (
            "config.py",
            'from pathlib import Path\nclass S:\n    p = Path("data") / "app.db"\ns = S()',
            "import os\nfrom config import s\nos.remove(s.p)\n",
        ),
    ],
)
def test_a_path_of_another_module(tmp_path: Path, path: str, module: str, script: str) -> None:
    assert found(tmp_path, {path: module, "reset.py": script}) == DELETED


def test_no_database_no_finding(tmp_path: Path) -> None:
    files = {
        "config.py": 'P = "run/app.pid"',
        "reset.py": "import os\nfrom config import P\nos.remove(P)\n",
    }
    assert found(tmp_path, files) == []


def test_a_relative_import_over_two_modules(tmp_path: Path) -> None:
    files = {
        "app/core/paths.py": 'DB = "var/app.db"\n',
        "app/settings.py": "from .core.paths import DB\n",
        "app/jobs/reset.py": "import os\nfrom ..settings import DB\nos.remove(DB)\n",
    }
    assert found(tmp_path, files, "app/jobs/reset.py") == DELETED


def test_modules_that_import_each_other(tmp_path: Path) -> None:
    files = {
        "config.py": "from reset import P\n",
        "reset.py": "import os\nfrom config import P\nos.remove(P)\n",
    }
    assert found(tmp_path, files) == []


BACKUP = "import shutil\nfrom time import time\ndef keep(p):\n    {}shutil.copy2(p, f'{{p}}.{{time()}}')\n"


@pytest.mark.parametrize(
    ("backup", "severity"),
    [("", "warning"), ("if p.big:\n        ", "error"), ("return\n    ", "error")],
)
def test_a_backup_made_by_another_module(tmp_path: Path, backup: str, severity: str) -> None:
    files = {
        "tools.py": BACKUP.format(backup),
        "reset.py": 'import os\nfrom tools import keep\nkeep("app.db")\nos.remove("app.db")\n',
    }
    assert ("reset.py", 4, "delete-database-file", severity) in found(tmp_path, files)


GUARD = "import os\ndef only_tests():\n    if os.environ['ENV'] {} 'test':\n        raise RuntimeError\n"


@pytest.mark.parametrize(("operator", "expected"), [("!=", 0), ("==", 1)])
def test_a_guard_of_another_module(tmp_path: Path, operator: str, expected: int) -> None:
    files = {
        "safety.py": GUARD.format(operator),
        "reset.py": 'import os\nfrom safety import only_tests\nonly_tests()\nos.remove("app.db")\n',
    }
    assert len(found(tmp_path, files)) == expected


def test_what_a_function_of_another_module_does_stands_there(tmp_path: Path) -> None:
    files = {
        "wiping.py": "import os\n\ndef wipe(path):\n    os.remove(path)\n",
        "reset.py": 'import os\nfrom wiping import wipe\nwipe("app.db")\nos.remove("b.db")\n',
    }
    assert sorted(found(tmp_path, files)) == [
        ("reset.py", 4, "delete-database-file", "error"),
        ("wiping.py", 4, "delete-database-file", "error"),
    ]


def test_a_module_outside_of_the_root_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "config.py").write_text('P = "app.db"\n')
    inner = tmp_path / "inner"
    files = {"reset.py": "import os\nfrom ...config import P\nos.remove(P)\n"}
    inner.mkdir()
    assert found(inner, files) == []
