"""The calls and statements of a Python text around a finding.

Edits are made of the spans of a syntax tree, so every comment and blank outside of them
stays: the tree is that of tree-sitter, which takes broken code, and code nested as deep as
anybody likes (libcst 1.9 dies of 3,000 parentheses and takes minutes for a chain of 30,000
terms; what it keeps, a text that is edited in place keeps anyway).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property

import tree_sitter_python
from tree_sitter import Language, Node

from dbguard.languages.syntax_tree import SyntaxTree
from dbguard.patterns import regex
from dbguard.repair.edits import Edit
from dbguard.repair.words import Word
from dbguard.source import Region, Span

_LITERAL = regex(r"""[rRbBuU]{0,2}(?P<quote>"{3}|'{3}|"|')(?P<text>.*)(?P=quote)""", re.DOTALL)


class PythonCode:
    """The syntax of a region in Python. Positions are those of its text."""

    def __init__(self, region: Region) -> None:
        """Parse. Raises TimeoutError where that takes too long."""
        self.region = region
        self.tree = SyntaxTree(region, Language(tree_sitter_python.language()))

    def inner(self, node: Node) -> Span:
        """Return where a node stands in the region's text."""
        return Span(self.tree.char(node.start_byte), self.tree.char(node.end_byte))

    def text(self, node: Node) -> str:
        return self.tree.text(node)

    def node_at(self, span: Span, *types: str) -> Node | None:
        """Return the smallest node of these types that *span* stands in, or is."""
        start = len(self.region.text[: span.start].encode("utf-8", "surrogatepass"))
        end = len(self.region.text[: span.end].encode("utf-8", "surrogatepass"))
        node = self.tree.root.descendant_for_byte_range(start, end)
        while node is not None and node.type not in types:
            node = node.parent
        return node

    def statement_of(self, node: Node | None) -> Node | None:
        """Return the simple statement a node stands in, if it is one of a block of lines."""
        while node is not None and (node.parent is None or node.parent.type not in _BLOCKS):
            node = node.parent
        if node is None:
            return None
        before, behind = node.prev_sibling, node.next_sibling
        shares = any(one is not None and one.type == ";" for one in (before, behind))
        return None if shares or not self.begins_line(self.inner(node).start) else node

    def is_whole_statement(self, call: Node) -> bool:
        """Say whether a call is a statement of its own, whose value nobody takes."""
        parent = call.parent
        return (
            parent is not None
            and parent.type == "expression_statement"
            and parent.named_child_count == 1
            and self.statement_of(call) is not None
        )

    def begins_line(self, at: int) -> bool:
        begin = self.region.text.rfind("\n", 0, at) + 1
        return not self.region.text[begin:at].strip()

    def indent(self, at: int) -> str:
        """Return the white space before *at* on its line."""
        begin = self.region.text.rfind("\n", 0, at) + 1
        line = self.region.text[begin:at]
        return line[: len(line) - len(line.lstrip())]

    def arguments(self, call: Node) -> list[Node]:
        """Return the positional arguments of a call."""
        held = call.child_by_field_name("arguments")
        skipped = ("keyword_argument", "comment", "list_splat", "dictionary_splat")
        return [] if held is None else [n for n in held.named_children if n.type not in skipped]

    def keywords(self, call: Node) -> dict[str, Node]:
        """Return the values of the keyword arguments of a call."""
        held = call.child_by_field_name("arguments")
        found = {}
        for argument in held.named_children if held is not None else ():
            name = argument.child_by_field_name("name")
            value = argument.child_by_field_name("value")
            if argument.type == "keyword_argument" and name is not None and value is not None:
                found[self.text(name)] = value
        return found

    def callee(self, call: Node) -> str:
        """Return what is called, as it is written."""
        function = call.child_by_field_name("function")
        return self.text(function) if function is not None else ""

    def is_repeatable(self, node: Node) -> bool:
        """Say whether an expression gives the same when it is evaluated once more.

        It is made of names, attributes and literals, and of calls that only join paths.
        """
        stack = [node]
        while stack:
            one = stack.pop()
            if one.type not in _REPEATABLE and one.is_named:
                return False
            if one.type == "call" and self.callee(one) not in _JOINS:
                return False
            stack.extend(one.children)
        return True

    def literal(self, node: Node) -> str | None:
        """Return what a string says that has no escapes and nothing to put in, else None."""
        if node.type != "string":
            return None
        match = _LITERAL.fullmatch(self.text(node))
        return match["text"] if match is not None and "\\" not in match["text"] else None

    def strings(self) -> Iterator[tuple[Node, str]]:
        """Yield every plain string of the text, with what it says."""
        stack = [self.tree.root]
        while stack:
            node = stack.pop()
            said = self.literal(node)
            if said is not None:
                yield node, said
            stack.extend(reversed(node.children))

    def calls(self) -> Iterator[Node]:
        """Yield every call of the text, in its order."""
        stack = [self.tree.root]
        while stack:
            node = stack.pop()
            if node.type == "call":
                yield node
            stack.extend(reversed(node.children))

    def scope_of(self, node: Node) -> Node | None:
        """Return the function a node stands in, None for the top level."""
        at = node.parent
        while at is not None and at.type != "function_definition":
            at = at.parent
        return at

    def words(self, call: Node) -> tuple[Word, ...]:
        """Return the words of a command a call takes: what is called, then plain strings.

        They are the elements of the list it is given, or its arguments; () where one that
        matters is not plain.
        """
        arguments = self.arguments(call)
        listed = bool(arguments) and arguments[0].type in ("list", "tuple")
        nodes = arguments[0].named_children if listed else arguments
        function = call.child_by_field_name("function")
        words = [] if listed or function is None else [self._word(function)]
        return (*words, *(self._word(node) for node in nodes if node.type != "comment"))

    def _word(self, node: Node) -> Word:
        said = self.literal(node)
        written = self.text(node)
        return Word(written if said is None else said, written, self.inner(node))

    @cached_property
    def bound(self) -> frozenset[str]:
        """The names the text gives a meaning, other than that of the module of that name."""
        found, stack = set(), [self.tree.root]
        while stack:
            node = stack.pop()
            if node.type == "identifier" and self._is_bound(node):
                found.add(self.text(node))
            stack.extend(node.children)
        return frozenset(found)

    def _is_bound(self, node: Node) -> bool:
        """Say whether an identifier is one that is given a value, rather than used."""
        parent = node.parent
        if parent is None or parent.type in ("attribute", "keyword_argument", "call"):
            return False
        if parent.type == "dotted_name":
            outer = parent.parent
            if outer is not None and outer.type == "import_statement":
                return outer.start_point.column != 0
            if outer is not None and outer.type == "import_from_statement":
                return outer.child_by_field_name("module_name") != parent
            return False
        return parent.type not in _USES

    def imports(self, module: str) -> bool:
        """Say whether the text has ``import module`` at its top level."""
        return any(
            self.text(name) == module
            for node in self.tree.root.children
            if node.type == "import_statement"
            for name in node.named_children
        )

    def imported(self, *modules: str) -> tuple[Edit, ...] | None:
        """Return the edits that import modules, () where they are, None where a name is taken."""
        wanted = [module for module in modules if not self.imports(module)]
        if not self.bound.isdisjoint(modules):
            return None
        lines = [f"import {module}" for module in sorted(wanted)]
        if any(node.type == "import_statement" for node in self._head()):
            return tuple(self._import(line) for line in lines)
        return (self._first_import("\n".join(lines)),) if lines else ()

    def _import(self, line: str) -> Edit:
        """Import beside other imports, in the order of their names."""
        plain = [node for node in self._head() if node.type == "import_statement"]
        for node in plain:
            if self.text(node) > line:
                at = self.inner(node).start
                return Edit(Span(at, at), f"{line}\n")
        at = self.line_end(self.inner(plain[-1]).end)
        return Edit(Span(at, at), f"\n{line}")

    def _first_import(self, lines: str) -> Edit:
        """Import in a text without plain imports: behind the docstring and ``from __future__``."""
        others = [node for node in self._head() if node.type == "import_from_statement"]
        if others:
            at = self.inner(others[0]).start
            return Edit(Span(at, at), f"{lines}\n")
        nodes = self.tree.root.named_children
        behind = 0
        for node in nodes:
            is_docstring = (
                node.type == "expression_statement"
                and node.named_children[:1]
                and (node.named_children[0].type == "string")
            )
            if node.type == "future_import_statement" or (is_docstring and behind == 0):
                behind = self.line_end(self.inner(node).end)
            elif node.type != "comment":
                break
        if behind:
            return Edit(Span(behind, behind), f"\n\n{lines}")
        first = next((self.inner(n).start for n in nodes if n.type != "comment"), 0)
        return Edit(Span(first, first), f"{lines}\n\n")

    def _head(self) -> list[Node]:
        """Return the imports the text begins with."""
        found = []
        for node in self.tree.root.named_children:
            if node.type in ("import_statement", "import_from_statement"):
                found.append(node)
            elif found and node.type != "comment":
                break
        return found

    def line_of(self, statement: Node) -> Span:
        """Return the lines of a statement that stands alone on them, with the last line end."""
        span = self.inner(statement)
        start = self.region.text.rfind("\n", 0, span.start) + 1
        return Span(start, min(len(self.region.text), self.line_end(span.end) + 1))

    def line_end(self, at: int) -> int:
        """Return where the line ends in which *at* stands."""
        end = self.region.text.find("\n", at)
        return len(self.region.text) if end < 0 else end

    def fresh(self, node: Node, *names: str) -> str | None:
        """Return the first of *names* the function around *node* does not have, or None."""
        scope = node
        while scope.parent is not None and scope.type != "function_definition":
            scope = scope.parent
        text = self.text(scope)
        return next((name for name in names if not regex(rf"\b{name}\b").search(text)), None)


_JOINS = frozenset({"os.path.join", "Path", "pathlib.Path", "str"})
_REPEATABLE = frozenset(
    {"identifier", "attribute", "string", "string_start", "string_content", "string_end",
     "escape_sequence", "interpolation", "concatenated_string", "binary_operator", "integer",
     "parenthesized_expression", "subscript", "call", "argument_list"}
)  # fmt: skip
_BLOCKS = frozenset({"module", "block"})
_USES = frozenset(
    {"argument_list", "binary_operator", "comparison_operator", "boolean_operator", "subscript",
     "return_statement", "expression_statement", "interpolation", "list", "tuple", "set", "pair",
     "conditional_expression", "unary_operator", "not_operator", "if_statement", "assert_statement",
     "parenthesized_expression", "decorator", "await", "raise_statement", "type", "list_splat"}
)  # fmt: skip
