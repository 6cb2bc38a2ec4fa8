"""The timing log: complete, crash-safe, and silent about the patient."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest

from hepadose.errors import CancelledError, OutputError, SettingsError, UnreadableFileError
from hepadose.timing import (
    WITHHELD,
    Outcome,
    StepKind,
    TimingLog,
    format_duration,
    format_summary,
    read_timing_log,
    summarize,
)

LIBRARY = Path(__file__).resolve().parents[2] / "HepaDose"


class HandClock:
    """A clock that the test moves."""

    def __init__(self):
        self.now_s = 100.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture
def log_path(tmp_path):
    return tmp_path / "logs" / "timing.jsonl"


def test_a_step_is_read_back_with_everything_that_was_said_about_it(log_path, clock):
    log = TimingLog(log_path, subject_uid="1.2.840.1.5", clock=clock)
    with log.step("Register", device="cpu", iterations=40) as step:
        clock.now_s += 12.5
        step.details["levels"] = 3
    (record,) = read_timing_log(log_path)
    assert record == log.records[0]
    assert (record.step, record.kind, record.outcome) == ("Register", StepKind.COMPUTED, Outcome.OK)
    assert (record.wall_s, record.active_s) == (12.5, 12.5)
    assert record.details == {"iterations": 40, "levels": 3}
    assert record.start.utcoffset() == timedelta(0)
    assert {"hepadose", "python", "numpy"} <= record.versions.keys()


def test_pauses_over_a_minute_do_not_count_as_editing(clock):
    log = TimingLog(None, clock=clock)
    with log.step("Edit reaction", "edited") as step:
        for pause_s in (0.0, 30.0, 60.0, 61.0, 10.0):
            clock.now_s += pause_s
            step.note_activity()
    (record,) = log.records
    assert record.wall_s == 161.0
    assert record.active_s == 100.0


def test_editing_that_nobody_watched_has_unknown_active_time_and_waiting_has_none(clock):
    log = TimingLog(None, clock=clock)
    with log.step("Edit", "edited"):
        clock.now_s += 5
    with log.step("Wait for the reader", "waited"):
        clock.now_s += 7
    assert [record.active_s for record in log.records] == [None, 0.0]


def test_the_caller_can_state_the_active_time(clock):
    log = TimingLog(None, clock=clock)
    with log.step("Edit", "edited") as step:
        clock.now_s += 5
        step.active_s = 2.0
    assert log.records[0].active_s == 2.0


@pytest.mark.parametrize(
    ("problem", "outcome"),
    [
        (RuntimeError("Doe^John"), Outcome.FAILED),
        (CancelledError("stop"), Outcome.CANCELLED),
        (KeyboardInterrupt(), Outcome.INTERRUPTED),
    ],
)
def test_how_a_step_ended_is_recorded_and_the_exception_passed_on(log_path, problem, outcome):
    log = TimingLog(log_path)
    with pytest.raises(type(problem)), log.step("Sweep"):
        raise problem
    (record,) = read_timing_log(log_path)
    assert (record.outcome, record.error) == (outcome, type(problem).__name__)
    assert "Doe" not in log_path.read_text()


def test_the_log_is_readable_while_a_step_runs(log_path):
    with TimingLog(log_path).step("Sweep"):
        (while_running,) = read_timing_log(log_path, live=True)
        (if_it_had_crashed,) = read_timing_log(log_path)
    assert while_running.outcome is Outcome.RUNNING
    assert if_it_had_crashed.outcome is Outcome.INTERRUPTED
    assert while_running.wall_s is None


def test_a_killed_process_leaves_the_step_that_was_running(log_path):
    script = (
        "import sys, time\nfrom pathlib import Path\nfrom hepadose.timing import TimingLog\n"
        "log = TimingLog(Path(sys.argv[1]))\n"
        "with log.step('Read'): pass\n"
        "with log.step('Register'):\n    print('running', flush=True)\n    time.sleep(60)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(LIBRARY)}
    child = subprocess.Popen([sys.executable, "-c", script, log_path], env=environment, stdout=subprocess.PIPE)
    with child:
        assert child.stdout.readline().strip() == b"running"
        child.send_signal(signal.SIGKILL)
    records = read_timing_log(log_path)
    assert [(record.step, record.outcome) for record in records] == [
        ("Read", Outcome.OK),
        ("Register", Outcome.INTERRUPTED),
    ]


def test_a_torn_last_line_is_passed_over_and_the_next_run_begins_its_own_line(log_path):
    with TimingLog(log_path).step("Read"):
        pass
    with log_path.open("a") as file:
        file.write('{"event": "finished", "id": "ab')
    assert [record.step for record in read_timing_log(log_path)] == ["Read"]
    with TimingLog(log_path).step("Register"):
        pass
    assert [record.step for record in read_timing_log(log_path)] == ["Read", "Register"]


def test_a_log_is_only_ever_appended_to(log_path):
    with TimingLog(log_path).step("Read"):
        pass
    before = log_path.read_bytes()
    with TimingLog(log_path).step("Register"):
        pass
    assert log_path.read_bytes().startswith(before)


def test_the_subject_is_a_hash_that_agrees_within_a_log_and_differs_between_logs(tmp_path):
    uid = "1.2.840.113619.2.55.3"
    subjects = []
    for name in ("a", "b"):
        log = TimingLog(tmp_path / name, subject_uid=uid)
        with log.step("Read"), log.step("Decode"):
            pass
        assert len({record.subject for record in log.records}) == 1
        assert uid not in (tmp_path / name).read_text()
        subjects.append(log.records[0].subject)
    assert subjects[0] != subjects[1]
    assert all(len(subject) == 16 for subject in subjects)


@pytest.mark.parametrize(
    "telltale",
    [
        "/home/data/DOE_JOHN/ct",
        "C:\\patients\\1",
        "~/ct",
        "see data/doe/ct.dcm",
        "1.2.840.10008.5.1.4",
        "2024-05-17",
        "20240517",
        Path("/data/x"),
    ],
)
def test_paths_uids_and_dates_are_withheld(log_path, telltale):
    with TimingLog(log_path).step("Read", what=telltale, nested={"deep": [telltale]}):
        pass
    (record,) = read_timing_log(log_path)
    assert record.details == {"what": WITHHELD, "nested": {"deep": [WITHHELD]}}


@pytest.mark.parametrize("harmless", ["CT/MR", "0.98 × 0.98 × 2.5 mm", "density difference 1.2", "5 fractions"])
def test_harmless_texts_stay(harmless):
    log = TimingLog(None)
    with log.step("Read", what=harmless):
        pass
    assert log.records[0].details == {"what": harmless}


def test_every_line_is_strict_json_even_with_undefined_numbers(log_path):
    with TimingLog(log_path).step("Sweep", dice=float("nan")):
        pass
    lines = [json.loads(line, parse_constant=pytest.fail) for line in log_path.read_text().splitlines()]
    assert [line["event"] for line in lines] == ["started", "finished"]
    assert lines[1]["details"] == {"dice": None}


def test_an_unknown_kind_is_refused_with_the_allowed_ones():
    with pytest.raises(SettingsError, match="computed, edited, waited"), TimingLog(None).step("x", "slept"):
        pass


def test_a_folder_that_cannot_be_written_is_named_as_the_problem(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="timing log cannot be written"):
        TimingLog(tmp_path / "file" / "timing.jsonl")


def test_a_foreign_or_missing_file_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("hello\n[1, 2]\n{}\n")
    with pytest.raises(UnreadableFileError, match="no timing record"):
        read_timing_log(tmp_path / "notes.txt")
    with pytest.raises(UnreadableFileError, match="cannot be read"):
        read_timing_log(tmp_path / "absent")


def test_an_empty_log_has_no_steps(tmp_path):
    TimingLog(tmp_path / "timing.jsonl")
    assert read_timing_log(tmp_path / "timing.jsonl") == ()
    assert summarize(()) == []


def test_the_summary_groups_runs_and_does_not_count_inner_steps_twice(clock):
    log = TimingLog(None, clock=clock)
    for _ in range(2):
        with log.step("Analyze"):
            clock.now_s += 1
            with log.step("Sweep"):
                clock.now_s += 30
    with pytest.raises(RuntimeError), log.step("Report"):
        clock.now_s += 551.4
        raise RuntimeError
    rows = summarize(log.records)
    assert [(row.step, row.runs, row.wall_s, row.depth) for row in rows] == [
        ("Analyze", 2, 62.0, 0),
        ("Sweep", 2, 60.0, 1),
        ("Report", 1, pytest.approx(551.4), 0),
    ]
    assert rows[2].problems == "1 failed"
    assert format_summary(rows).splitlines()[-1].split() == ["Total", "0:10:13"]


def test_durations_read_as_people_write_them():
    assert [format_duration(value) for value in (0.126, 551.4, 3661, None)] == [
        "0.13 s",
        "0:09:11",
        "1:01:01",
        "unknown",
    ]


def test_the_clock_is_the_real_one_by_default():
    log = TimingLog(None)
    with log.step("Sleep"):
        time.sleep(0.02)
    assert 0.02 <= log.records[0].wall_s < 5


def test_steps_of_several_threads_and_logs_share_one_file_without_mixing(log_path):
    def work(log):
        for number in range(10):
            with log.step("Sweep", number=number):
                pass

    logs = [TimingLog(log_path) for _ in range(2)]
    threads = [threading.Thread(target=work, args=(log,)) for log in logs for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    records = read_timing_log(log_path)
    assert len(records) == 60
    assert {record.outcome for record in records} == {Outcome.OK}
    assert {record.depth for record in records} == {0}
