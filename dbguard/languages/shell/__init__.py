"""Shell (bash, sh, dash, zsh, ksh): scripts lowered to flows of operations."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dbguard.flow import Lowered
from dbguard.languages.shell import builtins
from dbguard.languages.shell.interpreter import Interpreter
from dbguard.languages.shell.library import Find, Place, Sources, functions_of, place_of
from dbguard.languages.shell.script import LANGUAGE, Script, parse
from dbguard.languages.tree_comments import tree_comments
from dbguard.patterns import regex
from dbguard.source import Comment, Problem, Region

__all__ = ["comments", "functions_in", "lower", "lower_in_project"]

_SHEBANG = regex(r"#!\s*\S*?(?:ba|da|z|k)?sh\s+(-\S+)")


def lower(region: Region) -> Lowered:
    """Return the flows of a shell text: its top level, then the functions it does not call."""
    return _lowered(region, None)


def lower_in_project(
    region: Region, find: Find, path: str, calls_left: list[int], *, is_test: bool = False
) -> tuple[Lowered, frozenset[Place]]:
    """Return the flows of a shell text that may call functions of the files it reads in.

    *find* finds those, *path* is the file the text stands in, from the root of the project.
    *calls_left* holds how many such calls are followed yet, and is counted down. A test
    (*is_test*) calls what it tests all over: that is followed less far, and noted.
    The second value is where the functions of other files stand that are called.
    """
    sources = Sources(find, path, calls_left, is_test)
    return _lowered(region, sources), frozenset(sources.called)


def functions_in(region: Region) -> Iterator[Place]:
    """Yield where the functions of a shell text are defined."""
    script = parse(region)
    for _, node in functions_of(script):
        yield place_of(script, node)


def _lowered(region: Region, sources: Sources | None) -> Lowered:
    script = parse(region)
    shell = Interpreter(region, sources)
    shebang = _SHEBANG.match(region.text)
    if shebang is not None:
        builtins.set_options(shell, [shebang[1]])
    flows = shell.flows(script)
    return Lowered(flows, (*_unparsed(script), *shell.problems))


_STATEMENTS = frozenset(
    {
        "command",
        "pipeline",
        "list",
        "redirected_statement",
        "negated_command",
        "test_command",
        "declaration_command",
        "variable_assignment",
    }
)


def comments(region: Region) -> Iterator[Comment]:
    """Yield the comments of a shell text; those in here-documents are of their language."""
    tree = parse(region).tree
    if tree is not None:
        yield from tree_comments(tree, LANGUAGE, _STATEMENTS)


def _unparsed(script: Script) -> tuple[Problem, ...]:
    if script.unread:
        span = script.region.span(0, 0)
        error_text = "parsing the shell text took too long"
        return (Problem(script.region.file.path, error_text, "limit", span),)
    assert script.tree is not None
    # The parser makes errors that lose nothing of `> file <<< text` and of `fi }`.
    errors = (
        node
        for node in script.tree.errors()
        if script.tree.text(node) != "<<" and not (node.is_missing and node.type == ";")
    )
    error = next(errors, None)
    if error is None:
        return ()
    start, end = script.range(error)
    span = script.prepared.span(start, max(start, min(end, start + 200)))
    # The grammar is bash's: what only zsh knows is expected, and the commands in it are read.
    incomplete = not _is_zsh(script.region)
    text = "not all of the shell text could be parsed"
    return (Problem(script.region.file.path, text, "parse", span, incomplete=incomplete),)


def _is_zsh(region: Region) -> bool:
    first = region.text[:80].partition("\n")[0]
    marked = re.match(r"#!.*\bzsh\b|#(?:compdef|autoload)\b", first) is not None
    path = region.file.path
    return marked or region.dialect == "zsh" or path.endswith((".zsh", ".zsh-theme", ".zshrc"))
