"""YAML whose content says what it is: a Kubernetes object, or an Ansible play or its tasks."""

from __future__ import annotations

from dbguard.flow import Flow, Lowered
from dbguard.hosts import ansible, kubernetes
from dbguard.hosts.yaml_comments import comments
from dbguard.hosts.yaml_nodes import Listing, Table, Yaml
from dbguard.source import Region

__all__ = ["comments", "lower"]


def lower(region: Region) -> Lowered:
    """Return the flows of what it is; none of a YAML file that is something else."""
    kubernetic = "apiVersion" in region.text and "kind" in region.text
    yaml = Yaml(region, templated=kubernetic)
    flows: list[Flow] = []
    known = kubernetic
    for document in yaml.documents:
        if isinstance(document, Table) and {"apiVersion", "kind"} <= {
            entry.name for entry in yaml.entries(document)
        }:
            flows.extend(kubernetes.flows(yaml, document))
        elif isinstance(document, Listing):
            found = ansible.flows(yaml, document)
            known = known or bool(found)
            flows.extend(found)
    return Lowered(tuple(flows), tuple(yaml.problems) if known else ())
