"""The reader of one SQL text: what its statements do to the flow and to the session."""

from __future__ import annotations

import re

from dbguard.flow import Branch, Call, Direction, Loop, Node, Sequence, Stop, StopKind, Try
from dbguard.languages.sql import definitions
from dbguard.languages.sql.blocks import BlockReader
from dbguard.languages.sql.client import client_command
from dbguard.languages.sql.client_variables import interpolated
from dbguard.languages.sql.comments import located
from dbguard.languages.sql.comparison import evidence, fallible, judge
from dbguard.languages.sql.dialects import TSQL
from dbguard.languages.sql.dynamic import built_text
from dbguard.languages.sql.executed import MAX_NESTING, do, execute, prepare, remote, run_text
from dbguard.languages.sql.frames import Frame
from dbguard.languages.sql.lexer import Lexer
from dbguard.languages.sql.names import tables_read
from dbguard.languages.sql.rows import read
from dbguard.languages.sql.session import Scope
from dbguard.languages.sql.statements import plain_statement
from dbguard.languages.sql.tokens import COMMAND, HOLE, MARKER, Token, find_outside, key
from dbguard.languages.sql.variables import assign_selected, assigned_by_select, assignment
from dbguard.operations import Kind, Operation
from dbguard.patterns import regex
from dbguard.source import Problem

_RAISES_NOTHING = frozenset(("NOTICE", "INFO", "WARNING", "LOG", "DEBUG"))
_WRITES = frozenset(
    ("INSERT", "REPLACE", "UPDATE", "DELETE", "WITH", "ROLLBACK", "ATTACH", "DETACH")
)
# What stands between two statements: comments, too.
_BETWEEN = regex(r"(?:[;\s]|--[^\n]*|/\*.*?\*/)*", re.DOTALL)
_REMOTE = frozenset(("DBLINK", "DBLINK_EXEC", "DBLINK_SEND_QUERY"))


def lex(scope: Scope, start: int, end: int) -> list[Token]:
    """Return the tokens of part of a text, and note what never ended in it."""
    lexer = Lexer(scope.text, start, end, scope.session.dialect)
    tokens = lexer.read()
    scope.session.comments.extend(located(scope.region, tokens, lexer.comments))
    for at, what in lexer.recoveries[:20]:
        scope.session.problems.append(
            Problem(
                scope.region.file.path,
                f"a {what} never ends",
                "parse",
                scope.region.span(at, at + 1),
            )
        )
    return tokens


