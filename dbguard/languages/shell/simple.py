"""Simple commands: assignments, builtins, functions, and what is handed to programs."""

from __future__ import annotations

import re
from posixpath import basename

from dbguard import commands
from dbguard.commands.invocation import Invocation, Word
from dbguard.flow import Check, Embed, Include, Node, Stop, StopKind
from dbguard.languages.grammars import Node as Syntax
from dbguard.languages.shell import assignments, brackets, builtins, calls
from dbguard.languages.shell.conditions import Split, branch, tested
from dbguard.languages.shell.limits import MADE
from dbguard.languages.shell.redirects import REDIRECTS, Redirects, add_redirect
from dbguard.languages.shell.scope import ALIAS, WRITTEN, Value, distinct
from dbguard.languages.shell.script import Script
from dbguard.languages.shell.streams import UNKNOWN, Stream, output
from dbguard.languages.shell.words import Reading
from dbguard.operations import Guard, Kind, Operation, Target, TargetKind
from dbguard.patterns import regex
from dbguard.records import dataclass, replace
from dbguard.source import Mapped, Piece, SourceMap, Span

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dbguard.languages.shell.interpreter import Interpreter

_MOST_WORDS = 5000
_NAME = regex(r"[\w./+-]{1,200}")
_TRANSPARENT = frozenset(("command", "builtin", "exec", "noglob", "nocorrect", "time", "coproc"))
# Functions of libraries that are not followed; their names say that they do not come back.
_FINAL = frozenset(
    ("die", "fatal", "abort", "bail", "bail_out", "panic", "error_exit", "fail_exit")
)
_ASKING = {
    ("whiptail", "--yesno"),
    ("dialog", "--yesno"),
    ("zenity", "--question"),
    ("gum", "confirm"),
    ("kdialog", "--yesno"),
    ("kdialog", "--warningyesno"),
}


@dataclass(slots=True)
class Line:
    """A simple command with its words expanded.

    ``each`` keeps what was read for each word; ``span`` covers the words that are left.
    """

    words: list[Word]
    each: list[Reading]
    places: list[tuple[int, int]]
    script: Script
    node: Syntax
    reading: Reading
    redirects: Redirects
    environment: dict[str, str]
    checked: bool = False

    @property
    def span(self) -> Span:
        """Where the words stand in the outermost file, without redirections."""
        if not self.places:
            return self.script.prepared.span(*self.script.range(self.node))
        return self.script.prepared.span(
            min(start for start, _ in self.places), max(end for _, end in self.places)
        )

    def without_first(self, count: int = 1) -> Line:
        """Return the line from a later word on."""
        return replace(
            self, words=self.words[count:], each=self.each[count:], places=self.places[count:]
        )


def run(
    shell: Interpreter,
    script: Script,
    node: Syntax,
    checked: bool,
    stdin: Stream | None,
    extra: Redirects | None,
) -> list[Node]:
    """Return what a simple command does where its status is not asked for."""
    if node.type in ("variable_assignment", "variable_assignments"):
        return _assignments(shell, script, node, checked)
    if node.type == "declaration_command":
        return assignments.declaration(shell, script, node)
    if node.type == "unset_command":
        return assignments.unset(shell, script, node)
    if shell.made > MADE:
        error = f"of more than {MADE:,} steps the first are followed"
        shell.problem("limit", error, shell.span(script, node))
        return []
    line = _line(shell, script, node, stdin, extra)
    # An array of a thousand words that each line makes anew is no work of the file's length.
    shell.made += max(0, len(line.words) - node.child_count) // 8
    if _is_test(line):
        nodes = tested(_test(shell, line), checked, line.span)
    else:
        result = _execute(shell, line, checked)
        # A function that must succeed has come back with success here.
        nodes = list(
            result.yes if checked else branch(result.yes, result.no) if result.no else result.yes
        )
    return [*line.reading.before, *line.redirects.operations, *nodes]


def split(
    shell: Interpreter,
    script: Script,
    node: Syntax,
    stdin: Stream | None,
    extra: Redirects | None,
) -> Split:
    """Return what a simple command does and says where it succeeds and where it fails."""
    line = _line(shell, script, node, stdin, extra)
    result = _test(shell, line) if _is_test(line) else _execute(shell, line, checked=True)
    before = (*line.reading.before, *line.redirects.operations)
    return Split((*before, *result.yes), result.no)


def _is_test(line: Line) -> bool:
    return bool(line.words) and line.words[0].text in ("test", "[", "[[")


