"""A bound that only a hang misses. How fast something is, benchmarks/ measure."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

HANG = 60.0
"""Processor time, in seconds: ten times what any test takes, on a slow machine too."""


@contextmanager
def comes_to_an_end() -> Iterator[None]:
    """Fail where what is done inside takes so long that nobody would wait for it."""
    before = time.process_time()
    yield
    assert time.process_time() - before < HANG
