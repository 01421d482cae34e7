"""YAML with positions: every scalar's text is the parser's, every exact piece its own raw text."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from dbguard.hosts.paths import host_of_path
from dbguard.hosts.yaml_nodes import MAX_VISITS, Yaml
from dbguard.lowering import language
from dbguard.source import Mapped, Region, SourceFile
from tests.hanging import comes_to_an_end

HOSTS = (
    "workflow", "gitlab_ci", "circleci", "azure_pipelines", "script_lists", "compose", "manifest",
    "taskfile",
)  # fmt: skip

_LETTERS = st.sampled_from("ab \t'\"\\#:-x\n\né\U0001d41e${}|>&*!")
_TEXTS = st.text(_LETTERS, max_size=40)
_LINES = st.lists(st.sampled_from(["", "a", " b", "\tc", "é \U0001d41e ", "# d", "e: f", "  "]))


def _region(text: str, host: str = "yaml") -> Region:
    return Region.of_file(SourceFile("x.yml", text), host)


def _check(text: str, *, exact: bool = False) -> Mapped | None:
    """Compare the value of ``key`` with what PyYAML says; None where that cannot read it."""
    try:
        expected = yaml.load(text.replace("\r\n", "\n"), Loader=yaml.CSafeLoader)["key"]
    except (yaml.YAMLError, TypeError, KeyError, ValueError):
        return None
    if not isinstance(expected, str):
        return None
    tree = Yaml(_region(text))
    mapped = tree.text(tree.get(tree.documents[0], "key"))
    assert mapped is not None
    assert mapped.text == expected
    for piece in mapped.map.pieces:
        if piece.exact:
            raw = text[piece.outer : piece.outer_end]
            assert raw == mapped.text[piece.inner : piece.inner_end]
    if exact and expected.strip():
        assert any(piece.exact for piece in mapped.map.pieces)
    return mapped


@settings(max_examples=300, deadline=None)
@given(_TEXTS, st.sampled_from("'\""), st.integers(2, 60))
def test_scalars_that_are_dumped(value: str, style: str, width: int) -> None:
    text = yaml.dump({"a": 1, "key": value}, default_style=style, width=width, allow_unicode=True)
    _check(text, exact=any(letter in value for letter in "abx"))


@settings(max_examples=400, deadline=None)
@given(_LINES, st.sampled_from("|>"), st.sampled_from(["", "-", "+", "2", "4-"]), st.booleans())
def test_block_scalars(lines: list[str], style: str, indicators: str, crlf: bool) -> None:
    body = "".join(f"    {line}\n" for line in lines)
    text = f"a: \U0001d41e\nkey: &anchor {style}{indicators} # c\n{body}b: 1\n"
    _check(text.replace("\n", "\r\n") if crlf else text, exact=True)


@settings(max_examples=300, deadline=None)
@given(_TEXTS, st.sampled_from(["{}", "'{}'", '"{}"', "!!str {}", "&a\n  {}"]))
def test_scalars_that_are_written(value: str, form: str) -> None:
    _check("key: " + form.format(value.replace("\n", "\n  ")) + "\nb: 1\n")


def test_escapes_and_folds_are_pieces_of_their_own() -> None:
    mapped = _check('key: "a\\tb\n  c\\\n   d\\u0041"\n')
    assert mapped is not None
    assert mapped.text == "a\tb cdA"
    assert [piece.exact for piece in mapped.map.pieces] == [
        True, False, True, False, True, True, False,
    ]  # fmt: skip


def test_an_alias_and_a_merged_key_lead_to_their_anchor() -> None:
    text = "x: &x {run: rm a}\ny: &y rm b\nz: {<<: *x, more: *y}\n"
    tree = Yaml(_region(text))
    for name, expected in (("run", "rm a"), ("more", "rm b")):
        mapped = tree.text(tree.get(tree.documents[0], "z", name))
        assert mapped is not None
        assert text[mapped.span.start : mapped.span.end] == expected


def test_a_template_becomes_yaml_with_holes() -> None:
    text = "{{- if .a }}\nkey: x {{ .Values.t }} y\n{{- end }}\n"
    tree = Yaml(_region(text), templated=True)
    mapped = tree.text(tree.get(tree.documents[0], "key"))
    assert not tree.problems
    assert mapped is not None
    assert mapped.text == "x __hole_Values_t__ y"
    assert text[mapped.span.start : mapped.span.end] == "x {{ .Values.t }} y"


def _bomb() -> str:
    levels = (f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12))
    return "a0: &a0 [rm app.db]\n" + "".join(levels) + "services: {x: {command: *a11}}\n"


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "- " * 100_000,
        "{a: " * 100_000,
        "a: &x [*x]\nservices: {x: {command: *x}}\n",
        "jobs: &j {a: {steps: [{run: *j}]}}\n",
        "<<: &m {<<: *m}\n",
        "key: a: b\n",
        "\0",
        "services: {x: {command: \ud7ff}}\n\x01",
        "{{ x\n",
        "{%" * 20_000,
        "{{" * 20_000,
        _bomb(),
    ],
    ids=range(13),
)
def test_hostile_files_are_read_or_reported(host: str, text: str) -> None:
    with comes_to_an_end():
        language(host).lower(_region(text, host))


# limit: looks at nodes of a YAML file (aliases multiply them)
def test_a_bomb_of_aliases_is_a_limit() -> None:
    tree = Yaml(_region(_bomb()))
    assert len(list(tree.flattened(tree.get(tree.documents[0], "a11")))) <= MAX_VISITS
    assert [problem.stage for problem in tree.problems] == ["limit"]


def test_what_is_no_yaml_is_a_problem_and_what_stands_before_is_read() -> None:
    tree = Yaml(_region("key: rm app.db\nb: c: d\n"))
    assert [problem.stage for problem in tree.problems] == ["parse"]
    assert tree.value(tree.get(tree.documents[0], "key")) == "rm app.db"


@pytest.mark.parametrize(
    ("path", "host"),
    [
        (".github/workflows/x.yml", "workflow"),
        ("sub/.github/workflows/x.yaml", "workflow"),
        ("action.yml", "workflow"),
        (".github/dependabot.yml", ""),
        (".gitlab-ci.yml", "gitlab_ci"),
        (".circleci/config.yml", "circleci"),
        ("azure-pipelines.yml", "azure_pipelines"),
        ("bitbucket-pipelines.yml", "script_lists"),
        ("docker-compose.prod.yml", "compose"),
        ("k8s/db.yaml", "manifest"),
        ("Taskfile.yml", "taskfile"),
        ("locales/en.yml", ""),
        ("openapi.yaml", ""),
    ],
)
def test_which_host_reads_a_file(path: str, host: str) -> None:
    assert host_of_path(path) == host


def test_a_script_of_aliases_is_bounded() -> None:
    text = "a: &a [x,x,x,x,x,x,x,x,x]\n"
    for name, before in zip("bcdef", "abcde", strict=True):
        text += f"{name}: &{name} [{','.join('*' + before for _ in range(9))}]\n"
    lowered = language("gitlab_ci").lower(_region(text + "job:\n  script: *f\n", "gitlab_ci"))
    assert [problem.stage for problem in lowered.problems] == ["limit"]
    assert len(lowered.flows) == 1
