"""What names, paths and strings are worth where an operation needs them."""

from __future__ import annotations

import pytest

from dbguard.flow import Embed
from dbguard.operations import Certainty
from dbguard.source import has_hole
from tests.python_lowering import lowered, nodes_of, said, what

HEAD = """\
import glob, importlib, os, os.path, pathlib, shutil as sh, sqlite3, tempfile, time
from os import remove as rm
from pathlib import Path
from datetime import datetime
"""


@pytest.mark.parametrize(
    ("code", "path"),
    [
        ('os.remove("app.db")', "app.db"),
        ('rm("app.db")', "app.db"),
        ('sh.rmtree("data")', "data"),
        ('__import__("os").remove("app.db")', "app.db"),
        ('importlib.import_module("os").remove("app.db")', "app.db"),
        ('getattr(os, "remove")("app.db")', "app.db"),
        ('delete = os.remove\ndelete("app.db")', "app.db"),
        ('Path("app.db").unlink()', "app.db"),
        ('(Path("data") / "x" / "app.db").unlink(missing_ok=True)', "data/x/app.db"),
        ('Path("data", "app.db").resolve().unlink()', "data/app.db"),
        ('pathlib.Path("data").joinpath("app.db").unlink()', "data/app.db"),
        ('Path("data/app.txt").with_suffix(".db").unlink()', "data/app.db"),
        ('Path("data/app.txt").with_name("a.db").unlink()', "data/a.db"),
        ('(Path("data/app.txt").parent / "a.db").unlink()', "data/a.db"),
        ('(Path.cwd() / "app.db").unlink()', "app.db"),
        ('(Path(__file__).resolve().parent / "app.db").unlink()', "app.db"),
        ('os.remove(os.path.join(os.path.dirname(__file__), "app.db"))', "app.db"),
        ('os.remove(os.path.abspath("./data//app.db"))', "data/app.db"),
        ('os.chdir("data")\nos.remove("app.db")', "data/app.db"),
        ('name = "app"\nos.remove(f"{name}.db")', "app.db"),
        ('name = "app"\nos.remove("%s.db" % name)', "app.db"),
        ('name = "app"\nos.remove(f"{name!r}.db")', "'app'.db"),
        ('os.remove("%(n)s.db" % {"n": "app"})', "app.db"),
        ('os.remove("{}.{x}".format("app", x="db"))', "app.db"),
        ('os.remove("/".join(["data", "app.db"]))', "data/app.db"),
        ('os.remove("a" "pp" + ".db")', "app.db"),
        ('name = "a"\nname += "pp.db"\nos.remove(name)', "app.db"),
        ('os.remove("old.db".replace("old", "app"))', "app.db"),
        (r'os.remove("\x61pp.db")', "app.db"),
        ('os.remove(r"data\\app.db")', "data/app.db"),
        ('class C:\n    db = "app.db"\nos.remove(C.db)', "app.db"),
        ('PATHS = {"db": "app.db"}\nos.remove(PATHS["db"])', "app.db"),
        ('a, b = "app.db", "x"\nos.remove(a)', "app.db"),
        ('os.remove(os.environ.get("DB", "app.db"))', "app.db"),
        ('os.remove(os.environ.get("DB") or "app.db")', "app.db"),
        ('os.remove(os.getenv("DB_FILE"))', "{DB_FILE}"),
        ('os.remove(os.environ["DB_FILE"])', "{DB_FILE}"),
        ("os.remove(settings.DATABASE_FILE)", "{settings_DATABASE_FILE}"),
        ("os.remove(args.db)", "{args_db}"),
        ('for p in Path("data").glob("*.db"):\n    p.unlink()', "data/*.db"),
        ('for p in Path("data").rglob("*.db"):\n    p.unlink()', "data/*.db"),
        ('for p in glob.glob("data/**/*.db"):\n    os.remove(p)', "data/*.db"),
        ('[os.remove(p) for p in glob.glob("*.db")]', "*.db"),
        ('for n in os.listdir("d"):\n    if n.endswith(".db"):\n        os.remove(n)', "*.db"),
        ('def f(path="app.db"):\n    os.remove(path)', "app.db"),
        ('def f(path):\n    os.remove(path)\nf("app.db")', "app.db"),
        ('def where():\n    return "app.db"\nos.remove(where())', "app.db"),
        ('if (p := "app.db"):\n    os.remove(p)', "app.db"),
    ],
)
def test_a_deleted_path(code: str, path: str) -> None:
    (line,) = what(HEAD + code)
    assert line == f"DELETE_FILE {path}"


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        (
            'for p in ["a.db", "b.db"]:\n    os.remove(p)',
            ["DELETE_FILE a.db", "DELETE_FILE b.db"],
        ),
        (
            'os.remove("a.db" if x else "b.db")',
            ["DELETE_FILE a.db", "DELETE_FILE b.db"],
        ),
        (
            'for a, b in [("a", "b"), ("c", "d")]:\n    os.rename(a, b)',
            ["MOVE_FILE a -> b", "MOVE_FILE c -> d"],
        ),
        (
            'if x:\n    p = "a.db"\nelse:\n    p = "b.db"\nos.remove(p)',
            ["DELETE_FILE a.db", "DELETE_FILE b.db"],
        ),
    ],
)
def test_several_values(code: str, lines: list[str]) -> None:
    assert what(HEAD + code) == lines


