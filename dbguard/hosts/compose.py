"""Docker Compose: what the services run (``command``, ``entrypoint``, ``healthcheck``), each a flow.

https://docs.docker.com/reference/compose-file/services/. Anchors and ``x-`` extensions are
followed where a service uses them; the environment of a service holds in its commands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dbguard.databases import is_storage
from dbguard.flow import Flow, Lowered, Sequence
from dbguard.hosts.command_lines import command
from dbguard.hosts.yaml_comments import comments
from dbguard.hosts.yaml_nodes import Listing, Node, Table, Yaml
from dbguard.operations import Kind, Operation, Target, TargetKind
from dbguard.patterns import regex
from dbguard.source import Mapped, Region

__all__ = ["comments", "lower"]

_SERVER = regex(
    r"(?:^|/)[^/]*(?:postg|pgvector|timescale|mysql|mariadb|percona|mongo|redis|valkey|keydb|cassandra|scylla"
    r"|neo4j|influx|clickhouse|couch|elasticsearch|opensearch|cockroach|mssql|oracle|db2|surreal|rethink"
    r"|arango|qdrant|weaviate|milvus|meilisearch|etcd)[^/]*$",
    re.IGNORECASE,
)
_DATA = regex(r"/(?:data|db|var/lib/.+|var/opt/mssql.*|bitnami/.+|opt/oracle/oradata|qdrant/.+)/?$")


def lower(region: Region) -> Lowered:
    """Return a flow for what each service runs, and one for its health check."""
    yaml = Yaml(region)
    flows: list[Flow] = []
    for document in yaml.documents:
        for service in yaml.entries(yaml.get(document, "services")):
            flows.extend(_service(yaml, service.name, service.value))
            if storages := tuple(_storages(yaml, service.value)):
                flows.append(Flow(f"{service.name}: volumes", Sequence(storages)))
    return Lowered(tuple(flows), tuple(yaml.problems))


def _service(yaml: Yaml, name: str, service: Node) -> list[Flow]:
    entries = {entry.name: entry for entry in yaml.entries(service)}
    environment = _environment(yaml, yaml.get(service, "environment"))
    folder = yaml.text(yaml.get(service, "working_dir"))
    flows = []
    parts = [entries[key] for key in ("entrypoint", "command") if key in entries]
    if parts:
        via = f"{parts[-1].name}: of service {name}"
        place = yaml.span(parts[-1].key)
        values = [part.value for part in parts]
        nodes = command(yaml, values, via, place, environment, folder)
        flows.append(Flow(name, Sequence(nodes)))
    test = yaml.get(service, "healthcheck", "test")
    if test is not None:
        words = yaml.items(test)
        how = yaml.value(words[0]) if words else ""
        if isinstance(test, Listing) and how in ("CMD", "CMD-SHELL") and len(words) > 1:
            rest = words[1] if how == "CMD-SHELL" else _tail(test)
            test = rest
        via = f"healthcheck: of service {name}"
        nodes = command(yaml, [test], via, yaml.span(test), environment, folder)
        flows.append(Flow(f"{name}: healthcheck", Sequence(nodes)))
    return flows


def _storages(yaml: Yaml, service: Node) -> Iterator[Operation]:
    """Yield that a database keeps its data in a volume or folder that the service mounts."""
    server = _SERVER.search(yaml.value(yaml.get(service, "image"))) is not None
    for item in yaml.items(yaml.get(service, "volumes")):
        if isinstance(item, Table):
            source = yaml.value(yaml.get(item, "source"))
            place = yaml.value(yaml.get(item, "target"))
        else:
            source, _, rest = yaml.value(item).partition(":")
            place = rest.partition(":")[0]
        if not source or not place.startswith("/") or "$" in source:
            continue
        if is_storage(place) or (server and _DATA.search(place)):
            target = Target(TargetKind.STORAGE, source, source)
            yield Operation(Kind.CONNECT, target, yaml.span(item), yaml.region, spelling="volumes")


def _tail(listing: Listing) -> Listing:
    items = listing.items[1:]
    return Listing(items[0].start, items[-1].end, items=items)


def _environment(yaml: Yaml, node: Node | None) -> dict[str, Mapped]:
    """Return the variables of an ``environment:``, a mapping or a list of ``NAME=value``."""
    if isinstance(node, Listing):
        found = {}
        for text in yaml.texts(node):
            name, equals, _ = text.text.partition("=")
            if equals:
                found[name] = text.slice(len(name) + 1, len(text.text))
        return found
    return {
        entry.name: value
        for entry in yaml.entries(node)
        if (value := yaml.text(entry.value)) is not None
    }
