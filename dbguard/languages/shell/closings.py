"""Where a bracket or a substitution ends."""

from __future__ import annotations

from dbguard.languages.shell.script import Script
from dbguard.patterns import regex


def end_of_substitution(script: Script, at: int, end: int) -> int:
    """Return where ``$(``, ``<(`` or a backtick at *at* ends."""
    node = script.substitutions.get(at)
    if node is not None:
        return min(end, script.range(node)[1])
    if script.text[at] == "`":
        place = at + 1
        while place < end and script.text[place] != "`":
            place += 2 if script.text[place] == "\\" else 1
        return min(end, place + 1)
    stop = closing(script.text, at + 1, end)
    return end if stop is None else stop + 1


_BRACKETS = regex(r"[\\'\"(){}`]")
_CLOSERS = {"(": ")", "{": "}"}


def closing(text: str, at: int, end: int) -> int | None:
    """Return the place of the bracket that closes the one at *at*, None where none does."""
    stack = [_CLOSERS[text[at]]]
    at += 1
    while True:
        match = _BRACKETS.search(text, at, end)
        if match is None:
            return None
        mark, at = match[0], match.end()
        top = stack[-1]
        if mark == "\\":
            at += 1
        elif mark == top:
            stack.pop()
            if not stack:
                return match.start()
        elif mark in "({" and text[match.start() - 1 : match.start()] == "$":
            stack.append(_CLOSERS[mark])
        elif top == '"':
            continue
        elif mark == "(" and top == ")":
            stack.append(")")
        elif mark == '"':
            stack.append('"')
        elif mark == "'" and top == ")":
            quote = text.find("'", at, end)
            at = end if quote < 0 else quote + 1
