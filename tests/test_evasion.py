"""Every spelling of a destructive act has exactly the state that the table says."""

from __future__ import annotations

import pytest

from dbguard.rules import all_rules
from tools.evasion_page import LANGUAGES, OPAQUE_RULE, PAGE, Spelling, measured, page, spellings

TABLE = list(spellings())


def _name(spelling: Spelling) -> str:
    return f"{spelling.path.name}: {spelling.title}"


@pytest.mark.parametrize("spelling", TABLE, ids=_name)
def test_state(spelling: Spelling) -> None:
    assert measured(spelling) == spelling.state


def test_the_table_is_large_and_its_spellings_are_told_apart() -> None:
    assert len(TABLE) >= 120
    assert len({spelling.act for spelling in TABLE}) == 12
    assert {spelling.language for spelling in TABLE} == set(LANGUAGES.values())
    assert len({_name(spelling) for spelling in TABLE}) == len(TABLE)
    assert len({(spelling.language, spelling.text) for spelling in TABLE}) == len(TABLE)


def test_every_limit_says_why_and_nothing_else_does() -> None:
    assert all(bool(spelling.reason) == (spelling.state == "limit") for spelling in TABLE)


def test_its_rules_exist() -> None:
    known = {rule.id for rule in all_rules()}
    assert {rule for spelling in TABLE for rule in spelling.rules} | {OPAQUE_RULE} <= known


def test_the_plain_spelling_of_every_act_is_caught() -> None:
    plain = {spelling.path.name for spelling in TABLE if spelling.title == "as it is"}
    acts = {spelling.act for spelling in TABLE if spelling.path.name in plain}
    assert acts >= {spelling.act for spelling in TABLE} - {"overwriting a database file"}


def test_the_page_is_made_of_the_table() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()
