"""What the shell does itself: cd, set, eval, trap, read, exit and their like."""

from __future__ import annotations

import re
from collections.abc import Callable

from dbguard.flow import Branch, Call, Include, Node, Stop, StopKind
from dbguard.flow import Sequence as Run
from dbguard.languages.shell import calls
from dbguard.languages.shell.assignments import MAX_ELEMENTS
from dbguard.languages.shell.brackets import variables_of_read
from dbguard.languages.shell.conditions import Split, ends
from dbguard.languages.shell.scope import (
    ALIAS,
    ALLEXPORT,
    DIRECTORY,
    ERREXIT,
    PARAMETERS,
    PIPEFAIL,
    PREVIOUS,
    STACK,
    WRITTEN,
    Value,
    distinct,
)
from dbguard.languages.shell.streams import Stream, output
from dbguard.opaque import opaque_code
from dbguard.operations import Guard, Kind, Operation, Target, TargetKind
from dbguard.patterns import regex
from dbguard.records import replace
from dbguard.source import Mapped, Span, hole, hole_names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dbguard.languages.shell.interpreter import Interpreter
    from dbguard.languages.shell.simple import Line

_NAME = regex(r"[A-Za-z_]\w*", re.ASCII)
_EVALUATIONS = 8


def _nothing(_shell: Interpreter, _line: Line) -> Split:
    return Split()


def _write(shell: Interpreter, line: Line) -> Split | None:
    """``echo`` and ``printf``: data, unless a program reads it."""
    words = line.words
    if words[0].text == "printf" and len(words) > 2 and words[1].text == "-v":
        written = output([words[0], *words[3:]], None, shell.scope).text
        value = written or Mapped.at(hole(words[2].text), line.span)
        shell.scope.assign(words[2].text, Value((value,)))
        return Split()
    if line.redirects.stdout is not None:
        return None
    printed = output(words, line.redirects.stdin, shell.scope)
    shell.output = replace(printed, queries=distinct(line.reading.queries))
    return Split()


def _cd(shell: Interpreter, line: Line) -> Split:
    operands = [word for word in line.words[1:] if word.text == "-" or word.text[:1] != "-"]
    scope = shell.scope
    if line.words[0].text == "pushd":
        scope.set(STACK, (scope.directory, scope.get(STACK)))
    if not operands:
        if line.words[0].text == "cd":
            scope.enter("~")
    elif operands[0].text == "-":
        previous = scope.text(PREVIOUS)
        scope.set(PREVIOUS, scope.directory)
        scope.set(DIRECTORY, previous)
    else:
        scope.enter(operands[0].text)
    return Split()


def _popd(shell: Interpreter, _line: Line) -> Split:
    stack = shell.scope.get(STACK)
    if isinstance(stack, tuple) and len(stack) == 2:
        shell.scope.set(DIRECTORY, stack[0])
        shell.scope.set(STACK, stack[1])
    return Split()


_LONG_OPTIONS = {"errexit": ERREXIT, "pipefail": PIPEFAIL, "allexport": ALLEXPORT}
_SHORT_OPTIONS = {"e": ERREXIT, "a": ALLEXPORT}


def set_options(shell: Interpreter, words: list[str]) -> int:
    """Set what ``-euo pipefail`` says; return how many words were options."""
    index = 0
    while index < len(words):
        word = words[index]
        if word == "--" or len(word) < 2 or word[0] not in "-+":
            break
        on = word[0] == "-"
        for letter in word[1:]:
            if letter == "o" and index + 1 < len(words):
                index += 1
                option = _LONG_OPTIONS.get(words[index].lower().replace("_", ""))
            else:
                option = _SHORT_OPTIONS.get(letter)
            if option is not None:
                shell.scope.set(option, on)
        index += 1
    return index


def _set(shell: Interpreter, line: Line) -> Split:
    texts = [word.text for word in line.words[1:]]
    used = set_options(shell, texts)
    rest = line.words[1 + used :]
    if rest and rest[0].text == "--":
        rest = rest[1:]
        shell.scope.set(PARAMETERS, tuple(Value((w.mapped,), glob=w.glob) for w in rest))
    elif rest:
        shell.scope.set(PARAMETERS, tuple(Value((w.mapped,), glob=w.glob) for w in rest))
    return Split()


