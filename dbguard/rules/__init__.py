"""The rules, found by walking this package: one file per rule, named as its id.

A scan imports those alone that judge what it meets: :mod:`dbguard.rule_index` says which.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module

from dbguard.operations import Kind
from dbguard.rule import GUARD_HEADINGS, HEADINGS, Rule
from dbguard.rule_index import AT_END, BY_KIND


class RuleError(Exception):
    """A rule's file, id or docstring is not as it must be."""


@cache
def all_rules() -> tuple[Rule, ...]:
    """Return every rule, by id.

    Raises RuleError where a rule's metadata is incomplete.
    """
    from pkgutil import iter_modules

    rules = []
    for module in iter_modules(__path__):
        rule = _rule(module.name)
        _check(rule, module.name)
        rules.append(rule)
    return tuple(sorted(rules, key=lambda rule: rule.id))


@cache
def _rule(module: str) -> Rule:
    """Return the one rule of a module. Raises RuleError where there is not one."""
    members = vars(import_module(f"{__name__}.{module}")).values()
    found = [
        member
        for member in members
        if isinstance(member, type)
        and issubclass(member, Rule)
        and member.__module__ == f"{__name__}.{module}"
    ]
    if len(found) != 1:
        raise RuleError(f"{module}.py must define exactly one rule")
    return found[0]()


def rule_ids() -> tuple[str, ...]:
    """Return the ids of all rules, sorted."""
    return tuple(rule.id for rule in all_rules())


@cache
def rules_for(kind: Kind) -> tuple[Rule, ...]:
    """Return the rules that judge operations of a kind; no other one is imported."""
    return _rules(BY_KIND.get(kind.name, ()))


@cache
def rules_at_end() -> tuple[Rule, ...]:
    """Return the rules that judge flows as a whole; no other one is imported."""
    return _rules(AT_END)


def _rules(ids: tuple[str, ...]) -> tuple[Rule, ...]:
    return tuple(_rule(name.replace("-", "_")) for name in ids)


def _check(rule: Rule, module: str) -> None:
    if rule.id != module.replace("_", "-"):
        raise RuleError(f"the rule in {module}.py is called {rule.id}")
    text = rule.__doc__ or ""
    headings = HEADINGS if rule.section is not None else GUARD_HEADINGS
    positions = [text.find(f"## {heading}") for heading in headings]
    if -1 in positions or positions != sorted(positions):
        raise RuleError(f"the docstring of {rule.id} must have the headings {headings}")
