"""Making text from scanned files safe to show.

A file name or a line of code must not move the cursor, change a title, reorder what
stands around it or hide in it. Whatever could is shown as an escape in ASCII.
"""

from __future__ import annotations

import re

from dbguard.patterns import regex

TAB_WIDTH = 4

# C0 and C1 controls, DEL, soft hyphen, marks and overrides of direction, zero-width
# characters but for the joiners of emoji and Indic scripts, line and paragraph
# separators, interlinear marks, lone surrogates, tags.
_UNSAFE = regex(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
    # The second "#" of "##[error]" and "##vso[": commands to the log of a CI service,
    # wherever in a line they stand.
    r"|(?<=#)#(?=\[|vso\[)"
)
_SHORT = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}


def is_plain(text: str) -> bool:
    """Say whether a text is shown as it is, every character in a column of its own."""
    return text.isascii() and text.isprintable() and "##" not in text


def escape(text: str) -> str:
    """Return *text* with every unsafe character as an escape; the result is one line."""
    # As most texts are: then the pattern, a long one, need not be compiled.
    if is_plain(text):
        return text
    return _UNSAFE.sub(lambda match: _escaped(match[0]), text)


def _escaped(character: str) -> str:
    short = _SHORT.get(character)
    if short is not None:
        return short
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        # PEP 383: a byte of a file name that is not UTF-8
        return f"\\x{code - 0xDC00:02x}"
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


_COMMAND = regex(r"^([ \t]*):(?=:)", re.MULTILINE)


def no_command(text: str) -> str:
    """Return *text* with no line that GitHub Actions takes for a command (``::error::``)."""
    if "::" not in text:
        return text
    return _COMMAND.sub(r"\1\\x3a", text)


def cells(line: str) -> list[tuple[str, int]]:
    """Return what to show for each character of a line, and how many columns it takes.

    Tabs go to the next multiple of :data:`TAB_WIDTH`; wide characters take two columns
    (Unicode Standard Annex 11), combining ones none.
    """
    if is_plain(line):
        return [(character, 1) for character in line]
    shown, column = [], 0
    unsafe = {match.start() for match in _UNSAFE.finditer(line)}
    for number, character in enumerate(line):
        if character == "\t":
            width = TAB_WIDTH - column % TAB_WIDTH
            cell = " " * width
        elif number in unsafe:
            cell = _escaped(character)
            width = len(cell)
        else:
            cell, width = character, _width(character)
        shown.append((cell, width))
        column += width
    return shown


def _width(character: str) -> int:
    import unicodedata

    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1
