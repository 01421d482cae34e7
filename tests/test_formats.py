"""Every format: true to its specification, and closed to what a hostile file puts in it."""

from __future__ import annotations

import gzip
import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import unquote_to_bytes

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dbguard.finding import EvidenceFact, EvidenceReport, Finding, Label, Severity, ordered
from dbguard.operations import Kind, Operation, Target, TargetKind
from dbguard.report import sarif, text
from dbguard.report.formats import FORMATS, renderer
from dbguard.report.model import Report
from dbguard.report.setting import RulePage, Setting
from dbguard.source import Problem, Region, SourceFile, Span
from tests.scratch import Repository

SARIF = json.loads((Path(__file__).parent / "schemas/sarif-2.1.0.json").read_text("utf-8"))
jsonschema.Draft7Validator.check_schema(SARIF)
SARIF_LOG = jsonschema.Draft7Validator(SARIF)
MACHINES = tuple(name for name in FORMATS if name != "text")
RULES = (RulePage("drop-table", 2, "A table goes.", "## Do instead\n\n- rename it"),)
SETTING = Setting(top="/p", current="/p/sub", rules=RULES, version="1.2.dev3")

HOSTILE = (
    "\n", "\r\n", "\x1b[31mred", "\x1b]8;;x\x07", "\x07\x08\x7f\x85\x9b", "\u202eabc\u2066",
    "::error::owned", "\n::error file=x::owned", " ::stop-commands::x", "##[error]owned",
    "##vso[task.complete]", "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>',
    "]]>", "<!--", "&lt;&#60;", "\udcff", "\ud800", "\ufffe\uffff", "%0A%25,:", "`x` | *b* _i_",
    "[x](http://evil)", "@user #1 http://evil", "{0} {x}", "\u200b\u2028\u2029", "\U000e0041", "''",
)  # fmt: skip
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=40)
NASTY = st.lists(st.one_of(st.sampled_from(HOSTILE), ANY_TEXT), max_size=6).map("".join)


def _finding(
    name: str = "a.sql",
    code: str = "DROP TABLE users",
    said: str = "drops table users",
    severity: Severity = Severity.ERROR,
    *more: Label,
) -> Finding:
    source = SourceFile(name, f"-- {code}\n{code} -- é\n")
    start = len(code) + 4
    span = Span(start, start + len(code))
    target = Target(TargetKind.TABLE, said, "app.db")
    operation = Operation(Kind.DROP_TABLE, target, span, Region.of_file(source, "sql"))
    proof = EvidenceFact("backup", "weak", source, Span(0, 2), said)
    labels = (Label(span, said, True, source), Label(Span(0, 2), said, False, source), *more)
    return Finding(
        "drop-table", said, labels, severity, 2, operation, EvidenceReport((proof,)),
        f"do {said}", (said,),
    )  # fmt: skip


def _hostile(words: str) -> Report:
    accepted = replace(_finding(words, words, words), suppressed_by=words)
    findings = (_finding(f"{words}x", words or "x", words, Severity.WARNING), accepted)
    problems = (Problem(f"{words}y", words, "parse", line=3), Problem("z", words, "read"))
    return Report(ordered(findings), problems, files=1)


def _rendered(name: str, report: Report, setting: Setting = SETTING) -> str:
    if name == "text":
        return "".join(text.render(report, text.TextOptions()))
    return "".join(renderer(name)(report, setting))


