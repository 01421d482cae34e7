"""Tokens to flow: statement ends, blocks and branches of procedural SQL, sections of a file.

One explicit stack of open blocks, no recursion over the text: nesting costs memory only,
and past a limit blocks are read as if they were flat.
"""

from __future__ import annotations

from dbguard.flow import Branch, Call, Loop, Node, Sequence, Stop, StopKind, Try
from dbguard.languages.sql.comparison import NOTHING, Verdict, evidence, judge
from dbguard.languages.sql.dialects import TSQL
from dbguard.languages.sql.names import tables_read
from dbguard.languages.sql.rows import read
from dbguard.languages.sql.session import Scope
from dbguard.languages.sql.statements import is_transaction_begin, transaction
from dbguard.languages.sql.tokens import (
    BOUNDARY,
    COMMAND,
    MARKER,
    QUOTED,
    WORD,
    Token,
    find_outside,
    key,
)
from dbguard.records import dataclass, field
from dbguard.source import Problem

_MAX_OPEN = 100
_MAKE = frozenset(("CREATE", "ALTER"))
_DEFINE = _MAKE | {"PROCEDURE", "FUNCTION"}
_NO_DEFINITION = frozenset(("TABLE", "INDEX", "VIEW", "DATABASE", "SCHEMA", "SEQUENCE"))
_LINE_KINDS = frozenset((BOUNDARY, COMMAND, MARKER))
# A statement without a semicolon before it begins with these, at the beginning of a line.
_OPENINGS = {
    "DROP": ("TABLE", "DATABASE", "SCHEMA", "INDEX", "VIEW", "PROCEDURE", "FUNCTION", "TRIGGER"),
    "TRUNCATE": ("TABLE",),
    "DELETE": ("FROM",),
    "ALTER": ("TABLE", "DATABASE"),
    "CREATE": (
        "TABLE",
        "DATABASE",
        "INDEX",
        "UNIQUE",
        "VIEW",
        "SCHEMA",
        "PROCEDURE",
        "PROC",
        "FUNCTION",
        "OR",
    ),
    "INSERT": ("INTO",),
}
_TSQL_OPENINGS = frozenset(
    ("DROP", "TRUNCATE", "DELETE", "ALTER", "CREATE", "INSERT", "UPDATE", "SELECT", "EXEC", "EXECUTE", "IF", "BEGIN")
) | {"WHILE", "PRINT", "DECLARE", "SET", "RETURN", "RAISERROR", "THROW", "COMMIT", "ROLLBACK", "USE", "BACKUP"} | {
    "RESTORE", "WITH", "END", "ELSE", "MERGE", "GRANT", "DENY", "REVOKE", "WAITFOR", "GOTO", "SAVE",
}  # fmt: skip
_STRUCTURAL = _TSQL_OPENINGS | _OPENINGS.keys() | {";", "(", ")", "CASE", "END", "ELSE"}
# After these a line that begins with DELETE or UPDATE goes on with the same statement.
_CONTINUES = frozenset(
    (
        "ON",
        "AFTER",
        "BEFORE",
        "FOR",
        "OF",
        "OR",
        "THEN",
        "DO",
        ",",
        "AS",
        "INSTEAD",
        "GRANT",
        "REVOKE",
        "DENY",
        "(",
    )
) | {
    "UNION",
    "ALL",
    "EXCEPT",
    "INTERSECT",
    "ONLY",
    "ALSO",
    "AND",
    "NOT",
    "WITH",
    "CASCADE",
    "SET",
    "EXPLAIN",
}
_TAKES_OPERAND = frozenset(("=", "+", "||"))
_HOLDS_STATEMENT = frozenset(("MERGE", "GRANT", "REVOKE", "DENY", "EXPLAIN", "PREPARE", "COMMENT"))
_STATEMENT_WORDS = _TSQL_OPENINGS - {"END", "ELSE", "SET"} | {"SET"}
_TAKE_PARENTHESES = frozenset(("EXEC", "EXECUTE", "RAISERROR", "IF", "PRINT", "WITH"))
_THEN, _LOOP_OR_DO, _LOOP = frozenset(("THEN",)), frozenset(("LOOP", "DO")), frozenset(("LOOP",))
_CASE_ENDS = frozenset(
    ("IF", "LOOP", "CASE", "WHILE", "REPEAT", "FOR", "TRY", "CATCH", "CONVERSATION")
)


