"""Programs that run a text or a file in a language: shells, Python, and others by pattern."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator

from dbguard.commands import foreign
from dbguard.commands.arguments import Operand
from dbguard.commands.entry import Custom, Entry
from dbguard.commands.invocation import Invocation, Word
from dbguard.commands.match import Match
from dbguard.flow import Node
from dbguard.records import replace
from dbguard.source import Mapped, Transcript

_PYTHON = "https://docs.python.org/3/using/cmdline.html"


def _shell(match: Match) -> Iterator[Node]:
    """bash: the text after -c, a script, or standard input."""
    flags = match.arguments
    operands = flags.operands
    if any(flags.find("-c")) or any("c" in o.name[1:] for o in flags.options if _cluster(o.name)):
        if operands:
            yield match.embed(
                "shell",
                with_parameters(operands[0].word, operands[2:]),
                f"-c of {match.called}",
                dialect=match.called,
            )
    elif operands and not any(flags.find("-s")):
        if operands[0].text != "-":
            yield match.include(
                operands[0].word.mapped, "shell", match.called, dialect=match.called
            )
        else:
            yield from match.standard_input("shell", dialect=match.called)
    else:
        yield from match.standard_input("shell", dialect=match.called)


def _cluster(name: str) -> bool:
    return name[:1] == "-" and name[1:2] != "-" and len(name) > 2


def with_parameters(text: Word, parameters: tuple[Operand, ...]) -> Mapped:
    """Return the text of ``sh -c`` with its positional parameters set in front of it."""
    if not parameters:
        return text.mapped
    transcript, start = Transcript(), text.span.start
    transcript.inexact("set --", start, 0)
    for parameter in parameters:
        value = (
            parameter.text if parameter.word.glob else "'" + parameter.text.replace("'", "") + "'"
        )
        transcript.inexact(" " + value, start, 0)
    transcript.inexact("\n", start, 0)
    transcript.mapped(text.mapped)
    return transcript.build()


def _source(match: Match) -> Iterator[Node]:
    if match.words and match.words[0].text not in ("-", "/dev/stdin"):
        yield match.include(match.words[0].mapped, "shell", "source")
    else:
        yield from match.standard_input("shell", called="source")


def _python(match: Match) -> Iterator[Node | Invocation]:
    """python: -c text, -m module, a script (manage.py is a program of its own), or input."""
    words, index = match.words, 0
    while index < len(words):
        text = words[index].text
        if text == "-" or not text.startswith("-"):
            break
        if text in ("-W", "-X", "--check-hash-based-pycs"):
            index += 2
            continue
        letters = re.fullmatch(r"-[bBdEhiIOPqsSuvVx]*([cm])(.*)", text, re.DOTALL)
        if letters is None:
            index += 1
            continue
        at = letters.start(2)
        attached = Word(words[index].mapped.slice(at, len(text)))
        following = (attached,) if letters[2] else words[index + 1 : index + 2]
        rest = words[index + 1 :] if letters[2] else words[index + 2 :]
        if not following:
            return
        if letters[1] == "c":
            yield match.embed("python", following[0].mapped, "-c of python")
        else:
            yield from _module(match, following[0], rest)
        return
    if index >= len(words) or words[index].text in ("-", "/dev/stdin"):
        yield from match.standard_input("python")
    elif re.search(r"(?:^|[/\\])manage\.py$", words[index].text):
        yield replace(match.invocation, words=words[index:])
    elif words[index].text.endswith(".py"):
        yield match.include(words[index].mapped, "python", "python")
    elif "/" in words[index].text and not words[index].text.endswith((".pyz", ".zip", ".pyc")):
        yield replace(match.invocation, words=words[index:])
        yield match.include(words[index].mapped, "python", "python")


def _module(match: Match, module: Word, rest: tuple[Word, ...]) -> Iterator[Node | Invocation]:
    name = module.text
    program = {"django": "django-admin", "sqlite3": "sqlite3", "coverage": ""}.get(name, name)
    if name == "coverage":
        if rest and rest[0].text == "run":
            python = Word(Mapped.at("python", module.span))
            yield replace(match.invocation, words=(python, *rest[1:]))
        return
    yield replace(match.invocation, words=(Word(Mapped.at(program, module.span)), *rest))
    # Imported here, for it reads the table this is part of.
    from dbguard.commands.lowering import program_name

    is_module = re.fullmatch(r"[A-Za-z_]\w*(?:\.\w+)*", name) is not None
    if is_module and name not in sys.stdlib_module_names and program_name(name) is None:
        path = Mapped.at(name.replace(".", "/") + ".py", module.span)
        yield match.include(path, "python", "python -m")


def _python_runner(match: Match) -> Iterator[Node | Invocation]:
    """uv run and its kin: an operand that is a script runs in Python, other words by themselves."""
    first = match.arguments.operands[0] if match.arguments.operands else None
    if first is None or not first.text.endswith(".py"):
        return
    if re.search(r"(?:^|[/\\])manage\.py$", first.text):
        yield replace(match.invocation, words=match.words[first.index :])
    else:
        yield match.include(first.word.mapped, "python", match.called)


def _python_shell(match: Match) -> Iterator[Node | Invocation]:
    """manage.py shell and its kin: -c text, else a script on standard input."""
    texts = match.arguments.values("-c", "--command")
    for text in texts:
        yield match.embed("python", text, f"-c of {match.called}")
    if not texts:
        yield from match.standard_input("python")


def _evaluates(*options: str) -> Callable[[Match], Iterator[Node | Invocation]]:
    """Return the reader of an interpreter: a text after *options*, or a script."""

    def run(match: Match) -> Iterator[Node | Invocation]:
        texts = match.arguments.values(*options)
        if not texts and match.arguments.operands:
            script = match.arguments.operands[0]
            yield replace(match.invocation, words=match.words[script.index :])
        if not texts and not match.arguments.operands and match.invocation.stdin is not None:
            texts = [match.invocation.stdin]
        for text in texts:
            yield from foreign.by_pattern(match, text)

    return run


def _powershell(match: Match) -> Iterator[Node]:
    text = match.arguments.value("-Command", "-command", "-c", "-C")
    if text is not None:
        yield match.embed("shell", text, f"-Command of {match.called}")


ENTRIES: tuple[Entry, ...] = (
    Custom(
        "bash|sh|zsh|dash|ksh|ash|rbash|mksh|fish",
        run=_shell,
        values="-o -O --rcfile --init-file",
        documentation="https://www.gnu.org/software/bash/manual/bash.html",
    ),
    Custom(
        "source|.", run=_source, documentation="https://www.gnu.org/software/bash/manual/bash.html"
    ),
    Custom("python|pypy|py|ipython", run=_python, unless="", documentation=_PYTHON),
    Custom(
        "uv run, poetry run, pipenv run, pdm run, hatch run, rye run, conda run",
        run=_python_runner,
        values="--with --python -p --extra --group -n --name",
        documentation="https://docs.astral.sh/uv/reference/cli/",
    ),
    Custom(
        "manage.py|django-admin|flask shell|shell_plus",
        run=_python_shell,
        values="-c --command -i --interface -v --verbosity --settings --pythonpath",
        documentation="https://docs.djangoproject.com/en/stable/ref/django-admin/#shell",
    ),
    Custom(
        "perl",
        run=_evaluates("-e", "-E"),
        values="-e -E -I -M -m -F -i? -l? -0?",
        documentation="https://perldoc.perl.org/perlrun",
    ),
    Custom(
        "ruby",
        run=_evaluates("-e"),
        values="-e -I -r -C -E",
        documentation="https://docs.ruby-lang.org/en/master/ruby/options_md.html",
    ),
    Custom(
        "node|nodejs|bun|deno",
        run=_evaluates("-e", "--eval", "-p", "--print"),
        values="-e --eval -p --print -r --require",
        documentation="https://nodejs.org/api/cli.html",
    ),
    Custom(
        "php",
        run=_evaluates("-r"),
        values="-r -d -c -S -t -B -R -E",
        documentation="https://www.php.net/manual/en/features.commandline.options.php",
    ),
    Custom(
        "rails runner, rails r, bin/rails runner",
        run=lambda match: foreign.by_pattern(match, match.operand(1) or Mapped.at("", match.span)),
        values="-e --environment",
        documentation="https://guides.rubyonrails.org/command_line.html",
    ),
    Custom(
        "awk|gawk|mawk|nawk",
        run=foreign.awk,
        values="-F -v -f",
        documentation="https://www.gnu.org/software/gawk/manual/gawk.html",
    ),
    Custom(
        "powershell|pwsh",
        run=_powershell,
        single_dash=True,
        values="-Command -command -c -C -File -ExecutionPolicy -executionpolicy -Version",
        documentation="https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_pwsh",
    ),
)
