"""What the commands on live databases share: options, output, and what errors mean."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from dbguard.cli.outcome import Exit, UsageError
from dbguard.cli.output import complain, write

if TYPE_CHECKING:
    from dbguard.live.address import Address

DATABASE = """\
DB is an SQLite file, a URL (postgresql://USER@HOST/NAME, mysql://...), or
env:NAME, a variable that holds one with its password.
"""

EXIT_CODES = """\
exit code: 0 done, all is well; 1 loss, damage or findings; 2 wrong usage or
refused, nothing touched; 3 not finished; 4 internal error
"""

VERSION = 1
"""Of the documents that --json prints."""


def add_database(parser: argparse.ArgumentParser, purpose: str) -> None:
    """Add the database, and how the answer is given."""
    parser.description = f"{purpose}\n\n{DATABASE}"
    parser.epilog = EXIT_CODES
    parser.add_argument("database", metavar="DB", help="path, URL or env:NAME")
    add_json(parser)


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add how the answer is given."""
    parser.add_argument("--json", action="store_true", help="one JSON document instead of text")


def add_comparison(parser: argparse.ArgumentParser) -> None:
    """Add what a comparison must be told."""
    parser.add_argument("--renamed", action="append", default=[], metavar="OLD=NEW",
        help="table, or TABLE.COLUMN=NEW, if not found by itself")  # fmt: skip
    parser.add_argument("--accept", action="append", default=[], metavar="NAME",
        help="may be lost or changed: table, TABLE.COLUMN, index ...")  # fmt: skip


def renames(arguments: argparse.Namespace) -> Mapping[str, str]:
    """Return the renames that are told. Raises UsageError."""
    told = {}
    for text in arguments.renamed:
        old, equals, new = text.partition("=")
        if not equals or not old or not new:
            raise UsageError(f"--renamed {text}: write OLD=NEW or TABLE.OLD=NEW")
        told[old.casefold()] = new
    return told


def accepted(arguments: argparse.Namespace) -> frozenset[str]:
    """Return the names of what may be lost."""
    return frozenset(name.casefold() for name in arguments.accept)


def answered(arguments: argparse.Namespace, work: Callable[[], Answer]) -> Exit:
    """Do the work of a command, print its answer, and return the exit code."""
    from dbguard.live.failures import LiveError, LossError, RefusedError, in_words

    is_internal = True
    try:
        answer = work()
        is_internal = False
    except UsageError as error:
        is_internal = False
        return failed(arguments, str(error), Exit.USAGE)
    except KeyboardInterrupt:
        is_internal = False
        return failed(arguments, "interrupted", Exit.INTERRUPTED)
    except OSError as error:
        is_internal = False
        return failed(arguments, in_words(error), Exit.INCOMPLETE)
    except LiveError as error:
        is_internal = False
        code = Exit.INCOMPLETE
        if isinstance(error, LossError):
            code = Exit.FINDINGS
        elif isinstance(error, RefusedError):
            code = Exit.USAGE
        return failed(arguments, str(error), code)
    finally:
        if is_internal and arguments.json:
            # Standard error tells more; a program that reads us gets its document all the same.
            _print(arguments, {"error": "internal error"}, Exit.INTERNAL)
    if arguments.json:
        _print(arguments, answer.document, answer.code)
    else:
        write(f"{_safe(line)}\n" for line in answer.lines)
    return answer.code


def failed(arguments: argparse.Namespace, why: str, code: Exit) -> Exit:
    """Say why nothing came of it, to people and, where asked for, to programs."""
    if arguments.json:
        _print(arguments, {"error": why}, code)
    return complain(why, code)


class Answer:
    """What a command found: for programs, for people, and as an exit code."""

    def __init__(self, document: Mapping[str, Any], lines: Iterable[str], code: Exit) -> None:
        self.document = document
        self.lines = lines
        self.code = code


def _print(arguments: argparse.Namespace, document: Mapping[str, Any], code: Exit) -> None:
    whole = {"version": VERSION, "command": arguments.command, "exit": int(code), **document}
    write((json.dumps(whole, indent=2) + "\n",))


def _safe(line: str) -> str:
    from dbguard.report.escape import escape

    return escape(line)


def address_of(arguments: argparse.Namespace) -> Address:
    """Return the database that is asked about; warn where its password can be read by others."""
    from dbguard.live.address import parsed

    address = parsed(arguments.database)
    if address.exposed:
        sys.stderr.write(
            "dbguard: the password stands on the command line, where other users can read it; "
            "put the URL into a variable and write env:NAME\n"
        )
    return address
