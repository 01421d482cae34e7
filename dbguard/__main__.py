"""``python -m dbguard``."""

import sys

from dbguard.cli import main

if __name__ == "__main__":
    sys.exit(main())
