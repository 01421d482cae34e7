"""Write dbguard/prefilter_words.py from the tables of calls; ``--check`` only says if it is stale."""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path

from dbguard.languages.python.calls import index
from dbguard.languages.python_contexts import HANDED_ON
from tools.generated import write_or_check

FILE = Path(__file__).resolve().parent.parent / "dbguard" / "prefilter_words.py"

_BY_TEXT = ("getattr", "methodcaller", "attrgetter", "__getattribute__")
"""Calls that find a method by a text."""

EVIDENCE_ONLY = frozenset(
    "connect create_engine create_async_engine create_pool confirm chdir check_returncode"
    " Connection ConnectionPool SimpleConnectionPool Database MySQLDatabase PostgresqlDatabase"
    " get_columns has_table get_table_names get_indexes get_pk_constraint"
    " SqliteDatabase SqliteExtDatabase get_client"
    " PersistentClient QdrantClient connect_async Chroma from_documents from_texts"
    # what Django's migrations add or rename: they are their framework's to back up
    " AddField AlterField CreateModel RenameField RenameModel".split()
)
"""Calls that open a database, prove or add something: no rule judges what they alone do."""

HEADER = '''"""The calls by which a Python file may do something. Written by tools/prefilter_words.py."""

from __future__ import annotations
'''


def words() -> tuple[set[str], dict[str, set[str]]]:
    """Return the methods, and the functions with the packages they come from."""
    methods = {name for name in index.METHODS if name not in EVIDENCE_ONLY} | set(_BY_TEXT)
    functions: defaultdict[str, set[str]] = defaultdict(set)
    for name in index.EFFECTS:
        root, dot, _ = name.partition(".")
        last = name.rpartition(".")[2]
        if not dot:
            methods.add(last)
        elif last not in EVIDENCE_ONLY:
            functions[last].add(root)
    return methods, {last: roots for last, roots in functions.items() if last not in methods}


def module() -> str:
    """Return the text of the module."""
    methods, functions = words()
    lines = [HEADER, "METHODS = frozenset(", "    {"]
    lines += [f'        b"{name}",' for name in sorted(methods)]
    lines += ["    }", ")", "FUNCTIONS = {"]
    for name, roots in sorted(functions.items()):
        listed = ", ".join(f'b"{root}"' for root in sorted(roots))
        lines.append(f'    b"{name}": frozenset({{{listed}}}),')
    lines += ["}", "HANDED_ON = frozenset(", "    {"]
    lines += [f'        b"{name}",' for name in sorted(word.decode() for word in HANDED_ON)]
    return "\n".join([*lines, "    }", ")", ""])


if __name__ == "__main__":
    sys.exit(write_or_check(module(), FILE, __file__))
