"""CI files that are lists of commands: Bitbucket, Travis, Drone, Woodpecker, Buildkite, Cloud Build.

Each list runs in one shell that ends at the first failure. Where the lists stand is looked
for by their key, at any depth:
https://support.atlassian.com/bitbucket-cloud/docs/step-options/,
https://docs.travis-ci.com/user/job-lifecycle/, https://docs.drone.io/pipeline/docker/syntax/steps/,
https://buildkite.com/docs/pipelines/configure/step-types/command-step.
"""

from __future__ import annotations

from dbguard.flow import Flow, Lowered, Sequence
from dbguard.hosts.shell_steps import Setting, machine_of, script, step
from dbguard.hosts.yaml_comments import comments
from dbguard.hosts.yaml_nodes import Listing, Node, Scalar, Table, Yaml
from dbguard.source import Mapped, Region

__all__ = ["comments", "lower"]

_KEYS = frozenset(
    {
        "script", "commands", "command", "before_install", "install", "before_script",
        "after_success", "before_deploy", "after_deploy", "after-script", "args",
    }
)  # fmt: skip
_HOSTED = ("bitbucket-pipelines", ".travis")
_MAX_DEPTH = 30


def lower(region: Region) -> Lowered:
    """Return a flow for each list of commands."""
    yaml = Yaml(region)
    name = region.file.path.rpartition("/")[2]
    reason = "made by the job in its container" if name.startswith(_HOSTED) else ""
    flows: list[Flow] = []
    for document in yaml.documents:
        servers = yaml.get(document, "services") or yaml.get(document, "definitions", "services")
        for key, node in _scripts(yaml, document):
            texts = yaml.texts(node)
            if not texts:
                continue
            if key.value == "args":
                texts = [text for text in texts[-1:] if "-c" in [t.text for t in texts[:-1]]]
            lines = [part for text in texts for part in (text, _line_end(text))]
            setting = Setting("-e")
            region_ = script(yaml.region, lines, f"{key.value}:", yaml.span(key), setting)
            machine = machine_of(region_, {}, reason, servers=servers is not None)
            flows.append(Flow(key.value, Sequence((step(region_, machine=machine),))))
    return Lowered(tuple(flows), tuple(yaml.problems))


def _line_end(text: Mapped) -> Mapped:
    at = text.span
    return Mapped.at("\n", type(at)(at.end, at.end))


def _scripts(yaml: Yaml, document: Node) -> list[tuple[Scalar, Node]]:
    """Return the lists of commands with their keys, in reading order."""
    found: list[tuple[Scalar, Node]] = []
    pending: list[tuple[Node, int]] = [(document, 0)]
    while pending:
        node, depth = pending.pop()
        if depth > _MAX_DEPTH:
            continue
        if isinstance(node, Listing):
            pending.extend((item, depth + 1) for item in reversed(yaml.items(node)))
        elif isinstance(node, Table):
            for entry in reversed(yaml.entries(node)):
                if entry.name in _KEYS:
                    found.append((entry.key, entry.value))
                else:
                    pending.append((entry.value, depth + 1))
    return sorted(found, key=lambda one: one[0].start)