def _test(shell: Interpreter, line: Line) -> Split:
    pairs = list(zip(line.words[1:], line.each[1:], strict=True))
    while pairs and pairs[-1][0].text in ("]", "]]"):
        pairs.pop()
    return brackets.of_words(shell, line.script, pairs, line.span)


def _line(
    shell: Interpreter,
    script: Script,
    node: Syntax,
    stdin: Stream | None,
    extra: Redirects | None,
) -> Line:
    """Expand the words of a command, its assignments and its redirections."""
    reading = Reading()
    redirects = extra if extra is not None else Redirects(stdin)
    if extra is not None and extra.stdin is None:
        extra.stdin = stdin
    line = Line([], [], [], script, node, reading, redirects, {})
    ranges: list[tuple[int, int]] = []
    own_line = _assigned_on_lines_before(script, node)
    cursor = node.walk()
    if cursor.goto_first_child():
        while len(ranges) <= _MOST_WORDS:
            child = cursor.node
            assert child is not None
            if child.type == "variable_assignment" and child.start_byte < own_line:
                reading.before.extend(assignments.assign(shell, script, child, checked=False))
            elif child.type == "variable_assignment":
                _prefix_assignment(shell, script, child, line)
            elif child.type in REDIRECTS:
                add_redirect(shell, script, child, reading, redirects)
            elif child.type not in ("comment", "ERROR"):
                ranges.append(script.range(child))
            if not cursor.goto_next_sibling():
                break
    if len(ranges) > _MOST_WORDS:
        shell.problem("limit", "a command with too many words", shell.span(script, node))
    for start, end in [*ranges, *redirects.words]:
        own = Reading()
        for word in shell.expander.words(script, start, end, own):
            line.words.append(_at_place(word, script, start, end))
            line.each.append(own)
            line.places.append((start, end))
            if len(line.words) > _MOST_WORDS:
                break
        _absorb(reading, own)
    redirects.words = []
    _expand_alias(shell, script, line, ranges)
    shell.report(reading)
    return line


def _assigned_on_lines_before(script: Script, node: Syntax) -> int:
    """Return the byte up to which assignments are statements of their own.

    The parser takes ``a=1 b=2`` and a command on the next line for one command.
    """
    until, previous = 0, None
    if node.child_count < 2 or node.children[0].type != "variable_assignment":
        return until
    for child in node.children[:200]:
        if previous is not None and previous.type == "variable_assignment":
            between = script.text[script.range(previous)[1] : script.range(child)[0]]
            if "\n" in between.replace("\\\n", ""):
                until = child.start_byte
        previous = child
    return until


def _absorb(reading: Reading, own: Reading) -> None:
    reading.before.extend(own.before)
    reading.queries.extend(own.queries[:64])
    reading.problems.extend(own.problems)


def _at_place(word: Word, script: Script, start: int, end: int) -> Word:
    """Return a word with its place: a quoted name covers its quotes, an empty word is somewhere."""
    if not word.mapped.map.pieces:
        at = script.prepared.span(start, start).start
        return Word(Mapped("", SourceMap((Piece(0, 0, at, 0, True),))), word.glob)
    quoted = script.text[start] in "\\'\"$" or script.text[end - 1] in "'\""
    if quoted and _NAME.fullmatch(word.text):
        return Word(Mapped.at(word.text, script.prepared.span(start, end)), word.glob)
    return word


def _prefix_assignment(shell: Interpreter, script: Script, node: Syntax, line: Line) -> None:
    name = node.child_by_field_name("name")
    value = node.child_by_field_name("value")
    if name is None or script.tree is None:
        return
    text = ""
    if value is not None:
        content = shell.expander.value(script, *script.range(value), line.reading)
        text = shell.scope.located(content.fields[0]).text
    line.environment[script.tree.text(name)] = text


def _expand_alias(
    shell: Interpreter, script: Script, line: Line, ranges: list[tuple[int, int]]
) -> None:
    """Put the words of an alias in place of its name, where the name is written plainly."""
    for _ in range(4):
        if not line.words or not ranges:
            return
        start, end = ranges[0]
        name = line.words[0].text
        alias = shell.scope.get(ALIAS + name)
        if script.text[start:end] != name or not isinstance(alias, Mapped):
            return
        if re.search(r"[;|&$`'\"<>]", alias.text) or not alias.text.split():
            return
        span = line.words[0].span
        words = [Word(Mapped.at(text, span)) for text in alias.text.split()]
        line.words[:1] = words
        line.each[:1] = [line.each[0]] * len(words)
        line.places[:1] = [line.places[0]] * len(words)
        if words[0].text == name:
            return


