"""From a path to text: what may be opened, how much of it, in which encoding.

What cannot be read whole becomes a :class:`~dbguard.source.Problem`, never an exception
and never silence. Nothing but regular files is opened, and no link is followed unless
the user named it.
"""

from __future__ import annotations

import codecs
import errno
import os
import stat

from dbguard.patterns import regex
from dbguard.records import dataclass
from dbguard.source import Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re

FILE_LIMIT = 16 * 1024 * 1024
"""The largest file that is read, in bytes. A larger one is a problem of stage "limit"."""

BINARY_PROBE = 8 * 1024
"""In so many bytes at its beginning a text has no NUL."""

COOKIE_LENGTH = 4 * 1024
"""In so many bytes at its beginning a declaration of the encoding is looked for."""

_BOMS = (
    # UTF-32 first: its little-endian mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

# PEP 263: in the first or second line, the first being a comment or blank
_COOKIE = regex(
    rb"\A(?:[ \t\f]*(?:#[^\r\n]*)?(?:\r\n?|\n))?[ \t\f]*#[^\r\n]*?coding[:=][ \t]*([-\w.]+)"
)
# Codecs Python refuses for source text, and one whose decoder is quadratic.
_NO_SOURCE_ENCODING = frozenset({"idna", "punycode", "undefined", "mbcs", "oem"})

_KEEP_ASCII = ("utf-8", "ascii", "iso8859", "cp125", "koi8", "mac-")

_SURROGATES = regex("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Decoded:
    """The text of a file, without lone surrogates, and what had to be guessed to get it."""

    text: str
    problems: tuple[Problem, ...] = ()


def read(
    path: str, shown: str, *, follow: bool = False, limit: int = FILE_LIMIT
) -> bytes | Problem:
    """Return the bytes of a regular file, or why there are none.

    *shown* is the path problems name. *follow* allows *path* itself to be a link. The
    file is never waited for: what is no regular file is not even opened.
    """
    try:
        before = os.stat(path, follow_symlinks=follow)
        if not stat.S_ISREG(before.st_mode):
            return Problem(shown, f"is {sort_of_file(before.st_mode)}, not a regular file", "read")
        if before.st_size > limit:
            return too_large(shown, limit)
        flags = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
        flags |= getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)
        if not follow:
            flags |= getattr(os, "O_NOFOLLOW", 0)
        descriptor = os.open(path, flags)
        try:
            # Between the two looks it may have become something else.
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                return Problem(shown, "is no longer a regular file", "read")
            data = _content(descriptor, status.st_size, limit)
        finally:
            os.close(descriptor)
    except OSError as error:
        return Problem(shown, reason(error), "read")
    except ValueError as error:  # a NUL in the path
        return Problem(shown, f"cannot be opened: {error}", "read")
    return too_large(shown, limit) if len(data) > limit else data


def _content(descriptor: int, size: int, limit: int) -> bytes:
    """Return what an open file holds, of more than *limit* bytes no more than one too many.

    A stream would ask four times more of the system.
    """
    data = os.read(descriptor, min(size, limit) + 1)
    # The size is a hint: a file of /proc has none, another one grows.
    while len(data) <= limit and (more := os.read(descriptor, min(len(data), limit) + 1)):
        data += more
    return data


def head(path: str, shown: str, length: int, *, follow: bool = False) -> bytes | Problem:
    """Return how a regular file begins, at most *length* bytes; nothing of any other."""
    try:
        if not stat.S_ISREG(os.stat(path, follow_symlinks=follow).st_mode):
            return b""
        flags = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
        descriptor = os.open(path, flags | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0))
        try:
            return os.read(descriptor, length)
        finally:
            os.close(descriptor)
    except OSError as error:
        return Problem(shown, reason(error), "read")


def is_binary(data: bytes) -> bool:
    """Say whether bytes are no text: a NUL near the beginning, and no mark of UTF-16 or 32."""
    return b"\0" in data[:BINARY_PROBE] and not data.startswith(tuple(bom for bom, _ in _BOMS))


def _cookie(head: bytes) -> re.Match[bytes] | None:
    """Return the cookie of PEP 263 at the start of a file. The word first: few have one."""
    return _COOKIE.match(head) if b"coding" in head else None


