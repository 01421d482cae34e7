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
_LIFECYCLE = regex(r"^[ \t]*lifecycle[ \t]*\{", re.MULTILINE)
_BLOCK_END = regex(r"^\}", re.MULTILINE)


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
    end = _BLOCK_END.search(site.text, site.span.end)
    brace = site.text.find("{", site.span.end)
    if end is None or not site.span.end <= brace < end.start():
        return
    there = _LIFECYCLE.search(site.text, brace, end.start())
    if there is not None:
        edit = inserted(there.end(), "\n    prevent_destroy = true")
    elif not site.text[site.span.end : brace].strip():
        edit = inserted(brace + 1, "\n  lifecycle {\n    prevent_destroy = true\n  }")
    else:
        return
    yield Repair(site.region, (edit,), "prevent_destroy = true")
