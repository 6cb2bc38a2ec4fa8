"""Segmentation of one CT without the main window.

    Slicer --no-main-window --no-splash --python-script segment.py -- CASE_OR_CT --model NAME --output FOLDER [options]

Takes the options of ``hepadose segment`` and never prompts. Slicer does not exit by itself, so every path ends in an
exit with the code: 0 the result is there, 1 the CT cannot be segmented, 2 the call is wrong. With ``--testing`` Slicer
exits 0 where this file's own path is wrong: check that the result exists.
"""

import sys
import traceback


def run(arguments: list[str]) -> int:
    """Exit code of one batch call."""
    try:
        from hepadose.cli import main

        return main(["segment", *(argument for argument in arguments if argument != "--")])
    except SystemExit as stop:  # argparse: wrong call or --help
        return stop.code if isinstance(stop.code, int) else 2
    except BaseException:  # whatever happens, Slicer must not be left running
        traceback.print_exc()
        return 1


def leave(code: int) -> None:
    """End Slicer where there is one, else Python."""
    try:
        import slicer.util
    except ImportError:
        sys.exit(code)
    if hasattr(slicer, "app"):
        slicer.util.exit(code)
    sys.exit(code)


if __name__ == "__main__":
    leave(run(sys.argv[1:]))
