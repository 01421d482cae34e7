"""Functions and substitutions: commands that run somewhere else than where they stand."""

from __future__ import annotations

from collections.abc import Sequence as SequenceOf

from dbguard.flow import Call, Node, Sequence, StopKind
from dbguard.languages.grammars import Node as Syntax
from dbguard.languages.shell.conditions import Split
from dbguard.languages.shell.fields import has_glob
from dbguard.languages.shell.limits import CALLS, DEPTH, REPEATED
from dbguard.languages.shell.outcome import embeds, may_exit, stops_with
from dbguard.languages.shell.scope import PARAMETERS, Value, distinct
from dbguard.languages.shell.script import Script, parse
from dbguard.languages.shell.streams import UNKNOWN, Stream
from dbguard.languages.shell.words import Reading
from dbguard.records import dataclass, field, replace
from dbguard.source import Mapped, SourceFile, Span, hole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dbguard.languages.shell.interpreter import Interpreter


@dataclass(slots=True)
class Frame:
    """A function call: what ``return 1`` means in it, and which names are its own."""

    name: str
    must_succeed: bool
    locals: dict[str, object] = field(default_factory=dict)


def call(
    shell: Interpreter,
    name: str,
    arguments: list[Value],
    span: Span,
    checked: bool,
    stdin: Stream | None,
    file: SourceFile | None = None,
) -> Split | None:
    """Return a function's body with its arguments bound, None if it is not followed.

    *span* is the call, *file* the file it stands in.
    """
    if len(shell.frames) >= CALLS or any(frame.name == name for frame in shell.frames):
        return None
    if shell.repeated > REPEATED:
        shell.problem("limit", "loops and calls repeat too much", span)
        return None
    owner, node = shell.functions[name]
    foreign = shell.sources is not None and owner.region.file is not shell.region.file
    if shell.sources is not None and foreign:
        within = shell.repeated_elsewhere <= shell.sources.commands
        if not within or not shell.sources.may_call(owner, node):
            shell.too_far(span)
            return None
    repeated, abroad = shell.repeated, shell.abroad
    body = node.child_by_field_name("body")
    if body is None:
        return None
    again = name in shell.called
    shell.called.add(name)
    before, caller = shell.scope.parameters, shell.scope.file
    if foreign:
        # A text of this file has no place in the other one but where it is used.
        arguments = [replace(value, home=value.home or caller) for value in arguments]
        place = shell.span(owner, node.child_by_field_name("name") or node)
        stdin = _stream_at(stdin, place) if stdin is not None else None
        shell.scope.file = owner.region.file.path
    shell.scope.set(PARAMETERS, tuple(arguments))
    frame = Frame(name, checked)
    shell.frames.append(frame)
    shell.repeating += again
    shell.abroad = foreign
    suspended = shell.suspended
    try:
        if checked and not shell.errexit:
            shell.suspended -= 1 if suspended else 0
            split = shell.split(owner, body, stdin)
        else:
            split = Split(tuple(shell.run(owner, body, checked, stdin)))
    finally:
        shell.suspended = suspended
        shell.repeating -= again
        shell.abroad = abroad
        if foreign:
            shell.scope.file = caller
            shell.output = _stream_at(shell.output, span)
            shell.repeated_elsewhere += shell.repeated - repeated
            shell.repeated = repeated
        shell.frames.pop()
        for key, value in frame.locals.items():
            shell.scope.set(key, value)
        shell.scope.set(PARAMETERS, before)
    yes = (Call(name, span, Sequence(split.yes), file=file),) if split.yes else ()
    no = () if stops_with(split.yes, StopKind.RETURN) else split.no
    return Split(yes, no)


def _stream_at(stream: Stream, span: Span) -> Stream:
    if stream.text is None:
        return stream
    return replace(stream, text=Mapped.at(stream.text.text, span))


def substitute(shell: Interpreter, script: Script, at: int, stop: int, reading: Reading) -> Value:
    """Lower ``$(...)`` at ``[at, stop)``, which runs before its command; return its output."""
    stream, nodes = captured(shell, script, at, stop, reading)
    queries = distinct((*(embed.region for embed in embeds(nodes)), *stream.queries))
    span = script.prepared.span(at, stop)
    if stream.text is None:
        inner = script.text[at + 2 : min(stop - 1, at + 62)]
        return Value((Mapped.at(hole(inner), span),), queries=queries)
    text = stream.text
    kept = text.text.rstrip("\n")
    if len(kept) != len(text.text):
        text = text.slice(0, len(kept))
    return Value((text,), glob=stream.glob and has_glob(kept), queries=queries)


def captured(
    shell: Interpreter, script: Script, at: int, stop: int, reading: Reading
) -> tuple[Stream, list[Node]]:
    """Lower a substitution and return what it writes and does."""
    node = script.substitutions.get(at)
    children: SequenceOf[Syntax]
    if node is not None:
        children = node.children
    elif shell.depth >= DEPTH:
        shell.problem("limit", "commands nested too deep to follow", script.prepared.span(at, stop))
        return UNKNOWN, []
    else:
        width = 1 if script.text[at] == "`" else 2
        inner = script.slice(min(at + width, stop), max(stop - 1, at + width))
        script = nested(shell, script, inner)
        assert script.tree is not None
        children = script.tree.root.children
    strict = shell.strict_substitution
    shell.strict_substitution = False
    mark, output = shell.scope.mark(), shell.output
    shell.suspended += 1
    shell.depth += 1
    try:
        nodes = shell.statements(script, children, strict)
    finally:
        shell.suspended -= 1
        shell.depth -= 1
    shell.scope.undo(mark)
    stream, shell.output = shell.output, output
    shell.strict_substitution = strict
    if any(may_exit(inner) for inner in nodes):
        span = (
            script.prepared.span(0, len(script.text)) if node is None else shell.span(script, node)
        )
        body = Sequence(tuple(nodes))
        nodes = [Call("subshell", span, body, frozenset({StopKind.EXIT}))]
    reading.before.extend(nodes)
    return stream, nodes


def nested(shell: Interpreter, script: Script, content: Mapped, via: str = "") -> Script:
    """Parse a text of the script itself as commands of the same shell."""
    region = (
        script.region.embed("shell", content, via)
        if via
        else replace(script.region, text=content.text, map=content.map)
    )
    inner = parse(region)
    shell.declare(inner)
    return inner
