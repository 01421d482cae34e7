"""What a fixture expects, read from its own lines.

``# expect: drop-table {{DROP TABLE users}}`` at the end of a line says that a finding of
that rule has its primary label beginning on this line, over exactly this text (runs of
white space folded). ``# missed:`` in its place is a known gap: it must not be found, so
that closing the gap is noticed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from dbguard.finding import Finding
from dbguard.kinds import kind_of_path
from dbguard.source import SourceFile

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"
LANGUAGES = {
    ".py": "python",
    ".sh": "shell",
    ".bash": "shell",
    ".zsh": "shell",
    ".sql": "sql",
    ".tf": "terraform",
}

_MARK = re.compile(r"(?:#|--|//)\s*(expect|missed):(.*)$")
_ITEM = re.compile(r"\s*([a-z-]+)\s*\{\{(.*?)\}\}(?=\s|$)")


@dataclass(frozen=True, order=True)
class Place:
    """Where a finding stands: line (from 1), rule, text with white space folded."""

    line: int
    rule: str
    text: str


def fold(text: str) -> str:
    """Return *text* with every run of white space as one blank."""
    return " ".join(text.split())


def places_of(text: str, mark: str) -> set[Place]:
    """Return what the lines of a fixture say after *mark* ("expect" or "missed")."""
    places = set()
    for number, line in enumerate(text.splitlines(), 1):
        found = _MARK.search(line)
        if found is None or found[1] != mark:
            continue
        rest = found[2].strip()
        items = list(_ITEM.finditer(rest))
        consumed = "".join(item[0] for item in items)
        if not items or fold(consumed) != fold(rest):
            raise ValueError(f"line {number}: cannot read {found[0]!r}")
        places |= {Place(number, item[1], fold(item[2])) for item in items}
    return places


def stated_in(path: Path, mark: str) -> set[Place]:
    """Return what a fixture states after *mark*: on its own lines, or in a file beside it.

    JSON has no comments: ``package.json.expect`` has lines ``3 # expect: rule {{text}}``.
    """
    beside = path.with_name(path.name + ".expect")
    if not beside.exists():
        return places_of(source_of(path).text, mark)
    places = set()
    for line in beside.read_text(encoding="utf-8").splitlines():
        number, _, rest = line.partition(" ")
        places |= {Place(int(number), one.rule, one.text) for one in places_of(rest, mark)}
    return places


def place_of(finding: Finding) -> Place:
    """Return where a finding stands."""
    label = finding.primary
    line, _ = label.file.position(label.span.start)
    return Place(line, finding.rule, fold(label.source))


def fixture_files() -> list[Path]:
    """Return every fixture of a language, in a stable order."""
    return sorted(
        path
        for path in FIXTURES.rglob("*")
        if path.is_file()
        and path.suffix != ".expect"
        and language_of(path)
        and "broken" not in path.relative_to(FIXTURES).parts
        and "projects" not in path.relative_to(FIXTURES).parts
        and "evasions" not in path.relative_to(FIXTURES).parts
    )


def language_of(path: Path) -> str:
    """Return the language of a fixture, or the host its path tells, '' for neither.

    A host's fixture stands in ``hosts/<host>/``, which is the root of its project.
    """
    if path.suffix in LANGUAGES:
        return LANGUAGES[path.suffix]
    parts = path.relative_to(FIXTURES).parts
    kind = kind_of_path("/".join(parts[2:])) if parts[0] == "hosts" else None
    return kind.language if kind is not None else ""


def source_of(path: Path) -> SourceFile:
    """Return a fixture as a file that stands at the root of a project.

    The folder is left out of the name: a path with ``fixtures/`` in it would be a test's.
    """
    return SourceFile(path.name, path.read_bytes().decode("utf-8"))
