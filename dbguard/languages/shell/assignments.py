"""Assignments: what variables and the elements of arrays hold from here on."""

from __future__ import annotations

import re

from dbguard.commands.invocation import Word
from dbguard.decoding import renamed
from dbguard.flow import Node
from dbguard.languages.grammars import Node as Syntax
from dbguard.languages.shell.scope import Value, distinct
from dbguard.languages.shell.script import Script
from dbguard.languages.shell.words import Reading
from dbguard.patterns import regex
from dbguard.source import Mapped, Span, hole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dbguard.languages.shell.interpreter import Interpreter


_GENERIC = regex(r"__hole_(?!date__|mktemp__|tempfile__)\w*?__(?!_)")
_MOST_PIECES = 500
MAX_ELEMENTS = 1000


def assign(
    shell: Interpreter, script: Script, node: Syntax, checked: bool, exported: bool = False
) -> list[Node]:
    """Assign what ``name=value`` says; return what its substitutions do."""
    name_node = node.child_by_field_name("name")
    value_node = node.child_by_field_name("value")
    if name_node is None or script.tree is None:
        return []
    name = script.tree.text(name_node)
    element = name_node.type == "subscript"
    if element:
        name = name.partition("[")[0]
    reading = Reading()
    value = Value((Mapped.at("", shell.span(script, node)),))
    if value_node is not None:
        shell.strict_substitution = checked
        value = _assigned(shell, script, value_node, name, reading)
        shell.strict_substitution = False
    shell.report(reading)
    adding = any(child.type == "+=" for child in node.children[:3])
    before = shell.scope.variable(name)
    if before is not None:
        before = shell.scope.seen_from(before, shell.span(script, node))
    if element:
        fields = before.fields if before is not None else ()
        value = Value((*fields, *value.fields)[:MAX_ELEMENTS], True, value.glob, value.queries)
    elif adding and before is not None:
        if value.array or before.array:
            fields = (*before.fields, *value.fields)[:MAX_ELEMENTS]
        else:
            fields = (
                _appended(Mapped.join(before.fields), value.fields[0], shell.span(script, node)),
            )
        if sum(len(field.text) for field in fields) < 200_000:
            value = Value(
                fields,
                before.array or value.array,
                before.glob or value.glob,
                distinct((*before.queries, *value.queries)),
                before.asked or value.asked,
            )
    shell.scope.assign(name, value)
    if exported:
        shell.scope.export(name, value)
    return list(reading.before)


def _appended(before: Mapped, added: Mapped, span: Span) -> Mapped:
    """Return two texts as one; past many pieces the whole stands for the last assignment."""
    if len(before.map.pieces) > _MOST_PIECES:
        return Mapped.at(before.text + added.text, span)
    return Mapped.join((before, added))


def _assigned(
    shell: Interpreter, script: Script, node: Syntax, name: str, reading: Reading
) -> Value:
    if node.type == "array":
        words: list[Word] = []
        for child in node.children[:5000]:
            if child.is_named and child.type not in ("comment", "ERROR"):
                words.extend(shell.expander.words(script, *script.range(child), reading))
            if len(words) > MAX_ELEMENTS:
                # ``a=("${a[@]}" "${a[@]}")``, a few lines long, doubles without end.
                much = f"an array of more than {MAX_ELEMENTS} words"
                reading.problems.append((much, shell.span(script, node)))
                break
        return Value(
            tuple(word.mapped for word in words[:MAX_ELEMENTS]),
            True,
            any(word.glob for word in words),
            distinct(reading.queries),
        )
    value = shell.expander.value(script, *script.range(node), reading)
    text = value.fields[0]
    numbered = re.fullmatch(r"__hole_(\d|args)__", text.text)
    substituted = _GENERIC.fullmatch(text.text) and len(reading.names) == 0
    if (marked := renamed(text.text, name)) is not None:
        text = Mapped.at(marked, text.span)
    elif numbered or substituted:
        # What nothing is known about goes by the name it is given.
        text = Mapped.at(hole(name), text.span)
    flag = value.flag or numbered is not None
    return Value((text,), False, value.glob, value.queries, value.asked, flag)


def declaration(shell: Interpreter, script: Script, node: Syntax) -> list[Node]:
    """``export``, ``local``, ``declare``, ``readonly``, ``typeset``."""
    first = node.child(0)
    keyword = first.type if first is not None else ""
    options = "".join(
        script.text[slice(*script.range(child))]
        for child in node.children[1:]
        if child.type == "word" and script.text.startswith("-", script.range(child)[0])
    )
    exported = keyword == "export" or "x" in options
    own = keyword in ("local", "declare", "typeset") and "g" not in options
    found: list[Node] = []
    for child in node.children[1:]:
        if child.type == "variable_assignment":
            name = child.child_by_field_name("name")
            if own and name is not None and script.tree is not None:
                _localise(shell, script.tree.text(name).partition("[")[0])
            # `local x=$(cmd)` succeeds whatever cmd does.
            found.extend(assign(shell, script, child, checked=False, exported=exported))
        elif child.type == "variable_name" and script.tree is not None:
            name_text = script.tree.text(child)
            if own:
                _localise(shell, name_text)
                if shell.frames:
                    shell.scope.unset(name_text)
            if exported:
                shell.scope.export(name_text, shell.scope.variable(name_text))
        elif child.is_named and child.type not in ("word", "comment", "ERROR"):
            reading = Reading()
            shell.expander.words(script, *script.range(child), reading)
            found.extend(reading.before)
    return found


def _localise(shell: Interpreter, name: str) -> None:
    if shell.frames:
        shell.frames[-1].locals.setdefault(name, shell.scope.get(name))


def unset(shell: Interpreter, script: Script, node: Syntax) -> list[Node]:
    """``unset name``."""
    for child in node.children[1:]:
        if child.type in ("variable_name", "word"):
            shell.scope.unset(script.text[slice(*script.range(child))])
    return []
