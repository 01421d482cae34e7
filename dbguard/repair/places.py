"""From a place in the outermost file to a region's text and back, for edits.

A text that stands in another one is edited where it stands. How a quote or a dollar is
written there depends on everything around it, so there are several :data:`SPELLINGS`; which
of them reads back as the text that is meant is found out by reading.
"""

from __future__ import annotations

from collections.abc import Callable

from dbguard.repair.edits import Edit
from dbguard.source import Region, Span


def inner_position(region: Region, outer: int, *, at_end: bool) -> int | None:
    """Return which position of a region's text stands at *outer*, None where none does.

    *at_end*: the position is where something ends, and belongs to what stands before it.
    """
    for piece in region.map.pieces:
        if piece.outer == outer and not at_end:
            return piece.inner
        if piece.outer_end == outer and at_end:
            return piece.inner_end
        if piece.exact and piece.outer <= outer <= piece.outer_end:
            return piece.inner + outer - piece.outer
    return None


def inner_span(region: Region, outer: Span) -> Span | None:
    """Return the part of a region's text that stands at *outer*, None where it cannot be told."""
    start = inner_position(region, outer.start, at_end=False)
    end = inner_position(region, outer.end, at_end=True)
    if start is None or end is None or end < start or region.span(start, end) != outer:
        return None
    return Span(start, end)


def has_lines(region: Region) -> bool:
    """Say whether a text stands on several lines of the file it is in."""
    span = region.span(0, len(region.text))
    return "\n" in region.file.text[span.start : span.end].strip()


def around(region: Region, language: str, outer: Span) -> tuple[Region, Span] | None:
    """Return the text in a language that *region* is or stands in, and where *outer* is there."""
    at: Region | None = region
    while at is not None and at.language != language:
        at = at.parent
    span = inner_span(at, outer) if at is not None else None
    return (at, span) if at is not None and span is not None else None


def _plain(text: str) -> str:
    return text


def _dollars(text: str) -> str:
    """As in a recipe of make, in a Compose file and in a unit of systemd."""
    return text.replace("$", "$$")


def _in_quotes(text: str) -> str:
    r"""As between the quotes of JSON, of YAML, and of most languages."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _in_shell_quotes(text: str) -> str:
    """As between the shell's double quotes."""
    for character in ("\\", "$", "`", '"'):
        text = text.replace(character, "\\" + character)
    return text


def _in_heredoc(text: str) -> str:
    """As in a here-document whose word is not quoted."""
    for character in ("\\", "$", "`"):
        text = text.replace(character, "\\" + character)
    return text


def _in_single_quotes(text: str) -> str:
    """As between the shell's single quotes."""
    return text.replace("'", "'\\''")


def _in_sql_quotes(text: str) -> str:
    return text.replace("'", "''")


def _in_shell_quotes_in_quotes(text: str) -> str:
    return _in_quotes(_in_shell_quotes(text))


Spelling = Callable[[str], str]

SPELLINGS: tuple[Spelling, ...] = (
    _plain,
    _dollars,
    _in_quotes,
    _in_shell_quotes,
    _in_heredoc,
    _in_single_quotes,
    _in_sql_quotes,
    _in_shell_quotes_in_quotes,
)
"""What a text may look like where it stands in another one."""


def outer_edits(
    region: Region, edits: tuple[Edit, ...], spelling: Spelling = _plain
) -> tuple[Edit, ...] | None:
    """Return the edits of the outermost file that do *edits* of a region's text, spelt one way.

    None where an edit touches what does not stand there letter by letter.
    """
    newline = "\r\n" if "\r\n" in region.file.text else "\n"
    written = []
    for edit in edits:
        span = _outer(region, edit.span)
        if span is None:
            return None
        text = spelling(edit.text)
        if "\n" in text:
            text = text.replace("\n", newline + _indent(region, edit.span.start))
        written.append(Edit(span, text))
    return tuple(written)


def _outer(region: Region, span: Span) -> Span | None:
    """Return where part of a region's text stands, None where it is written in another way.

    Of a line end of two characters a region has the second one only: what ends before it
    ends before both.
    """
    text, inner = region.file.text, region.text[span.start : span.end]
    outer = region.span(span.start, span.end)
    start, end = (_before_line_end(text, at) for at in (outer.start, outer.end))
    if span.start == span.end:
        end = start
    return Span(start, end) if text[start:end].replace("\r\n", "\n") == inner else None


def _before_line_end(text: str, at: int) -> int:
    return at - 1 if text[at - 1 : at + 1] == "\r\n" else at


def _indent(region: Region, at: int) -> str:
    """Return the white space that stands before every line of a region, and is no part of it."""
    if region.parent is None:
        return ""
    begin = region.text.rfind("\n", 0, at) + 1
    file = region.file
    line, column = file.position(region.span(begin, begin).start)
    before = file.line(line)[: column - 1]
    return before if not before.strip() else ""
