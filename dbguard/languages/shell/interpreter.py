"""Control flow: what runs after what, and what has succeeded where."""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Sequence as SequenceOf
from dataclasses import dataclass, field, replace

from tree_sitter import Node as Syntax

from dbguard.commands.invocation import Word
from dbguard.flow import (
    Branch,
    Call,
    Embed,
    Flow,
    Loop,
    Node,
    Sequence,
    Stop,
    StopKind,
)
from dbguard.languages.shell import brackets, simple
from dbguard.languages.shell.conditions import NOTHING, Split, both, branch, either, ends, tested
from dbguard.languages.shell.redirects import REDIRECTS, Redirects, redirects_of
from dbguard.languages.shell.scope import ERREXIT, PARAMETERS, PIPEFAIL, Scope, Value, distinct
from dbguard.languages.shell.script import Script, parse
from dbguard.languages.shell.streams import UNKNOWN, Stream, together
from dbguard.languages.shell.words import Expander, Reading
from dbguard.source import Mapped, Problem, Region, Span, hole

DEPTH = 45
"""How deep commands may stand in one another before the rest is left out."""

CALLS = 5
"""How deep functions are followed."""

REPEATED = 8_000
"""How many commands are read again in calls and in the turns of a loop."""

EVALUATED = 1_000_000
"""How many code points of text are read as commands by eval and trap."""

TURNS = 64
"""How many turns of a loop over known words are told apart."""

_STATEMENTS = frozenset(
    [
        "command",
        "redirected_statement",
        "pipeline",
        "list",
        "negated_command",
        "test_command",
        "subshell",
        "compound_statement",
        "if_statement",
        "while_statement",
        "for_statement",
        "c_style_for_statement",
        "case_statement",
        "function_definition",
        "declaration_command",
        "unset_command",
        "variable_assignment",
        "variable_assignments",
        "ERROR",
        "do_group",
        "elif_clause",
        "else_clause",
    ]
)
_SEVERAL = frozenset(("list", "pipeline", "negated_command"))
_ALTERNATIVES = 40


@dataclass(slots=True)
class Frame:
    """A function call: what ``return 1`` means in it, and which names are its own."""

    name: str
    must_succeed: bool
    locals: dict[str, object] = field(default_factory=dict)


