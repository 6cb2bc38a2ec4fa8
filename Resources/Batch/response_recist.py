"""Response category of one patient without the main window.

    Slicer --no-main-window --no-splash --python-script response_recist.py -- BEFORE AFTER --output FOLDER [options]

Takes the options of ``hepadose response`` and never prompts. Slicer does not exit by itself, so every path ends in an
exit with the code: 0 the result is there, 1 the case cannot be computed, 2 the call is wrong. With ``--testing`` Slicer
exits 0 where this file's own path is wrong: check that the result exists.
"""

import sys

if __name__ == "__main__":
    try:
        from hepadose.unattended import run_and_leave
    except BaseException as problem:
        # Without the library, too, Slicer must not be left running.
        import os

        os.write(2, f"HepaDose is not installed here: {problem}\n".encode())
        os._exit(1)
    run_and_leave("response", sys.argv[1:])
