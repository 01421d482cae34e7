"""Measure dbguard against a bare interpreter, ripgrep, ruff and squawk, on the same machine.

    python benchmarks/run.py [--only start,django] [--rounds 7] [--cache FOLDER] [--no-write]

Trees come from the Python Package Index as sdists, tools as wheels, both into the cache
folder (outside of the repository); ripgrep is taken from the PATH. Programs that are
compared take turns within one session, and the least of several rounds counts: only the
ratios mean something. The result is compared with benchmarks/results/latest.json and
takes its place.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import venv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import texts

REPOSITORY = Path(__file__).resolve().parent.parent
RESULTS = Path(__file__).resolve().parent / "results" / "latest.json"
DJANGO = "django==5.2.7"
LARGE_TREE = ("django==5.2.7", "sqlalchemy==2.0.44", "alembic==1.17.0", "peewee==3.18.2")
LARGE_TREE_FILES = 100_000
KEYWORDS = "drop|truncate|delete|remove|unlink|rmtree|execute|subprocess|system|reset|flush"
MIB = 1024 * 1024


@dataclass(frozen=True)
class Measured:
    """The least a command took, and the most memory one of its processes held.

    ``seconds`` on the clock, ``cpu`` seconds of all its processes, ``peak`` in bytes.
    """

    seconds: float
    cpu: float
    peak: int


@dataclass(frozen=True)
class Row:
    """A ratio of two measurements (or a size) and what it is held to."""

    case: str
    what: str
    value: float
    target: float | None = None
    unit: str = "x"

    @property
    def verdict(self) -> str:
        if self.target is None:
            return ""
        return "ok" if self.value <= self.target else "MISSED"


class Session:
    """Where things lie, and how often each command runs."""

    def __init__(self, cache: Path, rounds: int) -> None:
        self.cache = cache
        self.rounds = rounds
        self.work = cache / "work"
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir(parents=True)

    # -- bringing trees and tools

    def tool(self, name: str, package: str) -> str | None:
        """Return the program of a package from PyPI, None where it cannot be had."""
        folder = self.cache / "tools"
        program = folder / "bin" / name
        if not program.exists():
            if not folder.exists():
                venv.create(folder, with_pip=True)
            install = [str(folder / "bin" / "pip"), "install", "-q", package]
            if subprocess.run(install, check=False, capture_output=True).returncode != 0:
                return None
        return str(program) if program.exists() else None

    def sdist(self, requirement: str) -> Path:
        """Return the unpacked source distribution of a package."""
        name = requirement.replace("==", "-")
        tree = self.cache / "trees" / name
        if not tree.exists():
            downloads = self.cache / "sdists" / name
            pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps"]
            # Of this package alone: what it takes to build it comes as wheels.
            pip += ["--no-binary", requirement.partition("==")[0], "-d", str(downloads)]
            pip += [requirement]
            subprocess.run(pip, check=True, capture_output=True)
            archive = next(downloads.glob("*.tar.gz"))
            with tarfile.open(archive) as content:
                content.extractall(tree, filter="data")
        return tree

    # -- measuring

    def compare(self, folder: Path, **commands: list[str]) -> dict[str, Measured]:
        """Run commands in turns and return the best round of each."""
        best: dict[str, Measured] = {}
        for _ in range(self.rounds):
            for name, command in commands.items():
                now = _run(command, folder)
                known = best.get(name, now)
                best[name] = Measured(
                    min(now.seconds, known.seconds),
                    min(now.cpu, known.cpu),
                    max(now.peak, known.peak),
                )
        return best


# Findings are 1 with every program that is compared; 3 is dbguard's "incomplete".
_ENDED_WELL = (0, 1, 3)


def _run(command: list[str], folder: Path) -> Measured:
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "PYTHONDONTWRITEBYTECODE": ""}
    start = perf_counter()
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in _ENDED_WELL:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}: nothing measured")
    return Measured(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


def _dbguard(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "dbguard", "scan", *arguments]


# -- the cases


def start(session: Session) -> Iterator[Row]:
    """One file, as a commit hook checks it."""
    folder = session.work / "start"
    folder.mkdir()
    (folder / "quiet.py").write_text(texts.PYTHON_WITHOUT_HIT)
    (folder / "hit.py").write_text(texts.PYTHON_WITH_HIT)
    session.rounds, rounds = max(25, session.rounds), session.rounds
    times = session.compare(
        folder,
        bare=[sys.executable, "-c", "pass"],
        quiet=_dbguard("quiet.py"),
        hit=_dbguard("hit.py"),
    )
    session.rounds = rounds
    bare = times["bare"].seconds
    if times["quiet"].seconds < bare:
        # A run holds a start of the interpreter: the machine was too busy for the rounds.
        raise SystemExit("start: faster than python -c pass, which cannot be: measure again")
    yield Row(
        "start", "200 lines without a hit / python -c pass", times["quiet"].seconds / bare, 1.6
    )
    yield Row("start", "200 lines with one hit / python -c pass", times["hit"].seconds / bare, 4)


def django(session: Session) -> Iterator[Row]:
    """Django's source tree."""
    tree = session.sdist(DJANGO)
    commands = {"dbguard": _dbguard(".", "-q", "--no-config")}
    if rg := shutil.which("rg"):
        commands["rg"] = [rg, "-l", "-i", KEYWORDS, "."]
    if ruff := session.tool("ruff", "ruff"):
        commands["ruff"] = [
            ruff,
            "check",
            "--isolated",
            "--select",
            "S608",
            "--no-cache",
            "-q",
            ".",
        ]
    times = session.compare(tree, **commands)
    ours = times["dbguard"].seconds
    if rg:
        yield Row("django", "dbguard / rg -l", ours / times["rg"].seconds, 3)
    yield Row("django", "processor time", times["dbguard"].cpu, unit="s")
    if ruff:
        yield Row("django", "dbguard / ruff S608", ours / times["ruff"].seconds, 1)


