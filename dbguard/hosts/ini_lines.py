"""Lines of INI files with positions: sections, keys, values that go on."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dbguard.patterns import regex
from dbguard.records import dataclass
from dbguard.source import Region

_SECTION = regex(r"[ \t]*\[([^\]\n]*)\]")
_KEY = regex(r"([A-Za-z][\w.-]*)[ \t]*[=:][ \t]*")


@dataclass(frozen=True, slots=True)
class Entry:
    """A key of a section; ``values`` are the lines of its value, as ranges of the region."""

    section: str
    key: str
    values: tuple[tuple[int, int], ...]


def entries(region: Region, *, indented: bool) -> Iterator[Entry]:
    """Yield the keys of a file in order.

    *indented*: indented lines belong to the value before (as in tox.ini); else a value goes
    on after a backslash at the end of its line (as in systemd units).
    """
    section, key = "", ""
    values: list[tuple[int, int]] = []
    goes_on = False
    for match in re.finditer(r"[^\n]+", region.text):
        line, (start, end) = match[0], match.span()
        if not indented and goes_on:
            if not line.lstrip().startswith(("#", ";")):
                values[-1] = (values[-1][0], end)
                goes_on = line.endswith("\\")
            continue
        if indented and key and line[:1] in (" ", "\t") and line.strip():
            if not line.lstrip().startswith("#"):
                values.append((start + len(line) - len(line.lstrip()), end))
            continue
        if line.lstrip().startswith(("#", ";")) or not line.strip():
            continue
        if key:
            yield Entry(section, key, tuple(values))
            key, values = "", []
        header = _SECTION.match(line)
        if header:
            section = header[1].strip()
            continue
        name = _KEY.match(line)
        if name:
            key = name[1]
            values = [(start + name.end(), end)] if line[name.end() :].strip() else []
            goes_on = not indented and bool(values) and line.endswith("\\")
    if key:
        yield Entry(section, key, tuple(values))
