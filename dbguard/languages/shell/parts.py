"""The parts of a word between parsing and splitting."""

from __future__ import annotations

from enum import Enum

from dbguard.records import dataclass
from dbguard.source import Mapped, Span


class PartKind(Enum):
    """What the shell still does with a part."""

    PLAIN = "plain"  # written unquoted: braces and globs are expanded
    QUOTED = "quoted"
    SPLIT = "split"  # an unquoted expansion: split at blanks, globs are expanded
    ARRAY = "array"  # "$@": one word for each field


@dataclass(frozen=True, slots=True)
class Part:
    """One or several texts; ``glob`` if they stand for the files that match them.

    ``span`` is where an expansion is used.
    """

    fields: tuple[Mapped, ...]
    kind: PartKind
    glob: bool = False
    span: Span | None = None
