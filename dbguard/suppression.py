"""Comments that accept a finding: ``dbguard: ignore[rule-id] reason``.

Pure: comments and findings in, findings out. A suppression names its rules and gives a
reason; there is no form for a whole file and none for every rule.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date

from dbguard.finding import Finding
from dbguard.patterns import regex
from dbguard.records import dataclass, replace
from dbguard.source import Comment, SourceFile, Span

_IGNORE, _NEXT_LINE = "ignore", "ignore-next-line"
_FORM = "write dbguard: ignore[rule-id] reason"
_DIRECTIVE = regex(
    r"dbguard:[ \t]*(?P<word>[A-Za-z][\w-]*)[ \t]*(?:\[(?P<ids>[^\]\n]*)(?P<closed>\]?))?"
    r"(?P<rest>[^\n]*?)(?=dbguard:|\n|\Z)"
)
_UNTIL = regex(r"(?:^|(?<=\s))until\s*=\s*(\S*)")
_DATE = regex(r"\d{4}-\d{2}-\d{2}")
# Words by which other tools are told to look away: here they do nothing, and that is said.
_FOREIGN = frozenset(
    {"disable", "enable", "off", "skip", "allow", "suppress", "noqa", "nolint", "nosec", "exclude"}
)


@dataclass(frozen=True, slots=True)
class Suppression:
    """A well-formed suppression of one rule, on the lines from ``first`` to ``last``."""

    rule: str
    reason: str
    file: SourceFile
    span: Span
    first: int
    last: int
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Directives:
    """What the comments of a scan say: suppressions, and findings about bad ones."""

    suppressions: tuple[Suppression, ...] = ()
    bad: tuple[Finding, ...] = ()


def directives(
    comments: Iterable[Comment], rules: Iterable[str], guard_rules: Iterable[str], today: date
) -> Directives:
    """Return what *comments* say, each once.

    *rules* are the ids that may be suppressed, *guard_rules* those of findings about the
    guard itself, which may not. A suppression holds to the end of its last day.
    """
    reading = _Reading(tuple(rules), frozenset(guard_rules), today)
    read: dict[tuple[str, Span], Comment] = {}
    for comment in comments:
        key = comment.file.path, comment.span
        read[key] = _both(read[key], comment) if key in read else comment
    for comment in read.values():
        reading.comment(comment)
    return Directives(tuple(reading.suppressions), tuple(reading.bad))


def _both(one: Comment, other: Comment) -> Comment:
    """Return a comment that a host and a script in it read, with what it is about in both."""
    following = one.following or other.following
    if one.following is not None and other.following is not None:
        following = one.following.cover(other.following)
    return replace(one, here=one.here.cover(other.here), following=following)


def apply(findings: Iterable[Finding], told: Directives) -> Iterator[Finding]:
    """Yield the findings, those that are accepted with the reason, and those about comments."""
    by_file: dict[tuple[str, str], list[Suppression]] = {}
    for suppression in told.suppressions:
        by_file.setdefault((suppression.file.path, suppression.rule), []).append(suppression)
    used: set[int] = set()
    for finding in findings:
        candidates = by_file.get((finding.path, finding.rule))
        if not candidates:
            yield finding
            continue
        first, last = _lines(finding.primary.file, finding.primary.span)
        covering = [one for one in candidates if one.first <= last and first <= one.last]
        used.update(map(id, covering))
        yield replace(finding, suppressed_by=covering[0].reason) if covering else finding
    yield from told.bad
    for suppression in told.suppressions:
        if id(suppression) not in used:
            from dbguard.rules.unused_suppression import UnusedSuppression

            yield UnusedSuppression().at(
                suppression.file,
                suppression.span,
                f"suppresses {suppression.rule}, which finds nothing here",
                "delete the comment, or this id in it" + _misplaced(suppression),
            )


def _misplaced(unused: Suppression) -> str:
    """Return what to do about an ``ignore`` on a line of its own, meant for the next one."""
    text = unused.file.text
    before = text[text.rfind("\n", 0, unused.span.start) + 1 : unused.span.start]
    said = text[unused.span.start : unused.span.end]
    if before.strip() or _NEXT_LINE in said:
        return ""
    return f"; if it is about the code below it, write {_NEXT_LINE}"


def _lines(file: SourceFile, span: Span) -> tuple[int, int]:
    last = max(span.start, span.end - 1)
    return file.position(span.start)[0], file.position(last)[0]


class _Reading:
    """Reads comments one by one."""

    def __init__(self, rules: tuple[str, ...], guard_rules: frozenset[str], today: date) -> None:
        self.rules = rules
        self.guard_rules = guard_rules
        self.today = today
        self.suppressions: list[Suppression] = []
        self.bad: list[Finding] = []

    def comment(self, comment: Comment) -> None:
        """Read every directive of a comment."""
        for match in _DIRECTIVE.finditer(comment.text):
            word = match["word"].lower()
            if word in (_IGNORE, _NEXT_LINE):
                self._ignore(comment, match, word)
            elif word.startswith(_IGNORE):
                self._refuse(comment, f"{word} is not a suppression: there is none for more lines")
            elif word in _FOREIGN:
                self._refuse(comment, f"{word} is not a suppression")
            elif close := _close_to(word, (_IGNORE, _NEXT_LINE), 0.75):
                self._refuse(comment, f"{word} is not a suppression; did you mean {close[0]!r}?")

    def _refuse(self, comment: Comment, message: str, instead: str = _FORM) -> None:
        from dbguard.rules.bad_suppression import BadSuppression

        self.bad.append(BadSuppression().at(comment.file, comment.span, message, instead))

    def _ignore(self, comment: Comment, match: re.Match[str], word: str) -> None:
        if match["ids"] is None or not match["closed"]:
            self._refuse(comment, f"{word} names no rule")
            return
        until, reason = self._until(comment, match["rest"])
        if until is None:
            return
        if not any(character.isalnum() for character in reason):
            form = f"write dbguard: {word}[{match['ids'].strip()}] and behind it why that is right"
            self._refuse(comment, "the suppression gives no reason", form)
            return
        about = comment.here if word == _IGNORE else comment.following
        if about is None:
            self._refuse(comment, "the suppression stands before no line of code")
            return
        first, last = _lines(comment.file, about)
        for rule in (name.strip() for name in match["ids"].split(",")):
            if self._may_be_suppressed(comment, rule):
                last_day = until if until != date.max else None
                self.suppressions.append(
                    Suppression(rule, reason, comment.file, comment.span, first, last, last_day)
                )

    def _until(self, comment: Comment, rest: str) -> tuple[date | None, str]:
        """Return the last day (the last there is for none) and the reason; None for a bad one."""
        rest = rest.strip()
        for closer in ("*/", "-->"):
            rest = rest.removesuffix(closer).rstrip()
        found = _UNTIL.findall(rest)
        reason = " ".join(_UNTIL.sub("", rest).split()).strip(" :;,#-")
        if not found:
            return date.max, reason
        last_day = _date(found[0])
        if len(found) > 1:
            self._refuse(comment, "the suppression has more than one date")
        elif last_day is None:
            self._refuse(comment, f"until={found[0]} is no date", "write until=YYYY-MM-DD")
        elif last_day < self.today:
            instead = "do what it put off, or decide anew and write a later date"
            self._refuse(comment, f"the suppression expired on {last_day.isoformat()}", instead)
        else:
            return last_day, reason
        return None, reason

    def _may_be_suppressed(self, comment: Comment, rule: str) -> bool:
        if rule in self.rules:
            return True
        if rule in self.guard_rules:
            self._refuse(comment, f"{rule} is about the guard itself: no comment accepts it")
        elif not rule:
            self._refuse(comment, "the suppression names no rule")
        else:
            close = _close_to(rule, self.rules, 0.5)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            self._refuse(comment, f"the suppression names the unknown rule {rule!r}{hint}")
        return False


def _date(text: str) -> date | None:
    """Return the date written as YYYY-MM-DD (RFC 3339, full-date), None for any other text."""
    if not text.isascii() or _DATE.fullmatch(text) is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _close_to(word: str, known: Iterable[str], cutoff: float) -> list[str]:
    # Imported here: most comments are well-formed, where there are any.
    from difflib import get_close_matches

    return get_close_matches(word, list(known), 1, cutoff)
