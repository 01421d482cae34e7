"""Vector stores, search engines and cloud tables: what their own clients drop and empty.

The names of these methods are common, so each counts only in a file that names a library
it belongs to. Sources: https://docs.trychroma.com/reference/python/client,
https://python-client.qdrant.tech/qdrant_client.qdrant_client,
https://docs.weaviate.io/weaviate/manage-collections/collection-operations,
https://docs.pinecone.io/reference/python-sdk, https://www.meilisearch.com/docs/reference/api,
https://docs.cloud.google.com/python/docs/reference/bigquery/latest,
https://learn.microsoft.com/en-us/python/api/overview/azure/cosmos-readme.
"""

from __future__ import annotations

import re

from dbguard.flow import Node
from dbguard.languages.python.calls.orm import table_name
from dbguard.languages.python.calls.site import CallSite, Handler, Outcome, make_target
from dbguard.languages.python.values import Class, Text, as_text, options, path_of
from dbguard.operations import Kind, TargetKind
from dbguard.patterns import regex

_CHROMA = regex(r"chroma|client", re.IGNORECASE)
_DYNAMODB_TABLE = regex(r"\.Table\(")
_TYPESENSE = regex(r"collections\[([^\[\]]+)\]$")
_EVERYTHING = regex(r"[\"']?match_all[\"']?\s*[:=(]")
_NARROWER = regex(r"filter|must|term|range|bool|ids")
_DROPS = regex(r"\s*(?:drop|truncate|delete|alter)\b", re.IGNORECASE)


def _uses(site: CallSite, libraries: tuple[bytes, ...]) -> bool:
    return any(library in site.program.tree.data for library in libraries)


def _of(
    kind: Kind,
    *libraries: bytes,
    names: tuple[str, ...] = (),
    about: TargetKind = TargetKind.TABLE,
    receiver: bool = False,
) -> Handler:
    """Return a call that loses what its first argument or one of *names* names.

    *receiver*: without an argument it is what the method is called on.
    """

    def handle(site: CallSite) -> Outcome | None:
        if not _uses(site, libraries):
            return None
        name = site.string(0, *names)
        if name is None and (value := site.argument(0, *names)) is not None:
            name = table_name(value)
        if name is None:
            if not receiver or site.count or site.keyword_names:
                return None
            name = table_name(site.receiver, site.receiver_text)
        return Outcome([site.operation(kind, make_target(about, name))])

    return handle


def _reset(site: CallSite) -> Outcome | None:
    """``chromadb``'s ``client.reset()``: every collection goes."""
    if site.count or site.keyword_names or not _uses(site, (b"chromadb",)):
        return None
    if not _CHROMA.search(site.receiver_text):
        return None
    return Outcome([site.operation(Kind.DROP_ALL, make_target(TargetKind.DATABASE, ""))])


def _delete_all(site: CallSite) -> Outcome | None:
    """Weaviate's ``collections.delete_all()``; Beanie's ``User.delete_all()``."""
    if site.count:
        return None
    if _uses(site, (b"weaviate",)) and site.receiver_text.endswith(("collections", "schema")):
        return Outcome([site.operation(Kind.DROP_ALL, make_target(TargetKind.DATABASE, ""))])
    if _uses(site, (b"beanie",)) and isinstance(site.receiver, Class):
        target = make_target(TargetKind.ROWS, table_name(site.receiver))
        return Outcome([site.operation(Kind.DELETE_ROWS, target)])
    return None


def _delete(site: CallSite) -> Outcome | None:
    """``delete``: a collection of Weaviate or Typesense, a table of DynamoDB, all of Pinecone."""
    receiver = site.receiver_text
    if _uses(site, (b"weaviate",)) and receiver.endswith(".collections"):
        return _DELETE_CLASS(site)
    if _uses(site, (b"pinecone",)) and site.constant(None, "delete_all") is True:
        name = site.string(None, "namespace") or ""
        target = make_target(TargetKind.ROWS, name or table_name(site.receiver, receiver))
        return Outcome([site.operation(Kind.DELETE_ROWS, target)])
    if site.count or site.keyword_names:
        return None
    if _uses(site, (b"typesense",)) and (collection := _TYPESENSE.search(receiver)):
        name = collection[1].strip("\"'")
        return Outcome([site.operation(Kind.DROP_TABLE, make_target(TargetKind.TABLE, name))])
    if _uses(site, (b"dynamodb",)) and (table := _DYNAMODB_TABLE.search(receiver)):
        name = receiver[table.end() :].rstrip(")").strip("\"'")
        return Outcome([site.operation(Kind.DROP_TABLE, make_target(TargetKind.TABLE, name))])
    return None


