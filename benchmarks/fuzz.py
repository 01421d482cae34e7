"""Mutate the fixtures at random and scan what comes of it: nothing may crash or hang.

    python benchmarks/fuzz.py [--minutes 10] [--seed 1] [--limit-seconds 20]

Prints what failed (an internal problem, an exception, a scan beyond the limit) with the
text's path in --keep, and in the end how many texts were scanned. Exits with 1 on failure.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
from pathlib import Path
from time import monotonic
from types import FrameType

from dbguard.config import Config
from dbguard.options import ScanOptions
from dbguard.pipeline import scan

REPOSITORY = Path(__file__).resolve().parent.parent
PIECES = (
    b"'", b'"', b"`", b"$(", b")", b"((", b"))", b"{", b"}", b"${", b"\\", b"\n", b"\r\n", b"\t",
    b"\0", b"\xff", b"\xef\xbb\xbf", "\u202e".encode(), "\u2028".encode(), b"<<EOF\n", b"EOF\n",
    b"'''", b'"""', b"/*", b"*/", b"--", b"$$", b"; ", b" && ", b" || ", b"|", b"# ", b"{{", b"}}",
    b"%s", b"f'{", b"&a ", b"*a", b"<<: *a", b"- ", b": ", b"[", b"]", b"if ", b"then ", b"fi\n",
    b"BEGIN ", b"END;", b"DROP TABLE users;", b"rm -f app.db\n", b"os.remove('a.db')\n",
    b"# dbguard: ignore[drop-table] x", b"eval ", b"bash -c ", b"exec(", b"for x in ", b"do ",
    b"done\n", b"import ", b"def f():\n ", b"lambda: ", b"\x1b[31m", b"::error::", b"DELIMITER //\n",
)  # fmt: skip


def mutated(data: bytes, others: list[bytes], choose: random.Random) -> bytes:
    """Return *data* with one to six accidents in it."""
    for _ in range(choose.randint(1, 6)):
        data = accident(data, choose.choice(others), choose)[:200_000]
    return data


def accident(data: bytes, other: bytes, choose: random.Random) -> bytes:
    """Return *data* with something deleted, inserted, repeated, cut or taken from *other*."""
    at, end = sorted(choose.randint(0, len(data)) for _ in range(2))
    end = min(end, at + choose.choice((1, 8, 80, 800)))
    before, inside, after = data[:at], data[at:end], data[end:]
    match choose.randrange(7):
        case 0:
            return before + after
        case 1:
            return before + choose.choice(PIECES) + inside + after
        case 2:
            return before + choose.choice(PIECES) * choose.choice((2, 50, 3000)) + inside + after
        case 3:
            return before + inside + inside + after
        case 4:
            return before + bytes(choose.randrange(256) for _ in range(4)) + inside + after
        case 5:
            return before + other[at:end] + after
        case _:
            return before + other + (after if choose.random() < 0.5 else b"")


class Hang(BaseException):
    """A scan went on beyond the limit."""


def _alarm(_: int, __: FrameType | None) -> None:
    raise Hang


def failure(name: str, data: bytes, folder: Path, limit: int) -> str:
    """Return what went wrong in scanning *data* under a name, '' if nothing did."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    signal.setitimer(signal.ITIMER_PROF, limit)
    try:
        report = scan(ScanOptions((str(path),), folder, Config(), jobs=1))
    except Hang:
        return f"takes more than {limit} seconds of the processor"
    except Exception as error:  # noqa: BLE001 (this is what a fuzzer looks for)
        return f"{type(error).__name__}: {error}"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        path.unlink()
    internal = [problem.error for problem in report.problems if problem.stage == "internal"]
    if internal:
        return internal[0]
    looked_at = report.files + report.unreadable + report.skipped
    return "" if looked_at == 1 else f"{looked_at} files looked at"


def main() -> int:
    """Fuzz for so many minutes; see the text above."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit-seconds", type=int, default=20)
    parser.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir()) / "dbguard-fuzz")
    arguments = parser.parse_args()
    signal.signal(signal.SIGPROF, _alarm)
    choose = random.Random(arguments.seed)
    fixtures = REPOSITORY / "fixtures"
    paths = sorted(p for p in fixtures.rglob("*") if p.is_file() and p.suffix != ".expect")
    texts = {path: path.read_bytes() for path in paths}
    others = [data for data in texts.values() if len(data) < 20_000]
    arguments.keep.mkdir(parents=True, exist_ok=True)
    end, scanned, failed = monotonic() + 60 * arguments.minutes, 0, 0
    with tempfile.TemporaryDirectory(prefix="fuzz") as folder:
        os.chdir(folder)
        while monotonic() < end:
            path = choose.choice(paths)
            data = mutated(texts[path], others, choose)
            parts = path.relative_to(fixtures).parts
            name = str(Path(*parts[2:])) if parts[0] in ("hosts", "projects") else path.name
            scanned += 1
            if why := failure(name, data, Path(folder), arguments.limit_seconds):
                failed += 1
                kept = arguments.keep / f"{failed}-{path.name}"
                kept.write_bytes(data)
                print(f"FAILED {kept} (as {name}): {why}", flush=True)
    print(f"{scanned} texts scanned, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
