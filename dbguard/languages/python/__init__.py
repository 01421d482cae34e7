"""Python, lowered to flows of operations.

tree-sitter parses (tolerant of broken and of Python 2 code); :mod:`marks` finds where
something may happen; :mod:`statements` walks what runs after what; :mod:`evaluation`
tells what expressions are worth; :mod:`calls` what the calls of libraries do.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator
from functools import cache

from dbguard.flow import Lowered
from dbguard.handed_down import hands_down
from dbguard.languages.grammars import Language, grammar
from dbguard.languages.python import calls
from dbguard.languages.python.flows import flows
from dbguard.languages.python.marks import Marks
from dbguard.languages.python.modules import CALLS_LIMIT, Find, Modules
from dbguard.languages.python.program import Program
from dbguard.languages.python.statements import block
from dbguard.languages.syntax_tree import SyntaxTree
from dbguard.patterns import regex
from dbguard.records import replace
from dbguard.source import Comment, Problem, Region, hole

__all__ = ["comments", "lower", "lower_in_project"]

_PRINT = regex(rb"^[ \t]*(?:print|exec)[ \t]+(?![=.,)\]:+\-*/%|&<>!])", re.MULTILINE)


KEPT_LENGTH = 1_000_000
"""How long, in characters, the modules together are that stay parsed in a process.

