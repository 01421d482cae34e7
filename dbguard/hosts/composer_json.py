"""composer.json: each script is a flow of its commands, one after the other.

https://getcomposer.org/doc/articles/scripts.md: ``@name`` runs another script, ``@php`` and
``@composer`` the programs; a class and method is PHP, which dbguard does not read.
"""

from __future__ import annotations

from dbguard.flow import Lowered, Node
from dbguard.hosts.json_nodes import Json
from dbguard.hosts.shell_steps import Setting
from dbguard.hosts.tasks import Run, command, flows
from dbguard.patterns import regex
from dbguard.source import Region

_METHOD = regex(r"[\w\\]+(?:::\w+)?")


def lower(region: Region) -> Lowered:
    """Return a flow for each script."""
    json = Json(region)
    tasks: dict[str, list[Node | Run]] = {}
    for name, _, value in json.entries(json.get(json.root, "scripts")):
        parts: list[Node | Run] = []
        for text in json.texts(value):
            word = text.text.split(" ")[0]
            if word.startswith("@") and word not in ("@php", "@composer", "@putenv"):
                parts.append(Run(word[1:], text.span))
            elif "\\" in word and _METHOD.fullmatch(text.text):
                continue
            elif word != "@putenv":
                plain = text.slice(1, len(text.text)) if word.startswith("@") else text
                setting = Setting("", None, {}, "sh")
                parts.append(command(region, plain, "script of composer.json", setting))
        tasks[name] = parts
    return Lowered(flows(tasks), tuple(json.problems))
