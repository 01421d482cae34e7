"""A scan in parts, joined, is the scan."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbguard.cli import main
from dbguard.report import merging
from dbguard.shards import Shard
from tests.scratch import Repository

PROJECTS = Path(__file__).parent.parent / "fixtures" / "projects"


@given(st.integers(1, 1000).flatmap(lambda n: st.tuples(st.integers(1, n), st.just(n))))
def test_a_shard_is_what_its_name_says(numbers: tuple[int, int]) -> None:
    shard = Shard(*numbers)
    assert Shard.parse(str(shard)) == shard


@pytest.mark.parametrize(
    "text", ["", "1", "0/4", "5/4", "1/0", "-1/4", "1/4/4", "a/b", "1/1001", " 1/4", "\u0661/4"]
)
def test_what_names_no_part_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a part"):
        Shard.parse(text)


@given(st.integers(0, 300), st.integers(1, 50))
def test_every_file_is_in_one_part_and_parts_are_even(files: int, count: int) -> None:
    held = [
        [position for position in range(files) if Shard(index, count).holds(position)]
        for index in range(1, count + 1)
    ]
    assert sorted(position for part in held for position in part) == list(range(files))
    assert max(map(len, held)) - min(map(len, held)) <= 1


def scanned(said: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    said.readouterr()
    code = main(["scan", "--no-config", "--jobs", "1", "--format", "json", *arguments])
    return code, json.loads(said.readouterr().out)


def in_parts(said: pytest.CaptureFixture[str], folder: Path, count: int) -> list[str]:
    """Scan the current folder in parts; return the files with their reports."""
    names = []
    for index in range(1, count + 1):
        _, report = scanned(said, "--shard", f"{index}/{count}")
        name = folder / f"part{index}.json"
        name.write_text(json.dumps(report), encoding="utf-8")
        names.append(str(name))
    return names


@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("name", sorted(path.name for path in PROJECTS.iterdir() if path.is_dir()))
def test_joined_parts_are_the_whole(
    name: str,
    count: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(PROJECTS / name)
    code, whole = scanned(capsys)
    names = in_parts(capsys, tmp_path, count)
    merged_code = main(["merge", "--format", "json", *reversed(names)])
    assert json.loads(capsys.readouterr().out) == whole
    assert merged_code == code


def test_a_missing_part_is_never_green(repository: Repository, tmp_path: Path) -> None:
    repository.commit(a_sh="echo\n", b_sh="rm app.db\n")
    names = in_parts(repository.said, tmp_path, 3)
    code, _, errors = repository.run("merge", *names[:1], *names[2:])
    assert (code, errors) == (3, "dbguard: the report of part 2/3 is missing\n")
    code, _, errors = repository.run("merge", names[0], names[1], names[1], names[2])
    assert (code, errors) == (3, "dbguard: a part is there more than once\n")


def test_a_problem_of_one_part_makes_the_whole_incomplete(
    repository: Repository, tmp_path: Path
) -> None:
    repository.write("a.sh", "rm $x\n")
    (repository.folder / "b.sql").write_bytes(b"DROP TABLE\0")
    names = in_parts(repository.said, tmp_path, 2)
    code, out, _ = repository.run("merge", *names)
    assert code == 3
    assert "b.sql: problem: " in out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "is not a report"),
        ('{"version": 2}', "is not a report"),
        ('{"version": 1}', "is not the report of a part"),
        ('{"version": 1, "shard": {"index": 1, "count": true}}', "is not the report of a part"),
        ('{"version": 1, "shard": {"index": 1, "count": 1}}', "has no summary"),
    ],
)
def test_what_is_no_report_is_refused(text: str, said: str) -> None:
    with pytest.raises(merging.MergeError, match=said):
        merging.read("x.json", text)


def test_a_hostile_report_is_escaped(repository: Repository, tmp_path: Path) -> None:
    repository.write("a.sh", "rm app.db\n")
    (name,) = in_parts(repository.said, tmp_path, 1)
    report = json.loads(Path(name).read_text())
    report["findings"][0]["message"] = "\x1b[31m\n::error::x"
    Path(name).write_text(json.dumps(report))
    code, out, _ = repository.run("merge", name)
    assert code == 1
    assert "\x1b" not in out
    assert not any(line.startswith("::") for line in out.splitlines())


def test_nothing_is_remembered_of_another_project(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    names = sorted(path.name for path in PROJECTS.iterdir() if path.is_dir())
    reports: list[dict[str, tuple[int, dict[str, Any]]]] = []
    for order in (names, names[::-1]):
        reports.append({})
        for name in order:
            monkeypatch.chdir(PROJECTS / name)
            reports[-1][name] = scanned(capsys)
    assert reports[0] == reports[1]
