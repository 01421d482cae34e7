"""The laws of source maps, on random nestings (DESIGN section 5)."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbguard.source import (
    Mapped,
    Region,
    SourceFile,
    SourceMap,
    Span,
    Transcript,
    display,
    has_hole,
    hole,
    hole_names,
)

_PLAIN = st.text(alphabet="abcé漢😀 ", min_size=1, max_size=6)


@dataclass(frozen=True)
class Layer:
    """An outer text and the transcript of what was decoded from it, char by char."""

    outer: str
    inner: Mapped
    origin: tuple[tuple[int, int, bool], ...]
    """For each inner code point: outer start, outer end, exact."""


@st.composite
def layers(draw: st.DrawFn) -> Layer:
    """Draw stretches: exact text, escapes, holes and gaps that belong to no piece."""
    transcript = Transcript()
    outer = ""
    origin: list[tuple[int, int, bool]] = []
    parts = draw(
        st.lists(st.tuples(st.sampled_from(["exact", "escape", "hole", "gap"]), _PLAIN), max_size=8)
    )
    for kind, text in parts:
        if kind == "exact":
            transcript.exact(text, len(outer))
            origin.extend((len(outer) + i, len(outer) + i + 1, True) for i in range(len(text)))
            outer += text
        elif kind == "escape":
            raw = "\\u" + text
            transcript.inexact("x", len(outer), len(raw))
            origin.append((len(outer), len(outer) + len(raw), False))
            outer += raw
        elif kind == "hole":
            raw = "{" + text + "}"
            transcript.hole("name", len(outer), len(raw))
            origin.extend((len(outer), len(outer) + len(raw), False) for _ in hole("name"))
            outer += raw
        else:
            outer += '"' + text + '"'
    return Layer(outer, transcript.build(), tuple(origin))


def _expected(layer: Layer, start: int, end: int) -> Span:
    touched = layer.origin[start:end]
    return Span(min(t[0] for t in touched), max(t[1] for t in touched))


@given(layers(), st.data())
def test_to_outer_covers_what_each_code_point_came_from(layer: Layer, data: st.DataObject) -> None:
    length = len(layer.inner.text)
    assert length == len(layer.origin)
    if not length:
        return
    start = data.draw(st.integers(0, length - 1))
    end = data.draw(st.integers(start + 1, length))
    assert layer.inner.map.to_outer(start, end) == _expected(layer, start, end)


@given(layers(), st.data())
def test_exact_means_equal_text(layer: Layer, data: st.DataObject) -> None:
    length = len(layer.inner.text)
    start = data.draw(st.integers(0, length))
    end = data.draw(st.integers(start, length))
    span = layer.inner.map.to_outer(start, end)
    if layer.inner.map.is_exact(start, end) and start < end:
        assert layer.outer[span.start : span.end] == layer.inner.text[start:end]


@given(layers(), st.data())
def test_slice_keeps_every_origin(layer: Layer, data: st.DataObject) -> None:
    length = len(layer.inner.text)
    start = data.draw(st.integers(0, length))
    end = data.draw(st.integers(start, length))
    part = layer.inner.slice(start, end)
    for at in range(end - start):
        assert part.map.to_outer(at, at + 1) == layer.inner.map.to_outer(start + at, start + at + 1)


@given(st.lists(layers(), min_size=2, max_size=5), st.data())
def test_composition_leads_straight_to_the_outermost_file(
    drawn: list[Layer], data: st.DataObject
) -> None:
    """Nest layers: each next text is decoded from a stretch of the one before."""
    whole = drawn[0].inner
    steps: list[SourceMap] = []
    text = whole.text
    for _ in drawn[1:]:
        transcript, at = Transcript(), 0
        while at < len(text):
            size = data.draw(st.integers(1, 5))
            kind = data.draw(st.sampled_from(["exact", "escape", "gap"]))
            chunk = text[at : at + size]
            if kind == "exact":
                transcript.exact(chunk, at)
            elif kind == "escape":
                transcript.inexact("?", at, len(chunk))
            at += size
        local = transcript.build()
        steps.append(local.map)
        text = local.text
    composed = whole.map
    for step in steps:
        composed = composed.compose(step)
    assert sum(piece.length for piece in composed.pieces) == len(text)
    for at in range(len(text)):
        start, end = at, at + 1
        for step in reversed(steps):
            span = step.to_outer(start, end)
            start, end = span.start, span.end
        assert composed.to_outer(at, at + 1) == whole.map.to_outer(start, end)


@given(st.lists(layers(), max_size=4))
def test_join_keeps_texts_and_origins(drawn: list[Layer]) -> None:
    joined = Mapped.join(layer.inner for layer in drawn)
    assert joined.text == "".join(layer.inner.text for layer in drawn)
    at = 0
    for layer in drawn:
        for offset in range(len(layer.inner.text)):
            here = joined.map.to_outer(at + offset, at + offset + 1)
            assert here == layer.inner.map.to_outer(offset, offset + 1)
        at += len(layer.inner.text)


def test_an_empty_range_stays_where_it_is() -> None:
    transcript = Transcript()
    transcript.exact("ab", 10)
    transcript.inexact("x", 12, 4)
    built = transcript.build()
    assert built.map.to_outer(1, 1) == Span(11, 11)
    assert built.map.to_outer(2, 2) == Span(12, 12)
    assert built.map.to_outer(3, 3) == Span(16, 16)


@given(st.text(alphabet="a\r\né", max_size=30))
def test_line_ends_become_one_and_positions_stay(text: str) -> None:
    region = Region.of_file(SourceFile("x.sh", text), "shell")
    assert region.text == text.replace("\r\n", "\n").replace("\r", "\n")
    for at, character in enumerate(region.text):
        span = region.span(at, at + 1)
        raw = text[span.start : span.end]
        assert raw == character or (character == "\n" and raw in ("\r", "\n"))


@given(st.text(alphabet="ab\n\r\té漢", max_size=40), st.data())
def test_line_and_column_lead_back(text: str, data: st.DataObject) -> None:
    file = SourceFile("x", text)
    offset = data.draw(st.integers(0, len(text)))
    line, column = file.position(offset)
    if offset < len(text) and text[offset] not in "\r\n":
        assert file.line(line)[column - 1] == text[offset]
        assert file.line_span(line).start + column - 1 == offset


@pytest.mark.parametrize(
    ("text", "line", "expected"),
    [("a\nb", 2, "b"), ("a\nb\n", 2, "b"), ("a\r\nb", 1, "a"), ("a", 1, "a"), ("a", 5, "")],
)
def test_lines(text: str, line: int, expected: str) -> None:
    assert SourceFile("x", text).line(line) == expected


def test_holes_are_identifiers_that_show_as_braces() -> None:
    name = hole("self.db_path")
    assert name.isidentifier()
    assert has_hole(f"a/{name}.db")
    assert display(f"a/{name}.db") == "a/{self_db_path}.db"
    assert hole_names(f"{hole('a')}_{hole('b')}") == ["a", "b"]
    assert not has_hole("plain")


def test_a_region_knows_its_way() -> None:
    file = SourceFile("x.py", "abcdef")
    root = Region.of_file(file, "python")
    inner = root.embed("shell", root.slice(1, 5), "argument of os.system()")
    innermost = inner.embed("sql", inner.slice(1, 3), "-c of psql")
    assert innermost.route == ("argument of os.system()", "-c of psql")
    assert innermost.depth == 2
    assert innermost.span(0, 2) == Span(2, 4)
