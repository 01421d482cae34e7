"""Azure Pipelines: the script steps of each job, in order.

``script`` and ``bash`` go on after a failed command unless they say ``set -e``; a step that ends
badly ends the job (https://learn.microsoft.com/azure/devops/pipelines/yaml-schema/steps-script).
PowerShell is not read. A job in a pool with ``vmImage`` runs on a machine that is thrown away.
"""

from __future__ import annotations

from dbguard.flow import Flow, Lowered, Sequence
from dbguard.flow import Node as FlowNode
from dbguard.hosts.shell_steps import Setting, machine_of, script, step
from dbguard.hosts.yaml_comments import comments
from dbguard.hosts.yaml_nodes import Node, Table, Yaml
from dbguard.source import Mapped, Region

__all__ = ["comments", "lower"]

_LISTS = ("steps", "jobs", "stages")
_MAX_DEPTH = 30


def lower(region: Region) -> Lowered:
    """Return a flow for each list of steps."""
    yaml = Yaml(region)
    flows: list[Flow] = []
    for document in yaml.documents:
        _collect(yaml, document, "", flows, 0)
    return Lowered(tuple(flows), tuple(yaml.problems))


def _collect(yaml: Yaml, node: Node, reason: str, flows: list[Flow], depth: int) -> None:
    """Add the flows of the steps below a stage, job or deployment strategy."""
    if depth > _MAX_DEPTH or not isinstance(node, Table):
        return
    pool = yaml.get(node, "pool")
    if pool is not None:
        reason = "made by the job on a hosted machine" if yaml.get(pool, "vmImage") else ""
    for entry in yaml.entries(node):
        if entry.name == "steps":
            servers = yaml.get(node, "services") is not None
            nodes = _steps(yaml, entry.value, reason, servers)
            flows.append(Flow(yaml.value(yaml.get(node, "job")) or "steps", Sequence(nodes)))
        elif entry.name in _LISTS:
            for item in yaml.items(entry.value):
                _collect(yaml, item, reason, flows, depth + 1)
        else:
            _collect(yaml, entry.value, reason, flows, depth + 1)


def _steps(yaml: Yaml, steps: Node, reason: str, servers: bool) -> tuple[FlowNode, ...]:
    nodes = []
    for item in yaml.items(steps):
        for entry in yaml.entries(item):
            text = yaml.text(entry.value)
            if entry.name not in ("script", "bash") or text is None:
                continue
            variables: dict[str, Mapped] = {
                variable.name: value
                for variable in yaml.entries(yaml.get(item, "env"))
                if (value := yaml.text(variable.value)) is not None
            }
            folder = yaml.text(yaml.get(item, "workingDirectory"))
            setting = Setting("", folder, variables)
            via = f"{entry.name}: of a step"
            region = script(yaml.region, (text,), via, yaml.span(entry.key), setting)
            machine = machine_of(region, variables, reason, servers=servers)
            ignored = yaml.value(yaml.get(item, "continueOnError")) == "true"
            conditional = yaml.get(item, "condition") is not None
            nodes.append(
                step(region, checked=not ignored, conditional=conditional, machine=machine)
            )
    return tuple(nodes)
