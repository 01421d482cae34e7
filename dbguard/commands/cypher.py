"""Cypher, the language of Neo4j and its kin: the statements that empty a graph or a label.

https://neo4j.com/docs/cypher-manual/current/clauses/delete/
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dbguard.commands.stretches import hits
from dbguard.operations import Kind
from dbguard.patterns import regex
from dbguard.records import dataclass

_DELETES = regex(
    r"\bMATCH\s*\(\s*(?P<node>\w+)\s*(?::\s*(?P<label>\w+)\s*)?\)\s*"
    r"(?:OPTIONAL\s+MATCH\s*\(\s*(?P=node)\s*\)\s*<?-\s*\[\s*\w*\s*\]\s*->?\s*\(\s*\w*\s*\)\s*)?"
    r"(?:DETACH\s+)?DELETE\b"
    r"|\bDROP\s+DATABASE\s+(?P<database>\w+)",
    re.IGNORECASE,
)
_STATEMENT = regex(
    r"\s*(?://[^\n]*\n\s*)*(?:(?:OPTIONAL\s+)?MATCH\s*\w*\s*=?\s*\(|MERGE\s*\(|CREATE\s*\(|DETACH\s+DELETE\s"
    r"|UNWIND\s|FOREACH\s*\(|LOAD\s+CSV\s)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Loss:
    """What a statement destroys, as ``[start, end)`` of the text: a label, a database, everything."""

    kind: Kind
    name: str
    start: int
    end: int


def losses(text: str) -> Iterator[Loss]:
    """Yield what the statements of a text destroy. A WHERE or a property narrows: no loss."""
    for hit in hits(_DELETES, text):
        kind = Kind.DROP_DATABASE if hit["database"] else Kind.DELETE_ROWS
        yield Loss(kind, hit["database"] or hit["label"] or "", hit.start(), hit.end())


def is_cypher(text: str) -> bool:
    """Say whether a text begins as only a statement of Cypher does."""
    return _STATEMENT.match(text) is not None