class Interpreter:
    """Runs a script without running it: every path, with the values that are known."""

    def __init__(self, region: Region) -> None:
        self.region = region
        self.scope = Scope()
        self.expander = Expander(self.scope, self.substitute)
        self.problems: list[Problem] = []
        self.functions: dict[str, tuple[Script, Syntax]] = {}
        self.called: set[str] = set()
        self.frames: list[Frame] = []
        self.output: Stream = UNKNOWN
        self.status: Split | None = None
        self.strict_substitution = False
        self._suspended = 0
        self._depth = 0
        self._repeating = 0
        self._repeated = 0
        self._evaluated = 0
        self._moved: dict[tuple[int, int, int], list[Syntax]] = {}
        self._limits: set[str] = set()

    # -- the whole -----------------------------------------------------------------

    def flows(self, script: Script) -> tuple[Flow, ...]:
        """Return the top level, then the functions that nothing calls."""
        self.declare(script)
        assert script.tree is not None
        top = self.statements(script, script.tree.root.children)
        found = [Flow("", Sequence(tuple(top)))]
        for name, (owner, node) in list(self.functions.items()):
            if name in self.called:
                continue
            mark = self.scope.mark()
            self.scope.set(PARAMETERS, None)
            self.frames = [Frame(name, must_succeed=False)]
            body = node.child_by_field_name("body")
            nodes = self.run(owner, body) if body is not None else []
            self.frames = []
            self.scope.undo(mark)
            if nodes:
                found.append(Flow(name, Sequence(tuple(nodes))))
        return tuple(found)

    def declare(self, script: Script) -> None:
        """Learn the functions that a text defines."""
        assert script.tree is not None
        if not re.search(r"\(\s*\)|\bfunction\b", script.text):
            return
        cursor = script.tree.root.walk()
        while True:
            node = cursor.node
            if node is not None and node.type == "function_definition":
                name = node.child_by_field_name("name")
                if name is not None:
                    self.functions[script.tree.text(name)] = (script, node)
            if cursor.goto_first_child():
                continue
            while not cursor.goto_next_sibling():
                if not cursor.goto_parent():
                    return

    def problem(self, stage: str, error: str, span: Span) -> None:
        """Report what could not be followed, each kind once."""
        if error not in self._limits:
            self._limits.add(error)
            self.problems.append(Problem(self.region.file.path, error, stage, span))

    def too_much(self, length: int, span: Span) -> bool:
        """Count a text that is read once more, say whether that is too much by now."""
        self._evaluated += length
        if self._evaluated > EVALUATED:
            self.problem("limit", "too much text is evaluated", span)
            return True
        return False

    @property
    def errexit(self) -> bool:
        """Whether a plain command that fails ends the script here."""
        return self.scope.flag(ERREXIT) and not self._suspended

    # -- statements ----------------------------------------------------------------

    def statements(
        self,
        script: Script,
        nodes: SequenceOf[Syntax],
        checked: bool | None = None,
        stdin: Stream | None = None,
    ) -> list[Node]:
        """Return what a list of commands does; the last one is *checked* where that is given."""
        return list(self.last_split(script, nodes, checked, stdin, split=False).yes)

    def last_split(
        self,
        script: Script,
        nodes: SequenceOf[Syntax],
        checked: bool | None = None,
        stdin: Stream | None = None,
        *,
        split: bool = True,
    ) -> Split:
        """Return a list of commands, split at the status of the last one."""
        listed = [
            (node, nodes[index + 1].type == "&" if index + 1 < len(nodes) else False)
            for index, node in enumerate(nodes)
            if node.type in _STATEMENTS
        ]
        found: list[Node] = []
        outputs: list[Stream] = []
        no: tuple[Node, ...] = ()
        for index, (node, background) in enumerate(listed):
            last = index == len(listed) - 1
            self.output = UNKNOWN
            if not last and _asks_status(script, listed[index + 1][0]):
                self.status = self.split(script, node, stdin)
                continue
            if last and split and not background:
                result = self.split(script, node, stdin)
                found.extend(result.yes)
                no = result.no
            else:
                wanted = checked if last and checked is not None else self.errexit
                found.extend(self.run(script, node, wanted and not background, stdin))
            self.status = None
            outputs.append(self.output)
        self.output = together(outputs)
        return Split(tuple(found), no)

    def run(
        self,
        script: Script,
        node: Syntax,
        checked: bool | None = None,
        stdin: Stream | None = None,
        extra: Redirects | None = None,
    ) -> list[Node]:
        """Return what a command does. *checked*: had it failed, what follows would not run."""
        if self._depth >= DEPTH:
            self.problem("limit", "commands nested too deep to follow", self.span(script, node))
            return []
        if self._repeating:
            self._repeated += 1
        self._depth += 1
        try:
            wanted = self.errexit if checked is None else checked
            return self._run(script, node, wanted, stdin, extra)
        finally:
            self._depth -= 1

    def _run(
        self,
        script: Script,
        node: Syntax,
        checked: bool,
        stdin: Stream | None,
        extra: Redirects | None,
    ) -> list[Node]:
        if self._moved and _place(script, node) in self._moved:
            return self._redirected(script, node, checked, stdin)
        match node.type:
            case (
                "command"
                | "declaration_command"
                | "unset_command"
                | "variable_assignment"
                | ("variable_assignments")
            ):
                return simple.run(self, script, node, checked, stdin, extra)
            case "redirected_statement":
                return self._redirected(script, node, checked, stdin)
            case "pipeline":
                return self._pipeline(script, node, checked, stdin)
            case "list":
                return self._list(script, node, checked, stdin)
            case "negated_command":
                split = self.split(script, node, stdin)
                return list(branch(split.yes, split.no))
            case "test_command":
                span = self.span(script, node)
                return tested(self.split(script, node, stdin), checked, span)
            case "subshell":
                return self._subshell(script, node, checked, stdin)
            case "compound_statement":
                if node.child(0) is not None and script.text.startswith(
                    "((", script.range(node)[0]
                ):
                    span = self.span(script, node)
                    return tested(self.split(script, node, stdin), checked, span)
                return self.statements(script, node.children, checked, stdin)
            case "if_statement":
                return self._if(script, node, checked, stdin)
            case "while_statement":
                return self._while(script, node, stdin)
            case "for_statement":
                return self._for(script, node, stdin)
            case "c_style_for_statement":
                return self._turn(script, node.child_by_field_name("body"), stdin)
            case "case_statement":
                return self._case(script, node, checked, stdin)
            case "function_definition":
                return []
            case "ERROR" | "do_group" | "elif_clause" | "else_clause":
                return self.statements(script, node.children, checked, stdin)
        return []

    def split(self, script: Script, node: Syntax, stdin: Stream | None = None) -> Split:
        """Return what a command does and says where it succeeds and where it fails."""
        if self._depth >= DEPTH:
            self.problem("limit", "commands nested too deep to follow", self.span(script, node))
            return NOTHING
        self._depth += 1
        self._suspended += 1
        try:
            return self._split(script, node, stdin)
        finally:
            self._depth -= 1
            self._suspended -= 1

    def _split(
        self, script: Script, node: Syntax, stdin: Stream | None, extra: Redirects | None = None
    ) -> Split:
        if self._moved and _place(script, node) in self._moved:
            return self._redirected_split(script, node, stdin)
        match node.type:
            case "list":
                return self._list_split(script, node, stdin)
            case "negated_command":
                inner = node.child(node.child_count - 1)
                return self.split(script, inner, stdin).swapped if inner else NOTHING
            case "test_command":
                return brackets.of_brackets(self, script, node)
            case "compound_statement":
                if script.text.startswith("((", script.range(node)[0]):
                    return brackets.of_arithmetic(self, script, node)
                return self.last_split(script, node.children, None, stdin)
            case "redirected_statement":
                return self._redirected_split(script, node, stdin)
            case "command":
                return simple.split(self, script, node, stdin, extra)
            case "subshell":
                mark = self.scope.mark()
                split = self.last_split(script, node.children, None, stdin)
                self.scope.undo(mark)
                return Split((self.subshell(script, node, split.yes),), split.no)
        return Split(tuple(self.run(script, node, True, stdin)))

    def _parts_of_redirected(
        self, script: Script, node: Syntax
    ) -> tuple[Syntax | None, list[Syntax]]:
        """Return a command and its redirections.

        The parser hangs those of ``a && b > c`` and ``a | b > c`` on the whole; they belong
        to the last command and are moved there.
        """
        moved = self._moved.pop(_place(script, node), [])
        if node.type != "redirected_statement":
            return node, moved
        body = node.child_by_field_name("body")
        redirects = [child for child in node.children if child.type in REDIRECTS] + moved
        if body is None or body.type not in _SEVERAL:
            return body, redirects
        last: Syntax = body
        while last.type in _SEVERAL:
            inner = [child for child in last.children if child.type in _STATEMENTS]
            if not inner:
                return body, redirects
            last = inner[-1]
        self._moved[_place(script, last)] = redirects
        return body, []

    def _redirected(
        self, script: Script, node: Syntax, checked: bool, stdin: Stream | None
    ) -> list[Node]:
        body, listed = self._parts_of_redirected(script, node)
        if body is not None and not listed:
            return self.run(script, body, checked, stdin)
        reading = Reading()
        redirects = redirects_of(self, script, listed, reading, stdin)
        found = list(reading.before)
        if body is None or body.type != "command":
            found += redirects.operations
        self.report(reading)
        if body is not None:
            found += self.run(script, body, checked, redirects.stdin, redirects)
        elif redirects.stdin is not None:
            # $(< file) writes what it reads.
            self.output = redirects.stdin
        self.output = redirects.visible(self.output)
        return found

    def _redirected_split(self, script: Script, node: Syntax, stdin: Stream | None) -> Split:
        body, listed = self._parts_of_redirected(script, node)
        if body is None:
            return Split(tuple(self._redirected(script, node, True, stdin)))
        if not listed:
            return self.split(script, body, stdin)
        reading = Reading()
        redirects = redirects_of(self, script, listed, reading, stdin)
        if body.type == "command":
            split = simple.split(self, script, body, stdin, redirects)
        else:
            split = self._split(script, body, redirects.stdin)
        self.report(reading)
        written = () if body.type == "command" else redirects.operations
        self.output = redirects.visible(self.output)
        return Split((*reading.before, *written, *split.yes), split.no)

    def _pipeline(
        self, script: Script, node: Syntax, checked: bool, stdin: Stream | None
    ) -> list[Node]:
        stages = [child for child in node.children if child.type in _STATEMENTS]
        found: list[Node] = []
        pipefail = self.scope.flag(PIPEFAIL)
        stream = stdin
        for index, stage in enumerate(stages):
            last = index == len(stages) - 1
            mark = self.scope.mark()
            self.output = UNKNOWN
            nodes = self.run(script, stage, checked and (last or pipefail), stream)
            self.scope.undo(mark)
            if any(_may_exit(inner) for inner in nodes):
                nodes = [self.subshell(script, stage, nodes)]
            found.extend(nodes)
            stream = self.output
        return found

    # -- and, or -------------------------------------------------------------------

    def _parts(self, node: Syntax) -> list[tuple[str, Syntax]]:
        """Return the commands of a list, each with the operator before it."""
        parts: list[tuple[str, Syntax]] = []
        current: Syntax | None = node
        while current is not None and current.type == "list":
            children = [child for child in current.children if child.type != "comment"]
            operator = next((c.type for c in children if c.type in ("&&", "||")), "&&")
            inner = [child for child in children if child.type in _STATEMENTS]
            if len(inner) < 2:
                current = inner[0] if inner else None
                continue
            parts.extend((operator, child) for child in reversed(inner[1:]))
            current = inner[0]
        if current is not None:
            parts.append(("", current))
        parts.reverse()
        return parts

    def _list(
        self, script: Script, node: Syntax, checked: bool, stdin: Stream | None
    ) -> list[Node]:
        parts = self._parts(node)
        if len(parts) < 2:
            return self.run(script, parts[0][1], checked, stdin) if parts else []
        operator, last = parts[-1]
        split, mark = self._joined(script, parts[:-1], stdin)
        self.output = UNKNOWN
        nodes = tuple(self.run(script, last, checked, stdin))
        changes = self.scope.undo(mark)
        arms = [] if ends(nodes) else [changes]
        if operator == "&&":
            self.scope.merge([*arms, *([] if ends(split.no) else [{}])] or [{}])
            return list(branch(split.yes + nodes, split.no))
        self.scope.merge([*([] if ends(split.yes) else [{}]), *arms] or [{}])
        return list(branch(split.yes, split.no + nodes))

    def _list_split(self, script: Script, node: Syntax, stdin: Stream | None) -> Split:
        return self._joined(script, self._parts(node), stdin)[0]

    def _joined(
        self, script: Script, parts: list[tuple[str, Syntax]], stdin: Stream | None
    ) -> tuple[Split, int]:
        """Return the split of a chain, and the mark of the state before what comes next."""
        result = self.split(script, parts[0][1], stdin)
        alternatives = 0
        for operator, part in parts[1:]:
            mark = self.scope.mark()
            split = self.split(script, part, stdin)
            if operator == "&&":
                result = both(result, split)
                continue
            alternatives += 1
            changes = self.scope.undo(mark)
            self.scope.merge([{}] if ends(split.yes) else [{}, changes])
            if alternatives < _ALTERNATIVES:
                result = either(result, split)
            else:
                result = Split(result.yes + split.yes)
        return result, self.scope.mark()

    # -- compound commands ---------------------------------------------------------

    def subshell(self, script: Script, node: Syntax, nodes: SequenceOf[Node]) -> Node:
        """Return nodes whose exits end only themselves."""
        body = Sequence(tuple(nodes))
        return Call("subshell", self.span(script, node), body, frozenset({StopKind.EXIT}))

    def _subshell(
        self, script: Script, node: Syntax, checked: bool, stdin: Stream | None
    ) -> list[Node]:
        mark = self.scope.mark()
        nodes = self.statements(script, node.children, checked, stdin)
        self.scope.undo(mark)
        return [self.subshell(script, node, nodes)] if nodes else []

    def _if(self, script: Script, node: Syntax, checked: bool, stdin: Stream | None) -> list[Node]:
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
            self._suspended += 1
            split = self.last_split(script, condition, None, stdin)
            self._suspended -= 1
            mark = self.scope.mark()
            self.output = UNKNOWN
            nodes = tuple(self.statements(script, consequence, checked, stdin))
            outputs.append(self.output)
            changes = self.scope.undo(mark)
            if not ends(nodes):
                arms.append(changes)
            opened.append((split, nodes))
            marks.append(mark)
        mark = self.scope.mark()
        rest = tuple(self.statements(script, otherwise, checked, stdin))
        outputs.append(self.output)
        changes = self.scope.undo(mark)
        if not ends(rest) or not otherwise:
            arms.append(changes)
        self.scope.merge(arms or [{}])
        self.output = together(outputs)
        for split, nodes in reversed(opened[_ALTERNATIVES:]):
            rest = (*split.yes, Branch((Sequence(nodes), Sequence())), *rest)
        for split, nodes in reversed(opened[:_ALTERNATIVES]):
            rest = branch(split.yes + nodes, split.no + rest)
        return list(rest)

    def _while(self, script: Script, node: Syntax, stdin: Stream | None) -> list[Node]:
        condition = _conditions(node)
        body = node.child_by_field_name("body")
        first = node.child(0)
        names = brackets.read_names(script, condition)
        if names is not None and stdin is not None and stdin.text is not None:
            return self._over_lines(script, names, stdin, body)
        mark = self.scope.mark()
        self._suspended += 1
        split = self.last_split(script, condition, None, stdin)
        self._suspended -= 1
        if first is not None and first.type == "until":
            split = split.swapped
        nodes = self.statements(script, body.children, None, stdin) if body is not None else []
        changes = self.scope.undo(mark)
        self.scope.merge([changes, {}])
        return [Loop(Sequence((*split.yes, *nodes))), *split.no]

    def _over_lines(
        self, script: Script, names: list[str], stdin: Stream, body: Syntax | None
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
                glob = stdin.glob and _has_glob(line.text)
                turn[name] = Value((line.slice(parts[index].start(), end),), glob=glob)
            turns.append(turn)
        return self._turns(script, turns, body, None)

    def _for(self, script: Script, node: Syntax, stdin: Stream | None) -> list[Node]:
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
                expanded.extend(self.expander.words(script, *script.range(child), reading))
            words = expanded
        else:
            every = self.expander.lookup("@")
            words = None if every is None else [Word(text, every.glob) for text in every.fields]
        self.report(reading)
        before = list(reading.before)
        if first is not None and first.type == "select":
            place = self.span(script, variable or node)
            self.scope.assign(name, Value((Mapped.at(hole(name), place),), asked=True))
            return [*before, *self._turn(script, body, stdin)]
        if words is None:
            self.scope.unset(name)
            return [*before, *self._turn(script, body, stdin)]
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
        return [*before, *self._turns(script, turns, body, stdin)]

    def _turn(self, script: Script, body: Syntax | None, stdin: Stream | None) -> list[Node]:
        """A loop of which nothing is known but its body."""
        mark = self.scope.mark()
        nodes = self.statements(script, body.children, None, stdin) if body is not None else []
        changes = self.scope.undo(mark)
        self.scope.merge([changes, {}])
        return [Loop(Sequence(tuple(nodes)))] if nodes else []

    def _turns(
        self,
        script: Script,
        turns: list[dict[str, Value]],
        body: Syntax | None,
        stdin: Stream | None,
    ) -> list[Node]:
        """A loop whose turns are known, one after the other."""
        if body is None:
            return []
        if len(turns) > TURNS:
            self.problem(
                "limit", "a loop over many words is followed in part", self.span(script, body)
            )
        found: list[Node] = []
        outputs: list[Stream] = []
        for index, turn in enumerate(turns[:TURNS]):
            if index and self._repeated > REPEATED:
                self.problem("limit", "loops and calls repeat too much", self.span(script, body))
                break
            for name, value in turn.items():
                self.scope.assign(name, value)
            self._repeating += index > 0
            self.output = UNKNOWN
            nodes = self.statements(script, body.children, None, stdin)
            self._repeating -= index > 0
            outputs.append(self.output)
            if _stops_with(nodes, StopKind.CONTINUE):
                place = self.span(script, body)
                ended = frozenset({StopKind.CONTINUE})
                nodes = [Call("turn of the loop", place, Sequence(tuple(nodes)), ended)]
            found.extend(nodes)
        self.output = together(outputs)
        if _stops_with(found, StopKind.BREAK):
            return [Loop(Sequence(tuple(found)), at_least_once=True)]
        return found

    def _case(
        self, script: Script, node: Syntax, checked: bool, stdin: Stream | None
    ) -> list[Node]:
        subject = node.child_by_field_name("value")
        reading = Reading()
        operand = brackets.operand(self, script, subject, reading) if subject is not None else None
        self.report(reading)
        found: list[Node] = list(reading.before)
        arms: list[Sequence] = []
        changes: list[dict[str, object]] = []
        outputs: list[Stream] = []
        refused: tuple[Node, ...] = ()
        default = False
        for item in node.children:
            if item.type != "case_item":
                continue
            patterns = [
                script.text[slice(*script.range(value))].strip("\"'").lower()
                for value in item.children_by_field_name("value")[:200]
            ]
            anything = any(pattern in ("*", "?*", "(*)") for pattern in patterns)
            default = default or anything
            split = NOTHING
            if operand is not None and not anything:
                split = brackets.choice(self, script, node, operand, patterns)
            mark = self.scope.mark()
            self.output = UNKNOWN
            nodes = tuple(self.statements(script, item.children, checked, stdin))
            outputs.append(self.output)
            changed = self.scope.undo(mark)
            if not ends(nodes):
                changes.append(changed)
            arms.append(Sequence((*refused, *split.yes, *nodes)))
            refused = (*refused, *split.no)[:8]
        if not default:
            arms.append(Sequence(refused))
            changes.append({})
        self.scope.merge(changes or [{}])
        self.output = together(outputs)
        if any(arm.nodes for arm in arms):
            found.append(Branch(tuple(arms)))
        return found

    # -- functions and substitutions -------------------------------------------------

    def call(
        self,
        name: str,
        arguments: list[Value],
        span: Span,
        checked: bool,
        stdin: Stream | None,
    ) -> Split | None:
        """Return a function's body with its arguments bound, None if it is not followed."""
        if len(self.frames) >= CALLS or any(frame.name == name for frame in self.frames):
            return None
        if self._repeated > REPEATED:
            self.problem("limit", "loops and calls repeat too much", span)
            return None
        owner, node = self.functions[name]
        body = node.child_by_field_name("body")
        if body is None:
            return None
        again = name in self.called
        self.called.add(name)
        before = self.scope.parameters
        self.scope.set(PARAMETERS, tuple(arguments))
        frame = Frame(name, checked)
        self.frames.append(frame)
        self._repeating += again
        suspended = self._suspended
        try:
            if checked and not self.errexit:
                self._suspended -= 1 if suspended else 0
                split = self.split(owner, body, stdin)
            else:
                split = Split(tuple(self.run(owner, body, checked, stdin)))
        finally:
            self._suspended = suspended
            self._repeating -= again
            self.frames.pop()
            for key, value in frame.locals.items():
                self.scope.set(key, value)
            self.scope.set(PARAMETERS, before)
        yes = (Call(name, span, Sequence(split.yes)),) if split.yes else ()
        no = () if _stops_with(split.yes, StopKind.RETURN) else split.no
        return Split(yes, no)

    def substitute(self, script: Script, at: int, stop: int, reading: Reading) -> Value:
        """Lower ``$(...)`` at ``[at, stop)``, which runs before its command; return its output."""
        stream, nodes = self.captured(script, at, stop, reading)
        queries = distinct(embed.region for embed in _embeds(nodes))
        span = script.prepared.span(at, stop)
        if stream.text is None:
            inner = script.text[at + 2 : min(stop - 1, at + 62)]
            return Value((Mapped.at(hole(inner), span),), queries=queries)
        text = stream.text
        kept = text.text.rstrip("\n")
        if len(kept) != len(text.text):
            text = text.slice(0, len(kept))
        return Value((text,), glob=stream.glob and _has_glob(kept), queries=queries)

    def captured(
        self, script: Script, at: int, stop: int, reading: Reading
    ) -> tuple[Stream, list[Node]]:
        """Lower a substitution and return what it writes and does."""
        node = script.substitutions.get(at)
        children: SequenceOf[Syntax]
        if node is not None:
            children = node.children
        elif self._depth >= DEPTH:
            self.problem(
                "limit", "commands nested too deep to follow", script.prepared.span(at, stop)
            )
            return UNKNOWN, []
        else:
            width = 1 if script.text[at] == "`" else 2
            inner = script.slice(min(at + width, stop), max(stop - 1, at + width))
            script = self.nested(script, inner)
            assert script.tree is not None
            children = script.tree.root.children
        strict = self.strict_substitution
        self.strict_substitution = False
        mark, output = self.scope.mark(), self.output
        self._suspended += 1
        self._depth += 1
        try:
            nodes = self.statements(script, children, strict)
        finally:
            self._suspended -= 1
            self._depth -= 1
        self.scope.undo(mark)
        stream, self.output = self.output, output
        self.strict_substitution = strict
        if any(_may_exit(inner) for inner in nodes):
            span = (
                script.prepared.span(0, len(script.text))
                if node is None
                else self.span(script, node)
            )
            body = Sequence(tuple(nodes))
            nodes = [Call("subshell", span, body, frozenset({StopKind.EXIT}))]
        reading.before.extend(nodes)
        return stream, nodes

    def nested(self, script: Script, content: Mapped, via: str = "") -> Script:
        """Parse a text of the script itself as commands of the same shell."""
        region = (
            script.region.embed("shell", content, via)
            if via
            else replace(script.region, text=content.text, map=content.map)
        )
        inner = parse(region)
        self.declare(inner)
        return inner

    def span(self, script: Script, node: Syntax) -> Span:
        """Return where a node stands in the outermost file."""
        return script.prepared.span(*script.range(node))

    def report(self, reading: Reading) -> None:
        """Report what could not be expanded."""
        for error, span in reading.problems:
            self.problem("limit", error, span)


def _place(script: Script, node: Syntax) -> tuple[int, int, int]:
    return id(script), node.start_byte, node.end_byte


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


_STATUS = re.compile(
    r"(?:if\s+)?(?:\[\[?|test|\(\()\s*\"?\$\{?\?\}?\"?\s+(?:-eq|-ne|-gt|[!=]?=|>)\s"
)


def _asks_status(script: Script, node: Syntax) -> bool:
    """Say whether a command begins with a test of ``$?``."""
    start, end = script.range(node)
    return _STATUS.match(script.text, start, min(end, start + 80)) is not None


def _has_glob(text: str) -> bool:
    return any(mark in text for mark in "*?[")


def _walk(nodes: SequenceOf[Node]) -> Iterator[tuple[Node, frozenset[StopKind]]]:
    """Yield the nodes below, with the stops that are caught before they come out."""
    stack: list[tuple[Node, frozenset[StopKind]]] = [(node, frozenset()) for node in nodes]
    loops = frozenset({StopKind.BREAK, StopKind.CONTINUE})
    while stack:
        node, caught = stack.pop()
        yield node, caught
        match node:
            case Sequence(nodes=inner):
                stack.extend((child, caught) for child in inner)
            case Branch(arms=arms):
                stack.extend((arm, caught) for arm in arms)
            case Loop(body=body):
                stack.append((body, caught | loops))
            case Call(body=body, ends=ended):
                stack.append((body, caught | ended))


def _stops_with(nodes: SequenceOf[Node], kind: StopKind) -> bool:
    return any(
        isinstance(node, Stop) and node.kind is kind and kind not in caught
        for node, caught in _walk(nodes)
    )


def _may_exit(node: Node) -> bool:
    return _stops_with([node], StopKind.EXIT)


def _embeds(nodes: SequenceOf[Node]) -> Iterator[Embed]:
    for node, _ in _walk(nodes):
        if isinstance(node, Embed):
            yield node
