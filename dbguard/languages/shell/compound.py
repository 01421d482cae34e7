"""Compound commands: if, while, until, for, select, case."""

from __future__ import annotations

import re

from dbguard.commands.invocation import Word
from dbguard.flow import Branch, Call, Loop, Node, Sequence, StopKind
from dbguard.languages.grammars import Node as Syntax
from dbguard.languages.shell import brackets
from dbguard.languages.shell.conditions import NOTHING, Split, branch, ends
from dbguard.languages.shell.fields import has_glob
from dbguard.languages.shell.limits import ALTERNATIVES, REPEATED, TURNS
from dbguard.languages.shell.outcome import stops_with
from dbguard.languages.shell.scope import Value, distinct
from dbguard.languages.shell.script import Script
from dbguard.languages.shell.streams import UNKNOWN, Stream, together
from dbguard.languages.shell.words import Reading
from dbguard.patterns import regex
from dbguard.source import Mapped, has_hole, hole

_PLAIN_PATTERN = regex(r"[\w.,:/@%+=-]+")

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dbguard.languages.shell.interpreter import Interpreter


def if_statement(
    shell: Interpreter, script: Script, node: Syntax, checked: bool, stdin: Stream | None
) -> list[Node]:
    """An ``if`` with its ``elif`` clauses, read from the first to the last."""
    clauses = [(node, _conditions(node), _consequence(node))]
    otherwise: list[Syntax] = []
    for child in node.children:
        if child.type == "elif_clause":
            clauses.append((child, _conditions(child), _consequence(child)))
        elif child.type == "else_clause":
            otherwise = list(child.children)
    outputs: list[Stream] = []
    opened: list[tuple[Split, tuple[Node, ...]]] = []
    arms: list[dict[str, object]] = []
    marks: list[int] = []
    for _, condition, consequence in clauses:
        shell.suspended += 1
        split = shell.last_split(script, condition, None, stdin)
        shell.suspended -= 1
        mark = shell.scope.mark()
        shell.output = UNKNOWN
        nodes = tuple(shell.statements(script, consequence, checked, stdin))
        outputs.append(shell.output)
        changes = shell.scope.undo(mark)
        if not ends(nodes):
            arms.append(changes)
        opened.append((split, nodes))
        marks.append(mark)
    mark = shell.scope.mark()
    rest = tuple(shell.statements(script, otherwise, checked, stdin))
    outputs.append(shell.output)
    changes = shell.scope.undo(mark)
    if not ends(rest) or not otherwise:
        arms.append(changes)
    shell.scope.merge(arms or [{}])
    shell.output = together(outputs)
    for split, nodes in reversed(opened[ALTERNATIVES:]):
        rest = (*split.yes, Branch((Sequence(nodes), Sequence())), *rest)
    for split, nodes in reversed(opened[:ALTERNATIVES]):
        rest = branch(split.yes + nodes, split.no + rest)
    return list(rest)


def while_statement(
    shell: Interpreter, script: Script, node: Syntax, stdin: Stream | None
) -> list[Node]:
    """Return what ``while`` or ``until`` does; where its lines are known, line by line."""
    condition = _conditions(node)
    body = node.child_by_field_name("body")
    first = node.child(0)
    names = brackets.read_names(script, condition)
    if names is not None and stdin is not None and stdin.text is not None:
        return _over_lines(shell, script, names, stdin, body)
    mark = shell.scope.mark()
    shell.suspended += 1
    split = shell.last_split(script, condition, None, stdin)
    shell.suspended -= 1
    if first is not None and first.type == "until":
        split = split.swapped
    nodes = shell.statements(script, body.children, None, stdin) if body is not None else []
    changes = shell.scope.undo(mark)
    shell.scope.merge([changes, {}])
    return [Loop(Sequence((*split.yes, *nodes))), *split.no]


def _over_lines(
    shell: Interpreter, script: Script, names: list[str], stdin: Stream, body: Syntax | None
) -> list[Node]:
    """``while read a b``: one turn for each known line."""
    text = stdin.text
    assert text is not None
    turns: list[dict[str, Value]] = []
    for match in re.finditer(r"[^\n]+", text.text):
        line = text.slice(match.start(), match.end())
        parts = list(re.finditer(r"\S+", line.text))
        turn: dict[str, Value] = {}
        for index, name in enumerate(names):
            if index >= len(parts):
                turn[name] = Value((Mapped.at("", line.span),))
                continue
            last = index == len(names) - 1
            end = parts[-1].end() if last else parts[index].end()
            glob = stdin.glob and has_glob(line.text)
            turn[name] = Value((line.slice(parts[index].start(), end),), glob=glob)
        turns.append(turn)
    return _turns(shell, script, turns, body, None)


def for_statement(
    shell: Interpreter, script: Script, node: Syntax, stdin: Stream | None
) -> list[Node]:
    """Return what ``for`` does, word by word where they are known, or ``select``."""
    reading = Reading()
    variable = node.child_by_field_name("variable")
    body = node.child_by_field_name("body")
    name = script.tree.text(variable) if variable is not None and script.tree else ""
    first = node.child(0)
    listed = node.children_by_field_name("value")
    has_in = any(child.type == "in" for child in node.children)
    words: list[Word] | None = []
    if has_in:
        expanded: list[Word] = []
        for child in listed:
            expanded.extend(shell.expander.words(script, *script.range(child), reading))
        words = expanded
    else:
        every = shell.expander.lookup("@")
        words = None if every is None else [Word(text, every.glob) for text in every.fields]
    shell.report(reading)
    before = list(reading.before)
    if first is not None and first.type == "select":
        place = shell.span(script, variable or node)
        shell.scope.assign(name, Value((Mapped.at(hole(name), place),), asked=True))
        return [*before, *unknown_turns(shell, script, body, stdin)]
    if words is None:
        shell.scope.unset(name)
        return [*before, *unknown_turns(shell, script, body, stdin)]
    turns = [
        {
            name: Value(
                (word.mapped,),
                glob=word.glob,
                queries=distinct(reading.queries),
                flag=reading.flag,
            )
        }
        for word in words
    ]
    return [*before, *_turns(shell, script, turns, body, stdin)]


