"""The code frame: the lines a finding is about, with marks under the exact spans."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dbguard.finding import Label
from dbguard.records import dataclass, replace
from dbguard.report.escape import cells, escape, is_plain
from dbguard.report.style import Style
from dbguard.source import SourceFile

MOST_LINES = 6
"""So many lines of one label are shown; of a longer one the first and the last."""

_CUT = "..."

_Shown = Sequence["tuple[str, int]"] | str
"""What is shown for each character of a line, and its width; a plain line as it is."""


@dataclass(frozen=True, slots=True)
class _Mark:
    """A stretch of a line under a label: columns from 0, half open, in code points."""

    line: int
    start: int
    end: int
    text: str
    primary: bool


def code_frame(labels: Sequence[Label], style: Style, width: int) -> Iterator[str]:
    """Yield the lines of a code frame at most *width* columns wide.

    The primary label's file comes first; every other file is headed by its name.
    """
    primary = next(label for label in labels if label.primary)
    files = list(dict.fromkeys([primary.file.path, *(label.file.path for label in labels)]))
    marks = {path: [_marks(label) for label in labels if label.file.path == path] for path in files}
    numbers = [mark.line for group in marks.values() for run in group for mark in run]
    gutter = len(str(max(numbers)))
    for path in files:
        file = next(label.file for label in labels if label.file.path == path)
        if path != primary.file.path:
            yield f"{' ' * gutter} {style.dim('-->')} {escape(path)}"
        in_order = sorted(
            (mark for run in marks[path] for mark in run),
            key=lambda mark: (mark.line, not mark.primary, mark.start),
        )
        yield from _rows(file, in_order, gutter, style, width)


def _marks(label: Label) -> list[_Mark]:
    """Return the stretches of a label, line by line; of a long one the first and the last."""
    file, span = label.file, label.span
    first, start = file.position(span.start)
    last, end = file.position(max(span.start, span.end - 1))
    end = end if span.end > span.start else end - 1
    if first == last:
        return [_Mark(first, start - 1, end, label.text, label.primary)]
    numbers = list(range(first, last + 1))
    if len(numbers) > MOST_LINES:
        numbers = [*numbers[: MOST_LINES - 1], last]
    marks = []
    for number in numbers:
        line = file.line(number)
        left = start - 1 if number == first else len(line) - len(line.lstrip())
        right = end if number == last else len(line)
        text = label.text if number == last else ""
        if left < right or number == last:
            marks.append(_Mark(number, left, right, text, label.primary))
    return marks


def _rows(
    file: SourceFile, marks: Sequence[_Mark], gutter: int, style: Style, width: int
) -> Iterator[str]:
    previous: int | None = None
    room = max(20, width - gutter - 3)
    lines: dict[int, list[_Mark]] = {}
    for mark in marks:
        lines.setdefault(mark.line, []).append(mark)
    for number, on_line in lines.items():
        if previous is not None and number > previous + 1:
            yield style.dim(f"{'.' * gutter} |" if number > previous + 2 else f"{' ' * gutter} |")
        previous = number
        line, on_line = _near(file.line(number), on_line, room)
        shown: _Shown
        if len(line) <= room and is_plain(line):
            shown, window, code, offset = line, (0, len(line)), line, 0
        else:
            shown = cells(line)
            window = _window(shown, on_line[0], room)
            code, offset = _cut(shown, window)
        yield f"{style.dim(f'{number:>{gutter}} |')} {code}".rstrip()
        for mark in on_line:
            yield from _mark_row(shown, mark, window, offset, gutter, style, room)


def _near(line: str, marks: list[_Mark], room: int) -> tuple[str, list[_Mark]]:
    """Return the part of a very long line that may be shown, and the marks counted from it.

    A file on one line may have a finding at each word: were each to look at the whole line,
    that would take the square of its length.
    """
    reach = 4 * room
    left = max(0, marks[0].start - reach)
    right = min(marks[0].end, marks[0].start + reach) + reach
    if left == 0 and right >= len(line):
        return line, marks
    return line[left:right], [
        replace(mark, start=max(0, mark.start - left), end=max(0, mark.end - left))
        for mark in marks
        if mark.end > left and mark.start < right
    ]


def _window(shown: Sequence[tuple[str, int]], mark: _Mark, room: int) -> tuple[int, int]:
    """Return which characters of a line are shown: all, or so many around the mark."""
    total = sum(width for _, width in shown)
    if total <= room:
        return 0, len(shown)
    room -= 2 * len(_CUT)
    left = right = min(mark.start, len(shown))
    used = 0
    while right < min(mark.end, len(shown)) and used + shown[right][1] <= room:
        used += shown[right][1]
        right += 1
    # What room is left goes two thirds before the mark, the rest behind it.
    before = (room - used) * 2 // 3
    while left > 0 and shown[left - 1][1] <= before:
        left -= 1
        before -= shown[left][1]
        used += shown[left][1]
    while right < len(shown) and used + shown[right][1] <= room:
        used += shown[right][1]
        right += 1
    while left > 0 and used + shown[left - 1][1] <= room:
        left -= 1
        used += shown[left][1]
    return left, right


def _cut(shown: Sequence[tuple[str, int]], window: tuple[int, int]) -> tuple[str, int]:
    """Return the part of a line in the window, and how many columns stand before it."""
    left, right = window
    before = _CUT if left > 0 else ""
    after = _CUT if right < len(shown) else ""
    return before + "".join(cell for cell, _ in shown[left:right]) + after, len(before)


def _columns(shown: _Shown, start: int, end: int) -> int:
    """Return how many columns some characters of a line take."""
    if isinstance(shown, str):
        return max(0, min(end, len(shown)) - start)
    return sum(width for _, width in shown[start:end])


def _mark_row(
    shown: _Shown,
    mark: _Mark,
    window: tuple[int, int],
    offset: int,
    gutter: int,
    style: Style,
    room: int,
) -> Iterator[str]:
    left, right = window
    start, end = max(mark.start, left), min(mark.end, right)
    if start > end or mark.start > right:
        return
    column = offset + _columns(shown, left, start)
    length = max(1, _columns(shown, start, end))
    run = ("^" if mark.primary else "-") * length
    text = escape(mark.text)
    paint = style.mark if mark.primary else style.second
    bar = style.dim(f"{' ' * gutter} |")
    if text and column + length + 1 + len(text) > room and len(text) + 1 < room:
        yield f"{bar} {' ' * column}{paint(run)}"
        yield f"{bar} {' ' * max(0, min(column, room - len(text)))}{paint(text)}"
    else:
        yield f"{bar} {' ' * column}{paint(f'{run} {text}'.rstrip())}"
