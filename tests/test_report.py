"""The reports: what they say, where the carets stand, and that nothing hostile gets through."""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbguard.finding import EvidenceFact, EvidenceReport, Finding, Label, Severity, ordered
from dbguard.operations import Kind, Operation, Target, TargetKind
from dbguard.report import json_report, text
from dbguard.report.escape import cells, escape
from dbguard.report.frame import code_frame
from dbguard.report.model import LeftOut, Report
from dbguard.report.style import Style, wants_colour
from dbguard.source import Problem, Region, SourceFile, Span

SCHEMA = json.loads(
    (Path(__file__).parent.parent / "docs/report.schema.json").read_text(encoding="utf-8")
)


ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=300)  # lone surrogates too


def _span(file: SourceFile, marked: str) -> Span:
    start = file.text.index(marked)
    return Span(start, start + len(marked))


def _finding(
    file: SourceFile,
    span: Span,
    *more: Label,
    severity: Severity = Severity.ERROR,
    evidence: EvidenceReport | None = None,
    via: tuple[str, ...] = (),
    suppressed_by: str | None = None,
) -> Finding:
    target = Target(TargetKind.TABLE, "users", "app.db")
    operation = Operation(Kind.DROP_TABLE, target, span, Region.of_file(file, "sql"))
    return Finding(
        rule="drop-table",
        message="drops table users",
        labels=(Label(span, "", True, file), *more),
        severity=severity,
        section=2,
        operation=operation,
        evidence=evidence or EvidenceReport(),
        help="rename it first",
        via=via,
        suppressed_by=suppressed_by,
    )


def _text(report: Report, **options: bool) -> str:
    return "".join(text.render(report, text.TextOptions(**options)))  # type: ignore[arg-type]


def _frame(source: str, marked: str, width: int = 80) -> list[str]:
    file = SourceFile("x.sql", source)
    label = Label(_span(file, marked), "", True, file)
    return list(code_frame((label,), Style(), width))


def _columns(line: str) -> int:
    """How many columns a terminal gives a line (an independent count)."""
    total = 0
    for character in line:
        if unicodedata.combining(character) or unicodedata.category(character) in ("Me", "Cf"):
            continue
        total += 2 if unicodedata.east_asian_width(character) in "WF" else 1
    return total


@pytest.mark.parametrize(
    "before",
    ["", "\t", "x\ty\t", "数据库 ", "e\u0301 ", "\x1b[31m ", "\u202e", "\U0001f600 ", "\x00", "é "],
)
def test_the_caret_stands_under_the_exact_span(before: str) -> None:
    code, carets = _frame(f"select 1;\n{before}DROP TABLE t; -- end\n", "DROP TABLE t")
    at = code.index("DROP TABLE t")
    assert _columns(carets[: carets.index("^")]) == _columns(code[:at])
    assert carets.strip(" |") == "^" * len("DROP TABLE t")


def test_a_wide_span_has_a_wide_run() -> None:
    _, carets = _frame("drop 数据库;", "数据库")
    assert carets.count("^") == 6


def test_a_long_line_is_cut_around_the_span() -> None:
    code, carets = _frame("x" * 5000 + " DROP TABLE t " + "y" * 5000, "DROP TABLE t")
    assert len(code) <= 80
    assert code.index("DROP TABLE t") == carets.index("^")
    assert code.endswith("...")


def test_a_span_longer_than_the_line_has_room() -> None:
    code, carets = _frame("DROP TABLE " + "t" * 500, "DROP TABLE " + "t" * 500)
    assert len(code) <= 80
    assert carets.count("^") <= 80


def test_a_span_of_several_lines() -> None:
    lines = _frame("DELETE\n  FROM\n  t;\n", "DELETE\n  FROM\n  t")
    assert lines == [
        "1 | DELETE", "  | ^^^^^^", "2 |   FROM", "  |   ^^^^", "3 |   t;", "  |   ^",
    ]  # fmt: skip


