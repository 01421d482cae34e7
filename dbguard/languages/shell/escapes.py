"""Escapes with a backslash, as ``$'...'``, ``printf`` and ``echo -e`` know them."""

from __future__ import annotations

import re

from dbguard.patterns import regex

ESCAPE = regex(
    r"\\(?:([abeEfnrtv\\'\"?])|([0-7]{1,3})|x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})"
    r"|U([0-9a-fA-F]{1,8})|c(.))",
    re.DOTALL,
)
_ESCAPED = {
    "a": "\a",
    "b": "\b",
    "e": "\x1b",
    "E": "\x1b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "\\": "\\",
    "'": "'",
    '"': '"',
    "?": "?",
}


def escaped(escape: re.Match[str]) -> str:
    """Return the character that a match of :data:`ESCAPE` stands for."""
    simple, octal, byte, short, long, control = escape.groups()
    if simple:
        return _ESCAPED[simple]
    if octal:
        return chr(int(octal, 8) & 0xFF)
    if control:
        return chr(ord(control) & 0x1F)
    code = int(byte or short or long, 16)
    return chr(code) if code < 0xD800 or 0xDFFF < code < 0x110000 else "\ufffd"