class _Elements(HTMLParser):
    """Collects the elements and attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attrs}


def _elements(page: str) -> tuple[set[str], set[str]]:
    parser = _Elements()
    parser.feed(page)
    return parser.seen, parser.attributes


_TAGS = _elements("".join(renderer("html")(_hostile("plain"), SETTING)))
_CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def _check(name: str, document: str) -> None:
    """Assert that a document of a format is whole, whatever was put into it."""
    document.encode("utf-8")
    assert not _CONTROL.search(document)
    if name in ("json", "sarif", "gitlab", "rdjson"):
        parsed = json.loads(document)
        assert document.isascii()
        if name != "json":
            # Strict readers (Go, Rust) refuse lone surrogates, escaped or not.
            json.dumps(parsed, ensure_ascii=False).encode("utf-8")
        if name == "sarif":
            SARIF_LOG.validate(parsed)
    elif name == "junit":
        ET.fromstring(document)
    elif name == "html":
        assert _elements(document) == _TAGS
    elif name == "markdown":
        assert "<script" not in document
        assert "evil)" not in document
    if name in ("text", "github", "markdown"):
        assert not re.search(r"##(?:\[|vso\[)", document)
    if name == "text":
        assert not re.search(r"(?m)^\s*::", document)
    if name == "github":
        *commands, closing = document.splitlines()
        assert all(re.match(r"::(?:error|warning|notice) file=", line) for line in commands)
        assert len(commands) == 3
        assert closing.startswith("dbguard: ")


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_words_stay_words(name: str, words: str) -> None:
    _check(name, _rendered(name, _hostile(words)))


@pytest.mark.parametrize("name", FORMATS)
@settings(deadline=None)
@given(NASTY)
def test_nothing_gets_through(name: str, words: str) -> None:
    _check(name, _rendered(name, _hostile(words)))


@pytest.mark.parametrize("name", MACHINES)
def test_an_empty_report_is_one_too(name: str) -> None:
    document = _rendered(name, Report(files=2))
    if name != "github":
        assert "owned" not in document
    if name == "junit":
        assert ET.fromstring(document).get("tests") == "1"
    if name == "sarif":
        SARIF_LOG.validate(json.loads(document))
    if name in ("gitlab", "rdjson"):
        json.loads(document)


# --- SARIF ---


def _run(report: Report, setting: Setting = SETTING) -> dict[str, Any]:
    run: dict[str, Any] = json.loads(_rendered("sarif", report, setting))["runs"][0]
    return run


def test_sarif_says_where_and_why() -> None:
    run = _run(Report(ordered([_finding()]), files=1))
    (result,) = run["results"]
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "sub/a.sql", "uriBaseId": "%SRCROOT%"}
    assert run["originalUriBaseIds"]["%SRCROOT%"]["uri"] == "file:///p/"
    assert place["region"] == {
        "startLine": 2, "startColumn": 1, "endLine": 2, "endColumn": 17,
        "snippet": {"text": "DROP TABLE users"},
    }  # fmt: skip
    assert run["columnKind"] == "unicodeCodePoints"
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    assert result["partialFingerprints"] == {
        "dbguardContent/v1": ordered([_finding()])[0].fingerprint
    }
    flow = result["codeFlows"][0]["threadFlows"][0]["locations"]
    assert [step.get("importance") for step in flow] == [None, "important", "essential"]
    assert flow[1]["state"] == {"backup": {"text": "weak"}}
    assert flow[-1]["location"]["physicalLocation"]["region"]["startLine"] == 2
    assert "suppressions" not in result


def test_sarif_rules_carry_help_and_severity() -> None:
    driver = _run(Report(files=1))["tool"]["driver"]
    (rule,) = driver["rules"]
    assert driver["semanticVersion"] == "1.2.0"
    assert rule["help"]["markdown"].endswith("## Do instead\n\n- rename it")
    assert 7.0 <= float(rule["properties"]["security-severity"]) <= 10
    assert rule["defaultConfiguration"]["level"] == "error"


def test_sarif_links_to_the_pages_of_rules_where_it_knows_them(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.commit(a_sql="DROP TABLE a;\n")

    def links() -> list[str | None]:
        _, out, _ = repository.run("scan", "--format", "sarif")
        document = json.loads(out)
        SARIF_LOG.validate(document)
        return [rule.get("helpUri") for rule in document["runs"][0]["tool"]["driver"]["rules"]]

    assert set(links()) == {None}
    monkeypatch.setenv("DBGUARD_RULE_PAGES", "https://example.org/blob/v1/docs/rules")
    pages = Path(__file__).parent.parent / "docs/rules"
    for link in links():
        assert link is not None
        assert link.startswith("https://example.org/blob/v1/docs/rules/")
        assert (pages / link.rpartition("/")[2]).exists()
    monkeypatch.setenv("DBGUARD_RULE_PAGES", "javascript:alert(1)//")
    assert set(links()) == {None}


@pytest.mark.slow
def test_sarif_keeps_to_what_github_takes() -> None:
    """docs.github.com, "SARIF results exceed one or more limits" (read in November 2026)."""
    rng = Random(5)

    def noise(length: int) -> str:
        return "".join(chr(rng.randrange(0x4E00, 0x9FFF)) for _ in range(length))

    files = [SourceFile(f"{noise(8)}.sql", noise(200)) for _ in range(50)]
    labels = [Label(Span(0, 9), noise(20), False, file) for file in files]
    many = [_finding(f"{n}.sql", noise(900), noise(900), Severity.ERROR, *labels)
            for n in range(1_500)]  # fmt: skip
    document = _rendered("sarif", Report(ordered(many), files=len(many)))
    assert len(gzip.compress(document.encode(), 6)) < 10_000_000
    (run,) = json.loads(document)["runs"]
    assert 500 < len(run["results"]) < len(many)
    (told,) = run["invocations"][0]["toolExecutionNotifications"]
    assert told["message"]["text"].startswith(f"{len(many) - len(run['results'])} findings are")
    for result in run["results"]:
        assert len(result["locations"]) + len(result["relatedLocations"]) <= 100
        steps = [s for f in result["codeFlows"] for t in f["threadFlows"] for s in t["locations"]]
        assert len(steps) <= 1_000
    for rule in run["tool"]["driver"]["rules"]:
        assert len(rule["properties"]["tags"]) <= 10
    assert sarif.MOST_RESULTS <= 25_000


def test_sarif_leaves_out_what_is_set_aside_and_keeps_it_where_asked() -> None:
    findings = [
        replace(_finding("a.sql"), suppressed_by="agreed"),
        replace(_finding("b.sql"), baselined=True),
        _finding("c.sql"),
    ]
    report = Report(ordered(findings), files=1)
    (alone,) = _run(report)["results"]
    assert alone["locations"][0]["physicalLocation"]["artifactLocation"]["uri"][-5:] == "c.sql"
    assert "suppressions" not in alone
    marks = {
        result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"][-5:]: [
            (mark["kind"], mark["justification"]) for mark in result["suppressions"]
        ]
        for result in _run(report, replace(SETTING, accepted=True))["results"]
    }
    assert marks == {
        "c.sql": [],
        "a.sql": [("inSource", "agreed")],
        "b.sql": [("external", "the baseline holds it")],
    }


def test_sarif_tells_what_is_incomplete() -> None:
    problem = Problem("x.sql", "gone", "read", line=7)
    (invocation,) = _run(Report((), (problem,)), replace(SETTING, exit_code=3))["invocations"]
    assert (invocation["executionSuccessful"], invocation["exitCode"]) == (False, 3)
    (told,) = invocation["toolExecutionNotifications"]
    assert (told["level"], told["message"]["text"]) == ("error", "read: gone")
    assert told["locations"][0]["physicalLocation"]["region"] == {"startLine": 7}


def test_sarif_keeps_to_the_limits_worst_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dbguard.report.sarif.MOST_RESULTS", 2)
    findings = [
        _finding("a.sql", severity=Severity.NOTE),
        _finding("b.sql", severity=Severity.ERROR),
        _finding("c.sql", severity=Severity.WARNING),
    ]
    run = _run(Report(ordered(findings), files=1))
    assert [result["level"] for result in run["results"]] == ["error", "warning"]
    (told,) = run["invocations"][0]["toolExecutionNotifications"]
    assert told["message"]["text"].startswith("1 findings are left out")
    file = SourceFile("more.sql", "x" * 40)
    labels = [Label(Span(n, n + 1), "here", False, file) for n in range(40)]
    (result,) = _run(Report((_finding("a.sql", "x", "y", Severity.ERROR, *labels),)))["results"]
    assert len(result["relatedLocations"]) == 10
    assert [place["id"] for place in result["relatedLocations"]] == list(range(1, 11))


@pytest.mark.parametrize(
    "name", ["a b.sql", "ä%41.sql", "c:d.sql", "x?y#z.sql", "new\nline.sql", "bad\udcff.sql"]
)
def test_sarif_names_a_file_byte_by_byte(name: str) -> None:
    (result,) = _run(Report((_finding(name),)))["results"]
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert re.fullmatch(r"[A-Za-z0-9%/._~-]+", uri)
    assert unquote_to_bytes(uri) == b"sub/" + name.encode("utf-8", "surrogateescape")


def test_sarif_of_a_file_elsewhere_is_absolute() -> None:
    (result,) = _run(Report((_finding("/else where/a.sql"),)))["results"]
    place = result["locations"][0]["physicalLocation"]["artifactLocation"]
    assert place == {"uri": "file:///else%20where/a.sql"}


def test_sarif_messages_hold_no_link_and_no_placeholder() -> None:
    (result,) = _run(Report((_finding(said="drops {t} [x](http://evil)"),)))["results"]
    assert not re.search(r"[{}]|\]\(", result["message"]["text"])
    assert "drops <t> [x] (http://evil)" in result["message"]["text"]


# --- GitHub ---


def _commands(report: Report) -> list[str]:
    return _rendered("github", report).splitlines()


def test_an_annotation_decodes_to_what_was_meant() -> None:
    command = _commands(Report((_finding("a,b:c%.sql"),)))[0]
    match = re.fullmatch(r"::(\w+) (.*?)::(.*)", command)
    assert match
    properties = dict(item.split("=", 1) for item in match[2].split(","))
    decoded = properties["file"].replace("%3A", ":").replace("%2C", ",").replace("%25", "%")
    assert (match[1], decoded) == ("error", "sub/a,b:c%.sql")
    place = [properties[key] for key in ("line", "endLine", "col", "endColumn")]
    assert place == ["2", "2", "1", "17"]
    assert properties["title"] == "dbguard%3A drop-table"
    assert match[3].startswith("drops table users%0AProtocol, section 2: ")


def test_annotations_are_capped_worst_first() -> None:
    order = [Severity.NOTE, Severity.WARNING, Severity.ERROR]
    findings = [_finding(f"{n}.sql", severity=level) for level in order for n in range(12)]
    *commands, closing = _commands(Report(ordered(findings), files=36))
    kinds = [command.partition(" ")[0] for command in commands]
    assert kinds == ["::error"] * 10 + ["::warning"] * 10 + ["::notice"] * 10
    assert closing.startswith("dbguard: 6 more are not annotated")
    assert "12 errors, 12 warnings, 12 notes" in closing


def test_what_was_not_analysed_is_annotated_first() -> None:
    findings = [_finding(f"{n}.sql", severity=Severity.WARNING) for n in range(12)]
    report = Report(ordered(findings), (Problem("x.sql", "gone", "read"),))
    wanted = "::warning file=sub/x.sql,title=dbguard%3A incomplete::read: gone"
    assert _commands(report)[0] == wanted


# --- the others ---


def test_gitlab_issues() -> None:
    report = Report(ordered([_finding()]), (Problem("x.sql", "gone", "read"),), files=1)
    incomplete, issue = json.loads(_rendered("gitlab", report))
    assert issue["location"] == {"path": "sub/a.sql", "lines": {"begin": 2, "end": 2}}
    assert (issue["check_name"], issue["severity"]) == ("drop-table", "critical")
    assert incomplete["check_name"] == "incomplete"
    assert len({issue["fingerprint"], incomplete["fingerprint"]}) == 2


def test_junit_fails_from_fail_on_on() -> None:
    findings = [
        _finding("a.sql", severity=Severity.ERROR),
        _finding("a.sql", "DROP TABLE t", "x", Severity.NOTE),
    ]
    report = Report(ordered(findings), (Problem("x.sql", "gone", "read"),), files=1)
    root = ET.fromstring(_rendered("junit", report))
    assert [root.get(key) for key in ("tests", "failures", "errors")] == ["3", "1", "1"]
    assert len(root.findall(".//failure")) == 1
    assert len(root.findall(".//system-out")) == 1
    suites = [(s.get("name"), s.get("tests"), s.get("failures")) for s in root]
    assert suites == [("sub/a.sql", "2", "1"), ("sub/x.sql", "1", "0")]
    never = ET.fromstring(_rendered("junit", report, replace(SETTING, fail_on=None)))
    assert never.get("failures") == "0"


def test_rdjson_counts_bytes() -> None:
    file = SourceFile("a.sql", "/* é数 */ DROP TABLE t")
    span = Span(9, 21)
    operation = Operation(
        Kind.DROP_TABLE, Target(TargetKind.TABLE, "t"), span, Region.of_file(file, "sql")
    )
    finding = Finding(
        "drop-table", "m", (Label(span, "", True, file),), Severity.NOTE, 2, operation
    )
    (diagnostic,) = json.loads(_rendered("rdjson", Report((finding,))))["diagnostics"]
    start = diagnostic["location"]["range"]["start"]
    assert start == {"line": 1, "column": len("/* é数 */ ".encode()) + 1}
    assert (diagnostic["severity"], diagnostic["code"]["value"]) == ("INFO", "drop-table")


def test_the_page_loads_nothing_and_its_policy_fits_its_style() -> None:
    from base64 import b64encode
    from hashlib import sha256

    page = _rendered("html", _hostile("plain"))
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    assert style
    digest = b64encode(sha256(style[1].encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}'" in page
    tags, attributes = _elements(page)
    assert not tags & {"script", "link", "img", "iframe", "object", "svg", "form", "base", "a"}
    assert not attributes & {"style", "src", "href", "srcset", "action"}
    assert not re.search(r"url\(|@import", style[1])


def test_the_page_shows_the_trace() -> None:
    page = _rendered("html", Report(ordered([_finding()]), files=1))
    assert '<li class="weak"><b>backed up</b><span>line 1, drops table users</span></li>' in page
    assert '<mark class="primary">DROP TABLE users</mark>' in page
    # What does not count in full is not praised beside its line either.
    assert "backed up here, but drops table users</em>" in page


def test_the_page_shows_indentation_and_both_ends_of_what_is_long() -> None:
    code = "DROP TABLE" + "\n" * 30 + "\tusers"
    page = _rendered("html", Report(ordered([_finding(code=code)]), files=1))
    assert '<mark class="primary">DROP TABLE</mark>' in page
    assert '<mark class="primary">&#9;users</mark>' in page
    incomplete = Report((), (Problem("x.sql", "gone", "read"),))
    assert "see the problems below" in _rendered("html", incomplete)
    assert "see the problems above" in _rendered("text", incomplete)


def test_the_summary_has_a_row_for_each_finding() -> None:
    findings = [_finding("a.sql", severity=Severity.NOTE), _finding("b.sql")]
    rows = [
        r for r in _rendered("markdown", Report(ordered(findings))).splitlines() if "<code>" in r
    ]
    assert ["error" in row for row in rows] == [True, False]
    assert all(row.count("|") == 7 for row in rows)
