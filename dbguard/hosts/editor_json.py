"""Settings of editors and agents that hold commands: each command is a flow.

``postCreateCommand`` and its like in devcontainer.json (https://containers.dev/implementors/json_reference/),
``command`` of the tasks of .vscode/tasks.json, and of the hooks of .claude/settings.json.
"""

from __future__ import annotations

from dbguard.flow import Flow, Lowered, Sequence
from dbguard.hosts.json_nodes import Json, Listing, Table, Text, Value
from dbguard.hosts.shell_steps import Setting
from dbguard.hosts.tasks import command
from dbguard.source import Mapped, Region


def lower(region: Region) -> Lowered:
    """Return a flow for each command, in the order of the file."""
    json = Json(region)
    setting = Setting("", None, {}, "sh")
    flows = [
        Flow(name, Sequence((command(region, text, f"{name} of settings", setting),)))
        for name, text in _commands(json)
        if text.text.strip()
    ]
    return Lowered(tuple(flows), tuple(json.problems))


def _commands(json: Json) -> list[tuple[str, Mapped]]:
    found: list[tuple[str, Mapped]] = []
    pending: list[tuple[str, Value | None]] = [("", json.root)]
    while pending:
        name, value = pending.pop()
        runs = name == "command" or name.endswith("Command")
        if isinstance(value, Text):
            if runs:
                found.append((name, json.text(value)))
        elif isinstance(value, Listing):
            words = json.texts(value)
            if runs and words and len(words) == len(value.items):
                blanks = [Mapped.at(" ", word.span) for word in words]
                pairs = zip(words, blanks, strict=True)
                found.append((name, Mapped.join(part for pair in pairs for part in pair)))
            else:
                pending.extend(("", item) for item in reversed(value.items))
        elif isinstance(value, Table):
            # The values of a table of commands run side by side, under names of their own.
            pending.extend(
                (name if runs else key, inner) for key, _, inner in reversed([*json.entries(value)])
            )
    return found
