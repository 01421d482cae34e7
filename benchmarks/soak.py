"""Scan many trees in one process: no crash, no hang, no file passed over, memory flat.

    python benchmarks/soak.py [--rename SUFFIX=SUFFIX ...] FOLDER [FOLDER ...]

Each FOLDER is a tree, or a folder of sdists (``*.tar.gz``), which are unpacked one by one
into a temporary folder. Prints a line a tree where something is wrong, then sums: files,
seconds, the slowest trees, problems by stage, and the memory after each tenth part: as the
system sees it, and what of it is in use once the allocator of the C library has given back
what it holds free in its heap (glibc; elsewhere the two are one). The first creeps up with
what was the most at once; a leak shows in the second. Exits with 1 where dbguard failed
(stage "internal", or an exception).

``--rename .tests=.sh`` scans copies of files under another suffix: the test scripts of
bash bear names that say nothing of their language.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import os
import shutil
import sys
import tarfile
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

from dbguard.config import Config
from dbguard.options import ScanOptions
from dbguard.pipeline import scan

MIB = 1024 * 1024


@dataclass
class Sums:
    """What is counted over all trees."""

    trees: int = 0
    files: int = 0
    findings: int = 0
    unreadable: int = 0
    seconds: list[tuple[float, str]] = field(default_factory=list)
    problems: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)
    in_use: list[float] = field(default_factory=list)


def give_back() -> None:
    """Let the allocator of the C library return to the system what is free in its heap."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if os.name == "posix" else None
    if trim is not None:
        trim(0)


def resident() -> float:
    """Return the memory this process holds, in MiB (Linux), 0 elsewhere."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / MIB


@contextmanager
def unpacked(archive: Path) -> Iterator[Path]:
    """Give the files of an sdist in a folder that goes away."""
    with tempfile.TemporaryDirectory(prefix="soak") as folder:
        try:
            with tarfile.open(archive) as tar:
                tar.extractall(folder, filter="data")
        except (tarfile.TarError, EOFError, OSError) as error:
            print(f"{archive.name}: not unpacked whole: {error}")
        yield Path(folder)


@contextmanager
def renamed(tree: Path, renames: dict[str, str]) -> Iterator[Path]:
    """Give copies of the files with certain suffixes, under others."""
    with tempfile.TemporaryDirectory(prefix="soak") as folder:
        for path in sorted(tree.rglob("*")):
            if path.suffix in renames and path.is_file() and not path.is_symlink():
                target = Path(folder) / path.relative_to(tree)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, target.with_name(path.name + renames[path.suffix]))
        yield Path(folder)


def trees(folders: list[Path], renames: dict[str, str]) -> Iterator[tuple[str, Path]]:
    """Yield the trees with their names, each there as long as it is looked at."""
    for folder in folders:
        archives = sorted(folder.glob("*.tar.gz"))
        if renames:
            with renamed(folder, renames) as tree:
                yield str(folder), tree
        elif not archives:
            yield str(folder), folder
        for archive in archives:
            with unpacked(archive) as tree:
                yield archive.name, tree


def look(name: str, tree: Path, sums: Sums) -> None:
    """Scan one tree and add what came of it."""
    start = perf_counter()
    try:
        report = scan(ScanOptions((str(tree),), tree, Config(), jobs=1))
    except Exception as error:  # noqa: BLE001 (this is what a soak looks for)
        sums.failures.append(f"{name}: {type(error).__name__}: {error}")
        return
    sums.seconds.append((perf_counter() - start, name))
    sums.trees += 1
    sums.files += report.files
    sums.findings += len(report.findings)
    sums.unreadable += report.unreadable
    for problem in report.problems:
        sums.problems[problem.stage] += 1
        if problem.stage == "internal":
            sums.failures.append(f"{name}: {problem.path}: {problem.error}")
    sums.memory.append(resident())


def main() -> int:
    """Run the soak; see the text above."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--rename", action="append", default=[], metavar="SUFFIX=SUFFIX")
    arguments = parser.parse_args()
    renames = dict(text.split("=", 1) for text in arguments.rename)
    sums = Sums()
    for name, tree in trees(arguments.folders, renames):
        look(name, tree, sums)
        if sums.trees % 20 == 0:
            give_back()
            sums.in_use.append(resident())
    total = sum(seconds for seconds, _ in sums.seconds)
    print(f"{sums.trees} trees, {sums.files} files, {sums.findings} findings in {total:.1f} s")
    print("slowest:", *(f"{name} {s:.1f} s;" for s, name in sorted(sums.seconds)[:-6:-1]))
    print("problems by stage:", dict(sums.problems), "unreadable files:", sums.unreadable)
    step = max(1, len(sums.memory) // 10)
    print("memory, MiB:", *(f"{memory:.0f}" for memory in sums.memory[::step]))
    print("of it in use, every 20 trees:", *(f"{memory:.0f}" for memory in sums.in_use))
    for failure in sums.failures:
        print("FAILED", failure)
    return 1 if sums.failures else 0


if __name__ == "__main__":
    sys.exit(main())
