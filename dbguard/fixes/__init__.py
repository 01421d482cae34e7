"""The fixes, found by walking this package: one file per rule, named as its id."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from dbguard.repair.fix import Fix


@cache
def all_fixes() -> tuple[Fix, ...]:
    """Return every fix, by the id of its rule."""
    fixes = []
    for module in iter_modules(__path__):
        name = f"{__name__}.{module.name}"
        found = [
            member
            for member in vars(import_module(name)).values()
            if isinstance(member, type) and issubclass(member, Fix) and member.__module__ == name
        ]
        if len(found) != 1 or found[0].rule != module.name.replace("_", "-"):
            raise ImportError(f"{name} must define the fix of the rule it is named after")
        fixes.append(found[0]())
    return tuple(sorted(fixes, key=lambda fix: fix.rule))


@cache
def fix_for(rule: str) -> Fix | None:
    """Return the fix of a rule, None where there is none."""
    return next((fix for fix in all_fixes() if fix.rule == rule), None)


def about(rule: str) -> str:
    """Return what a page says of the fix of a rule, in Markdown, '' where there is none."""
    from inspect import cleandoc

    fix = fix_for(rule)
    if fix is None:
        return ""
    safety = f"`dbguard fix`, {fix.safety.value}: the code {fix.safety.meaning}."
    return f"## Fix\n\n{safety}\n\n{cleandoc(fix.__doc__ or '')}"
