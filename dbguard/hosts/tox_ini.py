"""tox.ini: the commands of each environment, in order, in one flow.

https://tox.wiki/en/stable/config.html. tox stops at the first command that fails unless
``-`` stands before it. Its substitutions are holes, its own folders throw-away.
"""

from __future__ import annotations

from dbguard.flow import Flow, Lowered, Node, Sequence
from dbguard.hosts.ini_lines import Entry, entries
from dbguard.hosts.line_comments import comments
from dbguard.hosts.shell_steps import Setting
from dbguard.hosts.tasks import command
from dbguard.patterns import regex
from dbguard.source import Mapped, Region, Transcript, hole

__all__ = ["comments", "lower"]

_ORDER = {"commands_pre": 0, "commands": 1, "commands_post": 2}
_SUBSTITUTION = regex(r"\{((?:\[[^\]{}\n]*\])?[A-Za-z_][\w:/.-]*|)\}")
_FACTORS = r"(?:[\w.!-]*\{[\w.!,-]+\}[\w.,!{}-]*|[\w.!-]+):[ \t]+"
_BEGIN = regex(rf"(?:{_FACTORS})?[-!\s]*")
_THROWN_AWAY = (
    "envtmpdir",
    "env_tmp_dir",
    "envdir",
    "env_dir",
    "work_dir",
    "toxworkdir",
    "temp_dir",
)


def lower(region: Region) -> Lowered:
    """Return a flow for each environment that runs something."""
    sections: dict[str, list[Entry]] = {}
    for entry in entries(region, indented=True):
        sections.setdefault(entry.section, []).append(entry)
    flows = []
    for name, found in sections.items():
        folder = next((_text(region, e.values[0]) for e in found
                       if e.key in ("changedir", "change_dir") and e.values), None)  # fmt: skip
        commands = sorted((e for e in found if e.key in _ORDER), key=lambda e: _ORDER[e.key])
        setting = Setting("", folder, {}, "sh")
        nodes = [node for entry in commands for node in _commands(region, entry, setting)]
        if nodes:
            flows.append(Flow(name, Sequence(tuple(nodes))))
    return Lowered(tuple(flows))


def _commands(region: Region, entry: Entry, setting: Setting) -> list[Node]:
    nodes: list[Node] = []
    lines = list(entry.values)
    while lines:
        start, end = lines.pop(0)
        while region.text[start:end].endswith("\\") and lines:
            end = lines.pop(0)[1]
        match = _BEGIN.match(region.text, start, end)
        begin = match.end() if match else start
        if begin < end:
            checked = "-" not in region.text[start:begin].rpartition(":")[2]
            content = _text(region, (begin, end))
            nodes.append(command(region, content, "command of tox", setting, checked=checked))
    return nodes


def _text(region: Region, line: tuple[int, int]) -> Mapped:
    """Return a line with the substitutions of tox made or left as holes."""
    transcript, at = Transcript(), line[0]
    for match in _SUBSTITUTION.finditer(region.text, *line):
        transcript.mapped(region.slice(at, match.start()))
        place = region.span(match.start(), match.end())
        transcript.inexact(_meant(match[1]), place.start, place.end - place.start)
        at = match.end()
    transcript.mapped(region.slice(at, line[1]))
    return transcript.build()


def _meant(name: str) -> str:
    if name in ("toxinidir", "tox_root"):
        return "."
    if name in ("/", ""):
        return "/"
    if name in _THROWN_AWAY:
        return "/tmp/" + hole("tempfile")  # noqa: S108 (how the languages spell it)
    return hole(name)
