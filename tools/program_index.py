"""Write dbguard/commands/program_index.py from the tables; ``--check`` only says if it is stale."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from dbguard.commands import programs
from tools.generated import write_or_check

FILE = Path(programs.__file__).parent.parent / "program_index.py"

HEADER = '''"""Which modules know a program: so few need be imported. Written by tools/program_index.py."""

from __future__ import annotations

PROGRAMS = {'''


def module() -> str:
    """Return the text of the module."""
    known: dict[str, list[str]] = {}
    for name in sorted(module.name for module in iter_modules(programs.__path__)):
        for entry in import_module(f"{programs.__name__}.{name}").ENTRIES:
            for program, _ in entry.patterns():
                modules = known.setdefault(program, [])
                if name not in modules:
                    modules.append(name)
    lines = [f'    "{program}": "{" ".join(names)}",' for program, names in sorted(known.items())]
    return "\n".join([HEADER, *lines, "}", ""])


if __name__ == "__main__":
    sys.exit(write_or_check(module(), FILE, __file__))
