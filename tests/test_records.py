"""Records behave as dataclasses do, before and after their methods are compiled."""

from __future__ import annotations

import ast
import copy
import dataclasses
import pickle
import re
import subprocess
import sys
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

import pytest

from dbguard import records
from dbguard.patterns import regex

OFTEN = 30  # calls: more than are interpreted


@records.dataclass(frozen=True, slots=True, order=True)
class Point:
    x: int
    y: int = 2


@records.dataclass(frozen=True, slots=True)
class Named(Point):
    kind: ClassVar[str] = "named"
    name: str = "origin"

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("a name is needed")


@records.dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    command: str = records.field(kw_only=False)
    values: str = ""
    seen: list[int] = records.field(default_factory=list, compare=False)


@records.dataclass(slots=True, eq=False)
class Node:
    children: list[Node] = records.field(default_factory=list)


@records.dataclass
class Open:
    one: int = 1


def _twin(cls: Any, **options: Any) -> Any:
    """Return the standard library's dataclass of the same fields."""
    return dataclasses.make_dataclass(
        cls.__name__, [("x", int), ("y", int, dataclasses.field(default=2))], **options
    )


def test_fields_are_filled_compared_and_hashed_however_often() -> None:
    twin = _twin(Point, frozen=True, order=True)
    for number in range(OFTEN):
        point, other = Point(number), twin(number)
        assert (point.x, point.y) == (other.x, other.y)
        assert point == Point(number, y=2)
        assert point != Point(number, 3)
        assert point != twin(number)
        assert hash(point) == hash(Point(x=number)) == hash(other)
        assert (point < Point(5)) == (other < twin(5))
        assert repr(point) == repr(other)


@pytest.mark.parametrize("warm", [0, OFTEN])
def test_wrong_arguments_are_refused(warm: int) -> None:
    @records.dataclass(frozen=True, slots=True)
    class Pair:
        a: int
        b: int = 2

    make: Any = Pair
    for _ in range(warm):
        Pair(1)
    for values, named in (((), {}), ((1, 2, 3), {}), ((1,), {"a": 1}), ((1,), {"c": 1})):
        with pytest.raises(TypeError):
            make(*values, **named)


@pytest.mark.parametrize("warm", [0, OFTEN])
def test_after_the_fields_are_filled_the_class_has_its_say(warm: int) -> None:
    for _ in range(warm):
        Named(1)
    assert Named(1, 2, "a") == Named(1, name="a")
    assert Named.kind == "named"
    with pytest.raises(ValueError, match="a name"):
        Named(1, name="")


def test_frozen_and_slotted() -> None:
    point: Any = Point(1)
    with pytest.raises(AttributeError):
        point.x = 2
    with pytest.raises(AttributeError):
        del point.x
    node: Any = Node()
    with pytest.raises(AttributeError):
        node.other = 1
    slotted: Any = Named
    assert slotted.__slots__ == ("name",)


def test_keywords_only_and_what_is_not_compared() -> None:
    make: Any = Entry
    for _ in range(OFTEN):
        assert Entry("rm", values="-f", seen=[1]) == Entry("rm", values="-f")
        with pytest.raises(TypeError):
            make("rm", "-f")


def test_each_has_a_list_of_its_own() -> None:
    nodes = [Node() for _ in range(OFTEN)]
    nodes[0].children.append(nodes[1])
    assert all(not node.children for node in nodes[1:])
    assert len(set(nodes)) == OFTEN
    assert nodes[1] != nodes[2]
    with pytest.raises(TypeError):
        hash(Open())
    opened = Open()
    opened.one = 2
    assert opened != Open()
    assert Open.one == 1


def test_replace_match_copy_and_pickle() -> None:
    named = Named(1, 2, "a")
    assert records.replace(named, name="b") == Named(1, 2, "b")
    assert dataclasses.replace(named, name="b") == Named(1, 2, "b")
    match named:
        case Named(x, y, name):
            assert (x, y, name) == (1, 2, "a")
    for other in (pickle.loads(pickle.dumps(named)), copy.deepcopy(named)):
        assert other == named
        assert hash(other) == hash(named)


def test_a_method_of_the_class_stays() -> None:
    numbers = count()

    @records.dataclass(frozen=True, slots=True)
    class Same:
        value: int = records.field(default_factory=lambda: next(numbers))

        def __eq__(self, other: object) -> bool:
            return isinstance(other, Same)

        def __hash__(self) -> int:
            return 7

    assert len({Same() for _ in range(OFTEN)}) == 1


def test_a_pattern_is_a_pattern() -> None:
    pattern = regex(r"(a)(b)?", re.IGNORECASE)
    same = pickle.loads(pickle.dumps(pattern))
    for one in (pattern, same):
        found = one.search("xAB")
        assert found is not None
        assert found.groups() == ("A", "B")
        assert one.sub("-", "ab") == "-"
        assert one.pattern == r"(a)(b)?"


_UNUSED = (
    "argparse contextvars dataclasses datetime fnmatch inspect json pathlib pathspec pkgutil"
    " subprocess typing yaml"
).split()
MOST_MODULES = 100
"""Of dbguard's own, each of which takes a third of a millisecond."""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("wipe.py", 'import os\nos.remove("app.db")\n'),
        ("wipe.sh", "set -e\nrm data/app.db\n"),
        ("wipe.sql", "DROP TABLE users;\n"),
    ],
)
def test_a_file_with_a_hit_pays_for_little_it_does_not_use(
    name: str, text: str, tmp_path: Path
) -> None:
    """What is imported for nothing is what a commit hook waits for."""
    (tmp_path / name).write_text(text)
    code = (
        "import sys; from dbguard.__main__ import main; before = set(sys.modules)\n"
        f"sys.argv = ['dbguard', 'scan', {name!r}]; code = main()\n"
        "print(code, sorted(set(sys.modules) - before))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(Path(records.__file__).parent.parent)},
        capture_output=True,
        text=True,
        check=True,
    )
    status, _, modules = run.stdout.splitlines()[-1].partition(" ")
    assert status == "1"
    imported = ast.literal_eval(modules)
    unused = {"json", "fnmatch"} if name == "wipe.sh" else set()
    assert set(_UNUSED) & set(imported) <= unused
    assert len([name for name in imported if name.startswith("dbguard")]) <= MOST_MODULES
