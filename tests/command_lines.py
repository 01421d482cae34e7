"""Command lines as invocations, split as a shell would, and what they lower to as one line."""

from __future__ import annotations

import re
from collections.abc import Mapping

from dbguard.commands import lower
from dbguard.commands.invocation import Invocation, Word
from dbguard.flow import Branch, Direction, Embed, Include, Node, Sequence
from dbguard.operations import Operation
from dbguard.source import Mapped, Region, SourceFile, Span, Transcript, display

_WORD = re.compile(
    r"""(?P<plain>(?:[^\s"'\\$]|\\.|\$(?![\w{]))+)|"(?P<double>(?:[^"\\]|\\.)*)"|'(?P<single>[^']*)'"""
    r"""|\$\{?(?P<variable>\w+)\}?|(?P<blank>\s+)""",
    re.DOTALL,
)


def words_of(region: Region) -> tuple[Word, ...]:
    """Split a simple command (quotes, escapes, variables as holes), keeping positions."""
    words: list[Word] = []
    transcript, quoted, glob = Transcript(), False, False

    def close() -> None:
        nonlocal transcript, quoted, glob
        if len(transcript) or quoted:
            words.append(Word(transcript.build(), glob))
        transcript, quoted, glob = Transcript(), False, False

    for match in _WORD.finditer(region.text):
        if match["blank"] is not None:
            close()
        elif match["variable"] is not None:
            transcript.hole(match["variable"], match.start(), len(match[0]))
        elif match["plain"] is not None:
            text, at = match["plain"], match.start()
            for part in re.finditer(r"\\(.)|[^\\]+", text, re.DOTALL):
                if part[1] is not None:
                    transcript.inexact(part[1], at + part.start(), 2)
                else:
                    transcript.exact(part[0], at + part.start())
            glob = glob or any(sign in text for sign in "*?[")
        else:
            kind = "double" if match["double"] is not None else "single"
            for part in re.finditer(r"\$\{?(\w+)\}?|[^$]+|\$", match[kind]):
                at = match.start(kind) + part.start()
                if part[1] is not None and kind == "double":
                    transcript.hole(part[1], at, len(part[0]))
                else:
                    transcript.exact(part[0], at)
            quoted = True
    close()
    return tuple(words)


def invocation_of(
    text: str,
    *,
    stdin: str | None = None,
    stdin_file: str | None = None,
    stdout_file: str | None = None,
    environment: Mapping[str, str] | None = None,
    directory: str = "",
    listed: bool = False,
    checked: bool = True,
) -> Invocation:
    """Return the invocation of a command line; assignments before it are its environment."""
    region = Region.of_file(SourceFile("script.sh", text), "shell")
    words = list(words_of(region))
    variables = dict(environment or {})
    while words and re.match(r"[A-Z_]+=", words[0].text):
        name, _, value = words.pop(0).text.partition("=")
        variables[name] = value
    whole = Span(0, len(text))
    return Invocation(
        tuple(words),
        region,
        whole,
        stdin=Mapped.at(stdin, whole) if stdin is not None else None,
        stdin_via="heredoc" if stdin is not None else "",
        stdin_file=Word(Mapped.at(stdin_file, whole)) if stdin_file is not None else None,
        stdout_file=Word(Mapped.at(stdout_file, whole)) if stdout_file is not None else None,
        environment=variables,
        directory=directory,
        checked=checked,
        listed=listed,
    )


def described(node: Node) -> str:
    """Return a node as text: kind, target, where it comes from, and its spelling."""
    match node:
        case Operation():
            source = f" < {display(node.source.name) or '-'}" if node.source is not None else ""
            if node.guard is not None:
                return f"GUARD {node.guard.value}"
            return f"{node.kind.name} {str(node.target) or '-'}{source} [{node.spelling}]"
        case Embed(region=region):
            database = f" on {display(region.database)}" if region.database is not None else ""
            dialect = f" ({region.dialect})" if region.dialect else ""
            text = display(region.text).replace("\n", "\\n")
            return f"EMBED {region.language}{dialect}{database}: {text} [{region.via}]"
        case Include():
            database = f" on {display(node.database)}" if node.database is not None else ""
            return f"INCLUDE {node.language} {display(node.path.text)}{database} [{node.via}]"
        case Sequence(nodes=nodes, direction=direction):
            name = "DOWN" if direction is Direction.DOWN else "SEQUENCE"
            return f"{name}({'; '.join(described(one) for one in nodes)})"
        case Branch(arms=arms):
            return f"MAYBE({'; '.join(described(one) for one in arms[0].nodes)})"
        case _:
            raise AssertionError(node)


def lowered(text: str) -> str:
    """Return what a command line lowers to, its nodes joined by semicolons.

    Tasks of the project that it may run (``npm run x``, a console script) are left out: see
    :func:`tasks`.
    """
    nodes = lower(invocation_of(text))
    return "; ".join(described(n) for n in nodes if not (isinstance(n, Include) and n.task))


def tasks(text: str) -> str:
    """Return the tasks of the project that a command line may run: language, place, words."""
    return "; ".join(
        f"{node.language} {display(node.path.text)}: {' '.join(node.task)}"
        for node in lower(invocation_of(text))
        if isinstance(node, Include) and node.task
    )
