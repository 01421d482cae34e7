"""The words of the command a finding is about, in shell and in Python alike."""

from __future__ import annotations

from dbguard.repair.fix import Site
from dbguard.repair.python_code import PythonCode
from dbguard.repair.shell_code import ShellCode
from dbguard.repair.words import Word


def command_words(site: Site) -> tuple[Word, ...]:
    """Return the words of a command, the program first; () where it is not plain."""
    try:
        if site.region.language == "shell":
            command = ShellCode(site.region).command_at(site.span)
            return command.words if command is not None else ()
        if site.region.language == "python":
            code = PythonCode(site.region)
            call = code.node_at(site.span, "call")
            return code.words(call) if call is not None else ()
    except TimeoutError:
        return ()
    return ()
