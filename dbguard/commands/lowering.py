"""From a command line to what it does: finds the entries and lets them lower it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from importlib import import_module
from itertools import islice

from dbguard.commands import programs
from dbguard.commands.arguments import Arguments, grammar, parse
from dbguard.commands.entry import Entry, Wrapper
from dbguard.commands.invocation import Invocation, Word
from dbguard.commands.match import Match, joined, narrowed
from dbguard.commands.program_index import PROGRAMS
from dbguard.databases import names_backup
from dbguard.flow import CONSOLE_SCRIPT, Include, Node
from dbguard.operations import named_backup
from dbguard.own_commands import OwnCommand, declared
from dbguard.patterns import regex
from dbguard.records import replace
from dbguard.source import Mapped, has_hole, hole, hole_names

_SCRIPTS = {"sh": "shell", "bash": "shell", "zsh": "shell", "ksh": "shell", "py": "python"}

_OWN_SCRIPTS = frozenset({"package_json", "composer_json"})
"""Whose runners know their own scripts and installed programs, but no script of Python."""

_SCRIPT_NAME = regex(r"[a-z][a-z0-9_.-]{1,60}")
_USUAL = frozenset(
    "ls mkdir cat echo printf grep egrep fgrep sed cd test which sleep date head tail sort uniq wc"
    " tr cut tee touch chmod chown ln curl wget tar gzip gunzip unzip zip apt apt-get yum dnf apk"
    " brew pip pip3 git go cargo node ruby java mvn gradle jq basename dirname realpath readlink id"
    " whoami uname hostname ps kill pgrep mount umount df du diff cmp file stat seq expr true false"
    " read set exit export local return shift eval trap wait let declare msg_info msg_ok msg_error"
    " useradd groupadd usermod systemctl service openssl ssh-keygen locale-gen mktemp clear tput".split()
)
"""Programs that no project's console script is called by: they are not looked for."""

MAX_DEPTH = 16
"""How many programs may run one another on one command line."""

MAX_NODES = 10_000
"""How many nodes one command line may make (``xargs`` of a ``find`` multiplies them)."""

MAX_HIDDEN = 2
"""How many words that may be options (``$FLAGS``) may stand before a subcommand."""

_DECORATION = regex(r"(?:\.exe|\.cmd|\.bat|@[\w.^~-]+|:[\w.-]+)$", re.IGNORECASE)
_COMMAND_SUFFIX = regex(r"_(?:cmd|command|bin|exe|path|args|opts|0|array|_)+$")
_HAS_SUBCOMMANDS = regex(
    r"(?:^|_)(?:svn|hg|bzr|cvs|vcs|p4|s3|s3cmd|mc|rclone|aws|cli|client|tool|bin|python|node)\d*$",
    re.IGNORECASE,
)
_VERSION = regex(r"[-.]?\d+(?:\.\d+)*$")


def lower(invocation: Invocation) -> tuple[Node, ...]:
    """Return what a command line does, in the order in which it does it; never raises."""
    nodes = _lower(narrowed(invocation, invocation.words), 0)
    return tuple(islice(nodes, MAX_NODES))


def _lower(invocation: Invocation, depth: int) -> Iterator[Node]:
    if not invocation.words or depth > MAX_DEPTH:
        return
    name = program_name(invocation.words[0].text)
    if name is None:
        if _may_be_wrapper(invocation.words):
            yield from _lower(narrowed(invocation, invocation.words[1:]), depth + 1)
        else:
            yield from _of_the_project(invocation)
        return
    found = list(_found(name, invocation))
    longest: dict[tuple[int, object], int] = {}
    for start, length, entry, _ in found:
        key = (start, entry.topic)
        longest[key] = max(length, longest.get(key, 0))
    known, scripts = False, False
    for start, length, entry, match in sorted(found, key=lambda one: one[0]):
        if length < longest[(start, entry.topic)]:
            continue  # "alembic downgrade" where "alembic downgrade base" is known
        for node in entry.lower(match):
            # The name of a task may be that of a program too: npm run prisma.
            is_task = isinstance(node, Include) and bool(node.task)
            known = known or not is_task
            scripts = scripts or (isinstance(node, Include) and node.language in _OWN_SCRIPTS)
            if isinstance(node, Invocation):
                yield from _lower(node, depth + 1)
            else:
                yield node
    if not known:
        for wrapper, match in _wrapped(name, invocation):
            for node in wrapper.lower(match):
                if isinstance(node, Invocation):
                    inner = _inner(node, match)
                    if not scripts or program_name(inner.words[0].text) is not None:
                        yield from _lower(inner, depth + 1)
                else:
                    yield node
            return


