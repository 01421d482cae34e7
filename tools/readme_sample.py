"""Put into README.md what dbguard really prints for two short files.

``--check`` writes nothing and fails where the README shows something else.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

README = Path(__file__).resolve().parent.parent / "README.md"

FILES = {
    "deploy.sh": """\
#!/bin/sh
# apply the new models
git pull
rm -f app.db
python -m app.create
""",
    "migrate.sql": """\
CREATE TABLE users_new (id INTEGER PRIMARY KEY, name TEXT);
INSERT INTO users_new SELECT id, name FROM users;
DROP TABLE users;
ALTER TABLE users_new RENAME TO users;
""",
}


def report() -> str:
    """Return the text report on the sample files."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in FILES.items():
            Path(folder, name).write_text(text, encoding="utf-8")
        command = [sys.executable, "-m", "dbguard", "scan", "--no-config"]
        run = subprocess.run(
            command, cwd=folder, capture_output=True, encoding="utf-8", check=False
        )
    # Python itself ends with 1 as well, where it finds no dbguard.
    if run.returncode != 1 or run.stderr:
        raise SystemExit(f"the sample ended with {run.returncode}: {run.stderr}")
    return run.stdout


def main() -> int:
    """Write the README, or return 1 where it is stale."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    check = parser.parse_args().check
    text = README.read_text(encoding="utf-8")
    before, fence, rest = text.partition("```text\n")
    _, end, after = rest.partition("```")
    wanted = before + fence + report() + end + after
    if wanted == text:
        return 0
    if check:
        print("README.md is stale: run python tools/readme_sample.py", file=sys.stderr)
        return 1
    README.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
