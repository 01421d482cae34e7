"""Taskfile.yml of https://taskfile.dev: the commands of each task, in order, in one flow.

Each command is a shell of its own, and the first that fails ends the task unless it has
``ignore_error``. A ``prompt`` asks a person and is not read as a guard.
"""

from __future__ import annotations

from dbguard.flow import Flow, Lowered, Sequence
from dbguard.flow import Node as FlowNode
from dbguard.hosts.shell_steps import Setting, script, step
from dbguard.hosts.yaml_comments import comments
from dbguard.hosts.yaml_nodes import Listing, Node, Table, Yaml
from dbguard.source import Mapped, Region

__all__ = ["comments", "lower"]


def lower(region: Region) -> Lowered:
    """Return a flow for each task."""
    yaml = Yaml(region)
    flows: list[Flow] = []
    for document in yaml.documents:
        shared = _variables(yaml, document)
        for task in yaml.entries(yaml.get(document, "tasks")):
            nodes = _task(yaml, task.value, {**shared, **_variables(yaml, task.value)})
            flows.append(Flow(task.name, Sequence(tuple(nodes))))
    return Lowered(tuple(flows), tuple(yaml.problems))


def _task(yaml: Yaml, task: Node, variables: dict[str, Mapped]) -> list[FlowNode]:
    folder = yaml.text(yaml.get(task, "dir"))
    setting = Setting("", folder, variables, "sh")
    cmds = yaml.get(task, "cmds") or yaml.get(task, "cmd") or task
    nodes: list[FlowNode] = []
    for item in yaml.items(cmds) if isinstance(cmds, Listing) else [cmds]:
        text = yaml.text(item) or yaml.text(yaml.get(item, "cmd"))
        if text is None:
            continue
        ignored = yaml.value(yaml.get(item, "ignore_error")) == "true"
        region = script(yaml.region, (text,), "command of a task", text.span, setting)
        nodes.append(step(region, checked=not ignored))
    return nodes


def _variables(yaml: Yaml, node: Node) -> dict[str, Mapped]:
    environment = yaml.get(node, "env") if isinstance(node, Table) else None
    return {
        entry.name: value
        for entry in yaml.entries(environment)
        if (value := yaml.text(entry.value)) is not None
    }
