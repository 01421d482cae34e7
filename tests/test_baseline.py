"""The baseline: what it accepts, what it survives, and that it does not grow unseen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbguard import baseline
from dbguard.baseline import Baseline, BaselineError
from dbguard.finding import Finding, Label, Severity, ordered
from dbguard.operations import Kind, Operation, Target, TargetKind
from dbguard.source import Region, SourceFile, Span
from tests.scratch import Repository

OLD = "DROP TABLE a;\nDELETE FROM b;\n"


def test_an_old_repository_starts_green_and_new_destruction_fails(repository: Repository) -> None:
    repository.commit(old_sql=OLD, reset_sh="rm app.db\n")
    assert repository.run("scan")[0] == 1
    code, out, _ = repository.run("baseline")
    assert (code, out) == (0, ".dbguard-baseline: 3 accepted findings\n")
    code, out, _ = repository.run("scan")
    assert (code, "3 in the baseline" in out) == (0, True)
    assert repository.report()["summary"]["baselined"] == 3
    assert "(in the baseline)" in repository.run("scan", "--show-suppressed")[1]
    repository.write("new.sql", "DROP TABLE a;\n")
    assert repository.found() == [("new.sql", 1, "drop-table")]
    assert len(repository.found("--no-baseline")) == 4


def test_edits_elsewhere_change_nothing(repository: Repository) -> None:
    repository.commit(old_sql=OLD)
    repository.run("baseline")
    before = (repository.folder / ".dbguard-baseline").read_text()
    repository.write("old.sql", "SELECT 1;\n\n\n-- more\nDELETE  FROM\n b;\nDROP TABLE a;\n")
    assert repository.found() == []
    repository.run("baseline")
    assert (repository.folder / ".dbguard-baseline").read_text() == before


def test_one_more_of_the_same_is_new(repository: Repository) -> None:
    repository.commit(old_sql="DROP TABLE a;\n")
    repository.run("baseline")
    repository.write("old.sql", "DROP TABLE a;\nDROP TABLE a;\n")
    assert repository.found() == [("old.sql", 2, "drop-table")]


def test_what_became_worse_is_not_what_was_accepted(repository: Repository) -> None:
    guarded = 'set -e\ncp app.db "app-$(date +%s).db"\nrm app.db\n'
    repository.commit(old_sh=guarded)
    repository.run("baseline")
    assert repository.found() == []
    repository.write("old.sh", "set -e\nrm app.db\n")
    assert repository.found() == [("old.sh", 2, "delete-database-file")]


def test_prune_only_removes(repository: Repository) -> None:
    repository.commit(old_sql=OLD)
    repository.run("baseline")
    repository.write("old.sql", "DROP TABLE a;\nDROP TABLE new;\n")
    code, out, _ = repository.run("baseline", "--check")
    assert code == 1
    assert "old.sql: drop-table is not in the baseline: DROP TABLE new\n" in out
    assert "old.sql: delete-without-where matches nothing any more: DELETE FROM b\n" in out
    assert repository.run("baseline", "--prune")[1] == ".dbguard-baseline: 1 accepted finding\n"
    assert repository.found() == [("old.sql", 2, "drop-table")]
    repository.write("old.sql", "")
    code, out, _ = repository.run("baseline", "--check")
    assert (code, "--prune` removes 1" in out) == (0, True)


def test_a_part_leaves_the_entries_of_the_rest(repository: Repository) -> None:
    repository.write("a/x.sql", "DROP TABLE x;\n")
    repository.write("b/y.sql", "DROP TABLE y;\n")
    repository.run("baseline")
    repository.write("a/x.sql", "")
    repository.write("b/y.sql", "")
    assert repository.run("baseline", "a")[1] == ".dbguard-baseline: 1 accepted finding\n"


def test_from_a_folder_below_the_same_file_holds(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.write("a/x.sql", "DROP TABLE x;\n")
    monkeypatch.chdir(repository.folder / "a")
    repository.run("baseline")
    assert repository.run("scan")[0] == 0
    monkeypatch.chdir(repository.folder)
    assert repository.run("scan")[0] == 0
    repository.git("mv", "-k", "x", "y")
    (repository.folder / ".dbguard-baseline").rename(repository.folder / "other")
    assert repository.run("scan")[0] == 1
    assert repository.run("scan", "--baseline", "other")[0] == 0


def test_suppressed_findings_and_those_about_the_guard_are_no_entries(
    repository: Repository,
) -> None:
    repository.write(
        "a.sql",
        "DROP TABLE a; -- dbguard: ignore[drop-table] gone\nSELECT 1; -- dbguard: ignore[x] y\n",
    )
    assert repository.run("baseline")[1] == ".dbguard-baseline: 0 accepted findings\n"
    assert repository.found() == [("a.sql", 2, "bad-suppression")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1 must begin with"),
        ("# dbguard baseline 2\n", "line 1 must begin with"),
        ("# dbguard baseline 1\n<<<<<<< HEAD\n", "line 2 is a mark of a merge conflict"),
        ("# dbguard baseline 1\n[1]\n", "line 2 is no entry"),
        ('# dbguard baseline 1\n["a", "b", "c", true, "error"]\n', "line 2 is no entry"),
        ('# dbguard baseline 1\n["a", "b", "c", 0, "fatal"]\n', "line 2 is no entry"),
        ("# dbguard baseline 1\n" + "[" * 100_000 + "\n", "line 2 is no entry"),
    ],
)
def test_a_file_that_is_no_baseline_is_an_error(
    repository: Repository, text: str, message: str
) -> None:
    with pytest.raises(BaselineError, match=message):
        baseline.parse(text, "x")
    repository.write(".dbguard-baseline", text)
    code, _, err = repository.run("scan")
    assert (code, message in err) == (2, True)


keys = st.tuples(st.text(), st.text(), st.text(), st.integers(0, 9))


@given(st.dictionaries(keys, st.sampled_from(Severity)))
def test_any_name_comes_back(entries: dict[baseline.Key, Severity]) -> None:
    text = baseline.render(Baseline(entries))
    assert text.isascii()
    assert len(text.splitlines()) == len(entries) + 1
    assert baseline.parse(text, "x").entries == entries


def _findings(statements: list[str], filler: list[str]) -> tuple[Finding, ...]:
    """Return a finding for each statement, in a file with other lines between them."""
    text, spans = "", []
    for number, statement in enumerate(statements):
        text += "".join(f"-- {line}\n" for line in filler[number::3])
        spans.append(Span(len(text), len(text) + len(statement)))
        text += statement + "\n"
    file = SourceFile("a.sql", text)
    target = Target(TargetKind.TABLE, "t")
    region = Region.of_file(file, "sql")
    return ordered(
        Finding(
            "drop-table",
            "",
            (Label(span, "", True, file),),
            Severity.ERROR,
            2,
            Operation(Kind.DROP_TABLE, target, span, region),
        )
        for span in spans
    )


names = st.lists(st.sampled_from("abc").map("DROP TABLE {}".format), max_size=6)
lines = st.lists(st.text(st.characters(exclude_characters="\r\n"), max_size=5), max_size=9)


@given(names, lines, lines, st.randoms())
def test_lines_between_and_the_order_change_no_entry(
    statements: list[str], one: list[str], other: list[str], random: object
) -> None:
    shuffled = list(statements)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    entries = [
        baseline.render(baseline.of_findings(_findings(order, filler), str))
        for order, filler in ((statements, one), (shuffled, other))
    ]
    assert entries[0] == entries[1]
    assert len(entries[0].splitlines()) == len(statements) + 1
