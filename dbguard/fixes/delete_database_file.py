"""delete-database-file."""

from __future__ import annotations

from collections.abc import Iterator

from dbguard.databases import COMPANIONS
from dbguard.patterns import regex
from dbguard.repair.edits import Edit
from dbguard.repair.fix import Fix, Repair, Safety, Site
from dbguard.repair.moving import (
    WRAPPERS,
    in_quotes,
    names_are_free,
    on_one_line,
    python_move,
    shell_moves,
)
from dbguard.repair.places import has_lines
from dbguard.repair.shell_code import Command, ShellCode, is_run_by_shell
from dbguard.repair.words import Word
from dbguard.source import Span, has_hole

_PROGRAMS = frozenset({"rm", "unlink", "shred", "srm"})
_OPTIONS = regex(r"-[fvuzrR]+|--force|--verbose|--recursive|--")
_DELETES = frozenset({"remove", "unlink"})
_SEVERAL = regex(r"[\s*?\[]")
_WHAT = "moved aside, with what belongs to it"


class DeleteDatabaseFile(Fix):
    """The file is moved aside instead, under a name with the time in it, and its `-wal` and
    `-shm` files with it: SQLite would play a log that is left behind into the next database.
    Nothing is lost, but the disk fills by one file a run, which is for you to review. Better
    yet is to keep the file and to change its tables. Only what names one file at a time is
    fixed, not `find -delete` or a pattern.
    """

    rule = "delete-database-file"
    safety = Safety.REVIEW

    def repairs(self, site: Site) -> Iterator[Repair]:
        """Yield the move in the place of the deletion."""
        if site.region.language == "shell" and is_run_by_shell(site.region):
            yield from _in_shell(site)
        elif site.region.language == "python":
            yield from _in_python(site)


def _in_shell(site: Site) -> Iterator[Repair]:
    code = site.parsed.shell(site.region)
    command = code.command_at(site.span) if code is not None else None
    if code is None or command is None or command.words[0].plain.lstrip("\\") not in _PROGRAMS:
        return
    files = _files(command, site)
    if not (files and WRAPPERS.fullmatch(command.wrapper) and names_are_free(site.text)):
        return
    span = Span(code.inner(command.node).start, code.inner(command.node).end)
    if site.region.text[span.start : span.end].count("\n") or _ends_loop(command):
        return
    if len(files) > 1 and not any(word.plain.startswith("-") for word in command.words[2:]):
        # One of them may be the database, and the rest go as before.
        for name, rest in _one_and_rest(command, site):
            deleted = " ".join((command.wrapper + command.words[0].written, *rest))
            yield from _moved(code, command, span, [*shell_moves([name], command.wrapper), deleted])
    yield from _moved(code, command, span, shell_moves(files, command.wrapper))


def _ends_loop(command: Command) -> bool:
    """Say whether a loop goes on until the command fails: our lines do not."""
    node = command.node
    while node.parent is not None and node.parent.type != "while_statement":
        node = node.parent
    return node.parent is not None and node.type != "do_group"


def _one_and_rest(command: Command, site: Site) -> Iterator[tuple[str, list[str]]]:
    """Yield each file with what is left of the command's words when its own are taken out."""
    words = command.words[1:]
    for name in _files(command, site):
        rest = [word for word in words if _file(command, word) != name]
        if any(not _OPTIONS.fullmatch(word.plain) for word in rest):
            yield name, [word.written for word in rest]


def _moved(code: ShellCode, command: Command, span: Span, lines: list[str]) -> Iterator[Repair]:
    """Yield the lines in the place of a command: several where it is alone on its line."""
    region = code.region
    alone = command.stands_alone and not command.redirected
    if alone and code.has_own_line(span) and has_lines(region):
        yield Repair(region, (Edit(span, f"\n{code.indent(span.start)}".join(lines)),), _WHAT)
    text = on_one_line(lines)
    if alone:
        yield Repair(region, (Edit(span, text.removesuffix(";")),), _WHAT)
    yield Repair(region, (Edit(span, f"{{ {text} }}"),), _WHAT)


def _files(command: Command, site: Site) -> list[str]:
    """Return the files, each once and as it stands between double quotes; [] for others."""
    target = site.operation.target.name if site.operation is not None else ""
    is_one = not has_hole(target) and not _SEVERAL.search(target)
    found: dict[str, None] = {}
    for word in command.words[1:]:
        if _OPTIONS.fullmatch(word.plain):
            continue
        name = _file(command, word)
        if name is None or ("$" in name and word.written == name and not is_one):
            return []
        found[name] = None
    return list(found)


def _file(command: Command, word: Word) -> str | None:
    """Return the file a word names, as between double quotes; None where it names no one file."""
    name = in_quotes(word)
    if name is None:
        return None
    if name.startswith("-"):
        ended = any(w.plain == "--" and w.span.end <= word.span.start for w in command.words)
        if not ended:
            return None  # an option that is not known
        name = f"./{name}"
    return COMPANIONS.sub("", name)


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
    callee, arguments = code.callee(call), code.arguments(call)
    missing_ok = code.keywords(call).get("missing_ok")
    if callee.endswith(".unlink") and callee != "os.unlink" and not arguments:
        path = callee.removesuffix(".unlink")
        tolerant = missing_ok is not None and code.text(missing_ok) == "True"
    elif callee.rpartition(".")[2] in _DELETES and len(arguments) == 1 and not code.keywords(call):
        path, tolerant = code.text(arguments[0]), False
    else:
        return
    move = python_move(code, call, path, tolerant=tolerant)
    if move is None:
        return
    indent = code.indent(site.span.start)
    edit = Edit(site.span, f"\n{indent}".join(move.lines))
    yield Repair(site.region, (*move.imports, edit), _WHAT)
