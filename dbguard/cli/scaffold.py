"""``dbguard scaffold``: a whole migration that keeps to the protocol."""

from __future__ import annotations

import argparse

from dbguard.cli.outcome import Exit, UsageError
from dbguard.cli.output import write

_KINDS = ("sql", "python", "alembic", "shell")
_DIALECTS = ("sqlite", "postgresql", "mysql")


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.description = (
        "Print a migration that rebuilds a table: backup, new table, copy, comparison,\n"
        "drop, a look at the result. Where it fails, the old table stays."
    )
    option = parser.add_argument
    option("kind", choices=_KINDS, metavar="KIND", help="sql, python, alembic or shell")
    option("--table", required=True, metavar="T", help="the table to rebuild")
    option("--columns", metavar="DEFINITIONS",
        help="its new columns, as in CREATE TABLE (an example to be replaced)")  # fmt: skip
    option("--dialect", choices=_DIALECTS, metavar="NAME",
        help="of sql: sqlite (default), postgresql or mysql")  # fmt: skip
    option("--database", metavar="FILE", help="of python and shell: the SQLite file (app.db)")


def run(arguments: argparse.Namespace) -> Exit:
    """Print the migration. Raises UsageError where a name cannot be used."""
    from dbguard.scaffold.plan import DEFAULT_COLUMNS, PlanError, plan

    if arguments.dialect and arguments.kind != "sql":
        raise UsageError("--dialect goes with sql")
    if arguments.database and arguments.kind not in ("python", "shell"):
        raise UsageError("--database goes with python and shell")
    try:
        what = plan(
            arguments.table,
            arguments.columns or DEFAULT_COLUMNS,
            arguments.dialect or "sqlite",
            arguments.database or "app.db",
        )
    except PlanError as error:
        raise UsageError(str(error)) from error
    if arguments.kind == "sql":
        from dbguard.scaffold.sql import sql as scaffold
    elif arguments.kind == "python":
        from dbguard.scaffold.python import python as scaffold
    elif arguments.kind == "alembic":
        from dbguard.scaffold.alembic import alembic as scaffold
    else:
        from dbguard.scaffold.shell import shell as scaffold
    write((scaffold(what),))
    return Exit.CLEAN
