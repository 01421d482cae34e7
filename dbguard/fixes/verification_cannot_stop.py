"""verification-cannot-stop."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from dbguard.languages.sql.lexer import Lexer
from dbguard.languages.sql.tokens import OPERATOR, Token, key
from dbguard.patterns import regex
from dbguard.repair.clients import stops_at_error
from dbguard.repair.edits import Edit
from dbguard.repair.fix import Fix, Repair, Safety, Site
from dbguard.repair.places import around
from dbguard.repair.python_code import PythonCode
from dbguard.repair.shell_code import ShellCode, inserted, is_run_by_shell
from dbguard.repair.sql_code import SqlCode
from dbguard.repair.stopping import raised_again, shell_stops
from dbguard.source import Region, Span, has_hole

_WHAT = "stops where they differ"
_EQUAL = frozenset({"==", "=", "-eq", "<=", ">=", "-le", "-ge"})
_UNEQUAL = frozenset({"!=", "<>", "-ne", "<", ">", "-lt", "-gt"})
_SAME, _OTHERWISE = frozenset({"="}), frozenset({"<>", "!="})
_AFTER_IF = regex(r"\bIF\s+$", re.IGNORECASE)
_BRANCHES = frozenset({"IF", "ELSIF", "ELSEIF", "CASE", "LOOP", "BEGIN", "END", "RETURN", "EXIT"})
_SAYS = regex(r"\bRAISE[ \t]+(NOTICE|WARNING|INFO|LOG|DEBUG)\b(?![ \t]*;)", re.IGNORECASE)


class VerificationCannotStop(Fix):
    """The side on which the comparison fails stops: `raise` in Python, `exit 1` in shell, in
    PostgreSQL `RAISE EXCEPTION` in the place of `RAISE NOTICE`. psql and sqlite3, which go on
    after an error, are told to stop, and so is the script that runs them. A comparison that is
    made before the copy, or that nothing depends on (a count that is printed), has no fix.
    """

    rule = "verification-cannot-stop"
    safety = Safety.SAFE

    def repairs(self, site: Site) -> Iterator[Repair]:
        """Yield what lets the comparison stop the drop."""
        if site.region.language == "sql":
            yield from _in_sql(site)
        span = site.finding.primary.span
        if (found := around(site.region, "shell", span)) is not None:
            if site.region.language == "shell":
                yield from _in_shell(site, *found)
            else:
                yield from shell_stops(site, *found)
        if (found := around(site.region, "python", span)) is not None:
            yield from _in_python(site, *found)


def _in_sql(site: Site) -> Iterator[Repair]:
    code = site.parsed.sql(site.region)
    statement = code.statement_at(site.span.start)
    said = _said_where_it_fails(site, code, statement.end) if statement is not None else None
    stops = stops_at_error(site.region, code)
    edits = []
    if said is not None:
        edits.append(Edit(Span(*said.span(1)), "EXCEPTION"))
        yield Repair(site.region, tuple(edits), _WHAT)
    if stops is not None:
        yield Repair(site.region, (stops, *edits), "stops at the first error")


def _said_where_it_fails(site: Site, code: SqlCode, end: int) -> re.Match[str] | None:
    """Return what is only said in the arm of an ``IF`` that runs where the comparison fails.

    None where the arm cannot be told, or says it in a branch or a loop of its own.
    """
    text, span = site.text, site.span
    operators = _operators(Lexer(text, span.start, span.end, code.dialect).read())
    if not _AFTER_IF.search(text[max(0, span.start - 40) : span.start]) or len(operators) != 1:
        return None
    tokens = Lexer(text, span.end, end, code.dialect).read()
    if key(tokens, 0) != "THEN" or operators[0] not in _OTHERWISE | _SAME:
        return None
    failing = operators[0] in _OTHERWISE
    for token in tokens[1:]:
        if token.key in _BRANCHES:
            return None
        if token.key == "ELSE":
            if failing:
                return None
            failing = True
        elif token.key == "RAISE" and failing and (said := _SAYS.match(text, token.start)):
            return said
    return None


def _operators(tokens: list[Token]) -> list[str]:
    """Return the operators that stand outside of parentheses."""
    found, depth = [], 0
    for token in tokens:
        depth += (token.key == "(") - (token.key == ")")
        if depth == 0 and token.kind == OPERATOR and token.key not in "()":
            found.append(token.key)
    return found


def _in_shell(site: Site, region: Region, span: Span) -> Iterator[Repair]:
    code = site.parsed.shell(region)
    if code is None or not is_run_by_shell(region):
        return
    test = code.node_at(span, "test_command") or code.node_at(span, "command")
    operator = _operator(code.text(test)) if test is not None else None
    if test is None or operator is None:
        return
    parent = test.parent
    if parent is not None and parent.type == "if_statement":
        yield from _in_arm(code, parent, operator)
    elif parent is not None and parent.type == "list":
        yield from _in_list(code, test, parent, operator)
    elif operator in _EQUAL and code.is_one_of_list(test):
        yield Repair(region, (inserted(code.inner(test).end, " || exit 1"),), _WHAT)


def _operator(text: str) -> str | None:
    """Return by what a test compares, None where it does more than that."""
    words = [word for word in text.split() if word in _EQUAL | _UNEQUAL]
    negated = any(word in ("!", "-a", "-o", "&&", "||") for word in text.split())
    return words[0] if len(words) == 1 and not negated else None


def _in_arm(code: ShellCode, statement: Node, operator: str) -> Iterator[Repair]:
    """Stop in the arm of an ``if`` that runs where the comparison fails."""
    children = statement.children
    arms = [child for child in children if child.type in ("elif_clause", "else_clause")]
    end = next((child for child in reversed(children) if child.type == "fi"), None)
    if end is None or any(arm.type == "elif_clause" for arm in arms):
        return
    before = arms[0] if arms and operator in _UNEQUAL else end
    at = code.inner(before).start
    text = code.region.text
    if code.begins_line(at):
        indent, line = code.indent(at), text.rfind("\n", 0, at) + 1
        stop = f"{indent}  exit 1\n"
        if operator in _EQUAL and not arms:
            stop = f"{indent}else\n{stop}"
        yield Repair(code.region, (inserted(line, stop),), _WHAT)
        return
    ended = text[:at].rstrip(" \t").endswith((";", "\n", "&"))
    stop = "else exit 1; " if operator in _EQUAL and not arms else "exit 1; "
    yield Repair(code.region, (inserted(at, stop if ended else f"; {stop}"),), _WHAT)


def _in_list(code: ShellCode, test: Node, parent: Node, operator: str) -> Iterator[Repair]:
    """Stop where a test is followed by ``&&`` or ``||``."""
    first = parent.named_children[0]
    if first.id != test.id or parent.named_child_count != 2:
        return
    joined = next((c.type for c in parent.children if c.type in ("&&", "||")), "")
    if (joined == "||") == (operator in _EQUAL):
        yield Repair(code.region, _also_stopping(code, parent.named_children[1]), _WHAT)
    elif operator in _EQUAL:
        yield Repair(code.region, (inserted(code.inner(test).end, " || exit 1"),), _WHAT)


def _also_stopping(code: ShellCode, node: Node) -> tuple[Edit, ...]:
    """Return the edits by which a statement stops the script when it is done."""
    span = code.inner(node)
    if code.text(node) in ("true", ":"):
        return (Edit(span, "exit 1"),)
    if node.type == "compound_statement" and "\n" not in code.text(node):
        return (inserted(span.end - 1, "exit 1; "),)
    return (inserted(span.start, "{ "), inserted(span.end, "; exit 1; }"))


def _in_python(site: Site, region: Region, span: Span) -> Iterator[Repair]:
    code = site.parsed.python(region)
    comparison = code.node_at(span, "comparison_operator") if code is not None else None
    if code is None:
        return
    if comparison is not None and code.inner(comparison) == span:
        yield from _raising_arm(site, code, comparison)
    call = code.node_at(span, "call", "comparison_operator", "assert_statement")
    if call is not None:
        yield from raised_again(code, call)


def _raising_arm(site: Site, code: PythonCode, comparison: Node) -> Iterator[Repair]:
    """Raise in the arm of an ``if`` that runs where the comparison fails."""
    statement = comparison.parent
    while statement is not None and statement.type == "parenthesized_expression":
        statement = statement.parent
    operators = [code.text(child) for child in comparison.children if not child.is_named]
    if statement is None or statement.type != "if_statement" or len(operators) != 1:
        return
    arms = statement.children_by_field_name("alternative")
    if any(arm.type == "elif_clause" for arm in arms):
        return
    failing = statement.child_by_field_name("consequence")
    error = f'raise RuntimeError("{_message(site)}")'
    if operators[0] in _EQUAL:
        if not arms:
            indent = code.indent(code.inner(statement).start)
            inner = code.indent(code.inner(failing).start) if failing is not None else ""
            if len(inner) <= len(indent):
                inner = indent + "    "
            at = code.line_end(code.inner(statement).end)
            text = f"\n{indent}else:\n{inner}{error}"
            yield Repair(code.region, (inserted(at, text),), _WHAT)
            return
        failing = arms[0].child_by_field_name("body")
    elif operators[0] not in _UNEQUAL:
        return
    if failing is None or not failing.named_children:
        return
    last = code.inner(failing.named_children[-1])
    first = code.inner(failing.named_children[0])
    if code.begins_line(first.start):
        text = f"\n{code.indent(first.start)}{error}"
        yield Repair(code.region, (inserted(code.line_end(last.end), text),), _WHAT)


def _message(site: Site) -> str:
    """Return what the error says: which tables have not the same rows."""
    reads = site.operation.reads if site.operation is not None else ()
    names = list(dict.fromkeys(read.name for read in reads))
    if len(names) != 2 or any(has_hole(name) or '"' in name or "\\" in name for name in names):
        return "the rows are not the same"
    return f"{names[0]} and {names[1]} have not the same rows"
