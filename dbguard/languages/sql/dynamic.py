"""SQL in strings: what a string says, and what text an expression builds.

``EXECUTE 'DROP TABLE ' || name`` runs ``DROP TABLE {name}``; each code point of it
still leads to where it stands.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from dbguard.decoding import DECODED, undecoded
from dbguard.languages.sql import text_functions
from dbguard.languages.sql.choices import chosen_from, joined, one_of
from dbguard.languages.sql.tokens import (
    BODY,
    HOLE,
    NUMBER,
    QUOTED,
    STRING,
    WORD,
    Token,
    closing,
    key,
    split_outside,
    unwrapped,
)
from dbguard.patterns import regex
from dbguard.source import Mapped, Region, Transcript

_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "b": "\b", "f": "\f"}
# PostgreSQL, "String Constants with C-Style Escapes".
_ESCAPE = r"\\(?:[0-7]{1,3}|x[0-9a-fA-F]{1,2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[\s\S])"
_CONCATENATION = frozenset(("||", "+", "&"))
_COMMA = frozenset((",",))
_FORMAT_FIELD = regex(r"%(?:\d+\$)?-?\d*[sIL]|%%")
_MAX_DEPTH = 8
_MOST_ARGUMENTS = 200


def string_content(region: Region, token: Token) -> Mapped:
    """Return what a string or dollar-quoted token says, led to the outermost file."""
    text = region.text[token.start : token.end]
    if token.kind == BODY:
        width = len(token.key)
        closed = text.endswith(token.key) and len(text) >= 2 * width
        return region.slice(token.start + width, token.end - width if closed else token.end)
    opening = min((at for at in (text.find("'"), text.find('"')) if at >= 0), default=0)
    quote = text[opening]
    if token.key == "Q":
        return region.slice(token.start + opening + 2, token.end - 2)
    inside = text[opening + 1 : -1]
    shift = token.start + opening + 1
    if quote not in inside and not (token.key == "E" and "\\" in inside):
        return region.slice(shift, token.end - 1)
    local, at = Transcript(), 0
    pattern = rf"{_ESCAPE}|{quote}{quote}" if token.key == "E" else quote * 2
    for match in re.finditer(pattern, inside):
        local.exact(inside[at : match.start()], shift + at)
        value = _escaped(match[0]) if match[0][0] == "\\" else match[0][1]
        local.inexact(value, shift + match.start(), len(match[0]))
        at = match.end()
    local.exact(inside[at:], shift + at)
    built = local.build()
    return Mapped(built.text, region.map.compose(built.map))


def _escaped(escape: str) -> str:
    """Return the character that an escape of an E'' string stands for."""
    digits = escape[1:]
    if len(digits) > 1 and digits[0] in "xuU":
        code = int(digits[1:], 16)
    elif digits.isdigit():
        code = int(digits, 8) & 0xFF
    else:
        return _ESCAPES.get(digits, digits)
    return chr(code) if 0 < code < 0xD800 or 0xDFFF < code < 0x110000 else "\ufffd"


def _hole(region: Region, tokens: list[Token]) -> Mapped:
    start, end = tokens[0].start, tokens[-1].end
    outer = region.span(start, end)
    transcript = Transcript()
    transcript.hole(region.text[start : min(end, start + 80)], outer.start, outer.end - outer.start)
    return transcript.build()


def built_text(
    region: Region, tokens: list[Token], variables: Mapping[str, Mapped], depth: int = 0
) -> Mapped | None:
    """Return the text an expression builds, holes where it is unknown, None if all of it is.

    *variables* gives the texts of variables (``@SQL``, ``V_SQL``) that are known.
    """
    tokens = unwrapped(tokens)
    if not tokens or depth > _MAX_DEPTH:
        return None
    first = tokens[0]
    if first.key == "U" and key(tokens, 1) == "&" and len(tokens) > 2 and tokens[2].kind == STRING:
        # U&'\0044ROP': one literal, not a concatenation.
        inner = string_content(region, tokens[2])
        span = region.span(first.start, tokens[2].end)
        literal_text = Mapped.at(text_functions.unescaped(inner.text), span)
        rest = tokens[4:] if key(tokens, 3) in _CONCATENATION else []
        behind = built_text(region, rest, variables, depth + 1) if rest else None
        return literal_text if behind is None else Mapped.join((literal_text, behind))
    if first.kind == STRING or (first.kind in (BODY, QUOTED) and len(tokens) == 1):
        if len(tokens) == 1 or key(tokens, 1) == "::":
            return string_content(region, first)
        if all(token.kind == STRING for token in tokens):  # adjacent literals are one
            return Mapped.join(string_content(region, token) for token in tokens)
    if len(tokens) == 1:
        if first.kind == NUMBER:
            return _number(region, first)
        known = variables.get(first.key) if first.kind == WORD else None
        return known or (variables.get(region.text[first.start : first.end].upper()))
    parts = split_outside(tokens, _CONCATENATION)
    if len(parts) == 1 and (choices := chosen_from(tokens)) is not None:
        texts = [built_text(region, choice, variables, depth + 1) for choice in choices]
        return one_of([text for text in texts if text is not None])
    if len(parts) > 1:
        return _joined(region, parts, variables, depth)
    if key(tokens, 1) == "(" and closing(tokens, 1) == len(tokens) - 1 and first.kind == WORD:
        arguments = split_outside(tokens[2:-1], _COMMA)
        arguments = [_without_type([argument]) for argument in arguments]
        if first.key in text_functions.NAMES:
            made = _applied(region, first.key, arguments, variables, depth)
            if made is not None:
                return made
        if first.key in text_functions.DECODERS:
            span = region.span(first.start, tokens[-1].end)
            return Mapped.at(undecoded(DECODED, first.key.lower()), span)
        if first.key in ("CONCAT", "CONCAT_WS"):
            return _joined(region, arguments, variables, depth)
        if first.key == "FORMAT":
            return _formatted(region, arguments, variables, depth)
        if first.key in ("CAST", "CONVERT", "REPLACE", "TO_CLOB", "N", "TRIM"):
            return built_text(region, _without_type(arguments), variables, depth + 1)
    return None


def _number(region: Region, token: Token) -> Mapped:
    """Return a number as text; a hexadecimal one is the bytes it stands for."""
    content = region.slice(token.start, token.end)
    known = text_functions.bytes_of(content.text)
    return content if known is None else Mapped.at(known, content.span)


def _applied(
    region: Region,
    name: str,
    arguments: list[list[Token]],
    variables: Mapping[str, Mapped],
    depth: int,
) -> Mapped | None:
    """Return what a function of texts gives for arguments that are all known."""
    if name == "ARRAY_TO_STRING":  # its elements stand between commas, too
        brackets = ("ARRAY", "[", "]")
        arguments = [[t for t in argument if t.key not in brackets] for argument in arguments]
    texts = [
        built_text(region, argument, variables, depth + 1)
        for argument in arguments[:_MOST_ARGUMENTS]
    ]
    return text_functions.applied(name, texts)


def _without_type(arguments: list[list[Token]]) -> list[Token]:
    first = arguments[0] if arguments else []
    for index, token in enumerate(first):
        if token.key in ("AS", "USING") or (token.key == "::" and index):
            return first[:index]
    return first


def _joined(
    region: Region, parts: list[list[Token]], variables: Mapping[str, Mapped], depth: int
) -> Mapped | None:
    texts: list[Mapped] = []
    known = False
    for part in parts:
        if not part:
            continue
        text = built_text(region, part, variables, depth + 1)
        known = known or text is not None
        texts.append(text if text is not None else _hole(region, part))
    return joined(texts) if known else None


def _formatted(
    region: Region, arguments: list[list[Token]], variables: Mapping[str, Mapped], depth: int
) -> Mapped | None:
    """Return the text of PostgreSQL's ``format(pattern, ...)``."""
    pattern = built_text(region, arguments[0], variables, depth + 1) if arguments else None
    if pattern is None:
        return None
    parts: list[Mapped] = []
    at, used = 0, 1
    for match in _FORMAT_FIELD.finditer(pattern.text):
        parts.append(pattern.slice(at, match.start()))
        at = match.end()
        field = pattern.slice(match.start(), match.end())
        if match[0] == "%%":
            parts.append(pattern.slice(match.start(), match.start() + 1))
            continue
        argument = arguments[used] if used < len(arguments) and arguments[used] else None
        used += 1
        value = built_text(region, argument, variables, depth + 1) if argument else None
        if value is not None:
            parts.append(Mapped.at(value.text, field.span) if value.text else value)
        else:
            name = region.text[argument[0].start : argument[-1].end] if argument else "format"
            transcript = Transcript()
            transcript.hole(name[:80], field.span.start, field.span.end - field.span.start)
            parts.append(transcript.build())
    parts.append(pattern.slice(at, len(pattern.text)))
    return Mapped.join(parts)


def literal(region: Region, token: Token) -> str | None:
    """Return what a string, name or number token says, None where it says nothing."""
    if token.kind in (STRING, BODY):
        return string_content(region, token).text
    if token.kind in (WORD, NUMBER, QUOTED, HOLE):
        return region.text[token.start : token.end].strip('"`[]')
    return None
