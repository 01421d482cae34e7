"""Draw what dbguard really prints for two short files, as docs/images/scan.svg.

``--check`` writes nothing and fails where the picture shows something else.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from html import escape
from pathlib import Path

from tools.generated import write_or_check

PICTURE = Path(__file__).resolve().parent.parent / "docs" / "images" / "scan.svg"

FILES = {
    "deploy.sh": """\
#!/bin/sh
# apply the new models
git pull
rm -f app.db
python -m app.create
""",
    "migrate.py": '''\
import shutil
import sqlite3
import time

shutil.copy2("app.db", f"app.db.bak_{time.time_ns()}")
db = sqlite3.connect("app.db")
db.execute("CREATE TABLE users_new (id INTEGER PRIMARY KEY, name TEXT)")
db.execute("INSERT INTO users_new SELECT id, name FROM users")
db.executescript("""
    DROP TABLE users;
    ALTER TABLE users_new RENAME TO users;
""")
''',
}
COMMAND = "dbguard scan"

# Of a character cell, in pixels.
WIDTH, HEIGHT, SIZE, MARGIN = 8.4, 20, 14, 20

# Foregrounds on #0d1117, by the parameters of SGR (ECMA-48, 8.3.117).
_CLASSES = {"1": "b", "2": "d", "1;31": "e", "1;33": "w", "1;36": "n", "1;34": "s", "1;32": "g"}
_STYLE = (
    "text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;"
    "fill:#e6edf3;white-space:pre}.b{font-weight:700}.d{fill:#8b949e}"
    ".e{fill:#ff7b72;font-weight:700}.w{fill:#e3b341;font-weight:700}"
    ".n{fill:#56d4dd;font-weight:700}.s{fill:#79c0ff;font-weight:700}"
    ".g{fill:#7ee787;font-weight:700}"
)


def report() -> str:
    """Return the text report on the sample files, in colour."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in FILES.items():
            Path(folder, name).write_text(text, encoding="utf-8")
        command = [sys.executable, "-m", "dbguard", "scan", "--no-config", "--color=always"]
        run = subprocess.run(
            command, cwd=folder, capture_output=True, encoding="utf-8", check=False
        )
    # Python itself ends with 1 as well, where it finds no dbguard.
    if run.returncode != 1 or run.stderr:
        raise SystemExit(f"the sample ended with {run.returncode}: {run.stderr}")
    return run.stdout


def picture(printed: str) -> str:
    """Return a terminal that shows what was printed, as SVG."""
    lines = [f"\x1b[1;32m$\x1b[0m {COMMAND}", *printed.rstrip("\n").split("\n")]
    plain = [re.sub(r"\x1b\[[\d;]*m", "", line) for line in lines]
    width = round(max(map(len, plain)) * WIDTH + 2 * MARGIN)
    height = len(lines) * HEIGHT + 2 * MARGIN + 24
    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img" aria-labelledby="title">',
        f'<title id="title">{escape("; ".join(_headings(plain)))}</title>',
        f"<style>{_STYLE}</style>",
        f'<rect width="{width}" height="{height}" rx="10" fill="#0d1117"/>',
        *(
            f'<circle cx="{MARGIN + 6 + 20 * number}" cy="22" r="6" fill="{colour}"/>'
            for number, colour in enumerate(("#ff5f57", "#febc2e", "#28c840"))
        ),
    ]
    for number, line in enumerate(lines):
        baseline = MARGIN + 24 + number * HEIGHT + SIZE
        runs = "".join(_run(*run) for run in _runs(line))
        if runs:
            drawn.append(f'<text y="{baseline}">{runs}</text>')
    return "\n".join([*drawn, "</svg>", ""])


def _headings(plain: list[str]) -> Iterator[str]:
    yield "What dbguard prints"
    yield from (line for line in plain if re.match(r"\S+:\d+:\d+: ", line))


def _runs(line: str) -> Iterator[tuple[int, str, str]]:
    """Yield the column, text and class of each stretch of a line."""
    column, name = 0, ""
    for part in re.split(r"(\x1b\[[\d;]*m)", line):
        if part.startswith("\x1b["):
            parameters = part[2:-1]
            name = "" if parameters in ("", "0") else _CLASSES[parameters]
        elif part:
            yield column, part, name
            column += len(part)


def _run(column: int, text: str, name: str) -> str:
    """Return a stretch in its cells, whatever font there is."""
    bare = text.lstrip(" ")
    if not bare.strip():
        return ""
    x = MARGIN + (column + len(text) - len(bare)) * WIDTH
    kind = f' class="{name}"' if name else ""
    length = f'textLength="{len(bare) * WIDTH:.1f}" lengthAdjust="spacingAndGlyphs"'
    return f'<tspan x="{x:.1f}" {length}{kind}>{escape(bare, quote=False)}</tspan>'


if __name__ == "__main__":
    sys.exit(write_or_check(picture(report()), PICTURE, __file__))
