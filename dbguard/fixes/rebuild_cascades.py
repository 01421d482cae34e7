"""rebuild-cascades."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dbguard.patterns import regex
from dbguard.repair.edits import Edit
from dbguard.repair.fix import Fix, Repair, Safety, Site
from dbguard.repair.shell_code import inserted
from dbguard.repair.sql_code import SqlCode, Statement
from dbguard.source import Span

_OFF = regex(
    r"PRAGMA\s+(?:\w+\.)?foreign_keys\s*(?:=\s*|\(\s*)['\"]?(?:off|0|no|false)\b", re.IGNORECASE
)


class RebuildCascades(Fix):
    """The rebuild follows the order that sqlite.org prescribes: `PRAGMA foreign_keys=OFF` before
    `BEGIN`, where it does something, `PRAGMA foreign_key_check` before `COMMIT`, and
    `foreign_keys=ON` behind it. Only for rebuilds in SQL.
    """

    rule = "rebuild-cascades"
    safety = Safety.SAFE

    def repairs(self, site: Site) -> Iterator[Repair]:
        """Yield the rebuild in the right order."""
        if site.region.language != "sql":
            return
        code = site.parsed.sql(site.region)
        at = code.index_at(site.span.start)
        if at is None:
            return
        before, behind = code.statements[:at], code.statements[at + 1 :]
        begin = next((s for s in reversed(before) if s.first == "BEGIN"), None)
        edits = []
        first = begin
        if begin is not None:
            inside = [s for s in before if s.span.start > begin.span.start]
            edits += [_removed(site.text, s) for s in inside if _OFF.match(_text(code, s))]
        else:
            first = code.statements[at]
        assert first is not None
        newline = " " if "\n" not in site.text else "\n" + code.indent(first.span.start)
        edits.append(inserted(first.span.start, f"PRAGMA foreign_keys=OFF;{newline}"))
        commit = next((s for s in behind if s.first in ("COMMIT", "END")), None)
        if begin is not None and commit is not None:
            checked = any("foreign_key_check" in _text(code, s).lower() for s in behind)
            if not checked:
                edits.append(inserted(commit.span.start, f"PRAGMA foreign_key_check;{newline}"))
            rest = [s for s in behind if s.span.start > commit.span.start]
            if not any(s.first == "PRAGMA" and "foreign_keys" in _text(code, s) for s in rest):
                edits.append(_behind(site.text, commit, newline))
        elif begin is None:
            last = behind[0] if behind and behind[0].first == "ALTER" else code.statements[at]
            edits.append(_behind(site.text, last, newline))
        yield Repair(site.region, tuple(edits), "the order of sqlite.org")


def _text(code: SqlCode, statement: Statement) -> str:
    return code.region.text[statement.span.start : statement.span.end]


def _behind(text: str, statement: Statement, newline: str) -> Edit:
    ended = text[statement.span.end : statement.end].strip() == ";"
    return inserted(statement.end, ("" if ended else ";") + f"{newline}PRAGMA foreign_keys=ON;")


def _removed(text: str, statement: Statement) -> Edit:
    """Take out a statement, with its line where it is alone on it."""
    start, end = statement.span.start, statement.end
    begin = text.rfind("\n", 0, start) + 1
    line_end = text.find("\n", end)
    if not text[begin:start].strip() and line_end >= 0 and not text[end:line_end].strip():
        return Edit(Span(begin, line_end + 1), "")
    while text[end : end + 1] == " ":
        end += 1
    return Edit(Span(start, end), "")
