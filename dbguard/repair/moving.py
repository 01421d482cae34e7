"""Files moved aside, with what belongs to them, in shell and in Python.

SQLite would play a log that is left behind into the next database of that name, so the
``-wal`` and ``-shm`` files go along.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from posixpath import basename

from tree_sitter import Node

from dbguard.patterns import regex
from dbguard.records import dataclass
from dbguard.repair.edits import Edit
from dbguard.repair.fix import Site
from dbguard.repair.python_code import PythonCode
from dbguard.repair.words import Word
from dbguard.source import hole

_ONE_FILE = regex(r"(?:[^\s*?\[\]{}~\"'`\\()<>;&|#]|\$\{[A-Za-z_]\w*\})+")
_UNCLEAR = regex(r'[`"]|\$\(|\[[@*]\]|\$[@*]')
_SPECIAL = regex(r'[$`"\\]')
_OWN = regex(
    r"moved_at=(?:\$\(date \+%Y%m%d_%H%M%S\)|\$\{moved_at\}_2)|for (?:companion|moved_file) in|\$moved_file\b"
    r"|\$companion\b|\.(?:bak|damaged)_\$moved_at"
)
_TAKEN = regex(r"\b(?:moved_at|companion|moved_file)\b")
_VARIABLE = regex(r"\$(?:(?P<name>[A-Za-z_]\w*)|\{(?P<braced>[A-Za-z_]\w*)\})(?P<rest>[\w.-]*)")
_NAME = regex(r"[A-Za-z_][\w.]*")

WRAPPERS = regex(r"(?:(?:sudo|doas)(?:[ \t]+-[nEH]+)*[ \t]+|command[ \t]+)?")
"""What may stand before a program that our lines may stand before as well."""

BACKUP, DAMAGED = "bak", "damaged"
"""What stands in the name of a file that was moved aside."""


def in_quotes(word: Word) -> str | None:
    """Return how a word is written between double quotes, None if it may be several files."""
    quote = word.written[:1]
    if quote in ("'", '"') and word.plain == word.written:
        return None
    if quote == '"':
        return word.plain if not _UNCLEAR.search(word.plain) else None
    if quote == "'":
        return word.plain if not _SPECIAL.search(word.plain) else None
    return word.plain if _ONE_FILE.fullmatch(word.plain) else None


def names_are_free(text: str) -> bool:
    """Say whether a script uses the names of our variables for nothing else."""
    return _TAKEN.search(_OWN.sub("", text)) is None


def names_target(name: str, site: Site) -> bool:
    """Say whether a name, as between double quotes, is that of the file an operation is about.

    A folder it is put into is not: the name is the last word of the target, or a variable
    that stands for it.
    """
    target = basename(site.operation.target.name) if site.operation is not None else ""
    last = basename(name)
    if "$" not in last or not target:
        return bool(last) and last == target
    variable = _VARIABLE.fullmatch(last)
    if variable is None:
        return False
    said, rest = variable["name"] or variable["braced"], variable["rest"]
    if target == f"{hole(said)}{rest}":
        return True
    if not target.endswith(rest):
        return False
    value = re.escape(target[: len(target) - len(rest)])
    given = regex(rf"(?<![\w${{]){said}\b[^\n]{{0,200}}?(?<![\w.]){value}(?![\w./])")
    return given.search(site.region.file.text) is not None


def shell_moves(
    files: Sequence[str], wrapper: str = "", *, label: str = BACKUP, replaced_by: str = ""
) -> list[str]:
    """Return the lines that move files aside, which stand as between double quotes.

    What is not there is left out. A file that is *replaced_by* another must be there, as must
    that other one: else the script stops.
    """
    if len(files) == 1:
        loop, name = [], files[0]
    else:
        listed = " ".join(f'"{name}"' for name in files)
        loop, name = [f"for moved_file in {listed}; do"], "$moved_file"
    there, aside = f'"{name}$companion"', f'"{name}.{label}_$moved_at$companion"'
    inner = "  " * len(loop)
    first = [f'{wrapper}mv "{name}" "{name}.{label}_$moved_at" || exit 1'] if replaced_by else []
    companions = "-wal -shm" if replaced_by else '"" -wal -shm'
    source = _exists(f'"{replaced_by}"', wrapper)
    taken = _exists(f'"{name}.{label}_$moved_at"', wrapper)
    lines = [
        *([f"{source} || exit 1"] if replaced_by else []),
        "moved_at=$(date +%Y%m%d_%H%M%S)",
        *loop,
        f"{inner}while {taken}; do moved_at=${{moved_at}}_2; done",
        *first,
        f"{inner}for companion in {companions}; do",
        f"{inner}  if {_exists(there, wrapper)}; then {wrapper}mv {there} {aside}; fi",
        f"{inner}done",
    ]
    return [*lines, "done"] if loop else lines


def _exists(file: str, wrapper: str) -> str:
    """Return the test for a file. What only root may see is not there for others."""
    return f"{wrapper}test -e {file}" if wrapper else f"[ -e {file} ]"


def on_one_line(lines: Sequence[str]) -> str:
    """Return the lines of a script as one, with a semicolon at its end."""
    return " ".join(line.strip() + ("" if line.endswith(" do") else ";") for line in lines)


@dataclass(frozen=True, slots=True)
class PythonMove:
    """The lines that move a file aside, the imports they ask for, and the name of the path."""

    imports: tuple[Edit, ...]
    lines: tuple[str, ...]
    path: str


def python_move(
    code: PythonCode,
    call: Node,
    path: str,
    *,
    label: str = BACKUP,
    tolerant: bool,
    source: str = "",
) -> PythonMove | None:
    """Return how to move the file aside whose path an expression gives, None where names are taken.

    *tolerant*: the file need not be there. The *source* that replaces it must be.
    """
    imports = code.imported("os", "time")
    aside, part = code.fresh(call, "aside", "moved_aside"), code.fresh(call, "part", "companion")
    if imports is None or not aside or not part or "\n" in path or "await " in path:
        return None
    lines = [f"os.stat({source})"] if source else []
    if not _NAME.fullmatch(path):
        name = code.fresh(call, "database_path", "path_to_database")
        if not name:
            return None
        lines.append(f"{name} = {path}")
        path = name
    parts = '("", "-wal", "-shm")' if tolerant else '("-wal", "-shm")'
    lines.append(f'{aside} = f"{{{path}}}.{label}_{{time.time_ns()}}"')
    if not tolerant:
        lines.append(f"os.rename({path}, {aside})")
    lines += [
        f"for {part} in {parts}:",
        f'    if os.path.exists(f"{{{path}}}{{{part}}}"):',
        f'        os.rename(f"{{{path}}}{{{part}}}", f"{{{aside}}}{{{part}}}")',
    ]
    return PythonMove(imports, tuple(lines), path)
