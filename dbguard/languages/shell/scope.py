"""What a shell knows while it runs: variables, aliases, options, where it stands.

The state is one mapping with an undo log, so that the arms of a branch cost what they
change and not what there is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from posixpath import join, normpath, relpath

from dbguard.records import dataclass, replace
from dbguard.source import Mapped, Region, Span, Transcript, has_hole, hole

START = "\ue000"
"""Stands in a value for the directory in which the script starts."""

DIRECTORY, PREVIOUS, ERREXIT, PIPEFAIL, ALLEXPORT = "/cwd", "/old", "/errexit", "/pipefail", "/a"
PARAMETERS, EXPORTED, STACK = "/parameters", "/exported", "/stack"
# A slash never stands in the name of a variable; aliases and written files are keyed likewise.
ALIAS, WRITTEN = "/alias/", "/written/"


@dataclass(frozen=True, slots=True)
class Value:
    """What a variable holds.

    ``fields`` has one element for a plain variable. ``glob``: the text is a pattern that
    stands for the files it matches. ``queries`` are the statements whose result it is.
    ``asked``: a person typed it. ``flag``: it comes from the script's own arguments. ``home``
    is the file its places are in, '' where there is only one.
    """

    fields: tuple[Mapped, ...]
    array: bool = False
    glob: bool = False
    queries: tuple[Region, ...] = ()
    asked: bool = False
    flag: bool = False
    home: str = ""

    @property
    def text(self) -> str:
        return self.fields[0].text if self.fields else ""


class Scope:
    """The state of a shell, with marks to go back to.

    ``file`` is the path of the file whose commands run, '' where no other is read in.
    """

    def __init__(self, file: str = "") -> None:
        self.file = file
        self._state: dict[str, object] = {}
        self._log: list[tuple[str, object]] = []

    def set(self, key: str, value: object) -> None:
        """Let *key* have *value* from here on."""
        if self.file and isinstance(value, Value) and not value.home:
            value = replace(value, home=self.file)
        self._log.append((key, self._state.get(key)))
        self._state[key] = value

    def variable(self, name: str) -> Value | None:
        """Return what a variable holds, None where that is not known."""
        value = self._state.get(name)
        return value if isinstance(value, Value) else None

    def seen_from(self, value: Value, span: Span) -> Value:
        """Return a value as it is used at *span* of the file whose commands run.

        One of another file has no place in this one but that.
        """
        if value.home in ("", self.file):
            return value
        fields = tuple(Mapped.at(field.text, span) for field in value.fields)
        return replace(value, fields=fields, home=self.file)

    def flag(self, key: str) -> bool:
        """Say whether an option is on."""
        return self._state.get(key) is True

    def get(self, key: str) -> object:
        """Return what the state has for *key*, None where nothing."""
        return self._state.get(key)

    def text(self, key: str) -> str:
        """Return a text of the state, '' where there is none."""
        value = self._state.get(key)
        return value if isinstance(value, str) else ""

    @property
    def parameters(self) -> tuple[Value, ...] | None:
        """The positional parameters, None where they are not known."""
        value = self._state.get(PARAMETERS)
        return value if isinstance(value, tuple) else None

    @property
    def directory(self) -> str:
        """Where commands run, relative to where the script starts ('' there)."""
        return self.text(DIRECTORY)

    @property
    def environment(self) -> Mapping[str, str]:
        """The exported variables. Never changed in place."""
        value = self._state.get(EXPORTED)
        return value if isinstance(value, dict) else {}

    def export(self, name: str, value: Value | None) -> None:
        """Hand a variable on to the programs that run from here on."""
        text = value.text if value is not None else hole(name)
        if self.environment.get(name) != text and len(self.environment) < 500:
            self.set(EXPORTED, {**self.environment, name: text})

    def assign(self, name: str, value: Value) -> None:
        """Assign a variable, which stays exported if it is."""
        self.set(name, value)
        if self.flag(ALLEXPORT) or name in self.environment:
            self.export(name, value)

    def unset(self, name: str) -> None:
        """Forget a variable."""
        self.set(name, None)

    def mark(self) -> int:
        """Return a mark to go back to."""
        return len(self._log)

    def undo(self, mark: int) -> dict[str, object]:
        """Go back to *mark*; return what had changed since, as it was before going back."""
        changes: dict[str, object] = {}
        while len(self._log) > mark:
            key, before = self._log.pop()
            changes.setdefault(key, self._state.get(key))
            self._state[key] = before
        return changes

    def merge(self, arms: Iterable[Mapping[str, object]]) -> None:
        """Go on from the end of several arms, each given by what it changed."""
        arms = list(arms)
        for key in dict.fromkeys(key for arm in arms for key in arm):
            before = self._state.get(key)
            values = [arm.get(key, before) if key in arm else before for arm in arms]
            merged = values[0]
            for other in values[1:]:
                merged = _joined(key, merged, other)
            self.set(key, merged)

    def enter(self, directory: str) -> None:
        """Change the directory."""
        self.set(PREVIOUS, self.directory)
        self.set(DIRECTORY, self.path(directory))

    def path(self, name: str) -> str:
        """Return a path, as written here, relative to where the script starts."""
        if START in name:
            name = name.replace(START, self.start)
        if is_absolute(name) or not self.directory:
            return "" if name in (".", "./", "") else normpath(name)
        joined = normpath(join(self.directory, name))
        return "" if joined == "." else joined

    @property
    def start(self) -> str:
        """The directory in which the script starts, as seen from here."""
        here = self.directory
        if not here:
            return "."
        if is_absolute(here):
            return hole("PWD")
        return relpath(".", here)

    @property
    def here(self) -> str:
        """The directory as a value that keeps its meaning in another directory."""
        here = self.directory
        if is_absolute(here):
            return here
        return f"{START}/{here}" if here else START

    def located(self, mapped: Mapped) -> Mapped:
        """Return a value with the start directory spelled as seen from here."""
        if START not in mapped.text:
            return mapped
        transcript = Transcript()
        for piece in mapped.map.pieces:
            text = mapped.text[piece.inner : piece.inner_end]
            if piece.exact and START not in text:
                transcript.exact(text, piece.outer)
            else:
                transcript.inexact(text.replace(START, self.start), piece.outer, piece.outer_length)
        return transcript.build()


def distinct(queries: Iterable[Region]) -> tuple[Region, ...]:
    """Return the first statements of several, each once (by identity: they are never copied)."""
    return tuple({id(query): query for query in queries}.values())[:32]


def is_absolute(path: str) -> bool:
    """Say whether a path does not depend on the directory, as far as is known."""
    return path.startswith(("/", "~", "__hole_", START))


def _joined(key: str, one: object, other: object) -> object:
    """Return what holds of a key on two paths that meet."""
    if one == other:
        return one
    if isinstance(one, Value) and isinstance(other, Value):
        if one.fields == other.fields or not _known(other):
            best = one
        elif not _known(one):
            best = other
        else:
            span = one.fields[0].span if one.fields else other.fields[0].span
            best = Value((Mapped.at(hole(key), span),), home=one.home or other.home)
        return Value(
            best.fields,
            best.array,
            best.glob,
            distinct((*one.queries, *other.queries)),
            one.asked or other.asked,
            one.flag or other.flag,
            best.home,
        )
    if key in (ERREXIT, PIPEFAIL):
        return None
    if key in (PARAMETERS, DIRECTORY):
        return one if key == DIRECTORY and one else other
    if isinstance(one, dict) and isinstance(other, dict):
        return {**other, **one}
    return one if one is not None else other


def _known(value: Value) -> bool:
    return any(field.text and not has_hole(field.text) for field in value.fields)