def _of_the_project(invocation: Invocation) -> Iterator[Node]:
    """Yield what a program no table knows does: a script of the project, or a name that tells."""
    program = invocation.words[0]
    language = _SCRIPTS.get(program.text.rpartition(".")[2]) if "/" in program.text else None
    if language is not None:
        path = program.mapped
        if invocation.directory and not path.text.startswith("/"):
            path = Mapped.at(f"{invocation.directory}/{path.text}", path.span)
        place = invocation.span
        yield Include(
            path, language, invocation.region, place, path.text, checked=invocation.checked
        )
    elif names_backup(program.text):
        yield named_backup(
            program.text, invocation.span, invocation.region, checked=invocation.checked
        )
    elif _SCRIPT_NAME.fullmatch(program.text) and program.text not in _USUAL:
        words = [f"{CONSOLE_SCRIPT}{program.text}", *(word.text for word in invocation.words[1:6])]
        yield Include(
            Mapped.at(joined(invocation.directory, "."), invocation.span),
            "pyproject_toml",
            invocation.region,
            invocation.span,
            program.text,
            checked=invocation.checked,
            task=tuple(words),
        )


def _may_be_wrapper(words: tuple[Word, ...]) -> bool:
    """Say whether a variable stands before a program to run it: ``$SUDO rm``, ``$STD docker``.

    It is empty or a wrapper, or else what follows would be its subcommand.
    """
    text = words[0].text
    names = hole_names(text)
    return (
        len(words) > 1
        and len(names) == 1
        and text == hole(names[0])
        and not _HAS_SUBCOMMANDS.search(names[0])
        and program_name(words[1].text) is not None
    )


def _found(name: str, invocation: Invocation) -> Iterator[tuple[int, int, Entry, Match]]:
    """Yield the entries that apply, with place and length of their subcommand."""
    texts = {word.text for word in invocation.words}
    for entry, path in entries_of(name):
        if isinstance(entry, Wrapper) or not _may_follow(path, texts):
            continue
        arguments, places = _read(invocation.words[1:], entry, path)
        if places is not None and entry.applies(arguments):
            match = _match(name, invocation, arguments, places)
            yield (places[0] if entry.anywhere and path else 0), len(path), entry, match


def _may_follow(path: tuple[str, ...], texts: set[str]) -> bool:
    """Say whether each word of a subcommand is there at all: cheap, before options are read."""
    return all("*" in word or any(one in texts for one in word.split("|")) for word in path)


def _match(
    name: str, invocation: Invocation, arguments: Arguments, places: tuple[int, ...]
) -> Match:
    words = [arguments.operands[place].text.rstrip(",") for place in places]
    after = places[-1] + 1 if places else 0
    return Match(invocation, " ".join([name, *words]), arguments.without(after))


def _read(
    words: tuple[Word, ...], entry: Entry, path: tuple[str, ...]
) -> tuple[Arguments, tuple[int, ...] | None]:
    """Return the arguments of an entry, and which operands are its subcommand."""
    if not entry.globals:
        arguments = parse(words, entry.grammar())
        return arguments, arguments.locate(path, anywhere=entry.anywhere)
    for hidden in range(MAX_HIDDEN + 1):
        head = parse(words, grammar(entry.globals, operands=len(path) + hidden, strict=True))
        places = head.locate(path)
        if places is not None and places[-1] == len(path) + hidden - 1:
            tail = parse(head.rest, entry.grammar())
            return Arguments(head.options + tail.options, head.operands + tail.operands), places
    return Arguments(), None


def _wrapped(name: str, invocation: Invocation) -> Iterator[tuple[Wrapper, Match]]:
    """Yield the wrappers that apply, the one with the longest subcommand first."""
    for entry, path in entries_of(name):
        if not isinstance(entry, Wrapper):
            continue
        for hidden in range(MAX_HIDDEN + 1 if path else 1):
            how = grammar(
                f"{entry.values} {entry.text}",
                entry.single_dash,
                entry.operands + len(path) + hidden,
                entry.strict,
            )
            arguments = parse(invocation.words[1:], how)
            places = arguments.locate(path)
            ends = places[-1] + 1 if places else 0
            if places is not None and ends == len(path) + hidden and entry.applies(arguments):
                yield entry, _match(name, invocation, arguments, places)
                break


