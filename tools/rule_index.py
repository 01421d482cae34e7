"""Write dbguard/rule_index.py from the rules; ``--check`` only says if it is stale."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from dbguard.operations import Kind
from dbguard.rule import Rule
from dbguard.rules import all_rules
from tools.generated import write_or_check

FILE = Path(__file__).resolve().parent.parent / "dbguard" / "rule_index.py"

HEADER = '''"""Which rules judge what: so few of them need be imported. Written by tools/rule_index.py."""

from __future__ import annotations
'''


def _tuple(start: str, rules: Iterable[Rule], end: str = "") -> list[str]:
    """Return the lines of a tuple of ids, as ruff has them."""
    names = [f'"{rule.id}",' for rule in rules]
    indent = start[: len(start) - len(start.lstrip())]
    if len(names) == 1:
        return [f"{start}({names[0]}){end}"]
    return [f"{start}(", *(f"{indent}    {name}" for name in names), f"{indent}){end}"]


def module() -> str:
    """Return the text of the module."""
    rules = all_rules()
    lines = [HEADER]
    lines += _tuple("ABOUT_CODE = ", (rule for rule in rules if rule.section is not None))
    lines += _tuple("ABOUT_GUARD = ", (rule for rule in rules if rule.section is None))
    ending = (rule for rule in rules if type(rule).at_end is not Rule.at_end)
    lines += _tuple("AT_END: tuple[str, ...] = ", ending)
    lines += ["BY_KIND: dict[str, tuple[str, ...]] = {"]
    for kind in Kind:
        judging = [rule for rule in rules if kind in rule.kinds]
        if judging:
            lines += _tuple(f'    "{kind.name}": ', judging, ",")
    return "\n".join([*lines, "}", ""])


if __name__ == "__main__":
    sys.exit(write_or_check(module(), FILE, __file__))
