"""What must stand around a common word (``replace``, ``open``, ``run``) for a call to matter.

Cheap tests on the bytes around the word, so that ``text.replace(a, b)`` and
``items.remove(x)`` cost nothing.

Outside of the package :mod:`dbguard.languages.python`, for the prefilter asks them before
that is loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from functools import lru_cache

from dbguard.patterns import regex

Context = Callable[[bytes, int, int], bool]
"""Takes the file, the start of the word and the offset after its ``(``."""

_ONE_ARGUMENT = regex(rb"\s*[^,()=]+(?:\([^()]*\)[^,()=]*)*\)")
_MODULE = regex(
    rb"(?:\b(?:os|shutil|sh|pathlib|aiofiles|aios|subprocess|sp|proc)|(?:__import__|import_module)\([^)]*\))\.$"
)
# As most calls of them stand: to compile the pattern takes longer than to look at a file.
_PLAIN_MODULES = tuple(
    before + module + b"." for before in (b" ", b"\n", b"(") for module in (b"os", b"shutil")
)
_WRITES = regex(rb"(?:[^()]|\([^()]*\)){0,160}?(?:[\"'][bt+]*w|mode\s*=|,\s*mode|O_TRUNC)")
_RUNNER = regex(
    rb"(?:^|[^\w.])(?:self\.)?_?(?:c|ctx|cxn|conn|connection|context|session|host|server|remote|r"
    rb"|ssh|client|fabric|ssh_client|subprocess|sp|proc|asyncio|anyio|tx|transaction|graph|driver)\.$"
    rb"|[Hh]ook(?:\([^()]{0,40}\))?\.$"
)
_SQL_ARGUMENT = regex(
    rb"\s*(?:[rbfuRBFU]{0,2}[\"']|text\s*\(|sa\.text|\w*(?:sql|SQL|query|QUERY|stmt|statement))"
)
_TELLING = regex(
    rb"[^)]{0,80}(?:drop|remove|unlink|rmtree|system|execute|delete|flush|create|truncate)"
)
# getattr(os, "re" + "move"), getattr(db, name): a name that is put together, or of a known owner.
_NAMED_BY_TEXT = regex(
    rb"\s*(?:os|shutil|subprocess|builtins|__builtins__|\w*(?:db|metadata|cursor|conn|connection|engine"
    rb"|session|op))\s*,"
)
_OF_FILES = (b"remove", b"unlink", b"rmdir", b"removedirs", b"rmtree", b"system", b"truncate")
_OF_DATABASES = (b"execute", b"executescript", b"drop_all")
# One pattern for each word: one that begins with a literal is searched for fast.
HANDED_ON = {
    **{word: regex(rb"\." + word + rb"\s*[,)\]}]") for word in (*_OF_FILES, *_OF_DATABASES)},
    b"__dict__": regex(rb"__dict__\s*\["),
    b"vars": regex(rb"vars\([^()\n]{0,80}\)\s*\["),
}
_FILE_MODULE = regex(rb"\b(?:os|shutil)$")
_CHAIN = regex(
    rb"(?:\)|objects|indices|collections|query|__table__|\b[A-Z]\w*|table|[Qq]uery\w*|qs|queryset)\.$"
)
_ROWS = regex(rb"objects|quer|all\(\)|filter|[Tt]able|Query|qs|_manager|select")

UNFILTERED = frozenset(
    "all order_by using select_related prefetch_related values returning execution_options"
    " select_for_update distinct with_for_update get_queryset iterator".split()
)
"""The methods that leave a manager's or a query's rows all there."""

# Somewhere in the file there must be what a query without a condition is made of.
_WHOLE_QUERIES = regex(
    rb"[Qq]uer|[Tt]able|indices|collections|dataset|peewee|mongoengine|tortoise|\bselect\b"
    rb"|\b(?:" + "|".join(sorted(UNFILTERED)).encode() + rb")[ \t]*\("
    rb"|\b(?:filter|filter_by|where|exclude|having|join)[ \t]*\(\s*\)"
)
_QUERIES = regex(
    rb"[Qq]uer|[Tt]able|objects|_manager|dataset|peewee|mongoengine|tortoise|\b(?:select|qs)\b"
)
_QUOTED = tuple(
    quote + name + quote for name in (b"os", b"shutil", b"subprocess") for quote in (b"'", b'"')
)
# The first begins with what is found fast.
_IMPORT = regex(rb"import(?<!\wimport)\s+(?:os|shutil|subprocess)\s+as\s+(\w+)")
_IMPORT_BY_TEXT = regex(rb"\b(\w+)\s*=\s*[\w.]{1,80}\(\s*[\"'](?:os|shutil|subprocess)[\"']\s*\)")


def _before(data: bytes, start: int, length: int = 48) -> bytes:
    return data[max(0, start - length) : start]


def _is_method(data: bytes, start: int) -> bool:
    return start > 0 and data[start - 1 : start] == b"."


@lru_cache(maxsize=1)
def _has_whole_queries(data: bytes) -> bool:
    return _WHOLE_QUERIES.search(data) is not None


@lru_cache(maxsize=1)
def _has_queries(data: bytes) -> bool:
    return _QUERIES.search(data) is not None


def _of_module(data: bytes, start: int, _end: int) -> bool:
    if not _is_method(data, start):
        return True
    before = _before(data, start)
    if before.endswith(_PLAIN_MODULES) or _MODULE.search(before):
        return True
    return any(before.endswith(alias + b".") for alias in _aliases(data))


@lru_cache(maxsize=1)
def _aliases(data: bytes) -> list[bytes]:
    """Return the names that a file gives to a module of files or processes."""
    head = data[:20_000]
    found = [match[1] for match in _IMPORT.finditer(head)]
    # As a rule no name is there: the pattern is tried at every word of the file.
    if any(name in head for name in _QUOTED):
        found.extend(match[1] for match in _IMPORT_BY_TEXT.finditer(head))
    return found


def _path_method(data: bytes, start: int, end: int) -> bool:
    if data[start - 5 : end] == b"copy.copy(" and b"import copy" in data:
        return False
    return _ONE_ARGUMENT.match(data, end, end + 200) is not None or _of_module(data, start, end)


def _writing(data: bytes, _start: int, end: int) -> bool:
    return _WRITES.match(data, end, end + 240) is not None


def _running(data: bytes, start: int, end: int) -> bool:
    if not _is_method(data, start):
        return b"import" in data
    before = _before(data, start)
    return _RUNNER.search(before) is not None or _of_module(data, start, end)


def _with_sql(data: bytes, _start: int, end: int) -> bool:
    return _SQL_ARGUMENT.match(data, end, end + 60) is not None


def _telling(data: bytes, _start: int, end: int) -> bool:
    return _TELLING.match(data, end, end + 120) is not None


def _by_text(data: bytes, start: int, end: int) -> bool:
    return _telling(data, start, end) or _NAMED_BY_TEXT.match(data, end, end + 80) is not None


def _deleting(data: bytes, start: int, end: int) -> bool:
    if not _is_method(data, start) or b"delete_all" in data[end : end + 80]:
        return True
    if not _has_whole_queries(data):
        return False
    if _CHAIN.search(_before(data, start)):
        return True
    return data[end : end + 1] == b")"


def _updating(data: bytes, start: int, _end: int) -> bool:
    if not _is_method(data, start):
        return True
    if not _has_queries(data):
        return False
    line = data[max(0, start - 160) : start]
    return _ROWS.search(line[line.rfind(b"\n\n") + 1 :]) is not None


_COMMAND = regex(
    rb"\s*(?:\w+\s*=\s*)?(?:\{\s*)?[rbfuRBFU]{0,2}[\"']{1,3}\s*(?i:drop|truncate|delete|alter)"
    rb"|\s*\w*(?i:sql|query|stmt|statement)\b"
)


def _commanding(data: bytes, start: int, end: int) -> bool:
    return _is_method(data, start) and _COMMAND.match(data, end, end + 80) is not None


def _resetting(data: bytes, start: int, end: int) -> bool:
    return _is_method(data, start) and data[end : end + 1] == b")" and b"chromadb" in data


def _handling(data: bytes, start: int, _end: int) -> bool:
    return _is_method(data, start) and b"management.commands" in data


CONTEXTS: dict[bytes, Context] = {
    b"command": _commanding,
    b"reset": _resetting,
    b"handle": _handling,
    b"replace": _path_method,
    b"rename": _path_method,
    b"copy": _path_method,
    b"remove": _of_module,
    b"open": _writing,
    b"run": _running,
    b"local": _running,
    b"query": _with_sql,
    b"fetch": _with_sql,
    b"getattr": _by_text,
    b"methodcaller": _telling,
    b"attrgetter": _telling,
    b"__getattribute__": _telling,
    b"delete": _deleting,
    b"update": _updating,
}


def handed_on(data: bytes, words: Set[bytes] | None = None) -> list[int]:
    """Return where a function of ours is given away without being called, or looked up by text.

    ``map(os.remove, names)``, ``{"clean": os.remove}``, ``vars(os)["remove"]``. *words* are
    those of the file, where they are known: only of what is among them is asked.
    """
    found: list[int] = []
    for word, pattern in HANDED_ON.items():
        if word not in (data if words is None else words):
            continue
        for match in pattern.finditer(data):
            at = match.start()
            if word not in _OF_FILES or _FILE_MODULE.search(data, max(0, at - 8), at):
                found.append(at)
    return sorted(found)


def fits(word: bytes, data: bytes, start: int, end: int) -> bool:
    """Say whether the call at *start* may be the one the word stands for."""
    if data[start - 4 : start] == b"def ":
        return False
    test = CONTEXTS.get(word)
    return test is None or test(data, start, end)
