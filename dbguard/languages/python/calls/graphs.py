"""Graph databases: Cypher handed to ``session.run()``, ``tx.run()``, ``execute_query()`` and
the ``graph.query()`` of LangChain and RedisGraph.

https://neo4j.com/docs/api/python-driver/current/api.html
"""

from __future__ import annotations

from dbguard.commands import cypher
from dbguard.flow import Node
from dbguard.languages.python.calls.site import CallSite, Handler, Outcome, make_target
from dbguard.languages.python.values import Text, options
from dbguard.operations import Kind, Operation, TargetKind
from dbguard.patterns import regex

_LIBRARIES = (b"neo4j", b"py2neo", b"memgraph", b"gqlalchemy", b"neomodel")
_RECEIVER = regex(r"(?:^|[._])(?:session|tx|transaction|graph|driver)$")


def _run(site: CallSite) -> Outcome | None:
    """Return what Cypher does; None where the text is of another language."""
    query = site.argument(0, "query", "query_", "cypher", "statement")
    texts = [option for option in options(query) if isinstance(option, Text)] if query else []
    # The driver's own session runs nothing else, and no shell.
    is_graph = any(name in site.program.tree.data for name in _LIBRARIES)
    named = is_graph and _RECEIVER.search(site.receiver_text) is not None
    if named or any(cypher.is_cypher(text.text) for text in texts):
        return Outcome([node for text in texts for node in _losses(site, text)])
    return None


def _query(site: CallSite) -> Outcome | None:
    """Return the same of a method that SQL and object queries go by, too."""
    query = site.argument(0, "query", "cypher")
    texts = [option for option in options(query) if isinstance(option, Text)] if query else []
    return _run(site) if any(cypher.is_cypher(text.text) for text in texts) else None


def _losses(site: CallSite, text: Text) -> list[Node]:
    found: list[Node] = []
    database = site.string(None, "database_")
    for loss in cypher.losses(text.text):
        if loss.kind is Kind.DELETE_ROWS and loss.name:
            target = make_target(TargetKind.ROWS, loss.name, database)
        else:
            target = make_target(TargetKind.DATABASE, loss.name or database or "", database)
        span = text.mapped.map.to_outer(loss.start, loss.end)
        region = site.program.region
        found.append(Operation(loss.kind, target, span, region, target.certainty, "DETACH DELETE"))
    return found


METHODS: dict[str, Handler] = {
    "run": _run,
    "execute_query": _run,
    "query": _query,
    "cypher_query": _query,
}
