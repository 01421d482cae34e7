"""How repairs are written where their texts stand: found out by reading the file again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from dbguard.fixing.encoding import Written
from dbguard.fixing.workbench import Reading, place_of
from dbguard.records import dataclass
from dbguard.repair.edits import Edit, OverlapError, Patch
from dbguard.repair.fix import Repair
from dbguard.repair.places import SPELLINGS, Spelling, outer_edits
from dbguard.source import Region

_TRIES = 3
"""After so many repairs of one sort that cannot be written the rest of them is not tried."""

Read = Callable[[str], Reading]
"""Reads the file as it would be with a text."""


@dataclass(frozen=True, slots=True)
class Spelt:
    """Edits of a file that do repairs, and which of the repairs cannot be written there."""

    patch: Patch
    text: str
    refused: tuple[Repair, ...]


class Speller:
    """Remembers of one file what was written in which way, and read back as it was meant."""

    def __init__(self) -> None:
        self._by_place: dict[object, Spelling] = {}
        self._in_vain: Counter[object] = Counter()

    def spelt(self, repairs: Sequence[Repair], written: Written, read: Read) -> Spelt:
        """Write repairs that touch no place of one another into a file.

        What stands in another text has to read as it is meant after the edits, each on its
        own if not all at once.
        """
        own: dict[int, Spelling] = {}
        refused = {id(one): one for one in repairs if not _can_be_encoded(one, written)}
        while True:
            left = [repair for repair in repairs if id(repair) not in refused]
            ways = [own.get(id(repair), self._way(repair)) for repair in left]
            patch = _patch(zip(left, ways, strict=True))
            text = patch.applied(written.text)
            wrong = _misread(left, patch, text, read)
            if wrong is None:
                return Spelt(patch, text, tuple(refused.values()))
            way = self._found(wrong, written, read) if id(wrong) not in own else None
            if way is not None:
                own[id(wrong)] = self._by_place[_surroundings(wrong.region)] = way
                continue
            refused[id(wrong)] = wrong
            self._in_vain[_likes(wrong)] += 1
            if self._in_vain[_likes(wrong)] >= _TRIES:
                refused.update((id(one), one) for one in left if _likes(one) == _likes(wrong))

    def _way(self, repair: Repair) -> Spelling:
        return self._by_place.get(_surroundings(repair.region), SPELLINGS[0])

    def _found(self, repair: Repair, written: Written, read: Read) -> Spelling | None:
        """Return the first way to write a repair that reads back as it is meant."""
        seen: set[tuple[Edit, ...]] = set()
        for way in SPELLINGS if repair.region.parent is not None else SPELLINGS[:1]:
            patch = _patch([(repair, way)])
            if patch.edits in seen:
                continue
            seen.add(patch.edits)
            text = patch.applied(written.text)
            if _misread([repair], patch, text, read) is None:
                return way
        return None


def _likes(repair: Repair) -> object:
    """Return what repairs have in common of which none can be written if some cannot."""
    return _surroundings(repair.region), repair.what, any("\n" in e.text for e in repair.edits)


def _patch(spelt: Iterable[tuple[Repair, Spelling]]) -> Patch:
    edits = (outer_edits(repair.region, repair.edits, way) for repair, way in spelt)
    return Patch(edit for one in edits if one is not None for edit in one)


def _surroundings(region: Region) -> object:
    """Return what decides how a text is written: where it stands, and in which quotes."""
    at = place_of(region)
    return region.language, region.route, region.file.text[max(0, at - 3) : at]


def _can_be_encoded(repair: Repair, written: Written) -> bool:
    try:
        for edit in repair.edits:
            edit.text.encode(written.encoding)
    except UnicodeError:
        return False
    return True


def _misread(repairs: Sequence[Repair], patch: Patch, text: str, read: Read) -> Repair | None:
    """Return a repair after which its text does not read as it was meant, or None."""
    inside = [repair for repair in repairs if repair.region.parent is not None]
    if not inside:
        return None
    meant = meanings(inside)
    reading = read(text)
    for repair in inside:
        at, inner = place_of(repair.region), meant[region_key(repair.region)]
        # Of an escape at the very beginning a part may belong to no piece of the text.
        first, last = (patch.moved_place(at, behind=behind) for behind in (False, True))
        if inner is None or not reading.has(inner, first, last):
            return repair
    return None


def region_key(region: Region) -> tuple[str, int, str]:
    """Return what tells a text of a file from the others, however often it was read."""
    return region.language, place_of(region), region.text


def meanings(repairs: Iterable[Repair]) -> dict[tuple[str, int, str], str | None]:
    """Return what each text says after its repairs, None where they meet."""
    edits: dict[tuple[str, int, str], list[Edit]] = {}
    for repair in repairs:
        edits.setdefault(region_key(repair.region), []).extend(repair.edits)
    return {key: _after(key[2], of_region) for key, of_region in edits.items()}


def _after(text: str, edits: Iterable[Edit]) -> str | None:
    try:
        return Patch(edits).applied(text)
    except OverlapError:
        return None
