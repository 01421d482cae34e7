"""Writing reports to files: each is there whole or not at all."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable

from dbguard.report.formats import FORMATS, STANDARD_OUTPUT, Output


def parsed_output(text: str) -> Output:
    """Return what ``FORMAT=FILE`` asks for. Raises ValueError, whose message says why not."""
    name, equals, file = text.partition("=")
    if not equals or not file:
        raise ValueError(f"{text!r} is not FORMAT=FILE")
    if name not in FORMATS:
        from dbguard.suggestion import suggestion

        raise ValueError(f"there is no format {name!r}{suggestion(name, FORMATS)}")
    if file != STANDARD_OUTPUT and not os.path.isdir(os.path.dirname(file) or "."):
        raise ValueError(f"the folder of {file} does not exist")
    if os.path.isdir(file):
        raise ValueError(f"{file} is a folder")
    return Output(name, file)


def write_file(file: str, pieces: Iterable[str]) -> None:
    """Write a report under a temporary name beside *file*, then give it that name.

    What is no regular file (``/dev/stdout``, a pipe) is written to as it is. Lone
    surrogates, which no encoding carries, become ``?``. Raises OSError.
    """
    # Imported here: as a rule a report goes to standard output.
    from pathlib import Path

    from dbguard import durable

    target = os.path.realpath(file)
    try:
        regular = stat.S_ISREG(os.stat(target).st_mode)
    except FileNotFoundError:
        regular = True
    if not regular:
        with open(target, "w", encoding="utf-8", errors="replace", newline="\n") as stream:
            stream.writelines(pieces)
        return
    # A report can be made again: it needs not survive a power cut, and is not waited for.
    with durable.whole(Path(target), synced=False) as stream:
        stream.writelines(piece.encode("utf-8", "replace") for piece in pieces)
