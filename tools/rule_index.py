"""Write dbguard/rule_index.py from the rules; ``--check`` only says if it is stale."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

from dbguard.operations import Kind
from dbguard.rule import Rule
from dbguard.rules import all_rules

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


def main() -> int:
    """Write the module, or return 1 where it is stale."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    text = module()
    if parser.parse_args().check:
        if not FILE.exists() or FILE.read_text(encoding="utf-8") != text:
            sys.stderr.write(f"{FILE} is stale: run tools/rule_index.py\n")
            return 1
        return 0
    FILE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