class Reader(BlockReader):
    """Reads one text: a file, the body of a function, the text of an EXECUTE."""

    def __init__(
        self, scope: Scope, tokens: list[Token], procedural: bool = False, nesting: int = 0
    ) -> None:
        super().__init__(scope, tokens, procedural)
        self.nesting = nesting
        self.up: list[Node] = []
        self.down: list[Node] = []
        self.direction = Direction.FORWARD
        self.batch = 0  # where the nodes of this T-SQL batch begin
        self.last: list[Token] = []  # the statement before, for \gset and \gexec

    # -- sections

    def sections(self) -> Sequence:
        """Return the whole text: forward part and the part that undoes it never run together."""
        nodes = self.read()
        self._end_section(nodes)
        if not self.down:
            return Sequence(tuple(self.up))
        down = Sequence(tuple(self.down), Direction.DOWN)
        if not self.up:
            return Sequence((down,))
        return Sequence((Branch((Sequence(tuple(self.up)), down)),))

    def _end_section(self, nodes: list[Node]) -> None:
        self._end_batch()
        (self.up if self.direction is Direction.FORWARD else self.down).extend(nodes)
        nodes.clear()
        self.batch = 0

    def _end_batch(self) -> None:
        """A RETURN ends the batch it stands in, not the script (T-SQL)."""
        nodes = self.frames[0].nodes
        if calls_return(nodes[self.batch :]) and self.scope.session.dialect == TSQL:
            batch = Sequence(tuple(nodes[self.batch :]))
            span = self.scope.region.span(0, 0)
            nodes[self.batch :] = [Call("batch", span, batch)]
        self.batch = len(nodes)

    def line(self, token: Token) -> None:
        if token.kind == MARKER:
            if token.key == "ROLLBACK":
                self._rollback_comment(token)
                return
            self._end_section(self.frames[0].nodes)
            down = token.key == "DOWN"
            self.direction = Direction.DOWN if down else Direction.FORWARD
        elif token.kind == COMMAND:
            self._client(token)
        elif token.key == "GO":
            self._end_batch()

    def _rollback_comment(self, token: Token) -> None:
        """``--rollback DROP TABLE x;`` of Liquibase's formatted SQL: text that undoes."""
        text = self.scope.text[token.start : token.end].strip().lower()
        if not text or text in ("not required", "empty", "none"):
            return
        self.down.extend(self.nested(self.scope, token.start, token.end))

    def _client(self, token: Token) -> None:
        name = token.key
        if name == "\\IF":
            frame = Frame("if", token.start)
            condition = lex(self.scope, token.start + 3, token.end)
            true = self._enter(condition, frame)
            self.open(frame)
            self.nodes.extend(true)
        elif name == "\\ELIF" or name == "\\ELSE":
            self._else_word(0)
        elif name == "\\ENDIF":
            if self._find_frame("if"):
                self.close()
        elif name == "\\GSET" and self.last:
            assign_selected(self.scope, self.last)
        elif name == "\\GEXEC" and self.last:
            built = built_text(
                self.scope.region, self._selected(self.last), self.scope.session.variables
            )
            if built is not None:
                self.nodes.extend(run_text(self, built, "\\gexec"))
        else:
            self.nodes.extend(client_command(self.scope, token))

    def _selected(self, tokens: list[Token]) -> list[Token]:
        """Return the first expression a SELECT selects."""
        end = find_outside(tokens, frozenset(("FROM", "WHERE", "AS", ",")), 1)
        return tokens[1:end]

    def nested(self, scope: Scope, start: int, end: int, *, procedural: bool = False) -> list[Node]:
        """Return what a text does that stands in this one and runs here."""
        return Reader(scope, lex(scope, start, end), procedural, self.nesting + 1).read()

    # -- statements

    def statement(self, tokens: list[Token]) -> list[Node]:
        if not tokens:
            return []
        self.last = tokens
        session = self.scope.session
        if not session.handed_over:
            return self._lowered(tokens)
        session.shared = self._is_shared(tokens[-1].end)
        made = self._lowered(tokens)
        if tokens[0].key in _WRITES and not any(_proves(node) for node in made):
            session.last_write = tokens[0].start
        return made

    def _lowered(self, tokens: list[Token]) -> list[Node]:
        first = tokens[0]
        if first.kind == HOLE and self.nesting < MAX_NESTING:
            text = interpolated(self.scope.region, tokens, self.scope.session.variables)
            if text is not None:
                return run_text(self, text, "psql variable")
        special = _SPECIAL.get(first.key)
        if special is not None:
            made = special(self, tokens)
            if made is not None:
                return made
        may_assign = self.procedural or len(self.frames) > 1 or first.key in ("SET", "DECLARE")
        if may_assign and assignment(self, tokens):
            return []
        if first.key == "SELECT":
            return self._select(tokens)
        return list(plain_statement(self.scope, tokens))

    def _is_shared(self, at: int) -> bool:
        """Say whether another statement is handed over together with the one that ends there."""
        text, end = self.scope.text, len(self.scope.text)
        if self.scope.session.handed_over == "line":
            line_end = text.find("\n", at)
            end = line_end if line_end >= 0 else end
        blank = _BETWEEN.match(text, at)
        return blank is not None and blank.end() < end

    def _select(self, tokens: list[Token]) -> list[Node]:
        """A SELECT may call a function of the same file, run a text elsewhere, assign variables."""
        called = self.call(tokens, 1)
        if called is not None:
            return called
        if key(tokens, 1) in _REMOTE and key(tokens, 2) == "(":
            return remote(self, tokens)
        assigned = assigned_by_select(self, tokens)
        return list(plain_statement(self.scope, tokens)) if assigned is None else assigned

    # -- what stops

    def _stop(self, kind: StopKind, tokens: list[Token]) -> list[Node]:
        return [Stop(kind, self.scope.region.span(tokens[0].start, tokens[-1].end))]

    def _raise(self, tokens: list[Token]) -> list[Node]:
        if key(tokens, 1) in _RAISES_NOTHING:
            return []
        return self._stop(StopKind.RAISE, tokens)

    def _signal(self, tokens: list[Token]) -> list[Node]:
        text = self.scope.text[tokens[0].start : tokens[-1].end]
        return [] if "'01" in text[:40] else self._stop(StopKind.RAISE, tokens)

    def _raiserror(self, tokens: list[Token]) -> list[Node]:
        """RAISERROR goes on after it, outside of TRY, unless its severity is 20 or more."""
        inside_try = any(frame.kind == "try" and frame.language != "ended" for frame in self.frames)
        severe = any(
            token.kind == "number" and token.key.isdigit() and 20 <= int(token.key[:3]) <= 25
            for token in tokens[2:6]
        )
        if inside_try or severe or self.scope.session.raiserror_stops:
            return self._stop(StopKind.RAISE, tokens)
        return []

    def _return(self, tokens: list[Token]) -> list[Node] | None:
        if key(tokens, 1) in ("QUERY", "NEXT"):
            if key(tokens, 2) == "EXECUTE":
                return execute(self, tokens[2:])
            return list(plain_statement(self.scope, tokens[2:]))
        return self._stop(StopKind.RETURN, tokens)

    def _assert(self, tokens: list[Token]) -> list[Node]:
        end = find_outside(tokens, frozenset((",", "AS")), 1)
        condition = tokens[1:end]
        made: list[Node] = []
        if tables_read(self.scope.text, condition):
            made.append(read(self.scope, condition))
        return made + evidence(self.scope, judge(self.scope, condition)[0], condition)

    def _set(self, tokens: list[Token]) -> list[Node] | None:
        if key(tokens, 1) == "NOEXEC" and key(tokens, 2) == "ON":
            return self._stop(StopKind.EXIT, tokens)
        return None

    # -- functions and procedures

    def call(self, tokens: list[Token], at: int) -> list[Node] | None:
        """Follow a call of a function that this text defined."""
        return definitions.call(self, tokens, at)

    def _call_statement(self, tokens: list[Token]) -> list[Node] | None:
        return self.call(tokens, 1) or []

    def definition(self, at: int) -> int | None:
        return definitions.define(self, at)

    def closed(self, frame: Frame) -> list[Node]:
        definitions.close(self, frame)
        return []


