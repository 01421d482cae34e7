"""The prefilter never says no to a file that gives a finding."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dbguard.analysis import analyse
from dbguard.prefilter import may_have_operations
from dbguard.prefilter_words import FUNCTIONS, METHODS
from dbguard.source import SourceFile
from tests.expectations import fixture_files, language_of, source_of


@pytest.mark.parametrize(
    ("data", "language", "expected"),
    [
        (b"x = 1\nprint(x)\n", "python", False),
        (b"import os\nos.remove(p)\n", "python", True),
        (b"import os\nos.remove (p)\n", "python", True),
        (b"items.remove(p)\n", "python", False),
        (b"from shop import clean\nclean('shop.db')\n", "python", True),
        (b"from shop import run\nrun('DROP TABLE users')\n", "python", True),
        (b"from shop import clean\nclean('shop.txt')\n", "python", False),
        (b"clean('shop.db')\n", "python", False),
        (b"__import__('o' 's').remove(p)\n", "python", True),
        (b"from os import remove as r\nr(p)\n", "python", True),
        (b"from os import (remove\n  as r)\nr(p)\n", "python", True),
        (b"r = os.remove # gone\nr(p)\n", "python", True),
        (b"r = os.remove", "python", True),
        (b"# the query of a user\n", "python", False),
        (b"class A:\n    def delete(self):\n        pass\n", "python", False),
        (b"entry.delete()\n", "python", False),
        (b"entries = User.objects.all()\nentries.delete()\n", "python", True),
        (b"User.objects.filter(pk=1).delete()\n", "python", False),
        (b"User.objects.filter().delete()\n", "python", True),
        (b"settings.update(Debug=True)\n", "python", False),
        (b"User.objects.update(active=False)\n", "python", True),
        (b"import copy\ncopy.copy(node)\n", "python", False),
        (b"class M:\n    operations = [migrations.AddField('a', 'b', x)]\n", "python", False),
        (b"the query\nof users\n", "python", False),
        (b"cursor.execute('DR' 'OP TABLE t')\n", "python", True),
        ("import os\nos.\uff52emove(p)\n".encode(), "python", True),  # NFKC: remove
        ("os.r\U0001d41eplace(p)\n".encode(), "python", True),
        ("x = 'é'\n".encode(), "python", False),
        (b"# coding: utf-7\n+AG8-s\n", "python", True),
        ("x = 1\n".encode("utf-16"), "python", True),
        (b"Base.metadata.drop_all \\\n(engine)\n", "python", True),
        (b"SELECT 1;\n", "sql", False),
        (b"DrOp/**/table t\n", "sql", True),
        ("drop table t".encode("utf-16"), "sql", True),
        (b"r\\m x\n", "shell", True),
        (b"", "makefile", True),
    ],
)
def test_what_it_says(data: bytes, language: str, expected: bool) -> None:
    assert may_have_operations(data, language) is expected


@cache
def _sources() -> tuple[tuple[SourceFile, str], ...]:
    return tuple((source_of(path), language_of(path)) for path in fixture_files())


def _holds(file: SourceFile, language: str) -> None:
    if not may_have_operations(file.text.encode("utf-8", "surrogatepass"), language):
        assert not analyse(file, language).findings


def test_on_every_fixture() -> None:
    for file, language in _sources():
        _holds(file, language)


@pytest.mark.skipif(not fixture_files(), reason="no fixtures yet")
@settings(max_examples=200, deadline=None)
@given(st.data())
def test_on_parts_of_fixtures(data: st.DataObject) -> None:
    """A part of a file has fewer words to be told by; comments and their words go too."""
    file, language = data.draw(st.sampled_from(_sources()))
    mark = "--" if language == "sql" else "#"
    lines = [line.split(f"{mark} expect")[0] for line in file.text.splitlines()]
    start = data.draw(st.integers(0, len(lines)))
    part = lines[start : start + data.draw(st.integers(1, 12))]
    _holds(SourceFile(file.path, "\n".join(part)), language)


def test_the_words_are_those_of_the_tables_of_calls() -> None:
    from tools.prefilter_words import FILE, module

    assert FILE.read_text(encoding="utf-8") == module()


def test_the_index_of_calls_is_that_of_the_tables() -> None:
    from tools.call_index import FILE, module

    assert FILE.read_text(encoding="utf-8") == module()


def test_every_module_of_calls_is_in_the_index() -> None:
    from dbguard.languages.python import calls
    from tools.call_index import MODULES, TABLES

    with_tables = {
        module.name
        for module in iter_modules(calls.__path__)
        if any(hasattr(import_module(f"{calls.__name__}.{module.name}"), table) for table in TABLES)
    }
    assert with_tables - {"index"} == set(MODULES)


_WORDS = sorted(METHODS | FUNCTIONS.keys())


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_on_fixtures_with_words_renamed_and_lines_joined(data: st.DataObject) -> None:
    """Edits that change which calls a file makes, and how they are written."""
    file, language = data.draw(st.sampled_from([s for s in _sources() if s[1] == "python"]))
    text = file.text
    for _ in range(data.draw(st.integers(1, 4))):
        match data.draw(st.sampled_from(("word", "blank", "alias", "drop"))):
            case "word":
                used = [w.decode() for w in _WORDS if w.decode() in text] or ["x"]
                new = data.draw(st.sampled_from([*_WORDS, b"value"])).decode()
                text = text.replace(data.draw(st.sampled_from(used)), new)
            case "blank":
                blank = data.draw(st.sampled_from((" (", "\t(", " \\\n(", "((")))
                text = text.replace("(", blank, data.draw(st.integers(0, 3)))
            case "alias":
                text = text.replace("import os\n", "import os as system\nimport os\n")
            case _:
                lines = text.splitlines(keepends=True)
                del lines[data.draw(st.integers(0, max(0, len(lines) - 1))) :][:3]
                text = "".join(lines)
    _holds(SourceFile(file.path, text), language)
