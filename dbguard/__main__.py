"""``python -m dbguard`` and the command ``dbguard``."""

from __future__ import annotations

import gc
import os
import sys

from dbguard.glance import all_clear

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


def main() -> int:
    """Run the command line and return its exit code."""
    try:
        report = all_clear(sys.argv[1:])
        if report is not None and getattr(sys.stdout, "encoding", "").lower() == "utf-8":
            sys.stdout.write(report)
            sys.stdout.flush()
            return 0
    except OSError:
        # The command line meets it again, and has words for it.
        pass
    except KeyboardInterrupt:
        from dbguard.cli import Exit

        return Exit.INTERRUPTED
    from dbguard import cli

    return cli.main()


def run() -> NoReturn:
    """Run the command line as a process of its own, and end that.

    A scan leaves nothing behind that is to be cleared up: the system takes its memory back
    at once. For Python to do so object by object takes 7 ms, half of a bare interpreter's
    start, and to look for garbage among what is only being imported takes 3.
    """
    if sys.argv[1:2] != ["scan"] or sys.gettrace() is not None or sys.getprofile() is not None:
        sys.exit(main())
    gc.disable()  # until the scan begins
    code = main()
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except (OSError, ValueError):
        sys.exit(code)  # as the interpreter puts it
    os._exit(code)


if __name__ == "__main__":
    run()
