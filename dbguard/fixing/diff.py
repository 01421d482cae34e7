"""Changes as a unified diff that is safe to show."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import unified_diff

from dbguard.report.escape import escape, no_command
from dbguard.report.style import Style


def diff(path: str, before: str, after: str, style: Style) -> Iterator[str]:
    """Yield the lines of the diff of one file, each with its line end.

    What a terminal would act on is shown as an escape, and so is a carriage return,
    except at the end of a line: the diff is for reading.
    """
    old, new = _lines(before), _lines(after)
    for number, line in enumerate(unified_diff(old, new, path, path, n=3)):
        body = line.removesuffix("\n")
        ended = line.endswith("\n")
        shown = no_command(_shown(body.removesuffix("\r")))
        yield _painted(shown, style, heading=number < 2) + "\n"
        if not ended and number >= 2:
            yield "\\ No newline at end of file\n"


def _lines(text: str) -> list[str]:
    lines = text.split("\n")
    last = lines.pop()
    return [line + "\n" for line in lines] + ([last] if last else [])


def _shown(line: str) -> str:
    return "\t".join(escape(part) for part in line.split("\t"))


def _painted(line: str, style: Style, *, heading: bool) -> str:
    if heading:
        return style.bold(line)
    if line.startswith("+"):
        return style.good(line)
    if line.startswith("-"):
        return style.mark(line)
    return style.second(line) if line.startswith("@@") else line
