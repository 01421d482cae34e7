"""Words: quoting, parameters, substitutions, braces, splitting.

The rules are those of POSIX.1-2024, Shell Command Language 2.2 and 2.6, with the brace
expansion, arrays and ``$'...'`` of bash.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from dbguard.commands.invocation import Word
from dbguard.flow import Node
from dbguard.languages.shell import parameters
from dbguard.languages.shell.braces import TooManyWordsError, expand_braces
from dbguard.languages.shell.closings import closing, end_of_substitution
from dbguard.languages.shell.escapes import ESCAPE, escaped
from dbguard.languages.shell.fields import fields_of, joined, used
from dbguard.languages.shell.parts import Part, PartKind
from dbguard.languages.shell.scope import WRITTEN, Scope, Value, distinct
from dbguard.languages.shell.script import Script
from dbguard.languages.shell.streams import Stream
from dbguard.patterns import regex
from dbguard.records import dataclass, field, replace
from dbguard.source import Mapped, Region, Span, Transcript, has_hole, hole

_SPECIAL = {
    "word": regex(r"[\\'\"$`<>]"),
    "string": regex(r"[\\\"$`]"),
    "document": regex(r"[\\$`]"),
}
_NAME = regex(r"[A-Za-z_]\w*|[0-9]|[@*#?$!-]", re.ASCII)
_BRACED = regex(
    r"(?P<prefix>[#!]?)(?P<name>[A-Za-z_]\w*|[0-9]+|[@*#?$!-])(?P<index>\[[^\]\n]*\])?", re.ASCII
)
_SPECIAL_NAMES = {
    "@": "args",
    "*": "args",
    "#": "argc",
    "?": "status",
    "$": "pid",
    "!": "pid",
    "-": "options",
}
_ORDINARY = regex(r"[\w./:=,@%+-]+")
_DEPTH = 40
_MOST_PARTS = 4000
_LONGEST = 200_000


@dataclass(slots=True)
class Reading:
    """What was met while words were expanded.

    ``before`` runs before the command does; ``names`` are the variables read, ``queries``
    the statements whose results stand in the words.
    """

    before: list[Node] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    queries: list[Region] = field(default_factory=list)
    asked: bool = False
    flag: bool = False
    problems: list[tuple[str, Span]] = field(default_factory=list)

    def met(self, value: Value) -> None:
        """Note where a value comes from."""
        self.queries.extend(value.queries)
        self.asked = self.asked or value.asked
        self.flag = self.flag or value.flag


class Expander:
    """Expands the words of a shell in the state it is in.

    ``substitute`` lowers ``$(...)`` at ``[start, end)`` of a script and returns its output.
    """

    def __init__(
        self, scope: Scope, substitute: Callable[[Script, int, int, Reading], Value]
    ) -> None:
        self._scope = scope
        self._substitute = substitute
        self._depth = 0

    def words(self, script: Script, start: int, end: int, reading: Reading) -> list[Word]:
        """Return the fields that the word at ``[start, end)`` expands to."""
        if _ORDINARY.fullmatch(script.text, start, end):
            return [Word(script.slice(start, end))]
        parts = self._parts(script, start, end, "word", reading)
        try:
            alternatives = expand_braces(parts)
        except TooManyWordsError:
            span = script.prepared.span(start, end)
            reading.problems.append(("brace expansion gives too many words", span))
            return [Word(self._scope.located(Mapped.at(hole("braces"), span)))]
        found: list[Word] = []
        for alternative in alternatives:
            found.extend(fields_of(alternative))
        return [Word(self._scope.located(word.mapped), word.glob) for word in found]

    def value(self, script: Script, start: int, end: int, reading: Reading) -> Value:
        """Return the value of ``[start, end)`` as in an assignment: neither split nor braced."""
        parts = self._parts(script, start, end, "word", reading)
        if sum(len(text.text) for part in parts for text in part.fields) > _LONGEST + end - start:
            parts = [self._too_long(script, start, end, reading)]
        return _value(parts, reading)

    def text(self, script: Script, reading: Reading) -> Mapped:
        """Return the body of a here-document with its expansions."""
        parts = self._parts(script, 0, len(script.text), "document", reading)
        return self._scope.located(joined(parts))

    def _parts(self, script: Script, at: int, end: int, mode: str, reading: Reading) -> list[Part]:
        parts: list[Part] = []
        text, special = script.text, _SPECIAL[mode]
        quoted = mode != "word"
        plain = PartKind.QUOTED if quoted else PartKind.PLAIN
        while at < end:
            if len(parts) > _MOST_PARTS:
                return [self._too_long(script, at, end, reading)]
            match = special.search(text, at, end)
            stop = match.start() if match else end
            if stop > at:
                parts.append(Part((script.slice(at, stop),), plain))
            if match is None:
                break
            at = self._special(script, stop, end, mode, reading, parts)
        return parts

    def _too_long(self, script: Script, at: int, end: int, reading: Reading) -> Part:
        """Return what stands for a word of too many expansions to tell apart."""
        span = script.prepared.span(at, end)
        reading.problems.append(("a word with too many expansions", span))
        return Part((Mapped.at(hole("word"), span),), PartKind.QUOTED)

    def _special(
        self, script: Script, at: int, end: int, mode: str, reading: Reading, parts: list[Part]
    ) -> int:
        """Read what begins with the special character at *at*; return where it ends."""
        text = script.text
        mark, following = text[at], text[at + 1 : at + 2] if at + 1 < end else ""
        quoted = mode != "word"
        literal = PartKind.QUOTED if quoted else PartKind.PLAIN
        if mark == "\\":
            if following == "\n":
                return at + 2
            if quoted and following not in ('$`\\"' if mode == "string" else "$`\\"):
                parts.append(Part((script.slice(at, at + 1),), literal))
                return at + 1
            parts.append(Part((script.slice(at + 1, min(at + 2, end)),), PartKind.QUOTED))
            return at + 2
        if mark == "'":
            stop = text.find("'", at + 1, end)
            stop = end if stop < 0 else stop
            parts.append(Part((script.slice(at + 1, stop),), PartKind.QUOTED))
            return stop + 1
        if mark == '"':
            return self._string(script, at + 1, end, reading, parts)
        if mark in "<>":
            if following == "(":
                stop = end_of_substitution(script, at, end)
                value = self._substitute(script, at, stop, reading)
                reading.met(value)
                span = script.prepared.span(at, stop)
                name = hole(f"process_{span.start}")
                if not has_hole(value.text):
                    written = Stream(value.fields[0], "process substitution")
                    self._scope.set(WRITTEN + self._scope.path(name), written)
                parts.append(Part((Mapped.at(name, span),), PartKind.QUOTED))
                return stop
            parts.append(Part((script.slice(at, at + 1),), literal))
            return at + 1
        if mark == "`":
            return self._substitution(script, at, end, quoted, reading, parts)
        return self._dollar(script, at, end, mode, reading, parts)

    def _dollar(
        self, script: Script, at: int, end: int, mode: str, reading: Reading, parts: list[Part]
    ) -> int:
        text = script.text
        following = text[at + 1 : at + 2] if at + 1 < end else ""
        quoted = mode != "word"
        if following == "'" and not quoted:
            return _ansi_string(script, at, end, parts)
        if following == '"' and not quoted:
            return self._string(script, at + 2, end, reading, parts)
        if following == "(":
            if text.startswith("$((", at) and at not in script.substitutions:
                stop = closing(text, at + 1, end)
                if stop is not None:
                    self._arithmetic(script, at, stop + 1, quoted, reading, parts)
                    return stop + 1
            return self._substitution(script, at, end, quoted, reading, parts)
        if following == "{":
            stop = closing(text, at + 1, end)
            if stop is not None:
                parts.extend(self._braced(script, at, stop, quoted, reading))
                return stop + 1
        match = _NAME.match(text, at + 1, end)
        if match is None:
            kind = PartKind.QUOTED if quoted else PartKind.PLAIN
            parts.append(Part((script.slice(at, at + 1),), kind))
            return at + 1
        span = script.prepared.span(at, match.end())
        parts.append(self._parameter(match[0], span, quoted, reading))
        return match.end()

    def _string(
        self, script: Script, at: int, end: int, reading: Reading, parts: list[Part]
    ) -> int:
        """Read a double-quoted string that opened before *at*; return where it ends."""
        text, special = script.text, _SPECIAL["string"]
        before = len(parts)
        while at < end:
            if len(parts) > _MOST_PARTS:
                parts[:] = [self._too_long(script, at, end, reading)]
                return end
            match = special.search(text, at, end)
            stop = match.start() if match else end
            if stop > at:
                parts.append(Part((script.slice(at, stop),), PartKind.QUOTED))
            at = stop
            if match is None:
                break
            if match[0] == '"':
                break
            at = self._special(script, at, end, "string", reading, parts)
        if len(parts) == before:
            parts.append(Part((script.slice(at, at),), PartKind.QUOTED))
        return at + 1

    def _substitution(
        self, script: Script, at: int, end: int, quoted: bool, reading: Reading, parts: list[Part]
    ) -> int:
        stop = end_of_substitution(script, at, end)
        value = self._substitute(script, at, stop, reading)
        reading.met(value)
        parts.append(used(value, script.prepared.span(at, stop), quoted, all_fields=False))
        return stop

    def _arithmetic(
        self, script: Script, at: int, stop: int, quoted: bool, reading: Reading, parts: list[Part]
    ) -> None:
        source = script.text[at + 3 : stop - 2]
        span = script.prepared.span(at, stop)
        for name in re.findall(r"[A-Za-z_]\w*", source[:1000]):
            reading.names.append(name)
            value = self._scope.variable(name)
            if value is not None:
                reading.met(value)
        kind = PartKind.QUOTED if quoted else PartKind.SPLIT
        parts.append(Part((Mapped.at(hole(source), span),), kind))

    def _parameter(self, name: str, span: Span, quoted: bool, reading: Reading) -> Part:
        reading.names.append(name)
        value = self.lookup(name)
        if value is None:
            text = hole(_SPECIAL_NAMES.get(name, name))
            kind = PartKind.QUOTED if quoted else PartKind.SPLIT
            return Part((Mapped.at(text, span),), kind)
        reading.met(value)
        value = self._scope.seen_from(value, span)
        return used(value, span, quoted, all_fields=name == "@" or (name == "*" and not quoted))

    def lookup(self, name: str) -> Value | None:
        """Return the value of a variable or a special parameter, None where unknown."""
        given = self._scope.parameters
        if name in ("@", "*"):
            if given is None:
                return None
            fields = tuple(field for value in given for field in value.fields)
            home = given[0].home if given else ""
            return Value(fields, array=True, glob=any(value.glob for value in given), home=home)
        if name.isdigit() and name != "0":
            index = int(name[:6]) - 1
            if given is None:
                return None
            return given[index] if index < len(given) else Value(())
        if name == "PWD":
            return Value((Mapped.at(self._scope.here, Span(0, 0)),))
        return self._scope.variable(name)

    def _braced(
        self, script: Script, at: int, stop: int, quoted: bool, reading: Reading
    ) -> list[Part]:
        """Return what ``${...}`` from *at* to the brace at *stop* stands for."""
        text, span = script.text, script.prepared.span(at, stop + 1)
        kind = PartKind.QUOTED if quoted else PartKind.SPLIT
        match = _BRACED.match(text, at + 2, stop)
        if match is None or self._depth > _DEPTH:
            return [Part((Mapped.at(hole(text[at + 2 : min(stop, at + 40)]), span),), kind)]
        name, operator_at = match["name"], match.end()
        if match["prefix"] == "#" or (match["index"] is None and match["prefix"] == "!"):
            target = self._scope.variable(name) if match["prefix"] == "!" else None
            if target is None or not re.fullmatch(r"[A-Za-z_]\w*", target.text, re.ASCII):
                return [Part((Mapped.at(hole(name), span),), kind)]
            return [self._parameter(target.text, span, quoted, reading)]
        reading.names.append(name)
        value = self.lookup(name)
        if value is not None:
            reading.met(value)
            value = self._scope.seen_from(value, span)
            value = parameters.indexed(value, match["index"])
        every = name == "@" or match["index"] == "[@]" or (name == "*" and not quoted)
        operator = parameters.operator(text[operator_at : min(stop, operator_at + 2)])
        after = operator_at + len(operator)
        if operator in (":-", "-", ":=", "=", ":+", "+"):
            known = value is not None and (value.text != "" or len(value.fields) > 1)
            if operator[-1] == "+":
                chosen = value is None or known
                return self._operand(script, after, stop, quoted, reading) if chosen else []
            if not known:
                operand = self._operand(script, after, stop, quoted, reading)
                if operator[-1] == "=":
                    self._scope.assign(name, _value(operand, reading))
                return operand
        if value is None:
            return [Part((Mapped.at(hole(_SPECIAL_NAMES.get(name, name)), span),), kind)]
        if operator and operator[-1] not in "-=?+":
            operand = self._operand(script, after, stop, True, reading)
            value = parameters.applied(operator, value, joined(operand).text, span)
            if value is None:
                return [Part((Mapped.at(hole(name), span),), kind)]
        return [used(value, span, quoted, all_fields=every)]

    def _operand(
        self, script: Script, at: int, stop: int, quoted: bool, reading: Reading
    ) -> list[Part]:
        self._depth += 1
        try:
            parts = self._parts(script, at, stop, "word", reading)
        finally:
            self._depth -= 1
        if quoted:
            return [Part((joined(parts),), PartKind.QUOTED)]
        # What an expansion gives is split, quoted parts of it apart.
        return [
            replace(part, kind=PartKind.SPLIT) if part.kind is PartKind.PLAIN else part
            for part in parts
        ]


def _ansi_string(script: Script, at: int, end: int, parts: list[Part]) -> int:
    """Read ``$'...'`` (bash, "ANSI-C Quoting"); return where it ends."""
    text, transcript, place = script.text, Transcript(), at + 2
    special = re.compile(r"['\\]")
    while place < end:
        match = special.search(text, place, end)
        stop = match.start() if match else end
        transcript.mapped(script.slice(place, stop))
        place = stop
        if match is None or match[0] == "'":
            break
        escape = ESCAPE.match(text, place, end)
        if escape is None:
            transcript.mapped(script.slice(place, place + 1))
            place += 1
            continue
        span = script.prepared.span(place, escape.end())
        transcript.inexact(escaped(escape), span.start, span.end - span.start)
        place = escape.end()
    parts.append(Part((transcript.build(),), PartKind.QUOTED))
    return place + 1


def _value(parts: list[Part], reading: Reading) -> Value:
    glob = any(part.glob for part in parts)
    queries = distinct(reading.queries)
    return Value((joined(parts),), False, glob, queries, reading.asked, reading.flag)
