"""Write docs/rules/ from the docstrings of the rules; ``--check`` only says what is stale."""

from __future__ import annotations

import argparse
import inspect
import sys
from pathlib import Path

from dbguard.fixes import about, fix_for
from dbguard.rule import Rule
from dbguard.rules import all_rules

PAGES = Path(__file__).resolve().parent.parent / "docs" / "rules"


def page(rule: Rule) -> str:
    """Return the page of a rule in Markdown."""
    text = inspect.getdoc(rule) or ""
    breaks = "About the guard itself."
    if rule.section is not None:
        breaks = f"Breaks [section {int(rule.section)}](../protocol.md) of the protocol."
    first, _, rest = text.partition("\n")
    before, links, behind = rest.strip().partition("## Links")
    parts = [
        f"# {rule.id}",
        first.strip(),
        breaks,
        before.strip(),
        about(rule.id).replace("`dbguard fix`", "[`dbguard fix`](../fix.md)", 1),
    ]
    return "\n\n".join(part for part in (*parts, links + behind) if part) + "\n"


def index(rules: tuple[Rule, ...]) -> str:
    """Return the page that lists the rules."""
    rows = [
        f"| [{rule.id}]({rule.id}.md) | {'guard' if rule.section is None else int(rule.section)} "
        f"| {(inspect.getdoc(rule) or '').splitlines()[0]} | {_safety(rule)} |"
        for rule in rules
    ]
    return "\n".join(
        [
            "# Rules",
            "",
            "| rule | section | finds | [fix](../fix.md) |",
            "| --- | --- | --- | --- |",
            *rows,
            "",
        ]
    )


def _safety(rule: Rule) -> str:
    fix = fix_for(rule.id)
    return fix.safety.value if fix is not None else ""


def main() -> int:
    """Write the pages, or return 1 where one of them is stale."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    check = parser.parse_args().check
    rules = all_rules()
    wanted = {f"{rule.id}.md": page(rule) for rule in rules} | {"README.md": index(rules)}
    existing = {path.name: path.read_text(encoding="utf-8") for path in PAGES.glob("*.md")}
    stale = sorted(
        name for name in wanted.keys() | existing.keys() if wanted.get(name) != existing.get(name)
    )
    if check:
        for name in stale:
            print(f"docs/rules/{name} is stale: run python tools/rule_pages.py", file=sys.stderr)
        return 1 if stale else 0
    PAGES.mkdir(parents=True, exist_ok=True)
    for name in stale:
        if name in wanted:
            (PAGES / name).write_text(wanted[name], encoding="utf-8")
        else:
            (PAGES / name).unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
