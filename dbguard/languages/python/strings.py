"""String literals and string building, with the source of every code point.

A stretch equal to its raw text is exact; an escape is a piece of its own; a value put
in by ``{}``, ``%`` or ``.format`` stands for the placeholder or the expression.
Escapes: docs.python.org/3/reference/lexical_analysis.html#escape-sequences.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from dbguard.languages.grammars import Node
from dbguard.languages.syntax_tree import SyntaxTree
from dbguard.patterns import regex
from dbguard.source import Mapped, Transcript, hole

_SIMPLE = {
    "\\": "\\",
    "'": "'",
    '"': '"',
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
}
_PERCENT = regex(r"%(?:\((?P<key>[^)]*)\))?[#0\- +]*(?:\*|\d+)?(?:\.\d+)?(?P<kind>[a-zA-Z%])")
_BRACES = regex(r"\{\{|\}\}|\{(?P<field>[^{}!:]*)(?:![rsa])?(?::[^{}]*)?\}")


def decode_escape(raw: str, is_bytes: bool) -> str:
    """Return what an escape sequence such as ``\\n`` stands for."""
    body = raw[1:]
    if body in ("\n", "\r\n", "\r"):
        return ""
    if body in _SIMPLE:
        return _SIMPLE[body]
    try:
        if body[0] in "01234567":
            return chr(int(body, 8))
        if body[0] == "x":
            return chr(int(body[1:], 16))
        if not is_bytes and body[0] in "uU":
            return chr(int(body[1:], 16))
        if not is_bytes and body[0] == "N":
            from unicodedata import lookup

            return lookup(body[2:-1])
    except (ValueError, KeyError, OverflowError):
        return raw
    return raw


def literal(
    tree: SyntaxTree, node: Node, interpolate: Callable[[Node, Transcript], None]
) -> Mapped:
    """Return the decoded text of a ``string`` node; *interpolate* writes an f-string's values."""
    transcript = Transcript()
    start = node.children[0] if node.children else node
    prefix = tree.text(start).rstrip("\"'").lower()
    raw, is_bytes = "r" in prefix, "b" in prefix
    for child in node.children:
        if child.type == "string_content":
            _content(tree, child, transcript, raw, is_bytes)
        elif child.type == "interpolation":
            interpolate(child, transcript)
    return transcript.build()


def _content(
    tree: SyntaxTree, node: Node, transcript: Transcript, raw: bool, is_bytes: bool
) -> None:
    at = node.start_byte
    for child in node.children:
        kind = child.type
        if kind not in ("escape_sequence", "escape_interpolation"):
            continue
        transcript.mapped(tree.slice(at, child.start_byte))
        at = child.end_byte
        source = tree.text(child)
        if kind == "escape_interpolation":
            span = tree.span(child)
            transcript.inexact(source[0], span.start, span.end - span.start)
        elif raw:
            transcript.mapped(tree.slice(child.start_byte, child.end_byte))
        else:
            span = tree.span(child)
            decoded = decode_escape(source, is_bytes)
            transcript.inexact(decoded, span.start, span.end - span.start)
    transcript.mapped(tree.slice(at, node.end_byte))


def _put(transcript: Transcript, template: Mapped, start: int, end: int, text: str) -> None:
    """Write *text* in place of ``[start, end)`` of the template."""
    span = template.map.to_outer(start, end)
    transcript.inexact(text, span.start, span.end - span.start)


def percent(
    template: Mapped, values: Sequence[str | None], named: Mapping[str, str | None] | None
) -> Mapped:
    """Apply ``%``: a value that is None (unknown) or missing becomes a hole."""
    transcript, at, index = Transcript(), 0, 0
    for match in _PERCENT.finditer(template.text):
        transcript.mapped(template.slice(at, match.start()))
        at = match.end()
        if match["kind"] == "%":
            _put(transcript, template, match.start(), at, "%")
            continue
        value: str | None = None
        if match["key"] is not None:
            value = (named or {}).get(match["key"])
            name = match["key"]
        else:
            value = values[index] if index < len(values) else None
            name = f"value{index}"
            index += 1
        _put(transcript, template, match.start(), at, hole(name) if value is None else value)
    transcript.mapped(template.slice(at, len(template.text)))
    return transcript.build()


def braces(
    template: Mapped, values: Sequence[str | None], named: Mapping[str, str | None]
) -> Mapped:
    """Apply ``str.format``: what is unknown becomes a hole named after its field."""
    transcript, at, index = Transcript(), 0, 0
    for match in _BRACES.finditer(template.text):
        transcript.mapped(template.slice(at, match.start()))
        at = match.end()
        name = match["field"]
        if name is None:
            _put(transcript, template, match.start(), at, match[0][0])
            continue
        if name == "":
            position: int | None = index
            index += 1
        else:
            position = int(name) if name.isdecimal() and len(name) < 6 else None
        if position is not None:
            value = values[position] if position < len(values) else None
            name = name or f"value{position}"
        else:
            value = named.get(name)
        _put(transcript, template, match.start(), at, hole(name) if value is None else value)
    transcript.mapped(template.slice(at, len(template.text)))
    return transcript.build()


def replace(text: Mapped, old: str, new: str) -> Mapped:
    """Apply ``str.replace``."""
    if not old or old not in text.text:
        return text
    transcript, at = Transcript(), 0
    while (found := text.text.find(old, at)) >= 0:
        transcript.mapped(text.slice(at, found))
        _put(transcript, text, found, found + len(old), new)
        at = found + len(old)
    transcript.mapped(text.slice(at, len(text.text)))
    return transcript.build()


def strip(text: Mapped, characters: str | None, left: bool = True, right: bool = True) -> Mapped:
    """Apply ``str.strip``, ``lstrip`` or ``rstrip``."""
    start = len(text.text) - len(text.text.lstrip(characters)) if left else 0
    end = len(text.text.rstrip(characters)) if right else len(text.text)
    return text.slice(start, max(start, end))


def split(text: Mapped, separator: str) -> list[Mapped]:
    """Apply ``str.split`` with a separator."""
    parts, at = [], 0
    while (found := text.text.find(separator, at)) >= 0:
        parts.append(text.slice(at, found))
        at = found + len(separator)
    parts.append(text.slice(at, len(text.text)))
    return parts
