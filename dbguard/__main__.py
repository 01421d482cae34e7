"""``python -m dbguard`` and the command ``dbguard``."""

from __future__ import annotations

import sys

from dbguard.glance import all_clear


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


if __name__ == "__main__":
    sys.exit(main())