def _delete_by_query(site: CallSite) -> Outcome | None:
    """Elasticsearch's ``delete_by_query`` with ``match_all``: every document of an index."""
    node = site.argument_node(None, "query", "body")
    written = site.program.short_text(node) if node is not None else ""
    if not _EVERYTHING.search(written) or _NARROWER.search(written):
        return None
    name = site.string(0, "index") or ""
    return Outcome([site.operation(Kind.DELETE_ROWS, make_target(TargetKind.ROWS, name))])


def _command(site: CallSite) -> Outcome | None:
    """ClickHouse's ``client.command(sql)``; PyMongo's ``db.command("dropDatabase")``."""
    value = site.argument(0, "cmd", "command")
    text = as_text(options(value)[0]) if value is not None else None
    if isinstance(text, Text) and text.text == "dropDatabase":
        database = table_name(site.receiver, site.receiver_text)
        target = make_target(TargetKind.DATABASE, database, database)
        return Outcome([site.operation(Kind.DROP_DATABASE, target)])
    if isinstance(text, Text) and _uses(site, (b"clickhouse",)) and _DROPS.match(text.text):
        return site.sql(value, "argument of command()", None, "clickhouse")
    return None


def _tinydb(site: CallSite) -> Outcome | None:
    """TinyDB's ``db.drop_tables()``."""
    if site.count or site.keyword_names or not _uses(site, (b"tinydb",)):
        return None
    return Outcome([site.operation(Kind.DROP_ALL, make_target(TargetKind.DATABASE, ""))])


def _folder(site: CallSite) -> Outcome | None:
    """``plyvel.destroy_db(path)``: LevelDB's folder goes."""
    value = site.argument(0, "name")
    target = site.path_target(value, TargetKind.STORAGE) if value is not None else None
    return Outcome([site.operation(Kind.DELETE_STORAGE, target)]) if target is not None else None


def _opens(index: int | None, *names: str) -> Handler:
    """Return a call that keeps its database in a folder, which an argument names."""

    def handle(site: CallSite) -> Outcome | None:
        value = site.argument(index, *names)
        nodes: list[Node] = []
        for option in options(value) if value is not None else ():
            path = path_of(option)
            if path is not None and path not in ("", ":memory:") and "://" not in path:
                folder = site.program.file_target(path).name
                if folder not in ("", ".", "/"):
                    nodes.append(site.connect(f"{folder}/*"))
        return Outcome(nodes) if nodes else None

    return handle


_OPENS_CHROMA = _opens(None, "persist_directory")
_DELETE_CLASS = _of(Kind.DROP_TABLE, b"weaviate", names=("name", "class_name"))
_VECTORS = (
    b"chroma",
    b"qdrant",
    b"weaviate",
    b"milvus",
    b"langchain",
    b"llama_index",
    b"vecs",
    b"supabase",
    b"pgvector",
    b"arango",
    b"astrapy",
)

EFFECTS: dict[str, Handler] = {
    "plyvel.destroy_db": _folder,
    "chromadb.PersistentClient": _opens(0, "path"),
    "lancedb.connect": _opens(0, "uri"),
    "lancedb.connect_async": _opens(0, "uri"),
    "qdrant_client.QdrantClient": _opens(None, "path"),
}

METHODS: dict[str, Handler] = {
    "Chroma": _OPENS_CHROMA,
    "from_documents": _OPENS_CHROMA,
    "from_texts": _OPENS_CHROMA,
    "delete_collection": _of(
        Kind.DROP_TABLE,
        *_VECTORS,
        names=("collection_name", "name", "collection"),
        receiver=True,
    ),
    "recreate_collection": _of(Kind.DROP_TABLE, b"qdrant", names=("collection_name",)),
    "delete_class": _DELETE_CLASS,
    "delete_all": _delete_all,
    "reset": _reset,
    "delete": _delete,
    "delete_index": _of(
        Kind.DROP_TABLE,
        b"pinecone",
        b"meilisearch",
        b"azure.search",
        names=("name", "uid", "index_name", "index"),
    ),
    "delete_all_documents": _of(
        Kind.DELETE_ROWS, b"meili", about=TargetKind.ROWS, names=("uid",), receiver=True
    ),
    "delete_by_query": _delete_by_query,
    "delete_dataset": _of(
        Kind.DROP_DATABASE, b"bigquery", names=("dataset",), about=TargetKind.DATABASE
    ),
    "delete_table": _of(Kind.DROP_TABLE, b"bigquery", names=("table",)),
    "delete_database": _of(
        Kind.DROP_DATABASE,
        b"cosmos",
        b"arango",
        names=("database", "name"),
        about=TargetKind.DATABASE,
    ),
    "delete_container": _of(Kind.DROP_TABLE, b"cosmos", names=("container",)),
    "recursive_delete": _of(
        Kind.DELETE_ROWS, b"firestore", names=("reference",), about=TargetKind.ROWS
    ),
    "command": _command,
    "drop_tables": _tinydb,
}
