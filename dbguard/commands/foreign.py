"""Texts in languages dbguard does not read: what they obviously do, found by pattern.

Perl, Ruby, JavaScript and PHP given to an interpreter on its command line, and awk.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dbguard.commands.match import Match
from dbguard.commands.stretches import hits
from dbguard.flow import Node
from dbguard.operations import Certainty, Kind, TargetKind, Trait
from dbguard.patterns import regex
from dbguard.source import Mapped, Transcript

_STRING = r"""(?:q[qwx]?[({\[|]\s*|[\\]?["'`])(?P<text>[^"'`|)}\]\n]+)[\\]?["'`|)}\]]"""
_DELETING = regex(
    r"\b(?:(?P<tree>FileUtils\.(?:rm_r|rm_rf|remove_dir|remove_entry)|rmtree|remove_tree|rimraf(?:\.sync)?)"
    r"|File\.(?:delete|unlink)|FileUtils\.(?:rm(?:_f)?|remove)|unlink|unlinkSync|rmSync"
    r"|fs\.(?:rm|unlink|remove(?:Sync)?)|fs\.promises\.(?:rm|unlink))"
    r"\s*\(?\s*" + _STRING
)
_COMMAND = regex(
    r"(?:\b(?:system|shell_exec|passthru|popen|proc_open|(?<![.>])exec|(?<=child_process.\)\.)exec|execSync|spawnSync|IO\.popen)\s*\(?\s*"
    r"(?=[\"'])|%x(?=[({\[])|\bqx(?=[({\[|]))"
    r"(?P<open>[\"'({\[|])(?P<text>[^\"'\n]+?)[\"')}\]|]"
)
_BACKQUOTES = regex(r"`(?P<text>[^`\n$#{]+)`")
_STATEMENT = regex(
    r"\b(?P<verb>DROP\s+(?P<object>TABLE|DATABASE|SCHEMA)|TRUNCATE(?:\s+TABLE)?)"
    r"(?:\s+IF\s+EXISTS)?\s+[`\"\[\\]*(?P<name>[A-Za-z_][\w.]*)"
    r"|\b(?P<rows>DELETE\s+FROM)\s+(?P<table>[A-Za-z_][\w.]*)\s*;?\s*(?=[\"'`)]|$)",
    re.IGNORECASE,
)
_CONCATENATION = regex(r"""(["'])\s*[+.]\s*\1""")


def by_pattern(match: Match, text: Mapped) -> Iterator[Node]:
    """Yield what a text in a language dbguard does not read obviously does.

    Three patterns: a well-known deleting call with a literal path, a command line given to
    a shell, and SQL that drops, truncates or deletes. The certainty is OPAQUE: nobody knows
    whether the text gets there.
    """
    code = _CONCATENATION.sub("", text.text)
    for found in hits(_DELETING, code):
        yield match.operation(
            Kind.DELETE_FILE,
            match.file(found["text"]),
            certainty=Certainty.PARTIAL if found["tree"] else Certainty.OPAQUE,
            traits=frozenset({Trait.RECURSIVE}) if found["tree"] else frozenset(),
        )
    quoting = (
        [_COMMAND] if match.called in ("node", "nodejs", "bun", "deno") else [_COMMAND, _BACKQUOTES]
    )
    for pattern in quoting:
        for found in hits(pattern, code):
            yield _commands(match, found, "text", text, f"command in {match.called}")
    for found in hits(_STATEMENT, code):
        yield from _statement(match, found)


def _statement(match: Match, found: re.Match[str]) -> Iterator[Node]:
    kind, about, name = Kind.TRUNCATE_TABLE, TargetKind.TABLE, found["name"]
    if found["rows"]:
        kind, about, name = Kind.DELETE_ROWS, TargetKind.ROWS, found["table"]
    elif found["object"]:
        is_table = found["object"].upper() == "TABLE"
        kind = Kind.DROP_TABLE if is_table else Kind.DROP_DATABASE
        about = TargetKind.TABLE if is_table else TargetKind.DATABASE
    yield match.operation(
        kind,
        match.target(about, name),
        certainty=Certainty.OPAQUE,
        spelling=" ".join((found["rows"] or found["verb"]).upper().split()),
    )


def _commands(match: Match, found: re.Match[str], group: str | int, text: Mapped, via: str) -> Node:
    """Return a command line written inside *text*; joined from pieces, it stands for all of it."""
    whole = text.text.startswith(found.string)
    content = text.slice(*found.span(group)) if whole else Mapped.at(found[group], text.span)
    return match.embed("shell", content, via)


_ADJACENT = regex(r'(?<=[^\\])"\s+"')
_AWK_SYSTEM = regex(r"\bsystem\s*\((?P<parts>(?:[^()\"]|\"(?:[^\"\\]|\\.)*\"|\([^()\"]*\))*)\)")
_AWK_PART = regex(r"\"(?P<text>(?:[^\"\\]|\\.)*)\"|(?P<value>[^\s\"]+)")
_AWK_CHARACTERS = regex(r"[^\\]+|\\(?P<escaped>.)", re.DOTALL)
_AWK_PIPE = regex(r'\bprintf?\s+"([^"\\]+)"\s*\|\s*"(?:/bin/)?(?:ba|da|z|k)?sh"')
_AWK_WRITE = regex(r'\bprintf?\b[^;}\n>]*>(?!>)\s*"([^"\\]+)"')


def awk(match: Match) -> Iterator[Node]:
    """awk: commands in ``system("rm " $1)`` and piped into a shell, and files it writes."""
    program = match.operand(1)
    if program is None:
        return
    for found in _AWK_SYSTEM.finditer(program.text):
        command = _joined(program, *found.span("parts"))
        yield match.embed("shell", command, "system() of awk")
    code = _ADJACENT.sub("", program.text)
    for found in hits(_AWK_PIPE, code):
        yield _commands(match, found, 1, program, "command of awk")
    for found in hits(_AWK_WRITE, code):
        if not found[1].startswith("/dev/"):
            yield match.operation(Kind.OVERWRITE_FILE, match.file(found[1]))


def _joined(program: Mapped, start: int, end: int) -> Mapped:
    """Return the text an expression of awk joins; what is no literal in it is a hole."""
    transcript = Transcript()
    for part in _AWK_PART.finditer(program.text, start, end):
        if part["value"] is not None:
            place = program.map.to_outer(*part.span())
            transcript.hole(part["value"], place.start, place.end - place.start)
            continue
        for piece in _AWK_CHARACTERS.finditer(program.text, *part.span("text")):
            place = program.map.to_outer(*piece.span())
            if piece["escaped"]:
                transcript.inexact(piece["escaped"], place.start, place.end - place.start)
            else:
                transcript.mapped(program.slice(*piece.span()))
    return transcript.build()
