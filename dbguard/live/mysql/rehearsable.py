"""Which scripts for the client of MySQL can be rehearsed: those that stay in their database.

A rehearsal is worth something only if the script does to a copy what it would do to the
database, and nothing to anything else. The client runs programs and files, and a statement
may change another database or the whole server; nothing of that is taken back. Text is
read as the client reads it (https://mariadb.com/kb/en/mariadb-command-line-client/#client-commands;
client/mysql.cc, add_line), and what cannot be told apart is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dbguard.live.failures import RefusedError
from dbguard.live.script import Script
from dbguard.patterns import regex

_IGNORECASE, _DOTALL = 2, 16

_NEXT = regex(
    r"#[^\n]*|--(?=\s|\Z)[^\n]*|/\*(?:M?!\d*|\+)?|\*/|['\"`]|\\"
    r"|@@[A-Za-z_]\w*|[\w$\x80-\U0010ffff]{1,256}|\S"
)
_COMMENTS = ("#", "--", "/*!", "/*M!", "*/")
"""What is passed over; what stands in a comment for the server is read as the server does."""
_ENDS = {
    "'": regex(r"[^'\\]*(?:\\.[^'\\]*)*'", _DOTALL),
    '"': regex(r'[^"\\]*(?:\\.[^"\\]*)*"', _DOTALL),
    "`": regex(r"[^`]*(?:``[^`]*)*`"),
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
_TEXTS = frozenset(("PREPARE", "EXECUTE"))
_TEXT = "runs a text that is known only then: write the statement itself, or a .py script"

_BEGINS = frozenset(("BEGIN", "ATOMIC", "DO", "LOOP", "REPEAT"))
"""Words that a statement follows, in a routine or in another statement."""
_BRANCHES = frozenset(("THEN", "ELSE"))
_WHOLE = frozenset(("SELECT", "UPDATE", "DELETE", "WITH", "CREATE", "ALTER", "SET"))
"""Statements that none begins in: a THEN is one of an expression there."""
_HEADS = frozenset(("PROCEDURE", "FUNCTION", "TRIGGER", "EVENT", "HANDLER"))
"""What has a head, behind which the first statement begins without a word that says so."""
_HEADED = (("CREATE",), ("ALTER",), ("DECLARE",))
_VERBS = frozenset(("CREATE", "ALTER", "DROP", "RENAME", "SET", "GRANT", "REVOKE", "KILL",
                    "CHANGE", "PURGE"))  # fmt: skip
"""Reserved words, which are never in a head themselves."""
_MAYBE = frozenset(("START", "STOP"))
_BETWEEN = frozenset(("OR", "REPLACE", "UNDO", "IF", "NOT", "EXISTS"))
_KEPT = 12
"""Words of a statement that are looked back at."""


def check(script: Script, modes: str, databases: Iterable[str] = ()) -> None:
    """Raise RefusedError where a script cannot be rehearsed, with the line and the reason.

    *modes* is the SQL mode of the server, by which some texts are read otherwise;
    *databases* are all of the server, which a script is not to name.
    """
    for at, why in _objections(script.text, modes, frozenset(map(str.casefold, databases))):
        line = script.text.count("\n", 0, at) + 1
        raise RefusedError(f"{script.path}, line {line}: {why}")


def _objections(text: str, modes: str, databases: frozenset[str]) -> Iterator[tuple[int, str]]:
    backslash = text.find("\\")
    if backslash >= 0 and _MODES.search(modes + text):
        yield backslash, "the SQL mode says otherwise than usual what this backslash means"
    yield from _Reader(text, databases).read()


class _Reader:
    """Reads a script piece by piece, as the client does, and as the server does.

    Where the client ends a statement, it does; others begin inside of a routine.
    """

    def __init__(self, text: str, databases: frozenset[str]) -> None:
        self._text = text
        self._databases = databases - {"information_schema"}
        self._delimiter = ";"
        self._is_new = True  # for the client
        self._words: list[str] = []  # the first few of the statement
        self._last = ""
        self._name = ""  # what may be the name of a database, if a dot follows
        self._is_setting = self._is_head = False
        self._depth = 0  # of parentheses

    def read(self) -> Iterator[tuple[int, str]]:
        """Yield where something is objected to, and why."""
        text, at = self._text, 0
        while (found := _NEXT.search(text, at)) is not None:
            start, at = found.span()
            piece = found[0]
            if text.startswith(self._delimiter, start):
                at = start + len(self._delimiter)
                self._end()
                self._is_new = True
            elif piece in _ENDS:
                end = _ENDS[piece].match(text, at)
                if end is None:
                    yield start, "this quote does not end"
                    return
                if piece == "`" and "\\" in end[0]:
                    yield start, "a backslash in a name: clients do not agree on what it means"
                at = end.end()
                self._take("")
                if piece != "'":  # "a" is a name if the mode says so
                    self._name = end[0][:-1].replace(piece * 2, piece)
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
            elif piece.startswith(_COMMENTS):
                continue
            elif piece == "." and self._name.casefold() in self._databases:
                yield start, _named(self._name)
            elif piece[0] in "@_$" or piece[0].isalnum() or piece[0] >= "\x80":
                # END$$; it may go on behind the word (ENDx// where it is x//).
                inside = text.find(self._delimiter, start + 1, at + len(self._delimiter) - 1)
                if inside >= 0:
                    piece, at = text[start:inside], inside
                word = piece.upper()
                if word == "DELIMITER" and self._is_new:
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
                # A variable or a host behind @.
                self._name = piece if text[start - 1 : start] != "@" else ""
            elif piece == ";":
                self._end()
            else:
                self._depth += (piece == "(") - (piece == ")")
                self._take(piece)

    def _end(self) -> None:
        """End a statement."""
        self._words, self._last, self._name = [], "", ""
        self._is_setting = self._is_head = False
        self._depth = 0

    def _backslash(self, letter: str) -> str:
        """Return why a command of one letter is refused, '' where it is not."""
        if letter == "N":
            self._take("")
            return ""
        if letter in ("g", "G"):
            self._end()
            self._is_new = True
            return ""
        return f"\\{letter} {_BACKSLASH.get(letter, 'is not known to stay in the rehearsal')}"

    def _word(self, word: str) -> str:
        """Take a word in; return why the statement is refused, '' where it is not."""
        last, is_new, is_first = self._last, self._is_new, not self._words
        if last == "INTO" and word in ("OUTFILE", "DUMPFILE"):
            return f"INTO {word} writes a file of the server, in the rehearsal, too"
        if self._is_head and self._depth <= 0 and last != ".":
            if word in _VERBS or word in _STATEMENTS or word in _TEXTS or word in _MAYBE:
                is_first, self._words = True, []
            # Others may be names in the head, and the statement is still to come.
            self._is_head = word not in _VERBS and word != "BEGIN"
        words = tuple(self._words)
        self._take(word)
        if (
            word in _BEGINS
            or (word == "FOR" and self._depth <= 0)
            or (word in _BRANCHES and not _WHOLE.issuperset(words[:1] or ("",)))
        ):
            self._words = []
            return ""
        if word in _HEADS and words[:1] in _HEADED and "TABLE" not in words:
            self._is_head = True
        if is_first:
            self._is_setting = self._is_setting or word == "SET"
            if (is_new and word in _NAMED) or word == "USE":
                return f"{word} {_NAMED[word]}"
            if word in _TEXTS:
                return f"{word} {_TEXT}"
            return f"{word} {_SERVER}" if word in _STATEMENTS else ""
        return self._later(words, word)

    def _later(self, words: tuple[str, ...], word: str) -> str:
        """Return why a statement is refused for a word behind its first ones."""
        first, is_second = words[0], len(words) == 1
        if (
            (first in _DEFINES and word in _DEFINED and _is_about(words))
            or (first == "SET" and is_second and word == "PASSWORD")
            or (self._is_setting and word in _GLOBAL)
            or (first in ("START", "STOP") and is_second and word in _REPLICATION)
            or (first == "CREATE" and word == "SONAME")
        ):
            return f"{first} {word} {_SERVER}"
        return ""

    def _take(self, word: str) -> None:
        self._last, self._name, self._is_new = word, "", False
        if len(self._words) < _KEPT:
            self._words.append(word if word[:1].isalnum() or word[:1] in "_@$" else "")


def _is_about(words: tuple[str, ...]) -> bool:
    """Say whether the next word is what a statement creates or drops."""
    rest = words[1:]
    if "DEFINER" in rest:
        # Whoever is named behind it; then comes what it is.
        return not {"VIEW", "AGGREGATE", "SQL", "PACKAGE", *_HEADS}.intersection(rest)
    return _BETWEEN.issuperset(rest)


def _named(name: str) -> str:
    return (
        f"names the database {name} before a dot: run on the copy of the rehearsal, it would "
        "change that one. Leave the name out"
    )