def _setopt(shell: Interpreter, line: Line) -> Split:
    """zsh's ``setopt err_exit``."""
    for word in line.words[1:]:
        option = _LONG_OPTIONS.get(word.text.lower().replace("_", ""))
        if option is not None:
            shell.scope.set(option, line.words[0].text == "setopt")
    return Split()


def _shift(shell: Interpreter, line: Line) -> Split:
    given = shell.scope.parameters
    count = line.words[1].text if len(line.words) > 1 else "1"
    if given is not None:
        shell.scope.set(
            PARAMETERS, given[int(count) :] if count.isdigit() and len(count) < 6 else None
        )
    return Split()


def _exit(_shell: Interpreter, line: Line) -> Split:
    return Split((Stop(StopKind.EXIT, line.span),))


def _return(shell: Interpreter, line: Line) -> Split:
    """``return 1`` in a function that must succeed leads nowhere."""
    status = line.words[1].text if len(line.words) > 1 else "0"
    fails = status.isdigit() and status.strip("0") != ""
    if fails and shell.frames and shell.frames[-1].must_succeed:
        return Split((Stop(StopKind.EXIT, line.span),))
    return Split((Stop(StopKind.RETURN, line.span),))


def _leave_turn(_shell: Interpreter, line: Line) -> Split:
    kind = StopKind.BREAK if line.words[0].text == "break" else StopKind.CONTINUE
    return Split((Stop(kind, line.span),))


def _eval(shell: Interpreter, line: Line) -> Split:
    if len(line.words) < 2:
        return Split()
    pieces: list[Mapped] = []
    for word in line.words[1:]:
        if pieces:
            pieces.append(Mapped.at(" ", Span(word.span.start, word.span.start)))
        pieces.append(word.mapped)
    return Split(tuple(_commands_in(shell, line, Mapped.join(pieces), "eval", line.checked)))


def _commands_in(
    shell: Interpreter, line: Line, text: Mapped, via: str, checked: bool
) -> list[Node]:
    """Run a text as commands of this shell."""
    if line.script.region.depth >= _EVALUATIONS or shell.too_much(len(text.text), line.span):
        shell.problem("limit", f"{via} nested too deep to follow", line.span)
        return []
    script = calls.nested(shell, line.script, text, via)
    opaque = opaque_code(script.region, line.span, checked=checked)
    if opaque is not None:
        return [opaque]
    assert script.tree is not None
    return shell.statements(script, script.tree.root.children, checked)


def _trap(shell: Interpreter, line: Line) -> Split:
    """What a trap runs, at the place where it is set."""
    words = [word for word in line.words[1:] if word.text not in ("--", "-p", "-l")]
    if len(words) < 2 or words[0].text in ("", "-"):
        return Split()
    signals = {word.text.upper().removeprefix("SIG") for word in words[1:]}
    mark = shell.scope.mark()
    nodes = tuple(_commands_in(shell, line, words[0].mapped, "trap", checked=False))
    shell.scope.undo(mark)
    if signals == {"ERR"}:
        if ends(nodes):
            shell.scope.set(ERREXIT, True)
        nodes = (Branch((Run(nodes), Run())),) if nodes else ()
    if not nodes:
        return Split()
    caught = frozenset((StopKind.EXIT, StopKind.RETURN))
    return Split((Call("trap", line.span, Run(nodes), caught),))


def _read(shell: Interpreter, line: Line) -> Split:
    """``read``: a person answers, unless the input comes from elsewhere."""
    stdin = line.redirects.stdin
    from_tty = stdin is not None and stdin.file is not None and "/dev/tty" in stdin.file.text
    asked = stdin is None or from_tty
    names = variables_of_read([word.text for word in line.words[1:]])
    # zsh: read "answer?Go on? "
    prompts = [word.text for word in line.words[1:] if re.match(r"[A-Za-z_]\w*\?", word.text)]
    names = names + [prompt.partition("?")[0] for prompt in prompts]
    text = stdin.text if stdin is not None else None
    for index, name in enumerate(names or ["REPLY"]):
        value = Mapped.at(hole(name), line.span)
        if text is not None and index == 0 and len(names) <= 1:
            first = text.text.partition("\n")[0]
            value = text.slice(0, len(first))
        queries = distinct(line.reading.queries)
        shell.scope.assign(name, Value((value,), queries=queries, asked=asked))
    if any(word.text.startswith("-") and "q" in word.text for word in line.words[1:]) and asked:
        return Split((_guard(line, Guard.PERSON),))
    return Split()


