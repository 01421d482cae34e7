"""Parts to words: what a value is where it is used, and the fields it is split into (POSIX 2.6.5)."""

from __future__ import annotations

import re

from dbguard.commands.invocation import Word
from dbguard.languages.shell.parts import Part, PartKind
from dbguard.languages.shell.scope import Value
from dbguard.patterns import regex
from dbguard.source import Mapped, Span, Transcript

_GLOB = regex(r"[*?]|\[[^\]]+\]")
_BLANKS = regex(r"[ \t\n]+")


def used(value: Value, span: Span, quoted: bool, *, all_fields: bool) -> Part:
    """Return a value as it is used at *span*.

    A short text stands for the place where it is used, one with blanks in it (a statement,
    a command line) keeps leading to where it is written.
    """
    fields = value.fields if all_fields or (value.array and not quoted) else value.fields[:1]
    if value.array and quoted and not all_fields and len(value.fields) > 1:
        fields = value.fields[:1]
    if not fields and (quoted and not all_fields):
        fields = (Mapped("", Mapped.at(" ", span).map.slice(0, 0)),)
    if not quoted or all_fields:
        kind = PartKind.ARRAY if quoted else PartKind.SPLIT
    else:
        kind = PartKind.QUOTED
    return Part(tuple(_placed(text, span) for text in fields), kind, value.glob, span)


def _placed(mapped: Mapped, span: Span) -> Mapped:
    if not mapped.text or _BLANKS.search(mapped.text):
        return mapped
    return Mapped.at(mapped.text, span)


def joined(parts: list[Part]) -> Mapped:
    """Return parts as one text, the fields of an array with blanks between them."""
    transcript = Transcript()
    for part in parts:
        for index, text in enumerate(part.fields):
            if index:
                span = text.span
                transcript.inexact(" ", span.start, 0)
            transcript.mapped(text)
    return transcript.build()


def fields_of(parts: list[Part]) -> list[Word]:
    """Split the parts of a word into fields (POSIX 2.6.5)."""
    found: list[Word] = []
    current: Transcript | None = None
    glob = False

    def close() -> None:
        nonlocal current, glob
        if current is not None:
            found.append(Word(current.build(), glob))
        current, glob = None, False

    for part in parts:
        if part.kind is PartKind.SPLIT:
            for index, text in enumerate(part.fields):
                if index:
                    close()
                if text.text[:1] in (" ", "\t", "\n"):
                    close()
                for position, piece in enumerate(_pieces(text, part.span)):
                    if position:
                        close()
                    current = current or Transcript()
                    current.mapped(piece)
                    glob = glob or part.glob or _GLOB.search(piece.text) is not None
                if text.text[-1:] in (" ", "\t", "\n"):
                    close()
            continue
        for index, text in enumerate(part.fields):
            if index:
                close()
            current = current or Transcript()
            current.mapped(text)
            glob = glob or part.glob
            if part.kind is PartKind.PLAIN and _GLOB.search(text.text[:10_000]):
                glob = True
    close()
    return found


def _pieces(text: Mapped, span: Span | None) -> list[Mapped]:
    pieces = []
    for match in re.finditer(r"[^ \t\n]+", text.text):
        piece = text.slice(match.start(), match.end())
        pieces.append(piece if span is None else Mapped.at(piece.text, span))
    return pieces


def has_glob(text: str) -> bool:
    """Say whether a text would be expanded to the names of files."""
    return _GLOB.search(text[:10_000]) is not None
