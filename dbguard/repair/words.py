"""A command as a list of words, whether the shell has it or a list in Python."""

from __future__ import annotations

from collections.abc import Sequence

from dbguard.records import dataclass
from dbguard.repair.edits import Edit
from dbguard.source import Span


@dataclass(frozen=True, slots=True)
class Word:
    """``plain`` is what it says, ``written`` how it is written, ``span`` where."""

    plain: str
    written: str
    span: Span

    def replaced(self, plain: str) -> Edit:
        """Return the edit that makes it say something else, in the quotes it has."""
        at = self.written.find(self.plain)
        before, behind = self.written[:at], self.written[at + len(self.plain) :]
        return Edit(self.span, before + plain + behind)


def removed(words: Sequence[Word], index: int) -> Edit:
    """Return the edit that takes out a word, with what divides it from the one before."""
    return Edit(Span(words[index - 1].span.end, words[index].span.end), "")
