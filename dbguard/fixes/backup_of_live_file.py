"""backup-of-live-file."""

from __future__ import annotations

from collections.abc import Iterator

from dbguard.repair.edits import Edit
from dbguard.repair.fix import Fix, Repair, Safety, Site

_OPTIONS_OF_CP = frozenset({"-p", "-a", "-f", "-v", "--preserve", "--archive", "-fv", "-pv"})


class BackupOfLiveFile(Fix):
    """SQLite makes the copy: `cp` becomes `sqlite3 FILE ".backup ..."`, which needs the program
    sqlite3 where the script runs; `shutil.copy` becomes `Connection.backup()` of Python's own
    sqlite3. Owner and mode of the file are no longer copied: that is for you to review.
    """

    rule = "backup-of-live-file"
    safety = Safety.REVIEW

    def repairs(self, site: Site) -> Iterator[Repair]:
        """Yield the same backup, made by SQLite."""
        if site.region.language == "shell":
            yield from _in_shell(site)
        elif site.region.language == "python":
            yield from _in_python(site)


def _in_shell(site: Site) -> Iterator[Repair]:
    code = site.parsed.shell(site.region)
    command = code.command_at(site.span) if code is not None else None
    if command is None or command.words[0].plain != "cp":
        return
    rest = [word for word in command.words[1:] if word.plain not in _OPTIONS_OF_CP]
    if len(rest) != 2 or any(word.plain.startswith("-") for word in rest):
        return
    source, copy = rest
    if "'" in copy.written or any(quote in copy.plain for quote in '"\\`'):
        return
    start, end = command.words[0].span.start, command.words[-1].span.end
    text = f"sqlite3 {source.written} \".backup '{copy.plain}'\""
    edit = Edit(type(site.span)(start, end), text)
    yield Repair(site.region, (edit,), "SQLite makes the copy")


def _in_python(site: Site) -> Iterator[Repair]:
    code = site.parsed.python(site.region)
    call = code.node_at(site.span, "call") if code is not None else None
    if (
        code is None
        or call is None
        or code.inner(call) != site.span
        or not code.is_whole_statement(call)
    ):
        return
    imports = code.imported("contextlib", "sqlite3")
    arguments = code.arguments(call)
    source, copy = code.fresh(call, "source", "live"), code.fresh(call, "copy", "saved")
    if imports is None or len(arguments) != 2 or not source or not copy:
        return
    indent = code.indent(site.span.start)
    old, new = (code.text(argument) for argument in arguments)
    text = (
        f"with contextlib.closing(sqlite3.connect({old})) as {source}:\n"
        f"{indent}    with contextlib.closing(sqlite3.connect({new})) as {copy}:\n"
        f"{indent}        {source}.backup({copy})"
    )
    yield Repair(site.region, (*imports, Edit(site.span, text)), "SQLite makes the copy")
