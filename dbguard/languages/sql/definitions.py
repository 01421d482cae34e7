"""Functions, procedures, triggers and packages: where their bodies are, and what a call runs."""

from __future__ import annotations

from dbguard.flow import Branch, Call, Flow, Loop, Node, Sequence, StopKind, Try
from dbguard.languages.sql.executed import (
    MAX_NESTING,
    SQL_LANGUAGES,
    language_of,
    run_body,
    too_deep,
)
from dbguard.languages.sql.frames import Frame, frame_node
from dbguard.languages.sql.names import read_name
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
    key,
)
from dbguard.operations import Operation, Trait
from dbguard.records import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dbguard.languages.sql.reader import Reader

_DEFINED = frozenset(
    ("PROCEDURE", "PROC", "FUNCTION", "TRIGGER", "EVENT", "PACKAGE", "TYPE", "RULE")
)
_BODY_WORDS = frozenset(
    ("DELETE", "UPDATE", "INSERT", "TRUNCATE", "DROP", "SELECT", "CALL", "RETURN", "IF", "REPLACE")
)
# Behind these, such a word belongs to a clause about the routine: no body begins with it.
_TAKES_WORD = frozenset(("READS", "CONTAINS", "MODIFIES", "NOT", "NO", "RETURNS", "SECURITY"))
# What may stand behind FOR EACH ROW and is not yet the one statement of the body.
_TRIGGER_CLAUSES = frozenset(("WHEN", "EXECUTE", "FOLLOWS", "PRECEDES", "BEGIN", "DECLARE"))


def call(reader: Reader, tokens: list[Token], at: int) -> list[Node] | None:
    """Follow a call of a function that this text defined."""
    session = reader.scope.session
    if not session.functions or at >= len(tokens):
        return None
    found = read_name(reader.scope.text, tokens, at)
    if found is None:
        return None
    name = found[0].last.lower()
    flow = session.functions.get(name)
    if flow is None or reader.nesting >= MAX_NESTING:
        return None
    session.called.add(name)
    span = reader.scope.region.span(tokens[0].start, tokens[-1].end)
    return [Call(found[0].text, span, _run(flow.body), frozenset((StopKind.RETURN,)))]


def define(reader: Reader, at: int) -> int | None:
    """Open a function or procedure at *at*; return where to go on, None where none is defined."""
    tokens = reader.tokens
    in_package = any(frame.kind == "package" for frame in reader.frames)
    what, position = _defined(reader, at, in_package)
    if not what:
        return None
    start = tokens[at].start
    if what in ("TYPE", "RULE") or key(tokens, position) == "TRIGGER":
        return _pass_statement(reader, at)
    position = after_keys(tokens, position, "BODY")
    found = read_name(reader.scope.text, tokens, _behind_existence(tokens, position))
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
                return _string_body(reader, position, frame, at)
            if mark in ("AS", "IS") and _begins_body(reader, position, what):
                _open_definition(reader, frame)
                return position + 1
            if mark == "BEGIN" or (mark == "DECLARE" and what == "TRIGGER"):
                _open_definition(reader, frame)
                return position
            if what == "EVENT" and mark == "DO":
                return _single_statement(reader, frame, position + 1)
            if what == "TRIGGER" and mark == "ROW" and tokens[position - 1].key == "EACH":
                if key(tokens, position + 1) not in _TRIGGER_CLAUSES:
                    return _single_statement(reader, frame, position + 1)
            elif mark == "EXECUTE" and what == "TRIGGER":
                return _pass_statement(reader, position)
            elif (
                what in ("PROCEDURE", "FUNCTION")
                and parameters
                and mark in _BODY_WORDS
                and tokens[position - 1].key not in _TAKES_WORD
            ):
                return _single_statement(reader, frame, position)
        position += 1
    return position


def _begins_body(reader: Reader, position: int, what: str) -> bool:
    """Say whether the AS or IS at *position* begins a body and no other clause."""
    before, following = key(reader.tokens, position - 1), key(reader.tokens, position + 1)
    if before in ("EXECUTE", "WITH") or following in ("CALLER", "OWNER", "SELF"):
        return False
    # REFERENCING NEW TABLE AS x, REFERENCING OLD AS o
    if what == "TRIGGER" and before in ("TABLE", "ROW", "NEW", "OLD", "PARENT"):
        return False
    behind = reader.tokens[position + 1] if position + 1 < len(reader.tokens) else None
    return behind is not None and behind.kind not in (BODY, STRING)


def _open_definition(reader: Reader, frame: Frame) -> None:
    _enter_scope(reader)
    reader.open(frame)


def _enter_scope(reader: Reader) -> None:
    if Trait.DEFINITION not in reader.scope.traits:
        reader.scope = replace(reader.scope, traits=reader.scope.traits | {Trait.DEFINITION})


def _single_statement(reader: Reader, frame: Frame, at: int) -> int:
    """Open a definition whose body is the one statement at *at*."""
    frame.body = []
    _open_definition(reader, frame)
    if key(reader.tokens, at) == "BEGIN":
        frame.body = None
    return at


def _defined(reader: Reader, at: int, in_package: bool) -> tuple[str, int]:
    """Return what is defined at *at* and the index of its name, '' where nothing is."""
    tokens = reader.tokens
    if tokens[at].key in ("PROCEDURE", "FUNCTION"):
        inside = in_package or any(frame.kind == "definition" for frame in reader.frames)
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


def _pass_statement(reader: Reader, at: int) -> int:
    for position in range(at, len(reader.tokens)):
        token = reader.tokens[position]
        if token.key == ";" or token.kind in (COMMAND, MARKER, "boundary"):
            return position
    return len(reader.tokens)


def _string_body(reader: Reader, position: int, frame: Frame, at: int) -> int:
    """Lower a PostgreSQL function, whose body is a string."""
    token = reader.tokens[position]
    end = _pass_statement(reader, position)
    language = language_of(reader.scope, reader.tokens[at:end])
    if language in SQL_LANGUAGES and reader.nesting >= MAX_NESTING:
        too_deep(reader, reader.scope.region.span(token.start, token.end))
    elif language in SQL_LANGUAGES:
        scope = replace(reader.scope, traits=reader.scope.traits | {Trait.DEFINITION})
        frame.nodes = run_body(reader, token, f"body of {frame.name}", scope)
        close(reader, frame)
    return end


def close(reader: Reader, frame: Frame) -> None:
    """Keep what a definition that was read whole does, for those who call it."""
    if not any(open_frame.kind in ("definition", "package") for open_frame in reader.frames):
        reader.scope = replace(reader.scope, traits=reader.scope.traits - {Trait.DEFINITION})
    if frame.language == "TRIGGER" or frame.kind == "package":
        return
    body = Sequence(tuple(frame_node(frame)))
    name = frame.name or "(unnamed)"
    if frame.language != "EVENT" or body.nodes:
        reader.scope.session.functions[name.rpartition(".")[2].lower()] = Flow(name, body)


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