_SPECIAL = {
    "ASSERT": Reader._assert,
    "CALL": Reader._call_statement,
    "DO": do,
    "EXEC": execute,
    "EXECUTE": execute,
    "PERFORM": Reader._call_statement,
    "PREPARE": prepare,
    "RAISE": Reader._raise,
    "RAISE_APPLICATION_ERROR": Reader._raise,
    "RAISERROR": Reader._raiserror,
    "RESIGNAL": Reader._signal,
    "RETURN": Reader._return,
    "SET": Reader._set,
    "SIGNAL": Reader._signal,
    "THROW": Reader._raise,
}


def _proves(node: Node) -> bool:
    """Say whether a statement is a copy or a comparison."""
    if isinstance(node, Branch):
        return bool(fallible(node))
    return isinstance(node, Operation) and node.kind in (Kind.COPY_ROWS, Kind.VERIFY)


def calls_return(nodes: list[Node]) -> bool:
    """Say whether a RETURN stands in these nodes outside any followed call."""
    stack: list[Node] = list(nodes)
    while stack:
        node = stack.pop()
        if isinstance(node, Stop):
            if node.kind is StopKind.RETURN:
                return True
        elif isinstance(node, Sequence):
            stack.extend(node.nodes)
        elif isinstance(node, Branch):
            stack.extend(node.arms)
        elif isinstance(node, Loop):
            stack.append(node.body)
        elif isinstance(node, Try):
            stack.extend((node.body, *node.handlers, node.otherwise, node.final))
        elif isinstance(node, Call):
            continue
    return False
