"""What is written beside every backup, so that years later one knows what it holds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from dbguard.live import identity
from dbguard.live.failures import LossError, UnfinishedError
from dbguard.records import dataclass

SUFFIX = ".manifest.json"
VERSION = 1


@dataclass(frozen=True, slots=True)
class TableCount:
    """A table and its rows, None where they could not be counted."""

    name: str
    rows: int | None


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds. ``tools`` are the programs that made it, with their versions.

    ``settings`` is what the file itself does not say, like the journal mode. ``segments`` are
    the SHA-256 of each ``segment`` bytes of a large file, which several threads can check.
    """

    engine: str
    database: str
    made: datetime
    file: str
    size: int
    sha256: str
    schema_hash: str
    tables: tuple[TableCount, ...]
    tools: tuple[tuple[str, str], ...]
    settings: tuple[tuple[str, str], ...] = ()
    segment: int = 0
    segments: tuple[str, ...] = ()

    def text(self) -> str:
        """Return the manifest as JSON."""
        return json.dumps(self.document(), indent=2) + "\n"

    def document(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "version": VERSION,
            "engine": self.engine,
            "database": self.database,
            "made": self.made.isoformat(),
            "file": self.file,
            "size": self.size,
            "sha256": self.sha256,
            "schema_hash": self.schema_hash,
            "tables": [{"name": t.name, "rows": t.rows} for t in self.tables],
            "tools": dict(self.tools),
            "settings": dict(self.settings),
            **(
                {"segments": {"bytes": self.segment, "sha256": list(self.segments)}}
                if self.segments
                else {}
            ),
        }


def path_of(backup: Path) -> Path:
    """Return where the manifest of a backup lies."""
    return backup.with_name(backup.name + SUFFIX)


def read(backup: Path) -> Manifest | None:
    """Return the manifest beside a backup, None where there is none. Raises UnfinishedError."""
    path = path_of(backup)
    try:
        return _of(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnfinishedError(f"{path} is no manifest that can be read: {error}") from error


def _of(document: Mapping[str, Any]) -> Manifest:
    if document["version"] != VERSION:
        raise ValueError(f"it is of version {document['version']}")
    segments = document.get("segments", {"bytes": 0, "sha256": ()})
    return Manifest(
        str(document["engine"]),
        str(document["database"]),
        datetime.fromisoformat(document["made"]),
        str(document["file"]),
        int(document["size"]),
        str(document["sha256"]),
        str(document["schema_hash"]),
        tuple(TableCount(str(t["name"]), t["rows"]) for t in document["tables"]),
        tuple((str(k), str(v)) for k, v in document["tools"].items()),
        tuple((str(k), str(v)) for k, v in document["settings"].items()),
        int(segments["bytes"]),
        tuple(map(str, segments["sha256"])),
    )


def check(backup: Path, manifest: Manifest) -> None:
    """Raise LossError where a backup is not the file that the manifest tells of."""
    check_size(backup, manifest)
    try:
        found = identity.sha256(backup)
    except OSError as error:
        raise UnfinishedError(f"{backup} cannot be read: {error.strerror}") from error
    check_hash(backup, found == manifest.sha256)


def check_size(backup: Path, manifest: Manifest) -> None:
    """Raise LossError where a backup is longer or shorter than the manifest tells."""
    try:
        size = backup.stat().st_size
    except OSError as error:
        raise UnfinishedError(f"{backup} cannot be read: {error.strerror}") from error
    if size != manifest.size:
        raise LossError(f"{backup} has {size} bytes, its manifest says {manifest.size}")


def check_hash(backup: Path, is_same: bool) -> None:
    """Raise LossError where hashes of a backup are not those of its manifest."""
    if not is_same:
        raise LossError(f"{backup} is not the file of its manifest: the SHA-256 differs")
