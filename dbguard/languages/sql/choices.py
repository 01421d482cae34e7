"""Texts of which one is executed: ``CASE``, ``IF()``, ``COALESCE()`` and their kin.

A text that may be one of several is kept as all of them, divided by :data:`DIVIDER`, and is
taken apart where it runs (:func:`alternatives`).
"""

from __future__ import annotations

from collections.abc import Sequence

from dbguard.languages.sql.tokens import WORD, Token, closing, find_outside, key, split_outside
from dbguard.source import Mapped

DIVIDER = "\x1e"
"""What stands between the texts (RECORD SEPARATOR: no statement holds it)."""

MOST = 16
"""How many texts one may be."""

_COMMA = frozenset((",",))
_ENDS_SELECTED = frozenset(("FROM", "WHERE", "LIMIT", "INTO", "AS"))
# How many arguments before the values that the function chooses from.
_CHOOSING = {
    "IF": 1,
    "IIF": 1,
    "CHOOSE": 1,
    "ELT": 1,
    "COALESCE": 0,
    "IFNULL": 0,
    "ISNULL": 0,
    "NVL": 0,
    "NVL2": 1,
    "NULLIF": 0,
}


def alternatives(text: Mapped) -> tuple[Mapped, ...]:
    """Return the texts of which *text* may be one, as a rule itself alone."""
    if DIVIDER not in text.text:
        return (text,)
    found, start = [], 0
    for part in text.text.split(DIVIDER)[:MOST]:
        found.append(text.slice(start, start + len(part)))
        start += len(part) + len(DIVIDER)
    return tuple(found)


def one_of(texts: Sequence[Mapped]) -> Mapped | None:
    """Return what may be any of *texts*; None where there is none."""
    if len(texts) < 2:
        return texts[0] if texts else None
    parts: list[Mapped] = []
    for text in texts[:MOST]:
        if parts:
            parts.append(Mapped.at(DIVIDER, text.span))
        parts.append(text)
    return Mapped.join(parts)


def joined(parts: Sequence[Mapped]) -> Mapped:
    """Return the concatenation of *parts*; one with alternatives makes as many texts."""
    if not any(DIVIDER in part.text for part in parts):
        return Mapped.join(parts)
    rows: list[tuple[Mapped, ...]] = [()]
    for part in parts:
        rows = [(*row, choice) for row in rows for choice in alternatives(part)][:MOST]
    return one_of([Mapped.join(row) for row in rows]) or Mapped.join(parts)


def chosen_from(tokens: list[Token]) -> list[list[Token]] | None:
    """Return the expressions of which *tokens* gives one, None where it is no such choice."""
    first = key(tokens, 0)
    if first == "CASE" and key(tokens, len(tokens) - 1) == "END":
        return _arms(tokens)
    if first == "SELECT":  # a scalar one, in parentheses
        return [tokens[1 : find_outside(tokens, _ENDS_SELECTED, 1)]]
    if tokens[0].kind != WORD or key(tokens, 1) != "(" or closing(tokens, 1) != len(tokens) - 1:
        return None
    skipped = _CHOOSING.get(first)
    if skipped is None:
        return None
    values = split_outside(tokens[2:-1], _COMMA)[skipped:]
    return values[:1] if first == "NULLIF" else values


def _arms(tokens: list[Token]) -> list[list[Token]]:
    """Return what stands behind THEN and ELSE of a CASE, those of an inner one left in it."""
    arms: list[list[Token]] = []
    depth, inside = 0, False
    for token in tokens[1:-1]:
        mark = token.key
        if depth == 0 and mark in ("THEN", "ELSE", "WHEN"):
            inside = mark != "WHEN"
            if inside:
                arms.append([])
            continue
        if mark in ("(", "CASE"):
            depth += 1
        elif mark in (")", "END"):
            depth -= 1
        if inside:
            arms[-1].append(token)
    return [arm for arm in arms if arm][:MOST]
