"""HCL, the language of Terraform: blocks and attributes, with positions.

https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md. Only the structure is read, and
of expressions what is a literal: a text, a list of texts, ``true``, a number. Reading is one
loop over the tokens, without recursion, in time linear in the text.
"""

from __future__ import annotations

import re

from dbguard.patterns import regex
from dbguard.records import dataclass, field
from dbguard.source import Mapped, Problem, Region, Transcript, hole

MAX_DEPTH = 100
"""How deep blocks and brackets may nest before a limit is reported."""

_TOKEN = regex(
    r"(?P<space>[ \t\f\v]+)|(?P<comment>(?:#|//)[^\n]*|/\*[\s\S]*?(?:\*/|\Z))|(?P<line>\n)"
    r"|(?P<heredoc><<(?P<dash>-?)(?P<tag>[A-Za-z_][\w-]*)[ \t]*\n)"
    r"|(?P<word>[A-Za-z_][\w.-]*|\d[\w.]*)|(?P<quote>\")|(?P<mark>[{}\[\]()=,:])|(?P<other>[^\n])"
)
_IN_STRING = regex(
    r"[^\\\"$%\n]+|\\u[0-9A-Fa-f]{4}|\\.|\$\$\{|%%\{|(?P<template>[$%]\{)|[$%]|\"|\n"
)
_TEMPLATE = regex(r"[$%]\{")
_IN_TEMPLATE = regex(r"[^{}\"\n]+|[{}\"]|\n")
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\"}


@dataclass(slots=True)
class Attribute:
    """``name = value`` at ``[start, end)``; ``texts`` are the texts in it, ``word`` a lone word.

    ``texts`` is of use where the value is nothing but a text or a list of them (``plain``).
    """

    name: str
    start: int
    end: int
    word: str = ""
    texts: list[Mapped] = field(default_factory=list)
    plain: bool = True


@dataclass(slots=True)
class Block:
    """``kind "label" ... { }``; the header is ``[start, header_end)``."""

    kind: str
    labels: list[str]
    start: int
    header_end: int
    attributes: dict[str, Attribute] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)

    def word(self, name: str) -> str:
        """Return the lone word an attribute is set to (``true``, ``0``), '' for anything else."""
        found = self.attributes.get(name)
        return found.word if found is not None else ""

    def named(self, kind: str) -> list[Block]:
        """Return the blocks of a kind in this one."""
        return [block for block in self.blocks if block.kind == kind]


