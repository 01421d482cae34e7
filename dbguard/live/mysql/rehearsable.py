"""Which scripts for the client of MySQL can be rehearsed: those that stay in their database.

A rehearsal is worth something only if the script does to a copy what it would do to the
database, and nothing to anything else. The client runs programs and files, and a statement
may change another database or the whole server; nothing of that is taken back. Text is
read as the client reads it (https://mariadb.com/kb/en/mariadb-command-line-client/#client-commands;
client/mysql.cc, add_line), and what cannot be told apart is refused.
"""

from __future__ import annotations

from collections.abc import Iterator

from dbguard.live.failures import RefusedError
from dbguard.live.script import Script
from dbguard.patterns import regex

_IGNORECASE, _DOTALL = 2, 16

_NEXT = regex(
    r"#[^\n]*|--(?=\s|\Z)[^\n]*|/\*(?:M?!|\+)?|\*/|['\"`]|\\"
    r"|@@[A-Za-z_]\w*|[A-Za-z_\x80-\U0010ffff][\w$\x80-\U0010ffff]*|\d+|\S"
)
_ENDS = {
    "'": regex(r"[^'\\]*(?:\\.[^'\\]*)*'", _DOTALL),
    '"': regex(r'[^"\\]*(?:\\.[^"\\]*)*"', _DOTALL),
    "`": regex(r"[^`]*`"),
}
_DELIMITER = regex(r"[ \t]*(\S*)[^\n]*")
_MODES = regex(r"NO_BACKSLASH_ESCAPES|ANSI_QUOTES", _IGNORECASE)

_BACKSLASH = {
    ".": "runs another file, which is neither scanned nor rehearsed: put its content here",
    "!": "runs a command of the shell, in the rehearsal, too",
    "T": "writes into a file, in the rehearsal, too",
    "t": "ends the writing into a file",
    "u": "leaves its database: the rehearsal would work on another one",
    "r": "connects anew",
    "P": "runs a program for the output",
    "e": "opens an editor",
    "q": "ends the script before its end",
    "c": "drops the statement before it",
    "C": "changes how the rest of the script is read",
}
_NAMED = {
    "SOURCE": _BACKSLASH["."],
    "SYSTEM": _BACKSLASH["!"],
    "TEE": _BACKSLASH["T"],
    "NOTEE": _BACKSLASH["t"],
    "USE": _BACKSLASH["u"],
    "CONNECT": _BACKSLASH["r"],
    "PAGER": _BACKSLASH["P"],
    "EDIT": _BACKSLASH["e"],
    "EXIT": _BACKSLASH["q"],
    "QUIT": _BACKSLASH["q"],
    "CLEAR": _BACKSLASH["c"],
    "CHARSET": _BACKSLASH["C"],
    "RESETCONNECTION": _BACKSLASH["r"],
}
_SERVER = "acts on the whole server: the rehearsal would do it in earnest"
_STATEMENTS = frozenset(
    ("GRANT", "REVOKE", "FLUSH", "RESET", "KILL", "SHUTDOWN", "RESTART", "INSTALL", "UNINSTALL",
     "CHANGE", "PURGE", "CLONE", "XA", "BACKUP")
)  # fmt: skip
_DEFINED = frozenset(
    ("DATABASE", "SCHEMA", "USER", "ROLE", "SERVER", "TABLESPACE", "LOGFILE", "RESOURCE",
     "INSTANCE")
)  # fmt: skip
"""What CREATE, ALTER, DROP and RENAME may be about that belongs to the server."""
_DEFINES = frozenset(("CREATE", "ALTER", "DROP", "RENAME"))
_GLOBAL = frozenset(("GLOBAL", "PERSIST", "PERSIST_ONLY", "@@GLOBAL", "@@PERSIST",
                     "@@PERSIST_ONLY"))  # fmt: skip