def test_a_span_of_many_lines_shows_its_ends() -> None:
    lines = _frame("DELETE\n" + "x\n" * 100 + "t", "DELETE\n" + "x\n" * 100 + "t")
    assert len(lines) < 20
    assert lines[0].endswith("DELETE")
    assert lines[-2] == "102 | t"


def test_labels_in_two_files() -> None:
    one, two = SourceFile("a.sh", "cp a b\nrm a\n"), SourceFile("b.sh", "\n\nbackup\n")
    labels = (
        Label(_span(one, "rm a"), "deleted", True, one),
        Label(_span(one, "cp a b"), "copied", False, one),
        Label(_span(two, "backup"), "called here", False, two),
    )
    assert list(code_frame(labels, Style(), 80)) == [
        "1 | cp a b",
        "  | ------ copied",
        "2 | rm a",
        "  | ^^^^ deleted",
        "  --> b.sh",
        "3 | backup",
        "  | ------ called here",
    ]


@given(
    ANY_TEXT,
    st.lists(
        st.tuples(st.integers(0, 300), st.integers(0, 300), st.text(max_size=30)),
        min_size=1,
        max_size=4,
    ),
    st.integers(1, 200),
)
def test_a_frame_is_made_of_any_text(
    source: str, places: list[tuple[int, int, str]], width: int
) -> None:
    file = SourceFile("x", source)
    labels = []
    for number, (first, second, said) in enumerate(places):
        low, high = sorted((min(first, len(source)), min(second, len(source))))
        labels.append(Label(Span(low, high), said, number == 0, file))
    for line in code_frame(labels, Style(), width):
        assert escape(line) == line


@given(ANY_TEXT)
def test_no_control_character_survives(source: str) -> None:
    escaped = escape(source)
    assert not any(
        unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")
        or unicodedata.bidirectional(character)
        in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
        for character in escaped
    )
    assert len(escaped.splitlines()) <= 1


@given(st.text(st.characters(blacklist_characters="\n\r")))
def test_cells_say_how_wide_they_are(line: str) -> None:
    shown = cells(line)
    assert len(shown) == len(line)
    assert all(escape(cell) == cell and width >= 0 for cell, width in shown)


def test_escapes_tell_what_was_there() -> None:
    assert escape("a\nb\x1b[0m\x9b\u202e\udce9\U000e0041") == (
        r"a\nb\x1b[0m\x9b\u202e\xe9\U000e0041"
    )
    assert escape("naïve 数据 👩‍💻 ok") == "naïve 数据 👩‍💻 ok"


HOSTILE = "a\x1b]0;x\x07\nb\u202e\udce9.sql"


def _hostile() -> Report:
    file = SourceFile(HOSTILE, "\x1b[2J DROP TABLE t\x9b31m\n")
    finding = _finding(file, _span(file, "DROP TABLE t"), via=(HOSTILE,))
    return Report(
        ordered([finding]),
        (Problem(HOSTILE, HOSTILE, "read"),),
        files=1,
        left_out=(LeftOut(HOSTILE, HOSTILE),),
    )


def test_the_text_report_shows_nothing_hostile() -> None:
    for options in ({}, {"quiet": True}, {"verbose": True}):
        shown = _text(_hostile(), **options)
        for line in shown.split("\n"):
            assert escape(line) == line
        assert "DROP TABLE t" in shown or options.get("quiet")


def test_the_json_report_is_ascii_and_keeps_names() -> None:
    written = "".join(json_report.render(_hostile()))
    assert written.isascii()
    assert not re.search("[\x00-\x09\x0b-\x1f]", written)
    assert json.loads(written)["findings"][0]["path"] == HOSTILE


