"""``python -m hepadose`` is the command line."""

import sys

from hepadose.cli import main

if __name__ == "__main__":
    sys.exit(main())
