"""Hosts that are no YAML: nothing hostile raises, and every exact piece is the file's own text."""

from __future__ import annotations

import json
from importlib import import_module

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dbguard.analysis import analyse
from dbguard.assembly import Assembly
from dbguard.flow import Branch, Call, Embed, Node, Sequence
from dbguard.hosts import terraform
from dbguard.hosts.json_nodes import Json, Text
from dbguard.lowering import language
from dbguard.source import Region, SourceFile
from tests.expectations import FIXTURES
from tests.hanging import comes_to_an_end

HOSTS = (
    "makefile", "dockerfile", "package_json", "composer_json", "notebook", "markdown", "procfile",
    "crontab", "systemd", "tox_ini", "justfile", "jenkinsfile", "vagrantfile", "pyproject_toml",
    "settings", "editor_json", "terraform",
)  # fmt: skip

_PARTS = st.lists(
    st.sampled_from(
        ["a", "rm app.db", "$(X)", "${X}", "$$", "\\\n", "\n", "\t", " ", "\"", "'", "{", "}", "[", "]",
         ":", "=", ":=", ",", "#", "<<EOF", "EOF", "```", "sh", "RUN ", "CMD ", "FROM x", "ENV A=b",
         "ifdef X", "else", "endif", "define A", "endef", "{{x}}", "%", "!ls", "%%sql", "\\u00e9", "\\",
         "\U0001d41e", "é", "\r\n", "* * * * * ", "[Service]", "ExecStart=", "commands =", "x: y", "inline: ",
         'resource "null_resource" "x" {', 'provisioner "local-exec" {', "command = ", "${", "<<-E\n", "/*",
         '"scripts"', '"cells"', '"source"', '"cell_type"', '"code"', "[tool.poe.tasks]", "x = ", "sh ", "-"]
    ),
    max_size=60,
)  # fmt: skip


def _region(text: str, host: str) -> Region:
    return Region.of_file(SourceFile("x", text), host)


def _embedded(region: Region) -> list[Region]:
    found: list[Region] = []
    pending: list[Node] = [flow.body for flow in language(region.language).lower(region).flows]
    while pending:
        match pending.pop():
            case Sequence(nodes=nodes):
                pending.extend(nodes)
            case Branch(arms=arms):
                pending.extend(arms)
            case Call(body=body):
                pending.append(body)
            case Embed(region=inner):
                found.append(inner)
            case _:
                pass
    return found


def _check(text: str, host: str) -> None:
    for inner in _embedded(_region(text, host)):
        for piece in inner.map.pieces:
            assert 0 <= piece.outer <= piece.outer_end <= len(text)
            if piece.exact:
                raw = text[piece.outer : piece.outer_end]
                assert raw == inner.text[piece.inner : piece.inner_end]


@pytest.mark.parametrize("host", HOSTS)
@settings(max_examples=150, deadline=None)
@given(parts=_PARTS)
def test_pieces_are_the_text_of_the_file(host: str, parts: list[str]) -> None:
    _check("".join(parts), host)


