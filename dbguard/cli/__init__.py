"""The command line: arguments and exit codes. The only place for both.

Each command is a module of this package with ``add(parser)``, which adds its options, and
``run(arguments)``, which returns the exit code. Only the one that is asked for is imported,
and what it needs is imported when it runs: ``dbguard --version`` loads next to nothing.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

from dbguard import __version__
from dbguard.cli.outcome import EXIT_CODES, CutShortError, Exit, OutputError, UsageError
from dbguard.cli.output import complain, tolerant_streams

__all__ = ["COMMANDS", "Exit", "command_parser", "main"]

COMMANDS = {
    "scan": "check files and folders (the current folder if none is named)",
    "baseline": "accept the findings there are, so that only new ones fail",
    "explain": "say what a rule finds, and what to do instead",
    "rules": "list the rules",
}
"""What the commands are for, each in half a line. The module bears the command's name."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Like a script, it takes ``sys.argv`` where no arguments are given.
    """
    try:
        options = _parsed(sys.argv[1:] if arguments is None else arguments)
        tolerant_streams()
        return int(importlib.import_module(f"{__name__}.{options.command}").run(options))
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


class _HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Help in few lines, so that it fits a screen of 24."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=26)


def _parsed(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options, with the name of the command as ``command``."""
    parser = argparse.ArgumentParser(
        prog="dbguard",
        description="A static guard against accidental destruction of databases.",
        formatter_class=_HelpFormatter,
        epilog=EXIT_CODES,
    )
    parser.add_argument("--version", action="version", version=f"dbguard {__version__}")
    commands = parser.add_subparsers(
        title="commands", metavar="COMMAND", dest="command", required=True
    )
    asked = next((argument for argument in arguments if not argument.startswith("-")), "")
    for name, purpose in COMMANDS.items():
        added = commands.add_parser(name, help=purpose, formatter_class=_HelpFormatter)
        if name == asked:
            _fill(added, name)
    return parser.parse_args(arguments)


def command_parser(name: str) -> argparse.ArgumentParser:
    """Return the parser of one command, with all its options."""
    parser = argparse.ArgumentParser(prog=f"dbguard {name}", formatter_class=_HelpFormatter)
    _fill(parser, name)
    return parser


def _fill(parser: argparse.ArgumentParser, name: str) -> None:
    importlib.import_module(f"{__name__}.{name}").add(parser)
