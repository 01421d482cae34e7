"""GitHub workflows and composite actions: the steps of each job, in order, in one flow.

What a runner does is taken from
https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax: ``bash -e`` where
no shell is named, ``bash -eo pipefail`` where bash is, a failed step ends the job unless
``continue-on-error``. Expressions are holes, but for ``env`` with a literal value. What a
GitHub-hosted runner makes of destruction is told in :mod:`dbguard.hosts.shell_steps`.
"""

from __future__ import annotations

import re

from dbguard.flow import Flow, Lowered, Node, Sequence
from dbguard.hosts.shell_steps import Setting, machine_of, script, step
from dbguard.hosts.yaml_comments import comments
from dbguard.hosts.yaml_nodes import Listing, Table, Yaml
from dbguard.hosts.yaml_nodes import Node as YamlNode
from dbguard.patterns import regex
from dbguard.records import dataclass, replace
from dbguard.source import Mapped, Region, Transcript, hole

__all__ = ["comments", "lower"]

_EXPRESSION = regex(r"\$\{\{(.{0,2000}?)\}\}", re.DOTALL)
_ENV = regex(r"\s*env\.(\w+)\s*")
_HOSTED = regex(r"(?:ubuntu|windows|macos)-(?:latest|slim|\d)")
_ANYWAY = regex(r"\b(?:always|failure|cancelled)\s*\(\s*\)")
_ERREXIT = regex(r"(?:^|\s)-[a-z]*e")
_MAKES_SERVERS = regex(
    r"\bdocker(?:-compose)?\b.*\b(?:up|run|start)\b|\b(?:pg_ctl|systemctl|service)\b"
)

_Variables = dict[str, Mapped]


def lower(region: Region) -> Lowered:
    """Return a flow for each job of a workflow, and one for a composite action."""
    yaml = Yaml(region)
    flows: list[Flow] = []
    for document in yaml.documents:
        workflow = _Surroundings(_variables(yaml, yaml.get(document, "env"), {}), "", "")
        workflow = _with_defaults(yaml, document, workflow)
        for job in yaml.entries(yaml.get(document, "jobs")):
            flows.extend(_job(yaml, job.name, job.value, workflow))
        if (runs := yaml.get(document, "runs")) is not None:
            flows.extend(_steps(yaml, "", yaml.get(runs, "steps"), workflow, servers=False))
    return Lowered(tuple(flows), tuple(yaml.problems))


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """What a step gets from its job and its workflow; ``reason`` says why the runner may go."""

    variables: _Variables
    shell: str
    reason: str
    directory: Mapped | None = None


def _with_defaults(yaml: Yaml, node: YamlNode | None, around: _Surroundings) -> _Surroundings:
    run = yaml.get(node, "defaults", "run")
    directory = yaml.text(yaml.get(run, "working-directory"))
    return replace(
        around,
        shell=yaml.value(yaml.get(run, "shell")) or around.shell,
        directory=_filled(directory, around.variables) if directory else around.directory,
    )


def _job(yaml: Yaml, name: str, job: YamlNode, workflow: _Surroundings) -> list[Flow]:
    runner = yaml.get(job, "runs-on")
    label = yaml.value(runner)
    if isinstance(runner, Listing) and len(runner.items) == 1:
        label = yaml.value(runner.items[0])
    matrix = re.fullmatch(r"\s*\$\{\{\s*matrix\.([\w-]+)\s*\}\}\s*", label)
    labels = [label]
    if matrix is not None:
        labels = [
            yaml.value(item) for item in yaml.items(yaml.get(job, "strategy", "matrix", matrix[1]))
        ] or [label]
    hosted = all(_HOSTED.match(one) for one in labels)
    around = _Surroundings(
        _variables(yaml, yaml.get(job, "env"), workflow.variables),
        workflow.shell or ("pwsh" if all(one.startswith("windows") for one in labels) else ""),
        "made by the job on a hosted runner" if hosted else "",
        workflow.directory,
    )
    around = _with_defaults(yaml, job, around)
    servers = isinstance(yaml.get(job, "services"), Table)
    return _steps(yaml, name, yaml.get(job, "steps"), around, servers=servers)


