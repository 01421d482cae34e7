"""The reader of one SQL text: what its statements do to the flow and to the session."""

from __future__ import annotations

from dbguard.flow import (
    Branch,
    Call,
    Direction,
    Embed,
    Flow,
    Loop,
    Node,
    Sequence,
    Stop,
    StopKind,
    Try,
)
from dbguard.languages.sql.blocks import BlockReader, Frame, calls_return, frame_node
from dbguard.languages.sql.client import client_command
from dbguard.languages.sql.client_variables import interpolated
from dbguard.languages.sql.comments import located
from dbguard.languages.sql.comparison import evidence, finds_difference, judge, measured
from dbguard.languages.sql.dialects import ORACLE, TSQL
from dbguard.languages.sql.dynamic import built_text, string_content
from dbguard.languages.sql.lexer import Lexer
from dbguard.languages.sql.names import read_name, tables_read
from dbguard.languages.sql.rows import read
from dbguard.languages.sql.session import Scope
from dbguard.languages.sql.statements import plain_statement, rename_procedure
from dbguard.languages.sql.tokens import (
    BODY,
    COMMAND,
    HOLE,
    MARKER,
    QUOTED,
    STRING,
    WORD,
    Token,
    after_keys,
    closing,
    find_outside,
    key,
    split_outside,
)
from dbguard.opaque import opaque_code
from dbguard.operations import Operation, Trait
from dbguard.records import replace
from dbguard.source import Mapped, Problem, Span

