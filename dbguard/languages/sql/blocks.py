"""Tokens to flow: the control words of procedural SQL, which open, divide and close blocks."""

from __future__ import annotations

from dbguard.flow import Branch, Node, Sequence, Stop, StopKind
from dbguard.languages.sql.comparison import NOTHING, Verdict, evidence, judge
from dbguard.languages.sql.frames import MAX_OPEN, Frame, OpenBlocks
from dbguard.languages.sql.names import tables_read
from dbguard.languages.sql.rows import read
from dbguard.languages.sql.session import Scope
from dbguard.languages.sql.statement_ends import (
    LINE_KINDS,
    STATEMENT_WORDS,
    end_of_statement,
    single_body,
)
from dbguard.languages.sql.statements import is_transaction_begin, transaction
from dbguard.languages.sql.tokens import COMMAND, QUOTED, WORD, Token, find_outside, key

_MAKE = frozenset(("CREATE", "ALTER"))
_DEFINE = _MAKE | {"PROCEDURE", "FUNCTION"}
_NO_DEFINITION = frozenset(("TABLE", "INDEX", "VIEW", "DATABASE", "SCHEMA", "SEQUENCE"))
_THEN, _LOOP_OR_DO = frozenset(("THEN",)), frozenset(("LOOP", "DO"))
_CASE_ENDS = frozenset(
    ("IF", "LOOP", "CASE", "WHILE", "REPEAT", "FOR", "TRY", "CATCH", "CONVERSATION")
)


