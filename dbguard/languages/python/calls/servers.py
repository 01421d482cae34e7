"""Databases behind a client of their own: MongoDB, Redis, Elasticsearch, DynamoDB, RDS."""

from __future__ import annotations

import re

from dbguard.databases import database_of_url
from dbguard.languages.python.calls.orm import table_name
from dbguard.languages.python.calls.site import CallSite, Handler, Outcome, make_target
from dbguard.languages.python.values import (
    Class,
    Handle,
    Mapping,
    Symbol,
    Unknown,
    as_text,
    options,
)
from dbguard.operations import Kind, TargetKind
from dbguard.patterns import regex
from dbguard.source import hole

_COLLECTION = regex(r"(?:^|[._])(?:coll|collection|col|table)\w*$", re.IGNORECASE)
_ENTRY = regex(r"\[\s*(?:[\"'](?P<text>[^\"'\]]+)[\"']|(?P<name>[\w.]+))\s*\]$")
_MONGO = (b"pymongo", b"motor", b"mongo")


def _mongo_client(site: CallSite) -> Outcome | None:
    return Outcome([], Handle("mongo client"))


def _uses(site: CallSite, *libraries: bytes) -> bool:
    return any(library in site.program.tree.data for library in libraries)


def _drop_collection(site: CallSite) -> Outcome | None:
    """``db.drop_collection("users")``; mongoengine's ``User.drop_collection()``."""
    name = site.string(0, "name_or_collection", "collection_name")
    database = site.receiver.name if isinstance(site.receiver, Handle) else None
    if name is None:
        name = table_name(site.receiver, site.receiver_text)
        database = None
    target = make_target(TargetKind.TABLE, name, database or None)
    return Outcome([site.operation(Kind.DROP_TABLE, target)])


def _drop(site: CallSite) -> Outcome | None:
    """``db.users.drop()`` of pymongo: no argument, on something of a Mongo database."""
    if site.count or site.keyword_names or not _uses(site, *_MONGO):
        return None
    if isinstance(site.receiver, Handle) and site.receiver.kind != "mongo collection":
        return None
    if not isinstance(site.receiver, Handle | Unknown | Symbol):
        return None
    return Outcome([site.operation(Kind.DROP_TABLE, _collection(site))])


def _collection(site: CallSite, kind: TargetKind = TargetKind.TABLE):  # type: ignore[no-untyped-def]
    receiver = site.receiver
    if isinstance(receiver, Handle):
        return make_target(kind, receiver.name, receiver.database)
    name = receiver.name if isinstance(receiver, Unknown | Symbol) else site.receiver_text
    if (entry := _ENTRY.search(name)) is not None:
        key = entry["text"] or hole(entry["name"].rpartition(".")[2])
        return make_target(kind, key)
    return make_target(kind, name.rpartition(".")[2])


def _delete_many(site: CallSite) -> Outcome | None:
    """``collection.delete_many({})``: an empty filter takes every document."""
    condition = site.argument(0, "filter")
    if not isinstance(condition, Mapping) or condition.entries:
        return None
    node = site.argument_node(0, "filter")
    if node is not None and node.type == "dictionary" and node.named_children:
        return None
    return Outcome([site.operation(Kind.DELETE_ROWS, _collection(site, TargetKind.ROWS))])


def _flush(site: CallSite) -> Outcome | None:
    """Redis: FLUSHALL and FLUSHDB."""
    if isinstance(site.receiver, Class):
        return None
    database = site.receiver.database if isinstance(site.receiver, Handle) else None
    target = make_target(TargetKind.DATABASE, database or "", database)
    return Outcome([site.operation(Kind.DROP_DATABASE, target)])


def _redis(site: CallSite) -> Outcome | None:
    url = site.argument(0, "url", "host") if site.method == "from_url" else None
    text = as_text(options(url)[0]) if url is not None else None
    return Outcome([], Handle("redis", database_of_url(text.text) if text is not None else None))


def _index(site: CallSite) -> Outcome | None:
    """``es.indices.delete(index="x")``."""
    if not site.receiver_text.endswith("indices"):
        return None
    name = site.string(None, "index") or site.string(0)
    if name is None:
        return None
    target = make_target(TargetKind.DATABASE, name, None)
    return Outcome([site.operation(Kind.DROP_DATABASE, target)])


def _named(kind: Kind, target: TargetKind, *names: str) -> Handler:
    """Return a call of a cloud API that deletes what a keyword names."""

    def handle(site: CallSite) -> Outcome | None:
        name = site.string(None, *names)
        if name is None:
            return None
        return Outcome([site.operation(kind, make_target(target, name))])

    return handle


_INSTANCE = _named(
    Kind.DROP_DATABASE,
    TargetKind.DATABASE,
    "DBInstanceIdentifier",
    "DBClusterIdentifier",
    "ClusterIdentifier",
    "GlobalClusterIdentifier",
    "instance",
    "database",
)
_SNAPSHOT_NAMES = ("DBInstanceIdentifier", "DBClusterIdentifier", "TableName")


def _snapshot(site: CallSite) -> Outcome | None:
    """RDS and DynamoDB snapshots."""
    name = site.string(None, *_SNAPSHOT_NAMES)
    if name is None:
        return None
    copy = (
        site.string(None, "DBSnapshotIdentifier", "DBClusterSnapshotIdentifier", "BackupName") or ""
    )
    operation = site.operation(
        Kind.BACKUP,
        make_target(TargetKind.DATABASE, copy),
        source=make_target(TargetKind.DATABASE, name),
    )
    return Outcome([operation])


EFFECTS: dict[str, Handler] = {}

METHODS: dict[str, Handler] = {
    "drop_collection": _drop_collection,
    "drop": _drop,
    "delete_many": _delete_many,
    "flushall": _flush,
    "flushdb": _flush,
    "delete": _index,
    "delete_db_instance": _INSTANCE,
    "delete_db_cluster": _INSTANCE,
    "delete_cluster": _INSTANCE,
    "delete_table": _named(Kind.DROP_TABLE, TargetKind.TABLE, "TableName"),
    "create_db_snapshot": _snapshot,
    "create_db_cluster_snapshot": _snapshot,
    "create_backup": _snapshot,
}

VALUES: dict[str, Handler] = {
    "pymongo.MongoClient": _mongo_client,
    "pymongo.AsyncMongoClient": _mongo_client,
    "motor.motor_asyncio.AsyncIOMotorClient": _mongo_client,
    "redis.Redis": _redis,
    "redis.StrictRedis": _redis,
    "redis.from_url": _redis,
    "redis.asyncio.Redis": _redis,
}


def _get_database(site: CallSite) -> Outcome | None:
    if isinstance(site.receiver, Handle) and site.receiver.kind == "mongo client":
        name = site.string(0, "name") or ""
        return Outcome([], Handle("mongo database", name, name=name))
    return None


def _get_collection(site: CallSite) -> Outcome | None:
    if isinstance(site.receiver, Handle) and site.receiver.kind == "mongo database":
        return Outcome(
            [],
            Handle("mongo collection", site.receiver.database, name=site.string(0, "name") or ""),
        )
    return None


VALUE_METHODS: dict[str, Handler] = {
    "get_database": _get_database,
    "get_default_database": _get_database,
    "get_collection": _get_collection,
}