_MAX_NESTING = 8
_DEFINED = frozenset(
    ("PROCEDURE", "PROC", "FUNCTION", "TRIGGER", "EVENT", "PACKAGE", "TYPE", "RULE")
)
_RAISES_NOTHING = frozenset(("NOTICE", "INFO", "WARNING", "LOG", "DEBUG"))
_COMMA = frozenset((",",))
_REMOTE = frozenset(("DBLINK", "DBLINK_EXEC", "DBLINK_SEND_QUERY"))
_ASSIGNS = frozenset((":=", "=", "DEFAULT"))
_SQL_LANGUAGES = frozenset(("", "PLPGSQL", "SQL", "PLTSQL"))


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
        tokens = lex(self.scope, token.start, token.end)
        reader = Reader(self.scope, tokens, nesting=self.nesting + 1)
        self.down.extend(reader.read())

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
            self._gset()
        elif name == "\\GEXEC" and self.last:
            built = built_text(
                self.scope.region, self._selected(self.last), self.scope.session.variables
            )
            if built is not None:
                self.nodes.extend(self.run_text(built, "\\gexec"))
        else:
            self.nodes.extend(client_command(self.scope, token))

    def _selected(self, tokens: list[Token]) -> list[Token]:
        """Return the first expression a SELECT selects."""
        end = find_outside(tokens, frozenset(("FROM", "WHERE", "AS", ",")), 1)
        return tokens[1:end]

    def _gset(self) -> None:
        for part in split_outside(self.last[1:], _COMMA):
            at = find_outside(part, frozenset(("AS",)))
            if at + 1 < len(part):
                name = self.scope.text[part[at + 1].start : part[at + 1].end].upper()
                self.scope.session.conditions[name] = judge(self.scope, part[:at])
                self.assign(name, part[:at])

    # -- statements

    def statement(self, tokens: list[Token]) -> list[Node]:
        if not tokens:
            return []
        self.last = tokens
        first = tokens[0]
        if first.kind == HOLE and self.nesting < _MAX_NESTING:
            text = interpolated(self.scope.region, tokens, self.scope.session.variables)
            if text is not None:
                return self.run_text(text, "psql variable")
        special = _SPECIAL.get(first.key)
        if special is not None:
            made = special(self, tokens)
            if made is not None:
                return made
        may_assign = self.procedural or len(self.frames) > 1 or first.key in ("SET", "DECLARE")
        if may_assign and self._assignment(tokens):
            return []
        if first.key == "SELECT":
            return self._select(tokens)
        return list(plain_statement(self.scope, tokens))

    def _select(self, tokens: list[Token]) -> list[Node]:
        """A SELECT may assign variables or call a function of the same file."""
        into = find_outside(tokens, frozenset(("INTO",)))
        text = self.scope.text
        called = self._call(tokens, 1)
        if called is not None:
            return called
        if key(tokens, 1) in _REMOTE and key(tokens, 2) == "(":
            return self._remote(tokens)
        if key(tokens, 1).startswith("@") and key(tokens, 2) in ("=", ":="):
            for part in split_outside(tokens[1:], _COMMA):
                if key(part, 0).startswith("@") and key(part, 1) in ("=", ":="):
                    source = tokens[find_outside(tokens, frozenset(("FROM",))) :]
                    self.assign(part[0].key, [*part[2:], *source])
            return [read(self.scope, tokens)] if tables_read(text, tokens) else []
        target = tokens[into + 1] if into + 1 < len(tokens) else None
        if target is not None and (
            self.procedural or self.scope.session.dialect == ORACLE or target.key.startswith("@")
            or (self.frames[-1].kind != "top" and self.scope.session.dialect != TSQL)
        ):  # fmt: skip
            at = into + 2 if target.key == "STRICT" else into + 1
            stop = find_outside(tokens, frozenset(("FROM", "WHERE", ";")), at)
            if into < find_outside(tokens, frozenset(("FROM",))):
                value = [*tokens[1:into], *tokens[stop:]]
            else:
                value = tokens[1:into]
            names = split_outside(tokens[at:stop], _COMMA)
            values = split_outside(
                tokens[1 : find_outside(tokens, frozenset(("FROM", "INTO")), 1)], _COMMA
            )
            for index, name in enumerate(names):
                if name:
                    own = values[index] if len(values) == len(names) > 1 else []
                    rest = (
                        value
                        if len(names) == 1
                        else [*own, *value[sum(map(len, values)) + len(values) - 1 :]]
                    )
                    self.assign(name[0].key, rest)
            without = [*tokens[:into], *tokens[stop:]]
            return [read(self.scope, without)] if tables_read(text, without) else []
        return list(plain_statement(self.scope, tokens))

    def _remote(self, tokens: list[Token]) -> list[Node]:
        """``dblink_exec(connection, 'statement')``: PostgreSQL, contrib dblink."""
        arguments = split_outside(tokens[3 : closing(tokens, 2)], _COMMA)
        texts = [
            built_text(self.scope.region, argument, self.scope.session.variables)
            for argument in arguments[:2]
        ]
        return self.run_text(texts[-1], key(tokens, 1).lower()) if texts and texts[-1] else []

    def assign(self, name: str, value: list[Token]) -> None:
        """Note what a variable holds: a text that may be executed, a count of tables."""
        session = self.scope.session
        selected = value[: find_outside(value, frozenset(("FROM",)))]
        built = built_text(self.scope.region, selected, session.variables)
        for known in (session.variables, session.measures, session.conditions):
            known.pop(name, None)
        session.differences.discard(name)
        if not value:
            return
        if built is not None:
            session.variables[name] = built
        tables = measured(self.scope, value)
        if tables:
            session.measures[name] = tables
            if finds_difference(self.scope, value):
                session.differences.add(name)
            verdict = judge(self.scope, value)
            if verdict[0].compared or verdict[1].compared:
                session.conditions[name] = verdict

    def _assignment(self, tokens: list[Token]) -> bool:
        """Read ``v := expression``, ``v integer := expression``, ``DECLARE @v INT = ...``, SET."""
        first = tokens[0]
        start = 1 if first.key in ("SET", "DECLARE") else 0
        if first.key == "SET" and not (
            key(tokens, 1).startswith("@") or self.procedural or len(self.frames) > 1
        ):
            return False
        if first.key not in ("SET", "DECLARE") and (
            first.kind != WORD or not (self.procedural or len(self.frames) > 1)
        ):
            return False
        found = False
        for part in split_outside(tokens[start:], _COMMA):
            at = find_outside(
                part,
                _ASSIGNS
                if start or self.procedural or len(self.frames) > 1
                else frozenset((":=",)),
            )
            if 0 < at < min(len(part) - 1, 12) and part[0].kind == WORD:
                if first.key not in ("SET", "DECLARE") and part[at].key == "=" and at > 1:
                    break
                self.assign(part[0].key, part[at + 1 :])
                found = True
            elif not start:
                break
        return found or first.key == "DECLARE"

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
                return self._execute(tokens[2:])
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

    # -- text that is executed

    def _too_deep(self, span: Span) -> None:
        problem = Problem(
            self.scope.region.file.path, "SQL in strings nested too deep", "limit", span
        )
        self.scope.session.problems.append(problem)

    def run_text(self, text: Mapped, via: str) -> list[Node]:
        """Lower SQL that stands in a string and runs here."""
        if self.nesting >= _MAX_NESTING:
            self._too_deep(text.span)
            return []
        session = self.scope.session
        region = self.scope.region.embed(
            "sql", text, via, database=session.database, dialect=session.dialect
        )
        scope = replace(self.scope, region=region)
        opaque = opaque_code(region, text.span, checked=session.checked)
        if opaque is not None:
            return [replace(opaque, traits=self.scope.traits)]
        reader = Reader(scope, lex(scope, 0, len(text.text)), self.procedural, self.nesting + 1)
        reader.procedural = False
        return reader.read()

    def _execute(self, tokens: list[Token]) -> list[Node] | None:
        """EXECUTE '...', EXECUTE IMMEDIATE, EXEC('...'), EXEC sp_executesql, EXECUTE prepared."""
        at = after_keys(tokens, 1, "IMMEDIATE")
        procedure = key(tokens, at).rpartition(".")[2]
        named = read_name(self.scope.text, tokens, at)
        if named is not None and tokens[at].kind in (WORD, QUOTED):
            procedure = named[0].last.upper()
            behind = named[1]
            if procedure == "SP_RENAME":
                return list(rename_procedure(self.scope, tokens, behind))
            if procedure in ("SP_EXECUTESQL", "SP_MSFOREACHTABLE", "SP_MSFOREACHDB", "SP_SQLEXEC"):
                at = behind
                if key(tokens, at).startswith("@") and key(tokens, at + 1) == "=":
                    at += 2
            elif (
                procedure == "XP_CMDSHELL"
                and behind < len(tokens)
                and tokens[behind].kind == STRING
            ):
                content = string_content(self.scope.region, tokens[behind])
                region = self.scope.region.embed("shell", content, "argument of xp_cmdshell")
                span = self.scope.region.span(tokens[0].start, tokens[behind].end)
                return [Embed(region, span, self.scope.session.checked)]
            elif self.scope.session.prepared.get(procedure) is not None:
                return self.run_text(self.scope.session.prepared[procedure], "EXECUTE")
            else:
                called = self._call(tokens, at)
                if called is not None:
                    return called
        end = find_outside(tokens, frozenset((",", "INTO", "USING", "AT", "AS", "RETURNING")), at)
        built = built_text(self.scope.region, tokens[at:end], self.scope.session.variables)
        return [] if built is None else self.run_text(built, tokens[0].key)

    def _prepare(self, tokens: list[Token]) -> list[Node]:
        mark = find_outside(tokens, frozenset(("FROM", "AS")))
        if mark + 1 >= len(tokens) or len(tokens) < 3:
            return []
        if tokens[mark].key == "AS":
            text: Mapped | None = self.scope.region.slice(tokens[mark + 1].start, tokens[-1].end)
        else:
            text = built_text(self.scope.region, tokens[mark + 1 :], self.scope.session.variables)
        if text is not None:
            self.scope.session.prepared[tokens[1].key] = text
        return []

    def _do(self, tokens: list[Token]) -> list[Node] | None:
        """DO $$ ... $$: an anonymous block, run here."""
        body = next((token for token in tokens if token.kind in (BODY, STRING)), None)
        language = self._language(tokens)
        if body is None:
            return None
        if self.nesting >= _MAX_NESTING:
            self._too_deep(self.scope.region.span(body.start, body.end))
            return []
        if language not in _SQL_LANGUAGES:
            return []
        span = self.scope.region.span(tokens[0].start, tokens[-1].end)
        nodes = self._body(body, "DO", self.scope)
        ends = {StopKind.RETURN}
        if not self.scope.session.checked:
            ends.add(StopKind.RAISE)  # psql goes on with the next statement
        return [Call("DO", span, Sequence(tuple(nodes)), frozenset(ends))]

    def _body(self, token: Token, via: str, scope: Scope) -> list[Node]:
        """Lower the body of a block or function that is a string."""
        if token.kind == BODY:
            text = scope.text
            start = token.start + len(token.key)
            closed = token.end - len(token.key) >= start and text.endswith(
                token.key, start, token.end
            )
            end = token.end - len(token.key) if closed else token.end
            return Reader(scope, lex(scope, start, end), True, self.nesting + 1).read()
        content = string_content(scope.region, token)
        session = scope.session
        region = scope.region.embed(
            "sql", content, via, database=session.database, dialect=session.dialect
        )
        inner = replace(scope, region=region)
        return Reader(inner, lex(inner, 0, len(content.text)), True, self.nesting + 1).read()

    def _language(self, tokens: list[Token]) -> str:
        for index, token in enumerate(tokens):
            if token.key == "LANGUAGE" and index + 1 < len(tokens):
                following = tokens[index + 1]
                return self.scope.text[following.start : following.end].strip("'\"").upper()
        return ""

    # -- functions and procedures

    def _call(self, tokens: list[Token], at: int) -> list[Node] | None:
        """Follow a call of a function that this text defined."""
        session = self.scope.session
        if not session.functions or at >= len(tokens):
            return None
        found = read_name(self.scope.text, tokens, at)
        if found is None:
            return None
        name = found[0].last.lower()
        flow = session.functions.get(name)
        if flow is None or self.nesting >= _MAX_NESTING:
            return None
        session.called.add(name)
        span = self.scope.region.span(tokens[0].start, tokens[-1].end)
        return [Call(found[0].text, span, _run(flow.body), frozenset((StopKind.RETURN,)))]

    def _call_statement(self, tokens: list[Token]) -> list[Node] | None:
        return self._call(tokens, 1) or []

    def definition(self, at: int) -> int | None:
        tokens = self.tokens
        in_package = any(frame.kind == "package" for frame in self.frames)
        what, position = self._defined(at, in_package)
        if not what:
            return None
        start = tokens[at].start
        if what in ("TYPE", "RULE") or key(tokens, position) == "TRIGGER":
            return self._pass_statement(at)
        position = after_keys(tokens, position, "BODY")
        found = read_name(self.scope.text, tokens, _behind_existence(tokens, position))
        name = found[0].text if found else ""
        position = found[1] if found else position
        kind = "package" if what == "PACKAGE" else "definition"
        frame = Frame(kind, start, name=name, language=what)
        depth = 0
        parameters = False
        while position < len(tokens):
            token = tokens[position]
            mark = token.key
            if mark == ";" or token.kind not in (
                WORD,
                QUOTED,
                STRING,
                BODY,
                HOLE,
                "operator",
                "number",
                "row",
            ):
                return position
            if mark == "(":
                depth += 1
            elif mark == ")":
                depth -= 1
                parameters = True
            elif depth <= 0:
                if token.kind in (BODY, STRING) and tokens[position - 1].key == "AS":
                    return self._string_body(position, frame, at)
                if mark in ("AS", "IS") and self._begins_body(position, what):
                    self._open_definition(frame)
                    return position + 1
                if mark == "BEGIN" or (mark == "DECLARE" and what == "TRIGGER"):
                    self._open_definition(frame)
                    return position
                if what == "EVENT" and mark == "DO":
                    return self._single_statement(frame, position + 1)
                if what == "TRIGGER" and mark == "ROW" and tokens[position - 1].key == "EACH":
                    if key(tokens, position + 1) not in (
                        "WHEN",
                        "EXECUTE",
                        "FOLLOWS",
                        "PRECEDES",
                        "BEGIN",
                        "DECLARE",
                    ):
                        return self._single_statement(frame, position + 1)
                elif mark == "EXECUTE" and what == "TRIGGER":
                    return self._pass_statement(position)
                elif (
                    what in ("PROCEDURE", "FUNCTION")
                    and parameters
                    and mark in _BODY_WORDS
                    and tokens[position - 1].key
                    not in (
                        "READS",
                        "CONTAINS",
                        "MODIFIES",
                        "NOT",
                        "NO",
                        "SQL",
                        "RETURNS",
                        "SECURITY",
                    )
                ) or (
                    what in ("PROCEDURE", "FUNCTION")
                    and parameters
                    and mark in _BODY_WORDS
                    and tokens[position - 1].key
                    in ("DATA", "SQL", "DETERMINISTIC", "DEFINER", "INVOKER")
                ):
                    return self._single_statement(frame, position)
            position += 1
        return position

    def _begins_body(self, position: int, what: str) -> bool:
        """Say whether the AS or IS at *position* begins a body and no other clause."""
        before, following = key(self.tokens, position - 1), key(self.tokens, position + 1)
        if before in ("EXECUTE", "WITH") or following in ("CALLER", "OWNER", "SELF"):
            return False
        # REFERENCING NEW TABLE AS x, REFERENCING OLD AS o
        if what == "TRIGGER" and before in ("TABLE", "ROW", "NEW", "OLD", "PARENT"):
            return False
        behind = self.tokens[position + 1] if position + 1 < len(self.tokens) else None
        return behind is not None and behind.kind not in (BODY, STRING)

    def _open_definition(self, frame: Frame) -> None:
        self._enter_scope()
        self.open(frame)

    def _enter_scope(self) -> None:
        if Trait.DEFINITION not in self.scope.traits:
            self.scope = replace(self.scope, traits=self.scope.traits | {Trait.DEFINITION})

    def _single_statement(self, frame: Frame, at: int) -> int:
        """Open a definition whose body is the one statement at *at*."""
        frame.body = []
        self._open_definition(frame)
        if key(self.tokens, at) == "BEGIN":
            frame.body = None
        return at

    def _defined(self, at: int, in_package: bool) -> tuple[str, int]:
        """Return what is defined at *at* and the index of its name, '' where nothing is."""
        tokens = self.tokens
        if tokens[at].key in ("PROCEDURE", "FUNCTION"):
            inside = in_package or any(frame.kind == "definition" for frame in self.frames)
            return (tokens[at].key, at + 1) if inside else ("", at)
        for position in range(at + 1, min(at + 12, len(tokens))):
            mark = tokens[position].key
            if mark in _DEFINED:
                return mark.replace("PROCEDURE", "PROC").replace("PROC", "PROCEDURE"), position + 1
            if mark in (
                "TABLE",
                "INDEX",
                "VIEW",
                "DATABASE",
                "SCHEMA",
                "USER",
                "ROLE",
                "SEQUENCE",
                ";",
                "(",
            ):
                break
        return "", at

    def _pass_statement(self, at: int) -> int:
        for position in range(at, len(self.tokens)):
            token = self.tokens[position]
            if token.key == ";" or token.kind in (COMMAND, MARKER, "boundary"):
                return position
        return len(self.tokens)

    def _string_body(self, position: int, frame: Frame, at: int) -> int:
        """Lower a PostgreSQL function, whose body is a string."""
        token = self.tokens[position]
        end = self._pass_statement(position)
        language = self._language(self.tokens[at:end])
        if language in _SQL_LANGUAGES and self.nesting >= _MAX_NESTING:
            self._too_deep(self.scope.region.span(token.start, token.end))
        elif language in _SQL_LANGUAGES:
            scope = replace(self.scope, traits=self.scope.traits | {Trait.DEFINITION})
            frame.nodes = self._body(token, f"body of {frame.name}", scope)
            self.nodes.extend(self.closed(frame))
        return end

    def closed(self, frame: Frame) -> list[Node]:
        if not any(open_frame.kind in ("definition", "package") for open_frame in self.frames):
            self.scope = replace(self.scope, traits=self.scope.traits - {Trait.DEFINITION})
        if frame.language == "TRIGGER" or frame.kind == "package":
            return []
        body = Sequence(tuple(frame_node(frame)))
        name = frame.name or "(unnamed)"
        if frame.language != "EVENT" or body.nodes:
            self.scope.session.functions[name.rpartition(".")[2].lower()] = Flow(name, body)
        return []


