"""From a command line to what it does: finds the entries and lets them lower it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache, lru_cache
from importlib import import_module
from pkgutil import iter_modules

from dbguard.commands import programs
from dbguard.commands.arguments import grammar, parse
from dbguard.commands.entry import Entry, Wrapper
from dbguard.commands.invocation import Invocation
from dbguard.commands.match import Match, narrowed
from dbguard.flow import Node

MAX_DEPTH = 16
"""How many programs may run one another on one command line."""

_DECORATION = re.compile(r"(?:\.exe|\.cmd|\.bat|@[\w.^~-]+|:[\w.-]+)$", re.IGNORECASE)
_VERSION = re.compile(r"[-.]?\d+(?:\.\d+)*$")


def lower(invocation: Invocation) -> tuple[Node, ...]:
    """Return what a command line does, in the order in which it does it; never raises."""
    return tuple(_lower(narrowed(invocation, invocation.words), 0))


def _lower(invocation: Invocation, depth: int) -> Iterator[Node]:
    if not invocation.words or depth > MAX_DEPTH:
        return
    name = program_name(invocation.words[0].text)
    if name is None:
        return
    found = list(_found(name, invocation))
    longest: dict[tuple[int, object], int] = {}
    for start, length, entry, _ in found:
        key = (start, entry.topic)
        longest[key] = max(length, longest.get(key, 0))
    known = False
    for start, length, entry, match in sorted(found, key=lambda one: one[0]):
        if length < longest[(start, entry.topic)]:
            continue  # "alembic downgrade" where "alembic downgrade base" is known
        for node in entry.lower(match):
            known = True
            if isinstance(node, Invocation):
                yield from _lower(node, depth + 1)
            else:
                yield node
    if not known:
        for wrapper, match in _wrapped(name, invocation):
            for node in wrapper.lower(match):
                if isinstance(node, Invocation):
                    yield from _lower(_inner(node, match), depth + 1)
                else:
                    yield node
            return


def _found(name: str, invocation: Invocation) -> Iterator[tuple[int, int, Entry, Match]]:
    """Yield the entries that apply, with place and length of their subcommand."""
    for entry, path in index()[name]:
        if isinstance(entry, Wrapper):
            continue
        arguments = parse(invocation.words[1:], entry.grammar())
        start = arguments.locate(path, anywhere=entry.anywhere)
        if start is None or not entry.applies(arguments):
            continue
        spelt = [
            operand.text.rstrip(",") for operand in arguments.operands[start : start + len(path)]
        ]
        match = Match(invocation, " ".join([name, *spelt]), arguments.without(start + len(path)))
        yield (start if entry.anywhere else 0), len(path), entry, match


def _wrapped(name: str, invocation: Invocation) -> Iterator[tuple[Wrapper, Match]]:
    """Yield the wrappers that apply, the one with the longest subcommand first."""
    for entry, path in index()[name]:
        if not isinstance(entry, Wrapper):
            continue
        how = grammar(
            f"{entry.values} {entry.text}",
            entry.single_dash,
            entry.operands + len(path),
            entry.strict,
        )
        arguments = parse(invocation.words[1:], how)
        if arguments.locate(path) == 0 and entry.applies(arguments):
            yield entry, Match(invocation, " ".join([name, *path]), arguments.without(len(path)))


def _inner(invocation: Invocation, match: Match) -> Invocation:
    """Return the command a wrapper runs, where its options or an image hide the program."""
    words = invocation.words
    if program_name(words[0].text) is not None:
        return invocation
    operands = match.arguments.operands
    if any(operand.doubtful for operand in operands) and len(words) > 1:
        return narrowed(invocation, words[1:])
    if operands and program_name(operands[-1].text) is not None:
        whole = replace(invocation, span=match.invocation.span)
        return narrowed(whole, (operands[-1].word, *words))
    return invocation


@lru_cache(maxsize=4096)
def program_name(text: str) -> str | None:
    """Return the name by which the tables know a program, None where they do not.

    ``/usr/bin/python3.11``, ``./node_modules/.bin/prisma``, ``sqlite3.exe`` and
    ``prisma@5`` are known by their plain names.
    """
    if len(text) > 400:
        return None
    known = index()
    name = re.split(r"[/\\]", text.rstrip("/\\"))[-1]
    for candidate in (name, _DECORATION.sub("", name), _VERSION.sub("", name)):
        if candidate in known:
            return candidate
        if candidate.lower() in known:
            return candidate.lower()
    return None


@cache
def index() -> dict[str, list[tuple[Entry, tuple[str, ...]]]]:
    """Return the entries of every module of ``programs`` by program, longest path first."""
    found: dict[str, list[tuple[Entry, tuple[str, ...]]]] = {}
    for entry in entries():
        for program, path in entry.patterns():
            found.setdefault(program, []).append((entry, path))
    for some in found.values():
        some.sort(key=lambda one: -len(one[1]) if isinstance(one[0], Wrapper) else 0)
    return found


@cache
def entries() -> tuple[Entry, ...]:
    """Return every entry; a module of ``programs`` without or with a wrong one is an error."""
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
