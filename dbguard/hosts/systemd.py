"""Services of systemd: what a start runs, what a stop runs, and what a reload runs.

systemd.service(5). ``ExecStart=`` is no shell, but its quotes are read like one's; ``-``
before the program means that its failure does not matter.
"""

from __future__ import annotations

from dbguard.flow import Flow, Lowered, Node, Sequence
from dbguard.hosts.ini_lines import entries
from dbguard.hosts.line_comments import comments
from dbguard.hosts.shell_steps import Setting
from dbguard.hosts.tasks import command
from dbguard.patterns import regex
from dbguard.source import Mapped, Region

__all__ = ["comments", "lower"]

_ORDER = {
    "ExecStartPre": (0, "start"),
    "ExecStart": (1, "start"),
    "ExecStartPost": (2, "start"),
    "ExecReload": (3, "reload"),
    "ExecStop": (4, "stop"),
    "ExecStopPost": (5, "stop"),
}
_PREFIX = regex(r"[-@:+!|]*")
_PAIR = regex(r"(?<!\w)\"?([A-Za-z_]\w*)=([^\"\s]*)\"?")


def lower(region: Region) -> Lowered:
    """Return a flow for starting, reloading and stopping the service."""
    variables: dict[str, Mapped] = {}
    directory: Mapped | None = None
    lines: list[tuple[int, str, tuple[int, int]]] = []
    for entry in entries(region, indented=False):
        for start, end in entry.values:
            if entry.key in _ORDER:
                order, name = _ORDER[entry.key]
                lines.append((order, name, (start, end)))
            elif entry.key == "WorkingDirectory":
                directory = region.slice(start, end)
            elif entry.key == "Environment":
                for pair in _PAIR.finditer(region.text, start, end):
                    variables[pair[1]] = region.slice(*pair.span(2))
    setting = Setting("", directory, variables, "sh")
    flows: dict[str, list[Node]] = {}
    for _, name, (start, end) in sorted(lines, key=lambda line: line[0]):
        prefix = _PREFIX.match(region.text, start, end)
        begin = prefix.end() if prefix else start
        if begin < end:
            checked = "-" not in region.text[start:begin]
            content = region.slice(begin, end)
            node = command(region, content, "line of a service", setting, checked=checked)
            flows.setdefault(name, []).append(node)
    return Lowered(tuple(Flow(name, Sequence(tuple(nodes))) for name, nodes in flows.items()))