_BODY_WORDS = frozenset(
    ("DELETE", "UPDATE", "INSERT", "TRUNCATE", "DROP", "SELECT", "CALL", "RETURN", "IF", "REPLACE")
)


def _behind_existence(tokens: list[Token], index: int) -> int:
    return after_keys(tokens, after_keys(tokens, index, "IF", "NOT", "EXISTS"), "IF", "EXISTS")


def _run(node: Sequence) -> Sequence:
    """Return the body of a definition as something that runs: no operation is a definition's."""
    return Sequence(tuple(_executed(child) for child in node.nodes), node.direction)


def _executed(node: Node) -> Node:
    if isinstance(node, Operation):
        return replace(node, traits=node.traits - {Trait.DEFINITION})
    if isinstance(node, Sequence):
        return _run(node)
    if isinstance(node, Branch):
        return Branch(tuple(_run(arm) for arm in node.arms))
    if isinstance(node, Loop):
        return Loop(_run(node.body), node.at_least_once)
    if isinstance(node, Call):
        return replace(node, body=_run(node.body))
    if isinstance(node, Try):
        handlers = tuple(_run(handler) for handler in node.handlers)
        return Try(_run(node.body), handlers, _run(node.otherwise), _run(node.final))
    return node


_SPECIAL = {
    "ASSERT": Reader._assert,
    "CALL": Reader._call_statement,
    "DO": Reader._do,
    "EXEC": Reader._execute,
    "EXECUTE": Reader._execute,
    "PERFORM": Reader._call_statement,
    "PREPARE": Reader._prepare,
    "RAISE": Reader._raise,
    "RAISE_APPLICATION_ERROR": Reader._raise,
    "RAISERROR": Reader._raiserror,
    "RESIGNAL": Reader._signal,
    "RETURN": Reader._return,
    "SET": Reader._set,
    "SIGNAL": Reader._signal,
    "THROW": Reader._raise,
}
