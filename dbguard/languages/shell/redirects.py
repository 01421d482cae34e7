"""Redirections: what a command reads and what it overwrites."""

from __future__ import annotations

from collections.abc import Iterable

from dbguard.commands.invocation import Word
from dbguard.flow import Node
from dbguard.languages.grammars import Node as Syntax
from dbguard.languages.shell import calls
from dbguard.languages.shell.scope import WRITTEN
from dbguard.languages.shell.script import Script, body_of
from dbguard.languages.shell.streams import UNKNOWN, Stream
from dbguard.languages.shell.words import Reading
from dbguard.operations import Certainty, Kind, Operation, Target, TargetKind
from dbguard.records import dataclass, field
from dbguard.source import has_hole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dbguard.languages.shell.interpreter import Interpreter

REDIRECTS = frozenset(("file_redirect", "herestring_redirect", "heredoc_redirect"))
_WRITES = frozenset((">", ">|", "&>", ">&"))
_NO_FILE = ("/dev/",)


@dataclass(slots=True)
class Redirects:
    """What the redirections of a command say.

    ``words`` are arguments that stand after a redirection, as ranges of the script.
    """

    stdin: Stream | None = None
    stdout: Word | None = None
    operations: list[Node] = field(default_factory=list)
    words: list[tuple[int, int]] = field(default_factory=list)

    def visible(self, output: Stream) -> Stream:
        """Return what still comes out where standard output goes to a file."""
        return UNKNOWN if self.stdout is not None else output


def redirects_of(
    shell: Interpreter,
    script: Script,
    nodes: Iterable[Syntax],
    reading: Reading,
    stdin: Stream | None,
) -> Redirects:
    """Return what redirections say."""
    result = Redirects(stdin)
    for node in nodes:
        add_redirect(shell, script, node, reading, result)
    return result


def add_redirect(
    shell: Interpreter, script: Script, node: Syntax, reading: Reading, result: Redirects
) -> None:
    """Read one redirection into *result*."""
    if node.type == "herestring_redirect":
        _here_string(shell, script, node, reading, result)
        return
    if node.type == "heredoc_redirect":
        result.stdin = UNKNOWN
        return
    mark, descriptor = "", ""
    destinations: list[Syntax] = []
    for child in node.children:
        if child.type == "file_descriptor":
            descriptor = script.text[slice(*script.range(child))]
        elif not child.is_named and not destinations:
            mark = mark or child.type
        else:
            destinations.append(child)
    result.words.extend(script.range(extra) for extra in destinations[1:])
    if not destinations:
        return
    first = destinations[0]
    start, end = script.range(first)
    if mark == "<" and script.text.startswith("<<", script.range(node)[0] - 2):
        # The parser does not know `> file <<< text`.
        _text_input(shell, script, start, end, reading, result)
        return
    if mark == "<":
        _input(shell, script, first, reading, result)
        return
    if mark in (">&", "<&") and (first.type == "number" or script.text[start:end] == "-"):
        return
    words = shell.expander.words(script, start, end, reading)
    if not words or mark not in (*_WRITES, ">>", "&>>"):
        return
    word = words[0]
    if descriptor in ("", "1"):
        result.stdout = word
    if mark not in _WRITES or word.text.startswith(_NO_FILE):
        return
    span = script.prepared.span(script.range(node)[0], end)
    path = shell.scope.path(word.text)
    certainty = Certainty.PARTIAL if has_hole(path) else Certainty.LITERAL
    shell.scope.set(WRITTEN + path, None)
    target = Target(TargetKind.FILE, path, certainty=certainty)
    result.operations.append(
        Operation(
            Kind.OVERWRITE_FILE, target, span, script.region, certainty, mark, checked=shell.errexit
        )
    )


def _input(
    shell: Interpreter, script: Script, node: Syntax, reading: Reading, result: Redirects
) -> None:
    start, end = script.range(node)
    if node.type == "process_substitution":
        result.stdin, _ = calls.captured(shell, script, start, end, reading)
        return
    if script.document(start, end) is not None:
        _text_input(shell, script, start, end, reading, result)
        return
    words = shell.expander.words(script, start, end, reading)
    if not words:
        return
    written = shell.scope.get(WRITTEN + shell.scope.path(words[0].text))
    result.stdin = written if isinstance(written, Stream) else Stream(file=words[0], via="<")


def _here_string(
    shell: Interpreter, script: Script, node: Syntax, reading: Reading, result: Redirects
) -> None:
    content = next((child for child in node.children if child.is_named), None)
    if content is None or content.type == "file_descriptor":
        content = node.child(node.child_count - 1)
    if content is None:
        return
    _text_input(shell, script, *script.range(content), reading, result)


def _text_input(
    shell: Interpreter, script: Script, start: int, end: int, reading: Reading, result: Redirects
) -> None:
    """Read a here-document, by its placeholder, or a here-string."""
    document = script.document(start, end)
    if document is None:
        text = shell.scope.located(shell.expander.value(script, start, end, reading).fields[0])
        result.stdin = Stream(text, "here-string")
        return
    body = document.body
    if not document.literal:
        body = shell.expander.text(body_of(script, body), reading)
    result.stdin = Stream(body, "heredoc")
