"""The fenced blocks of a document in Markdown, and what each says a test should do with it.

The first word after the fence is the language, for the reader; the words after it are for
the test (GitHub shows neither them nor their values):

    ```sh                                run; every command has to end with 0
    ```sh exit=1                         run; the block has to end with 1
    ```sh run=slow                       run by the slow tests, in a clone of this repository
    ```sh run=no because="..."           only parsed, and why
    ```text output                       what the block before printed; ... stands for anything
    ```json output                       the same, as JSON: "..." for any value, and further keys
    ```sql file=drop.sql                 a file of the scratch repository, from here on
    ```python finds=drop-table:error     judged alone; finds=nothing, or several with a comma
    ```toml settings                     settings of dbguard (yaml too)
    ```yaml workflow                     a workflow of GitHub Actions
    ```yaml pre-commit                   .pre-commit-config.yaml
    ```text prose                        nothing to test
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent

_FENCE = re.compile(r"^( *)(`{3,})([^\n`]*)\n(.*?)^ *\2 *$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block: where it is, its language, what is said to the test, its text."""

    document: str
    line: int
    language: str
    words: frozenset[str]
    values: dict[str, str] = field(hash=False)
    text: str

    def __str__(self) -> str:
        return f"{self.document}:{self.line}"


def documents() -> list[str]:
    """Return the documents for users and contributors, by their paths from the top."""
    found = [*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")]
    return sorted(str(path.relative_to(REPOSITORY)) for path in found)


def text_of(document: str) -> str:
    return (REPOSITORY / document).read_text("utf-8")


def blocks(document: str) -> list[Block]:
    """Return the fenced blocks of a document, in its order."""
    text, found = text_of(document), []
    for match in _FENCE.finditer(text):
        language, *rest = shlex.split(match[3]) or [""]
        pairs = dict(word.split("=", 1) for word in rest if "=" in word)
        words = frozenset(word for word in rest if "=" not in word)
        indent = match[1]
        body = "".join(line.removeprefix(indent) for line in match[4].splitlines(keepends=True))
        line = text.count("\n", 0, match.start()) + 1
        found.append(Block(document, line, language, words, pairs, body))
    return found


def without_blocks(document: str) -> str:
    """Return a document's text, its fenced blocks and code spans left out."""
    return re.sub(r"`[^`\n]*`", "", _FENCE.sub("", text_of(document)))


def anchors(document: str) -> set[str]:
    """Return the anchors that GitHub gives a document's headings."""
    text = _FENCE.sub("", text_of(document))
    found: set[str] = set()
    for heading in re.findall(r"^#+ +(.*?) *#*$", text, re.MULTILINE):
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        number = 0
        while (name := f"{slug}-{number}" if number else slug) in found:
            number += 1
        found.add(name)
    return found
