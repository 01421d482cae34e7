"""The command line of the generators: write what is generated, or with ``--check`` compare it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def write_or_check(text: str, path: Path, tool: str) -> int:
    """Write *text* to *path*, or with ``--check`` write nothing and return 1 where it differs.

    *tool* is the generator's path, which is named to whoever has to run it.
    """
    parser = argparse.ArgumentParser(description=f"Write {path.name}.")
    parser.add_argument("--check", action="store_true", help="write nothing")
    check = parser.parse_args().check
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return 0
    if check:
        shown = path.resolve().relative_to(ROOT)
        print(f"{shown} is stale: run python tools/{Path(tool).name}", file=sys.stderr)
        return 1
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return 0