class BlockReader(OpenBlocks):
    """The part of a reader that knows blocks; what statements do, a subclass says.

    ``procedural`` says that the text is the body of a function or block.
    """

    def __init__(self, scope: Scope, tokens: list[Token], procedural: bool) -> None:
        super().__init__(scope, tokens, procedural)
        # Where a search for the end of a header found none: hostile text stays linear.
        self._headless: dict[frozenset[str], tuple[int, int]] = {}

    # -- what a subclass does

    def statement(self, tokens: list[Token]) -> list[Node]:
        """Return what one plain statement lowers to."""
        raise NotImplementedError

    def line(self, token: Token) -> None:
        """Take a client command, a marker or a boundary."""
        raise NotImplementedError

    def definition(self, at: int) -> int | None:
        """Open a function or procedure at *at* where one is defined there."""
        raise NotImplementedError

    # -- the main loop

    def read(self) -> list[Node]:
        """Return the nodes of the whole text."""
        at, tokens = 0, self.tokens
        while at < len(tokens):
            token = tokens[at]
            if token.kind in LINE_KINDS:
                if token.kind != COMMAND:
                    self.close_all()
                self.line(token)
                at += 1
            elif token.key == ";":
                at += 1
            else:
                at = max(at + 1, self._statement(at))
        self.close_all()
        return self.frames[0].nodes

    def _statement(self, at: int) -> int:
        tokens = self.tokens
        word = tokens[at].key
        control = _CONTROL.get(word)
        if control is not None:
            behind = control(self, at)
            if behind is not None:
                return behind
        if word in _DEFINE and not (word in _MAKE and key(tokens, at + 1) in _NO_DEFINITION):
            opened = self.definition(at)
            if opened is not None:
                return opened
        if self.in_body and key(tokens, at + 1) == ":" and tokens[at].kind in (WORD, QUOTED):
            return at + 2  # a label
        end = self.end_of_statement(at)
        self.nodes.extend(self.statement(tokens[at:end]))
        return self.completed(end)

    def end_of_statement(self, at: int) -> int:
        """Return the index behind the last token of the statement at *at*."""
        return end_of_statement(self.scope, self.tokens, at, self.in_body)

    # -- control words; each returns where to go on, or None: it is no control word here

    def _if(self, at: int) -> int | None:
        then = self._header_end(at + 1, _THEN)
        if then is None:
            return self._tsql_if(at)
        condition = self.tokens[at + 1 : then]
        frame = Frame("if", self.tokens[at].start)
        true = self._enter(condition, frame)
        self.open(frame)
        self.nodes.extend(true)
        return then + 1

    def _enter(self, condition: list[Token], frame: Frame) -> list[Node]:
        """State what a condition reads; note what its falseness proves, return what its truth does."""
        verdict: Verdict = judge(self.scope, condition)
        if condition and tables_read(self.scope.text, condition):
            self.nodes.append(read(self.scope, condition))
        frame.false = [*frame.false, *evidence(self.scope, verdict[1], condition)]
        return evidence(self.scope, verdict[0], condition) if verdict[0] != NOTHING else []

    def _header_end(self, at: int, marks: frozenset[str]) -> int | None:
        """Return where the header of a block ends: one of *marks* before the statement's end."""
        low, high = self._headless.get(marks, (0, 0))
        if low <= at < high:
            return None
        depth = cases = 0
        for position in range(at, len(self.tokens)):
            token = self.tokens[position]
            mark = token.key
            if mark == ";" or token.kind in LINE_KINDS:
                self._headless[marks] = (at, position)
                return None
            if mark == "(":
                depth += 1
            elif mark == ")":
                depth -= 1
            elif mark == "CASE":
                cases += 1
            elif mark == "END" and cases:
                cases -= 1
            elif mark in marks and depth <= 0 and not cases:
                return position
        self._headless[marks] = (at, len(self.tokens))
        return None

    def _tsql_if(self, at: int) -> int | None:
        """T-SQL: the condition ends where a statement begins."""
        if (
            key(self.tokens, at + 1) in ("EXISTS", "NOT")
            and len(self.frames) == 1
            and at == len(self.tokens) - 1
        ):
            return None
        body = single_body(self.tokens, at + 1)
        if body is None:
            return None
        frame = Frame("if", self.tokens[at].start, single=True)
        true = self._enter(self.tokens[at + 1 : body], frame)
        before = len(self.frames)
        self.open(frame)
        if len(self.frames) > before:
            self.nodes.extend(true)
        return body

    def _elsif(self, at: int) -> int | None:
        frame = self._find_frame("if")
        then = self._header_end(at + 1, _THEN)
        if frame is None or then is None:
            return None
        frame.arms.append(frame.nodes)
        frame.nodes = []
        condition = self.tokens[at + 1 : then]
        known = list(frame.false)
        true = self._enter(condition, frame)
        frame.nodes[:0] = known
        frame.nodes.extend(true)
        return then + 1

    def _else_word(self, at: int) -> int | None:
        frame = self._find_frame("if", "case")
        if frame is None:
            return at + 1
        if not frame.otherwise:
            self._else(frame)
        return at + 1

    def _case(self, at: int) -> int | None:
        if not self.in_body:
            return None
        when = self._header_end(at + 1, frozenset(("WHEN",)))
        if when is None:
            return None
        frame = Frame("case", self.tokens[at].start)
        frame.arms.append([])  # dropped with the first WHEN
        self.open(frame)
        return when

    def _when(self, at: int) -> int | None:
        frame = self.frames[-1]
        then = self._header_end(at + 1, _THEN)
        if then is None:
            return None
        if frame.kind == "case":
            if frame.arms == [[]] and not frame.nodes:
                frame.arms = []
            else:
                frame.arms.append(frame.nodes)
            frame.nodes = []
        elif frame.kind == "exception":
            if frame.language != "first":
                frame.arms.append(frame.nodes)
            frame.language = ""
            frame.nodes = []
        return then + 1

    def _begin(self, at: int) -> int | None:
        following = key(self.tokens, at + 1)
        start = self.tokens[at].start
        if following == "TRY":
            self.open(Frame("try", start))
            return at + 2
        if following == "CATCH":
            frame = self.frames[-1]
            if frame.kind == "try" and frame.language == "ended":
                frame.kind, frame.body, frame.nodes = "catch", frame.nodes, []
            else:
                self.open(Frame("block", start))
            return at + 2
        if following in ("ATOMIC", "NOT", "DISTRIBUTED", "DIALOG", "CONVERSATION"):
            if following in ("DIALOG", "CONVERSATION"):
                return None
            if following == "DISTRIBUTED":
                return self._transaction(at)
            self.open(Frame("block", start))
            return at + (3 if following == "NOT" else 2)
        in_body = self.in_body and not (len(self.frames) == 1 and not self.procedural)
        if is_transaction_begin(self.tokens, at) and (
            not in_body or following in ("TRAN", "TRANSACTION", "WORK")
        ):
            return self._transaction(at)
        self.open(Frame("block", start))
        return at + 1

    def _transaction(self, at: int) -> int:
        end = self.end_of_statement(at)
        if key(self.tokens, at) == "BEGIN":
            end = min(end, at + 3)
        self.nodes.extend(transaction(self.scope, self.tokens[at:end]))
        return self.completed(end)

    def _end(self, at: int) -> int | None:
        following = key(self.tokens, at + 1)
        behind = at + 1
        if following in _CASE_ENDS:
            behind += 1
        if len(self.frames) == 1:
            if following in ("", ";", "TRANSACTION", "WORK") and not self.procedural:
                return self._transaction(at)
            return self._skip_label(behind)
        if self.flattened:
            self.flattened -= 1
            return self._skip_label(behind)
        kinds = {
            "IF": ("if",),
            "LOOP": ("loop", "repeat"),
            "WHILE": ("loop",),
            "FOR": ("loop",),
            "REPEAT": ("repeat",),
            "CASE": ("case",),
            "TRY": ("try",),
            "CATCH": ("catch",),
        }.get(following, ("block", "exception", "case", "package"))
        frame = self._find_frame(*kinds)
        if frame is None:
            return self._skip_label(behind)
        if following == "TRY":
            frame.language = "ended"
            if key(self.tokens, behind) == ";":
                behind += 1
            if key(self.tokens, behind) != "BEGIN" or key(self.tokens, behind + 1) != "CATCH":
                self.close()
            return behind
        self.close()
        behind = self._skip_label(behind)
        if self.frames[-1].kind == "definition":
            self.close()
        return self.completed(behind)

    def _skip_label(self, at: int) -> int:
        """Pass the name after END where a semicolon follows it."""
        token = self.tokens[at] if at < len(self.tokens) else None
        if token is not None and token.kind in (WORD, QUOTED) and key(self.tokens, at + 1) == ";":
            return at + 1
        return at

    def _exception(self, at: int) -> int | None:
        frame = self._find_frame("block")
        if frame is None or key(self.tokens, at + 1) not in ("WHEN", ""):
            return None
        frame.kind, frame.body, frame.nodes, frame.language = "exception", frame.nodes, [], "first"
        return at + 1

    def _loop(self, at: int) -> int | None:
        if not self.in_body:
            return None
        self.open(Frame("loop", self.tokens[at].start))
        return at + 1

    def _for(self, at: int) -> int | None:
        """FOR x IN query LOOP: the query may run text (IN EXECUTE '...')."""
        if not self.in_body:
            return None
        loop = self._header_end(at + 1, _LOOP_OR_DO)
        if loop is None:
            return None
        into = find_outside(self.tokens[:loop], frozenset(("IN",)), at)
        query = self.tokens[into + 1 : loop]
        if query:
            self.nodes.extend(self.statement(query))
        self.open(Frame("loop", self.tokens[at].start))
        return loop + 1

    def _while(self, at: int) -> int | None:
        loop = self._header_end(at + 1, _LOOP_OR_DO)
        if loop is not None:
            self.open(Frame("loop", self.tokens[at].start))
            return loop + 1
        body = single_body(self.tokens, at + 1)
        if body is None:
            return None
        self.open(Frame("loop", self.tokens[at].start, single=len(self.frames) <= MAX_OPEN))
        return body

    def _repeat(self, at: int) -> int | None:
        if not self.in_body or key(self.tokens, at + 1) == "(":
            return None
        self.open(Frame("repeat", self.tokens[at].start))
        return at + 1

    def _until(self, at: int) -> int | None:
        end = self._header_end(at + 1, frozenset(("END",)))
        return end if end is not None else self.end_of_statement(at)

    def _declare(self, at: int) -> int | None:
        """Pass DECLARE; of a handler take its statement as what runs after an error."""
        if key(self.tokens, at + 2) == "HANDLER":
            body = None
            for position in range(at + 3, min(len(self.tokens), at + 40)):
                if key(self.tokens, position) in STATEMENT_WORDS | {
                    "SET",
                    "SIGNAL",
                    "RESIGNAL",
                    "CALL",
                }:
                    body = position
                    break
                if key(self.tokens, position) == ";":
                    break
            if body is None:
                return None
            handler = Frame("handler", self.tokens[at].start, single=True)
            if len(self.frames) > 1 and len(self.frames) <= MAX_OPEN:
                self.frames[-1].handlers.append(handler.nodes)
            self.open(handler)
            return body
        if self.tokens[at + 1 : at + 2] and not key(self.tokens, at + 1).startswith("@"):
            return at + 1
        return None

    def _exit(self, at: int) -> int | None:
        """EXIT, LEAVE, BREAK, CONTINUE, ITERATE, QUIT, with or without WHEN."""
        word = key(self.tokens, at)
        end = self.end_of_statement(at)
        span = self.scope.region.span(self.tokens[at].start, self.tokens[max(at, end - 1)].end)
        if word in ("CONTINUE", "ITERATE"):
            kind = StopKind.CONTINUE
        elif self.in_body:
            in_loop = any(frame.kind in ("loop", "repeat") for frame in self.frames)
            kind = StopKind.BREAK if in_loop else StopKind.RETURN
        else:
            kind = StopKind.EXIT
        stop = Stop(kind, span)
        conditional = any(token.key == "WHEN" for token in self.tokens[at:end])
        self.nodes.append(Branch((Sequence((stop,)), Sequence())) if conditional else stop)
        return self.completed(end)


_CONTROL = {
    "IF": BlockReader._if,
    "ELSIF": BlockReader._elsif,
    "ELSEIF": BlockReader._elsif,
    "ELSE": BlockReader._else_word,
    "CASE": BlockReader._case,
    "WHEN": BlockReader._when,
    "BEGIN": BlockReader._begin,
    "END": BlockReader._end,
    "EXCEPTION": BlockReader._exception,
    "LOOP": BlockReader._loop,
    "FOR": BlockReader._for,
    "FOREACH": BlockReader._for,
    "WHILE": BlockReader._while,
    "REPEAT": BlockReader._repeat,
    "UNTIL": BlockReader._until,
    "DECLARE": BlockReader._declare,
    "EXIT": BlockReader._exit,
    "QUIT": BlockReader._exit,
    "LEAVE": BlockReader._exit,
    "BREAK": BlockReader._exit,
    "CONTINUE": BlockReader._exit,
    "ITERATE": BlockReader._exit,
}
