"""Commands of a Python program: which function a name on the command line means.

Read from the decorators of click, Flask, Typer, Flask-Script, invoke and nox, as text: it is
asked only of a file that a command line of the project leads to.

https://click.palletsprojects.com/en/stable/commands-and-groups/,
https://flask.palletsprojects.com/en/stable/cli/#custom-commands,
https://docs.pyinvoke.org/en/stable/concepts/invoking-tasks.html.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dbguard.patterns import regex
from dbguard.records import dataclass

_DECORATOR = regex(
    r"^[ \t]*@(?P<receiver>[\w.]{1,200}?)\.?\b(?P<kind>command|task|session|option)\b"
    r"[ \t]*(?:\((?P<arguments>[^()\n]{0,400}))?",
    re.MULTILINE,
)
_NAME = regex(r"[ \t]*(?:name[ \t]*=[ \t]*)?[rRuU]?(?:\"([^\"\n]+)\"|'([^'\n]+)')")
_FUNCTION = regex(r"^[ \t]*(?:async[ \t]+)?def[ \t]+(\w+)|^(?:class)\b", re.MULTILINE)
_ENDINGS = ("_command", "_cmd", "_group", "_grp")
DISTANCE = 4_000
"""How far behind its decorator a function may begin, in characters: options stand between."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command: ``receiver`` is what it was added to, ``function`` what it runs."""

    receiver: str
    name: str
    function: str


def commands_of(text: str) -> Iterator[Command]:
    """Yield the commands a text defines, in order."""
    for match in _DECORATOR.finditer(text):
        function = _FUNCTION.search(text, match.end(), match.end() + DISTANCE)
        if function is None or function[1] is None:
            continue
        given = _NAME.match(match["arguments"] or "")
        if given is not None and match["kind"] == "command":
            names = {given[1] or given[2]}
        else:
            names = {function[1], function[1].replace("_", "-")}
            for ending in _ENDINGS:  # what click 8.2 takes off
                names.add(function[1].removesuffix(ending).replace("_", "-"))
        for name in sorted(names):
            yield Command(match["receiver"], name, function[1])


def functions_of(text: str, words: tuple[str, ...]) -> tuple[str, ...]:
    """Return the functions that the words of a command line run, () where none is known.

    The first word is a function or a command; a word behind it may be a command of it, where
    it is a group. Options are passed over: what they are worth is not read.
    """
    names = [word for word in words if word and not word.startswith("-")][:3]
    if not names:
        return ()
    known: dict[str, str] = {}
    for command in commands_of(text):
        known.setdefault(command.name, command.function)
    first, rest = names[0], names[1:]
    is_function = re.search(rf"^[ \t]*(?:async[ \t]+)?def[ \t]+{re.escape(first)}\b", text, re.M)
    inner = next((known[name] for name in rest if name in known), None)
    if first in known and (inner is None or not _is_group(text, first)):
        return (known[first],)
    if is_function:
        return (first, inner) if inner is not None and inner != first else (first,)
    return (inner,) if inner is not None and _is_group(text, first) else ()


def _is_group(text: str, name: str) -> bool:
    """Say whether a text knows a group (or a blueprint, whose commands form one) of this name."""
    spelled = re.escape(name).replace(r"\-", "[-_]").replace("_", "[-_]")
    return (
        re.search(rf"(?:group|Group|Blueprint|Typer)\b[\s\S]{{0,300}}?\b{spelled}\b", text)
        is not None
    )
