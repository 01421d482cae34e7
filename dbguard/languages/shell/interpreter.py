"""Control flow: what runs after what, and what has succeeded where."""

from __future__ import annotations

import re
from collections.abc import Sequence as SequenceOf
from functools import partial

from dbguard.flow import Call, Flow, Include, Node, Sequence, StopKind
from dbguard.languages.grammars import Node as Syntax
from dbguard.languages.shell import brackets, calls, chains, compound, redirected, simple
from dbguard.languages.shell.conditions import NOTHING, Split, branch, tested
from dbguard.languages.shell.library import Sources
from dbguard.languages.shell.limits import DEPTH, EVALUATED
from dbguard.languages.shell.redirected import place
from dbguard.languages.shell.redirects import Redirects
from dbguard.languages.shell.scope import ERREXIT, PARAMETERS, Scope
from dbguard.languages.shell.script import STATEMENTS, Script
from dbguard.languages.shell.streams import UNKNOWN, Stream, together
from dbguard.languages.shell.words import Expander, Reading
from dbguard.patterns import regex
from dbguard.source import Problem, Region, Span


class Interpreter:
    """Runs a script without running it: every path, with the values that are known."""

    def __init__(self, region: Region, sources: Sources | None = None) -> None:
        self.region = region
        self.sources = sources
        self.scope = Scope(region.file.path if sources is not None else "")
        self.expander = Expander(self.scope, partial(calls.substitute, self))
        self.problems: list[Problem] = []
        self.functions: dict[str, tuple[Script, Syntax]] = {}
        self.called: set[str] = set()
        self._mentioned: set[str] = set()
        self.frames: list[calls.Frame] = []
        self.output: Stream = UNKNOWN
        self.status: Split | None = None
        self.status_name = "?"
        self.strict_substitution = False
        self.suspended = 0
        self.depth = 0
        self.repeating = 0
        self.repeated = 0
        self.repeated_elsewhere = 0
        self.made = 0
        self.abroad = False
        self._evaluated = 0
        self.moved: dict[tuple[int, int, int], list[Syntax]] = {}
        self._limits: set[str] = set()

    # -- the whole -----------------------------------------------------------------

    def flows(self, script: Script) -> tuple[Flow, ...]:
        """Return the top level, then the functions that nothing calls."""
        self.declare(script)
        assert script.tree is not None
        top = self.statements(script, script.tree.root.children)
        found = [Flow("", Sequence(tuple(top)))]
        # A function that another one calls is followed from there, with its arguments.
        entered = sorted(self.functions, key=lambda name: name in self._mentioned)
        for name in entered:
            if name in self.called:
                continue
            owner, node = self.functions[name]
            if owner.region.file is not script.region.file:
                continue  # of a file that is read in: judged there, if nothing calls it
            mark = self.scope.mark()
            self.scope.set(PARAMETERS, None)
            self.frames = [calls.Frame(name, must_succeed=False)]
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
            if node is not None and node.type == "command_name":
                self._mentioned.add(script.tree.text(node))
            if node is not None and node.type == "function_definition":
                name = node.child_by_field_name("name")
                if name is not None:
                    self.functions[script.tree.text(name)] = (script, node)
            if cursor.goto_first_child():
                continue
            while not cursor.goto_next_sibling():
                if not cursor.goto_parent():
                    return

    def read_in(self, include: Include, including: str = "") -> None:
        """Learn the functions, variables and options of a file that is read in."""
        if self.sources is None:
            return
        library = self.sources.library(include, including or self.sources.path)
        if library is None:
            return
        reader, self.scope.file = self.scope.file, library.script.region.file.path
        for name, node in library.functions.items():
            self.functions[name] = (library.script, node)
        abroad, self.abroad = self.abroad, True
        for node in library.settings:
            if node.type != "command":
                self.run(library.script, node)
                continue
            assert library.script.tree is not None
            if self.sources.is_full and not library.script.tree.text(node).startswith("set"):
                continue
            for found in self.run(library.script, node):
                if isinstance(found, Include):
                    self.read_in(found, library.path)
                    self.abroad = True
        self.abroad, self.scope.file = abroad, reader

    def problem(self, stage: str, error: str, span: Span) -> None:
        """Report what could not be followed, each kind once.

        What stands in a file that is read in is reported of that file, which is read by itself.
        """
        if error not in self._limits and not self.abroad:
            self._limits.add(error)
            self.problems.append(Problem(self.region.file.path, error, stage, span))

    def too_far(self, span: Span) -> None:
        """Report that calls of functions of other files are not followed any more.

        Wherever the one stands that was too many: it is about this script. Of a test it is
        only noted: in its cases a harness does the same again and again.
        """
        error = "functions of other files repeat too much"
        if error not in self._limits and self.sources is not None:
            self._limits.add(error)
            place, incomplete = None if self.abroad else span, not self.sources.is_test
            path = self.region.file.path
            self.problems.append(Problem(path, error, "limit", place, incomplete=incomplete))

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
        return self.scope.flag(ERREXIT) and not self.suspended

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
            if node.type in STATEMENTS
        ]
        found: list[Node] = []
        outputs: list[Stream] = []
        no: tuple[Node, ...] = ()
        for index, (node, background) in enumerate(listed):
            last = index == len(listed) - 1
            self.output = UNKNOWN
            if not last and _asks_status(script, listed[index + 1][0]):
                self.status, self.status_name = self.split(script, node, stdin), "?"
                continue
            if index < len(listed) - 2:
                name = _kept_status(script, listed[index + 1][0])
                if name and _asks_status(script, listed[index + 2][0], name):
                    self.status, self.status_name = self.split(script, node, stdin), name
                    continue
            if self.status is not None and _kept_status(script, node):
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
        if self.depth >= DEPTH:
            self.problem("limit", "commands nested too deep to follow", self.span(script, node))
            return []
        if self.repeating:
            self.repeated += 1
        self.depth += 1
        try:
            wanted = self.errexit if checked is None else checked
            return self._run(script, node, wanted, stdin, extra)
        finally:
            self.depth -= 1

    def _run(
        self,
        script: Script,
        node: Syntax,
        checked: bool,
        stdin: Stream | None,
        extra: Redirects | None,
    ) -> list[Node]:
        if self.moved and place(script, node) in self.moved:
            return redirected.run(self, script, node, checked, stdin)
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
                return redirected.run(self, script, node, checked, stdin)
            case "pipeline":
                return chains.pipeline(self, script, node, checked, stdin)
            case "list":
                return chains.and_or(self, script, node, checked, stdin)
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
                return compound.if_statement(self, script, node, checked, stdin)
            case "while_statement":
                return compound.while_statement(self, script, node, stdin)
            case "for_statement":
                return compound.for_statement(self, script, node, stdin)
            case "c_style_for_statement":
                return compound.unknown_turns(self, script, node.child_by_field_name("body"), stdin)
            case "case_statement":
                return compound.case_statement(self, script, node, checked, stdin)
            case "function_definition":
                return []
            case "ERROR" | "do_group" | "elif_clause" | "else_clause":
                return self.statements(script, node.children, checked, stdin)
        return []

    def split(self, script: Script, node: Syntax, stdin: Stream | None = None) -> Split:
        """Return what a command does and says where it succeeds and where it fails."""
        if self.depth >= DEPTH:
            self.problem("limit", "commands nested too deep to follow", self.span(script, node))
            return NOTHING
        self.depth += 1
        self.suspended += 1
        try:
            return self.split_of(script, node, stdin)
        finally:
            self.depth -= 1
            self.suspended -= 1

    def split_of(
        self, script: Script, node: Syntax, stdin: Stream | None, extra: Redirects | None = None
    ) -> Split:
        """Return the same of a command that is being followed already."""
        if self.moved and place(script, node) in self.moved:
            return redirected.split(self, script, node, stdin)
        match node.type:
            case "list":
                return chains.and_or_split(self, script, node, stdin)
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
                return redirected.split(self, script, node, stdin)
            case "command":
                return simple.split(self, script, node, stdin, extra)
            case "subshell":
                mark = self.scope.mark()
                split = self.last_split(script, node.children, None, stdin)
                self.scope.undo(mark)
                return Split((self.subshell(script, node, split.yes),), split.no)
        return Split(tuple(self.run(script, node, True, stdin)))

    # -- subshells -----------------------------------------------------------------

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

    # -- places and problems ---------------------------------------------------------

    def span(self, script: Script, node: Syntax) -> Span:
        """Return where a node stands in the outermost file."""
        return script.prepared.span(*script.range(node))

    def report(self, reading: Reading) -> None:
        """Report what could not be expanded."""
        for error, span in reading.problems:
            self.problem("limit", error, span)


_KEPT = regex(r"(\w+)=\"?\$\{?\?\}?\"?", re.ASCII)


def _kept_status(script: Script, node: Syntax) -> str:
    """Return the variable of ``status=$?``, '' where that is not what a command says."""
    start, end = script.range(node)
    match = _KEPT.fullmatch(script.text, start, end)
    return match[1] if match is not None else ""


def _asks_status(script: Script, node: Syntax, name: str = "?") -> bool:
    """Say whether a command begins with a test of ``$?``, or of what it is kept in."""
    start, end = script.range(node)
    pattern = (
        r"(?:if\s+)?(?:\[\[?|test|\(\()\s*\"?\$?\{?"
        + re.escape(name)
        + r"\}?\"?\s+(?:-eq|-ne|-gt|[!=]?=|>)\s"
    )
    return re.match(pattern, script.text[start : min(end, start + 80)]) is not None
