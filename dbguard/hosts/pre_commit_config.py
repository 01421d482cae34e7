"""pre-commit: what the hooks run that a project defines itself, each a flow.

https://pre-commit.com/#new-hooks. ``entry`` and ``args`` are split as a shell does, but no shell
runs them; the names of changed files follow. Hooks of other repositories are those of others.
"""

from __future__ import annotations

from dbguard.flow import Flow, Lowered, Sequence
from dbguard.hosts.command_lines import command
from dbguard.hosts.yaml_comments import comments
from dbguard.hosts.yaml_nodes import Listing, Node, Yaml
from dbguard.source import Region

__all__ = ["comments", "lower"]

_NO_COMMANDS = frozenset({"pygrep", "fail"})  # their entry is a pattern, or a message


def lower(region: Region) -> Lowered:
    """Return a flow for each hook that names its command."""
    yaml = Yaml(region)
    flows: list[Flow] = []
    for document in yaml.documents:
        hooks: list[Node | None] = [document] if isinstance(document, Listing) else []
        hooks += [yaml.get(repo, "hooks") for repo in yaml.items(yaml.get(document, "repos"))]
        for hook in (item for one in hooks for item in yaml.items(one)):
            flows.extend(_hook(yaml, hook))
    return Lowered(tuple(flows), tuple(yaml.problems))


def _hook(yaml: Yaml, hook: Node) -> list[Flow]:
    entry, language = yaml.get(hook, "entry"), yaml.value(yaml.get(hook, "language"))
    if entry is None or language in _NO_COMMANDS:
        return []
    parts = [entry, yaml.get(hook, "args")]
    values = [part for part in parts if part is not None]
    nodes = command(yaml, values, "entry: of a hook", yaml.span(entry), {})
    return [Flow(yaml.value(yaml.get(hook, "id")), Sequence(nodes))]