def _guard(line: Line, guard: Guard) -> Operation:
    subject = Target(TargetKind.DATABASE, "")
    return Operation(
        Kind.GUARD, subject, line.span, line.script.region, spelling=line.words[0].text, guard=guard
    )


def _mapfile(shell: Interpreter, line: Line) -> Split:
    names = [word.text for word in line.words[1:] if _NAME.fullmatch(word.text)]
    stdin = line.redirects.stdin
    name = names[-1] if names else "MAPFILE"
    if stdin is None or stdin.text is None:
        shell.scope.unset(name)
        return Split()
    text = stdin.text
    lines = [text.slice(match.start(), match.end()) for match in re.finditer(r"[^\n]+", text.text)]
    shell.scope.assign(name, Value(tuple(lines[:MAX_ELEMENTS]), True, stdin.glob))
    return Split()


def _getopts(shell: Interpreter, line: Line) -> Split:
    if len(line.words) > 2:
        name = line.words[2].text
        shell.scope.assign(name, Value((Mapped.at(hole(name), line.span),), flag=True))
    return Split()


def _alias(shell: Interpreter, line: Line) -> Split:
    for word in line.words[1:]:
        name, equals, _ = word.text.partition("=")
        if equals and name:
            start = len(name) + 1
            shell.scope.set(ALIAS + name, word.mapped.slice(start, len(word.text)))
    return Split()


def _unalias(shell: Interpreter, line: Line) -> Split:
    for word in line.words[1:]:
        shell.scope.set(ALIAS + word.text, None)
    return Split()


def _source(shell: Interpreter, line: Line) -> Split | None:
    if len(line.words) < 2:
        return Split()
    word = line.words[1]
    stdin = line.redirects.stdin
    if word.text in ("/dev/stdin", "-") and stdin is not None and stdin.text is not None:
        return Split(tuple(_commands_in(shell, line, stdin.text, "source", line.checked)))
    written = shell.scope.get(WRITTEN + shell.scope.path(word.text))
    if isinstance(written, Stream) and written.text is not None:
        return Split(tuple(_commands_in(shell, line, written.text, "source", line.checked)))
    path = word.mapped
    if shell.scope.directory:
        path = Mapped.at(shell.scope.path(word.text), word.span)
    include = Include(path, "shell", line.script.region, line.span, "source", checked=line.checked)
    if line.script.region.file is shell.region.file:
        shell.read_in(include)
    return Split((include,))


def _let(shell: Interpreter, line: Line) -> Split:
    for word in line.words[1:]:
        match = re.match(r"([A-Za-z_]\w*)\s*[-+*/%]?=", word.text)
        if match is not None:
            shell.scope.assign(match[1], Value((Mapped.at(hole(match[1]), line.span),)))
    return Split()


BUILTINS: dict[str, Callable[[Interpreter, Line], Split | None]] = {
    ":": _nothing, "true": _nothing, "false": _nothing, "echo": _write, "printf": _write,
    "cd": _cd, "chdir": _cd, "pushd": _cd, "popd": _popd, "set": _set, "setopt": _setopt,
    "unsetopt": _setopt, "shift": _shift, "exit": _exit, "logout": _exit, "return": _return,
    "break": _leave_turn, "continue": _leave_turn, "eval": _eval, "trap": _trap, "read": _read,
    "mapfile": _mapfile, "readarray": _mapfile, "getopts": _getopts, "alias": _alias,
    "unalias": _unalias, ".": _source, "source": _source, "let": _let, "shopt": _nothing,
    "wait": _nothing, "type": _nothing, "hash": _nothing, "umask": _nothing, "ulimit": _nothing,
}  # fmt: skip


def flag_command(line: Line) -> Split | None:
    """Return what ``if $FORCE; then`` says: a variable that holds true or false is run."""
    if len(line.words) != 1:
        return None
    from dbguard.languages.shell.conditions import Operand, Test

    names = line.each[0].names
    text = line.words[0].text
    if not names or (not hole_names(text) and text not in ("true", "false")):
        return None
    test = Test((), line.script.region, line.span, None, str)
    split = test.choice(Operand(text, tuple(names), literal=False), ("true",))
    return split if split.yes or split.no else None
