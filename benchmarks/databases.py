"""Measure ``dbguard backup`` and ``verify`` on an SQLite database of 1 GB.

    python benchmarks/databases.py [--rounds 3] [--folder FOLDER] [--megabytes 1000]

The yardsticks are ``.backup`` of the command line of SQLite and ``cat`` of both files, which
take turns with dbguard; the least of several rounds counts. Memory is the most that the
process held. Ratios are held to what issue 7 asks: 1.5 and 3.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

TEXT = "".join(chr(97 + n * 7 % 26) for n in range(5000))


def make(path: Path, megabytes: int) -> None:
    """Make a database of orders, users and rows without a key."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT UNIQUE, at TEXT)")
    connection.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, user INTEGER, note TEXT)")
    connection.execute("CREATE TABLE tags (number INTEGER, tag TEXT)")
    count = megabytes * 700
    users = ((n, f"u{n}@example.org", "2026-01-01") for n in range(count))
    connection.executemany("INSERT INTO users VALUES (?, ?, ?)", users)
    orders = ((n, n % count, TEXT[n % 4700 : n % 4700 + 250]) for n in range(count * 4))
    connection.executemany("INSERT INTO orders VALUES (?, ?, ?)", orders)
    tags = ((n % 1000, f"t{n}") for n in range(count))
    connection.executemany("INSERT INTO tags VALUES (?, ?)", tags)
    connection.execute("CREATE INDEX orders_user ON orders (user)")
    connection.commit()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def measured(command: Sequence[str], folder: Path) -> tuple[float, int]:
    """Return the seconds and the most bytes of memory that a command took."""
    os.sync()
    started = perf_counter()
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command} ended with {process.returncode}")
    return perf_counter() - started, usage.ru_maxrss * 1024


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--megabytes", type=int, default=1000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        folder = Path(name)
        make(folder / "app.db", arguments.megabytes)
        print(f"{(folder / 'app.db').stat().st_size / 1e6:.0f} MB")
        guard = (sys.executable, "-m", "dbguard")
        commands: dict[str, Sequence[str]] = {
            ".backup": ("sqlite3", "app.db", ".backup yardstick.db"),
            "backup": (*guard, "backup", "app.db", "--to", "copy.db"),
            "cat": ("cat", "app.db", "copy.db"),
            "verify, same pages": (*guard, "verify", "app.db", "--against", "copy.db"),
        }
        taken: dict[str, list[tuple[float, int]]] = {}
        for _ in range(arguments.rounds):
            for old in ("yardstick.db", "copy.db", "copy.db.manifest.json"):
                (folder / old).unlink(missing_ok=True)
            for what, command in commands.items():
                taken.setdefault(what, []).append(measured(command, folder))
        # Every row of one table written anew: all of it is compared row by row.
        connection = sqlite3.connect(folder / "app.db")
        connection.execute("ALTER TABLE orders RENAME TO old_orders")
        connection.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, user INTEGER, note TEXT)")
        connection.execute("INSERT INTO orders SELECT * FROM old_orders")
        connection.execute("DROP TABLE old_orders")
        connection.execute("CREATE INDEX orders_user ON orders (user)")
        connection.commit()
        connection.close()
        for _ in range(arguments.rounds):
            command = commands["verify, same pages"]
            taken.setdefault("verify, rebuilt table", []).append(measured(command, folder))
    yardsticks = {"backup": (".backup", 1.5), "verify, same pages": ("cat", 3.0),
                  "verify, rebuilt table": ("cat", 3.0)}  # fmt: skip
    for what, results in taken.items():
        seconds, peak = min(r[0] for r in results), max(r[1] for r in results)
        line = f"{what:22} {seconds:6.2f} s  {peak / 2**20:5.0f} MiB"
        if what in yardsticks:
            against, most = yardsticks[what]
            ratio = seconds / min(r[0] for r in taken[against])
            verdict = "ok" if ratio <= most else "MISSED"
            line += f"  {ratio:5.2f} x {against} (at most {most}: {verdict})"
        print(line)


if __name__ == "__main__":
    main()
