"""GitLab CI: the scripts of each job in one flow.

``before_script`` and ``script`` run in one shell, which ends at the first failure;
``after_script`` runs in one of its own, whatever happened before
(https://docs.gitlab.com/ci/yaml/#script). ``extends``, ``default`` and ``!reference`` are followed.
A job with an ``image`` runs in a container that is thrown away.
"""

from __future__ import annotations

from collections.abc import Iterator

from dbguard.flow import Flow, Lowered, Sequence
from dbguard.hosts.shell_steps import Setting, machine_of, script, step
from dbguard.hosts.yaml_comments import comments
from dbguard.hosts.yaml_nodes import Entry, Listing, Node, Table, Yaml
from dbguard.source import Mapped, Region

__all__ = ["comments", "lower"]

_NO_JOBS = frozenset(
    {"default", "variables", "stages", "include", "workflow", "image", "services", "cache", "spec"}
)
_MAX_EXTENDS = 11  # what GitLab allows


def lower(region: Region) -> Lowered:
    """Return a flow for each job, and one more for its ``after_script``."""
    yaml = Yaml(region)
    flows = [flow for document in yaml.documents for flow in _jobs(yaml, document)]
    return Lowered(tuple(flows), tuple(yaml.problems))


def _jobs(yaml: Yaml, document: Node) -> list[Flow]:
    top = {entry.name: entry for entry in yaml.entries(document)}
    extended = {
        name
        for entry in top.values()
        for item in yaml.flattened(yaml.get(entry.value, "extends"))
        if (name := yaml.value(item))
    }
    flows: list[Flow] = []
    for name, entry in top.items():
        hidden = name.startswith(".") and name in extended  # shown where it is used
        if name in _NO_JOBS or hidden or not isinstance(entry.value, Table):
            continue
        flows.extend(_job(yaml, top, name, _job_entries(yaml, top, entry.value)))
    return flows


def _job_entries(yaml: Yaml, top: dict[str, Entry], job: Node) -> dict[str, Entry]:
    """Return the keywords of a job with those of what it extends and of ``default``."""
    found: dict[str, Entry] = {}
    pending, followed = [job], 0
    while pending and followed < _MAX_EXTENDS:
        followed += 1
        current = pending.pop(0)
        entries = {entry.name: entry for entry in yaml.entries(current)}
        found = {**entries, **found}
        extends = entries.get("extends")
        if extends is not None:
            names = [yaml.value(item) for item in yaml.flattened(extends.value)]
            pending.extend(top[name].value for name in reversed(names) if name in top)
    default = yaml.entries(top["default"].value) if "default" in top else []
    shared = [top[name] for name in ("image", "services", "before_script") if name in top]
    return {**{entry.name: entry for entry in (*shared, *default)}, **found}


def _job(yaml: Yaml, top: dict[str, Entry], name: str, job: dict[str, Entry]) -> list[Flow]:
    variables: dict[str, Mapped] = {}
    for source in (top.get("variables"), job.get("variables")):
        for entry in yaml.entries(source.value if source else None):
            value = yaml.text(entry.value) or yaml.text(yaml.get(entry.value, "value"))
            if value is not None:
                variables[entry.name] = value
    reason = "made by the job in its container" if "image" in job else ""
    flows = []
    for label, keys in ((name, ("before_script", "script")), (f"{name}: after", ("after_script",))):
        present = [job[key] for key in keys if key in job]
        lines = yaml.bounded(
            line for entry in present for line in _lines(yaml, top, entry.value, 0)
        )
        if not lines:
            continue
        setting = Setting("-eo pipefail", variables=variables)
        place = yaml.span(present[-1].key)
        via = f"{present[-1].name}: of a job"
        region = script(yaml.region, lines, via, place, setting)
        machine = machine_of(region, variables, reason, servers="services" in job)
        flows.append(Flow(label, Sequence((step(region, machine=machine),))))
    return flows


def _lines(yaml: Yaml, top: dict[str, Entry], node: Node, depth: int) -> Iterator[Mapped]:
    """Yield the commands of a script; ``!reference [job, script]`` stands for another's."""
    if isinstance(node, Listing) and node.tag == "!reference":
        path = [yaml.value(item) for item in yaml.items(node)]
        entry = top.get(path[0]) if path else None
        found = yaml.get(entry.value, *path[1:]) if entry is not None else None
        if found is not None and depth < 10:
            yield from _lines(yaml, top, found, depth + 1)
    elif not isinstance(node, Listing):
        text = yaml.text(node)
        if text is not None:
            yield text
    elif depth < 12:
        for item in yaml.items(node):
            for text in _lines(yaml, top, item, depth + 1):
                yield text
                if not text.text.endswith("\n"):
                    yield Mapped.at("\n", yaml.region.span(item.end, item.end))
