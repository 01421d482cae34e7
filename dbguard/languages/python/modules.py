"""Other modules of the project: the names a file imports from them, and their functions.

A module is read only where a name of it is needed. It is parsed and walked as text, never
imported or run. A function of it that is called is followed like one of the file itself:
what it does stands in its own file. Its constants stand, collapsed, where they are named.

What such a function does is judged on its own as well, for it may be called from
elsewhere: a caller's backup or guard never takes a finding from it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable

from dbguard.languages.python.values import Function, Symbol, Unknown, Value, moved
from dbguard.patterns import regex
from dbguard.source import Region, Span

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dbguard.languages.python.program import Program

Find = Callable[[str, str], "tuple[str, Region] | None"]
"""Takes a dotted name, with leading dots as written, and the path of the file that imports
it from the root of the project; returns the path of the module, and its text."""
Walk = Callable[[Region, "Modules"], "Program | None"]

MODULES_LIMIT = 12
"""How many modules of the project one file may have read."""
SIZE_LIMIT = 300_000
"""Longer modules, in characters, are not read: they are data or generated."""
HOPS_LIMIT = 3
CALLS_LIMIT = 400
"""How many calls of functions of other modules are followed for one file; the rest is reported."""

_FROM = regex(
    rb"^[ \t]*from[ \t]+([.\w]+)[ \t]+import[ \t]*(\([^)]{0,4000}\)|[^\r\n#;]{0,400})",
    re.MULTILINE,
)
_IMPORT = regex(rb"^[ \t]*import[ \t]+([\w., \t]{1,400})", re.MULTILINE)
_SETTINGS = regex(r"setting|conf|path|const|db|database", re.IGNORECASE)
"""What names the modules and objects whose attributes are looked up in a test."""
_CALLED = regex(rb"\w+[(.]")
_LONG = 200_000  # bytes
_NAME = regex(rb"(\w+)(?:\s+as\s+(\w+))?")


class Modules:
    """The modules of the project that one file of it sees, and those they see in turn."""

    def __init__(self, find: Find, walk: Walk, path: str, functions: bool = True) -> None:
        self._find = find
        self._walk = walk
        self._path = path
        self._hops = 0
        self._known: dict[str, Program | None] = {}
        self._resolved: dict[str, Program | None] = {}
        self.relative: dict[str, str] = {}
        self.regions: list[Region] = []
        self._functions = functions
        self._calls = [CALLS_LIMIT if functions else 0]

    def _from(self, path: str) -> Modules:
        """Return the modules as another file sees them: what is read is shared."""
        other = Modules(self._find, self._walk, path, self._functions)
        other._hops = self._hops + 1
        other._known, other.regions, other._calls = self._known, self.regions, self._calls
        return other

    def start(self, program: Program) -> None:
        """Remember the walk over the file itself: a module may import it back."""
        self._known[self._path] = program

    @property
    def cut(self) -> bool:
        """Say whether a call of a function of another module was not followed any more."""
        return self._functions and self._calls[0] < 0

    def may_follow(self, program: Program, function: Function) -> bool:
        """Say whether a function of another module does something, and may still be followed."""
        if not program.marked(function.node) and (
            function.name.encode() not in program.marks.acting
        ):
            return False
        self._calls[0] -= 1
        return self._calls[0] >= 0

    def load(self, dotted: str) -> Program | None:
        """Return the walk over a module, None where the project has none of this name."""
        if dotted not in self._resolved:
            self._resolved[dotted] = None
            self._resolved[dotted] = self._loaded(dotted)
        return self._resolved[dotted]

    def _loaded(self, dotted: str) -> Program | None:
        root = dotted.partition(".")[0]
        if root in sys.stdlib_module_names or self._hops >= HOPS_LIMIT:
            return None
        found = self._find(dotted, self._path)
        if found is None:
            return None
        path, region = found
        if path not in self._known:
            if len(self.regions) >= MODULES_LIMIT or len(region.text) > SIZE_LIMIT:
                return None
            self._known[path] = None
            self.regions.append(region)
            self._known[path] = self._walk(region, self._from(path))
        return self._known[path]

    def value(self, asking: Program, module: str, name: str, span: Span) -> Value | None:
        """Return what a module of the project binds *name* to, None where that is not known."""
        if not (self._functions or name.isupper() or _SETTINGS.search(f"{module}.{name}")):
            return None
        program = self.load(self.relative.get(module, module))
        if program is None or program is asking:
            return None
        value: Value | None = None
        if bindings := program.module.bindings.get(name):
            with program.entered_from(asking):
                value = program.force(bindings[-1])
        elif program.modules is not None:
            for star in program.module.stars:
                value = value or program.modules.value(program, star, name, span)
        if value is None or isinstance(value, Unknown):
            return None
        if isinstance(value, Symbol) and value.name == f"{module}.{name}":
            return None
        return moved(value, span)

    def acting(self, data: bytes) -> set[bytes]:
        """Return the names by which a text may call functions of the project that matter."""
        found: set[bytes] = set()
        if self._calls[0] <= 0:
            return found
        # In a long text each of very many imports would be looked for from end to end.
        words = set(_CALLED.findall(data)) if len(data) > _LONG else None

        def stands(word: bytes) -> bool:
            return word in data if words is None else word in words

        for match in _FROM.finditer(data) if b"from" in data else ():
            names = {name[1]: name[2] or name[1] for name in _NAME.finditer(match[2])}
            dotted = match[1].decode("utf-8", "replace")
            if any(stands(alias + b"(") for alias in names.values()):
                acting = self._acting_of(dotted)
                found.update(alias for name, alias in names.items() if name in acting)
            glue = "" if dotted.endswith(".") else "."
            for name, alias in names.items():
                if stands(alias + b"."):
                    found |= self._acting_of(f"{dotted}{glue}{name.decode('utf-8', 'replace')}")
        for match in _IMPORT.finditer(data):
            for part in match[1].split(b","):
                if parts := part.split():
                    found |= self._acting_of(parts[0].decode("utf-8", "replace"))
        return found

    def _acting_of(self, dotted: str) -> set[bytes]:
        program = self.load(dotted)
        return program.marks.acting if program is not None else set()
