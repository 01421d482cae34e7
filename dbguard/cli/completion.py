"""``dbguard completion``: completions for a shell."""

from __future__ import annotations

import argparse

from dbguard.cli.outcome import Exit
from dbguard.cli.output import write

SHELLS = ("bash", "zsh", "fish")


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.description = (
        "Print the completions of a shell. They are text: completing runs no dbguard.\n"
        "Put them into a file:\n\n"
        "  bash: ~/.local/share/bash-completion/completions/dbguard\n"
        "  zsh:  _dbguard in a folder of $fpath\n"
        "  fish: ~/.config/fish/completions/dbguard.fish"
    )
    parser.add_argument("shell", choices=SHELLS, metavar="SHELL", help="bash, zsh or fish")


def run(arguments: argparse.Namespace) -> Exit:
    """Print the script."""
    from dbguard.cli import completion_scripts

    write((completion_scripts.script(arguments.shell),))
    return Exit.CLEAN
