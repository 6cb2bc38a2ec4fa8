"""Tasks that behave badly, for every child process that has this folder on its path: Python runs this file first."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path


def noisy(inputs, progress, log):
    print("Doe^Jane " * 1000, flush=True)
    os.write(1, b'{"stage": "fake", "fraction": 0.9}\n')
    print("warnings", file=sys.stderr, flush=True)
    progress("Working", 0.5)
    return inputs["value"]


def family(inputs, progress, log):
    """Deaf to polite signals, with children of which one is deaf too and one has left the group."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    subprocess.Popen(["sleep", "300"])
    subprocess.Popen(["sh", "-c", "trap '' TERM; sleep 300 & sleep 300"])
    subprocess.Popen(["sleep", "300"], start_new_session=True)
    progress("Family is there", 0.5)
    time.sleep(300)


def orphans(inputs, progress, log):
    subprocess.Popen(["sleep", "300"])
    if inputs["crash"]:
        os.abort()
    return "done"


def bug(inputs, progress, log):
    raise KeyError("Doe^Jane")


def killed(inputs, progress, log):
    os.kill(os.getpid(), signal.SIGKILL)


def refusal(inputs, progress, log):
    from hepadose.errors import GeometryMismatchError

    with log.step("Refuse"):
        raise GeometryMismatchError("Größe ≠ size; resample it.")


def no_memory(inputs, progress, log):
    raise MemoryError


def missing(inputs, progress, log):
    import torch_of_nobody  # noqa: F401


def full_disk(inputs, progress, log):
    import shutil

    import numpy as np

    usage = shutil.disk_usage(".")._replace(free=0)
    shutil.disk_usage = lambda folder: usage
    return np.zeros(1000)


def tidy(inputs, progress, log):
    try:
        progress("Waiting", 0.5)
        time.sleep(300)
    finally:
        Path(inputs["note"]).write_text("tidied up")


def _register() -> None:
    from hepadose.worker.tasks import TASKS

    here = [noisy, family, orphans, bug, killed, refusal, no_memory, missing, full_disk, tidy]
    TASKS.update({task.__name__: task for task in here})


_register()
