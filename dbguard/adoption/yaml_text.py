"""Additions to YAML that leave every other byte as it is, comments and all.

The parser says where things stand, the addition is made to the text, and the parser has to
read the result as the old data with the addition: else nothing is changed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import yaml

from dbguard.adoption.file_change import AdoptionError

_LINE = re.compile(
    r"[^\n\r\x85\u2028\u2029]*(?:\r\n|[\n\r\x85\u2028\u2029])|[^\n\r\x85\u2028\u2029]+"
)


def data_of(text: str, name: str) -> Any:
    """Return what a YAML text says. Raises AdoptionError; *name* is that of the file.

    Tags that a plain reader does not know (GitLab's ``!reference``) are kept as what they tag.
    """
    try:
        return yaml.load(text, _Tolerant)  # noqa: S506 (a safe loader that keeps unknown tags)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        what = " ".join(str(error).split())
        raise AdoptionError(f"{name} is not valid YAML: {what}") from error


def with_item(text: str, name: str, key: str, item: Sequence[str]) -> str:
    """Return *text* with an item more in the list under a key of its outermost mapping.

    *item* are the lines of the item's value, without the dash. A list that is not there is
    made at the end. Raises AdoptionError where the text does not take it.
    """
    old = data_of(text, name)
    added = data_of("\n".join(item), name)
    if old is None:
        old = {}
    if not isinstance(old, dict):
        raise AdoptionError(f"{name} is no mapping")
    wanted = deepcopy(old)
    listed = wanted.get(key)
    if listed is not None and not isinstance(listed, list):
        raise AdoptionError(f"{key} in {name} is no list: add the entry by hand")
    wanted[key] = [*(listed or ()), added]
    new = _inserted(text, name, key, item)
    try:
        same = data_of(new, name) == wanted
    except AdoptionError:
        same = False
    if not same:
        raise AdoptionError(f"{name} is written in a way that takes no addition: add it by hand")
    return new


def _inserted(text: str, name: str, key: str, item: Sequence[str]) -> str:
    lines = _LINE.findall(text)
    newline = "\r\n" if "\r\n" in text else "\n"
    if lines and not lines[-1].endswith(("\n", "\r")):
        lines[-1] += newline
    node = _value_under(text, key)
    if node is None:
        return "".join([*lines, f"{key}:{newline}", *_dashed(item, "  ", newline)])
    if node.flow_style and not node.value:
        at = node.start_mark.line
        line = lines[at]
        head, tail = line[: node.start_mark.column], line[node.end_mark.column :]
        if node.end_mark.line != at:
            raise AdoptionError(f"{key} in {name} is an empty list over lines: write it as []")
        emptied = head.rstrip() + (f"  {tail.strip()}" if tail.strip() else "") + newline
        return "".join([*lines[:at], emptied, *_dashed(item, "  ", newline), *lines[at + 1 :]])
    if node.flow_style or not node.value:
        raise AdoptionError(f"{key} in {name} is written in brackets: add the entry by hand")
    at = _last_line(node) + 1
    indent = " " * node.start_mark.column
    return "".join([*lines[:at], *_dashed(item, indent, newline), *lines[at:]])


def _value_under(text: str, key: str) -> yaml.SequenceNode | None:
    root = yaml.compose(text, _Tolerant)
    if isinstance(root, yaml.MappingNode):
        for name, value in root.value:
            if isinstance(name, yaml.ScalarNode) and name.value == key:
                return value if isinstance(value, yaml.SequenceNode) else None
    return None


def _dashed(item: Sequence[str], indent: str, newline: str) -> list[str]:
    return [
        f"{indent}{'  ' if number else '- '}{line}{newline}" for number, line in enumerate(item)
    ]


def _last_line(node: yaml.Node) -> int:
    """Return the number of the last line that belongs to a node.

    The end of a block is where the next token begins, behind comments and blank lines: so
    its last word is asked.
    """
    while isinstance(node, yaml.CollectionNode) and node.value and not node.flow_style:
        last = node.value[-1]
        node = last[1] if isinstance(last, tuple) else last
    end = node.end_mark
    before = end.line - 1 if end.column == 0 and end.line > node.start_mark.line else end.line
    return max(before, node.start_mark.line)


class _Tolerant(yaml.SafeLoader):
    """The safe loader, which reads a tag that it does not know as what it stands before."""


def _untagged(loader: _Tolerant, _: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    assert isinstance(node, yaml.ScalarNode)
    return loader.construct_scalar(node)


_Tolerant.add_multi_constructor("!", _untagged)
