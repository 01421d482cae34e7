"""Kubernetes objects: what their containers run, and the scripts a ConfigMap carries.

``command`` and ``args`` as in
https://kubernetes.io/docs/tasks/inject-data-application/define-command-argument-container/. Init
containers run before the others and must succeed, so they share a flow with the first of
them. A reclaim policy of ``Delete`` is no operation and is left out.
"""

from __future__ import annotations

from dbguard.flow import Embed, Flow, Sequence
from dbguard.flow import Node as FlowNode
from dbguard.hosts.command_lines import command
from dbguard.hosts.yaml_nodes import Listing, Node, Table, Yaml
from dbguard.source import Mapped

_LANGUAGES = {"sh": "shell", "bash": "shell", "sql": "sql", "py": "python"}
_MAX_DEPTH = 20


def flows(yaml: Yaml, document: Node) -> list[Flow]:
    """Return the flows of an object, or of each object of a ``List``."""
    found: list[Flow] = []
    pending: list[tuple[Node, int]] = [(document, 0)]
    while pending:
        node, depth = pending.pop()
        if depth > _MAX_DEPTH:
            continue
        if isinstance(node, Listing):
            pending.extend((item, depth + 1) for item in reversed(yaml.items(node)))
        elif isinstance(node, Table):
            entries = yaml.entries(node)
            names = {entry.name for entry in entries}
            if names & {"containers", "initContainers"}:
                found.extend(_pod(yaml, node))
            elif "data" in names and yaml.value(yaml.get(node, "kind")) == "ConfigMap":
                found.extend(_files(yaml, yaml.get(node, "data")))
            else:
                pending.extend((entry.value, depth + 1) for entry in reversed(entries))
    return found


def _pod(yaml: Yaml, pod: Node) -> list[Flow]:
    before: list[FlowNode] = []
    for container in yaml.items(yaml.get(pod, "initContainers")):
        before.extend(_container(yaml, container))
    containers = yaml.items(yaml.get(pod, "containers"))
    if not containers:
        return [Flow("initContainers", Sequence(tuple(before)))]
    found = []
    for container in containers:
        name = yaml.value(yaml.get(container, "name"))
        nodes = (*before, *_container(yaml, container))
        if nodes:
            found.append(Flow(name, Sequence(tuple(nodes))))
        before = []
    return found


def _container(yaml: Yaml, container: Node) -> tuple[FlowNode, ...]:
    entries = {entry.name: entry for entry in yaml.entries(container)}
    parts = [entries[key] for key in ("command", "args") if key in entries]
    if not parts:
        return ()
    environment: dict[str, Mapped] = {}
    for item in yaml.items(yaml.get(container, "env")):
        value = yaml.text(yaml.get(item, "value"))
        if value is not None:
            environment[yaml.value(yaml.get(item, "name"))] = value
    name = yaml.value(yaml.get(container, "name"))
    folder = yaml.text(yaml.get(container, "workingDir"))
    via = f"{parts[-1].name}: of container {name}"
    values = [part.value for part in parts]
    return command(yaml, values, via, yaml.span(parts[-1].key), environment, folder)


def _files(yaml: Yaml, data: Node | None) -> list[Flow]:
    """Return the files of a ConfigMap that are in a language, by their names."""
    found = []
    for entry in yaml.entries(data):
        language = _LANGUAGES.get(entry.name.rpartition(".")[2])
        text = yaml.text(entry.value)
        if language is not None and text is not None:
            region = yaml.region.embed(language, text, f"{entry.name} of a ConfigMap")
            node = Embed(region, text.span)
            found.append(Flow(entry.name, Sequence((node,))))
    return found
