"""delete-database-file."""

from __future__ import annotations

from collections.abc import Iterator

from dbguard.databases import COMPANIONS
from dbguard.patterns import regex
from dbguard.repair.edits import Edit
from dbguard.repair.fix import Fix, Repair, Safety, Site
from dbguard.repair.places import has_lines
from dbguard.repair.shell_code import Command, ShellCode, is_run_by_shell
from dbguard.repair.words import Word
from dbguard.source import Span, has_hole

_PROGRAMS = frozenset({"rm", "unlink", "shred", "srm"})
_OPTIONS = regex(r"-[fvuz]+|--force|--verbose|--")
_WRAPPERS = regex(r"(?:(?:sudo|doas)(?:[ \t]+-[nEH]+)*[ \t]+|command[ \t]+)?")
_ONE_FILE = regex(r"(?:[^\s*?\[\]{}~\"'`\\()<>;&|#]|\$\{[A-Za-z_]\w*\})+")
_SEVERAL = regex(r"[\s*?\[]")
_UNCLEAR = regex(r'[`"]|\$\(|\[[@*]\]|\$[@*]')
_SPECIAL = regex(r'[$`"\\]')
_OWN = regex(
    r"moved_at=\$\(date \+%Y%m%d_%H%M%S\)|for (?:companion|moved_file) in|\$moved_file\b"
    r"|\$companion\b|\.bak_\$moved_at"
)
_TAKEN = regex(r"\b(?:moved_at|companion|moved_file)\b")
_WHAT = "moved aside, with what belongs to it"
_NAME = regex(r"[A-Za-z_][\w.]*")


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
    if not (files and _WRAPPERS.fullmatch(command.wrapper) and _names_are_free(site.text)):
        return
    span = Span(code.inner(command.node).start, code.inner(command.node).end)
    if site.region.text[span.start : span.end].count("\n"):
        return
    if len(files) > 1 and not any(word.plain.startswith("-") for word in command.words[2:]):
        # One of them may be the database, and the rest go as before.
        for name, rest in _one_and_rest(command, site):
            deleted = " ".join((command.wrapper + command.words[0].written, *rest))
            yield from _moved(code, command, span, [*_moves([name], command.wrapper), deleted])
    yield from _moved(code, command, span, _moves(files, command.wrapper))


def _one_and_rest(command: Command, site: Site) -> Iterator[tuple[str, list[str]]]:
    """Yield each file with what is left of the command's words when its own are taken out."""
    words = command.words[1:]
    for name in _files(command, site):
        rest = [word for word in words if COMPANIONS.sub("", _in_quotes(word) or "") != name]
        if any(not _OPTIONS.fullmatch(word.plain) for word in rest):
            yield name, [word.written for word in rest]


def _moved(code: ShellCode, command: Command, span: Span, lines: list[str]) -> Iterator[Repair]:
    """Yield the lines in the place of a command: several where it is alone on its line."""
    region = code.region
    alone = command.stands_alone and not command.redirected
    if alone and _own_line(code, span) and has_lines(region):
        yield Repair(region, (Edit(span, f"\n{code.indent(span.start)}".join(lines)),), _WHAT)
    text = " ".join(_on_one_line(lines))
    if alone:
        yield Repair(region, (Edit(span, text.removesuffix(";")),), _WHAT)
    yield Repair(region, (Edit(span, f"{{ {text} }}"),), _WHAT)


def _own_line(code: ShellCode, span: Span) -> bool:
    text = code.region.text
    end = text.find("\n", span.end)
    rest = text[span.end : len(text) if end < 0 else end].strip()
    return code.begins_line(span.start) and (not rest or rest.startswith("#"))


def _files(command: Command, site: Site) -> list[str]:
    """Return the files, each once and as it stands between double quotes; [] for others."""
    target = site.operation.target.name if site.operation is not None else ""
    is_one = not has_hole(target) and not _SEVERAL.search(target)
    found: dict[str, None] = {}
    for word in command.words[1:]:
        if _OPTIONS.fullmatch(word.plain):
            continue
        name = _in_quotes(word)
        if name is None or ("$" in name and word.written == name and not is_one):
            return []
        found[COMPANIONS.sub("", name)] = None
    return list(found)


def _in_quotes(word: Word) -> str | None:
    """Return how a word is written between double quotes, None if it may be several files."""
    quote = word.written[:1]
    if quote in ("'", '"') and word.plain == word.written:
        return None
    if quote == '"':
        return word.plain if not _UNCLEAR.search(word.plain) else None
    if quote == "'":
        return word.plain if not _SPECIAL.search(word.plain) else None
    return word.plain if _ONE_FILE.fullmatch(word.plain) else None


def _moves(files: list[str], wrapper: str) -> list[str]:
    """Return the lines that move files aside. What is not there is left out."""
    if len(files) == 1:
        loop, name = [], files[0]
    else:
        listed = " ".join(f'"{name}"' for name in files)
        loop, name = [f"for moved_file in {listed}; do"], "$moved_file"
    there, aside = f'"{name}$companion"', f'"{name}.bak_$moved_at$companion"'
    inner = "  " * len(loop)
    lines = [
        "moved_at=$(date +%Y%m%d_%H%M%S)",
        *loop,
        f'{inner}for companion in "" -wal -shm; do',
        f"{inner}  if [ -e {there} ]; then {wrapper}mv {there} {aside}; fi",
        f"{inner}done",
    ]
    return [*lines, "done"] if loop else lines


def _names_are_free(text: str) -> bool:
    """Say whether a script uses the names of our variables for nothing else."""
    return _TAKEN.search(_OWN.sub("", text)) is None


def _on_one_line(lines: list[str]) -> list[str]:
    return [line.strip() + ("" if line.endswith(" do") else ";") for line in lines]


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
    imports = code.imported("os", "time")
    aside, part = code.fresh(call, "aside", "moved_aside"), code.fresh(call, "part", "companion")
    if imports is None or not aside or not part:
        return
    callee, arguments = code.callee(call), code.arguments(call)
    missing_ok = code.keywords(call).get("missing_ok")
    if callee.endswith(".unlink") and callee != "os.unlink" and not arguments:
        path = callee.removesuffix(".unlink")
        tolerant = missing_ok is not None and code.text(missing_ok) == "True"
    elif len(arguments) == 1 and not code.keywords(call):
        path, tolerant = code.text(arguments[0]), False
    else:
        return
    if "\n" in path or "await " in path:
        return
    lines = []
    if not _NAME.fullmatch(path):
        name = code.fresh(call, "database_path", "path_to_database")
        if not name:
            return
        lines.append(f"{name} = {path}")
        path = name
    parts = '("", "-wal", "-shm")' if tolerant else '("-wal", "-shm")'
    lines.append(f'{aside} = f"{{{path}}}.bak_{{time.time_ns()}}"')
    if not tolerant:
        lines.append(f"os.rename({path}, {aside})")
    lines += [
        f"for {part} in {parts}:",
        f'    if os.path.exists(f"{{{path}}}{{{part}}}"):',
        f'        os.rename(f"{{{path}}}{{{part}}}", f"{{{aside}}}{{{part}}}")',
    ]
    indent = code.indent(site.span.start)
    edit = Edit(site.span, f"\n{indent}".join(lines))
    yield Repair(site.region, (*imports, edit), _WHAT)
