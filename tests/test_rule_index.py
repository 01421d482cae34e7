"""The index by which a scan imports few rules is that of the rules themselves."""

from __future__ import annotations

from dbguard.operations import Kind
from dbguard.rule import Rule
from dbguard.rules import all_rules, rules_at_end, rules_for


def test_the_index_is_that_of_the_rules() -> None:
    from tools.rule_index import FILE, module

    assert FILE.read_text(encoding="utf-8") == module()


def test_every_rule_judges_all_it_says_it_does() -> None:
    for kind in Kind:
        judging = [rule.id for rule in all_rules() if kind in rule.kinds]
        assert [rule.id for rule in rules_for(kind)] == judging


def test_every_rule_about_a_whole_flow_is_asked_at_its_end() -> None:
    ending = [rule.id for rule in all_rules() if type(rule).at_end is not Rule.at_end]
    assert [rule.id for rule in rules_at_end()] == ending
    assert ending
