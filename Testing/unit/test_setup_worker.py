"""The check of this computer crosses the border of a child process unchanged."""

import contextlib
import time

from hepadose.findings import Level
from hepadose.setup.check import ApplicationFacts
from hepadose.setup.packages import PACKAGES, PackageState
from hepadose.worker import JobStatus, start_check_computer


def test_the_check_runs_in_a_child_process_and_tells_about_application_machine_and_packages():
    with contextlib.closing(start_check_computer(ApplicationFacts("5.10.0", slicerrt=True))) as job:
        end_s = time.monotonic() + 60.0
        while (state := job.poll()).status is JobStatus.RUNNING and time.monotonic() < end_s:
            time.sleep(0.05)
        assert state.status is JobStatus.DONE
        check = job.result()
    subjects = {finding.subject: finding for finding in check.findings}
    assert subjects["3D Slicer"].level is Level.WARNING
    assert {"Processor", "Memory", "Disk space", "Graphics card", "SlicerRT"} <= subjects.keys()
    assert tuple(status.package for status in check.packages) == PACKAGES
    assert check.packages[0].state is PackageState.READY