@dataclass(slots=True)
class Frame:
    """An open block. ``nodes`` is the arm being read, ``arms`` those read before.

    ``single`` takes one statement an arm (T-SQL's IF without BEGIN). ``false`` is what
    is known on the path on which no arm so far was taken.
    """

    kind: str
    start: int
    nodes: list[Node] = field(default_factory=list)
    arms: list[list[Node]] = field(default_factory=list)
    body: list[Node] | None = None
    single: bool = False
    otherwise: bool = False
    false: list[Node] = field(default_factory=list)
    handlers: list[list[Node]] = field(default_factory=list)
    name: str = ""
    language: str = ""


def frame_node(frame: Frame) -> list[Node]:
    """Return what a closed block is in the flow."""
    current = Sequence(tuple(frame.nodes))
    if frame.kind in ("if", "case"):
        arms = [Sequence(tuple(arm)) for arm in frame.arms] + [current]
        if not frame.otherwise:
            arms.append(Sequence(tuple(frame.false)))
        return [Branch(tuple(arms))]
    if frame.kind in ("loop", "repeat"):
        return [Loop(current, at_least_once=frame.kind == "repeat")]
    if frame.kind == "handler":
        return []
    if frame.kind in ("try", "catch", "exception"):
        body = Sequence(tuple(frame.body if frame.body is not None else frame.nodes))
        handlers = [*frame.arms] + ([frame.nodes] if frame.body is not None else [])
        handlers += frame.handlers
        return [Try(body, tuple(Sequence(tuple(arm)) for arm in handlers) or (Sequence(),))]
    if frame.handlers:
        return [Try(current, tuple(Sequence(tuple(arm)) for arm in frame.handlers))]
    return list(frame.nodes)


