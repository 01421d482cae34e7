"""What a command writes to standard output, where its words tell: input for a pipeline."""

from __future__ import annotations

from dbguard.commands.arguments import grammar, parse
from dbguard.commands.entry import spaced
from dbguard.commands.invocation import Invocation, Word
from dbguard.commands.lowering import program_name
from dbguard.commands.match import Match
from dbguard.commands.programs.find import read
from dbguard.source import Mapped, Transcript


def printed(invocation: Invocation) -> Mapped | None:
    """Return the text that ``echo``, ``printf``, ``ls`` or ``find`` writes, None where unknown.

    Names found by find or ls stand one on a line, as patterns (``./*.db``), joined to
    the working directory by whoever uses them.
    """
    if not invocation.words:
        return None
    name = invocation.words[0].text.rsplit("/", 1)[-1]
    arguments = parse(invocation.words[1:], grammar(""))
    if name == "echo":
        words = invocation.words[1:]
        while words and words[0].text in ("-n", "-e", "-E", "-ne", "-en"):
            words = words[1:]
        return spaced(words) if words else None
    if name == "printf":
        return _formatted([operand.word for operand in arguments.operands])
    if name == "ls" and arguments.operands:
        return _lines([operand.word for operand in arguments.operands])
    if program_name(name) == "find":
        return _lines(read(Match(invocation, "find", arguments)).found())
    return None


def _formatted(words: list[Word]) -> Mapped | None:
    """Return printf's output for a format of ``%s`` and text; another format is unknown."""
    if not words:
        return None
    form = words[0].text.replace("\\n", "\n").replace("\\0", "\n")
    if len(words) == 1:
        return words[0].mapped if "%" not in form else None
    return _lines(words[1:]) if form.strip("'\" \n") in ("%s", "%b") else None


def _lines(words: list[Word]) -> Mapped | None:
    transcript, end = Transcript(), -1
    for word in words:
        if end >= 0:
            transcript.inexact("\n", end, 0)
        transcript.mapped(word.mapped)
        end = word.span.end
    return transcript.build() if words else None