def _full_report() -> Report:
    file = SourceFile("deploy.sql", "-- backup\n-- copy\nDROP TABLE users;\nDROP TABLE users;\n")
    evidence = EvidenceReport(
        (
            EvidenceFact("backup", "yes", file, Span(0, 9)),
            EvidenceFact("copied", "weak", file, Span(10, 17), "leaves out rows"),
            EvidenceFact("guard", "person", file, Span(0, 2)),
            EvidenceFact("direction", "down"),
        )
    )
    first = _span(file, "DROP TABLE users")
    second = Span(first.start + 18, first.end + 18)
    return Report(
        ordered(
            [
                _finding(file, second, severity=Severity.NOTE),
                _finding(file, first, evidence=evidence, via=("heredoc of psql", "-c of bash")),
                _finding(file, Span(0, 2), suppressed_by="agreed"),
            ]
        ),
        (Problem("z.py", "is not valid Python", "parse", line=3), Problem("y.sql", "gone", "read")),
        files=4,
        skipped=2,
        unreadable=1,
        suppressed=1,
        baselined=0,
    )


def test_json_is_what_the_schema_says() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    for report in (_full_report(), _hostile(), Report()):
        document = json.loads("".join(json_report.render(report)))
        jsonschema.validate(document, SCHEMA, cls=jsonschema.Draft202012Validator)


def test_json_says_where_and_why() -> None:
    document = json.loads("".join(json_report.render(_full_report())))
    assert list(document) == ["version", "summary", "findings", "problems"]
    assert document["summary"] == {
        "files": 4, "skipped": 2, "unreadable": 1, "suppressed": 1, "baselined": 0,
        "error": 1, "warning": 0, "note": 1,
    }  # fmt: skip
    first, second = document["findings"]
    assert (first["line"], first["column"], first["end_line"], first["end_column"]) == (3, 1, 3, 17)
    assert first["via"] == ["heredoc of psql", "-c of bash"]
    assert first["target"] == {
        "kind": "table", "name": "users", "database": "app.db", "certainty": "literal",
    }  # fmt: skip
    assert first["evidence"]["backup"] == {
        "state": "yes", "path": "deploy.sql", "line": 1, "text": "",
    }  # fmt: skip
    assert first["evidence"]["services_stopped"]["state"] == "no"
    assert first["fingerprint"] != second["fingerprint"]
    assert document["problems"][0] == {
        "path": "z.py", "line": 3, "error": "is not valid Python", "stage": "parse",
        "incomplete": True,
    }  # fmt: skip


_WHY = "protocol, section 2: change with ALTER TABLE, or drop the old table only after its copy was"
_EVIDENCE = (
    "backup: line 1 · copied: line 2 (leaves out rows) · verified: no · guard: person (line 1) ·"
)
_CLOSING = (
    "checked 4 files: 1 error, 0 warnings, 1 note · 2 skipped · 1 unreadable · 1 suppressed"
    " · INCOMPLETE: see the problems above"
)


def test_the_text_report_of_a_finding() -> None:
    assert _text(_full_report()).splitlines()[:9] == [
        "deploy.sql:3:1: error[drop-table] drops table users",
        "3 | DROP TABLE users;",
        "  | ^^^^^^^^^^^^^^^^",
        f"    why: {_WHY}",
        "         verified",
        f"    {_EVIDENCE}",
        "    direction: down",
        "    reached: -c of bash, in heredoc of psql",
        "    instead: rename it first",
    ]


def test_the_protocol_line() -> None:
    file, other = SourceFile("a", "x\nx\n"), SourceFile("b", "\n\n\nx")
    evidence = EvidenceReport(
        (
            EvidenceFact("backup", "yes", file, Span(2, 3)),
            EvidenceFact("copied", "yes", other, Span(3, 4)),
        )
    )
    assert text.protocol_line(evidence, file) == (
        "backup: line 2 · copied: line 4 of b · verified: no · guard: none"
    )


