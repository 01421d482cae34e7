"""backup-not-timestamped."""

from __future__ import annotations

from collections.abc import Iterator
from posixpath import basename

from dbguard.repair.edits import Edit
from dbguard.repair.fix import Fix, Repair, Safety, Site
from dbguard.repair.places import around
from dbguard.repair.timestamps import PYTHON_STAMP, SHELL_STAMP, stamped
from dbguard.repair.words import Word
from dbguard.source import Region, Span


class BackupNotTimestamped(Fix):
    """Date and time go into the name of the backup, where the name is written in one place of
    the file only: what reads the backup under its old name would not find it any more. Other
    files (a restore script, a rotation) may name it too, which is for you to review.
    """

    rule = "backup-not-timestamped"
    safety = Safety.REVIEW

    def repairs(self, site: Site) -> Iterator[Repair]:
        """Yield the backup under a name of its own."""
        if site.operation is None:
            return
        name = site.operation.target.name
        base = basename(name)
        if not base or site.region.file.text.count(base) != 1:
            return
        if site.operation.source is not None and basename(site.operation.source.name) == base:
            return  # what is copied is named there, not the copy
        if (found := around(site.region, "shell", site.finding.primary.span)) is not None:
            yield from _in_shell(site, *found, base)
        if site.region.language == "python":
            yield from _in_python(site, name)


def _in_shell(site: Site, region: Region, span: Span, base: str) -> Iterator[Repair]:
    code = site.parsed.shell(region)
    command = code.command_around(span) if code is not None else None
    if command is None:
        return
    for word in (*command.words[1:], *command.targets()):
        if word.plain.endswith(base) or base in word.plain:
            yield Repair(region, (_with_stamp(word, base),), "date and time in the name")


def _with_stamp(word: Word, base: str) -> Edit:
    """Put the time into a word of the shell; it is quoted, for the time is looked up."""
    new = stamped(base, SHELL_STAMP)
    plain = word.plain.replace(base, new)
    if word.written[:1] == '"':
        return word.replaced(plain)
    if word.written[:1] == "'":
        return Edit(word.span, f'"{plain}"')
    return Edit(
        word.span, f'"{plain}"' if "=" not in word.plain else word.plain.replace(base, f'"{new}"')
    )


def _in_python(site: Site, name: str) -> Iterator[Repair]:
    code = site.parsed.python(site.region)
    if code is None:
        return
    found = [node for node, said in code.strings() if said == name]
    imports = code.imported("time")
    if len(found) != 1 or imports is None:
        return
    written = code.text(found[0])
    if written[0] in "rRbBuU" or "{" in written:
        return
    edit = Edit(code.inner(found[0]), "f" + written.replace(name, stamped(name, PYTHON_STAMP)))
    yield Repair(site.region, (*imports, edit), "the time in the name")
