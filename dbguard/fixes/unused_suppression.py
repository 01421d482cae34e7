"""unused-suppression."""

from __future__ import annotations

from collections.abc import Iterator

from dbguard.patterns import regex
from dbguard.repair.edits import Edit
from dbguard.repair.fix import Fix, Repair, Safety, Site
from dbguard.source import Span

_DIRECTIVE = regex(
    r"dbguard:[ \t]*ignore(?:-next-line)?[ \t]*\[(?P<ids>[^\]\n]*)\][^\n]*?(?=\*/|-->|dbguard:|\n|\Z)"
)
_MARKS = regex(r"(?:#|--|//|;|/\*|\*/|<!--|-->|\s)*")
_SUPPRESSES = regex(r"suppresses (\S+), which")


class UnusedSuppression(Fix):
    """The id is taken out of the comment; a comment that says nothing else goes as a whole."""

    rule = "unused-suppression"
    safety = Safety.SAFE

    def repairs(self, site: Site) -> Iterator[Repair]:
        """Yield the removal of one id, or of the comment."""
        named = _SUPPRESSES.search(site.finding.message)
        comment = site.text[site.span.start : site.span.end]
        for directive in _DIRECTIVE.finditer(comment) if named else ():
            assert named is not None
            ids = [one.strip() for one in directive["ids"].split(",")]
            if named[1] not in ids:
                continue
            left = [one for one in ids if one != named[1]]
            if left:
                span = _shifted(directive.span("ids"), site.span.start)
                yield Repair(site.region, (Edit(span, ", ".join(left)),), f"removes {named[1]}")
            elif _MARKS.fullmatch(comment[: directive.start()] + comment[directive.end() :]):
                edit = Edit(_whole(site.text, site.span), "")
                yield Repair(site.region, (edit,), "removes the comment")
            else:
                span = _shifted(directive.span(), site.span.start)
                yield Repair(site.region, (Edit(span, ""),), "removes the suppression")


def _shifted(span: tuple[int, int], by: int) -> Span:
    return Span(span[0] + by, span[1] + by)


def _whole(text: str, comment: Span) -> Span:
    """Return a comment with the blanks before it, and with its line where it is alone on it."""
    start, end = comment.start, comment.end
    while start and text[start - 1] in " \t":
        start -= 1
    begins = start == 0 or text[start - 1] == "\n"
    if begins and text[end : end + 1] == "\n":
        return Span(start, end + 1)
    return Span(start, end) if not begins else Span(comment.start, end)
