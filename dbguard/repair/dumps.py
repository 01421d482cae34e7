"""Backups by the tools of a database, with the words its client is called with."""

from __future__ import annotations

import re
from collections.abc import Sequence

from dbguard.patterns import regex
from dbguard.records import dataclass
from dbguard.repair.moving import in_quotes
from dbguard.repair.timestamps import SHELL_MOMENT
from dbguard.repair.words import Word

_PREFIXES = frozenset({"sudo", "doas", "command"})
_NAME_IN_FILE = regex(r"[\w.-]+")
_STEP = regex(r"\w{1,40}", re.ASCII)
_IS_USER = regex(r"-U|--username")
_URL = regex(r"\w+://[^\s\"']+/(?P<name>[\w-]+)(?:\?[^\s\"']*)?")


@dataclass(frozen=True, slots=True)
class _Tool:
    """How a client is told where to connect to, by option letters and long options.

    ``connects`` take a value and say where, ``joined`` only one that is joined to them;
    ``valued`` take one and say something else; ``flags`` take none. What dumps is ``program``.
    """

    program: str
    connects: str
    joined: str
    valued: str
    flags: str
    long_connects: frozenset[str]
    long_others: frozenset[str]
    long_valued: frozenset[str]


_TOOLS = {
    "psql": _Tool(
        "pg_dump -Fc", "hpUd", "", "cfvoLP", "XqAtwnab1Ee",
        frozenset({"--host", "--port", "--username", "--dbname"}),
        frozenset({"--command", "--file", "--set", "--variable", "--no-psqlrc", "--quiet", "--tuples-only",
            "--single-transaction", "--no-password", "--no-align"}),
        frozenset({"--host", "--port", "--username", "--dbname", "--command", "--file", "--set", "--variable"}),
    ),
    "mysql": _Tool(
        "mysqldump --single-transaction", "hPuS", "p", "eD", "BNrsfvb",
        frozenset({"--host", "--port", "--user", "--password", "--socket", "--protocol"}),
        frozenset({"--execute", "--batch", "--silent", "--force", "--skip-column-names"}),
        frozenset({"--host", "--port", "--user", "--socket", "--protocol", "--execute"}),
    ),
}  # fmt: skip
_TOOLS["mariadb"] = _TOOLS["mysql"]


@dataclass(frozen=True, slots=True)
class Client:
    """A client of a database: its program with what stands before it, and its other words."""

    prefix: str
    program: str
    words: tuple[Word, ...]


def client_of(words: Sequence[Word]) -> Client | None:
    """Return the client a command calls, None where it calls something else."""
    prefix: list[str] = []
    rest = list(words)
    while rest and rest[0].plain in _PREFIXES:
        prefix.append(rest.pop(0).written)
        if rest[1:] and rest[0].plain == "-u":
            prefix += [rest.pop(0).written, rest.pop(0).written]
    program = rest[0].plain.rpartition("/")[2] if rest else ""
    if program not in ("sqlite3", *_TOOLS):
        return None
    return Client("".join(f"{word} " for word in prefix), program, tuple(rest[1:]))


def dump(client: Client, before: str) -> str | None:
    """Return the command that backs up what a client is connected to, None where that is unclear.

    *before* is the table that will be changed: it goes into the name, for a second backup of
    the same second would take the place of the first.
    """
    step = f"{before}_" if _STEP.fullmatch(before) else ""
    if client.program == "sqlite3":
        files = [word for word in client.words if not word.plain.startswith("-")]
        name = in_quotes(files[0]) if files else None
        if not name or "'" in name or name == ":memory:":
            return None
        return f"{client.prefix}sqlite3 {files[0].written} \".backup '{name}.bak_{step}{SHELL_MOMENT}'\""
    tool = _TOOLS[client.program]
    found = _connecting(tool, client.words)
    if found is None:
        return None
    words, name = found
    said = "".join(f" {word.written}" for word in words)
    suffix = "dump" if client.program == "psql" else "sql"
    return f'{client.prefix}{tool.program}{said} > "{name}_{step}{SHELL_MOMENT}.{suffix}"'


def _connecting(tool: _Tool, words: Sequence[Word]) -> tuple[list[Word], str] | None:
    """Return the words that say where to connect to, and what the database is called in a
    file's name. None where a word is not known, or no database is named.
    """
    found: list[Word] = []
    databases: list[Word] = []
    places: list[int] = []
    left = list(words)
    while left:
        word = left.pop(0)
        plain = word.plain
        if plain.startswith("--"):
            name, equals, value = plain.partition("=")
            if name not in tool.long_connects | tool.long_others:
                return None
            valued = not equals and name in tool.long_valued and bool(left)
            rest = [left.pop(0)] if valued else []
            if name in tool.long_connects:
                found += [word, *rest]
            if name == "--dbname":
                databases += rest or [Word(value, value, word.span)]
        elif plain.startswith("-") and len(plain) > 1:
            letter, value = plain[1], plain[2:]
            if letter in tool.connects + tool.joined:
                rest = [left.pop(0)] if letter in tool.connects and not value and left else []
                found += [word, *rest]
                if letter == "d":
                    databases += rest or [Word(value, value, word.span)]
            elif plain[-1] in tool.valued and all(one in tool.flags for one in plain[1:-1]):
                del left[:1]
            elif letter not in tool.valued and not all(one in tool.flags for one in plain[1:]):
                return None
        else:
            places.append(len(found))
            found.append(word)
    # The words of psql that are no options are the database and the user, as far as no
    # option said them; what dumps takes the database only, and mysqldump tables behind it.
    takes_user = "U" in tool.connects and not any(_IS_USER.match(word.plain) for word in found)
    roles = [*([] if databases else ["database"]), *(["user"] if takes_user else [])]
    if len(places) > len(roles):
        return None
    for at, role in zip(places, roles, strict=False):
        word = found[at]
        if role == "database":
            databases.append(word)
        else:
            found[at] = Word(word.plain, f"-U {word.written}", word.span)
    return (found, _as_file_name(databases[0])) if databases else None


def _as_file_name(database: Word) -> str:
    url = _URL.fullmatch(database.plain)
    if url is not None:
        return url["name"]
    return database.plain if _NAME_IN_FILE.fullmatch(database.plain) else "database"