_REPLICATION = frozenset(("SLAVE", "REPLICA", "ALL", "GROUP_REPLICATION"))


def check(script: Script, modes: str) -> None:
    """Raise RefusedError where a script cannot be rehearsed, with the line and the reason.

    *modes* is the SQL mode of the server, by which some texts are read otherwise.
    """
    for at, why in _objections(script.text, modes):
        line = script.text.count("\n", 0, at) + 1
        raise RefusedError(f"{script.path}, line {line}: {why}")


def _objections(text: str, modes: str) -> Iterator[tuple[int, str]]:
    backslash = text.find("\\")
    if backslash >= 0 and _MODES.search(modes + text):
        yield backslash, "the SQL mode says otherwise than usual what this backslash means"
    yield from _Reader(text).read()


class _Reader:
    """Reads a script piece by piece, as the client does."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._delimiter = ";"
        self._words: list[str] = []  # the first few of the statement
        self._last = ""

    def read(self) -> Iterator[tuple[int, str]]:
        """Yield where something is objected to, and why."""
        text, at = self._text, 0
        while (found := _NEXT.search(text, at)) is not None:
            start, at = found.span()
            piece = found[0]
            if text.startswith(self._delimiter, start):
                at = start + len(self._delimiter)
                self._words = []
            elif piece in _ENDS:
                end = _ENDS[piece].match(text, at)
                if end is None:
                    yield start, "this quote does not end"
                    return
                if piece == "`" and "\\" in end[0]:
                    yield start, "a backslash in a name: clients do not agree on what it means"
                at = end.end()
                self._take("")
            elif piece == "\\":
                why = self._backslash(text[at : at + 1])
                if why:
                    yield start, why
                at += 1
            elif piece in ("/*", "/*+"):
                end_of = text.find("*/", at)
                if end_of < 0:
                    yield start, "this comment does not end"
                    return
                at = end_of + 2
            elif piece[0] == "@" or piece[0].isalpha() or piece[0] == "_":
                word = piece.upper()
                if word == "DELIMITER" and not self._words:
                    given = _DELIMITER.match(text, at)
                    assert given is not None
                    if not given[1] or "\\" in given[1]:
                        yield start, "DELIMITER names none"
                        return
                    self._delimiter, at = given[1], given.end()
                    continue
                why = self._word(word)
                if why:
                    yield start, why
            elif piece[0] not in "#-/*":
                self._take("")

    def _backslash(self, letter: str) -> str:
        """Return why a command of one letter is refused, '' where it is not."""
        if letter in ("N", "g", "G"):
            self._words = self._words if letter == "N" else []
            return ""
        return f"\\{letter} {_BACKSLASH.get(letter, 'is not known to stay in the rehearsal')}"

    def _word(self, word: str) -> str:
        """Take a word in; return why the statement is refused, '' where it is not."""
        words, last = tuple(self._words), self._last
        self._take(word)
        if not words:
            if word in _NAMED:
                return f"{word} {_NAMED[word]}"
            return f"{word} {_SERVER}" if word in _STATEMENTS else ""
        first, is_second = words[0], len(words) == 1
        if last == "INTO" and word in ("OUTFILE", "DUMPFILE"):
            return f"INTO {word} writes a file of the server, in the rehearsal, too"
        if (
            (first in _DEFINES and word in _DEFINED and _BETWEEN.issuperset(words[1:]))
            or (first == "SET" and (word in _GLOBAL or (is_second and word == "PASSWORD")))
            or (first in ("START", "STOP") and is_second and word in _REPLICATION)
        ):
            return f"{first} {word} {_SERVER}"
        return ""

    def _take(self, word: str) -> None:
        self._last = word
        if len(self._words) < _KEPT:
            self._words.append(word)


_KEPT = 8
"""Words of a statement that are looked back at."""
_BETWEEN = frozenset(("OR", "REPLACE", "UNDO", "IF", "NOT", "EXISTS"))