class Hcl:
    """The blocks of a file. ``problems`` tells what could not be read of it."""

    def __init__(self, region: Region) -> None:
        self.region = region
        self.text = region.text
        self.problems: list[Problem] = []
        self.root = Block("", [], 0, 0)
        self._read()

    def _read(self) -> None:
        open_blocks = [self.root]
        header: list[tuple[str, int, int]] = []  # words and labels since the line began
        attribute: Attribute | None = None
        brackets = ""  # of the value that is being read, "{" for an object
        at, length = 0, len(self.text)
        while at < length:
            token = _TOKEN.match(self.text, at)
            assert token is not None
            start, at = at, token.end()
            if token["space"] or token["comment"]:
                continue
            if token["line"]:
                if attribute is not None and not brackets:
                    attribute = None
                if attribute is None:
                    header = []
                continue
            if token["quote"] or token["heredoc"]:
                text, at = self._heredoc(token) if token["heredoc"] else self._string(at)
                if attribute is not None:
                    attribute.texts.append(text)
                    attribute.end = at
                else:
                    header.append((text.text, start, at))
                if token["heredoc"] and not brackets:
                    attribute, header = None, []
                continue
            mark = token["mark"]
            if attribute is not None:
                if not brackets and mark == "}":  # ``{ a = 1 }`` on one line
                    attribute, header = None, []
                    self._close(open_blocks, start)
                    continue
                brackets = _bracketed(brackets, mark)
                attribute.end = at
                if token["word"]:
                    attribute.plain = attribute.plain and not attribute.word and not brackets
                    attribute.word = attribute.word or token["word"]
                elif mark not in ("[", "]", ","):
                    attribute.plain = False
                if len(brackets) > MAX_DEPTH:
                    self._limit(start)
                    return
            elif mark == "{":
                kind, labels = (header[0][0], header[1:]) if header else ("", [])
                begin = header[0][1] if header else start
                end = header[-1][2] if header else at
                block = Block(kind, [label[0] for label in labels], begin, end)
                open_blocks[-1].blocks.append(block)
                open_blocks.append(block)
                header = []
                if len(open_blocks) > MAX_DEPTH:
                    self._limit(start)
                    return
            elif mark == "}":
                self._close(open_blocks, start)
                header = []
            elif mark == "=" and len(header) == 1:
                attribute = Attribute(header[0][0], header[0][1], at)
                open_blocks[-1].attributes[attribute.name] = attribute
            elif token["word"]:
                header.append((token["word"], start, at))
        if len(open_blocks) > 1 or brackets:
            self._problem("a block is not closed", length)

    def _close(self, open_blocks: list[Block], at: int) -> None:
        if len(open_blocks) > 1:
            open_blocks.pop()
        else:
            self._problem("a bracket closes no block", at)

    def _limit(self, at: int) -> None:
        what = f"nests more than {MAX_DEPTH} deep"
        path, span = self.region.file.path, self.region.span(at, at)
        self.problems.append(Problem(path, what, "limit", span))

    def _problem(self, what: str, at: int) -> None:
        if not self.problems:
            span = self.region.span(at, at)
            self.problems.append(Problem(self.region.file.path, what, "parse", span))

    def _string(self, at: int) -> tuple[Mapped, int]:
        """Return the text of a string whose quote stands before *at*, and where it ends."""
        transcript = Transcript()
        while True:
            match = _IN_STRING.match(self.text, at)
            if match is None or match[0] == "\n":
                self._problem("a string is not closed", at)
                return transcript.build(), at
            if match[0] == '"':
                return transcript.build(), match.end()
            at = self._piece(transcript, match)

    def _piece(self, transcript: Transcript, match: re.Match[str]) -> int:
        """Append a piece of a string; return where the next begins."""
        start, end, raw = match.start(), match.end(), match[0]
        place = self.region.span(start, end)
        if match["template"]:
            end = self._end_of_template(end)
            place = self.region.span(start, end)
            if raw == "${":
                name = self.text[start + 2 : end - 1]
                transcript.inexact(hole(name), place.start, place.end - place.start)
        elif raw[0] == "\\" and len(raw) > 1:
            letter = chr(int(raw[2:], 16)) if len(raw) == 6 else _LETTERS.get(raw[1], raw[1])
            meant = "\ufffd" if "\ud800" <= letter <= "\udfff" else letter
            transcript.inexact(meant, place.start, place.end - place.start)
        elif raw in ("$${", "%%{"):
            transcript.inexact(raw[1:], place.start, place.end - place.start)
        else:
            transcript.mapped(self.region.slice(start, end))
        return end

    def _end_of_template(self, at: int) -> int:
        """Return where a ``${`` that begins before *at* ends; strings in it may hold brackets."""
        depth, quoted = 1, False
        while depth:
            match = _IN_TEMPLATE.match(self.text, at)
            if match is None or match[0] == "\n":
                return at
            at = match.end()
            if match[0] == '"':
                quoted = not quoted
            elif not quoted:
                depth += (match[0] == "{") - (match[0] == "}")
        return at

    def _heredoc(self, token: re.Match[str]) -> tuple[Mapped, int]:
        """Return the lines of a here-document, and where the line that closes it ends."""
        start = token.end()
        closing = re.compile(rf"^[ \t]*{re.escape(token['tag'])}(?![\w-])", re.MULTILINE)
        end = closing.search(self.text, start)
        if end is None:
            self._problem("a here-document is not closed", token.start())
        stop = end.start() if end is not None else len(self.text)
        lines = [match.span() for match in re.finditer(r"[^\n]*\n?", self.text[start:stop])]
        indents = [
            len(line) - len(line.lstrip(" \t"))
            for low, high in lines
            if (line := self.text[start + low : start + high]).strip()
        ]
        indent = min(indents, default=0) if token["dash"] else 0
        transcript = Transcript()
        for low, high in lines:
            at = min(start + low + indent, start + high)
            while at < start + high:
                # One search for both: that for one that is not there would look at the whole
                # line again behind each of the other.
                found = _TEMPLATE.search(self.text, at, start + high)
                mark = found.start() if found is not None else start + high
                transcript.mapped(self.region.slice(at, mark))
                if mark >= start + high:
                    break
                escaped = self.text[mark - 1 : mark] == self.text[mark]
                stop_at = mark + 2 if escaped else self._end_of_template(mark + 2)
                place = self.region.span(mark, stop_at)
                if escaped:
                    transcript.mapped(self.region.slice(mark, stop_at))
                elif self.text[mark] == "$":
                    name = self.text[mark + 2 : stop_at - 1]
                    transcript.inexact(hole(name), place.start, place.end - place.start)
                at = stop_at
        return transcript.build(), end.end() if end is not None else len(self.text)


def _bracketed(brackets: str, mark: str | None) -> str:
    """Return the brackets that are open after a mark."""
    if mark is not None and mark in "{[(":
        return brackets + mark
    if mark is not None and mark in "}])" and brackets:
        return brackets[:-1]
    return brackets
