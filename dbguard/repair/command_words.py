"""The words of the command a finding is about, in shell and in Python alike."""

from __future__ import annotations

from dbguard.repair.fix import Site
from dbguard.repair.words import Word


def command_words(site: Site) -> tuple[Word, ...]:
    """Return the words of a command, the program first; () where it is not plain."""
    if site.region.language == "shell" and (shell := site.parsed.shell(site.region)) is not None:
        command = shell.command_at(site.span)
        return command.words if command is not None else ()
    if site.region.language == "python" and (code := site.parsed.python(site.region)) is not None:
        call = code.node_at(site.span, "call")
        return code.words(call) if call is not None else ()
    return ()
