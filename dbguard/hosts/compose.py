"""Docker Compose: what the services run (``command``, ``entrypoint``, ``healthcheck``), each a flow.

https://docs.docker.com/reference/compose-file/services/. Anchors and ``x-`` extensions are
followed where a service uses them; the environment of a service holds in its commands.
"""

from __future__ import annotations

from dbguard.flow import Flow, Lowered, Sequence
from dbguard.hosts.command_lines import command
from dbguard.hosts.yaml_comments import comments
from dbguard.hosts.yaml_nodes import Listing, Node, Yaml
from dbguard.source import Mapped, Region

__all__ = ["comments", "lower"]


def lower(region: Region) -> Lowered:
    """Return a flow for what each service runs, and one for its health check."""
    yaml = Yaml(region)
    flows: list[Flow] = []
    for document in yaml.documents:
        for service in yaml.entries(yaml.get(document, "services")):
            flows.extend(_service(yaml, service.name, service.value))
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
