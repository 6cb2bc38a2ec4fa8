"""One computation behind all doors: the same numbers from each."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hepadose.batch.flr import run_flr
from hepadose.batch.job import FlrJob
from hepadose.cli import main
from hepadose.errors import CancelledError, OutputError
from hepadose.phantom.truth import read_truth
from hepadose.timing import Outcome, read_timing_log

from e2e_support import truth_job, truth_options
from support import PROJECT, heed_ctrl_c


def numbers(folder: Path) -> dict:
    """The result without times."""
    content = json.loads((folder / "result.json").read_text())
    content.pop("timing", None)
    return content


@pytest.fixture(scope="module")
def library_result(patient, tmp_path_factory):
    folder = tmp_path_factory.mktemp("library") / "result"
    return run_flr(patient / "dicom", folder, truth_job(patient)), folder


def test_true_mask_and_transform_give_the_planted_dose(patient, library_result):
    outcome, _ = library_result
    planted = read_truth(patient).planted_physical_gy
    assert outcome.result.best.refined_gy == pytest.approx(planted, abs=0.5)
    low, high = outcome.result.best.interval_gy
    assert low <= planted <= high


def test_the_result_folder_is_complete(library_result):
    outcome, folder = library_result
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert names == set(outcome.files)
    assert {"report.html", "result.json", "curve.csv", "timing.jsonl", "follow_up_to_planning.h5"} <= names


def test_the_timing_log_names_every_step_and_nothing_of_the_patient(patient, library_result):
    _, folder = library_result
    steps = read_timing_log(folder / "timing.jsonl")
    assert [record.step for record in steps][:3] == ["Read DICOM", "Liver contours", "Register"]
    assert all(record.outcome is Outcome.OK for record in steps)
    text = (folder / "timing.jsonl").read_text()
    for secret in ("HepaDose^", "HEPADOSE-", str(patient), "1.2.826"):
        assert secret not in text


@pytest.mark.parametrize("file", ["report.html", "result.json"])
def test_report_and_tables_name_no_patient(patient, library_result, file):
    text = (library_result[1] / file).read_text()
    for secret in ("HepaDose^", "HEPADOSE-", str(patient), "1.2.826"):
        assert secret not in text


def test_the_command_line_gives_the_same_numbers(patient, library_result, tmp_path, capsys):
    code = main(["flr", str(patient / "dicom"), "-o", str(tmp_path / "cli"), "--no-scene", *truth_options(patient)])
    assert code == 0
    assert numbers(tmp_path / "cli") == numbers(library_result[1])
    assert "follows the" in capsys.readouterr().out


def run_batch_script(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, str(PROJECT / "Resources/Batch/flr_dose.py"), *arguments],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        cwd=PROJECT / "HepaDose",
    )


def test_the_batch_script_gives_the_same_numbers_and_a_scene(patient, library_result, tmp_path):
    done = run_batch_script("--", str(patient / "dicom"), "-o", str(tmp_path / "batch"), *truth_options(patient))
    assert done.returncode == 0, done.stderr
    assert numbers(tmp_path / "batch") == numbers(library_result[1])
    assert (tmp_path / "batch" / "scene.mrb").stat().st_size > 100_000


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["nowhere", "-o", "result"], 1, "hepadose: "),
        (["nowhere"], 2, "--output"),
        (["case", "-o", "result", "--quantity", "rads"], 2, "invalid choice"),
        (["--help"], 0, ""),
    ],
    ids=["no case", "no output", "wrong option", "help"],
)
def test_the_batch_script_exits_with_a_code_on_every_path(arguments, code, message, tmp_path):
    done = run_batch_script("--", *[str(tmp_path / a) if a in ("nowhere", "result", "case") else a for a in arguments])
    assert done.returncode == code
    assert message in done.stderr


def test_cancelling_leaves_nothing(patient, tmp_path):
    def stop_at_registration(stage: str, fraction: float) -> None:
        if fraction > 0.3:
            raise CancelledError("The user stopped the computation.")

    with pytest.raises(CancelledError):
        run_flr(patient / "dicom", tmp_path / "result", FlrJob(), progress=stop_at_registration)
    assert list(tmp_path.iterdir()) == []


def test_an_earlier_result_is_kept_unless_asked(patient, library_result):
    _, folder = library_result
    with pytest.raises(OutputError, match="earlier result"):
        run_flr(patient / "dicom", folder, truth_job(patient))


def test_an_unexpected_error_in_a_writer_leaves_nothing(patient, tmp_path):
    def broken(folder, result, images):
        raise RuntimeError("bug")

    with pytest.raises(RuntimeError, match="bug"):
        run_flr(patient / "dicom", tmp_path / "result", truth_job(patient), writers=[broken])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kill", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "terminate"])
def test_a_stopped_process_leaves_nothing(patient, tmp_path, kill):
    call = [sys.executable, "-m", "hepadose", "flr", str(patient / "dicom"), "-o", str(tmp_path / "result")]
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    process = subprocess.Popen(call, **pipes, text=True, preexec_fn=heed_ctrl_c)
    while "Rigid" not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(kill)
    _, rest = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted; nothing was written" in rest
    assert list(tmp_path.iterdir()) == []