def unknown_turns(
    shell: Interpreter, script: Script, body: Syntax | None, stdin: Stream | None
) -> list[Node]:
    """A loop of which nothing is known but its body."""
    mark = shell.scope.mark()
    nodes = shell.statements(script, body.children, None, stdin) if body is not None else []
    changes = shell.scope.undo(mark)
    shell.scope.merge([changes, {}])
    return [Loop(Sequence(tuple(nodes)))] if nodes else []


def _turns(
    shell: Interpreter,
    script: Script,
    turns: list[dict[str, Value]],
    body: Syntax | None,
    stdin: Stream | None,
) -> list[Node]:
    """A loop whose turns are known, one after the other."""
    if body is None:
        return []
    if len(turns) > TURNS:
        shell.problem(
            "limit", "a loop over many words is followed in part", shell.span(script, body)
        )
    found: list[Node] = []
    outputs: list[Stream] = []
    for index, turn in enumerate(turns[:TURNS]):
        if index and shell.repeated > REPEATED:
            shell.problem("limit", "loops and calls repeat too much", shell.span(script, body))
            break
        for name, value in turn.items():
            shell.scope.assign(name, value)
        shell.repeating += index > 0
        shell.output = UNKNOWN
        nodes = shell.statements(script, body.children, None, stdin)
        shell.repeating -= index > 0
        outputs.append(shell.output)
        if stops_with(nodes, StopKind.CONTINUE):
            place = shell.span(script, body)
            ended = frozenset({StopKind.CONTINUE})
            nodes = [Call("turn of the loop", place, Sequence(tuple(nodes)), ended)]
        found.extend(nodes)
    shell.output = together(outputs)
    if stops_with(found, StopKind.BREAK):
        return [Loop(Sequence(tuple(found)), at_least_once=True)]
    return found


def case_statement(
    shell: Interpreter, script: Script, node: Syntax, checked: bool, stdin: Stream | None
) -> list[Node]:
    """Return what ``case`` does: an arm for each item, with what its patterns say."""
    subject = node.child_by_field_name("value")
    reading = Reading()
    operand = brackets.operand(shell, script, subject, reading) if subject is not None else None
    shell.report(reading)
    found: list[Node] = list(reading.before)
    arms: list[Sequence] = []
    changes: list[dict[str, object]] = []
    outputs: list[Stream] = []
    refused: tuple[Node, ...] = ()
    default = False
    known = operand.text.lower() if operand is not None and shell.repeating else ""
    for item in node.children:
        if item.type != "case_item":
            continue
        if known and not has_hole(known) and _is_refuted(script, item, known):
            continue
        patterns = [
            script.text[slice(*script.range(value))].strip("\"'").lower()
            for value in item.children_by_field_name("value")[:200]
        ]
        anything = any(pattern in ("*", "?*", "(*)") for pattern in patterns)
        default = default or anything
        split = NOTHING
        if operand is not None and not anything:
            split = brackets.choice(shell, script, node, operand, patterns)
            values = item.children_by_field_name("value")
            if operand.queries and len(values) == 1:
                split = brackets.equal(shell, script, node, operand, values[0], found)
        mark = shell.scope.mark()
        shell.output = UNKNOWN
        nodes = tuple(shell.statements(script, item.children, checked, stdin))
        outputs.append(shell.output)
        changed = shell.scope.undo(mark)
        if not ends(nodes):
            changes.append(changed)
        arms.append(Sequence((*refused, *split.yes, *nodes)))
        refused = (*refused, *split.no)[:8]
    if not default:
        arms.append(Sequence(refused))
        changes.append({})
    shell.scope.merge(changes or [{}])
    shell.output = together(outputs)
    if any(arm.nodes for arm in arms):
        found.append(Branch(tuple(arms)))
    return found


def _is_refuted(script: Script, item: Syntax, subject: str) -> bool:
    """Say whether an arm of ``case`` is for words that the subject, in small letters, is not.

    Asked in the turns of a loop and in calls after the first, which reads every arm: what
    each of sixty turns does is then read once, and not sixty times.
    """
    if item.children[-1].type != ";;" or item.prev_sibling is None:
        return False
    before = item.prev_sibling
    if before.type == "case_item" and before.children[-1].type != ";;":
        return False  # it falls through to this one
    patterns = [
        script.text[slice(*script.range(value))].strip("\"'").lower()
        for value in item.children_by_field_name("value")
    ]
    return bool(patterns) and all(
        _PLAIN_PATTERN.fullmatch(pattern) and pattern != subject for pattern in patterns
    )


def _conditions(node: Syntax) -> list[Syntax]:
    """Return the commands between ``if`` (``while``) and ``then`` (``do``)."""
    found = []
    for child in node.children[1:]:
        if child.type in ("then", "do_group", "do"):
            break
        found.append(child)
    return found


def _consequence(node: Syntax) -> list[Syntax]:
    """Return the commands between ``then`` and ``elif``, ``else`` or ``fi``."""
    found: list[Syntax] = []
    inside = False
    for child in node.children:
        if child.type in ("elif_clause", "else_clause", "fi"):
            break
        if inside:
            found.append(child)
        inside = inside or child.type == "then"
    return found
