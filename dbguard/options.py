"""What a scan is asked to do."""

from __future__ import annotations

import os

from dbguard.baseline import Baseline
from dbguard.config import Config
from dbguard.finding import Finding
from dbguard.records import dataclass, field

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import date

    from dbguard.shards import Shard


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
    worker processes, 0 to decide by the number of files. ``today`` is what dates of
    suppressions are compared with, None for the day it is.

    ``diff`` names the commit since whose merge base findings are reported, '' for all;
    ``staged``: those of what is staged, in the version of the index. ``policy_from`` names
    the commit the settings come from; ``weakened`` is what the settings would lose by the
    change. ``shard`` is the part of the files that is judged, None for all.
    """

    paths: tuple[str, ...] = (".",)
    root: str | os.PathLike[str] = field(default_factory=os.getcwd)
    config: Config = field(default_factory=Config)
    stdin: Input | None = None
    jobs: int = 0
    today: date | None = None
    baseline: Baseline = field(default_factory=Baseline)
    diff: str = ""
    staged: bool = False
    policy_from: str = ""
    weakened: tuple[Finding, ...] = ()
    shard: Shard | None = None