def test_a_name_keeps_the_value_it_had_when_it_was_used() -> None:
    text = HEAD + 'p = "a.db"\nc = sqlite3.connect(p)\np = "b.db"\nc.execute("DROP TABLE t")'
    nodes = [node for node in nodes_of(lowered(text).flows[0]) if isinstance(node, Embed)]
    assert [node.region.database for node in nodes] == ["a.db"]


def test_attributes_of_self_are_found_in_other_methods() -> None:
    text = HEAD + (
        "class Store:\n"
        '    def __init__(self, path="app.db"):\n        self.path = path\n'
        "    def open(self):\n        self.connection = sqlite3.connect(self.path)\n"
        '    def wipe(self):\n        self.connection.execute("DROP TABLE t")\n'
    )
    embeds = [
        node for flow in lowered(text).flows for node in nodes_of(flow) if isinstance(node, Embed)
    ]
    assert [(e.region.text, e.region.database) for e in embeds] == [("DROP TABLE t", "app.db")]


@pytest.mark.parametrize(
    "name",
    ["tempfile.mktemp()", 'os.path.join(tempfile.mkdtemp(), "a.db")', "tempfile.mkstemp()[1]"],
)
def test_a_temporary_file_is_thrown_away(name: str) -> None:
    (node,) = nodes_of(lowered(f"{HEAD}os.remove({name})").flows[0])
    assert "temporary" in getattr(node, "target").throwaway  # noqa: B009


def test_what_a_clock_says_is_a_hole_called_date() -> None:
    text = HEAD + 'stamp = datetime.now().strftime("%Y")\nsh.copy("a.db", f"a-{stamp}.db")'
    assert what(text) == ["COPY_FILE a.db -> a-{date}.db"]
    (node,) = nodes_of(lowered(text).flows[0])
    target = getattr(node, "target")  # noqa: B009
    assert target.certainty is Certainty.PARTIAL
    assert has_hole(target.name)


def test_sql_leads_to_its_literal() -> None:
    text = 'import sqlite3\nSQL = "DROP \\x54ABLE t"\nsqlite3.connect("a.db").execute(SQL)\n'
    (embed,) = [n for n in nodes_of(lowered(text).flows[0]) if isinstance(n, Embed)]
    assert said(embed) == "sql: DROP TABLE t"
    span = embed.region.span(0, 12)
    assert text[span.start : span.end] == "DROP \\x54ABLE t"


def test_offsets_count_code_points() -> None:
    text = '# é€😀\nimport os\nx = "é😀"; os.remove("ü.db")\n'
    (node,) = nodes_of(lowered(text).flows[0])
    span = node.span  # type: ignore[union-attr]
    assert text[span.start : span.end] == 'os.remove("ü.db")'
