"""What is parsed leaves no trace in memory: the parser's binding keeps what it is handed."""

from __future__ import annotations

import gc
import tracemalloc
from pathlib import Path

import pytest

from dbguard.languages import python
from dbguard.languages.grammars import grammar
from dbguard.languages.syntax_tree import SyntaxTree
from dbguard.source import Region, SourceFile

LANGUAGE = grammar("tree_sitter_python")


def parse(number: int) -> None:
    text = f"x = '{number:0>100000}'\n"
    SyntaxTree(Region.of_file(SourceFile("a.py", text), "python"), LANGUAGE)


def test_texts_that_were_parsed_are_let_go() -> None:
    parse(0)
    tracemalloc.start()
    try:
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        for number in range(20):
            parse(number)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 50_000, "a text of 100,000 bytes was kept"


def test_the_modules_that_stay_parsed_are_bounded_by_their_length(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    python._kept.clear()
    monkeypatch.setattr(python, "KEPT_LENGTH", 100)
    regions = [
        Region.of_file(SourceFile(str(Path(f"m{number}.py")), f"A = '{number:0>30}'\n"), "python")
        for number in range(5)
    ]
    trees = [python._read_module(region) for region in regions]
    assert [path for path, _ in python._kept] == ["m3.py", "m4.py"]
    assert python._read_module(regions[4])[0] is trees[4][0]
    assert python._read_module(regions[0])[0] is not trees[0][0]
    assert [path for path, _ in python._kept] == ["m4.py", "m0.py"]
