"""Jupyter notebooks: the code cells in their order are one Python program.

https://nbformat.readthedocs.io/en/latest/format_description.html. What IPython adds to Python
is spelled as the calls it stands for: ``!rm app.db`` and ``%%bash`` as ``os.system(...)``,
``%sql`` and ``%%sql`` as ``cursor.execute(...)``, ``%cd data`` as ``os.chdir(...)``. Their text
keeps its place in the file. Other magics are left out; so are notebooks of other languages.
"""

from __future__ import annotations

import re

from dbguard.flow import Embed, Flow, Lowered, Sequence
from dbguard.hosts.json_nodes import Json, Text, Value
from dbguard.patterns import regex
from dbguard.source import Mapped, Region, Transcript, hole

_SHELLS = regex(r"%%(?:bash|sh|script\s+(?:ba|z)?sh|!)|!!")
_CELL_OF_PYTHON = regex(r"%%(?:time|timeit|capture|prun|python3?|debug|memit)\b")
_LINE = regex(
    r"(?P<indent>[ \t]*)(?P<to>[A-Za-z_]\w*[ \t]*=[ \t]*)?"
    r"(?:(?P<shell>!{1,2}|%(?:sx|system)[ \t]+)(?!=)|%(?P<magic>\w+)[ \t]*)(?P<rest>[^\n]*)"
)
_NAME = regex(r"\{([A-Za-z_]\w*)\}|\$([A-Za-z_]\w*)")
_ESCAPED = regex(r"[\\\"\n\r]")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r"}


def lower(region: Region) -> Lowered:
    """Return the flow of the program that the cells are."""
    json = Json(region)
    problems = tuple(json.problems)
    if not _is_python(json):
        return Lowered((), problems)
    program = Transcript()
    start = region.span(0, 0).start
    program.inexact("import os\n", start, 0)
    for cell in _cells(json):
        for line in _python(cell):
            program.mapped(line)
        program.inexact("\n", cell.span.end, 0)
    content = program.build()
    inner = region.embed("python", content, "cells of a notebook")
    return Lowered((Flow("", Sequence((Embed(inner, content.span),))),), problems)


def _is_python(json: Json) -> bool:
    for path in (("kernelspec", "language"), ("language_info", "name")):
        name = json.get(json.root, "metadata", *path)
        if isinstance(name, Text):
            return "python" in json.text(name).text.lower()
    return True


def _cells(json: Json) -> list[Mapped]:
    """Return the text of each code cell."""
    found = []
    cells = json.get(json.root, "cells")
    for cell in getattr(cells, "items", ()):
        kind: Value | None = json.get(cell, "cell_type")
        if isinstance(kind, Text) and json.text(kind).text == "code":
            text = Mapped.join(json.texts(json.get(cell, "source")))
            if text.text.strip():
                found.append(text)
    return found


def _python(cell: Mapped) -> list[Mapped]:
    """Return a cell as Python, line by line."""
    text = cell.text
    if text.lstrip().startswith(("%%", "!!")):
        begin = len(text) - len(text.lstrip())
        head = text[begin:].partition("\n")[0]
        body = cell.slice(min(len(text), begin + len(head) + 1), len(text))
        if head.startswith("%%sql"):
            return [_call("cursor.execute", body, "")]
        if _SHELLS.match(head):
            return [_call("os.system", body, "")]
        return _python(body) if _CELL_OF_PYTHON.match(head) and body.text.strip() else []
    lines, at = [], 0
    for raw in text.split("\n"):
        line = cell.slice(at, min(len(text), at + len(raw) + 1))
        match = _LINE.fullmatch(raw)
        lines.append(_magic(cell, at, match) if match else line)
        at += len(raw) + 1
    return lines


def _magic(cell: Mapped, at: int, match: re.Match[str]) -> Mapped:
    """Return a line that is no Python as the call it stands for."""
    before = match["indent"] + (match["to"] or "")
    rest = cell.slice(at + match.start("rest"), at + match.end("rest"))
    if match["shell"]:
        return _call("os.system", rest, before)
    if match["magic"] == "sql":
        return _call("cursor.execute", rest, before)
    if match["magic"] == "cd":
        return _call("os.chdir", rest, before)
    if match["magic"] in ("time", "timeit"):
        place = cell.map.to_outer(at, at)
        return Mapped.join((Mapped.at(match["indent"], place), rest, Mapped.at("\n", place)))
    place = cell.map.to_outer(at, at + len(match[0]))
    return Mapped.at(match["indent"] + "pass\n", place)


def _call(name: str, argument: Mapped, before: str) -> Mapped:
    """Return a call with a text for its argument; its escapes are inexact pieces."""
    transcript, at = Transcript(), 0
    span = argument.span
    transcript.inexact(f'{before}{name}("', span.start, 0)
    marks = sorted(
        [*_ESCAPED.finditer(argument.text), *_NAME.finditer(argument.text)],
        key=lambda match: match.start(),
    )
    for match in marks:
        if match.start() < at:
            continue
        transcript.mapped(argument.slice(at, match.start()))
        place = argument.map.to_outer(match.start(), match.end())
        names = match.groups()
        meant = hole(names[0] or names[1]) if names else _ESCAPES[match[0]]
        transcript.inexact(meant, place.start, place.end - place.start)
        at = match.end()
    transcript.mapped(argument.slice(at, len(argument.text)))
    transcript.inexact('")\n', span.end, 0)
    return transcript.build()
