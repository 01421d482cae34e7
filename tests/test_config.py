"""Settings: what is taken, and that nothing misunderstood is taken silently."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dbguard.config import Config, ConfigError, check_rules, find_root, load
from dbguard.finding import Severity


def _load(tmp_path: Path, text: str) -> Config:
    path = tmp_path / "pyproject.toml"
    path.write_text(text)
    return load(path)


def test_all_keys(tmp_path: Path) -> None:
    config = _load(
        tmp_path,
        """
        [tool.dbguard]
        exclude = ["old/", "*.gen.sql"]
        fail-on = "error"
        database-files = ["*.store"]
        not-database-files = ["maps/*.db"]
        test-paths = ["qa/"]
        [tool.dbguard.severity]
        drop-column = "note"
        drop-all = "off"
        """,
    )
    assert config == Config(
        exclude=("old/", "*.gen.sql"),
        database_files=("*.store",),
        not_database_files=("maps/*.db",),
        test_paths=("qa/",),
        fail_on=Severity.ERROR,
        severity={"drop-column": Severity.NOTE, "drop-all": None},
    )


def test_never_and_defaults(tmp_path: Path) -> None:
    assert _load(tmp_path, "[tool.dbguard]\nfail-on = 'never'").fail_on is None
    assert _load(tmp_path, "[project]\nname = 'dbguard'") == Config()
    assert _load(tmp_path, "[broken") == Config()  # not ours to judge: it does not name us
    assert load(tmp_path / "missing.toml") == Config()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[tool.dbguard]\nexlude = []", "unknown key 'exlude'; did you mean 'exclude'?"),
        ("[tool.dbguard]\nfail_on = 'error'", "did you mean 'fail-on'?"),
        ("[tool.dbguard]\nexclude = 'x'", "exclude must be a list of strings"),
        ("[tool.dbguard]\nexclude = [1]", "exclude must be a list of strings"),
        ("[tool.dbguard]\nfail-on = 'errors'", "did you mean 'error'?"),
        ("[tool.dbguard]\nfail-on = true", "must be one of error, warning, note, never"),
        ("[tool.dbguard]\nseverity = 1", "severity must be a table"),
        ("[tool.dbguard.severity]\nx = 'never'", "severity.x must be one of"),
        ("[tool]\ndbguard = 1", "must be a table"),
        ("[tool.dbguard", "is not valid TOML"),
        ("[tool.dbguard]\nexclude = ['!']", "not a pattern"),
    ],
)
def test_what_is_not_understood_is_an_error(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        _load(tmp_path, text)
    assert message in str(raised.value)


def test_a_required_file_must_be_there_and_speak_of_us(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        load(tmp_path / "x.toml", required=True)
    (tmp_path / "x.toml").write_text("[project]")
    with pytest.raises(ConfigError, match=r"has no \[tool.dbguard\]"):
        load(tmp_path / "x.toml", required=True)


def test_a_pipe_for_settings_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pyproject.toml")
    with pytest.raises(ConfigError, match="a named pipe"):
        load(tmp_path / "pyproject.toml")


def test_unknown_rules_are_errors() -> None:
    config = Config(severity={"drop-tabel": None})
    with pytest.raises(ConfigError, match="did you mean 'drop-table'"):
        check_rules(config, ["drop-table", "drop-column"])


def test_the_root_of_a_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = tmp_path / "repo/sub/deep"
    inner.mkdir(parents=True)
    monkeypatch.chdir(inner)
    (tmp_path / "repo/.git").mkdir()
    assert find_root(["."]) == str(tmp_path / "repo")
    (tmp_path / "repo/sub/pyproject.toml").write_text("[project]")
    assert find_root(["."]) == str(tmp_path / "repo")
    (tmp_path / "repo/sub/pyproject.toml").write_text("[tool.dbguard]")
    assert find_root(["."]) == str(tmp_path / "repo/sub")
    monkeypatch.chdir("/")
    assert find_root([str(inner)]) == str(tmp_path / "repo/sub")
    assert find_root([str(inner), str(tmp_path / "repo/x.py")]) == str(tmp_path / "repo")
