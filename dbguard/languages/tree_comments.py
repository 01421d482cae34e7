"""The comments of a syntax tree, each with the statement it is about."""

from __future__ import annotations

from collections.abc import Iterator

from dbguard.languages.grammars import Language, Node, Query, QueryCursor
from dbguard.languages.syntax_tree import SyntaxTree
from dbguard.source import Comment, Span

_MARK = b"dbguard:"


def tree_comments(
    tree: SyntaxTree, language: Language, statements: frozenset[str]
) -> Iterator[Comment]:
    """Yield the comments that may speak to dbguard.

    *statements* are the types of nodes that are simple statements: a comment speaks of
    the whole of one, of nothing but its own line where it stands at a compound one.
    """
    found = QueryCursor(Query(language, "(comment) @comment")).captures(tree.root)
    comments = sorted(found.get("comment", ()), key=lambda node: node.start_byte)
    starts = {comment.start_byte for comment in comments}
    for comment in comments:
        if tree.data.find(_MARK, comment.start_byte, comment.end_byte) < 0:
            continue
        after = _next_code(tree.data, comment.end_byte, starts)
        following = None
        if after is not None:
            node = tree.root.descendant_for_byte_range(after, after + 1)
            following = _covered(tree, node, statements, after, after + 1)
        here = _covered(tree, comment, statements, comment.start_byte, comment.end_byte)
        before = comment.prev_sibling
        if before is not None and before.end_point.row == comment.start_point.row:
            here = here.cover(
                _covered(tree, before, statements, comment.start_byte, comment.end_byte)
            )
        yield Comment(
            tree.region.file,
            tree.span(comment),
            tree.text(comment),
            here,
            following,
        )


def _covered(
    tree: SyntaxTree, node: Node | None, statements: frozenset[str], start: int, end: int
) -> Span:
    """Return the span of a place and of the simple statement around *node*, if it is in one."""
    outermost = None
    while node is not None:
        if node.type in statements:
            if any(_is_compound(child, statements) for child in node.children):
                break
            outermost = node
        elif outermost is not None:
            break
        node = node.parent
    span = tree.bytes_span(start, end)
    return span if outermost is None else span.cover(tree.span(outermost))


def _is_compound(node: Node, statements: frozenset[str]) -> bool:
    return node.type not in statements and node.type.endswith(
        ("_statement", "subshell", "function_definition")
    )


def _next_code(data: bytes, position: int, comments: set[int]) -> int | None:
    """Return where the first line after *position* begins that is more than a comment."""
    line = data.find(b"\n", position) + 1
    while line > 0:
        end = data.find(b"\n", line)
        content = data[line : len(data) if end < 0 else end]
        start = line + len(content) - len(content.lstrip())
        if content.strip() and start not in comments:
            return start
        line = end + 1
    return None
