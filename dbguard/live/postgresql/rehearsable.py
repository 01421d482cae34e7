"""Which scripts for psql can be rehearsed: those that stay in their session.

A rehearsal is worth something only if the script does to a copy what it would do to the
database, and nothing to anything else. The commands of psql can run programs, read and
write files, change the session or what the rest of the script is; of them only those pass
that are known to do none of that. What the scan makes of a script matters to nobody here:
text is read as psql reads it (psql(1); src/fe_utils/psqlscan.l), and what cannot be told
apart is refused.
"""

from __future__ import annotations

from collections.abc import Iterator

from dbguard.live.failures import RefusedError
from dbguard.live.script import Script
from dbguard.patterns import regex

_IGNORECASE, _DOTALL = 2, 16

_NEXT = regex(
    r"--[^\n]*|/\*|[eE]'|'|\"|\$(?:[A-Za-z_\x80-\U0010ffff][\w\x80-\U0010ffff]*)?\$|\\"
    r"|[A-Za-z_\x80-\U0010ffff][\w$\x80-\U0010ffff]*|[;()]"
)
_ESCAPED = regex(r"[^'\\]*(?:(?:\\.|'')[^'\\]*)*'", _DOTALL)
_GOES_ON = regex(r"[ \t\r\f\v]*(?:--[^\n]*)?\n(?:\s|--[^\n]*\n)*'")
"""A string goes on in another one that begins on a line below (4.1.2.1. String Constants)."""

_COMMAND = regex(r"\\([A-Za-z]\w*\+?|\S)?([^\n]*)")
_DATA_END = regex(r"\\\.\r?(?:\n|\Z)")
_SHOWS = frozenset(
    ("echo", "qecho", "warn", "x", "a", "t", "pset", "conninfo", "errverbose", "sf", "sf+", "sv",
     "sv+", "l", "l+", "z", "?", "h", "g", "gx", "gdesc", "gexec", "set", "unset")
)  # fmt: skip
"""Commands that show something, or run the statement before them here."""
_DESCRIBES = regex(r"d[a-zA-Z]*S?\+?")
_PLAIN_VALUE = regex(r"\s*([A-Za-z_]*[a-z]\w*)((?:\s+(?:'[\w ,.:/+%=-]*'|[\w,.:/+%=-]+))*)\s*")

_WHY = {
    "i": "runs another file, which is neither scanned nor rehearsed: put its content here",
    "!": "runs a command of the shell, in the rehearsal, too",
    "o": "writes into a file or a program, in the rehearsal, too",
    "w": "writes into a file or a program, in the rehearsal, too",
    "c": "connects to another database: the rehearsal would leave its copy",
    "copy": "reads or writes a file of this machine, or runs a program: write COPY ... FROM STDIN",
    "cd": "changes the folder for what follows",
    "e": "opens an editor",
    "if": "makes the script another one each time it runs",
    "q": "ends psql before the script ends",
    "gset": "puts what the database holds into the script",
    "prompt": "waits for somebody to type",
    "password": "waits for somebody to type",
    "setenv": "changes the environment of what follows",
    "encoding": "changes how the rest of the script is read",
    "watch": "runs a statement again and again",
    "timing": "mixes what psql prints with what dbguard asks",
    "restrict": "keeps dbguard's own commands from running",
    "lo_export": "writes a file of this machine",
    "lo_import": "reads a file of this machine",
}
_ALIASES = {
    "ir": "i", "include": "i", "include_relative": "i", "connect": "c", "out": "o", "write": "w",
    "edit": "e", "ef": "e", "ev": "e", "elif": "if", "else": "if", "endif": "if", "quit": "q",
}  # fmt: skip

_OUTSIDE = regex(
    r"\b(dblink\w*|lo_export|pg_file_\w+|pg_(?:terminate|cancel)_backend|pg_reload_conf"
    r"|pg_create_\w*replication_slot|pg_drop_replication_slot|pg_switch_wal|pg_promote)\"?"
    r"\s*(?:\(|--|/\*)",
    _IGNORECASE,
)
"""Functions whose effect no rollback takes back (9.27. System Administration Functions; dblink)."""
_IN_BODY = regex(
    r"\b(COPY)\b|\bTO\s*(?:PROGRAM\b|[eEuU]?&?'|\$|--|/\*|\\|%)|\bFROM\s+PROGRAM\b", _IGNORECASE
)
"""COPY, and what makes it one that leaves; a comment may hide that, a text is executed."""
_READS_OTHERWISE = regex(r"\bstandard_conforming_strings\b(?!\s*(?:=|to)\s*'?on\b)", _IGNORECASE)


