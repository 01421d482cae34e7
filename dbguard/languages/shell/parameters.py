"""What ``${name<operator>operand}`` makes of a known value (POSIX 2.6.2, bash 3.5.3)."""

from __future__ import annotations

import re
from fnmatch import translate

from dbguard.languages.shell.scope import Value
from dbguard.source import Mapped, Span

_OPERATORS = (
    *(":-", ":=", ":?", ":+", "%%", "##", "//", "/#", "/%", "^^", ",,"),
    *("-", "=", "?", "+", "%", "#", "/", "^", ",", "@", ":"),
)
_LONGEST = 4096


def operator(text: str) -> str:
    """Return the operator that *text* begins with, '' where none."""
    return next((candidate for candidate in _OPERATORS if text.startswith(candidate)), "")


def indexed(value: Value, index: str | None) -> Value | None:
    """Return the elements of an array that ``[index]`` names, None where not known."""
    if index in (None, "[@]", "[*]"):
        return value
    number = index[1:-1].strip() if index else ""
    if number.isdigit() and len(number) < 6 and value.array and int(number) < len(value.fields):
        return Value((value.fields[int(number)],), False, value.glob, value.queries)
    return None


def applied(operation: str, value: Value, operand: str, span: Span) -> Value | None:
    """Return *value* with an operator applied to each field, None where not known."""
    if operation == ":" and value.array:
        offset = operand.partition(":")[0].strip()
        if offset.isdigit() and len(offset) < 6:
            # "${@:2}" counts from 1, an array from 0; both drop what stands before.
            return Value(value.fields[int(offset) :], True, value.glob)
        return None
    fields = []
    for field in value.fields:
        changed = _changed(operation, field, operand, span)
        if changed is None:
            return None
        fields.append(changed)
    return Value(tuple(fields), value.array, value.glob, value.queries, value.asked, value.flag)


def _changed(operation: str, field: Mapped, operand: str, span: Span) -> Mapped | None:
    text = field.text
    if len(text) > _LONGEST or len(operand) > 200:
        return None
    if operation == "@":
        return field
    if operation == ":":
        return _sliced(field, operand)
    if operation in ("#", "##", "%", "%%"):
        return _trimmed(operation, field, operand)
    if operation in ("/", "//", "/#", "/%"):
        pattern, _, replacement = operand.partition("/")
        if re.search(r"[*?\[\\]", pattern) or not pattern:
            return None
        if operation == "/#" and text.startswith(pattern):
            return Mapped.at(replacement + text[len(pattern) :], span)
        if operation == "/%" and text.endswith(pattern):
            return Mapped.at(text[: len(text) - len(pattern)] + replacement, span)
        if operation in ("/#", "/%"):
            return field
        return Mapped.at(text.replace(pattern, replacement, -1 if operation == "//" else 1), span)
    if operation == "^^":
        return Mapped.at(text.upper(), span)
    if operation == ",,":
        return Mapped.at(text.lower(), span)
    return None


def _sliced(field: Mapped, operand: str) -> Mapped | None:
    """Return ``${name:offset:length}``, None where one of them is no plain number."""
    match = re.fullmatch(r"\s*(-?\d{1,5})\s*(?::\s*(-?\d{1,5})\s*)?", operand)
    if match is None:
        return None
    size = len(field.text)
    start = int(match[1]) if int(match[1]) >= 0 else max(0, size + int(match[1]))
    stop = size
    if match[2] is not None:
        stop = start + int(match[2]) if int(match[2]) >= 0 else size + int(match[2])
    return field.slice(min(start, size), max(min(start, size), min(stop, size)))


def _trimmed(operation: str, field: Mapped, pattern: str) -> Mapped | None:
    """Remove the shortest or longest prefix or suffix that matches a pattern."""
    text, size = field.text, len(field.text)
    if not re.search(r"[*?\[]", pattern):
        if operation[0] == "#" and text.startswith(pattern):
            return field.slice(len(pattern), size)
        if operation[0] == "%" and pattern and text.endswith(pattern):
            return field.slice(0, size - len(pattern))
        return field
    if pattern.count("*") > 3 or size > 512:
        return None
    try:
        compiled = re.compile(translate(pattern))
    except re.error:
        return None
    lengths = range(size + 1) if len(operation) == 1 else range(size, -1, -1)
    for length in lengths:
        if operation[0] == "#" and compiled.fullmatch(text, 0, length):
            return field.slice(length, size)
        if operation[0] == "%" and compiled.fullmatch(text, size - length, size):
            return field.slice(0, size - length)
    return field
