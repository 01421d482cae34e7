"""Write dbguard/languages/python/calls/index.py from its tables; ``--check`` only says if stale."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from dbguard.languages.python import calls
from tools.generated import write_or_check

FILE = Path(calls.__file__).parent / "index.py"

MODULES = (
    "migrations",
    "stores",
    "orm",
    "servers",
    "graphs",
    "schedulers",
    "dbapi",
    "files",
    "processes",
    "schema",
    "decoding",
    "deferred",
    "text",
)
"""Where two know a name, the first is asked first."""

TABLES = ("EFFECTS", "METHODS", "VALUES", "VALUE_METHODS")

HEADER = '''"""Which module knows a call: so few of them need be imported. Written by tools/call_index.py."""

from __future__ import annotations
'''


def _entries(table: str) -> Iterator[tuple[str, str]]:
    """Yield the names of a table, each with the modules that know it."""
    known: dict[str, list[str]] = {}
    for module in MODULES:
        for name in getattr(import_module(f"{calls.__name__}.{module}"), table, {}):
            known.setdefault(name, []).append(module)
    for name, modules in known.items():
        yield name, " ".join(modules)


def module() -> str:
    """Return the text of the module."""
    lines = [HEADER]
    for table in TABLES:
        lines += [f"{table} = {{"]
        lines += [f'    "{name}": "{modules}",' for name, modules in _entries(table)]
        lines += ["}"]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    sys.exit(write_or_check(module(), FILE, __file__))
