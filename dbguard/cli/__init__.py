"""The command line: arguments and exit codes. The only place for both.

Each command is a module of this package with ``add(parser)``, which adds its options, and
``run(arguments)``, which returns the exit code. Only the one that is asked for is imported,
and what it needs is imported when it runs: ``dbguard --version`` loads next to nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

from dbguard.cli.outcome import CutShortError, Exit, OutputError, UsageError
from dbguard.cli.output import complain, tolerant_streams

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

__all__ = ["COMMANDS", "Exit", "command_parser", "main"]

COMMANDS = {
    "scan": "check files and folders (the current folder if none is named)",
    "fix": "show, or write, what does away with findings",
    "scaffold": "print a migration that keeps to the protocol",
    "baseline": "accept the findings there are, so that only new ones fail",
    "merge": "join the reports of a scan in parts (scan --shard)",
    "explain": "say what a rule finds, and what to do instead",
    "rules": "list the rules",
    "protocol": "print the protocol that the rules measure by",
    "init": "set dbguard up here: show what would be written, and ask",
    "doctor": "prove that the installed hook blocks a commit that destroys",
    "completion": "print the completions of a shell",
    "inspect": "say what a database holds, and what state it is in",
    "backup": "back up a database under a name with the time, and check it",
    "verify": "compare a database with a backup: is every old row still there?",
    "migrate": "change a database by a script: rehearsed, applied, verified",
    "restore": "put a backup in the place of a damaged database",
}
"""What the commands are for, each in half a line. The module bears the command's name."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Like a script, it takes ``sys.argv`` where no arguments are given.
    """
    try:
        options = _parsed(sys.argv[1:] if arguments is None else arguments)
        tolerant_streams()
        return int(import_module(f"{__name__}.{options.command}").run(options))
    except UsageError as error:
        return complain(str(error), Exit.USAGE)
    except CutShortError as error:
        return complain(str(error), Exit.INCOMPLETE)
    except OutputError as error:
        return complain(str(error), Exit.INTERNAL)
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except Exception:  # noqa: BLE001 (the outermost place: never end green, never a bare trace)
        import traceback

        traceback.print_exc()
        sys.stderr.write(
            "dbguard: internal error, the scan is not complete. Please report the lines above "
            "with the file that caused them.\n"
        )
        return Exit.INTERNAL


def _parsed(arguments: Sequence[str]) -> Namespace:
    """Return the options, with the name of the command as ``command``."""
    if arguments[:1] == ["scan"] and not any(word.startswith("-") for word in arguments):
        # As commit hooks call it. There is nothing for argparse to do, which takes as long
        # as the interpreter's own start.
        from types import SimpleNamespace

        from dbguard.cli.scan import DEFAULTS

        return SimpleNamespace(  # type: ignore[return-value]
            **DEFAULTS, paths=list(arguments[1:]), command="scan"
        )
    from dbguard.cli.parser import parser

    return parser(arguments).parse_args(arguments)


def command_parser(name: str) -> ArgumentParser:
    """Return the parser of one command, with all its options."""
    from dbguard.cli import parser

    return parser.command_parser(name)
