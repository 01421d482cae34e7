"""Text that is executed: EXECUTE and its kin, prepared statements, DO blocks, other servers."""

from __future__ import annotations

from dbguard.flow import Branch, Call, Embed, Node, Sequence, StopKind
from dbguard.languages.sql.choices import alternatives
from dbguard.languages.sql.dynamic import built_text, string_content
from dbguard.languages.sql.names import read_name
from dbguard.languages.sql.session import Scope
from dbguard.languages.sql.statements import rename_procedure
from dbguard.languages.sql.tokens import (
    BODY,
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
from dbguard.records import replace
from dbguard.source import Mapped, Problem, Span

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dbguard.languages.sql.reader import Reader

MAX_NESTING = 8
"""How deep SQL may stand in strings of SQL before a limit is reported."""

SQL_LANGUAGES = frozenset(("", "PLPGSQL", "SQL", "PLTSQL"))
_COMMA = frozenset((",",))


def too_deep(reader: Reader, span: Span) -> None:
    """Report a text that stands in too many others to be read."""
    problem = Problem(
        reader.scope.region.file.path, "SQL in strings nested too deep", "limit", span
    )
    reader.scope.session.problems.append(problem)


def run_text(reader: Reader, text: Mapped, via: str) -> list[Node]:
    """Lower SQL that stands in a string and runs here; of several texts, one does."""
    texts = alternatives(text)
    if len(texts) > 1:
        arms = [Sequence(tuple(run_text(reader, one, via))) for one in texts]
        return [Branch((*arms, Sequence()))]
    if reader.nesting >= MAX_NESTING:
        too_deep(reader, text.span)
        return []
    session = reader.scope.session
    region = reader.scope.region.embed(
        "sql", text, via, database=session.database, dialect=session.dialect
    )
    scope = replace(reader.scope, region=region)
    opaque = opaque_code(region, text.span, checked=session.checked)
    if opaque is not None:
        return [replace(opaque, traits=reader.scope.traits)]
    return reader.nested(scope, 0, len(text.text))


def execute(reader: Reader, tokens: list[Token]) -> list[Node] | None:
    """EXECUTE '...', EXECUTE IMMEDIATE, EXEC('...'), EXEC sp_executesql, EXECUTE prepared."""
    at = after_keys(tokens, 1, "IMMEDIATE")
    procedure = key(tokens, at).rpartition(".")[2]
    named = read_name(reader.scope.text, tokens, at)
    if named is not None and tokens[at].kind in (WORD, QUOTED):
        procedure = named[0].last.upper()
        behind = named[1]
        if procedure == "SP_RENAME":
            return list(rename_procedure(reader.scope, tokens, behind))
        if procedure in ("SP_EXECUTESQL", "SP_MSFOREACHTABLE", "SP_MSFOREACHDB", "SP_SQLEXEC"):
            at = behind
            if key(tokens, at).startswith("@") and key(tokens, at + 1) == "=":
                at += 2
        elif procedure == "XP_CMDSHELL" and behind < len(tokens) and tokens[behind].kind == STRING:
            content = string_content(reader.scope.region, tokens[behind])
            region = reader.scope.region.embed("shell", content, "argument of xp_cmdshell")
            span = reader.scope.region.span(tokens[0].start, tokens[behind].end)
            return [Embed(region, span, reader.scope.session.checked)]
        elif reader.scope.session.prepared.get(procedure) is not None:
            return run_text(reader, reader.scope.session.prepared[procedure], "EXECUTE")
        else:
            called = reader.call(tokens, at)
            if called is not None:
                return called
    end = find_outside(tokens, frozenset((",", "INTO", "USING", "AT", "AS", "RETURNING")), at)
    built = built_text(reader.scope.region, tokens[at:end], reader.scope.session.variables)
    return [] if built is None else run_text(reader, built, tokens[0].key)


def prepare(reader: Reader, tokens: list[Token]) -> list[Node]:
    """Keep the text of PREPARE, for the EXECUTE that names it."""
    mark = find_outside(tokens, frozenset(("FROM", "AS")))
    if mark + 1 >= len(tokens) or len(tokens) < 3:
        return []
    if tokens[mark].key == "AS":
        text: Mapped | None = reader.scope.region.slice(tokens[mark + 1].start, tokens[-1].end)
    else:
        text = built_text(reader.scope.region, tokens[mark + 1 :], reader.scope.session.variables)
    if text is not None:
        reader.scope.session.prepared[tokens[1].key] = text
    return []


def do(reader: Reader, tokens: list[Token]) -> list[Node] | None:
    """DO $$ ... $$: an anonymous block, run here."""
    body = next((token for token in tokens if token.kind in (BODY, STRING)), None)
    language = language_of(reader.scope, tokens)
    if body is None:
        return None
    if reader.nesting >= MAX_NESTING:
        too_deep(reader, reader.scope.region.span(body.start, body.end))
        return []
    if language not in SQL_LANGUAGES:
        return []
    span = reader.scope.region.span(tokens[0].start, tokens[-1].end)
    nodes = run_body(reader, body, "DO", reader.scope)
    ends = {StopKind.RETURN}
    if not reader.scope.session.checked:
        ends.add(StopKind.RAISE)  # psql goes on with the next statement
    return [Call("DO", span, Sequence(tuple(nodes)), frozenset(ends))]


def run_body(reader: Reader, token: Token, via: str, scope: Scope) -> list[Node]:
    """Lower the body of a block or function that is a string."""
    if token.kind == BODY:
        text = scope.text
        start = token.start + len(token.key)
        closed = token.end - len(token.key) >= start and text.endswith(token.key, start, token.end)
        end = token.end - len(token.key) if closed else token.end
        return reader.nested(scope, start, end, procedural=True)
    content = string_content(scope.region, token)
    session = scope.session
    region = scope.region.embed(
        "sql", content, via, database=session.database, dialect=session.dialect
    )
    inner = replace(scope, region=region)
    return reader.nested(inner, 0, len(content.text), procedural=True)


def language_of(scope: Scope, tokens: list[Token]) -> str:
    """Return the language that the body of a block or function is in, '' where none is said."""
    for index, token in enumerate(tokens):
        if token.key == "LANGUAGE" and index + 1 < len(tokens):
            following = tokens[index + 1]
            return scope.text[following.start : following.end].strip("'\"").upper()
    return ""


def remote(reader: Reader, tokens: list[Token]) -> list[Node]:
    """``dblink_exec(connection, 'statement')``: PostgreSQL, contrib dblink."""
    arguments = split_outside(tokens[3 : closing(tokens, 2)], _COMMA)
    texts = [
        built_text(reader.scope.region, argument, reader.scope.session.variables)
        for argument in arguments[:2]
    ]
    return run_text(reader, texts[-1], key(tokens, 1).lower()) if texts and texts[-1] else []
