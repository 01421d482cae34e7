"""A shell text made ready for the parser, with its here-documents taken out.

tree-sitter-bash loses its way at ``<<EOF;``, ``$(cat <<EOF)`` and two here-documents in one
command; it may take everything from one ``[`` to the ``]`` of another line for a test; and Jinja
templates are no shell at all. So here-documents are cut out before parsing (their operator
becomes the redirection of a placeholder), ``[`` becomes the ``test`` it is (with ``]`` for its last
argument), and template expressions become holes.
"""

from __future__ import annotations

import re
from bisect import bisect_left

from dbguard.languages.grammars import Node, grammar
from dbguard.languages.shell.disguise import disguised
from dbguard.languages.syntax_tree import SyntaxTree
from dbguard.patterns import regex
from dbguard.records import dataclass, field, replace
from dbguard.source import Mapped, Region, Transcript, hole

LANGUAGE = grammar("tree_sitter_bash")

_TEMPLATE = regex(r"\$?\{\{[-+]?\s{0,20}([^{}\n]{1,200}?)\s{0,20}[-+]?\}\}|\{%[^{}\n]{0,400}?%\}")
_BRACKET = regex(
    r"(?:^|[;&|({`!]|\b(?:if|elif|while|until|then|else|do|time)\b)[ \t]*(?P<bracket>\[)"
    r"(?=[ \t]+[-!\"'$`\w\\(](?:[^\n\\]|\\[\s\S]){0,400}?[ \t]\]"
    r"[ \t]*(?:$|[;&|)}#<>`]|then\b|do\b|2>))",
    re.MULTILINE,
)
_FOR_PARAMETERS = regex(r"^[ \t]*for[ \t]+[A-Za-z_]\w*(?P<gap>\s{1,200})(?=do\b)", re.MULTILINE)
STATEMENTS = frozenset(
    [
        "command",
        "redirected_statement",
        "pipeline",
        "list",
        "negated_command",
        "test_command",
        "subshell",
        "compound_statement",
        "if_statement",
        "while_statement",
        "for_statement",
        "c_style_for_statement",
        "case_statement",
        "function_definition",
        "declaration_command",
        "unset_command",
        "variable_assignment",
        "variable_assignments",
        "ERROR",
        "do_group",
        "elif_clause",
        "else_clause",
    ]
)
"""The nodes of the tree that are commands, or hold some."""

_PLACEHOLDER = regex(r"__heredoc_(\d+)__")
_DELIMITER = regex(
    r"(?P<dash>-?)[ \t]*(?P<word>(?:'[^'\n]*'|\"[^\"\n]*\"|\\.|[^\s;|&()<>'\"\\`])+)"
)
_NOTABLE = regex(r"[\\'\"`#$(){}\n<]")
_BREAKS = " \t\n;|&()"


@dataclass(frozen=True, slots=True)
class HereDocument:
    """The body of a here-document, without the tabs ``<<-`` removes; ``literal`` if quoted."""

    body: Mapped
    literal: bool


@dataclass(frozen=True)
class Script:
    """A text that words can be expanded from: prepared region, tree and here-documents.

    ``region`` is what operations name as theirs, ``prepared`` what offsets count in.
    ``tree`` is None for a here-document's body, which is text and not commands. ``unread``
    says that parsing was given up.
    """

    region: Region
    prepared: Region
    documents: tuple[HereDocument, ...] = ()
    tree: SyntaxTree | None = None
    substitutions: dict[int, Node] = field(default_factory=dict)
    unread: bool = False

    @property
    def text(self) -> str:
        return self.prepared.text

    def slice(self, start: int, end: int) -> Mapped:
        """Return part of the prepared text, leading to the outermost file."""
        return self.prepared.slice(start, end)

    def range(self, node: Node) -> tuple[int, int]:
        """Return where a node stands in the prepared text, in code points."""
        assert self.tree is not None
        return self.tree.char(node.start_byte), self.tree.char(node.end_byte)

    def document(self, start: int, end: int) -> HereDocument | None:
        """Return the here-document whose placeholder stands at ``[start, end)``."""
        match = _PLACEHOLDER.fullmatch(self.text, start, end)
        if match is None or int(match[1]) >= len(self.documents):
            return None
        return self.documents[int(match[1])]