def _steps(
    yaml: Yaml, name: str, steps: YamlNode | None, around: _Surroundings, *, servers: bool
) -> list[Flow]:
    nodes: list[Node] = []
    apart: list[Flow] = []
    for item in yaml.items(steps):
        variables = _variables(yaml, yaml.get(item, "env"), around.variables)
        region = _script(yaml, item, variables, around)
        if region is None:
            continue
        servers = servers or bool(_MAKES_SERVERS.search(region.text))
        remote = yaml.get(item, "run") is None
        machine = machine_of(region, variables, "" if remote else around.reason, servers=servers)
        condition = yaml.value(yaml.get(item, "if"))
        checked = yaml.value(yaml.get(item, "continue-on-error")) in ("", "false")
        if _ANYWAY.search(condition):
            # It runs whatever failed before it: nothing before it is proof.
            node = step(region, checked=checked, machine=machine)
            apart.append(Flow(f"{name}: {condition}", Sequence((node,))))
        else:
            nodes.append(
                step(region, checked=checked, conditional=bool(condition), machine=machine)
            )
    return [Flow(name, Sequence(tuple(nodes))), *apart] if nodes or apart else []


def _script(
    yaml: Yaml, item: YamlNode, variables: _Variables, around: _Surroundings
) -> Region | None:
    """Return the script of a step, None where it has none in a language dbguard reads."""
    run = next((e for e in yaml.entries(item) if e.name == "run"), None)
    if run is None:
        return _remote_script(yaml, item, variables)
    text = yaml.text(run.value)
    if text is None:
        return None
    content = _filled(text, variables)
    shell = yaml.value(yaml.get(item, "shell")) or around.shell
    program = shell.split(" ")[0].rpartition("/")[2] if shell else ""
    if program.startswith("python"):
        return yaml.region.embed("python", content, "run: of a step")
    if program not in ("", "bash", "sh", "zsh", "dash"):
        return None
    if shell == "bash":
        options = "-eo pipefail"
    elif shell in ("", "sh"):
        options = "-e"
    else:
        options = "-e" if _ERREXIT.search(shell) else ""
    own = yaml.text(yaml.get(item, "working-directory"))
    directory = _filled(own, variables) if own is not None else around.directory
    setting = Setting(options, directory, variables, program or "bash")
    place = yaml.span(run.key)
    return script(yaml.region, (content,), "run: of a step", place, setting)


def _remote_script(yaml: Yaml, item: YamlNode, variables: _Variables) -> Region | None:
    """Return what an action such as appleboy/ssh-action runs on another machine."""
    uses = yaml.get(item, "uses")
    text = yaml.text(yaml.get(item, "with", "script"))
    if uses is None or text is None or "ssh" not in yaml.value(uses):
        return None
    stops = yaml.value(yaml.get(item, "with", "script_stop")) == "true"
    setting = Setting("-e" if stops else "")
    content = _filled(text, variables)
    return script(yaml.region, (content,), "script: over ssh", yaml.span(uses), setting)


def _variables(yaml: Yaml, node: YamlNode | None, before: _Variables) -> _Variables:
    """Return the environment with the entries of an ``env:`` added."""
    found = dict(before)
    for entry in yaml.entries(node):
        value = yaml.text(entry.value)
        if value is not None:
            found[entry.name] = _filled(value, before)
    return found


def _filled(text: Mapped, variables: _Variables) -> Mapped:
    """Return a text with its expressions as holes, or as the literal that ``env`` gives them."""
    if "${{" not in text.text:
        return text
    transcript, at = Transcript(), 0
    for match in _EXPRESSION.finditer(text.text):
        transcript.mapped(text.slice(at, match.start()))
        at = match.end()
        env = _ENV.fullmatch(match[1])
        known = variables.get(env[1]) if env is not None else None
        place = text.map.to_outer(match.start(), match.end())
        value = known.text if known is not None else hole(match[1])
        transcript.inexact(value, place.start, place.end - place.start)
    transcript.mapped(text.slice(at, len(text.text)))
    return transcript.build()
