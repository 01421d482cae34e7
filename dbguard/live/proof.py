"""Proving on the side that a backup is what its manifest says, while it is compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from dbguard.live import identity, manifest
from dbguard.live.manifest import Manifest


class Proof:
    """Whether a backup is the file of its manifest: computed here, or by whoever reads it anyway.

    ``segment`` is how many bytes each of the hashes is about that :meth:`settle` asks for, 0
    where it cannot be used.
    """

    def __init__(self, backup: Path, described: Manifest | None, pool: ThreadPoolExecutor) -> None:
        self._backup = backup
        self._described = described
        self._pool = pool
        self._checked: Future[None] | None = None
        self._segments: tuple[str, ...] | None = None
        self.segment = _segment(described) if described is not None else 0

    def begin(self) -> None:
        """Read the backup in another thread, if it has a manifest."""
        if self._described is not None:
            self._checked = self._pool.submit(manifest.check, self._backup, self._described)

    def settle(self, segments: Sequence[str]) -> None:
        """Take the hashes of all segments from one who has read the whole file."""
        self._segments = tuple(segments)

    def end(self) -> None:
        """Raise LossError where the backup is another file, UnfinishedError if unreadable."""
        if self._described is None:
            return
        if self._segments is not None:
            manifest.check_size(self._backup, self._described)
            manifest.check_hash(self._backup, self._segments == self._described.segments)
            return
        if self._checked is None:
            self.begin()
        assert self._checked is not None
        self._checked.result()


def _segment(described: Manifest) -> int:
    """Return the length of the segments of a manifest, 0 unless they make up the whole file."""
    length = described.segment
    if length < identity.BLOCK or length % identity.BLOCK:
        return 0
    return length if -(-described.size // length) == len(described.segments) else 0


@contextmanager
def proof_of(backup: Path) -> Iterator[Proof]:
    """Give the proof of a backup, which is over at the end of the block.

    That the backup is another file is worth more than what a comparison says of it, so it is
    raised then, whatever the block raises. Raises LossError, UnfinishedError.
    """
    described = manifest.read(backup)
    with ThreadPoolExecutor(max_workers=1) as pool:
        proof = Proof(backup, described, pool)
        try:
            yield proof
        finally:
            proof.end()
