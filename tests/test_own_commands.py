"""Commands of the project's own, and the minimum severity: settings that decide what is found."""

from __future__ import annotations

import pytest

from dbguard.commands.lowering import entries_of, program_name
from dbguard.config import ConfigError, from_table
from dbguard.own_commands import DOES, EVIDENCE, OwnCommand, declaring
from tests.scratch import Repository

SETTINGS = """\
commands:
  - {program: wipe-db, does: drop-database, target: 1}
  - {program: shop wipe, does: reset}
  - {program: snapshot, does: backup, target: 1}
  - {program: with-env, does: run-command}
  - {program: eraser, does: delete-file, target: --file}
"""


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("a.sh", "./bin/wipe-db prod\n", [(1, "drop-database")]),
        ("a.sh", "shop wipe --now\nshop list\n", [(1, "reset-command")]),
        ("a.sh", "with-env rm app.db\n", [(1, "delete-database-file")]),
        ("a.sh", "eraser -v --file=app.db\neraser notes.txt\n", [(1, "delete-database-file")]),
        ("a.sh", "sudo wipe-db \\\n  prod\n", [(1, "drop-database")]),
        ("a.sh", "echo wipe-db prod\nwipe-db --help\n", []),
        (
            "a.py",
            "import subprocess\nsubprocess.run(['wipe-db', 'prod'])\n",
            [(2, "drop-database")],
        ),
        ("a.py", "import os\nos.system('shop ' + 'wipe')\n", [(2, "reset-command")]),
        ("a.sql", "SELECT 1;\n\\! wipe-db prod\n", [(2, "drop-database")]),
        ("Makefile", "clean:\n\twipe-db prod\n", [(2, "drop-database")]),
        ("package.json", '{"scripts": {\n"reset": "wipe-db prod"}}\n', [(2, "drop-database")]),
        (
            ".github/workflows/a.yml",
            "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: wipe-db prod\n",
            [(6, "drop-database")],
        ),
    ],
)
def test_they_are_found_wherever_they_run(
    repository: Repository, name: str, text: str, found: list[tuple[int, str]]
) -> None:
    repository.write(name, text)
    assert repository.found(name) == []  # nobody else knows these programs
    repository.write(".dbguard.yaml", SETTINGS)
    wanted = [(name, line, rule) for line, rule in found]
    assert repository.found(name) == wanted
    assert repository.found() == wanted


@pytest.mark.parametrize(
    ("lines", "severity"),
    [
        ("set -e\nsnapshot app.db\nrm app.db\n", "warning"),
        ("snapshot app.db && rm app.db\n", "warning"),
        ("snapshot other.db\nset -e\nrm app.db\n", "error"),
        ("snapshot app.db || true\nrm app.db\n", "error"),
    ],
)
def test_a_backup_counts_as_any_does(repository: Repository, lines: str, severity: str) -> None:
    repository.write(".dbguard.yaml", SETTINGS)
    repository.write("a.sh", lines)
    found = {f["rule"]: f["severity"] for f in repository.report()["findings"]}
    assert found["delete-database-file"] == severity


def test_in_workers_too(repository: Repository) -> None:
    repository.write(".dbguard.yaml", SETTINGS)
    for number in range(4):
        repository.write(f"{number}.sh", "wipe-db prod\n")
    assert len(repository.found("--jobs", "2")) == 4


@pytest.mark.parametrize("does", DOES)
def test_each_word_of_the_settings_is_an_entry_that_holds_for_a_while(does: str) -> None:
    with declaring((OwnCommand("own-tool", does),)):
        assert program_name("bin/own-tool") == "own-tool"
        (found,) = entries_of("own-tool")
        assert list(found[0].problems()) == []
    assert program_name("bin/own-tool") is None
    assert not entries_of("own-tool")


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ({"program": "./a.sh", "does": "reset"}, "its name without folders"),
        ({"program": "", "does": "reset"}, "needs a program"),
        ({"program": "a|b", "does": "reset"}, "needs a program"),
        ({"program": "a *", "does": "reset"}, "needs a program"),
        ({"program": "a -x", "does": "reset"}, "needs a program"),
        ({"program": "a", "does": "backupp"}, "did you mean 'backup'?"),
        ({"program": "a"}, "does must be one of"),
        ({"program": "a", "does": "reset", "target": 0}, "target must be"),
        ({"program": "a", "does": "reset", "target": True}, "target must be"),
        ({"program": "a", "does": "reset", "target": "file"}, "target must be"),
        ({"program": "a", "does": "run-command", "target": 1}, "run-command has none"),
        ({"program": "a", "does": "reset", "taget": 1}, "did you mean 'target'?"),
        ("a", "must be a table"),
    ],
)
def test_what_is_not_understood_is_an_error(command: object, message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        from_table({"commands": [command]}, "x")
    assert message in str(raised.value)


def test_declaring_evidence_or_hiding_findings_weakens(repository: Repository) -> None:
    repository.commit(_dbguard_yaml=SETTINGS)
    repository.branch()
    more = SETTINGS.replace("{program: wipe-db, does: drop-database, target: 1}",
                            "{program: halt, does: stop-services}")  # fmt: skip
    repository.write(".dbguard.yaml", more + "minimum-severity: error\n")
    said = [f["message"] for f in repository.report("--config-from", "main")["findings"]]
    assert sorted(said) == [
        "the change declares a command: halt (stop-services)",
        "the change no longer declares a command: wipe-db (drop-database)",
        "the change raises minimum-severity to error",
    ]
    stricter = SETTINGS + "  - {program: other-wipe, does: reset}\n"
    repository.write(".dbguard.yaml", stricter)
    assert repository.found("--config-from", "main") == []
    assert {"backup", "stop-services"} == EVIDENCE


def test_the_minimum_severity_leaves_out_counts_and_spares_the_guard(
    repository: Repository,
) -> None:
    repository.write("a.sql", "DROP TABLE t;\n-- dbguard: ignore[drop-table] for nothing\n")
    repository.write("db/down.sql", "DROP TABLE t;\n")
    rules = {(f["path"], f["severity"]) for f in repository.report()["findings"]}
    assert ("db/down.sql", "note") in rules
    repository.write(".dbguard.yaml", "minimum-severity: error\n")
    report = repository.report()
    assert {f["severity"] for f in report["findings"] if f["section"] is not None} == {"error"}
    assert "unused-suppression" in {f["rule"] for f in report["findings"]}
    _, out, _ = repository.run("scan", "-q")
    assert "1 below the minimum severity" in out
    repository.write(".dbguard.yaml", "minimum-severity: off\n")
    assert repository.run("scan")[0] == 2
