"""What a child process tells, how long it will still take, and why it died."""

from __future__ import annotations

import os
import signal
import sys
from itertools import pairwise

import pytest

from hepadose.errors import MissingDependencyError, SettingsError
from hepadose.segmentation.protocol import Segmenter
from hepadose.worker import available_segmenters, start_segment
from hepadose.worker.messages import Progress, ProgressReader, ProgressWriter, death_in_words, harmless
from hepadose.worker.process import child_environment, find_python
from hepadose.worker.remaining import RemainingTime
from hepadose.worker.segmenters import make_segmenter
from hepadose.worker.stages import part, reshaped


def test_the_newest_complete_message_is_read_once(tmp_path):
    write, reader = ProgressWriter(tmp_path / "p"), ProgressReader(tmp_path / "p")
    assert reader.newest() is None
    write("Rigid", 0.1)
    write("Affine", 0.25)
    assert reader.newest() == Progress("Affine", 0.25)
    assert reader.newest() is None


def test_a_torn_line_is_read_when_its_rest_arrives(tmp_path):
    reader = ProgressReader(tmp_path / "p")
    (tmp_path / "p").write_bytes('{"stage": "Größe", "fra'.encode()[:15])
    assert reader.newest() is None
    (tmp_path / "p").write_bytes('{"stage": "Größe", "fraction": 0.5}\n'.encode())
    assert reader.newest() == Progress("Größe", 0.5)


def test_foreign_lines_are_passed_over(tmp_path):
    (tmp_path / "p").write_bytes(b'noise\n{"stage": "A", "fraction": 2}\n[]\n\xff\xfe\n{"stage": 1}\n')
    assert ProgressReader(tmp_path / "p").newest() == Progress("A", 1.0)


def test_thousands_of_equal_messages_are_written_once(tmp_path):
    write = ProgressWriter(tmp_path / "p")
    for step in range(5000):
        write("Same", 0.5 + step * 1e-8)
    assert len((tmp_path / "p").read_text().splitlines()) == 1


def test_progress_that_cannot_be_written_stops_nothing(tmp_path):
    ProgressWriter(tmp_path / "missing" / "p")("Going on", 0.5)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("ValueError: patient Doe^Jane", "ValueError"),
        ("pydicom.errors.InvalidDicomError: /data/Doe/1.dcm", "InvalidDicomError"),
        ("ModuleNotFoundError: No module named 'scipy.ndimage'", "the package scipy.ndimage is not installed"),
        ('  File "C:\\Users\\Doe\\hepadose\\images.py", line 12, in resample', "images.py line 12"),
        ("Fatal Python error: Segmentation fault", "Segmentation fault"),
        ("terminate called after throwing an instance of 'std::bad_alloc'", "std::bad_alloc"),
        ("Doe^Jane 19500101", ""),
        ("    raise ValueError(name)", ""),
        ("", ""),
    ],
)
def test_only_harmless_parts_of_an_error_output_are_repeated(line, told):
    assert harmless(line) == told


def test_a_killed_process_is_told_as_lack_of_memory(tmp_path):
    assert "out of memory" in str(death_in_words(-signal.SIGKILL, tmp_path / "absent"))
    assert "out of memory" in str(death_in_words(137, tmp_path / "absent"))


def test_a_crash_is_told_with_its_last_words_and_no_name(tmp_path):
    (tmp_path / "e").write_text(
        'Traceback (most recent call last):\n  File "/home/doe/io.py", line 7, in f\nKeyError: "Doe"\n'
    )
    words = str(death_in_words(1, tmp_path / "e"))
    assert "exit code 1" in words
    assert words.endswith("Last words: io.py line 7; KeyError.")
    assert "Doe" not in words and "doe" not in words


def test_nothing_is_said_before_there_is_ground_for_it():
    left = RemainingTime(0.0)
    assert left.at(0.5) is None
    left.report(0.04, 2.0)
    left.report(0.5, 0.9)
    assert left.at(2.0) is None


def test_steady_work_is_foretold_and_counted_down():
    left = RemainingTime(10.0)
    for second in range(1, 10):
        left.report(second / 20, 10.0 + second)
    assert left.at(19.0) == pytest.approx(11.0)
    assert left.at(20.5) == pytest.approx(9.5)


def test_the_time_left_never_rises_by_noise():
    left, shown = RemainingTime(0.0), []
    for step in range(1, 200):
        now_s = step * 0.1
        left.report(now_s / 20 * (1.05 if step % 2 else 0.95), now_s)
        shown.append(left.at(now_s))
    known = [value for value in shown if value is not None]
    assert len(known) > 150
    assert all(later <= earlier + 1e-9 for earlier, later in pairwise(known))


def test_work_that_turns_slow_raises_the_time_left():
    left = RemainingTime(0.0)
    left.report(0.5, 5.0)
    assert left.at(5.0) == pytest.approx(5.0)
    left.report(0.55, 20.0)
    assert left.at(20.0) > 8.0


def test_a_number_that_has_run_out_is_no_longer_shown():
    left = RemainingTime(0.0)
    left.report(0.5, 5.0)
    assert left.at(10.1) is None


def test_parts_of_progress_are_in_proportion_to_their_cost():
    told = []
    whole = reshaped(lambda stage, fraction: told.append(fraction), [0.2, 1.0], [3.0, 1.0])
    for fraction in (0.0, 0.1, 0.2, 0.6, 1.0):
        part(whole, 0.0, 1.0)("", fraction)
    assert told == pytest.approx([0.0, 0.375, 0.75, 0.875, 1.0])


def test_every_listed_segmenter_can_be_made_and_is_named_alike():
    for choice in available_segmenters():
        segmenter = make_segmenter(choice.key)
        assert isinstance(segmenter, Segmenter)
        assert (segmenter.name, segmenter.version) == (choice.name, choice.version)
        assert choice.description.endswith(".")


def test_an_unknown_segmenter_is_refused_at_once():
    with pytest.raises(SettingsError, match="density_difference"):
        start_segment("magic", None)


@pytest.mark.parametrize("name", ["python", "python3.12", "python.exe", "pythonw.exe", "PythonSlicer", "python3.13t"])
def test_an_interpreter_is_its_own_child_process(monkeypatch, name):
    monkeypatch.setattr(sys, "executable", f"/opt/app/bin/{name}")
    assert find_python() == f"/opt/app/bin/{name}"


@pytest.mark.parametrize("name", ["SlicerApp-real", "Slicer.exe", "python-real", ""])
def test_inside_an_application_its_interpreter_is_looked_for(monkeypatch, tmp_path, name):
    monkeypatch.setattr(sys, "executable", name and f"/opt/app/bin/{name}")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingDependencyError, match="PythonSlicer"):
        find_python()
    (tmp_path / "PythonSlicer").write_text("#!/bin/sh\n")
    (tmp_path / "PythonSlicer").chmod(0o755)
    assert find_python() == str(tmp_path / "PythonSlicer")


def test_the_child_runs_this_library_and_keeps_the_number_of_threads(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    environment = child_environment()
    first, second = environment["PYTHONPATH"].split(os.pathsep)
    assert (first.endswith("HepaDose"), second) == (True, "/somewhere")
    assert environment["OMP_NUM_THREADS"] == "3"
