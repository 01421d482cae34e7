"""The entries the tables of ``dbguard/commands/programs`` are made of.

An entry names the command lines it is about, the documentation that says so, and how
they are lowered. ``command`` is one or more patterns separated by commas, each of a
program and the path of its subcommand::

    "docker volume rm|remove, podman volume rm"

A word may give several spellings (``rm|remove``) or a pattern (``*=0``, ``*`` for any).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from dbguard.commands.arguments import Arguments, Grammar, grammar
from dbguard.commands.invocation import Invocation, Word
from dbguard.commands.match import Match, backup_traits, is_test_environment, narrowed
from dbguard.commands.mounts import mounted
from dbguard.flow import Direction, Node, Sequence
from dbguard.operations import Certainty, Guard, Kind, Target, TargetKind, Trait
from dbguard.patterns import regex
from dbguard.records import dataclass, field, replace
from dbguard.source import Mapped, Transcript

_ASSIGNMENT = regex(r"[A-Za-z_]\w*=")

ABOUT = {
    Kind.DELETE_FILE: TargetKind.FILE,
    Kind.OVERWRITE_FILE: TargetKind.FILE,
    Kind.COPY_FILE: TargetKind.FILE,
    Kind.MOVE_FILE: TargetKind.FILE,
    Kind.DELETE_STORAGE: TargetKind.STORAGE,
    Kind.DROP_TABLE: TargetKind.TABLE,
    Kind.TRUNCATE_TABLE: TargetKind.TABLE,
    Kind.CREATE_TABLE: TargetKind.TABLE,
    Kind.DELETE_ROWS: TargetKind.TABLE,
    Kind.STOP_SERVICE: TargetKind.SERVICE,
    Kind.START_SERVICE: TargetKind.SERVICE,
}
"""What sort of thing a kind is about; a database, where it is not listed."""

_SIDES = {
    Kind.BACKUP: (TargetKind.DATABASE, TargetKind.FILE),
    Kind.RESTORE: (TargetKind.FILE, TargetKind.DATABASE),
}
"""What the source and the target of a kind are, where they differ."""

DESTRUCTIVE = frozenset(
    {
        Kind.DELETE_FILE,
        Kind.OVERWRITE_FILE,
        Kind.DELETE_STORAGE,
        Kind.DROP_DATABASE,
        Kind.RESET,
        Kind.DROP_ALL,
        Kind.DROP_TABLE,
        Kind.DROP_COLUMN,
        Kind.TRUNCATE_TABLE,
        Kind.DELETE_ROWS,
        Kind.UPDATE_ROWS,
        Kind.COPY_FILE,
        Kind.MOVE_FILE,
        Kind.RESTORE,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What every entry has.

    ``values``: options with values, as :mod:`dbguard.commands.arguments` reads them;
    ``globals``: those before the subcommand, where the same letters mean something else
    after it (``docker compose -f FILE rm -f``).
    ``needs``: one of these options must be there. ``unless``: none of these may be.
    ``anywhere``: the path may follow other operands (``rake environment db:drop``).
    """

    command: str = field(kw_only=False)
    documentation: str
    values: str = ""
    globals: str = ""
    single_dash: bool = False
    needs: str = ""
    unless: str = "--help"
    anywhere: bool = False

    @property
    def topic(self) -> object:
        """What it is about: of several entries on one topic the longest subcommand counts."""
        return self

    def grammar(self) -> Grammar:
        return grammar(self.values, self.single_dash)

    def patterns(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield each program with the path of its subcommand."""
        for pattern in self.command.split(","):
            programs, *path = pattern.split()
            for program in programs.split("|"):
                yield program, tuple(path)

    def applies(self, arguments: Arguments) -> bool:
        """Say whether the options allow it."""
        if self.unless and arguments.has(*self.unless.split()):
            return False
        return not self.needs or arguments.has(*self.needs.split())

    def can_destroy(self) -> bool:
        """Say whether it can make a destructive operation by itself."""
        return False

    def lower(self, match: Match) -> Iterable[Node | Invocation]:
        """Return what the command does, and the commands it runs."""
        raise NotImplementedError

    def problems(self) -> Iterator[str]:
        """Yield what is wrong with the entry itself."""
        if not self.documentation.startswith("https://"):
            yield f"{self.command}: documentation is no https address"
        for name in (
            self.values + " " + self.globals + " " + self.needs + " " + self.unless
        ).split():
            if name[0] != "-":
                yield f"{self.command}: {name} is no option"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command(Entry):
    """A command that is one operation (see :attr:`kind`).

    ``target`` and ``source`` say where the names stand (see :meth:`Match.select`); a
    ``*`` makes one operation for each. ``about`` is the sort of target where it is not
    the usual one of the kind. ``environment`` says where the command is told which
    environment it is for: in one of tests, a guard precedes it.
    """

    kind: Kind
    target: str = ""
    source: str = ""
    about: TargetKind | None = None
    environment: str = ""
    direction: Direction | None = None
    certainty: Certainty | None = None
    traits: frozenset[Trait] = frozenset()
    spelling: str = ""

    @property
    def topic(self) -> object:
        return self.kind

    def can_destroy(self) -> bool:
        return self.kind in DESTRUCTIVE

    def lower(self, match: Match) -> Iterator[Node]:
        """Yield one operation for each target, after a guard where tests are meant."""
        spelling = self.spelling or self._called(match)
        about = self.about or ABOUT.get(self.kind, TargetKind.DATABASE)
        of_source, of_target = _SIDES.get(self.kind, (about, about))
        source = next((self._place(match, of_source, at) for at in match.select(self.source)), None)
        targets = [self._place(match, of_target, at) for at in match.select(self.target)]
        for target in targets or [Target(of_target, "")]:
            traits = self.traits
            if self.kind is Kind.BACKUP:
                traits |= backup_traits(target.name)
            operation = match.operation(
                self.kind,
                target,
                spelling=spelling,
                certainty=self.certainty,
                source=source,
                traits=traits,
            )
            nodes: tuple[Node, ...] = (operation,)
            if self.direction is not None:
                nodes = (Sequence(nodes, self.direction),)
            if any(is_test_environment(one.text) for one in match.select(self.environment)):
                yield match.guarded(Guard.ENVIRONMENT, operation.target, nodes)
            else:
                yield from nodes

    def _called(self, match: Match) -> str:
        for name in self.needs.split():
            for option in match.arguments.find(name):
                asked = "=" in name and option.value is not None
                value = f"={option.value.text}" if asked and option.value is not None else ""
                return f"{match.called} {option.name}{value}"
        return match.called

    @staticmethod
    def _place(match: Match, about: TargetKind, at: Mapped) -> Target:
        if about is TargetKind.FILE:
            return match.file(at)
        return match.target(about, at.text)

    def problems(self) -> Iterator[str]:
        yield from Entry.problems(self)
        for place in (self.target + " " + self.source + " " + self.environment).split():
            if place[0] not in "-$<>*." and not place.rstrip("*").isdigit():
                yield f"{self.command}: {place} is no place"


@dataclass(frozen=True, slots=True, kw_only=True)
class Custom(Entry):
    """A command whose words need code to be read: ``run`` returns what it does.

    ``operands``: reading stops after so many, the rest is another command.
    """

    run: Callable[[Match], Iterable[Node | Invocation]]
    destroys: bool = False
    operands: int | None = None

    def grammar(self) -> Grammar:
        return grammar(self.values, self.single_dash, self.operands)

    def can_destroy(self) -> bool:
        return self.destroys

    def lower(self, match: Match) -> Iterable[Node | Invocation]:
        return self.run(match)


@dataclass(frozen=True, slots=True, kw_only=True)
class Client(Entry):
    """A program that runs SQL.

    ``statements`` and ``files`` name the options (or operands) with SQL and with SQL
    files; without one, standard input is read. ``database`` says where its name stands.
    """

    dialect: str
    database: str = ""
    statements: str = ""
    files: str = ""
    reads_input: bool = True

    def lower(self, match: Match) -> Iterator[Node]:
        """Yield the texts and files that run, or the one on standard input."""
        database = next((database_of(match, at) for at in match.select(self.database)), None)
        ran = False
        for place in self.statements.split():
            for text in _all(match, place):
                ran = True
                via = (
                    f"{place} of {match.called}"
                    if place[0] == "-"
                    else f"argument of {match.called}"
                )
                yield match.embed("sql", text, via, database=database, dialect=self.dialect)
        for place in self.files.split():
            for path in _all(match, place):
                if path.text == "-":
                    continue
                ran = True
                yield match.include(
                    path,
                    "sql",
                    f"{place if place[0] == '-' else 'file'} of {match.called}",
                    database=database,
                    dialect=self.dialect,
                )
        if not ran and self.reads_input:
            yield from match.standard_input("sql", database=database, dialect=self.dialect)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrapper(Entry):
    """A program that runs another one, whose words are its last operands.

    ``operands`` come before it (``timeout 5 CMD``). ``assignments``: so may ``NAME=value``.
    ``text``: options whose value is a text for the shell. ``joined``: the words are joined
    into such a text. ``elsewhere``: it runs in another directory tree (a container, a host).
    ``input_text``: without a command it reads one from standard input. ``only_dashes``: the
    program follows ``--``. ``strict``: what follows the operands belongs to the program,
    options too. ``environment_files``: options naming a file of settings (``.env.test``).
    ``mounts``: options that show it a folder or volume under another path.
    """

    operands: int = 0
    assignments: bool = False
    text: str = ""
    joined: bool = False
    elsewhere: bool = False
    input_text: bool = False
    only_dashes: bool = False
    strict: bool = False
    environment_files: str = ""
    mounts: str = ""

    def lower(self, match: Match) -> Iterator[Node | Invocation]:
        """Yield the command it runs, or the text of it."""
        arguments = match.arguments
        texts = [
            (option.name, option.value)
            for option in arguments.find(*self.text.split())
            if option.value is not None
        ]
        for name, text in texts:
            yield match.embed("shell", text, f"{name} of {match.called}")
        words = arguments.rest
        if self.mounts:
            words = mounted(words, arguments.values(*self.mounts.split()))
        if texts or (self.only_dashes and arguments.dashes is None):
            return
        environment = dict(match.invocation.environment)
        files = arguments.values(*self.environment_files.split())
        if any(is_test_environment(file.text) for file in files):
            environment["NODE_ENV"] = "test"
        while self.assignments and words and _ASSIGNMENT.match(words[0].text):
            name, _, value = words[0].text.partition("=")
            environment[name] = value
            words = words[1:]
        if self.joined and words:
            yield match.embed("shell", spaced(words), f"command of {match.called}")
        elif words:
            inner = narrowed(match.invocation, words)
            directory = "" if self.elsewhere else inner.directory
            yield replace(inner, environment=environment, directory=directory)
        elif self.input_text:
            yield from match.standard_input("shell")


def database_of(match: Match, at: Mapped) -> str:
    """Return the database *at* names on a command line of *match*."""
    return match.target(TargetKind.DATABASE, at.text).name


def _all(match: Match, place: str) -> list[Mapped]:
    if place[0] == "-":
        return match.arguments.values(place)
    return match.select(place)


def spaced(words: Iterable[Word]) -> Mapped:
    """Return *words* joined by blanks, as ssh, eval and watch do before a shell reads them."""
    transcript, end = Transcript(), -1
    for word in words:
        span = word.span
        if end >= 0:
            transcript.inexact(" ", end, max(0, span.start - end))
        transcript.mapped(word.mapped)
        end = span.end
    return transcript.build()