def check(script: Script) -> None:
    """Raise RefusedError where a script cannot be rehearsed, with the line and the reason."""
    for at, why in _objections(script.text):
        line = script.text.count("\n", 0, at) + 1
        raise RefusedError(f"{script.path}, line {line}: {why}")


def _objections(text: str) -> Iterator[tuple[int, str]]:
    if (found := _READS_OTHERWISE.search(text)) is not None:
        yield found.start(), f"{found[0]} may change what is a string and what is not"
    if (nul := text.find("\0")) >= 0:
        yield nul, "there is a NUL in it"
    yield from _Reader(text).read()


class _Reader:
    """Reads a script piece by piece, as psql does."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._depth = 0  # of parentheses: psql ends no statement inside of them
        self._opened = 0
        self._words: list[str] = []  # of the statement, outside of parentheses
        self._data = -1  # where COPY ... FROM STDIN began, whose line is not over yet

    def read(self) -> Iterator[tuple[int, str]]:
        """Yield where something is objected to, and why."""
        text, at = self._text, 0
        while (found := _NEXT.search(text, at)) is not None:
            start, at = found.span()
            if self._data >= 0:
                line_end = text.find("\n", self._data)
                if 0 <= line_end < start:
                    at = self._after_data(line_end + 1)
                    if at < 0:
                        yield self._data, "the data of COPY has no end (a line \\.)"
                        return
                    self._data = -1
                    continue
                if not found[0].startswith("--"):
                    yield start, "something stands behind COPY ... FROM STDIN on its line"
                    return
                continue
            piece = found[0]
            if piece == "\\":
                why, at = self._command(start)
                if why:
                    yield start, why
            elif piece in ("/*", "'", '"', "E'", "e'") or piece[0] == "$":
                end = self._quoted_end(piece, at)
                if end < 0:
                    yield start, "this quote or comment does not end"
                    return
                if piece == '"':
                    if (called := _OUTSIDE.match(text, at)) is not None:
                        yield at, _outside(called[1])
                elif piece != "/*" and (piece[0] == "$" or self._is_body()):
                    yield from self._called(at, end)
                if piece != "/*" and self._words[:1] == ["COPY"]:
                    yield from self._copies(start)
                    self._words.append(piece)
                at = end
            elif piece[0] != "-":
                yield from self._code(piece, start)
        if self._data >= 0:
            yield self._data, "the data of COPY has no end (a line \\.)"
        if self._depth > 0:
            yield self._opened, "this parenthesis is not closed"

    def _code(self, piece: str, start: int) -> Iterator[tuple[int, str]]:
        if piece == "(":
            self._opened = start if self._depth == 0 else self._opened
            self._depth += 1
        elif piece == ")":
            self._depth = max(0, self._depth - 1)
        elif piece == ";":
            if self._depth == 0:
                if self._words[:1] == ["COPY"] and self._reads_data():
                    self._data = start
                self._words = []
        else:
            # With the parenthesis that makes it a call.
            if (found := _OUTSIDE.match(self._text, start)) is not None:
                yield start, _outside(found[1])
            if self._depth == 0:
                self._words.append(piece.upper())
                if self._words == ["PREPARE", "TRANSACTION"]:
                    yield (
                        start,
                        "PREPARE TRANSACTION outlives its session: no copy could be removed",
                    )
                elif self._words[:1] == ["COPY"]:
                    yield from self._copies(start)

    def _copies(self, start: int) -> Iterator[tuple[int, str]]:
        """Yield what is wrong with a COPY, as far as it is read (the next is at *start*)."""
        if self._words[-1:] == ["TO"] and self._text[start] in "'eE$":
            yield start, "COPY ... TO writes a file of the server, in the rehearsal, too"
        elif self._words[-2:] in (["TO", "PROGRAM"], ["FROM", "PROGRAM"]):
            yield start, "COPY ... PROGRAM runs a program on the server, in the rehearsal, too"

    def _reads_data(self) -> bool:
        pairs = zip(self._words, self._words[1:], strict=False)
        return any(pair in (("FROM", "STDIN"), ("FROM", "STDOUT")) for pair in pairs)

    def _called(self, start: int, end: int) -> Iterator[tuple[int, str]]:
        """Yield calls in the body of a function or a DO block."""
        if (found := _OUTSIDE.search(self._text, start, end)) is not None:
            yield found.start(), _outside(found[1])
        if not self._is_body():
            return
        is_copy = False
        for found in _IN_BODY.finditer(self._text, start, end):
            if found[1]:
                is_copy = True
            elif is_copy:
                yield found.start(), "COPY leaves the database here, in the rehearsal, too"
                return

    def _is_body(self) -> bool:
        """Say whether a text of this statement is code, which it runs or keeps."""
        first = self._words[:1]
        return first == ["DO"] or (
            first == ["CREATE"] and not {"FUNCTION", "PROCEDURE"}.isdisjoint(self._words[:4])
        )

    def _after_data(self, at: int) -> int:
        text = self._text
        while at < len(text):
            if _DATA_END.match(text, at):
                line_end = text.find("\n", at)
                return len(text) if line_end < 0 else line_end
            line_end = text.find("\n", at)
            if line_end < 0:
                return -1
            at = line_end + 1
        return -1

    def _quoted_end(self, piece: str, at: int) -> int:
        text = self._text
        if piece == "/*":
            return self._comment_end(at)
        if piece[0] == "$":
            found = text.find(piece, at)
            return found + len(piece) if found >= 0 else -1
        if piece in ("E'", "e'"):
            while (end := _ESCAPED.match(text, at)) is not None:
                goes_on = _GOES_ON.match(text, end.end())
                if goes_on is None:
                    return end.end()
                at = goes_on.end()
            return -1
        # A doubled quote ends one text and begins the next: the same to us.
        found = text.find(piece, at)
        return found + 1 if found >= 0 else -1

    def _comment_end(self, at: int) -> int:
        text, depth = self._text, 1
        while depth:
            end, inner = text.find("*/", at), text.find("/*", at)
            if end < 0:
                return -1
            if 0 <= inner < end:
                depth, at = depth + 1, inner + 2
            else:
                depth, at = depth - 1, end + 2
        return at

    def _command(self, start: int) -> tuple[str, int]:
        """Return why a command is refused, '' where it is not, and where to read on."""
        found = _COMMAND.match(self._text, start)
        assert found is not None
        name, rest = found[1] or "", found[2]
        if name == ";":
            return "", start + 2
        known = name.rstrip("+")
        shown = f"\\{name}"
        if known not in _SHOWS and name not in _SHOWS and _DESCRIBES.fullmatch(name) is None:
            why = _WHY.get(_ALIASES.get(known, known), "is not known to stay in the rehearsal")
            return f"{shown} {why}", found.end()
        if "\\" in rest or "`" in rest:
            return f"{shown}: a backslash or backtick behind it may run something else", found.end()
        if known in ("g", "gx") and rest.strip():
            return f"{shown} with words behind it writes into a file or a program", found.end()
        if known in ("set", "unset") and (why := _set(known, rest)):
            return f"{shown} {why}", found.end()
        if known in ("g", "gx", "gexec"):
            # They end a statement as a semicolon does.
            if self._words[:1] == ["COPY"] and self._reads_data():
                return f"{shown} behind COPY ... FROM STDIN: end it with a semicolon", found.end()
            self._words = []
        return "", found.end()


def _set(command: str, rest: str) -> str:
    """Return why a variable cannot be set; its value may stand anywhere in the script."""
    if not rest.strip() or (command == "unset" and any(c.islower() for c in rest)):
        return ""
    found = _PLAIN_VALUE.fullmatch(rest)
    if found is None or "--" in found[2]:
        return (
            "may change what psql does or how the script is read: lower case for the name, and "
            "plain words for the value"
        )
    return ""


def _outside(function: str) -> str:
    return f"{function}() acts outside of the transaction: the rehearsal would do it in earnest"
