"""No text makes the Python language raise, hang or point outside of the file."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dbguard.flow import Embed
from dbguard.operations import Operation
from tests.hanging import comes_to_an_end
from tests.python_lowering import lowered, nodes_of

HEAD = "import os\n"

HOSTILE = {
    "parentheses": HEAD + "os.remove(" + "(" * 100_000 + "'a.db'" + ")" * 100_000 + ")\n",
    "additions": HEAD + "os.remove(" + " + ".join(["'a'"] * 30_000) + ")\n",
    "calls": HEAD + "f(" * 20_000 + "os.remove('a.db')" + ")" * 20_000 + "\n",
    "brackets never closed": HEAD + "[" * 50_000 + "os.remove('a.db')\n",
    "ands": HEAD + "if " + " and ".join(["a"] * 30_000) + ":\n  os.remove('a.db')\n",
    "nots": HEAD + "if " + "not " * 30_000 + "a:\n  os.remove('a.db')\n",
    "elifs": HEAD + "if x:\n  pass\n" + "elif y:\n  os.remove('a.db')\n" * 2_000,
    "lambdas": HEAD + "lambda: " * 10_000 + "os.remove('a.db')\n",
    "conditionals": HEAD + "x = " + "a if b else " * 10_000 + "os.remove('a.db')\n",
    "attributes": HEAD + "os.remove(a" + ".b" * 30_000 + ")\nos.remove('a.db')\n",
    "method chain": HEAD + "x" + ".all()" * 10_000 + ".delete()\nos.remove('a.db')\n",
    "doubling": HEAD + "a = 'x'\n" + "a = f'{a}{a}'\n" * 80 + "os.remove(a)\n",
    "appends": HEAD + "x = []\n" + "x.append('a')\n" * 5_000 + "for p in x: os.remove(p)\n",
    "a line of 10 MB": HEAD + "x = '" + "a" * 10_000_000 + "'\nos.remove('a.db')\n",
    "a long list": HEAD + "x = [" + "'a.db'," * 100_000 + "]\nfor p in x: os.remove(p)\n",
    "functions calling": HEAD
    + "".join(f"def f{i}():\n  f{i + 1}(); f{i + 1}()\n" for i in range(300))
    + "def f300(): os.remove('a.db')\nf0()\n",
    "many functions": HEAD + "".join(f"def f{i}(): os.remove('a')\n" for i in range(3_000)),
    "itself": HEAD + "x = x\ny = z\nz = y\nclass A(A): pass\nos.remove(x + y)\nA().b.remove()\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_lowered(name: str) -> None:
    with comes_to_an_end():
        result = lowered(HOSTILE[name])
    assert any(isinstance(n, Operation) for flow in result.flows for n in nodes_of(flow))


def test_indentation_the_parser_cannot_take_is_reported() -> None:
    text = HEAD + "".join("  " * i + "if x:\n" for i in range(600)) + "  " * 600 + "pass\n"
    assert [problem.stage for problem in lowered(text).problems] == ["limit"]


def test_a_lone_surrogate() -> None:
    assert lowered(HEAD + "os.remove('\ud800.db')\n").flows


SOURCES = [
    path.read_text(encoding="utf-8")
    for path in sorted((Path(__file__).parent.parent / "fixtures").rglob("*.py"))
]


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """Draw a fixture with stretches cut, doubled or replaced."""
    text = draw(st.sampled_from(SOURCES))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 60)))
        new = draw(
            st.sampled_from(["", "(", ")", '"', "'''", "\n", "  ", "é", "f'{", ":", "\\", "\t"])
            | st.just(text[start:end] * 2)
        )
        text = text[:start] + new + text[end:]
    return text


@settings(max_examples=300, deadline=None)
@given(mutated())
def test_a_mutated_text_never_raises_and_spans_stay_inside(text: str) -> None:
    result = lowered(text)
    for flow in result.flows:
        for node in nodes_of(flow):
            if isinstance(node, Operation | Embed):
                assert 0 <= node.span.start <= node.span.end <= len(text)
            if isinstance(node, Embed):
                for piece in node.region.map.pieces:
                    assert piece.outer_end <= len(text)
                    if piece.exact:
                        inner = node.region.text[piece.inner : piece.inner_end]
                        assert inner == text[piece.outer : piece.outer_end]
    for problem in result.problems:
        assert problem.span is not None
        assert problem.span.end <= len(text)
