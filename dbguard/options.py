"""What a scan is asked to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from dbguard.config import Config


@dataclass(frozen=True, slots=True)
class Input:
    """A text from standard input and the name it is checked under."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class ScanOptions:
    """What ``dbguard.pipeline.scan(options) -> Report`` takes.

    ``paths`` are files and folders as the user named them. ``root`` is the absolute
    folder of the project: configuration, excludes and fingerprints are relative to it.
    ``stdin`` is checked instead of ``paths`` where given. ``jobs`` is the number of
    worker processes, 0 to decide by the number of files.
    """

    paths: tuple[str, ...] = (".",)
    root: Path = field(default_factory=Path.cwd)
    config: Config = field(default_factory=Config)
    stdin: Input | None = None
    jobs: int = 0
