"""Write docs/evasions.md from fixtures/evasions/; ``--check`` only says whether it is stale.

``--measure`` prints what the program gives for each spelling whose stated state is another.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from dbguard.analysis import analyse
from dbguard.finding import Severity
from dbguard.prefilter import may_have_operations
from dbguard.source import SourceFile

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "fixtures" / "evasions"
PAGE = ROOT / "docs" / "evasions.md"
OPAQUE_RULE = "opaque-command"
LANGUAGES = {".py": "python", ".sh": "shell", ".sql": "sql"}
TITLES = {"python": "Python", "shell": "shell", "sql": "SQL"}

_ACT = re.compile(r"(?:#|--): (?P<act>[^|]+?) \| (?P<rules>[a-z -]+)$")
_HEAD = re.compile(
    r"^(?:#|--)= (?P<state>caught|opaque|limit): (?P<title>[^|\n]+?)(?: \| (?P<reason>.+))?$", re.M
)


@dataclass(frozen=True, slots=True)
class Spelling:
    """One way to write a destructive act.

    ``state`` is "caught" (a finding of one of ``rules``), "opaque" (only the warning that code cannot
    be read) or "limit" (silence, for the ``reason`` given). ``text`` is a file of its own.
    """

    act: str
    rules: tuple[str, ...]
    path: Path
    state: str
    title: str
    reason: str
    text: str

    @property
    def language(self) -> str:
        """The language of the text."""
        return LANGUAGES[self.path.suffix]


def spellings() -> Iterator[Spelling]:
    """Yield the whole table, in the order of its files."""
    for path in sorted(TABLE.iterdir()):
        text = path.read_text(encoding="utf-8")
        act = _ACT.match(text.partition("\n")[0])
        if act is None:
            raise ValueError(f"{path}: the first line does not name act and rule")
        heads = list(_HEAD.finditer(text))
        for index, head in enumerate(heads):
            end = heads[index + 1].start() if index + 1 < len(heads) else len(text)
            body = text[head.end() : end].strip("\n") + "\n"
            reason = head["reason"] or ""
            yield Spelling(
                act["act"],
                tuple(act["rules"].split()),
                path,
                head["state"],
                head["title"],
                reason,
                body,
            )


def measured(spelling: Spelling) -> str:
    """Return the state that the program gives, prefilter included."""
    data = spelling.text.encode()
    if not may_have_operations(data, spelling.language):
        return "limit"
    file = SourceFile("change" + spelling.path.suffix, spelling.text)
    findings = analyse(file, spelling.language).findings
    rules = {finding.rule for finding in findings if finding.severity >= Severity.WARNING}
    if rules.intersection(spelling.rules):
        return "caught"
    return "opaque" if OPAQUE_RULE in rules else "limit"


def _summary(table: Iterable[Spelling]) -> Iterator[str]:
    counts: dict[str, Counter[str]] = {}
    for spelling in table:
        counts.setdefault(spelling.act, Counter())[spelling.state] += 1
    yield "| act | caught | opaque | limit |"
    yield "| --- | ---: | ---: | ---: |"
    for act, counted in sorted(counts.items()):
        yield f"| {act} | {counted['caught']} | {counted['opaque']} | {counted['limit']} |"
    total: Counter[str] = sum(counts.values(), Counter())
    yield f"| **all** | {total['caught']} | {total['opaque']} | {total['limit']} |"


def _cell(spelling: Spelling) -> str:
    """Return the text of a spelling as a cell of a table: one line, nothing in it is markup."""
    lines = [line for line in spelling.text.splitlines() if line.strip()]
    text = " ⏎ ".join(lines).replace("|", "\\|")
    fence = "``" if "`" in text else "`"
    blank = " " if "`" in text else ""
    return f"{fence}{blank}{text}{blank}{fence}"


def page() -> str:
    """Return the page in Markdown."""
    table = list(spellings())
    lines = [
        "# Spellings of the same acts, and what dbguard makes of them",
        "",
        f"{len(table)} ways to write {len({one.act for one in table})} destructive acts. "
        "Written by `tools/evasion_page.py` from `fixtures/evasions/`; a test holds every line to "
        "what the program gives, so a limit that falls is noticed as well.",
        "",
        "- **caught**: the finding of the rule, as for the plain spelling.",
        f"- **opaque**: the warning of [{OPAQUE_RULE}](rules/{OPAQUE_RULE}.md): code that cannot "
        "be read is handed to an interpreter, and it has to do with a database.",
        "- **limit**: silence, and why. dbguard guards against accidents; somebody who wants to "
        "hide an act from it can (see [SECURITY.md](../SECURITY.md)).",
        "",
        *_summary(table),
    ]
    for act in dict.fromkeys(one.act for one in table):
        rules = ", ".join(
            f"[{rule}](rules/{rule}.md)"
            for rule in dict.fromkeys(r for one in table if one.act == act for r in one.rules)
        )
        of_act = [one for one in table if one.act == act]
        lines += ["", f"## {act[0].upper()}{act[1:]}", "", f"Rule: {rules}.", ""]
        lines += [
            "| spelling | language | state | text (⏎ is a line end) |",
            "| --- | --- | --- | --- |",
        ]
        for one in of_act:
            state = f"limit: {one.reason}" if one.state == "limit" else one.state
            lines.append(f"| {one.title} | {TITLES[one.language]} | {state} | {_cell(one)} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write the page, or return 1 where it is stale or a measured state is not the stated one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    parser.add_argument("--measure", action="store_true", help="run the program on the table")
    arguments = parser.parse_args()
    if arguments.measure:
        wrong = [(one, measured(one)) for one in spellings()]
        for one, state in wrong:
            if state != one.state:
                print(f"{one.path.name}: {one.title}: stated {one.state}, measured {state}")
        print(Counter(state for _, state in wrong))
        return int(any(state != one.state for one, state in wrong))
    wanted = page()
    stale = not PAGE.exists() or PAGE.read_text(encoding="utf-8") != wanted
    if arguments.check:
        if stale:
            print("docs/evasions.md is stale: run python tools/evasion_page.py", file=sys.stderr)
        return int(stale)
    PAGE.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
