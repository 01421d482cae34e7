"""Files that a script reads in with ``source``: their functions, variables and options.

What such a file does when it is read in is followed apart, as a file that runs here. This is
about what it leaves behind: the functions, whose bodies run where they are called, with the
variables and options that the file sets at its top level.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from dbguard.flow import Include
from dbguard.languages.grammars import Node as Syntax
from dbguard.languages.shell.limits import IN_A_TEST, REPEATED
from dbguard.languages.shell.script import Script, parse
from dbguard.patterns import regex
from dbguard.records import dataclass, field
from dbguard.source import Region

Find = Callable[[Include, str], "tuple[str, Region] | None"]
"""Takes a file that is read in and the path of the file that does, from the root of the
project; returns the path of the file that is meant, and its text."""
Place = tuple[str, int, int]
"""A file as it is shown, and a stretch of it in code points."""

MAX_LIBRARIES = 12
"""How many files one script may read in, those that they read in included."""
MAX_SIZE = 400_000
"""Longer files, in characters, are only followed as files that run."""
_MAX_CACHED = 60

_STATEMENT = regex(r"\b(?:drop|truncate|delete|alter|update|rename|replace)\s", re.IGNORECASE)
"""What a function may write for a client to run."""
_WORD = regex(r"[\w.-]+")
_DOES_SOMETHING = frozenset({"exit", "return", "read", "eval", "exec", "set", "trap"})
_SETTINGS = frozenset({"variable_assignment", "variable_assignments", "declaration_command"})
_SOURCE = regex(r"(?:source|\.)[ \t]")
_SET = regex(r"set[ \t]+[-+]")


@dataclass(frozen=True)
class Library:
    """A file that is read in: what may matter of its functions, and its top level's settings."""

    path: str
    script: Script
    functions: dict[str, Syntax]
    settings: tuple[Syntax, ...]


@dataclass(slots=True)
class Sources:
    """Finds the files a script reads in; remembers which of their functions it calls.

    ``path`` is the script's own from the root of the project. ``calls_left`` holds how many
    calls are followed yet; several scripts may share it. ``is_test``: the script calls what it
    tests, and its harness for each case.
    """

    find: Find
    path: str
    calls_left: list[int]
    is_test: bool = False
    called: set[Place] = field(default_factory=set)
    read: set[str] = field(default_factory=set)

    @property
    def is_full(self) -> bool:
        """Say whether no further file is read in."""
        return len(self.read) >= MAX_LIBRARIES

    @property
    def commands(self) -> int:
        """How many commands of functions of other files are read in their calls."""
        return IN_A_TEST if self.is_test else REPEATED

    def library(self, include: Include, including: str) -> Library | None:
        """Return the file that is read in, None where it is not known or was before."""
        if self.is_full:
            return None
        found = self.find(include, including)
        if found is None or found[0] in self.read or found[0] == self.path:
            return None
        path, region = found
        self.read.add(path)
        if len(region.text) > MAX_SIZE:
            return None
        return _library(path, region)

    def may_call(self, script: Script, node: Syntax) -> bool:
        """Say whether a call of a function of another file is followed, and remember that it is."""
        if self.calls_left[0] <= 0:
            return False
        self.calls_left[0] -= 1
        self.called.add(place_of(script, node))
        return True


_CACHED: dict[tuple[str, str, str], Library] = {}


def _library(path: str, region: Region) -> Library:
    key = (region.file.path, region.text, region.dialect)
    if key not in _CACHED:
        if len(_CACHED) >= _MAX_CACHED:
            _CACHED.clear()
        script = parse(region)
        functions = dict(functions_of(script))
        _CACHED[key] = Library(
            path, script, _acting(script, functions), tuple(_settings_of(script))
        )
    return _CACHED[key]


def place_of(script: Script, node: Syntax) -> Place:
    """Return where a node of a text stands."""
    span = script.prepared.span(*script.range(node))
    return script.region.file.path, span.start, span.end


def functions_of(script: Script) -> Iterator[tuple[str, Syntax]]:
    """Yield the functions a text defines, those that stand in others too."""
    assert script.tree is not None
    cursor = script.tree.root.walk()
    while True:
        node = cursor.node
        if node is not None and node.type == "function_definition":
            name = node.child_by_field_name("name")
            if name is not None:
                yield script.tree.text(name), node
        if cursor.goto_first_child():
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return


def _acting(script: Script, functions: dict[str, Syntax]) -> dict[str, Syntax]:
    """Return the functions that may do something; the others (messages, colours) are left.

    They would be read again at each of their calls, and a library has many.
    """
    assert script.tree is not None
    # Imported here: only a script that reads another one in asks.
    from dbguard.commands.lowering import program_name

    words = {
        name: set(_WORD.findall(script.tree.text(node))) - {name}
        for name, node in functions.items()
    }
    acting = {
        name
        for name, found in words.items()
        if not found.isdisjoint(_DOES_SOMETHING)
        or any(program_name(word) is not None for word in found)
        or _runs_a_value(functions[name])
        or _STATEMENT.search(script.tree.text(functions[name]))
    }
    growing = True
    while growing:
        more = {name for name in words.keys() - acting if not words[name].isdisjoint(acting)}
        growing = bool(more)
        acting |= more
    return {name: node for name, node in functions.items() if name in acting}


def _runs_a_value(function: Syntax) -> bool:
    """Say whether a function runs what it is given: ``"$@"``, ``$1``, ``"${command[@]}"``."""
    pending = [function]
    while pending:
        node = pending.pop()
        if node.type == "command_name":
            word = node.named_children[0] if node.named_children else None
            if word is not None and word.type not in ("word", "raw_string"):
                return True
        pending.extend(node.named_children)
    return False


def _settings_of(script: Script) -> Iterator[Syntax]:
    """Yield the assignments, ``set`` and ``source`` of the top level whose values are plain."""
    assert script.tree is not None
    for node in script.tree.root.children[:2_000]:
        text = script.tree.text(node)
        if len(text) > 2_000 or "`" in text or re.search(r"\$\((?!dirname|cd )", text):
            continue
        if node.type in _SETTINGS or (
            node.type == "command" and (_SOURCE.match(text) or _SET.match(text))
        ):
            yield node
