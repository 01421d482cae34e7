"""A command line recognised as an entry of the tables, and the nodes it can make."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from posixpath import normpath

from dbguard.commands.arguments import Arguments
from dbguard.commands.invocation import Invocation, Word
from dbguard.databases import database_of_url
from dbguard.flow import Branch, Embed, Include, Node, Sequence
from dbguard.operations import Certainty, Guard, Kind, Operation, Target, TargetKind, Trait
from dbguard.patterns import regex
from dbguard.records import dataclass, replace
from dbguard.source import Mapped, Span, has_hole, hole_names

_ROOTED = regex(r"^(?:[/~]|[A-Za-z]:[\\/]|__hole_|[a-z][a-z0-9+.-]*://|:memory:$)")
_DATE = regex(r"date|time|stamp|now|uuid|random|epoch|seconds|sha|build|run_id|tag", re.IGNORECASE)
_TEST = regex(r"(?:^|[^a-z])(?:test|tests|testing|e2e)(?:[^a-z]|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Match:
    """An entry's program and path found in an invocation; ``arguments`` follow the path.

    ``called`` is what a person would call it ("docker volume rm").
    """

    invocation: Invocation
    called: str
    arguments: Arguments

    @property
    def span(self) -> Span:
        return self.invocation.span

    @property
    def words(self) -> tuple[Word, ...]:
        """The words after the program."""
        return self.invocation.words[1:]

    def operand(self, number: int) -> Mapped | None:
        """Return operand *number* (from 1) after the path."""
        operands = self.arguments.operands
        return operands[number - 1].word.mapped if number <= len(operands) else None

    def select(self, where: str) -> list[Mapped]:
        """Return the first of the places in *where* that is there.

        Places are separated by blanks: ``1`` an operand, ``*`` all of them, ``2*`` all
        from the second, ``-d`` an option's value, ``$PGDATABASE`` a variable, ``<`` and
        ``>`` the files of the redirections, ``.1`` a word of the subcommand.
        """
        for place in where.split():
            found = self._at(place)
            if found:
                return found
        return []

    def _at(self, place: str) -> list[Mapped]:
        if place.endswith("*"):
            first = int(place[:-1] or "1") - 1
            return [operand.word.mapped for operand in self.arguments.operands[first:]]
        if place.isdigit():
            operand = self.operand(int(place))
            return [operand] if operand is not None else []
        if place[0] == "-":
            return self.arguments.values(place)[-1:]
        if place[0] == "$":
            name = place[1:] + "="
            given = [w.mapped for w in self.words if w.text.startswith(name)]  # rake RAILS_ENV=test
            if given:
                return [given[-1].slice(len(name), len(given[-1].text))]
            value = self.invocation.environment.get(place[1:])
            return [Mapped.at(value, self.span)] if value else []
        if place[0] == ".":
            return [Mapped.at(self.called.split()[int(place[1:])], self.span)]
        redirected = {"<": self.invocation.stdin_file, ">": self.stdout_word()}[place]
        return [redirected.mapped] if redirected is not None else []

    def stdout_word(self) -> Word | None:
        """Return the file the output goes to."""
        return self.invocation.stdout_file

    def path(self, word: Mapped | str) -> str:
        """Return a path joined to the working directory."""
        return joined(self.invocation.directory, word if isinstance(word, str) else word.text)

    def mapped_path(self, word: Mapped) -> Mapped:
        """Return a path joined to the working directory, still leading to its word."""
        path = self.path(word)
        return word if path == word.text else Mapped.at(path, word.span)

    def target(self, kind: TargetKind, name: str, database: str | None = None) -> Target:
        """Return a target; the name of a database is its path, or its URL without password."""
        if kind is TargetKind.DATABASE:
            name = database_name(name)
            if database is None and name:
                database = name
        certainty = Certainty.PARTIAL if has_hole(name) else Certainty.LITERAL
        return Target(kind, name, database, certainty)

    def file(self, word: Mapped | str) -> Target:
        """Return the file *word* names, as a target."""
        return self.target(TargetKind.FILE, self.path(word))

    def operation(
        self,
        kind: Kind,
        target: Target,
        *,
        spelling: str = "",
        certainty: Certainty | None = None,
        source: Target | None = None,
        guard: Guard | None = None,
        traits: frozenset[Trait] = frozenset(),
    ) -> Operation:
        """Return an operation of this command."""
        return Operation(
            kind,
            target,
            self.span,
            self.invocation.region,
            certainty if certainty is not None else target.certainty,
            spelling or self.called,
            source=source,
            checked=self.invocation.checked,
            guard=guard,
            traits=traits,
        )

    def guarded(self, guard: Guard, target: Target, nodes: Iterable[Node]) -> Branch:
        """Return *nodes* as what runs only where a condition holds, and holds no longer after."""
        holds = self.operation(Kind.GUARD, target, guard=guard)
        return Branch((Sequence((holds, *nodes)), Sequence()))

    def embed(
        self,
        language: str,
        content: Mapped,
        via: str,
        *,
        database: str | None = None,
        dialect: str = "",
        checked: bool = True,
    ) -> Embed:
        """Return a text in another language that this command runs."""
        region = self.invocation.region.embed(
            language, content, via, database=database, dialect=dialect
        )
        return Embed(region, self.span, self.invocation.checked and checked)

    def include(
        self,
        path: Mapped,
        language: str,
        via: str,
        *,
        database: str | None = None,
        dialect: str = "",
        checked: bool = True,
    ) -> Include:
        """Return a file of the project that this command runs."""
        return Include(
            self.mapped_path(path),
            language,
            self.invocation.region,
            self.span,
            via,
            database,
            dialect,
            self.invocation.checked and checked,
        )

    def task(self, language: str, words: Iterable[str], via: str, place: str = "") -> Include:
        """Return a task of the project that this command runs, by its name and arguments.

        *place* is the file that defines it, or the folder to look for that from.
        """
        return Include(
            Mapped.at(self.path(place or "."), self.span),
            language,
            self.invocation.region,
            self.span,
            via,
            checked=self.invocation.checked,
            task=tuple(words),
        )

    def standard_input(
        self,
        language: str,
        *,
        called: str = "",
        database: str | None = None,
        dialect: str = "",
        checked: bool = True,
    ) -> Iterator[Embed | Include]:
        """Yield what arrives on standard input as text that this command runs."""
        program = called or self.called
        invocation = self.invocation
        if invocation.stdin is not None:
            yield self.embed(
                language,
                invocation.stdin,
                f"{invocation.stdin_via or 'input'} of {program}",
                database=database,
                dialect=dialect,
                checked=checked,
            )
        elif invocation.stdin_file is not None:
            yield self.include(
                invocation.stdin_file.mapped,
                language,
                f"input of {program}",
                database=database,
                dialect=dialect,
                checked=checked,
            )


def joined(directory: str, path: str) -> str:
    """Return *path* as seen from where the script starts, when run in *directory*."""
    if not directory or not path or _ROOTED.match(path):
        return path
    return normpath(f"{directory}/{path}")


def database_name(name: str) -> str:
    """Return the path or password-free URL of a database for what a command line calls it."""
    return database_of_url(name) or name


def timestamped(name: str) -> bool:
    """Say whether a copy's name has a part of its own: a date, a random or build number."""
    return (
        any(_DATE.search(part) for part in hole_names(name)) or "`date" in name or "$(date" in name
    )


def backup_traits(name: str) -> frozenset[Trait]:
    """Return the traits of a backup whose copy is called *name*."""
    return frozenset({Trait.TIMESTAMPED}) if timestamped(name) else frozenset()


def is_test_environment(value: str) -> bool:
    """Say whether an environment's name or a settings module is one of tests."""
    return _TEST.search(value) is not None


def narrowed(invocation: Invocation, words: tuple[Word, ...]) -> Invocation:
    """Return the invocation of *words* alone: what a wrapper runs.

    Its span begins at its program, where that stands within the command.
    """
    span = invocation.span
    if not invocation.listed and words:
        start = words[0].span.start
        text = invocation.region.file.text
        if span.start < start < span.end:
            if text[start - 1] in "\"'" and start - 1 >= span.start:
                start -= 1
            span = Span(start, span.end)
    return replace(invocation, words=words, span=span)
