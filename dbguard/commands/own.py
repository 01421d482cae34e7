"""The entries that commands of the project's own stand for."""

from __future__ import annotations

from dbguard.commands.entry import Command, Entry, Wrapper
from dbguard.operations import Kind, Trait
from dbguard.own_commands import OwnCommand

_KINDS = {
    "drop-database": Kind.DROP_DATABASE,
    "reset": Kind.RESET,
    "drop-table": Kind.DROP_TABLE,
    "truncate-table": Kind.TRUNCATE_TABLE,
    "delete-file": Kind.DELETE_FILE,
    "delete-storage": Kind.DELETE_STORAGE,
    "restore": Kind.RESTORE,
    "backup": Kind.BACKUP,
    "stop-services": Kind.STOP_SERVICE,
}
_DOCUMENTATION = "https://json-schema.org/"  # an entry needs one: theirs is the project's


def entry_of(command: OwnCommand) -> Entry:
    """Return the entry of a command. How it names its copies is its own affair."""
    values = command.target if command.target.startswith("-") else ""
    if command.does == "run-command":
        return Wrapper(command.program, documentation=_DOCUMENTATION)
    kind = _KINDS[command.does]
    is_backup = kind is Kind.BACKUP
    return Command(
        command.program,
        kind=kind,
        values=values,
        target="" if is_backup else command.target,
        source=command.target if is_backup else "",
        traits=frozenset({Trait.TIMESTAMPED}) if is_backup else frozenset(),
        spelling=command.program,
        documentation=_DOCUMENTATION,
    )
