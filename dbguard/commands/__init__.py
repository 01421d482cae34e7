"""What command-line programs do to databases.

:func:`lower` takes a command line, whoever wrote it, and returns flow nodes. What the
programs do is data: a module of ``dbguard.commands.programs`` for each family, found by
walking that package and checked when it is loaded. One entry is one thing a program does::

    Command(
        "knex migrate:rollback",                 # programs and subcommand
        kind=Kind.RESET,
        needs="--all",                           # one of these options must be there
        unless="--help",                         # none of these may be
        values="--knexfile --cwd --env",         # options that take a value
        environment="--env $NODE_ENV",           # where it is told which environment it is for
        documentation="https://knexjs.org/guide/migrations.html",
    )

``target="1 -d $PGDATABASE"`` reads: the first operand, else the value of ``-d``, else
the variable. ``Client`` is a program that runs SQL, ``Wrapper`` one that runs another
program, ``Custom`` a function for the command lines no table describes. The words mean
what :mod:`dbguard.commands.entry` and :meth:`dbguard.commands.match.Match.select` say.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dbguard.commands.lowering import lower, vocabulary
    from dbguard.commands.printed import printed

__all__ = ["lower", "printed", "vocabulary"]


_MODULES = {"lower": "lowering", "vocabulary": "lowering", "printed": "printed"}


def __getattr__(name: str) -> object:
    """Load the tables when a command line is met: many files run none."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    found: object = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = found
    return found