def parse(region: Region) -> Script:
    """Return *region* parsed as shell."""
    filled = _without_templates(region)
    cut, documents = _without_documents(filled)
    prepared = _with_words_of_for(_without_brackets(cut))
    try:
        # Runs of operators make the parser quadratic: no file of a person comes near this.
        readable = replace(prepared, text=disguised(prepared.text))
        tree = SyntaxTree(readable, LANGUAGE)
    except TimeoutError:
        empty = prepared.embed("shell", Mapped("", prepared.map.slice(0, 0)), "")
        return Script(region, empty, tree=SyntaxTree(empty, LANGUAGE), unread=True)
    return Script(region, prepared, documents, tree, _substitutions(tree))


def body_of(script: Script, content: Mapped) -> Script:
    """Return a here-document's body as a text that expansions stand in."""
    inner = replace(script.region, text=content.text, map=content.map)
    return Script(script.region, inner)


def _substitutions(tree: SyntaxTree) -> dict[int, Node]:
    """Return the command and process substitutions by the place of their opening mark."""
    if b"$(" not in tree.data and b"`" not in tree.data and b"<(" not in tree.data:
        return {}
    found: dict[int, Node] = {}
    cursor = tree.root.walk()
    while True:
        node = cursor.node
        if node is not None and node.type in ("command_substitution", "process_substitution"):
            opening = node.child(0)
            if opening is not None:
                width = len(opening.type)
                found[tree.char(opening.end_byte - width)] = node
        if cursor.goto_first_child():
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return found


def _without_templates(region: Region) -> Region:
    """Turn ``{{ expression }}`` into holes and drop ``{% tags %}``."""
    if "{{" not in region.text and "{%" not in region.text:
        return region
    transcript, at = Transcript(), 0
    for match in _TEMPLATE.finditer(region.text):
        transcript.mapped(region.slice(at, match.start()))
        if match[1] is not None:
            place = region.span(match.start(), match.end())
            transcript.inexact(hole(match[1]), place.start, place.end - place.start)
        at = match.end()
    transcript.mapped(region.slice(at, len(region.text)))
    whole = transcript.build()
    return replace(region, text=whole.text, map=whole.map)


def _without_brackets(region: Region) -> Region:
    """Spell ``[ ... ]`` as ``test ... ]``, a command like any other."""
    if "[ " not in region.text and "[\t" not in region.text:
        return region
    transcript, at = Transcript(), 0
    for match in _BRACKET.finditer(region.text):
        start = match.start("bracket")
        transcript.mapped(region.slice(at, start))
        place = region.span(start, start + 1)
        transcript.inexact("test", place.start, 1)
        at = start + 1
    transcript.mapped(region.slice(at, len(region.text)))
    whole = transcript.build()
    return replace(region, text=whole.text, map=whole.map)


def _with_words_of_for(region: Region) -> Region:
    """Spell out what ``for x do`` loops over: the parameters."""
    if "for" not in region.text:
        return region
    transcript, at = Transcript(), 0
    for match in _FOR_PARAMETERS.finditer(region.text):
        start, end = match.span("gap")
        transcript.mapped(region.slice(at, start))
        place = region.span(start, end)
        transcript.inexact(' in "$@"; ', place.start, place.end - place.start)
        at = end
    transcript.mapped(region.slice(at, len(region.text)))
    whole = transcript.build()
    return replace(region, text=whole.text, map=whole.map)


def _without_documents(region: Region) -> tuple[Region, tuple[HereDocument, ...]]:
    """Cut out the here-documents; a placeholder stands where their operator stood."""
    if "<<" not in region.text:
        return region, ()
    lines = _lines_with_documents(region.text)
    if not lines:
        return region, ()
    transcript, at = Transcript(), 0
    documents: list[HereDocument] = []
    for line in lines:
        for operator in line.operators:
            transcript.mapped(region.slice(at, operator.start))
            place = region.span(operator.start, operator.end)
            placeholder = f"<__heredoc_{len(documents)}__"
            transcript.inexact(placeholder, place.start, place.end - place.start)
            documents.append(_document(region, operator))
            at = operator.end
        transcript.mapped(region.slice(at, line.end))
        at = line.resumes
    transcript.mapped(region.slice(at, len(region.text)))
    whole = transcript.build()
    return replace(region, text=whole.text, map=whole.map), tuple(documents)


@dataclass(slots=True)
class _Operator:
    """``<<WORD`` at ``[start, end)`` and the lines of its body at ``content``."""

    start: int
    end: int
    dash: bool
    literal: bool
    delimiter: str
    content: tuple[int, int] = (0, 0)


@dataclass(slots=True)
class _Line:
    """A line with here-documents: where it ends, and where the text goes on after them."""

    operators: list[_Operator]
    end: int
    resumes: int


