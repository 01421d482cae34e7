"""Hostile text: never an exception, never a hang, never a silent pass."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dbguard.flow import Embed, operations
from dbguard.source import Region, SourceFile, SourceMap
from tests.shell_lowering import deleted, lowered, nodes

_FRAGMENTS = st.sampled_from(
    ["rm ", "app.db", "$x", "${x", "}", "$(", ")", "`", '"', "'", "\\", "\n", ";", "|", "&&", "||",
     "if ", "then ", "fi", "for f in ", "do ", "done", "case x in ", ";;", "esac", "{", "{a,b}", "<<E\n",
     "E\n", "<<<", ">", "< ", "<(", "[ ", " ]", "[[ ", " ]]", "((", "))", "f() ", "eval ", "trap ", "read a ",
     "$'\\x", "${x:-", "${x##*/}", "${!x}", "x=", "x+=(", "é", "\t", "set -e ", "exit ", "return 1 ", "!",
     "{{ x }}", "{1..9}", "sqlite3 a.db 'select 1' ", "$?", "-eq ", "cd ", "alias a=", "#", " "]
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.lists(_FRAGMENTS, max_size=40).map("".join))
def test_any_text_is_lowered_with_spans_inside_it(text: str) -> None:
    result = lowered(text)
    for flow in result.flows:
        for operation in operations(flow.body):
            assert 0 <= operation.span.start <= operation.span.end <= len(text)
    for node in nodes(text):
        if isinstance(node, Embed):
            assert 0 <= node.span.start <= node.span.end <= len(text)
    for problem in result.problems:
        assert problem.span is None or 0 <= problem.span.start <= problem.span.end <= len(text)


@pytest.mark.parametrize(
    "text",
    [
        "$(" * 10_000 + "x" + ")" * 10_000,
        'echo ' + '"$(' * 2_000 + "x" + ')"' * 2_000,
        "if a; then " * 3_000 + "x;" + " fi;" * 3_000,
        "rm " + "{a,b}" * 40,
        "rm {1..999999999}",
        "f() { g; g; }\n" * 2 + "\n".join(f"f{i}() {{ f{i + 1}; f{i + 1}; f{i + 1}; f{i + 1}; "
        f"f{i + 1}; f{i + 1}; f{i + 1}; f{i + 1}; f{i + 1}; f{i + 1}; f{i + 1}; f{i + 1}; }}"
        for i in range(6)) + "\nf6() { rm x; }\nf0",
        "a='eval \"$a\"'; eval \"$a\"",
        "a=x;" + "a=$a$a;" * 60 + "rm $a",
        "for a in {1..60}; do " * 5 + "rm $a;" + " done;" * 5,
    ],
    ids=["substitutions", "quotes", "ifs", "braces", "range", "calls", "eval", "doubling", "loops"],
)  # fmt: skip
def test_what_is_too_much_is_reported(text: str) -> None:
    assert any(problem.stage == "limit" for problem in lowered(text).problems)


@pytest.mark.parametrize(
    "text",
    [
        "cat <<E\nx $y\nE\n" * 3_000,
        "a && " * 5_000 + "b",
        "a || " * 5_000 + "b",
        "f() { f; rm x; }; f",
        ". ./script.sh",
        "(" * 100_000,
        "rm " + "{" * 5_000 + "}" * 5_000,
        "`" * 10_001,
        "echo " + "a" * 1_000_000,
        "rm \udc80 \0",
        "\\" * 10_001,
    ],
)
def test_what_is_long_is_lowered(text: str) -> None:
    assert lowered(text).flows


def test_broken_text_is_still_read_and_reported() -> None:
    text = "if true; then\nrm app.db\n"
    result = lowered(text)
    assert [problem.stage for problem in result.problems] == ["parse"]
    assert any("app.db" in o.target.name for flow in result.flows for o in operations(flow.body))


def test_an_empty_region_has_an_empty_flow() -> None:
    region = Region("shell", "", SourceMap(()), SourceFile("x", ""))
    from dbguard.languages.shell import lower

    assert lower(region).flows[0].body.nodes == ()


def test_what_only_zsh_knows_is_reported_but_does_not_make_the_scan_incomplete() -> None:
    text = "#!/usr/bin/env zsh\nif (( $+commands[x] )) { rm app.db }\n"
    problems = lowered(text).problems
    assert all(not problem.incomplete for problem in problems)


@pytest.mark.parametrize(
    "text",
    [
        'TAGS="${TAGS:-a;b|c&d}"\nrm app.db',
        'TAGS="${TAGS:+$TAGS; }x"\nrm app.db',
        "X=${X:-(none)}\nrm app.db",
        "echo x | sed s/.md$//\nrm app.db",
        "f() { if true; then rm app.db; fi }\nf",
        "f() { for x in app.db; do rm $x; done }\nf",
        "for x\nin app.db\ndo\n  rm $x\ndone",
        "set -- app.db\nfor x do\n  rm $x\ndone",
        "set -- app.db\nfor x\ndo\n  rm $x\ndone",
        'if [[ $x != *"#"* ]]; then rm app.db; fi',
        "exec 8<>pipe\nrm app.db",
        "while !</dev/tcp/db/5432; do sleep 1; done; rm app.db",
        'if [[ $a ]]; then u="${u%%]*}"; if [[ $u != *"#"* ]]; then rm app.db; fi; fi',
    ],
)
def test_what_the_grammar_does_not_know_of_bash_is_read_whole(text: str) -> None:
    assert deleted(text) == ["app.db"]
    assert not lowered(text).problems
