"""Settings through the command line: files, severities per path, and the policy of the base."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dbguard.config import Config, ConfigError, from_table
from dbguard.plain_yaml import YamlError, parse
from tests.scratch import Repository

SCHEMA = Path(__file__).parent.parent / "docs/config.schema.json"


def severities(report: dict[str, Any]) -> dict[str, str]:
    return {finding["path"]: finding["severity"] for finding in report["findings"]}


def test_yaml_settings(repository: Repository) -> None:
    repository.write(
        ".dbguard.yaml",
        "exclude: [old/]\nfail-on: error\nseverity:\n  drop-table: warning\n"
        "database-files: ['*.store']\nnot-database-files: [maps/]\n",
    )
    for name in ("a.sql", "old/b.sql"):
        repository.write(name, "DROP TABLE a;\n")
    repository.write("c.sh", "rm maps/x.db\n")
    code, out, _ = repository.run("scan")
    assert (code, "a.sql:1:1: warning[drop-table]" in out) == (0, True)
    assert "1 warning" in out
    repository.write(".dbguard.yaml", "severity: {drop-table: off}\ndatabase-files: ['*.store']\n")
    repository.write("c.sh", "rm x.store\n")
    assert repository.found() == [("c.sh", 1, "delete-database-file")]


def test_settings_in_two_files_are_an_error(repository: Repository) -> None:
    repository.write(".dbguard.yaml", "fail-on: error\n")
    repository.write("pyproject.toml", "[project]\nname = 'dbguard'\n")
    assert repository.run("scan")[0] == 0
    repository.write("pyproject.toml", "[tool.dbguard]\nfail-on = 'error'\n")
    code, _, err = repository.run("scan")
    assert (code, "settings in two files, pyproject.toml and .dbguard.yaml" in err) == (2, True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("exlude: []", "unknown key 'exlude'; did you mean 'exclude'?"),
        ("fail-on: error\nfail-on: never", "line 2: the key 'fail-on' stands twice"),
        ("severity: {drop-table: note, drop-table: 'off'}", "stands twice"),
        ("exclude: &a [x]\ntest-paths: *a", "line 2: aliases are not taken"),
        ("exclude: !!python/object/apply:os.system [id]", "not valid YAML"),
        ("? [a]\n: b", "a key must be a word"),
        ("- a", "must be a table"),
        ("a: [", "not valid YAML"),
        ("fail-on: off", "fail-on must be one of error, warning, note, never"),
        ("fail-on: 2026-99-99", "fail-on must be one of"),
        ("overrides: [{paths: [a/]}]", "needs severity"),
        ("overrides: [{path: [a/], severity: {}}]", "did you mean 'paths'?"),
        ("overrides: [{paths: [a/], severity: {drop-tabel: note}}]", "did you mean 'drop-table'"),
        ("overrides: {}", "overrides must be a list"),
    ],
)
def test_yaml_that_is_not_understood_is_an_error(
    repository: Repository, text: str, message: str
) -> None:
    repository.write(".dbguard.yaml", text)
    code, _, err = repository.run("scan")
    assert (code, message in err) == (2, True), err


def test_deep_yaml_is_an_error() -> None:
    with pytest.raises(YamlError):
        parse(b"[" * 100_000)


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_data_or_an_error(data: bytes) -> None:
    with suppress(YamlError):
        parse(data)


def test_severity_per_path(repository: Repository) -> None:
    repository.write(
        "pyproject.toml",
        '[tool.dbguard.severity]\ndrop-table = "warning"\n'
        '[[tool.dbguard.overrides]]\npaths = ["legacy/"]\nseverity = {drop-table = "off"}\n'
        '[[tool.dbguard.overrides]]\npaths = ["legacy/core/"]\nseverity = {drop-table = "error"}\n',
    )
    for name in ("a.sql", "legacy/b.sql", "legacy/core/c.sql"):
        repository.write(name, "DROP TABLE a;\n")
    assert severities(repository.report()) == {"a.sql": "warning", "legacy/core/c.sql": "error"}


def test_test_paths(repository: Repository) -> None:
    repository.write("qa/a.sql", "DROP TABLE a;\n")
    assert severities(repository.report()) == {"qa/a.sql": "error"}
    repository.write(".dbguard.yaml", "test-paths: [qa/]\n")
    assert severities(repository.report()) == {"qa/a.sql": "note"}


def test_what_a_test_calls_is_judged_where_it_stands(repository: Repository) -> None:
    repository.write("shop/__init__.py", "")
    repository.write("shop/storage.py", "import os\n\ndef clean(path):\n    os.remove(path)\n")
    repository.write("qa/check.py", "from shop.storage import clean\nclean('shop.db')\n")
    assert severities(repository.report()) == {"shop/storage.py": "error"}
    repository.write(".dbguard.yaml", "test-paths: [qa/]\n")
    assert severities(repository.report()) == {}


def test_the_policy_of_the_base_holds_and_weakening_it_is_found(repository: Repository) -> None:
    repository.commit(pyproject_toml="[tool.dbguard]\nexclude = ['dumps/']\n[tool.dbguard.severity]\n"
        "drop-column = 'off'\n", a_sql="DROP TABLE a;\n")  # fmt: skip
    repository.run("baseline")
    repository.commit()
    repository.branch()
    assert repository.found("--config-from", "main") == []
    repository.write(
        "pyproject.toml",
        "[tool.dbguard]\nexclude = ['dumps/', 'db/']\nfail-on = 'never'\ntest-paths = ['qa/']\n"
        "not-database-files = ['*.db']\n[tool.dbguard.severity]\ndrop-table = 'note'\n"
        "drop-column = 'off'\n",
    )
    repository.write("db/b.sql", "DROP TABLE b;\n")
    repository.write("c.sql", "DROP TABLE c; -- dbguard: ignore[drop-table] trust me\n")
    repository.run("baseline", "--no-config")
    repository.commit()
    report = repository.report("--config-from", "main", "--diff", "main")
    found = [(f["path"], f["rule"], f["message"]) for f in report["findings"]]
    weakened = [(path, message) for path, rule, message in found if rule == "weakened-guard"]
    assert weakened == [
        (".dbguard-baseline", "the change adds drop-table of DROP TABLE b in db/b.sql "
         "to the baseline"),
        ("c.sql", "the change adds a suppression of drop-table: trust me"),
        ("pyproject.toml", "the change excludes db/"),
        ("pyproject.toml", "the change raises fail-on to never"),
        ("pyproject.toml", "the change declares qa/ tests"),
        ("pyproject.toml", "the change declares *.db no database"),
        ("pyproject.toml", "the change lowers drop-table to note"),
    ]  # fmt: skip
    assert ("db/b.sql", "drop-table", found[[p for p, _, _ in found].index("db/b.sql")][2]) in found
    assert {f["line"] for f in report["findings"] if f["path"] == "pyproject.toml"} == {
        2, 3, 4, 5, 7,
    }  # fmt: skip
    assert repository.run("scan", "--config-from", "main")[0] == 1


def test_settings_that_get_stricter_or_break(repository: Repository) -> None:
    repository.commit(pyproject_toml="[tool.dbguard]\nexclude = ['db/']\nfail-on = 'never'\n"
        "[tool.dbguard.severity]\ndrop-table = 'note'\ndrop-all = 'error'\n")  # fmt: skip
    repository.branch()
    repository.commit(
        pyproject_toml="[tool.dbguard]\nfail-on = 'note'\n[tool.dbguard.severity]\n"
        "drop-table = 'warning'\ndrop-all = 'error'\n"
    )
    assert repository.found("--config-from", "main") == []
    repository.commit(pyproject_toml="[tool.dbguard]\nexlude = []\n")
    (finding,) = repository.report("--config-from", "main")["findings"]
    assert finding["rule"] == "weakened-guard"
    assert "did you mean 'exclude'" in finding["message"]
    repository.git("rm", "-q", "pyproject.toml")
    repository.commit()
    (finding,) = repository.report("--config-from", "main")["findings"]
    assert finding["message"] == "the change lowers drop-all to its own judgement"


def test_a_baseline_entry_of_a_renamed_file_is_not_growth(repository: Repository) -> None:
    repository.commit(a_sql="DROP TABLE a;\n")
    repository.run("baseline")
    repository.commit()
    repository.branch()
    repository.git("mv", "a.sql", "b.sql")
    repository.run("baseline")
    repository.commit()
    rules = {rule for _, _, rule in repository.found("--config-from", "main", "--diff", "main")}
    assert rules == set()


def test_the_policy_of_the_base_excludes_other_settings(repository: Repository) -> None:
    repository.write("x.toml", "[tool.dbguard]\n")
    for other in (["--config", "x.toml"], ["--no-config"]):
        code, _, err = repository.run("scan", "--config-from", "main", *other)
        assert (code, "exclude each other" in err) == (2, True)


tables = st.dictionaries(
    st.sampled_from(
        [
            "exclude",
            "test-paths",
            "fail-on",
            "minimum-severity",
            "severity",
            "overrides",
            "commands",
            "other",
        ]
    ),
    st.one_of(
        st.lists(
            st.fixed_dictionaries(
                {},
                optional={
                    "program": st.sampled_from(["a", "a b", "./a", "", "-a", 1]),
                    "does": st.sampled_from(["reset", "run-command", "backup", "x"]),
                    "target": st.sampled_from([1, 0, 100, True, "--a", "a", ""]),
                },
            ),
            max_size=2,
        ),
        st.sampled_from(["error", "never", "off", 1, None, True]),
        st.lists(st.sampled_from(["a/", 1]), max_size=2),
        st.fixed_dictionaries({"drop-table": st.sampled_from(["note", "off", "x"])}),
        st.lists(
            st.fixed_dictionaries(
                {},
                optional={
                    "paths": st.sampled_from([["a/"], [], "a"]),
                    "severity": st.sampled_from([{"drop-all": "note"}, {}, {"drop-all": "x"}]),
                    "other": st.just(1),
                },
            ),
            max_size=2,
        ),
    ),
)


@settings(deadline=None)
@given(tables)
def test_the_schema_says_what_is_taken(table: dict[str, object]) -> None:
    from jsonschema import Draft202012Validator

    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    try:
        taken = isinstance(from_table(table, "x"), Config)
    except ConfigError:
        taken = False
    assert Draft202012Validator(schema).is_valid(table) == taken