def large(session: Session) -> Iterator[Row]:
    """100,000 files: source distributions side by side, as often as it takes."""
    folder = session.cache / f"large-{LARGE_TREE_FILES}"
    trees = [session.sdist(requirement) for requirement in LARGE_TREE]
    if not folder.exists():
        files, copy = 0, 0
        while files < LARGE_TREE_FILES:
            for tree in trees:
                shutil.copytree(tree, folder / f"{copy}-{tree.name}")
            copy += 1
            files = sum(len(names) for _, _, names in os.walk(folder))
    session.rounds, rounds = 2, session.rounds
    commands = {"dbguard": _dbguard(".", "-q", "--no-config")}
    if rg := shutil.which("rg"):
        commands["rg"] = [rg, "-l", "-i", KEYWORDS, "."]
    times = session.compare(folder, **commands)
    session.rounds = rounds
    if rg:
        yield Row("large", "dbguard / rg -l", times["dbguard"].seconds / times["rg"].seconds, 3.5)
    yield Row("large", "peak memory of one process", times["dbguard"].peak / MIB, 300, "MiB")


def ddl(session: Session) -> Iterator[Row]:
    """5 MB of SQL with 10,000 findings."""
    folder = session.work / "ddl"
    folder.mkdir()
    (folder / "schema.sql").write_text(texts.sql(10_000))
    (folder / "half.sql").write_text(texts.sql(5_000))
    size = (folder / "schema.sql").stat().st_size / 1e6
    session.rounds, rounds = min(3, session.rounds), session.rounds
    commands = {
        "text": _dbguard("schema.sql"),
        "json": _dbguard("schema.sql", "--format=json"),
        "half": _dbguard("half.sql", "--format=json"),
    }
    if squawk := session.tool("squawk", "squawk-cli"):
        commands["squawk"] = [squawk, "--reporter", "Json", "schema.sql"]
    times = session.compare(folder, **commands)
    session.rounds = rounds
    if squawk:
        for form in ("text", "json"):
            ratio = times[form].seconds / times["squawk"].seconds
            yield Row("ddl", f"{form} report / squawk's JSON", ratio, 1)
    yield Row("ddl", "doubling the file, JSON", times["json"].seconds / times["half"].seconds, 2.2)
    yield Row("ddl", "speed with the report", size / times["json"].seconds, unit="MB/s")
    yield Row("ddl", "peak memory / that of half the file",
              times["json"].peak / times["half"].peak, 2.2)  # fmt: skip


def doubling(session: Session) -> Iterator[Row]:
    """20,000 lines with 2,000 hits, against 10,000 with 1,000."""
    folder = session.work / "doubling"
    folder.mkdir()
    made: tuple[tuple[str, Callable[[int], str]], ...] = (
        ("py", texts.python),
        ("sh", texts.shell),
        ("sql", texts.sql),
    )
    for suffix, text in made:
        (folder / f"whole.{suffix}").write_text(text(2_000))
        (folder / f"half.{suffix}").write_text(text(1_000))
        (folder / f"one.{suffix}").write_text(text(1))
        times = session.compare(
            folder,
            one=_dbguard(f"one.{suffix}"),
            half=_dbguard(f"half.{suffix}"),
            whole=_dbguard(f"whole.{suffix}"),
        )
        start_up = times["one"].seconds
        ratio = (times["whole"].seconds - start_up) / (times["half"].seconds - start_up)
        yield Row("doubling", f"20,000 lines of {suffix} / 10,000, less start-up", ratio, 2.2)


CASES = (start, django, large, ddl, doubling)


def _report(rows: list[Row], before: dict[str, float]) -> None:
    width = max(len(row.what) for row in rows)
    for row in rows:
        target = f"at most {row.target:g}" if row.target is not None else ""
        key = f"{row.case}: {row.what}"
        change = f"{row.value / before[key] - 1:+.0%}" if before.get(key) else ""
        print(
            f"{row.case:<9} {row.what:<{width}} {row.value:9.2f} {row.unit:<4} {target:<12} "
            f"{row.verdict:<7} {change}".rstrip()
        )


def main() -> int:
    """Measure, print the table, write the results."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "dbguard-benchmarks"
    parser.add_argument("--cache", type=Path, default=cache)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", default=",".join(case.__name__ for case in CASES))
    parser.add_argument("--no-write", action="store_true")
    arguments = parser.parse_args()
    session = Session(arguments.cache.resolve(), arguments.rounds)
    wanted = arguments.only.split(",")
    rows = [row for case in CASES if case.__name__ in wanted for row in case(session)]
    known = json.loads(RESULTS.read_text()) if RESULTS.exists() else {"values": {}}
    _report(rows, known["values"])
    if not arguments.no_write:
        values = known["values"] | {f"{r.case}: {r.what}": round(r.value, 3) for r in rows}
        machine = (
            f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
        )
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps({"machine": machine, "values": values}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
