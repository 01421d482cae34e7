"""A command line as it reaches a program, whoever wrote it: a shell, a list in Python, a YAML file."""

from __future__ import annotations

from collections.abc import Mapping

from dbguard.records import dataclass, field
from dbguard.source import Mapped, Region, Span


@dataclass(frozen=True, slots=True)
class Word:
    """One argument. ``text`` has holes where it is not known; it leads to the outermost file.

    ``glob`` says that the shell would expand ``*``, ``?`` and ``[...]`` in it.
    """

    mapped: Mapped
    glob: bool = False

    @property
    def text(self) -> str:
        return self.mapped.text

    @property
    def span(self) -> Span:
        return self.mapped.span


@dataclass(frozen=True, slots=True)
class Invocation:
    """A program with its arguments, input and surroundings.

    ``words`` begin with the program. ``span`` covers the simple command in the outermost
    file. ``stdin`` is text known to arrive on standard input (heredoc, here-string, a
    literal ``echo`` piped in), with ``stdin_via`` telling how ("heredoc"); ``stdin_file``
    the file after ``<``. ``stdout_file`` is the file its output goes to, None where it is
    not redirected. ``environment`` holds assignments in force. ``directory`` is where it
    runs, relative to where the script starts ('' there, holes where unknown).
    ``checked``: had it failed, what follows would not run. ``listed``: the words are items
    of a list in a call (``subprocess.run([...])``), so operations point at the whole
    ``span``, not from the program word onwards.
    """

    words: tuple[Word, ...]
    region: Region
    span: Span
    stdin: Mapped | None = None
    stdin_via: str = ""
    stdin_file: Word | None = None
    stdout_file: Word | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    directory: str = ""
    checked: bool = True
    listed: bool = False
