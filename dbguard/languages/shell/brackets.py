"""Reads ``[ ]``, ``[[ ]]``, ``test``, ``(( ))`` and the subject of ``case`` into conditions."""

from __future__ import annotations

import re
from collections.abc import Sequence

from dbguard.commands.invocation import Word
from dbguard.flow import Node
from dbguard.languages.grammars import Node as Syntax
from dbguard.languages.shell.conditions import Operand, Split, Test, Token
from dbguard.languages.shell.script import Script
from dbguard.languages.shell.words import Reading
from dbguard.patterns import regex
from dbguard.source import Span, has_hole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dbguard.languages.shell.interpreter import Interpreter

_STRUCTURE = frozenset(
    (
        "binary_expression",
        "unary_expression",
        "parenthesized_expression",
        "negated_expression",
        "ERROR",
        "test_command",
        "compound_statement",
    )
)
_WORDS = frozenset(("!", "(", ")", "-a", "-o", "=", "==", "!=", "=~", "<", ">", "&&", "||"))
_MOST = 400
_ARITHMETIC = regex(
    r"(?P<operator>&&|\|\||==|!=|<=|>=|<|>|!|\(|\))|(?P<operand>\$?\w+|\$\{[^{}]*\})|\s+|(?P<other>.)"
)


def of_brackets(shell: Interpreter, script: Script, node: Syntax) -> Split:
    """Return what ``[ ... ]`` or ``[[ ... ]]`` says."""
    reading = Reading()
    tokens: list[Token] = []
    stack = list(reversed(node.children))
    steps = 0
    while stack and steps < _MOST * 4 and len(tokens) < _MOST:
        steps += 1
        current = stack.pop()
        start, end = script.range(current)
        text = script.text[start : min(end, start + 8)]
        if current.type in _STRUCTURE:
            stack.extend(reversed(current.children[:_MOST]))
        elif current.type == "test_operator" or (not current.is_named and text in _WORDS):
            tokens.append(text)
        elif current.type in ("[", "]", "[[", "]]"):
            continue
        elif current.type == "regex":
            tokens.append(Operand(script.text[start:end].strip()))
        else:
            tokens.append(operand(shell, script, current, reading))
    span = shell.span(script, node)
    if stack:
        reading.problems.append((f"a condition of more than {_MOST} parts", span))
    shell.report(reading)
    split = Test(
        tokens, script.region, span, shell.status, shell.scope.path, shell.status_name
    ).split()
    return Split((*reading.before, *split.yes), split.no) if reading.before else split


def of_words(
    shell: Interpreter, script: Script, words: Sequence[tuple[Word, Reading]], span: Span
) -> Split:
    """Return what ``test`` says about its arguments."""
    tokens: list[Token] = []
    if len(words) > _MOST:
        shell.report(Reading(problems=[(f"a condition of more than {_MOST} parts", span)]))
    for word, reading in words[:_MOST]:
        literal = not reading.names and not reading.queries
        if literal and (word.text in _WORDS or re.fullmatch(r"-[a-z]{1,2}", word.text)):
            tokens.append(word.text)
        else:
            tokens.append(_operand(word.text, reading))
    return Test(
        tokens, script.region, span, shell.status, shell.scope.path, shell.status_name
    ).split()


def of_arithmetic(shell: Interpreter, script: Script, node: Syntax) -> Split:
    """Return what ``(( a == b ))`` says."""
    start, end = script.range(node)
    tokens: list[Token] = []
    reading = Reading()
    for match in _ARITHMETIC.finditer(script.text, start + 2, max(start + 2, end - 2)):
        if len(tokens) > _MOST or match["other"]:
            return Split()
        if match["operator"]:
            tokens.append(match["operator"])
        elif match["operand"]:
            name = match["operand"].strip("${}")
            value = shell.expander.lookup(name)
            if name.isdigit() and not match["operand"].startswith("$"):
                tokens.append(Operand(name))
            elif value is None:
                tokens.append(Operand("", (name,), literal=False))
            else:
                tokens.append(
                    Operand(value.text, (name,), value.queries, value.asked, value.flag, False)
                )
    if "$(" in script.text[start:end]:
        shell.expander.value(script, start + 2, max(start + 2, end - 2), reading)
    span = shell.span(script, node)
    test = Test(
        tokens, script.region, span, shell.status, shell.scope.path, shell.status_name, True
    )
    split = test.split()
    return Split((*reading.before, *split.yes), split.no)


def operand(shell: Interpreter, script: Script, node: Syntax, reading: Reading) -> Operand:
    """Return a word of a test as one side of a comparison."""
    own = Reading()
    start, end = script.range(node)
    value = shell.expander.value(script, start, end, own)
    reading.before.extend(own.before)
    reading.problems.extend(own.problems)
    return _operand(value.text, own)


def choice(
    shell: Interpreter, script: Script, node: Syntax, subject: Operand, patterns: Sequence[str]
) -> Split:
    """Return what it says that the subject of a ``case`` matches one of *patterns*."""
    test = Test((), script.region, shell.span(script, node), None, shell.scope.path)
    return test.choice(subject, patterns)


def equal(
    shell: Interpreter,
    script: Script,
    node: Syntax,
    subject: Operand,
    pattern: Syntax,
    before: list[Node],
) -> Split:
    """Return what it says that the subject of a ``case`` matches a pattern: ``case $a in $b)``.

    What the pattern runs is appended to *before*.
    """
    reading = Reading()
    other = operand(shell, script, pattern, reading)
    before.extend(reading.before)
    tokens: tuple[Token, ...] = (subject, "=", other)
    return Test(tokens, script.region, shell.span(script, node), None, shell.scope.path).split()


def _operand(text: str, reading: Reading) -> Operand:
    literal = not reading.names and not reading.queries and not has_hole(text)
    return Operand(
        text,
        tuple(reading.names[:16]),
        tuple(reading.queries[:16]),
        reading.asked,
        reading.flag,
        literal,
    )


def read_names(script: Script, condition: Sequence[Syntax]) -> list[str] | None:
    """Return the variables of ``while read a b``, None if that is not the condition."""
    commands = [node for node in condition if node.is_named and node.type != "comment"]
    if len(commands) != 1 or commands[0].type != "command":
        return None
    words = [
        script.text[slice(*script.range(child))]
        for child in commands[0].children[:40]
        if child.type in ("command_name", "word", "raw_string", "string", "ansi_c_string", "number")
    ]
    if not words or words[0] != "read":
        return None
    return variables_of_read(words[1:]) or ["REPLY"]


def variables_of_read(words: Sequence[str]) -> list[str]:
    """Return the names that ``read`` with these arguments assigns."""
    names: list[str] = []
    skip = False
    for word in words:
        if skip:
            skip = False
        elif word.startswith("-") and len(word) > 1:
            skip = word[-1] in "pndtuiN" and not (word[-1] == "p" and len(word) > 4)
        elif re.fullmatch(r"[A-Za-z_]\w*", word, re.ASCII):
            names.append(word)
    return names
