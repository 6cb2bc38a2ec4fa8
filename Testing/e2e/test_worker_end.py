"""However a job ends, nothing of it is left: no process, no folder, and a reason in words."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest

from hepadose.errors import CancelledError, GeometryMismatchError, HepaDoseError, MissingDependencyError, OutputError
from hepadose.images import Image
from hepadose.registration import RegistrationMethod
from hepadose.segmentation.protocol import SegmentationInputs
from hepadose.timing import Outcome
from hepadose.worker import (
    JobStatus,
    WorkerDiedError,
    WorkerJob,
    start_load_case,
    start_register,
    start_sample_patient,
    start_segment,
)
from hepadose.worker.runner import Runner

from support import PROJECT
from worker_support import descendants, finished, is_running, on_grid, wait_until

pytestmark = pytest.mark.skipif(not Path("/proc").is_dir(), reason="processes are looked up in /proc")


@pytest.fixture
def exchange(tmp_path, monkeypatch) -> Path:
    """The folder for temporary files of this process: with a blank and an umlaut, empty."""
    folder = tmp_path / "Exchange für Müller"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def start(exchange, monkeypatch):
    """Starts one of the badly behaving tasks."""
    monkeypatch.setenv("PYTHONPATH", str(PROJECT / "Testing" / "worker_tasks"))
    return lambda task, **inputs: WorkerJob(Runner(task, inputs))


def stage_reached(job: WorkerJob, stage: str) -> None:
    wait_until(lambda: job.poll().stage == stage or job.poll().status is not JobStatus.RUNNING)
    assert job.poll().stage == stage


def assert_nothing_left(exchange: Path, processes: set[int]) -> None:
    wait_until(lambda: not any(map(is_running, processes)), 3.0)
    wait_until(lambda: not list(exchange.iterdir()), 3.0)


def assert_cancelled_at_once(job: WorkerJob, exchange: Path) -> None:
    processes = descendants(os.getpid())
    assert processes
    began_s = time.monotonic()
    job.cancel()
    assert time.monotonic() - began_s < 0.3
    assert job.poll().status is JobStatus.CANCELLED
    with pytest.raises(CancelledError):
        job.result()
    assert_nothing_left(exchange, processes)
    job.cancel()
    job.close()
    assert job.poll().status is JobStatus.CANCELLED


def fine_images() -> tuple[Image, Image]:
    """A noisy CT with a ball for a liver, large enough that every step takes a while."""
    grid = Image(np.zeros((60, 160, 160), np.float32), (2.0, 2.0, 3.0), (-160.0, -160.0, -90.0))
    k, j, i = np.indices(grid.shape)
    liver = ((k - 30) / 25) ** 2 + ((j - 80) / 45) ** 2 + ((i - 70) / 50) ** 2 < 1
    noise = np.random.default_rng(1).normal(0, 10, grid.shape)
    return grid.with_array((100.0 * liver + noise).astype(np.float32)), grid.with_array(liver)


def test_cancel_while_a_case_is_read_leaves_nothing(exchange, patient):
    job = start_load_case(patient / "dicom")
    wait_until(lambda: job.poll().fraction > 0)
    assert_cancelled_at_once(job, exchange)


@pytest.mark.parametrize("stage", ["Handing over images", "Starting", "B-spline registration"])
def test_cancel_in_the_middle_of_a_registration_leaves_nothing(exchange, stage):
    ct, liver = fine_images()
    job = start_register(ct, ct, liver, liver, RegistrationMethod.BSPLINE)
    if stage == "Handing over images":
        wait_until(lambda: descendants(os.getpid()))
    else:
        stage_reached(job, stage)
    assert_cancelled_at_once(job, exchange)


def test_cancel_in_the_middle_of_a_segmentation_leaves_nothing(exchange):
    ct, liver = fine_images()
    job = start_segment("density_difference", SegmentationInputs(ct, liver, ct))
    stage_reached(job, "Looking for the reaction")
    assert_cancelled_at_once(job, exchange)


def test_cancel_while_the_sample_patient_is_made_leaves_nothing(exchange, tmp_path):
    job = start_sample_patient(tmp_path / "cache")
    stage_reached(job, "Anatomy")
    assert_cancelled_at_once(job, exchange)
    assert list((tmp_path / "cache").iterdir()) == []


def test_cancel_ends_children_of_the_child_even_if_they_resist_or_have_left_the_group(start, exchange):
    job = start("family")
    stage_reached(job, "Family is there")
    wait_until(lambda: len(descendants(os.getpid())) >= 6)
    assert_cancelled_at_once(job, exchange)


def test_a_child_that_is_asked_to_stop_tidies_up_first(start, exchange, tmp_path):
    job = start("tidy", note=str(tmp_path / "note"))
    stage_reached(job, "Waiting")
    (child,) = descendants(os.getpid())
    os.kill(child, signal.SIGTERM)
    finished(job)
    with pytest.raises(CancelledError):
        job.result()
    assert (tmp_path / "note").read_text() == "tidied up"
    assert list(exchange.iterdir()) == []


def test_a_child_steps_back_behind_the_window(start, exchange):
    job = start("tidy", note=os.devnull)
    stage_reached(job, "Waiting")
    (child,) = descendants(os.getpid())
    assert os.getpriority(os.PRIO_PROCESS, child) > os.getpriority(os.PRIO_PROCESS, 0)
    job.close()


def test_cancel_after_the_end_changes_nothing(start, exchange):
    job = start("noisy", value=1)
    finished(job)
    job.cancel()
    assert job.poll().status is JobStatus.DONE
    assert job.result() == 1


def test_a_job_that_nobody_refers_to_is_ended(start, exchange):
    job = start("family")
    stage_reached(job, "Family is there")
    processes = descendants(os.getpid())
    del job
    assert_nothing_left(exchange, processes)


def test_what_libraries_print_disturbs_nothing(start, exchange):
    job = start("noisy", value={"größe": (1, 2.5, None)})
    assert "fake" not in [state.stage for state in finished(job)]
    assert job.result() == {"größe": (1, 2.5, None)}
    assert list(exchange.iterdir()) == []


def test_asking_for_the_result_too_early_is_refused(start, exchange):
    job = start("tidy", note=os.devnull)
    with pytest.raises(HepaDoseError, match="not finished"):
        job.result()
    job.close()


def test_the_steps_of_the_result_end_with_its_value(start, exchange):
    steps = start("noisy", value="all").result_steps()
    while True:
        try:
            assert next(steps) is None
        except StopIteration as end:
            assert end.value == "all"
            return


def ended_with(job: WorkerJob, error: type[HepaDoseError], exchange: Path) -> str:
    """The message of a job that failed."""
    assert finished(job)[-1].status is JobStatus.FAILED
    with pytest.raises(error) as told:
        job.result()
    assert type(told.value) is error
    assert list(exchange.iterdir()) == []
    for secret in ("Doe", str(exchange), "hepadose-"):
        assert secret not in str(told.value)
    return str(told.value)


def test_an_error_keeps_class_message_and_record(start, exchange):
    job = start("refusal")
    assert ended_with(job, GeometryMismatchError, exchange) == "Größe ≠ size; resample it."
    assert [(r.outcome, r.error) for r in job.timing if r.step == "Refuse"] == [
        (Outcome.FAILED, "GeometryMismatchError")
    ]


def test_a_killed_child_is_told_as_lack_of_memory(start, exchange):
    assert "out of memory" in ended_with(start("killed"), WorkerDiedError, exchange)


def test_lack_of_memory_is_told(start, exchange):
    assert "not enough memory" in ended_with(start("no_memory"), WorkerDiedError, exchange)


def test_a_defect_is_told_by_its_class_and_place_without_its_text(start, exchange):
    assert "KeyError" in ended_with(start("bug"), WorkerDiedError, exchange)


def test_a_missing_package_is_told_by_its_name(start, exchange):
    assert "torch_of_nobody" in ended_with(start("missing"), MissingDependencyError, exchange)


def test_a_disk_that_fills_up_in_the_child_is_told(start, exchange):
    assert "full" in ended_with(start("full_disk"), OutputError, exchange)


def test_a_disk_that_is_full_before_the_start_is_told(start, exchange, monkeypatch):
    usage = shutil.disk_usage(exchange)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    assert "full" in ended_with(start("noisy", value=np.zeros(100)), OutputError, exchange)


def test_a_crash_leaves_no_grandchild(start, exchange):
    before = descendants(os.getpid())
    assert "SIGABRT" in ended_with(start("orphans", crash=True), WorkerDiedError, exchange)
    wait_until(lambda: not sleepers() - before, 3.0)


def test_the_end_of_the_work_leaves_no_grandchild(start, exchange):
    before = sleepers()
    finished(start("orphans", crash=False))
    wait_until(lambda: not sleepers() - before, 3.0)


def sleepers() -> set[int]:
    """Processes that sleep for 300 s."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and is_running(int(entry.name)):
            try:
                found |= {int(entry.name)} if b"sleep\x00300" in (entry / "cmdline").read_bytes() else set()
            except OSError:
                continue
    return found


