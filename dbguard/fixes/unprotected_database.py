"""unprotected-database."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dbguard.patterns import regex
from dbguard.repair.edits import Edit
from dbguard.repair.fix import Fix, Repair, Safety, Site
from dbguard.repair.shell_code import inserted
from dbguard.source import Span

_SETTING = regex(r"(?P<name>\w+)\s*=\s*(?P<value>\S+)")
_PROTECTED = {
    "deletion_protection": "true",
    "deletion_protection_enabled": "true",
    "prevent_destroy": "true",
    "delete_automated_backups": "false",
    "backup_retention_period": "7",
}
_PART = regex(
    r"(?P<open>\{)|(?P<close>\})|(?P<lifecycle>^[ \t]*lifecycle[ \t]*(?=\{))"
    # What is not closed goes to the end, so that nothing is looked at twice.
    r"|\"(?:\\.|[^\"\\\n])*\"?|(?:#|//)[^\n]*|/\*.*?(?:\*/|\Z)"
    r"|<<-?(?P<word>\w+)[^\n]*\n.*?(?:^[ \t]*(?P=word)[ \t]*$|\Z)",
    re.MULTILINE | re.DOTALL,
)
_LONGEST = 20_000  # characters of a resource


class UnprotectedDatabase(Fix):
    """`deletion_protection` and `prevent_destroy` become `true`, `delete_automated_backups`
    `false`, a `backup_retention_period` of 0 becomes 7 days; a database with none of them gets
    `lifecycle { prevent_destroy = true }`. A plan that destroys the database is refused then,
    also one that is meant to. `skip_final_snapshot` has no fix: the snapshot needs a name.
    """

    rule = "unprotected-database"
    safety = Safety.REVIEW

    def repairs(self, site: Site) -> Iterator[Repair]:
        """Yield the protection."""
        text = site.text[site.span.start : site.span.end]
        setting = _SETTING.match(text)
        if setting is not None and setting["name"] in _PROTECTED:
            value = _PROTECTED[setting["name"]]
            start = site.span.start + setting.start("value")
            edit = Edit(Span(start, site.span.start + setting.end("value")), value)
            yield Repair(site.region, (edit,), f"{setting['name']} = {value}")
        elif text.startswith("resource"):
            yield from _prevented(site)


def _prevented(site: Site) -> Iterator[Repair]:
    """Put the protection into a resource, into the lifecycle it has if there is one."""
    text = site.text
    brace = text.find("{", site.span.end)
    if brace < 0 or text[site.span.end : brace].strip() or not _ends_line(text, brace + 1):
        return
    own = _own_lifecycle(text, brace)
    if own is None:
        return
    if own == brace:
        edit = inserted(brace + 1, "\n  lifecycle {\n    prevent_destroy = true\n  }")
    elif _ends_line(text, own + 1):
        edit = inserted(own + 1, "\n    prevent_destroy = true")
    else:
        return
    yield Repair(site.region, (edit,), "prevent_destroy = true")


def _ends_line(text: str, at: int) -> bool:
    end = text.find("\n", at)
    return end >= 0 and not text[at:end].strip()


def _own_lifecycle(text: str, brace: int) -> int | None:
    """Return where the brace of a resource's own lifecycle is, *brace* if it has none.

    None where the resource does not end: what is in it is not known then.
    """
    depth, found, comes = 0, brace, False
    for part in _PART.finditer(text, brace, brace + _LONGEST):
        if part["open"]:
            if comes:
                found = part.start()
            depth += 1
        elif part["close"]:
            depth -= 1
        comes = bool(part["lifecycle"]) and depth == 1
        if depth == 0:
            return found
    return None