def _inner(invocation: Invocation, match: Match) -> Invocation:
    """Return the command a wrapper runs, where its options or an image hide the program."""
    words = invocation.words
    if program_name(words[0].text) is not None:
        return invocation
    operands = match.arguments.operands
    if operands and program_name(operands[-1].text) is not None:
        whole = replace(invocation, span=match.invocation.span)
        return narrowed(whole, (operands[-1].word, *words))
    if any(operand.doubtful for operand in operands) and len(words) > 1:
        return narrowed(invocation, words[1:])
    return invocation


def program_name(text: str) -> str | None:
    """Return the name by which the tables know a program, None where they do not.

    ``/usr/bin/python3.11``, ``./node_modules/.bin/prisma``, ``sqlite3.exe`` and
    ``prisma@5`` are known by their plain names.
    """
    return _program_name(text, declared())


@lru_cache(maxsize=4096)
def _program_name(text: str, own: tuple[OwnCommand, ...]) -> str | None:
    if len(text) > 400 or text.startswith("-"):
        return None
    name = re.split(r"[/\\]", text.rstrip("/\\"))[-1]
    if has_hole(name):
        name = _program_in_variable(name)
    its_own = {program for entry in _own_entries(own) for program, _ in entry.patterns()}
    for candidate in (name, _DECORATION.sub("", name), _VERSION.sub("", name)):
        for spelling in (candidate, candidate.lower()):
            if spelling in PROGRAMS or spelling in its_own:
                return spelling
    return None


def _program_in_variable(text: str) -> str:
    """Return the program a variable is named after: ``$DOCKER_COMPOSE``, ``"${PSQL_CMD[@]}"``."""
    names = hole_names(text)
    if len(names) != 1 or not text.startswith("__hole_") or not text.endswith("__"):
        return text
    name = _COMMAND_SUFFIX.sub("", names[0].lower()).replace("_", "-")
    if name in ("dc", "compose") or name.endswith(("-compose", "-dc")):
        return "docker-compose"
    if name.endswith(("docker", "container-engine", "container-runtime", "container-tool")):
        return "docker"
    return "sh" if name == "shell" else name


Found = tuple[Entry, tuple[str, ...]]
"""An entry, and the path of the subcommand by which it was found."""


def entries_of(program: str) -> tuple[Found, ...]:
    """Return the entries of a program, longest path first.

    Those of the project's own commands are among them. The modules of ``programs`` that
    know it are imported alone: a script with three programs needs three of the twenty.
    """
    return _entries_of(program, declared())


@lru_cache(maxsize=4096)
def _entries_of(program: str, own: tuple[OwnCommand, ...]) -> tuple[Found, ...]:
    found: list[Found] = []
    for module in PROGRAMS.get(program, "").split():
        found.extend(_of_module(module).get(program, ()))
    found.extend(
        (entry, path)
        for entry in _own_entries(own)
        for name, path in entry.patterns()
        if name == program
    )
    found.sort(key=lambda one: -len(one[1]) if isinstance(one[0], Wrapper) else 0)
    return tuple(found)


@cache
def _of_module(name: str) -> dict[str, list[Found]]:
    """Return the entries of a module of ``programs`` by program."""
    found: dict[str, list[Found]] = {}
    for entry in import_module(f"{programs.__name__}.{name}").ENTRIES:
        for program, path in entry.patterns():
            found.setdefault(program, []).append((entry, path))
    return found


def _own_entries(own: tuple[OwnCommand, ...]) -> tuple[Entry, ...]:
    if not own:
        return ()
    from dbguard.commands.own import entry_of

    return tuple(entry_of(command) for command in own)


@cache
def entries() -> tuple[Entry, ...]:
    """Return every entry; a module of ``programs`` without or with a wrong one is an error."""
    from pkgutil import iter_modules  # which imports inspect, and is for the tests and tools

    found: list[Entry] = []
    for module in sorted(iter_modules(programs.__path__), key=lambda one: one.name):
        found.extend(import_module(f"{programs.__name__}.{module.name}").ENTRIES)
    problems = [problem for entry in found for problem in entry.problems()]
    if problems:
        raise ValueError("; ".join(problems))
    return tuple(found)


@cache
def vocabulary() -> frozenset[tuple[str, ...]]:
    """Return the words of destructive commands, for a cheap test of a whole text.

    Each member is a program and its subcommand; a text that lacks one of its words
    cannot hold the command. SQL clients and programs that run others are left out:
    what they run has words of its own.
    """
    found = set()
    for entry in entries():
        if entry.can_destroy():
            for program, path in entry.patterns():
                alternatives: list[tuple[str, ...]] = [(program,)]
                for word in path:
                    alternatives = [
                        (*one, spelling) if "*" not in spelling else one
                        for one in alternatives
                        for spelling in word.split("|")
                    ]
                found.update(alternatives)
    return frozenset(found)