class BlockReader:
    """The part of a reader that knows blocks; what statements do, a subclass says.

    ``procedural`` says that the text is the body of a function or block.
    """

    def __init__(self, scope: Scope, tokens: list[Token], procedural: bool) -> None:
        self.scope = scope
        self.tokens = tokens
        self.procedural = procedural
        self.frames: list[Frame] = [Frame("top", 0)]
        self.flattened = 0
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

    def closed(self, frame: Frame) -> list[Node]:
        """Return what a closed definition lowers to."""
        raise NotImplementedError

    # -- frames

    @property
    def nodes(self) -> list[Node]:
        """The nodes of the arm being read."""
        return self.frames[-1].nodes

    @property
    def in_body(self) -> bool:
        return self.procedural or len(self.frames) > 1

    def open(self, frame: Frame) -> None:
        """Open a block, unless too many are open."""
        if len(self.frames) > _MAX_OPEN:
            if not self.flattened:
                span = self.scope.region.span(frame.start, frame.start + 1)
                path = self.scope.region.file.path
                self.scope.session.problems.append(
                    Problem(path, "blocks nested too deep", "limit", span)
                )
            self.flattened += 1
            return
        self.frames.append(frame)

    def close(self) -> None:
        """Close the innermost block and hand what it is to the one around it."""
        frame = self.frames.pop()
        made = self.closed(frame) if frame.kind in ("definition", "package") else frame_node(frame)
        self.nodes.extend(made)

    def close_all(self) -> None:
        """Close every open block: nothing goes on past a boundary."""
        self.flattened = 0
        while len(self.frames) > 1:
            self.close()

    def completed(self, at: int) -> int:
        """Close what took one statement only; return where to go on."""
        while self.frames[-1].single:
            frame = self.frames[-1]
            after = at + 1 if key(self.tokens, at) == ";" else at
            if frame.kind == "if" and not frame.otherwise and key(self.tokens, after) == "ELSE":
                self._else(frame)
                return after + 1
            self.close()
        frame = self.frames[-1]
        if frame.kind == "definition" and frame.body is not None:  # its one statement is read
            self.close()
        return at

    def _else(self, frame: Frame) -> None:
        frame.arms.append(frame.nodes)
        frame.nodes = list(frame.false)
        frame.otherwise = True

    def _find_frame(self, *kinds: str) -> Frame | None:
        """Close blocks until one of *kinds* is the innermost; None where none is open."""
        if not any(frame.kind in kinds for frame in self.frames):
            return None
        while self.frames[-1].kind not in kinds:
            if self.frames[-1].kind in ("definition", "package") and "definition" not in kinds:
                return None
            self.close()
        return self.frames[-1]

    # -- the main loop

    def read(self) -> list[Node]:
        """Return the nodes of the whole text."""
        at, tokens = 0, self.tokens
        while at < len(tokens):
            token = tokens[at]
            if token.kind in _LINE_KINDS:
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
        tokens, text = self.tokens, self.scope.text
        tsql = self.scope.session.dialect == TSQL
        in_body = self.in_body
        first = tokens[at].key
        depth = cases = 0
        for position in range(at, len(tokens)):
            token = tokens[position]
            mark = token.key
            if mark not in _STRUCTURAL and token.kind not in _LINE_KINDS:
                continue
            if mark == ";" or token.kind in _LINE_KINDS:
                return position
            if mark == "(":
                depth += 1
            elif mark == ")":
                depth -= 1
            elif token.kind != WORD or position == at:
                continue
            elif mark == "CASE":
                cases += 1
            elif mark == "END":
                if cases:
                    cases -= 1
                elif in_body and depth <= 0 and first not in ("ALTER", "CREATE"):
                    return position
            elif depth <= 0 and not cases:
                if mark == "ELSE" and in_body:
                    return position
                may_open = mark in _OPENINGS or (tsql and mark in _TSQL_OPENINGS)
                if may_open and self._opens(position, first, tsql, text):
                    return position
        return len(tokens)

    def _opens(self, position: int, first: str, tsql: bool, text: str) -> bool:
        """Say whether a statement begins here although no semicolon stands before."""
        tokens = self.tokens
        before, mark = tokens[position - 1], tokens[position].key
        following = key(tokens, position + 1)
        whole = mark in _OPENINGS and following in _OPENINGS[mark]  # DROP TABLE, DELETE FROM
        if first in _HOLDS_STATEMENT or before.key in _CONTINUES:
            return False
        if before.key in _TAKES_OPERAND and not whole:
            return False
        gap = text[before.end : tokens[position].start]
        if "\n" not in gap:
            return False
        if whole:
            if (
                mark == "CREATE"
                and following == "OR"
                and key(tokens, position + 2) not in ("REPLACE", "ALTER")
            ):
                return False
            return first != "WITH" or mark not in ("DELETE", "INSERT")
        if not tsql or mark == first == "ALTER":
            return False
        if first in ("ALTER", "WITH") and mark in (
            "DROP",
            "ALTER",
            "SELECT",
            "UPDATE",
            "DELETE",
            "INSERT",
            "SET",
            "WITH",
        ):
            return False
        if mark == "SELECT":
            return first not in ("INSERT", "SELECT", "CREATE", "DECLARE") or (
                first == "SELECT" and before.key not in ("UNION", "ALL", "EXCEPT", "INTERSECT")
            )
        if mark == "SET":
            return first not in ("UPDATE", "ALTER", "MERGE") and following.startswith("@")
        if mark == "WITH":
            return key(tokens, position + 2) in ("AS", "(") and following != "("
        if mark in ("DELETE", "UPDATE", "INSERT", "ALTER", "DROP", "CREATE", "TRUNCATE"):
            return first not in ("CREATE",) or before.key in (")", "]")
        return True

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
            if mark == ";" or token.kind in _LINE_KINDS:
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
        body = self._single_body(at + 1)
        if body is None:
            return None
        frame = Frame("if", self.tokens[at].start, single=True)
        true = self._enter(self.tokens[at + 1 : body], frame)
        before = len(self.frames)
        self.open(frame)
        if len(self.frames) > before:
            self.nodes.extend(true)
        return body

    def _single_body(self, at: int) -> int | None:
        depth = 0
        for position in range(at, len(self.tokens)):
            token = self.tokens[position]
            mark = token.key
            if mark == ";" or token.kind in _LINE_KINDS:
                return None
            if mark == "(":
                depth += 1
            elif mark == ")":
                depth -= 1
            elif depth <= 0 and token.kind == WORD and mark in _STATEMENT_WORDS and position > at:
                called = key(self.tokens, position + 1) == "("
                if not called or mark in _TAKE_PARENTHESES:
                    return position
        return None

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
        body = self._single_body(at + 1)
        if body is None:
            return None
        self.open(Frame("loop", self.tokens[at].start, single=len(self.frames) <= _MAX_OPEN))
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
                if key(self.tokens, position) in _STATEMENT_WORDS | {
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
            if len(self.frames) > 1 and len(self.frames) <= _MAX_OPEN:
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
