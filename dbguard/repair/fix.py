"""What a fix is: one file in :mod:`dbguard.fixes`, named as the rule it fixes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum
from typing import ClassVar

from dbguard.finding import Finding
from dbguard.operations import Operation
from dbguard.records import dataclass
from dbguard.repair.edits import Edit
from dbguard.repair.parsed import Parsed
from dbguard.source import Region, Span


class Safety(Enum):
    """What a fix asks of the person who applies it. The value is what reports print."""

    __hash__ = object.__hash__

    SAFE = "safe"
    """Where all goes well the code does what it did; it stops where it lost data."""

    REVIEW = "needs review"
    """The code does something else than before, which loses less: is it what is wanted?"""

    @property
    def meaning(self) -> str:
        """What it says, in half a line."""
        return _MEANINGS[self]


_MEANINGS = {
    Safety.SAFE: "does what it did, and stops where it would lose data",
    Safety.REVIEW: "does something else, which loses less",
}


@dataclass(frozen=True, slots=True)
class Site:
    """Where a finding is: ``span`` in the text of ``region``, which may stand in others.

    ``operation`` is what it is about, None for the guard's own findings. ``read`` returns
    every operation of the file, in reading order; ``parsed`` are the texts around.
    """

    finding: Finding
    region: Region
    span: Span
    operation: Operation | None
    read: Callable[[], tuple[Operation, ...]]
    parsed: Parsed

    @property
    def text(self) -> str:
        """The text of the region."""
        return self.region.text


@dataclass(frozen=True, slots=True)
class Repair:
    """Edits of a region's text, and what they do, in half a line."""

    region: Region
    edits: tuple[Edit, ...]
    what: str
    safety: Safety | None = None


class Fix:
    """Offers repairs for the findings of one rule. Stateless.

    The docstring of a subclass is what the rule's page says under "Fix". A repair that is
    offered is not believed: it is done in memory, and kept only if the scan of the result
    finds less and nothing new.
    """

    rule: ClassVar[str]
    safety: ClassVar[Safety]
    adds_step: ClassVar[bool] = False
    """Whether it adds a step of the protocol. What mends one that is there is tried before."""

    def repairs(self, site: Site) -> Iterator[Repair]:
        """Yield what may be done about a finding, the best first."""
        return iter(())
