"""create-all-reset."""

from __future__ import annotations

from collections.abc import Iterator

from dbguard.repair.edits import Edit
from dbguard.repair.fix import Fix, Repair, Safety, Site
from dbguard.repair.python_code import PythonCode
from dbguard.source import Region, Span


class CreateAllReset(Fix):
    """`checkfirst=False` is taken out: `create_all()` then leaves the tables that are there, and
    creates those that are missing. Where something was dropped or deleted before, there is no
    fix for the creation; see the rule that finds what is destroyed.
    """

    rule = "create-all-reset"
    safety = Safety.REVIEW

    def repairs(self, site: Site) -> Iterator[Repair]:
        """Yield the call without the argument."""
        code = site.parsed.python(site.region) if site.region.language == "python" else None
        if code is not None:
            yield from _checking(site.region, site.span, code)


def _checking(region: Region, span: Span, code: PythonCode) -> Iterator[Repair]:
    call = code.node_at(span, "call")
    held = call.child_by_field_name("arguments") if call is not None else None
    for argument in held.named_children if held is not None else ():
        name = argument.child_by_field_name("name")
        if argument.type != "keyword_argument" or name is None or code.text(name) != "checkfirst":
            continue
        before, behind = argument.prev_sibling, argument.next_sibling
        start, end = code.inner(argument).start, code.inner(argument).end
        if before is not None and before.type == ",":
            start = code.inner(before).start
        elif behind is not None and behind.type == ",":
            end = code.inner(behind).end
            end += len(region.text[end:]) - len(region.text[end:].lstrip(" "))
        yield Repair(region, (Edit(Span(start, end), ""),), "removes checkfirst=False")