def _document(region: Region, operator: _Operator) -> HereDocument:
    start, end = operator.content
    if not operator.dash:
        return HereDocument(region.slice(start, end), operator.literal)
    transcript = Transcript()
    for match in re.finditer(r"\t*([^\n]*\n?)", region.text[start:end]):
        transcript.mapped(region.slice(start + match.start(1), start + match.end(1)))
    return HereDocument(transcript.build(), operator.literal)


def _lines_with_documents(text: str) -> list[_Line]:
    """Find the here-documents of a shell text.

    A stack says what stands around: ``"`` a string, ``(`` commands, ``a`` arithmetic,
    ``{`` a parameter expansion.
    """
    lines = _Lines(text)
    found: list[_Line] = []
    waiting: list[_Operator] = []
    stack: list[str] = []
    at = 0
    while True:
        match = _NOTABLE.search(text, at)
        if match is None:
            return found
        at = match.start()
        mark, top = match[0], stack[-1] if stack else "("
        following = text[at + 1 : at + 2]
        at += 1
        if mark == "\\":
            at += 1
        elif mark == "\n":
            line = _Line([], at, at)
            for operator in waiting:
                closing = lines.closing(operator.delimiter, line.resumes, operator.dash)
                if closing is not None:
                    operator.content = (line.resumes, closing[0])
                    line.operators.append(operator)
                    line.resumes = closing[1]
            if line.operators:
                found.append(line)
                at = line.resumes
            waiting = []
        elif mark == "$" and following == "(":
            arithmetic = text.startswith("$((", at - 1)
            stack.append("a" if arithmetic else "(")
            at += 2 if arithmetic else 1
        elif mark == "$" and following == "{":
            stack.append("{")
            at += 1
        elif top == '"':
            if mark == '"':
                stack.pop()
        elif mark == "}" and top == "{":
            stack.pop()
        elif mark == '"':
            stack.append('"')
        elif mark == "'" and not (top == "{" and '"' in stack):
            ansi = text[at - 2 : at - 1] == "$"
            at = _closing_quote(text, at, ansi)
        elif mark == "#" and (at == 1 or text[at - 2] in _BREAKS) and top == "(":
            end_of_line = text.find("\n", at)
            at = len(text) if end_of_line < 0 else end_of_line
        elif mark == "(":
            if following == "(" and (at == 1 or text[at - 2] in _BREAKS):
                stack.append("a")
                at += 1
            else:
                stack.append("(" if top != "a" else "g")
        elif mark == ")":
            if top == "a" and following == ")":
                at += 1
            if stack and top in "a(g":
                stack.pop()
        elif mark == "<" and following == "<" and top == "(":
            if text.startswith("<", at + 1):
                at += 2
                continue
            word = _DELIMITER.match(text, at + 1)
            if word is None:
                at += 1
                continue
            raw = word["word"]
            waiting.append(
                _Operator(
                    at - 1,
                    word.end(),
                    bool(word["dash"]),
                    any(quote in raw for quote in "'\"\\"),
                    re.sub(r"['\"\\]", "", raw),
                )
            )
            at = word.end()


def _closing_quote(text: str, at: int, ansi: bool) -> int:
    """Return the place after the closing single quote, *at* itself where none follows."""
    while True:
        end = text.find("'", at)
        if end < 0:
            return at
        if not ansi or (end - len(text[at:end].rstrip("\\"))) % 2 == at % 2:
            return end + 1
        at = end + 1


class _Lines:
    """The lines of a text by their content, so that delimiters are found in no time."""

    def __init__(self, text: str) -> None:
        self._starts: dict[str, list[int]] = {}
        self._tabbed: dict[str, list[tuple[int, int]]] = {}
        at = 0
        for line in text.split("\n"):
            if len(line) < 200:
                self._starts.setdefault(line, []).append(at)
                stripped = line.lstrip("\t")
                self._tabbed.setdefault(stripped, []).append((at, len(line)))
            at += len(line) + 1
        self._length = len(text)

    def closing(self, delimiter: str, after: int, dash: bool) -> tuple[int, int] | None:
        """Return where the delimiter's line starts and where the next line does."""
        if dash:
            tabbed = self._tabbed.get(delimiter, [])
            index = bisect_left(tabbed, (after, 0))
            if index == len(tabbed):
                return None
            start, length = tabbed[index]
            return start, min(self._length, start + length)
        starts = self._starts.get(delimiter, [])
        index = bisect_left(starts, after)
        if index == len(starts):
            return None
        return starts[index], min(self._length, starts[index] + len(delimiter))