def test_every_run_has_a_closing_line() -> None:
    assert _text(_full_report(), quiet=True).splitlines() == [
        "deploy.sql:3:1: error[drop-table] drops table users",
        "deploy.sql:4:1: note[drop-table] drops table users",
        "z.py:3: incomplete[parse] is not valid Python",
        "y.sql: incomplete[read] gone",
        _CLOSING,
        "what to do instead: dbguard explain drop-table",
    ]
    assert "explain" not in _text(replace(_full_report(), findings=()), quiet=True)
    assert _text(Report()) == (
        "checked 0 files: 0 errors, 0 warnings, 0 notes · 0 skipped · 0 unreadable · 0 suppressed"
        " · nothing to check\n"
    )


def test_colour_paints_and_says_the_same() -> None:
    plain = _text(_full_report())
    painted = "".join(text.render(_full_report(), text.TextOptions(Style(True))))
    assert painted != plain
    assert re.sub("\x1b\\[[0-9;]*m", "", painted) == plain


@pytest.mark.parametrize(
    ("when", "environment", "terminal", "expected"),
    [
        ("always", {"NO_COLOR": "1"}, False, True),
        ("never", {"FORCE_COLOR": "1"}, True, False),
        ("auto", {}, True, True),
        ("auto", {}, False, False),
        ("auto", {"TERM": "dumb"}, True, False),
        ("auto", {"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False),
        ("auto", {"NO_COLOR": ""}, True, True),
        ("auto", {"FORCE_COLOR": "1"}, False, True),
    ],
)
def test_when_there_is_colour(
    when: str, environment: dict[str, str], terminal: bool, expected: bool
) -> None:
    assert wants_colour(when, environment, terminal=terminal) is expected


def test_a_finding_has_exactly_one_primary_label() -> None:
    file = SourceFile("a", "xx")
    label = Label(Span(0, 1), "", True, file)
    with pytest.raises(ValueError, match="exactly one primary"):
        _finding(file, Span(0, 1), label)


def test_evidence_stands_in_the_order_of_the_protocol() -> None:
    with pytest.raises(ValueError, match="order"):
        EvidenceReport((EvidenceFact("copied"), EvidenceFact("backup")))
    with pytest.raises(ValueError, match="not a fact"):
        EvidenceFact("hearsay")


def test_fingerprints_survive_edits_elsewhere() -> None:
    def prints(source: str, path: str = "a.sql") -> list[str]:
        file = SourceFile(path, source)
        spans = [Span(m.start(), m.end()) for m in re.finditer(r"DROP\s+TABLE \w", source)]
        return [f.fingerprint for f in ordered(_finding(file, span) for span in spans)]

    before = prints("DROP TABLE a; DROP TABLE b; DROP TABLE a;")
    assert len(set(before)) == 3
    assert prints("\n\n-- new\nDROP   TABLE a; DROP\nTABLE b; DROP TABLE a;") == before
    assert set(prints("DROP TABLE a;", "b.sql")).isdisjoint(before)


def _word_by_word(words: str, width: int, indent: str) -> list[str]:
    lines: list[str] = []
    for word in words.split():
        if lines and len(lines[-1]) + 1 + len(word) <= max(width, 30):
            lines[-1] += f" {word}"
        else:
            lines.append(indent + word)
    return lines


@given(st.text("ab \n\u2028", max_size=200) | ANY_TEXT, st.integers(0, 120))
def test_lines_are_broken_as_word_by_word(words: str, width: int) -> None:
    assert text._wrapped(words, width, "    ") == _word_by_word(words, width, "    ")


@given(st.text("ab\t# \u0301\u4e2d", max_size=60), st.integers(20, 90), st.data())
def test_a_plain_line_is_framed_as_any_other(line: str, width: int, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(line)))
    end = data.draw(st.integers(start, len(line)))
    label = Label(Span(start, end), "here", True, SourceFile("a.sql", line))
    framed = list(code_frame((label,), Style(), width))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dbguard.report.frame.is_plain", lambda _: False)
        assert list(code_frame((label,), Style(), width)) == framed
