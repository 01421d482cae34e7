"""CircleCI: the ``run`` steps of each job and of each reusable command, in order.

Steps run under ``bash -eo pipefail`` (https://circleci.com/docs/configuration-reference/#run), in
a container or machine that is thrown away, unless the job names a ``resource_class`` of its
own runners (with a ``/``).
"""

from __future__ import annotations

from dbguard.flow import Flow, Lowered, Sequence
from dbguard.flow import Node as FlowNode
from dbguard.hosts.shell_steps import Setting, machine_of, script, step
from dbguard.hosts.yaml_comments import comments
from dbguard.hosts.yaml_nodes import Node, Table, Yaml
from dbguard.source import Mapped, Region

__all__ = ["comments", "lower"]


def lower(region: Region) -> Lowered:
    """Return a flow for each job and each command."""
    yaml = Yaml(region)
    flows: list[Flow] = []
    for document in yaml.documents:
        for kind in ("jobs", "commands"):
            for job in yaml.entries(yaml.get(document, kind)):
                own = "/" in yaml.value(yaml.get(job.value, "resource_class"))
                known = kind == "jobs" and not own
                nodes = _steps(yaml, job.value, "made by the job in its container" if known else "")
                flows.append(Flow(job.name, Sequence(tuple(nodes))))
    return Lowered(tuple(flows), tuple(yaml.problems))


def _steps(yaml: Yaml, job: Node, reason: str) -> list[FlowNode]:
    images = yaml.items(yaml.get(job, "docker"))
    nodes: list[FlowNode] = []
    pending = list(yaml.items(yaml.get(job, "steps")))
    while pending:
        item = pending.pop(0)
        when = yaml.get(item, "when", "steps") or yaml.get(item, "unless", "steps")
        if when is not None:
            pending = [*yaml.items(when), *pending][:2_000]
            continue
        run = next((entry for entry in yaml.entries(item) if entry.name == "run"), None)
        if run is None:
            continue
        command = yaml.text(run.value) or yaml.text(yaml.get(run.value, "command"))
        if command is None:
            continue
        variables = _variables(yaml, job) | _variables(yaml, run.value)
        folder = yaml.text(yaml.get(run.value, "working_directory"))
        setting = Setting("-eo pipefail", folder, variables)
        region = script(yaml.region, (command,), "run: of a step", yaml.span(run.key), setting)
        machine = machine_of(region, variables, reason, servers=len(images) > 1)
        when_text = yaml.value(yaml.get(run.value, "when"))
        nodes.append(step(region, conditional=when_text == "on_fail", machine=machine))
    return nodes


def _variables(yaml: Yaml, node: Node) -> dict[str, Mapped]:
    environment = yaml.get(node, "environment") if isinstance(node, Table) else None
    return {
        entry.name: value
        for entry in yaml.entries(environment)
        if (value := yaml.text(entry.value)) is not None
    }
