"""restore-without-keeping."""

from __future__ import annotations

from collections.abc import Iterator

from dbguard.repair.fix import Fix, Repair, Safety, Site
from dbguard.repair.moving import (
    DAMAGED,
    WRAPPERS,
    in_quotes,
    names_are_free,
    names_target,
    on_one_line,
    python_move,
    shell_moves,
)
from dbguard.repair.places import has_lines
from dbguard.repair.shell_code import inserted, is_run_by_shell

_COPIES = frozenset({"cp", "mv", "install", "rsync"})
_PYTHON_COPIES = frozenset(
    {"shutil.copy", "shutil.copy2", "shutil.copyfile", "shutil.move", "os.replace"}
)
_WHAT = "keeps the damaged file aside, with what belongs to it"


class RestoreWithoutKeeping(Fix):
    """The damaged file is moved aside before the backup takes its place, under a name with the
    time in it, and its `-wal` and `-shm` files with it: SQLite would play a log that is left
    behind into the restored database. Where it or the backup is not there, the restore stops
    before anything is moved, which is for you to review. Only for files that are copied or
    moved back, not for a server's databases.
    """

    rule = "restore-without-keeping"
    safety = Safety.REVIEW
    adds_step = True

    def repairs(self, site: Site) -> Iterator[Repair]:
        """Yield the move before the restore."""
        if site.region.language == "shell" and is_run_by_shell(site.region):
            yield from _in_shell(site)
        elif site.region.language == "python":
            yield from _in_python(site)


def _in_shell(site: Site) -> Iterator[Repair]:
    code = site.parsed.shell(site.region)
    command = code.command_at(site.span) if code is not None else None
    if code is None or command is None or command.words[0].plain not in _COPIES:
        return
    if len(command.words) < 3:
        return
    source, name = (in_quotes(word) for word in command.words[-2:])
    if not source or not name or source.startswith("-") or ":" in source:
        return
    if not names_target(name, site) or not names_are_free(site.text):
        return
    if not WRAPPERS.fullmatch(command.wrapper):
        return
    lines = shell_moves([name], command.wrapper, label=DAMAGED, replaced_by=source)
    statement = code.whole(command.node)
    span = code.inner(statement)
    if code.is_one_of_list(statement):
        if code.has_own_line(span) and has_lines(site.region):
            text = f"\n{code.indent(span.start)}".join([*lines, ""])
            yield Repair(site.region, (inserted(span.start, text),), _WHAT)
        yield Repair(site.region, (inserted(span.start, f"{on_one_line(lines)} "),), _WHAT)
    elif "\n" not in code.text(statement):
        edits = (inserted(span.start, f"{{ {on_one_line(lines)} "), inserted(span.end, "; }"))
        yield Repair(site.region, edits, _WHAT)


def _in_python(site: Site) -> Iterator[Repair]:
    code = site.parsed.python(site.region)
    call = code.node_at(site.span, "call") if code is not None else None
    if code is None or call is None or code.inner(call) != site.span:
        return
    arguments = code.arguments(call)
    if code.callee(call) not in _PYTHON_COPIES or len(arguments) != 2:
        return
    if not code.is_whole_statement(call) or not all(map(code.is_repeatable, arguments)):
        return
    source, path = map(code.text, arguments)
    if "\n" in source:
        return
    move = python_move(code, call, path, label=DAMAGED, tolerant=False, source=source)
    if move is None:
        return
    text = f"\n{code.indent(site.span.start)}".join([*move.lines, ""])
    yield Repair(site.region, (*move.imports, inserted(site.span.start, text)), _WHAT)
