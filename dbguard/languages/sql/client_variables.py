r"""Variables of psql: ``\set verb DROP`` and ``:verb TABLE users``.

https://www.postgresql.org/docs/current/app-psql.html#APP-PSQL-INTERPOLATION
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dbguard.languages.sql.tokens import HOLE, Token
from dbguard.source import Mapped, Region


def variable(name: str) -> str:
    """Return the key under which a session keeps a variable of the client."""
    return f":{name}"


def interpolated(
    region: Region, tokens: Sequence[Token], variables: Mapping[str, Mapped]
) -> Mapped | None:
    """Return a statement with the client's variables put in, None where none of them is known."""
    parts: list[Mapped] = []
    at = tokens[0].start
    for token in tokens:
        known = None
        if token.kind == HOLE:
            known = variables.get(region.text[token.start : token.end])
        if known is None:
            continue
        parts.append(region.slice(at, token.start))
        parts.append(Mapped.at(known.text, region.span(token.start, token.end)))
        at = token.end
    if not parts:
        return None
    return Mapped.join([*parts, region.slice(at, tokens[-1].end)])