def test_a_wrong_interpreter_is_told(exchange, tmp_path):
    job = start_load_case(tmp_path, python=str(tmp_path / "nowhere"))
    assert "cannot be started" in ended_with(job, MissingDependencyError, exchange)


def test_an_interpreter_without_the_needed_packages_is_told(exchange, tmp_path):
    bare = tmp_path / "python"
    bare.write_text(f'#!/bin/sh\nshift 2\nexec "{sys.executable}" -S -m hepadose.worker "$@"\n')
    bare.chmod(0o755)
    job = start_load_case(tmp_path, python=str(bare))
    assert "numpy" in ended_with(job, WorkerDiedError, exchange)


def test_a_folder_for_temporary_files_that_is_gone_is_told(exchange, tmp_path):
    exchange.rmdir()
    job = start_load_case(tmp_path)
    assert finished(job)[-1].status is JobStatus.FAILED
    with pytest.raises(OutputError, match="temporary folder cannot be used"):
        job.result()


PARENT = """
import sys, time
from hepadose.worker import WorkerJob
from hepadose.worker.runner import Runner
job = WorkerJob(Runner("family", {}))
while job.poll().stage != "Family is there":
    time.sleep(0.01)
print("ready", flush=True)
if sys.argv[1] == "stay":
    time.sleep(300)
"""


