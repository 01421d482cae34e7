"""Texts that are written in code: base64, hexadecimal digits, letters shifted or turned round.

What a program decodes from a literal is as readable as the literal. Nothing is run: these
are the same few pure functions for every language, bounded in what they take and give. Few
files need them, so what decodes is imported where it is asked.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from dbguard.patterns import regex
from dbguard.source import hole, hole_names

LIMIT = 1_000_000
"""The most characters that are decoded, and the most that come out."""

DECODED = "decoded"
DOWNLOADED = "downloaded"
"""What the holes begin with that stand for texts which were decoded, or came from elsewhere."""

_MARKED = regex(rf"(?:{DECODED}|{DOWNLOADED})_")
_RANGE = regex(r"(.)-(.)", re.DOTALL)
_CLASSES = {
    "[:upper:]": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "[:lower:]": "abcdefghijklmnopqrstuvwxyz",
    "[:digit:]": "0123456789",
}


Decoder = Callable[[str], "str | None"]
"""Returns what a text decodes to, None where it does not."""


def undecoded(how: str, name: str) -> str:
    """Return the hole for a text that was :data:`DECODED` or :data:`DOWNLOADED`, but is not known."""
    return hole(f"{how}_{name}")


def is_undecoded(name: str) -> bool:
    """Say whether a hole of this name stands for a text that was decoded or downloaded."""
    return _MARKED.match(name) is not None


def renamed(text: str, name: str) -> str | None:
    """Return the hole for a variable that holds such a text and nothing else, None otherwise."""
    names = hole_names(text)
    if len(names) != 1 or text != hole(names[0]) or not is_undecoded(names[0]):
        return None
    return undecoded(names[0].partition("_")[0], name)


def is_opaque(text: str) -> bool:
    """Say whether a text is nothing but something that was decoded or downloaded."""
    return renamed(text, "text") is not None


def as_characters(data: bytes) -> str:
    """Return bytes as text: UTF-8, else a character for each byte."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def as_bytes(text: str) -> bytes | None:
    """Return what :func:`as_characters` was made of, as far as that can be told."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


def from_base64(text: str) -> str | None:
    """Return what base64 decodes to, in either alphabet of RFC 4648."""
    if len(text) > LIMIT or hole_names(text):
        return None
    import base64
    import binascii

    try:
        return as_characters(base64.b64decode(text.replace("-", "+").replace("_", "/")))
    except (binascii.Error, ValueError):
        return None


def from_base32(text: str) -> str | None:
    """Return what base32 (RFC 4648) decodes to."""
    if len(text) > LIMIT or hole_names(text):
        return None
    import base64
    import binascii

    try:
        return as_characters(base64.b32decode(text.strip()))
    except (binascii.Error, ValueError):
        return None


def from_base85(text: str) -> str | None:
    """Return what Python's ``base64.b85decode`` makes of a text."""
    if len(text) > LIMIT or hole_names(text):
        return None
    import base64

    try:
        return as_characters(base64.b85decode(text))
    except ValueError:
        return None


def from_hexadecimal(text: str) -> str | None:
    """Return the bytes that hexadecimal digits stand for, blanks between them left out."""
    if len(text) > LIMIT or hole_names(text):
        return None
    try:
        return as_characters(bytes.fromhex(text.strip()))
    except ValueError:
        return None


def rotated(text: str) -> str | None:
    """Return a text with its letters shifted by 13."""
    if len(text) > LIMIT or hole_names(text):
        return None
    import codecs

    return codecs.encode(text, "rot13")


def reversed_text(text: str) -> str | None:
    """Return a text from its end to its beginning."""
    return None if hole_names(text) else text[::-1]


def inflated(text: str, *, gzipped: bool = False) -> str | None:
    """Return what zlib or gzip data decompresses to, None past :data:`LIMIT`."""
    data = as_bytes(text)
    if data is None or len(data) > LIMIT:
        return None
    import zlib

    machine = zlib.decompressobj(31 if gzipped else 15)
    try:
        found = machine.decompress(data, LIMIT)
    except zlib.error:
        return None
    return None if machine.unconsumed_tail else as_characters(found)


def translated(text: str, old: str, new: str, *, delete: bool = False) -> str | None:
    """Return what ``tr old new`` makes of a text (POSIX tr: ranges, classes; the last is repeated)."""
    if len(text) > LIMIT or hole_names(text + old + new):
        return None
    first, second = _set(old), _set(new)
    if first is None or second is None or not first:
        return None
    if delete:
        return text.translate({ord(character): None for character in first})
    if not second:
        return None
    second += second[-1] * (len(first) - len(second))
    return text.translate({ord(a): b for a, b in zip(first, second, strict=False)})


def _set(text: str) -> str | None:
    for name, members in _CLASSES.items():
        text = text.replace(name, members)
    if "[:" in text or len(text) > 512:
        return None

    def run(match: re.Match[str]) -> str:
        first, last = ord(match[1]), ord(match[2])
        return "".join(map(chr, range(first, last + 1))) if first <= last < 0x250 else match[0]

    return _RANGE.sub(run, text)
