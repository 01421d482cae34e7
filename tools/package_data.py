"""Copy into the package what it prints or writes; ``--check`` only says if a copy is stale.

The documents and templates of the repository are not installed with the package.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "dbguard" / "adoption"

_INSTRUCTION = re.compile(r"^(```\w+) .*$", re.MULTILINE)
"""What a test is told about an example (``finds=nothing``): not for readers."""


def copies() -> dict[Path, str]:
    """Return the text of each copy by its path."""
    protocol = (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8")
    job = (ROOT / "templates" / "dbguard.gitlab-ci.yml").read_text(encoding="utf-8")
    return {
        PACKAGE / "protocol.md": _INSTRUCTION.sub(r"\1", protocol),
        PACKAGE / "dbguard.gitlab-ci.yml": job,
    }


def main() -> int:
    """Write the copies, or return 1 where one is stale."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    check = parser.parse_args().check
    stale = 0
    for path, text in copies().items():
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale = 1
        if check:
            print(f"{path.name} is stale: run python tools/package_data.py", file=sys.stderr)
        else:
            path.write_text(text, encoding="utf-8")
    return stale if check else 0


if __name__ == "__main__":
    sys.exit(main())
