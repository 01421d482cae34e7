"""overwrite-database-file."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from dbguard.patterns import regex
from dbguard.repair.edits import Edit
from dbguard.repair.fix import Fix, Repair, Safety, Site
from dbguard.repair.moving import WRAPPERS, in_quotes, names_target
from dbguard.repair.python_code import PythonCode
from dbguard.repair.shell_code import Command, ShellCode, inserted, is_run_by_shell
from dbguard.repair.words import Word
from dbguard.source import Span

_NO_CLOBBER = {"rsync": "--ignore-existing"}  # cp -n fails where it skips, since coreutils 9.2
_FORCES = regex(r"-[a-zA-Z]*[fi][a-zA-Z]*|--force|--interactive|--ignore-existing")
_INTO_LAST = frozenset({"cp", "mv", "install", "ln", "rsync", "docker", "podman"})
_TARGET_FIRST = regex(r"-[a-zA-Z]*t|--target-directory")
_INTO_EACH = frozenset({"tee", "truncate", "shred"})
_SIZES = regex(r"-[snr]|--(?:size|iterations|reference)")
_EMPTIES = regex(r"(?:\d*|&)>\|?\s*(?![>&|])(?!\s*/dev/)")
_OUTPUT = {
    "wget": regex(r"-[a-zA-Z]*O$|--output-document$"),
    "curl": regex(r"-[a-zA-Z]*o$|--output$"),
    "dd": regex(r"of="),
}
_KEEPS = "writes only where no file is"
_MODE = regex(r"""[rRbBuU]?(?P<quote>["'])(?P<mode>[wbt+]+)(?P=quote)""")
_COPIES = frozenset(
    {"shutil.copy", "shutil.copy2", "shutil.copyfile", "shutil.move", "os.replace", "os.rename"}
)


class OverwriteDatabaseFile(Fix):
    """What overwrites the file writes only where no file is: `rsync` gets
    `--ignore-existing`, any other command and a redirection `[ -e FILE ] ||` before it; in
    Python `open(.., "w")` becomes `open(.., "x")`, which raises where the file is there, and
    what copies, moves or writes gets `if not os.path.exists(..)`. Where a database is to be
    replaced by another one, that is for a person to do: there is no fix for it.
    """

    rule = "overwrite-database-file"
    safety = Safety.REVIEW

    def repairs(self, site: Site) -> Iterator[Repair]:
        """Yield what leaves a file that is there as it is."""
        if site.region.language == "shell" and is_run_by_shell(site.region):
            yield from _in_shell(site)
        elif site.region.language == "python":
            yield from _in_python(site)


def _in_shell(site: Site) -> Iterator[Repair]:
    code = site.parsed.shell(site.region)
    if code is None:
        return
    command = code.command_at(site.span)
    if command is None:
        redirect = code.node_at(site.span, "file_redirect")
        if redirect is None or redirect.parent is None or not redirect.named_child_count:
            return
        word = code.word(redirect.named_children[-1])
        if sum(_EMPTIES.match(code.text(one)) is not None for one in redirect.parent.children) == 1:
            yield from _only_where_none_is(site, code, redirect.parent, word)
        return
    option = _NO_CLOBBER.get(command.words[0].plain)
    if option is not None and not any(_FORCES.fullmatch(word.plain) for word in command.words):
        edit = inserted(command.words[0].span.end, f" {option}")
        yield Repair(site.region, (edit,), f"{option}: {_KEEPS}")
    if WRAPPERS.fullmatch(command.wrapper):
        for word in _written_to(command):
            yield from _only_where_none_is(site, code, command.node, word, command.wrapper)


def _written_to(command: Command) -> list[Word]:
    """Return the word that names the file a command writes, as far as its program is known.

    Nothing where it writes several: one test would not do for them.
    """
    program, words = command.words[0].plain, command.words[1:]
    plain = [word.plain for word in words]
    if program in _INTO_LAST and not any(_TARGET_FIRST.match(one) for one in plain):
        return list(words[-1:])
    if program in _INTO_EACH:
        valued = {at + 1 for at, one in enumerate(plain) if _SIZES.fullmatch(one)}
        files = [w for at, w in enumerate(words) if at not in valued and w.plain[:1] != "-"]
        return files if len(files) == 1 else []
    output = _OUTPUT.get(program)
    if output is None:
        return []
    found = [word for before, word in zip(plain, words[1:], strict=False) if output.match(before)]
    return found if program != "dd" else [_behind_equals(w) for w in words if output.match(w.plain)]


def _behind_equals(word: Word) -> Word:
    at = word.written.find("=") + 1
    raw = word.written[at:]
    quoted = len(raw) > 1 and raw[0] == raw[-1] and raw[0] in "\"'"
    return Word(raw[1:-1] if quoted else raw, raw, Span(word.span.start + at, word.span.end))


def _only_where_none_is(
    site: Site, code: ShellCode, node: Node, word: Word, wrapper: str = ""
) -> Iterator[Repair]:
    """Yield the statement behind a test whether there is the file that a word names."""
    name = in_quotes(word)
    if not name or ":" in name or not names_target(name, site):
        return
    # What only root may see is not there for others.
    test = f'{wrapper}test -e "{name}" || ' if wrapper else f'[ -e "{name}" ] || '
    statement = code.whole(node)
    span = code.inner(statement)
    body = statement.child_by_field_name("body")
    if body is not None and body.type == "list":
        # The redirection is that of the last of them.
        span = Span(code.inner(body.named_children[-1]).start, span.end)
    elif code.is_one_of_list(statement):
        yield Repair(code.region, (inserted(span.start, test),), _KEEPS)
        return
    if "\n" not in code.region.text[span.start : span.end]:
        edits = (inserted(span.start, f"{{ {test}"), inserted(span.end, "; }"))
        yield Repair(code.region, edits, _KEEPS)


def _in_python(site: Site) -> Iterator[Repair]:
    code = site.parsed.python(site.region)
    call = code.node_at(site.span, "call") if code is not None else None
    if code is None or call is None or code.inner(call) != site.span:
        return
    callee, arguments = code.callee(call), code.arguments(call)
    if callee == "open" or callee.endswith(".open"):
        mode = code.keywords(call).get("mode")
        for node in (mode,) if mode is not None else arguments[:2]:
            match = _MODE.fullmatch(code.text(node))
            if match is not None and "w" in match["mode"]:
                at = code.inner(node).start + match.start("mode") + match["mode"].index("w")
                edit = Edit(Span(at, at + 1), "x")
                yield Repair(site.region, (edit,), "raises where the file is there")
        return
    if callee in _COPIES and len(arguments) == 2:
        imports = code.imported("os")
        path = code.text(arguments[1])
        if imports is not None and code.is_repeatable(arguments[1]):
            yield from _where_none_is(code, call, f"os.path.exists({path})", imports)
    elif callee.endswith((".write_bytes", ".write_text")):
        function = call.child_by_field_name("function")
        written = function.child_by_field_name("object") if function is not None else None
        if written is not None and code.is_repeatable(written):
            yield from _where_none_is(code, call, f"{code.text(written)}.exists()", ())


def _where_none_is(
    code: PythonCode, call: Node, exists: str, imports: tuple[Edit, ...]
) -> Iterator[Repair]:
    if "\n" in exists or "await " in exists or not code.is_whole_statement(call):
        return
    at = code.inner(call).start
    edit = inserted(at, f"if not {exists}:\n{code.indent(at)}    ")
    yield Repair(code.region, (*imports, edit), _KEEPS)
