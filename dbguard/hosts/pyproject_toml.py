"""pyproject.toml: the tasks of poe, pdm, hatch, taskipy and rye.

https://poethepoet.natn.io, https://pdm-project.org/en/latest/usage/scripts,
https://hatch.pypa.io/latest/config/environment/overview/#scripts. Only their tables are read,
with a reader that knows strings, arrays of strings and inline tables. Each task is a flow; an
item of a sequence that names another task runs it. A console script of ``[project.scripts]``
runs a function of the project:
https://packaging.python.org/en/latest/specifications/entry-points/.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dbguard.flow import CONSOLE_SCRIPT, Include, Lowered, Node
from dbguard.hosts import line_comments
from dbguard.hosts.quoted import STRING, content
from dbguard.hosts.shell_steps import Setting
from dbguard.hosts.tasks import Run, command, flows
from dbguard.patterns import regex
from dbguard.source import Comment, Mapped, Region

_HEADER = regex(r"^[ \t]*\[{1,2}([^\[\]\n]{1,200})\]{1,2}[ \t]*(?:#.*)?$", re.MULTILINE)
_TASKS = regex(
    r"tool\.(?:poe\.tasks|pdm\.scripts|rye\.scripts|taskipy\.tasks|hatch\.envs\.[^.]+\.scripts)"
    r"(?:\.(?P<name>.+))?"
)
_SCRIPTS = frozenset({"project.scripts", "project.gui-scripts", "tool.poetry.scripts"})
_ENTRY_POINT = regex(r"([A-Za-z_][\w.]*)\s*:\s*([A-Za-z_]\w*)[\w.]*\s*(?:\[.*\])?")
_KEY = regex(r"^[ \t]*(?:\"([^\"\n]+)\"|'([^'\n]+)'|([\w.-]+))[ \t]*=[ \t]*", re.MULTILINE)
_RUNNING = ("cmd", "shell", "chain", "composite", "sequence")


def comments(region: Region) -> Iterator[Comment]:
    """Yield the comments that speak to dbguard."""
    return line_comments.comments(region, line_comments.HASH)


def lower(region: Region) -> Lowered:
    """Return a flow for each task."""
    found: dict[str, list[Mapped]] = {}
    scripts: dict[str, list[Mapped]] = {}
    headers = list(_HEADER.finditer(region.text))
    for header, following in zip(headers, [*headers[1:], None], strict=False):
        name = header[1].replace(" ", "")
        tasks = _TASKS.fullmatch(name)
        end = following.start() if following else len(region.text)
        if name in _SCRIPTS:
            _table(region, header.end(), end, None, scripts)
        elif tasks is not None:
            _table(region, header.end(), end, tasks["name"], found)
    parts: dict[str, list[Node | Run]] = {
        name: [_part(region, text, name, found) for text in texts if text.text.strip()]
        for name, texts in found.items()
    }
    for name, texts in scripts.items():
        parts[CONSOLE_SCRIPT + name] = [node for text in texts for node in _script(region, text)]
    return Lowered(flows(parts))


def _script(region: Region, text: Mapped) -> list[Node | Run]:
    """Return what a console script runs: a function of a module of the project, as a file."""
    entry = _ENTRY_POINT.fullmatch(text.text.strip())
    if entry is None:
        return []
    path = entry[1].replace(".", "/")
    return [
        Include(
            Mapped.at(file, text.span), "python", region, text.span, text.text, task=(entry[2],)
        )
        for file in (f"{path}.py", f"{path}/__init__.py")
    ]


def _part(region: Region, text: Mapped, name: str, tasks: dict[str, list[Mapped]]) -> Node | Run:
    ignored = text.text.startswith("- ")
    plain = text.slice(2, len(text.text)) if ignored else text
    if plain.text in tasks and plain.text != name:
        return Run(plain.text, plain.span)
    setting = Setting("", None, {}, "sh")
    return command(region, plain, "task of pyproject.toml", setting, checked=not ignored)


def _table(
    region: Region, start: int, end: int, name: str | None, found: dict[str, list[Mapped]]
) -> None:
    """Read the keys of a table: tasks, or (with *name*) what one task runs."""
    at = start
    while key := _KEY.search(region.text, at, end):
        texts, at = _value(region, key.end(), end)
        word = key[1] or key[2] or key[3]
        if name is None:
            found.setdefault(word, []).extend(texts)
        elif word in _RUNNING:
            found.setdefault(name.strip("\"'"), []).extend(texts)


def _value(region: Region, start: int, end: int) -> tuple[list[Mapped], int]:
    """Return the commands in a value, and where it ends."""
    depth, at, keys = 0, start, [""]
    texts: list[Mapped] = []
    token = re.compile(
        rf"#[^\n]*|(?P<string>{STRING.pattern})|(?P<mark>[\[\]{{}}\n])|(?<![\w-])[\w-]+[ \t]*="
    )
    while match := token.search(region.text, at, end):
        at = match.end()
        mark = match["mark"]
        if match["string"]:
            if keys[-1] in ("", *_RUNNING):
                string = STRING.match(region.text, match.start(), end)
                assert string is not None
                texts.append(content(region, string, raw_single=True))
        elif mark == "\n":
            if depth == 0:
                break
        elif mark in ("[", "{"):
            depth += 1
            keys.append(keys[-1] if mark == "[" else "?")
        elif mark in ("]", "}"):
            depth -= 1
            if len(keys) > 1:
                keys.pop()
        elif match[0].endswith("="):
            keys[-1] = match[0].rstrip("= \t")
        if depth < 0 or len(keys) > 50:
            break
    return texts, max(at, start)