Many files of a project import the same few. A tree takes some 20 bytes a character.
"""

INDENTATION_LIMIT = 300
"""tree-sitter-python 0.25 writes past its buffer at 511 levels; Python itself takes 100."""
_INDENTED = regex(rf"^[ \t]{{{INDENTATION_LIMIT},}}", re.MULTILINE)
_BLANKS = " " * INDENTATION_LIMIT
_LINE = regex(r"^([ \t]*)(?=[^\s#])", re.MULTILINE)


def _too_deep(text: str) -> int | None:
    """Return the offset of the first line nested too deeply for the parser, None as a rule."""
    # A text without so many blanks in a row needs no pattern.
    if _BLANKS not in text.replace("\t", " ") or _INDENTED.search(text) is None:
        return None
    stack = [0]
    for match in _LINE.finditer(text):
        width = len(match[1].expandtabs(8))
        while stack[-1] > width:
            stack.pop()
        if width > stack[-1]:
            stack.append(width)
            if len(stack) > INDENTATION_LIMIT:
                return match.start()
    return None


_STATEMENTS = frozenset(
    {
        "expression_statement",
        "return_statement",
        "raise_statement",
        "assert_statement",
        "delete_statement",
    }
)


@cache
def _language() -> Language:
    return grammar("tree_sitter_python")


def lower(region: Region) -> Lowered:
    """Return the flows of a region of Python, and what of it could not be read."""
    return lower_in_project(region, None, "")[0]


def lower_in_project(
    region: Region,
    find: Find | None,
    path: str,
    *,
    functions: bool = True,
    entries: tuple[str, ...] = (),
) -> tuple[Lowered, tuple[Region, ...]]:
    """Return the flows of a region, and the modules of the project that were followed.

    *find* finds those, *path* is the region's own file from the root of the project.
    *functions* says whether their functions are followed, besides their constants.
    *entries* are functions of the file that are entered, in place of all nothing calls.
    """
    modules = Modules(find, _module, path, functions) if find is not None else None
    lowered = _lowered(region, modules, entries)
    return lowered, tuple(modules.regions) if modules is not None else ()


def _module(region: Region, modules: Modules) -> Program | None:
    """Walk another module of the project: its names are bound, what it does is left.

    Its own calls of further modules are not looked for: functions are followed one import
    far, constants as far as they lead.
    """
    if _too_deep(region.text) is not None:
        return None
    try:
        tree, marks = _read_module(region)
    except TimeoutError:
        return None
    program = Program(tree, marks, modules)
    block(program, tree.root, program.module, [])
    return program


_kept: OrderedDict[tuple[str, str], tuple[SyntaxTree, Marks]] = OrderedDict()
"""The modules last asked for, by path and text: the one asked for least recently first."""


def _read_module(region: Region) -> tuple[SyntaxTree, Marks]:
    """Return the tree and the marks of a module, which nothing changes once they are spread.

    What is bound in a module is not shared: it is computed as the file that imports it sees
    it. Raises TimeoutError.
    """
    key = region.file.path, region.text
    if key in _kept:
        _kept.move_to_end(key)
        return _kept[key]
    marks = Marks(region.text.encode("utf-8", "surrogatepass"), calls.WORDS, calls.NAMED)
    tree = SyntaxTree(region, _language())
    marks.spread(tree)
    _kept[key] = tree, marks
    while len(_kept) > 1 and sum(len(text) for _, text in _kept) > KEPT_LENGTH:
        _kept.popitem(last=False)
    return tree, marks


def _lowered(region: Region, modules: Modules | None, entries: tuple[str, ...] = ()) -> Lowered:
    if (line := _too_deep(region.text)) is not None:
        error = f"indented more than {INDENTATION_LIMIT} levels deep"
        span = region.span(line, line)
        return Lowered((), (Problem(region.file.path, error, "limit", span),))
    region = _with_plain_identifiers(region)
    data = region.text.encode("utf-8", "surrogatepass")
    marks = Marks(data, calls.WORDS, calls.NAMED)
    if not marks.any and (modules is None or not hands_down(data)):
        return Lowered()
    try:
        tree = SyntaxTree(region, _language())
        problems = _unreadable(tree)
        if problems and (filled := _without_templates(region)) is not region:
            other = SyntaxTree(filled, _language())
            if not _unreadable(other):
                region, tree, problems = filled, other, ()
    except TimeoutError:
        error = "takes too long to parse"
        span = region.span(0, len(region.text))
        return Lowered((), (Problem(region.file.path, error, "limit", span),))
    if modules is not None:
        marks.add(modules.acting(tree.data))
        if not marks.offsets:
            return Lowered()
    marks.spread(tree)
    program = Program(tree, marks, modules)
    if modules is not None:
        modules.start(program)
    found = flows(program, entries)
    if modules is not None and modules.cut:
        error = f"more than {CALLS_LIMIT} calls of functions of other modules"
        problems += (Problem(region.file.path, error, "limit"),)
    return Lowered(found, (*problems, *program.problems))


def _with_plain_identifiers(region: Region) -> Region:
    """Return a region whose letters of other shapes (``ｒemove``) are those Python reads.

    Identifiers are read in NFKC (Python's reference, "Identifiers and keywords"). One
    character for one: every place stays the same.
    """
    if region.text.isascii():
        return region
    from unicodedata import normalize

    plain = {}
    for character in set(region.text):
        folded = normalize("NFKC", character)
        if character > "\x7f" and len(folded) == 1 and folded.isascii() and folded.isalnum():
            plain[ord(character)] = folded
    return replace(region, text=region.text.translate(plain)) if plain else region


_EXPRESSION_OF_TEMPLATE = regex(r"\{\{-?\s{0,9}[^{}\n]{1,120}-?\}\}|\{[%#][^{}\n]{0,200}[%#]\}")


def _without_templates(region: Region) -> Region:
    """Return a template of Python (Jinja's, as cookiecutter has them) as the Python it makes.

    An expression becomes a name and a tag blanks, both as long as they were: every place
    stays the same.
    """
    if "{{" not in region.text and "{%" not in region.text:
        return region

    def filled(match: re.Match[str]) -> str:
        length = len(match[0])
        if not match[0].startswith("{{"):
            return " " * length
        room = length - len(hole(""))
        name = re.sub(r"\W+", "_", match[0]).strip("_") or "x"
        named = hole((name * room)[:room].rstrip("_").ljust(room, "x"))
        return named if len(named) == length else "_" * length

    return replace(region, text=_EXPRESSION_OF_TEMPLATE.sub(filled, region.text))


def comments(region: Region) -> Iterator[Comment]:
    """Yield the comments of a region of Python."""
    from dbguard.languages.tree_comments import tree_comments  # asked of few files

    if _too_deep(region.text) is not None:
        return
    try:
        tree = SyntaxTree(region, _language())
    except TimeoutError:
        return
    yield from tree_comments(tree, _language(), _STATEMENTS)


def _unreadable(tree: SyntaxTree) -> tuple[Problem, ...]:
    """Return the problem of a text that is no Python 3, at its first error."""
    at = None
    error = "invalid syntax"
    node = tree.first_error()
    if node is not None:
        at = node.start_byte, node.end_byte
    words = b"print" in tree.data or b"exec" in tree.data
    for match in _PRINT.finditer(tree.data) if words else ():
        if at is not None and at[0] <= match.end():
            break
        found = tree.root.descendant_for_byte_range(match.end() - 1, match.end())
        while found is not None and found.type not in ("print_statement", "exec_statement"):
            if found.type in ("string", "block", "module", "comment"):
                found = None
                break
            found = found.parent
        if found is not None:
            at, error = (found.start_byte, found.end_byte), "a statement of Python 2"
            break
    if at is None:
        return ()
    return (Problem(tree.region.file.path, error, "parse", tree.bytes_span(*at)),)
