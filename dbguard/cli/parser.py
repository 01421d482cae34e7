"""The parser of the command line."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from importlib import import_module

from dbguard import __version__
from dbguard.cli import COMMANDS
from dbguard.cli.outcome import EXIT_CODES


class _HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Help in few lines, so that it fits a screen of 24."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=26)


def parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    """Return the parser; of the commands only the one that *arguments* name has its options."""
    width = max(map(len, COMMANDS))
    listed = "\n".join(f"  {name:<{width}}  {purpose}" for name, purpose in COMMANDS.items())
    whole = argparse.ArgumentParser(
        prog="dbguard",
        usage="dbguard [--help] [--version] COMMAND ...",
        add_help=False,  # said in the first line: the commands fill a screen
        description=f"A static guard against accidental destruction of databases.\n\n{listed}",
        formatter_class=_HelpFormatter,
        epilog=EXIT_CODES,
    )
    whole.add_argument("-h", "--help", action="help", help=argparse.SUPPRESS)
    whole.add_argument("--version", action="version", version=f"dbguard {__version__}",
        help=argparse.SUPPRESS)  # fmt: skip
    commands = whole.add_subparsers(
        metavar="COMMAND", dest="command", required=True, help=argparse.SUPPRESS
    )
    asked = next((argument for argument in arguments if not argument.startswith("-")), "")
    for name, purpose in COMMANDS.items():
        added = commands.add_parser(name, help=purpose, formatter_class=_HelpFormatter)
        if name == asked:
            _fill(added, name)
    return whole


def command_parser(name: str) -> argparse.ArgumentParser:
    """Return the parser of one command, with all its options."""
    parser = argparse.ArgumentParser(prog=f"dbguard {name}", formatter_class=_HelpFormatter)
    _fill(parser, name)
    return parser


def _fill(parser: argparse.ArgumentParser, name: str) -> None:
    import_module(f"dbguard.cli.{name}").add(parser)
