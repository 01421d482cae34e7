"""What reaches a program on standard input: what the one before it writes, where that is known."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from posixpath import basename, dirname

from dbguard.commands.invocation import Word
from dbguard.languages.shell.escapes import ESCAPE, escaped
from dbguard.languages.shell.scope import START, Scope, distinct
from dbguard.languages.shell.transforms import downloaded, transformed
from dbguard.records import dataclass, replace
from dbguard.source import Mapped, Region, Span, Transcript, hole


@dataclass(frozen=True, slots=True)
class Stream:
    """Text that flows into a command: known, or the content of a file, or neither.

    ``via`` tells where it comes from ("heredoc", "find"). ``glob``: the text is names, each
    of which may be a pattern that stands for the files it matches. ``queries`` are the
    statements whose results stand in it.
    """

    text: Mapped | None = None
    via: str = ""
    file: Word | None = None
    glob: bool = False
    queries: tuple[Region, ...] = ()


UNKNOWN = Stream()

# What these write is what they read, as far as a guard is concerned.
_FILTERS = frozenset(
    [
        "cat",
        "tac",
        "sort",
        "uniq",
        "head",
        "tail",
        "grep",
        "egrep",
        "fgrep",
        "rg",
        "sed",
        "awk",
        "tr",
        "tee",
        "pv",
        "envsubst",
        "xz",
        "zcat",
        "gzcat",
        "gunzip",
        "gzip",
        "bzcat",
        "xzcat",
        "zstdcat",
        "zstd",
        "unzip",
        "iconv",
        "dos2unix",
        "column",
        "nl",
    ]
)
_VALUE_OPTIONS = {
    "head": "nc",
    "tail": "nc",
    "sort": "kt",
    "grep": "emABC",
    "sed": "e",
    "awk": "Fv",
}
_PATTERN_FIRST = frozenset(("grep", "egrep", "fgrep", "rg", "sed", "awk", "tr"))
_FIND_NAME = frozenset(("-name", "-iname", "-path", "-wholename", "-ipath"))


def output(words: Sequence[Word], stdin: Stream | None, scope: Scope) -> Stream:
    """Return what a simple command writes to standard output."""
    if not words:
        return UNKNOWN
    program = basename(words[0].text)
    arguments = words[1:]
    while program in ("sudo", "command", "builtin", "env", "nice", "exec") and arguments:
        if arguments[0].text.startswith("-"):
            break
        program, arguments = basename(arguments[0].text), arguments[1:]
    place = words[0].span
    known = stdin.text if stdin is not None else None
    changed = transformed(program, arguments, known) or downloaded(program, arguments)
    if changed is not None:
        return Stream(changed, program)
    match program:
        case "echo":
            return Stream(_echo(arguments), "echo", glob=any(word.glob for word in arguments))
        case "printf":
            return Stream(_printf(arguments), "printf")
        case "find" | "fd" | "fdfind":
            return Stream(_find(arguments, place), "find", glob=True)
        case "ls":
            return Stream(_ls(arguments, place), "ls", glob=True)
        case "date":
            return Stream(Mapped.at(hole("date"), place), "date")
        case "pwd":
            return Stream(Mapped.at(scope.here, place), "pwd")
        case "mktemp" | "tempfile":
            return Stream(Mapped.at("/tmp/" + hole("mktemp"), place), "mktemp")  # noqa: S108
        case "seq":
            return _seq(arguments, place)
        case "git":
            return _git(arguments, place)
        case "dirname" | "basename" | "realpath" | "readlink" | "which" | "type" | "cygpath":
            return _path(program, arguments, place)
        case _ if program in _FILTERS:
            return _filter(program, arguments, stdin)
        case "command" | "xargs":
            return _path("which", arguments, place) if program == "command" else UNKNOWN
    return UNKNOWN


def together(streams: Sequence[Stream]) -> Stream:
    """Return what several commands write one after the other."""
    known = [stream for stream in streams if stream.text is not None or stream.file is not None]
    if not known:
        return UNKNOWN
    if len(known) == 1:
        return known[0]
    transcript = Transcript()
    for stream in known:
        if stream.text is not None:
            transcript.mapped(stream.text)
            if not stream.text.text.endswith("\n"):
                transcript.inexact("\n", stream.text.span.end, 0)
    file = next((stream.file for stream in known if stream.file is not None), None)
    text = transcript.build()
    glob = any(stream.glob for stream in known)
    queries = distinct(query for stream in known for query in stream.queries)
    return Stream(text if text.text else None, known[0].via, file, glob, queries)


def _operands(words: Sequence[Word], with_value: str = "") -> list[Word]:
    """Return the words that are no options (nor values of the one-letter options given)."""
    found: list[Word] = []
    skip = False
    for index, word in enumerate(words):
        if skip:
            skip = False
        elif word.text == "--":
            found.extend(words[index + 1 :])
            break
        elif word.text.startswith("-") and len(word.text) > 1:
            skip = len(word.text) == 2 and word.text[1] in with_value
        else:
            found.append(word)
    return found


def _spaced(words: Sequence[Word], blank: str) -> Mapped:
    transcript = Transcript()
    for index, word in enumerate(words):
        if index:
            transcript.inexact(blank, word.span.start, 0)
        transcript.mapped(word.mapped)
    return transcript.build()


def _echo(words: Sequence[Word]) -> Mapped:
    words = list(words)
    escapes = False
    while words and re.fullmatch(r"-[neE]+", words[0].text):
        escapes = escapes or "e" in words[0].text
        words = words[1:]
    text = _spaced(words, " ")
    return _unescaped(text) if escapes else text


def _unescaped(mapped: Mapped) -> Mapped:
    if "\\" not in mapped.text:
        return mapped
    transcript, at = Transcript(), 0
    for match in ESCAPE.finditer(mapped.text):
        transcript.mapped(mapped.slice(at, match.start()))
        span = mapped.map.to_outer(match.start(), match.end())
        transcript.inexact(escaped(match), span.start, span.end - span.start)
        at = match.end()
    transcript.mapped(mapped.slice(at, len(mapped.text)))
    return transcript.build()


def _printf(words: Sequence[Word]) -> Mapped | None:
    """Return what printf writes for a format with %s and %b."""
    operands = list(words[1:] if words and words[0].text == "--" else words)
    if not operands or operands[0].text.startswith("-v"):
        return None
    form, arguments = _unescaped(operands[0].mapped), operands[1:]
    transcript = Transcript()
    for _ in range(64):
        at = 0
        for match in re.finditer(r"%(?:%|[-+ #0-9.]*([a-zA-Z]))", form.text):
            transcript.mapped(form.slice(at, match.start()))
            at = match.end()
            if match[1] is None:
                transcript.mapped(form.slice(match.end() - 1, match.end()))
            elif arguments:
                transcript.mapped(arguments.pop(0).mapped)
        transcript.mapped(form.slice(at, len(form.text)))
        if not arguments or "%" not in form.text:
            break
    return transcript.build()


def _find(words: Sequence[Word], place: Span) -> Mapped | None:
    """Return the names find prints: ``-name`` in the folders it starts from."""
    folders: list[Word] = []
    for word in words:
        if word.text.startswith(("-", "(", "!")):
            break
        folders.append(word)
    names = [after for word, after in pairwise(words) if word.text in _FIND_NAME and after.text]
    lines: list[Mapped] = []
    starts: list[Word | None] = [*folders[:16]]
    for folder in starts or [None]:
        prefix = "" if folder is None else folder.text.rstrip("/") or "/"
        lead = "" if prefix in (".", "") else prefix if prefix.endswith("/") else prefix + "/"
        span = place if folder is None else folder.span
        for name in names[:16]:
            pattern = name.mapped
            if "/" in pattern.text:
                pattern = pattern.slice(pattern.text.rfind("/") + 1, len(pattern.text))
            lines.append(Mapped.join([Mapped.at(lead, span), pattern]) if lead else pattern)
        if not names:
            lines.append(Mapped.at(lead + "*", span))
    return _spaced([Word(line) for line in lines], "\n")


def _ls(words: Sequence[Word], place: Span) -> Mapped:
    operands = _operands(words)
    if not operands:
        return Mapped.at("*", place)
    lines = []
    for word in operands:
        text = word.text.rstrip("/")
        bare = not word.glob and "." not in basename(text)
        lines.append(replace(word, mapped=Mapped.at(text + "/*", word.span)) if bare else word)
    return _spaced(lines, "\n")


def _seq(words: Sequence[Word], place: Span) -> Stream:
    operands = [word.text for word in words]
    if not operands or not all(re.fullmatch(r"-?\d{1,6}", text) for text in operands):
        return UNKNOWN
    numbers = [int(text) for text in operands[:3]]
    first, step, last = (
        (1, 1, numbers[0])
        if len(numbers) == 1
        else (numbers[0], 1, numbers[1])
        if len(numbers) == 2
        else (numbers[0], numbers[1] or 1, numbers[2])
    )
    values = range(first, last + (1 if step > 0 else -1), step)
    if len(values) > 64:
        return UNKNOWN
    return Stream(Mapped.at("\n".join(map(str, values)), place), "seq")


def _git(words: Sequence[Word], place: Span) -> Stream:
    texts = [word.text for word in words]
    if texts[:2] == ["rev-parse", "--show-toplevel"]:
        return Stream(Mapped.at(START, place), "git")
    if texts[:1] == ["ls-files"]:
        operands = _operands(words[1:])
        text = _spaced(operands, "\n") if operands else Mapped.at("*", place)
        return Stream(text, "git ls-files", glob=True)
    return UNKNOWN


def _path(program: str, words: Sequence[Word], place: Span) -> Stream:
    """Return a path made of another; the folder of ``$0`` is where the script starts."""
    operands = _operands(words)
    if not operands:
        return UNKNOWN
    text = operands[0].text
    own = text.strip("_") in ("hole_0", "hole_BASH_SOURCE", "hole_BASH_SOURCE_0")
    if program == "dirname":
        return Stream(Mapped.at(START if own else dirname(text) or ".", place), program)
    if program == "basename":
        name = basename(text.rstrip("/"))
        suffix = operands[1].text if len(operands) > 1 else ""
        if suffix and name != suffix:
            name = name.removesuffix(suffix)
        return Stream(Mapped.at(name, place), program)
    return Stream(operands[0].mapped, program, glob=operands[0].glob)


def _filter(program: str, words: Sequence[Word], stdin: Stream | None) -> Stream:
    operands = _operands(words, _VALUE_OPTIONS.get(program, ""))
    scripted = any(word.text[:2] in ("-e", "-f") for word in words)
    if program in _PATTERN_FIRST and not (scripted and program in ("sed", "grep")):
        operands = operands[1:]
    if program in ("tee", "tr") or not [word for word in operands if word.text != "-"]:
        return stdin or UNKNOWN
    if program in ("gzip", "xz", "zstd", "unzip") and not any(
        re.match(r"-\w*[cp]", word.text) for word in words
    ):
        return UNKNOWN
    streams = [Stream(file=word, via=program) for word in operands if word.text != "-"]
    return together([*streams, stdin or UNKNOWN])
