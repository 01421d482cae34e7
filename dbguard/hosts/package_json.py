"""package.json: each script is a flow, with its ``pre`` and ``post`` scripts around it.

https://docs.npmjs.com/cli/using-npm/scripts. ``npm run x`` between ``&&`` is followed into
the script ``x``. devcontainer.json and the hooks of .claude/settings.json are other files.
"""

from __future__ import annotations

import re

from dbguard.flow import Lowered, Node
from dbguard.hosts.json_nodes import Json, Text
from dbguard.hosts.shell_steps import Setting
from dbguard.hosts.tasks import Run, command, flows
from dbguard.patterns import regex
from dbguard.source import Mapped, Region

_RUNS = regex(
    r"\s*(?:(?:npm|pnpm|bun|yarn)\s+(?:run|run-script)|yarn|pnpm)\s+(?:-s\s+|--silent\s+)?"
    r"(?P<name>[\w:.-]+)\s*"
)
_NOT_PLAIN = regex(r"[;|()`'\"\n&]")


def lower(region: Region) -> Lowered:
    """Return a flow for each script."""
    json = Json(region)
    scripts = {
        name: json.text(value)
        for name, _, value in json.entries(json.get(json.root, "scripts"))
        if isinstance(value, Text)
    }
    tasks: dict[str, list[Node | Run]] = {}
    for name, text in scripts.items():
        before, after = f"pre{name}", f"post{name}"
        parts: list[Node | Run] = [Run(before, text.span)] if before in scripts else []
        parts += _parts(region, text, scripts)
        if after in scripts:
            parts.append(Run(after, text.span))
        tasks[name] = parts
    return Lowered(flows(tasks), tuple(json.problems))


def _parts(region: Region, text: Mapped, scripts: dict[str, Mapped]) -> list[Node | Run]:
    """Return what a script does; scripts it runs one after the other stand by their names."""
    segments = _segments(text)
    runs = [_RUNS.fullmatch(segment.text) for segment in segments]
    if not any(run and run["name"] in scripts for run in runs):
        segments, runs = [text], [None]
    return [
        Run(run["name"], segment.span)
        if run and run["name"] in scripts
        else command(region, segment, "script of package.json", Setting("", None, {}, "sh"))
        for segment, run in zip(segments, runs, strict=True)
        if segment.text.strip()
    ]


def _segments(text: Mapped) -> list[Mapped]:
    """Divide ``a && b``; a text with anything else than plain commands stays whole."""
    if _NOT_PLAIN.search(text.text.replace("&&", "")):
        return [text]
    segments, at = [], 0
    for match in re.finditer("&&", text.text):
        segments.append(text.slice(at, match.start()))
        at = match.end()
    return [*segments, text.slice(at, len(text.text))]
