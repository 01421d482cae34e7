"""The commands of a shell text around a finding: their words, and what stands beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from dbguard.languages.shell.script import LANGUAGE
from dbguard.languages.syntax_tree import SyntaxTree
from dbguard.patterns import regex
from dbguard.records import dataclass
from dbguard.repair.edits import Edit
from dbguard.repair.words import Word
from dbguard.source import Region, Span

_LISTS = frozenset(
    {"program", "compound_statement", "do_group", "if_statement", "elif_clause", "else_clause",
     "subshell", "case_item"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Command:
    """A simple command: the words from the program on, without wrappers and redirections.

    ``wrapper`` is what stands before the program (``sudo -n``), with the blanks behind it.
    ``statement`` is the command with its redirections.
    """

    code: ShellCode
    node: Node
    words: tuple[Word, ...]
    wrapper: str

    @property
    def statement(self) -> Node:
        node = self.node
        while node.parent is not None and node.parent.type == "redirected_statement":
            node = node.parent
        return node

    @property
    def stands_alone(self) -> bool:
        """Say whether other statements may stand before and behind it, in its place."""
        return not self.in_background and self.code.is_one_of_list(self.statement)

    @property
    def in_background(self) -> bool:
        behind = self.statement.next_sibling
        return behind is not None and behind.type == "&"

    @property
    def span(self) -> Span:
        """Where it stands, with its redirections."""
        return self.code.inner(self.statement)

    @property
    def redirected(self) -> bool:
        return self.statement is not self.node and self.statement.id != self.node.id

    def targets(self) -> Iterator[Word]:
        """Yield the files its output goes to."""
        for child in self.statement.children:
            if child.type == "file_redirect" and child.named_child_count:
                yield self.code.word(child.named_children[-1])

    def following(self) -> Node | None:
        """Return the statement that runs next in the same list, None where there is none."""
        node = self.statement.next_named_sibling
        while node is not None and node.type == "comment":
            node = node.next_named_sibling
        return node


class ShellCode:
    """The syntax of a region in shell. Positions are those of its text."""

    def __init__(self, region: Region) -> None:
        """Parse. Raises TimeoutError where that takes too long."""
        self.region = region
        self.tree = SyntaxTree(region, LANGUAGE)

    def inner(self, node: Node) -> Span:
        """Return where a node stands in the region's text."""
        return Span(self.tree.char(node.start_byte), self.tree.char(node.end_byte))

    def text(self, node: Node) -> str:
        return self.tree.text(node)

    def word(self, node: Node) -> Word:
        """Return a word as it is written, and what it says where that is plain."""
        raw = self.text(node)
        plain = raw
        if len(raw) > 1 and raw[0] == raw[-1] and raw[0] in "\"'":
            plain = raw[1:-1]
        return Word(plain, raw, self.inner(node))

    def command_at(self, span: Span) -> Command | None:
        """Return the simple command whose program word begins where *span* does."""
        node = self.node_at(span, "command")
        if node is None:
            return None
        words = [self.word(child) for child in node.named_children if child.type != "file_redirect"]
        own = tuple(word for word in words if word.span.start >= span.start)
        if not own or own[0].span.start != span.start:
            return None
        begin = self.inner(node).start
        return Command(self, node, own, self.region.text[begin : span.start])

    def node_at(self, span: Span, type_: str) -> Node | None:
        """Return the smallest node of a type that *span* stands in, or is."""
        node = self._smallest(span)
        while node is not None and node.type != type_:
            node = node.parent
        return node

    def command_around(self, span: Span) -> Command | None:
        """Return the simple command in which *span* stands, with its own words."""
        node = self.node_at(span, "command")
        if node is None:
            return None
        return self.command_at(self.inner(node))

    def _smallest(self, span: Span) -> Node | None:
        start = len(self.region.text[: span.start].encode("utf-8", "surrogatepass"))
        end = len(self.region.text[: span.end].encode("utf-8", "surrogatepass"))
        return self.tree.root.descendant_for_byte_range(start, max(start, end - 1))

    def indent(self, at: int) -> str:
        """Return the white space the line begins with in which *at* stands."""
        begin = self.region.text.rfind("\n", 0, at) + 1
        line = self.region.text[begin:at]
        return line[: len(line) - len(line.lstrip())]

    def begins_line(self, at: int) -> bool:
        """Say whether nothing but white space stands before *at* on its line."""
        begin = self.region.text.rfind("\n", 0, at) + 1
        return not self.region.text[begin:at].strip()

    def has_own_line(self, span: Span) -> bool:
        """Say whether nothing but white space and a comment stands beside a place on its lines."""
        text = self.region.text
        end = text.find("\n", span.end)
        rest = text[span.end : len(text) if end < 0 else end].strip()
        return self.begins_line(span.start) and (not rest or rest.startswith("#"))

    def statement_around(self, span: Span) -> Node | None:
        """Return the statement of one command, or of one pipe, that a place stands in."""
        node = self._smallest(span)
        while node is not None and node.type not in ("command", "redirected_statement"):
            node = node.parent
        return self.whole(node) if node is not None else None

    def whole(self, node: Node) -> Node:
        """Return the statement a command is part of: with its redirections and its pipe."""
        while node.parent is not None and node.parent.type in _PARTS:
            node = node.parent
        return node

    def is_one_of_list(self, statement: Node) -> bool:
        """Say whether other statements may stand before and behind one, in its place."""
        parent = statement.parent
        if parent is None or parent.type not in _LISTS:
            return False
        if parent.type not in ("if_statement", "elif_clause"):
            return True
        # Of an if, what stands before "then" is the condition.
        before = [child.type for child in parent.children if child.end_byte <= statement.start_byte]
        return "then" in before


_PARTS = frozenset({"redirected_statement", "pipeline"})

_STOPS = regex(r"^[ \t]*set[ \t]+(?:-o[ \t]+)?-?(?:[a-z]*e[a-z]*|errexit)\b", re.MULTILINE)


def stops_by_itself(region: Region) -> bool:
    """Say whether a text says that it ends where a command fails (``set -e``)."""
    return _STOPS.search(region.text) is not None


_WITHOUT_SHELL = ("command: of service", "entrypoint: of service", "healthcheck: of service",
    "line of a service", "command of tox", "task of pyproject.toml", "args: of container",
    "command: of container")  # fmt: skip


def is_run_by_shell(region: Region) -> bool:
    """Say whether a shell runs a text, and not a program that only splits it into words.

    Those split it much as a shell does, but know no ``;``, no ``for`` and no ``$``.
    """
    if region.via == "command of a task":
        return region.parent is None or region.parent.language == "taskfile"
    return not region.via.startswith(_WITHOUT_SHELL)


def inserted(at: int, text: str) -> Edit:
    """Return the edit that inserts *text*."""
    return Edit(Span(at, at), text)