def _assignments(shell: Interpreter, script: Script, node: Syntax, checked: bool) -> list[Node]:
    found: list[Node] = []
    listed = node.children if node.type == "variable_assignments" else [node]
    for child in listed:
        if child.type == "variable_assignment":
            found.extend(assignments.assign(shell, script, child, checked))
    return found


def _execute(shell: Interpreter, line: Line, checked: bool) -> Split:
    """Run a builtin, a function or a program."""
    shell.output = UNKNOWN
    executes = False
    line.checked = checked
    while line.words and line.words[0].text in _TRANSPARENT:
        name = line.words[0].text
        options = 1
        while options < len(line.words) and line.words[options].text.startswith("-"):
            if name == "command" and line.words[options].text in ("-v", "-V"):
                shell.output = output(line.words, None, shell.scope)
                return Split()
            options += 2 if name == "exec" and line.words[options].text == "-a" else 1
        if options >= len(line.words):
            return Split()
        executes = executes or name == "exec"
        line = line.without_first(options)
    if not line.words:
        return Split()
    name = line.words[0].text
    result: Split | None = None
    if name in shell.functions:
        arguments = [
            Value((word.mapped,), glob=word.glob, queries=distinct(own.queries), flag=own.flag)
            for word, own in zip(line.words[1:200], line.each[1:200], strict=True)
        ]
        stdin, file = line.redirects.stdin, line.script.region.file
        result = calls.call(shell, name, arguments, line.span, checked, stdin, file)
        if result is None:
            return Split()
    elif name in builtins.BUILTINS:
        result = builtins.BUILTINS[name](shell, line)
    if result is None:
        result = _program(shell, line, checked)
    if executes:
        return Split((*result.yes, Stop(StopKind.EXIT, line.span)))
    return result


def _program(shell: Interpreter, line: Line, checked: bool) -> Split:
    name = basename(line.words[0].text)
    if name in _FINAL:
        return Split((Stop(StopKind.EXIT, line.span),))
    stdin = line.redirects.stdin
    shell.output = line.redirects.visible(output(line.words, stdin, shell.scope))
    if line.redirects.stdout is not None:
        _remember(shell, line, stdin)
    flag = builtins.flag_command(line)
    if flag is not None:
        return flag
    environment = shell.scope.environment
    if line.environment:
        environment = {**environment, **line.environment}
    invocation = Invocation(
        tuple(line.words),
        line.script.region,
        line.span,
        stdin=stdin.text if stdin is not None else None,
        stdin_via=stdin.via if stdin is not None and stdin.text is not None else "",
        stdin_file=stdin.file if stdin is not None else None,
        stdout_file=line.redirects.stdout,
        environment=environment,
        directory=shell.scope.directory,
        checked=checked,
    )
    nodes = tuple(_inlined(shell, line, node) for node in commands.lower(invocation))
    shell.made += len(nodes)
    texts = {word.text for word in line.words[1:8]}
    if any(program == name and option in texts for program, option in _ASKING):
        return Split((*nodes, _guard(line, Guard.PERSON)))
    if name in ("diff", "cmp") and line.reading.queries:
        check = Check(distinct(line.reading.queries), line.span, line.script.region)
        return Split((*nodes, check)) if checked else Split(nodes)
    return Split(nodes)


def _guard(line: Line, guard: Guard) -> Operation:
    subject = Target(TargetKind.DATABASE, "")
    return Operation(
        Kind.GUARD, subject, line.span, line.script.region, spelling=line.words[0].text, guard=guard
    )


def _remember(shell: Interpreter, line: Line, stdin: Stream | None) -> None:
    """Remember the text that ``cat > x.sql <<EOF`` or ``echo ... > x.sql`` writes."""
    stdout = line.redirects.stdout
    program = line.words[0].text
    if stdout is None or program not in ("cat", "echo", "printf"):
        return
    written = output(line.words, stdin, shell.scope)
    if written.text is not None and written.file is None:
        shell.scope.set(WRITTEN + shell.scope.path(stdout.text), written)


def _inlined(shell: Interpreter, line: Line, node: Node) -> Node:
    """Return a file that runs as its text, where the script itself has written it."""
    if not isinstance(node, Include):
        return node
    written = shell.scope.get(WRITTEN + shell.scope.path(node.path.text))
    if not isinstance(written, Stream) or written.text is None:
        return node
    region = line.script.region.embed(
        node.language,
        written.text,
        f"{node.via} (written here)",
        database=node.database,
        dialect=node.dialect,
    )
    return Embed(region, node.span, node.checked)