@pytest.mark.parametrize("host", HOSTS)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_parts_of_fixtures(host: str, data: st.DataObject) -> None:
    files = [
        p for p in (FIXTURES / "hosts" / host).rglob("*") if p.is_file() and p.suffix != ".expect"
    ]
    if not files:
        return
    text = data.draw(st.sampled_from(files)).read_text(encoding="utf-8")
    start = data.draw(st.integers(0, len(text)))
    part = text[start : start + data.draw(st.integers(0, 400))]
    _check(part.replace("\n", "\r\n") if data.draw(st.booleans()) else part, host)


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "{" * 100_000,
        '{"a":' * 50_000,
        "$(" * 50_000,
        "a" * 1_000_000,
        "\\\n" * 100_000,
        "a: b\n\tx\n" * 10_000,
        "RUN <<EOF\n" * 5_000,
        "RUN <<EOF\n" + "\n" * 50_000,
        "RUN " + "a" * 50_000,
        "ENV " + "a" * 50_000,
        'a x="' + "\t" * 50_000,
        '[tool.poe.tasks]\na = "' + "a" * 50_000,
        "ifdef X\n" * 20_000,
        "x: x\nifdef X\n" + "ifdef X\n" * 5_000,
        '"' * 100_000,
        "```sh\n" * 20_001,
        "X = $(Y)$(Y)\nY = $(X)$(X)\nX += $(X)\nz:\n\techo $(X)\n",
        "- " * 100_000,
        "sh " * 50_000,
        "a = <<-EOF\n" * 10_000,
        "<!--" * 50_000,
        "> " * 100_000 + "```",
        "1 " * 100_000,
        "[[" * 20_000 + "]" * 20_000,
        "x = <<E\n" + "${a}" * 100_000,
        "/* " * 100_000,
        "".join(f"x = <<A{number}\n" for number in range(20_000)),
    ],
)
def test_hostile_texts_come_to_an_end(host: str, text: str) -> None:
    with comes_to_an_end():
        module, region = import_module(f"dbguard.hosts.{host}"), _region(text, host)
        module.lower(region)
        if hasattr(module, "comments"):
            list(module.comments(region))


def test_a_comment_that_is_not_closed_is_told() -> None:
    lowered = language("jenkinsfile").lower(_region("/* all\nsh 'rm app.db'", "jenkinsfile"))
    assert [problem.error for problem in lowered.problems] == ["a comment is not closed"]
    assert language("jenkinsfile").lower(_region("/* all */", "jenkinsfile")).problems == ()


def test_blocks_beyond_a_number_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terraform, "MAX_BLOCKS", 2)
    block = 'resource "aws_db_instance" "x" {}\n'
    exactly, beyond = (terraform.lower(_region(block * n, "terraform")) for n in (2, 3))
    assert (len(exactly.flows), exactly.problems) == (2, ())
    assert (len(beyond.flows), [p.stage for p in beyond.problems]) == (2, ["limit"])


@settings(max_examples=300, deadline=None)
@given(st.recursive(st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)),
       st.booleans())  # fmt: skip
def test_json_is_read_as_json_reads_it(value: object, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only)
    reader = Json(_region(text, "package_json"))

    def same(read: object, meant: object) -> None:
        if isinstance(meant, str):
            assert isinstance(read, Text)
            got = reader.text(read).text
            assert got == meant.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        elif isinstance(meant, list):
            assert len(read.items) == len(meant)  # type: ignore[attr-defined]
            for one, other in zip(read.items, meant, strict=True):  # type: ignore[attr-defined]
                same(one, other)
        elif isinstance(meant, dict):
            for (name, inner), (_, entry) in zip(meant.items(), read.entries, strict=True):  # type: ignore[attr-defined]
                assert name is not None
                same(entry, inner)

    same(reader.root, value)
    assert not reader.problems


def test_a_json_that_nests_too_deep_is_reported() -> None:
    analysis = analyse(SourceFile("package.json", "[" * 1_000), "package_json")
    assert [problem.stage for problem in analysis.problems] == ["limit"]


def test_a_broken_block_of_a_document_leaves_the_scan_complete() -> None:
    analysis = analyse(SourceFile("README.md", "```sh\nif (((\n```\n"), "markdown")
    assert not any(problem.incomplete for problem in analysis.problems)


def test_a_comment_above_an_instruction_is_heard() -> None:
    text = "FROM x\n# dbguard: ignore-next-line[delete-database-file] scratch\nCMD rm app.db\n"
    assembly = Assembly()
    assembly.whole(_region(text, "dockerfile"))
    (comment,) = assembly.comments
    assert comment.following is not None
    assert text[comment.following.start : comment.following.end] == "CMD rm app.db"


def test_make_variables_that_multiply_are_bounded() -> None:
    """Six variables of thirty references each would be 30^6 expansions."""
    lines = [f"V{n} = " + f"$(V{n + 1})" * 30 for n in range(5)]
    text = "\n".join([*lines, "V5 =", "all:", "\techo $(V0)", "\trm app.db", ""])
    region = Region.of_file(SourceFile("Makefile", text), "makefile")
    assert language("makefile").lower(region).flows
