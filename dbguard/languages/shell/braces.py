"""Brace expansion (bash manual, 3.5.1), bounded."""

from __future__ import annotations

from itertools import chain, pairwise

from dbguard.languages.shell.parts import Part, PartKind
from dbguard.patterns import regex
from dbguard.source import Mapped

LIMIT = 256
"""The most words that one word may expand to."""

_LONGEST = 20_000
_NESTING = 20
_RANGE = regex(r"(-?\d{1,9})\.\.(-?\d{1,9})(?:\.\.-?(\d{1,9}))?|([A-Za-z])\.\.([A-Za-z])")
_MARKS = regex(r"[{},]")

_Atoms = list[tuple[str, Part]]


class TooManyWordsError(Exception):
    """A word expands to more than :data:`LIMIT` words."""


def expand_braces(parts: list[Part]) -> list[list[Part]]:
    """Return the words, each as its parts, that a word expands to. Raises TooManyWordsError."""
    plain = [part for part in parts if part.kind is PartKind.PLAIN]
    size = sum(len(part.fields[0].text) for part in plain)
    if not any("{" in part.fields[0].text for part in plain):
        return [parts]
    if size > _LONGEST:
        raise TooManyWordsError
    return _expanded(_atoms(parts), _NESTING)


def _atoms(parts: list[Part]) -> _Atoms:
    """Take the parts apart at braces and commas; each mark keeps its text as a part."""
    atoms: _Atoms = []
    for part in parts:
        if part.kind is not PartKind.PLAIN:
            atoms.append(("", part))
            continue
        text, at = part.fields[0], 0
        for match in _MARKS.finditer(text.text):
            if match.start() > at:
                atoms.append(("", Part((text.slice(at, match.start()),), PartKind.PLAIN)))
            mark = Part((text.slice(match.start(), match.end()),), PartKind.PLAIN)
            atoms.append((match[0], mark))
            at = match.end()
        if at < len(text.text):
            atoms.append(("", Part((text.slice(at, len(text.text)),), PartKind.PLAIN)))
    return atoms


def _expanded(atoms: _Atoms, nesting: int) -> list[list[Part]]:
    words: list[list[Part]] = [[]]
    matching = _matching(atoms)
    at = 0
    while at < len(atoms):
        edges = matching.get(at)
        alternatives = None
        if edges is not None and nesting:
            alternatives = _alternatives(atoms, at, edges, nesting - 1)
        if alternatives is None or edges is None:
            for word in words:
                word.append(atoms[at][1])
            at += 1
            continue
        if len(words) * len(alternatives) > LIMIT:
            raise TooManyWordsError
        words = [word + alternative for word in words for alternative in alternatives]
        at = edges[-1] + 1
    return words


def _matching(atoms: _Atoms) -> dict[int, list[int]]:
    """Return for each brace that closes its commas and the closing brace."""
    opened: list[tuple[int, list[int]]] = []
    found: dict[int, list[int]] = {}
    for index, (mark, _) in enumerate(atoms):
        if mark == "{":
            opened.append((index, []))
        elif mark == "," and opened:
            opened[-1][1].append(index)
        elif mark == "}" and opened:
            start, commas = opened.pop()
            found[start] = [*commas, index]
    return found


def _alternatives(
    atoms: _Atoms, start: int, edges: list[int], nesting: int
) -> list[list[Part]] | None:
    """Return what ``{a,b}`` or ``{1..3}`` stands for, None if it is no brace expansion."""
    if len(edges) == 1:
        return _range(atoms, start, edges[0])
    if len(edges) >= LIMIT:
        raise TooManyWordsError
    return list(
        chain.from_iterable(
            _expanded(atoms[left + 1 : right], nesting) for left, right in pairwise([start, *edges])
        )
    )


def _range(atoms: _Atoms, start: int, end: int) -> list[list[Part]] | None:
    if end != start + 2 or atoms[start + 1][1].kind is not PartKind.PLAIN:
        return None
    match = _RANGE.fullmatch(atoms[start + 1][1].fields[0].text)
    if match is None:
        return None
    span = atoms[start][1].fields[0].span.cover(atoms[end][1].fields[0].span)
    if match[4]:
        first, last, step = ord(match[4]), ord(match[5]), 1
    else:
        first, last, step = int(match[1]), int(match[2]), int(match[3] or 1) or 1
    if abs(last - first) // step + 1 > LIMIT:
        raise TooManyWordsError
    numbers = range(first, last + 1, step) if first <= last else range(first, last - 1, -step)
    texts = [chr(number) if match[4] else str(number) for number in numbers]
    return [[Part((Mapped.at(text, span),), PartKind.QUOTED)] for text in texts]
