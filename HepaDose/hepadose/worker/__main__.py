"""``python -m hepadose.worker FOLDER PARENT`` does one job; only :mod:`hepadose.worker` calls it."""

import sys

from hepadose.worker.child import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
