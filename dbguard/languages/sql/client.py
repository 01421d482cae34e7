"""Lines for the client program: psql, sqlite3, mysql, sqlcmd, SQL*Plus."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dbguard.databases import database_of_url, normal_path
from dbguard.flow import Embed, Include, Node, Stop, StopKind
from dbguard.languages.sql.client_variables import variable
from dbguard.languages.sql.session import Scope, timestamped
from dbguard.languages.sql.tokens import Token
from dbguard.operations import Kind, Target, TargetKind
from dbguard.patterns import regex
from dbguard.source import Mapped

_ARGUMENT = regex(r"'([^'\n]*)'|\"([^\"\n]*)\"|(\S+)")
_INCLUDES = frozenset(
    ("\\I", "\\IR", "\\INCLUDE", "\\INCLUDE_RELATIVE", ".READ", ":R", "SOURCE", "\\.", "@", "START")
)
_SHELLS = frozenset(("\\!", ".SHELL", ".SYSTEM", "HOST", "!", "!!", ":!!"))
_YES = frozenset(("on", "1", "true", "yes", ""))


def client_command(scope: Scope, token: Token) -> Iterator[Node]:
    """Lower one line for the client; lines that change nothing give nothing."""
    text = scope.text
    name = token.key.rstrip("+")
    begin = token.start + len(name)
    rest = text[begin : token.end]
    arguments = [
        (match.lastindex or 0, match) for match in _ARGUMENT.finditer(text, begin, token.end)
    ]
    words = [match[group] for group, match in arguments]
    if name in _INCLUDES:
        for group, match in arguments[:1]:
            path = scope.region.slice(match.start(group), match.end(group))
            yield _include(scope, token, path)
    elif name in _SHELLS:
        stripped = rest.lstrip()
        start = token.end - len(stripped)
        if stripped:
            region = scope.region.embed(
                "shell", scope.region.slice(start, token.end), f"{name.lower()} of the SQL client"
            )
            yield Embed(region, scope.region.span(token.start, token.end), scope.session.checked)
    elif name in ("\\C", "\\CONNECT", ":CONNECT", ".OPEN", "\\U"):
        yield from _connect(scope, token, name, words)
    elif name in (".BACKUP", ".SAVE", ".CLONE", ".RESTORE"):
        yield from _copy_file(scope, token, name, words)
    elif name in (".OUTPUT", ".ONCE", "\\O", "SPOOL"):
        scope.session.output = (
            words[-1] if words and words[-1].lower() not in ("stdout", "off") else ""
        )
    elif name == ".DUMP" and scope.session.output:
        yield _backup(scope, token, scope.session.output)
    elif name == "\\COPY":
        exported = re.match(r"\s*([\w.\"]+)(?:\s*\([^)]*\))?\s+to\s+'?([^\s']+)", rest, re.I)
        if exported and exported[2].lower() not in ("stdout", "pstdout", "program"):
            yield scope.operation(
                Kind.BACKUP,
                scope.session.file(exported[2]),
                token.start,
                token.end,
                source=scope.session.table(exported[1].replace('"', "")),
                traits=timestamped(exported[2]),
                spelling="\\copy",
            )
    elif name in ("\\Q", ".EXIT", ".QUIT", ":EXIT", ":QUIT"):
        yield Stop(StopKind.EXIT, scope.region.span(token.start, token.end))
    else:
        if name == "\\SET" and len(words) > 1:
            value = Mapped.join(
                scope.region.slice(match.start(group), match.end(group))
                for group, match in arguments[1:]
            )
            scope.session.variables[variable(words[0])] = value
        _settings(scope, name, words)


def _settings(scope: Scope, name: str, words: list[str]) -> None:
    session = scope.session
    lowered = [word.lower() for word in words]
    if name == "\\SET" and lowered[:1] == ["on_error_stop"]:
        session.stops_at_error = (lowered[1:2] or [""])[0] in _YES
    elif name == "\\UNSET" and lowered[:1] == ["on_error_stop"]:
        session.stops_at_error = False
    elif name == ".BAIL":
        session.stops_at_error = (lowered[:1] or [""])[0] in _YES
    elif name in (":ON", ":ERROR") and "exit" in lowered:
        session.stops_at_error = session.raiserror_stops = True
    elif name == "WHENEVER" and "sqlerror" in lowered:
        session.stops_at_error = "exit" in lowered


def _include(scope: Scope, token: Token, path: Mapped) -> Node:
    return Include(
        path,
        "sql",
        scope.region,
        scope.region.span(token.start, token.end),
        f"{token.key.lower()} of the SQL client",
        scope.session.database,
        scope.session.dialect,
        scope.session.checked,
    )


def _connect(scope: Scope, token: Token, name: str, words: list[str]) -> Iterator[Node]:
    words = [word for word in words if word != "-" and not word.startswith("--")]
    if not words:
        return
    place = words[-1] if name == ".OPEN" else words[0]
    conninfo = re.search(r"\bdbname\s*=\s*'?([^\s']+)", " ".join(words))
    place = conninfo[1] if conninfo else place
    database = database_of_url(place) or (normal_path(place) if name == ".OPEN" else place)
    scope.session.database = database
    scope.session.in_transaction = False
    kind = TargetKind.FILE if name == ".OPEN" else TargetKind.DATABASE
    yield scope.operation(
        Kind.CONNECT,
        scope.session.target(kind, database),
        token.start,
        token.end,
        spelling=name.lower(),
    )


def _backup(scope: Scope, token: Token, file: str) -> Node:
    return scope.operation(
        Kind.BACKUP,
        scope.session.file(normal_path(file)),
        token.start,
        token.end,
        source=scope.session.here(),
        traits=timestamped(file),
        spelling=token.key.lower(),
    )


def _copy_file(scope: Scope, token: Token, name: str, words: list[str]) -> Iterator[Node]:
    words = [word for word in words if not word.startswith("-")]
    if not words:
        return
    if name != ".RESTORE":
        yield _backup(scope, token, words[-1])
        return
    here = scope.session.here()
    yield scope.operation(
        Kind.RESTORE,
        Target(TargetKind.DATABASE, here.name, here.database, here.certainty, here.throwaway),
        token.start,
        token.end,
        source=scope.session.file(normal_path(words[-1])),
        spelling=".restore",
    )
