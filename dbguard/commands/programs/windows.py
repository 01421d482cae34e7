"""Windows: the file commands of cmd.exe and PowerShell."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from dbguard.commands.entry import Command, Custom, Entry
from dbguard.commands.match import Match
from dbguard.commands.programs.files import copies, destination, transfers
from dbguard.flow import Node
from dbguard.operations import Kind, Trait

_PWSH = "https://learn.microsoft.com/powershell/module/microsoft.powershell.management/"


_WINDOWS = "https://learn.microsoft.com/windows-server/administration/windows-commands/"


def _windows_delete(match: Match) -> Iterator[Node]:
    """del, rd: options begin with a slash and a letter."""
    switches = [word for word in match.words if len(word.text) <= 3 and word.text[:1] == "/"]
    recursive = any(word.text.lower() == "/s" for word in switches)
    if match.called in ("rd", "rmdir") and not recursive:
        return
    for word in match.words:
        if word not in switches and not word.text.startswith("-"):
            yield match.operation(
                Kind.DELETE_FILE,
                match.file(word.mapped),
                traits=_RECURSIVE if recursive else frozenset(),
            )


def _powershell_delete(match: Match) -> Iterator[Node]:
    if match.arguments.has("-WhatIf", "-whatif"):
        return
    names = match.arguments.values("-Path", "-LiteralPath", "-path", "-literalpath")
    recursive = match.arguments.has("-Recurse", "-recurse", "-r")
    for name in [*names, *(operand.word.mapped for operand in match.arguments.operands)]:
        yield match.operation(
            Kind.DELETE_FILE,
            match.file(name),
            spelling="Remove-Item",
            traits=_RECURSIVE if recursive else frozenset(),
        )


def _powershell_transfer(kind: Kind) -> Callable[[Match], Iterator[Node]]:
    def run(match: Match) -> Iterator[Node]:
        operands = [operand.word.mapped for operand in match.arguments.operands]
        source = match.arguments.value("-Path", "-LiteralPath", "-path")
        into = match.arguments.value("-Destination", "-destination")
        if source is None and operands:
            source = operands.pop(0)
        if into is None and operands:
            into = operands.pop(0)
        if source is not None and into is not None:
            name = destination(into.text, source.text, is_directory=False)
            yield match.operation(kind, match.file(name), source=match.file(source))

    return run


_PATHS = (
    "-Path -LiteralPath -path -literalpath -Destination -destination -Filter -Include -Exclude"
    " -ErrorAction -Value -Encoding -InputObject -FilePath"
)


_RECURSIVE = frozenset({Trait.RECURSIVE})

ENTRIES: tuple[Entry, ...] = (
    Custom("del|erase|rd", run=_windows_delete, destroys=True, documentation=_WINDOWS + "del"),
    Custom("rmdir", run=_windows_delete, destroys=True, documentation=_WINDOWS + "rmdir"),
    Custom("copy|xcopy", run=copies, destroys=True, documentation=_WINDOWS + "copy"),
    Custom(
        "move|ren", run=transfers(Kind.MOVE_FILE), destroys=True, documentation=_WINDOWS + "move"
    ),
    Custom(
        "Remove-Item|remove-item|ri",
        run=_powershell_delete,
        destroys=True,
        values=_PATHS,
        single_dash=True,
        documentation=_PWSH + "remove-item",
    ),
    Custom(
        "Copy-Item|copy-item|cpi",
        run=_powershell_transfer(Kind.COPY_FILE),
        destroys=True,
        values=_PATHS,
        single_dash=True,
        documentation=_PWSH + "copy-item",
    ),
    Custom(
        "Move-Item|move-item|mi",
        run=_powershell_transfer(Kind.MOVE_FILE),
        destroys=True,
        values=_PATHS,
        single_dash=True,
        documentation=_PWSH + "move-item",
    ),
    Command(
        "Clear-Content|Set-Content|clear-content|set-content|Out-File|out-file",
        kind=Kind.OVERWRITE_FILE,
        values=_PATHS,
        single_dash=True,
        unless="-Append -append",
        target="-Path -LiteralPath -FilePath 1",
        documentation=_PWSH + "clear-content",
    ),
)