def decode(data: bytes, shown: str, language: str) -> Decoded:
    """Return the text of a file; *shown* is the path problems name.

    A byte-order mark decides and is dropped; in Python the cookie of PEP 263 does; else
    it is UTF-8. What is neither is read as Latin-1, which keeps every ASCII character
    in its place, and said.
    """
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return _decode_as(encoding, data, shown)
    if data.startswith(codecs.BOM_UTF8):
        data = data[len(codecs.BOM_UTF8) :]
    elif language == "python" and (cookie := _cookie(data[:COOKIE_LENGTH])):
        name = cookie[1].decode("ascii", "replace")
        encoding = _text_encoding(name)
        if not encoding:
            return _latin1(data, shown, f"declares the unknown encoding {name!r}", incomplete=True)
        if encoding not in ("utf-8", "ascii"):
            return _decode_as(encoding, data, shown)
    try:
        return Decoded(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return _latin1(data, shown, "is not UTF-8: read as Latin-1", line=line)


def encoding_of(data: bytes, language: str) -> tuple[bytes, str]:
    """Return the byte-order mark of a file ('' for none) and the codec of what follows it.

    It is the one :func:`decode` reads the file with.
    """
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            little = bom in (codecs.BOM_UTF16_LE, codecs.BOM_UTF32_LE)
            return bom, f"{encoding}-{'le' if little else 'be'}"
    mark = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
    if not mark and language == "python" and (cookie := _COOKIE.match(data[:COOKIE_LENGTH])):
        encoding = _text_encoding(cookie[1].decode("ascii", "replace"))
        if encoding not in ("utf-8", "ascii"):
            return b"", encoding or "latin-1"
    try:
        data[len(mark) :].decode("utf-8")
    except UnicodeDecodeError:
        return mark, "latin-1"
    return mark, "utf-8"


def keeps_ascii(data: bytes, language: str) -> bool:
    """Say whether every ASCII character of the text is that ASCII byte of the file.

    If so, words may be searched in the bytes. UTF-7 and UTF-16 do not keep it.
    """
    if data.startswith(tuple(bom for bom, _ in _BOMS)):
        return False
    cookie = _COOKIE.match(data[:COOKIE_LENGTH]) if language == "python" else None
    if cookie is None:
        return True
    return _text_encoding(cookie[1].decode("ascii", "replace")).startswith(_KEEP_ASCII)


def _decode_as(encoding: str, data: bytes, shown: str) -> Decoded:
    problems: tuple[Problem, ...] = ()
    try:
        text = data.decode(encoding)
    except UnicodeError as error:
        problems = (Problem(shown, f"is not valid {encoding}: {error}", "decode"),)
        text = data.decode(encoding, "replace")
    return Decoded(_SURROGATES.sub("\N{REPLACEMENT CHARACTER}", text), problems)


def _latin1(
    data: bytes, shown: str, error: str, *, line: int | None = None, incomplete: bool = False
) -> Decoded:
    problem = Problem(shown, error, "decode", line=line, incomplete=incomplete)
    return Decoded(data.decode("latin-1"), (problem,))


def _text_encoding(name: str) -> str:
    """Return the normal name of an encoding of source text, '' where there is none."""
    try:
        found = codecs.lookup(name)
        # codecs.lookup also finds rot13 and zlib; bytes.decode refuses them.
        b" ".decode(name)
    except (LookupError, UnicodeError, ValueError):
        return ""
    return "" if found.name in _NO_SOURCE_ENCODING else found.name


def sort_of_file(mode: int) -> str:
    """Return what a person calls the sort of file a mode tells."""
    if stat.S_ISFIFO(mode):
        return "a named pipe"
    if stat.S_ISSOCK(mode):
        return "a socket"
    if stat.S_ISLNK(mode):
        return "a symbolic link"
    if stat.S_ISDIR(mode):
        return "a folder"
    if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
        return "a device"
    return "a file" if stat.S_ISREG(mode) else "something else"


def reason(error: OSError) -> str:
    """Return in plain words why the system refused."""
    if error.errno == errno.ENOENT:
        return "has vanished"
    if error.errno in (errno.EACCES, errno.EPERM):
        return "cannot be read: permission denied"
    if error.errno == errno.ELOOP:
        return "is a symbolic link: not followed"
    return f"cannot be read: {error.strerror or type(error).__name__}"


def too_large(shown: str, limit: int) -> Problem:
    """Return the problem of a file of more than *limit* bytes."""
    return Problem(shown, f"is larger than the limit of {limit // (1024 * 1024)} MiB", "limit")
