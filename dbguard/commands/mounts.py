"""What a container sees under a path: a folder of the host, or a volume.

https://docs.docker.com/engine/storage/volumes/#syntax. A volume is told by where Docker keeps
it on the host, which :func:`dbguard.databases.volume_of` knows again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from dbguard.commands.invocation import Word
from dbguard.databases import path_of_volume
from dbguard.source import Mapped, Transcript, hole_names


def mounted(words: tuple[Word, ...], options: Iterable[Mapped]) -> tuple[Word, ...]:
    """Return the words of a command in a container with what stands at its mounts put in.

    *options* are the values of ``-v``, ``--volume`` and ``--mount``.
    """
    for source, place in _mounts(options):
        pattern = re.compile(rf"(?<![\w./-]){re.escape(place)}(?=[/*\s\"';&|)]|$)")
        words = tuple(_replaced(word, pattern, source) for word in words)
    return words


def _mounts(options: Iterable[Mapped]) -> Iterator[tuple[str, str]]:
    for option in options:
        text = option.text
        if "=" in text and "," in text:
            parts = dict(part.partition("=")[::2] for part in text.split(","))
            source = parts.get("source") or parts.get("src") or ""
            place = parts.get("target") or parts.get("destination") or parts.get("dst") or ""
        else:
            source, _, rest = text.partition(":")
            place = rest.partition(":")[0]
        place = place.rstrip("/")
        if source and len(place) > 1 and place.startswith("/"):
            yield _on_host(source), place


def _on_host(source: str) -> str:
    """Return where a mount's source lies: the folder itself, or that of a volume."""
    names = hole_names(source)
    for folder in ("PWD", "pwd"):
        if names and names[0] == folder:
            return source.replace(f"__hole_{folder}__", ".", 1)
    return source if "/" in source or source.startswith((".", "~")) else path_of_volume(source)


def _replaced(word: Word, pattern: re.Pattern[str], by: str) -> Word:
    transcript, at = Transcript(), 0
    for match in pattern.finditer(word.text):
        transcript.mapped(word.mapped.slice(at, match.start()))
        span = word.mapped.map.to_outer(match.start(), match.end())
        transcript.inexact(by, span.start, span.end - span.start)
        at = match.end()
    if not at:
        return word
    transcript.mapped(word.mapped.slice(at, len(word.text)))
    return Word(transcript.build(), glob=word.glob)