@pytest.mark.parametrize("end", ["stay", "leave"], ids=["the parent is killed", "the parent ends"])
def test_no_child_outlives_its_parent(start, exchange, end):
    environment = os.environ | {"TMPDIR": str(exchange)}
    environment["PYTHONPATH"] = os.pathsep.join([str(PROJECT / "HepaDose"), environment["PYTHONPATH"]])
    parent = subprocess.Popen([sys.executable, "-c", PARENT, end], stdout=subprocess.PIPE, env=environment)
    processes = {parent.pid}
    try:
        assert parent.stdout.readline() == b"ready\n"
        processes |= descendants(parent.pid)
        if end == "stay":
            assert len(processes) >= 6
            parent.send_signal(signal.SIGKILL)
        parent.wait(timeout=10)
        parent.stdout.close()
        wait_until(lambda: not list(exchange.iterdir()) and not any(map(is_running, processes)), 5.0)
    finally:
        for pid in filter(is_running, processes):
            os.kill(pid, signal.SIGKILL)


def test_the_folder_can_be_entered_by_its_owner_only(start, exchange, tmp_path):
    job = start("tidy", note=os.devnull)
    stage_reached(job, "Waiting")
    (folder,) = exchange.iterdir()
    assert folder.name.startswith("hepadose-")
    assert folder.stat().st_mode & 0o777 == 0o700
    assert not [file for file in folder.iterdir() if file.suffix not in (".json", ".jsonl", ".npy", ".txt")]
    job.close()
    wait_until(lambda: not list(exchange.iterdir()), 3.0)


def test_a_cropped_structure_finds_its_place_again():
    from hepadose.worker import LoadedStructure

    _, liver = fine_images()
    structure = LoadedStructure("Liver", liver.cropped((slice(2, 58), slice(30, 130), slice(15, 125))), (1, 2, 3))
    assert np.array_equal(on_grid(structure, liver).array, liver.array)
