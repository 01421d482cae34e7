"""A test of how a text ends: the arm for another ending is not entered with this text."""

from __future__ import annotations

from pathlib import Path

import pytest

from dbguard.config import Config
from dbguard.options import ScanOptions
from dbguard.pipeline import scan
from dbguard.report.model import Report

STRIPPING = """
class Wrapper:
    def execute(self, query, args=None):
        if {test}:
            query = query[:-1]
        return self.cursor.execute(query, args)

def change():
    Wrapper().execute({query})
"""
EITHER = 'query.endswith(";") or query.endswith("/")'


def scanned(tmp_path: Path, text: str) -> Report:
    (tmp_path / "a.py").write_text(text)
    return scan(ScanOptions((str(tmp_path),), tmp_path, Config()))


@pytest.mark.parametrize("test", [EITHER, 'query.endswith(";")', 'query.endswith((";", "/"))'])
@pytest.mark.parametrize(
    "query",
    ["\"ALTER SESSION SET A = 'x'\"", "\"ALTER SESSION SET A = 'x'\" + (\" B\" if c else '')"],
)
def test_a_text_is_not_cut_where_it_does_not_end_so(tmp_path: Path, test: str, query: str) -> None:
    query = query.replace('" B"', "\" B = 'UTC'\"")
    assert scanned(tmp_path, STRIPPING.format(test=test, query=query)).problems == ()


def test_a_text_that_ends_so_is_cut(tmp_path: Path) -> None:
    text = STRIPPING.format(test=EITHER, query='"DROP TABLE users;"')
    assert [finding.message for finding in scanned(tmp_path, text).findings] == [
        "DROP TABLE of users loses its rows: no copy was made before"
    ]
    # One table, not `user` as well.
    text = STRIPPING.format(test=EITHER, query='"DROP TABLE users"')
    assert len(scanned(tmp_path, text).findings) == 1


def test_a_quote_that_is_cut_off_is_still_told(tmp_path: Path) -> None:
    text = STRIPPING.format(test="c", query="\"ALTER SESSION SET A = 'x'\"")
    assert [problem.error for problem in scanned(tmp_path, text).problems] == ["a quote never ends"]


def test_a_name_that_is_bound_anew_in_a_loop_is_not_forgotten(tmp_path: Path) -> None:
    text = (
        "import os\np = 'a.txt'\nfor _ in x:\n"
        "    if p.endswith('.db'):\n        os.remove(p)\n    p = 'app.db'\n"
    )
    before = len(scanned(tmp_path, text.replace("if p.endswith('.db')", "if c")).findings)
    assert len(scanned(tmp_path, text).findings) >= before


def test_another_reason_may_lead_into_the_arm(tmp_path: Path) -> None:
    text = """
import os
FORCE = "all"
name = "app.db"
if name.endswith(".sqlite") or FORCE or name.endswith(".bak"):
    os.remove(name)
"""
    assert [finding.rule for finding in scanned(tmp_path, text).findings] == [
        "delete-database-file"
    ]
