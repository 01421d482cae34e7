"""What the functions of SQL make of texts that are known: CHR, REVERSE, DECODE and their like.

PostgreSQL, chapter "String Functions and Operators"; MySQL, "String Functions and
Operators"; T-SQL, "String functions". A function is here only if it needs no data.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from dbguard import decoding
from dbguard.patterns import regex
from dbguard.source import Mapped, has_hole

Arguments = Sequence[Mapped | None]
_HEXADECIMAL = regex(r"(?:0[xX]|\\x)((?:[0-9a-fA-F]{2})+)")


def applied(name: str, arguments: Arguments) -> Mapped | None:
    """Return what the function *name* (upper case) gives, None where that is not known.

    An argument that is not known is None; so is the result, then, and where part of it is a
    hole: both of these keep the caller from losing what it can tell itself.
    """
    make = _FUNCTIONS.get(name)
    if make is None or not arguments:
        return None
    known = [argument for argument in arguments if argument is not None]
    if len(known) != len(arguments) or any(has_hole(argument.text) for argument in known):
        return None
    text = make([argument.text for argument in known])
    if text is None or len(text) > decoding.LIMIT:
        return None
    span = known[0].span
    for argument in known[1:]:
        span = span.cover(argument.span)
    return Mapped.at(text, span) if text else None


def bytes_of(text: str) -> str | None:
    r"""Return what a hexadecimal literal (``0x44``, ``\x44``) says, None for another text."""
    match = _HEXADECIMAL.fullmatch(text)
    return decoding.from_hexadecimal(match[1]) if match is not None else None


def unescaped(text: str, mark: str = "\\") -> str:
    r"""Return a ``U&''`` string decoded: ``\0044`` and ``\+000044`` are characters."""
    escape = re.escape(mark)
    pattern = rf"{escape}(?:([0-9a-fA-F]{{4}})|\+([0-9a-fA-F]{{6}})|{escape})"

    def character(match: re.Match[str]) -> str:
        digits = match[1] or match[2]
        code = int(digits, 16) if digits else ord(mark)
        return chr(code) if code < 0xD800 or 0xDFFF < code < 0x110000 else "\ufffd"

    return re.sub(pattern, character, text)


def _characters(values: list[str]) -> str | None:
    if not all(value.isdigit() and len(value) < 8 for value in values):
        return None
    numbers = [int(value) for value in values]
    return "".join(map(chr, numbers)) if all(0 < n < 0xD800 for n in numbers) else None


def _decode(values: list[str]) -> str | None:
    text, form = values[0], values[1].lower() if len(values) > 1 else ""
    if form == "base64":
        return decoding.from_base64(text)
    if form == "hex":
        return decoding.from_hexadecimal(text)
    return text if form == "escape" else None


def _translate(values: list[str]) -> str | None:
    if len(values) != 3:
        return None
    text, old, new = values
    return text.translate({ord(a): new[i] if i < len(new) else None for i, a in enumerate(old)})


def _substring(values: list[str]) -> str | None:
    if not all(value.isdigit() and len(value) < 8 for value in values[1:]) or len(values) > 3:
        return None
    start = max(0, int(values[1]) - 1) if len(values) > 1 else 0
    length = int(values[2]) if len(values) > 2 else len(values[0])
    return values[0][start : start + length]


def _joined(separator: str, values: list[str]) -> str | None:
    if len(separator) * len(values) > decoding.LIMIT:
        return None
    return separator.join(values)


def _replace(values: list[str]) -> str | None:
    if len(values) == 2:
        values = [*values, ""]
    if len(values) != 3 or not values[1]:
        return None
    if values[0].count(values[1]) * len(values[2]) > decoding.LIMIT:
        return None
    return values[0].replace(values[1], values[2])


_FUNCTIONS: dict[str, Callable[[list[str]], str | None]] = {
    **dict.fromkeys(("CHR", "CHAR", "NCHAR", "UNICHAR"), _characters),
    "REVERSE": lambda values: values[0][::-1],
    "UPPER": lambda values: values[0].upper(),
    "UCASE": lambda values: values[0].upper(),
    "LOWER": lambda values: values[0].lower(),
    "LCASE": lambda values: values[0].lower(),
    "REPLACE": _replace,
    "TRANSLATE": _translate,
    **dict.fromkeys(("SUBSTR", "SUBSTRING", "MID"), _substring),
    "CONCAT_WS": lambda values: _joined(values[0], values[1:]),
    "DECODE": _decode,
    "FROM_BASE64": lambda values: decoding.from_base64(values[0]),
    "UNHEX": lambda values: decoding.from_hexadecimal(values[0]),
    "CONVERT_FROM": lambda values: bytes_of(values[0]) or values[0],
    "ARRAY_TO_STRING": lambda values: _joined(values[-1], values[:-1]),
    "QUOTE_LITERAL": lambda values: "'" + values[0].replace("'", "''") + "'",
}

NAMES = frozenset(_FUNCTIONS)
"""The functions that are known, in upper case."""

DECODERS = frozenset(
    "CONVERT_FROM FROM_BASE64 UNHEX AES_DECRYPT PGP_SYM_DECRYPT PGP_PUB_DECRYPT DECRYPTBYKEY"
    " DECRYPTBYPASSPHRASE UNCOMPRESS UTL_RAW".split()
)
"""Functions whose result nobody can read where their argument is not known."""
