"""Every fixture gives exactly the findings its own lines state: line, rule and text."""

from __future__ import annotations

from pathlib import Path

import pytest

from dbguard.analysis import analyse
from dbguard.evidence import Project
from dbguard.rules import all_rules
from dbguard.usage import migration_tool
from tests.expectations import FIXTURES, fixture_files, language_of, place_of, source_of, stated_in


def _name(path: Path) -> str:
    return path.relative_to(FIXTURES).as_posix()


@pytest.mark.parametrize("path", fixture_files(), ids=_name)
def test_fixture(path: Path) -> None:
    file = source_of(path)
    project = Project(migration_tool(str(path.parent), []))
    analysis = analyse(file, language_of(path), project=project)
    found = {place_of(finding) for finding in analysis.findings}
    assert found == stated_in(path, "expect")
    assert not [problem for problem in analysis.problems if problem.incomplete]


@pytest.mark.parametrize("path", fixture_files(), ids=_name)
def test_a_safe_file_expects_nothing_and_an_unsafe_one_something(path: Path) -> None:
    expected = stated_in(path, "expect")
    words = path.name.replace(".", "-").replace("_", "-").split("-")
    if "safe" in words:
        assert not expected
    if "unsafe" in words:
        assert expected


@pytest.mark.parametrize("path", fixture_files(), ids=_name)
def test_a_known_miss_is_still_missed(path: Path) -> None:
    assert not stated_in(path, "missed") & stated_in(path, "expect")


@pytest.mark.parametrize("rule", [rule.id for rule in all_rules() if rule.section is not None])
def test_every_rule_has_safe_and_unsafe_fixtures(rule: str) -> None:
    names = [path.name for path in (FIXTURES / rule).glob("*")]
    assert any(name.startswith("unsafe") for name in names)
    assert any(name.startswith("safe") for name in names)


@pytest.mark.parametrize("path", sorted((FIXTURES / "broken").iterdir()), ids=_name)
def test_broken_text_is_guarded_and_reported(path: Path) -> None:
    file = source_of(path)
    analysis = analyse(file, language_of(path))
    assert {place_of(finding) for finding in analysis.findings} == stated_in(path, "expect")
    assert [problem for problem in analysis.problems if problem.incomplete]
