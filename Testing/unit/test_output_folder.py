"""An output folder appears complete or not at all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hepadose.batch.output import complete_folder
from hepadose.errors import CancelledError, OutputError

from support import heed_ctrl_c


def fill(folder: Path, text: str = "{}") -> None:
    (folder / "result.json").write_text(text)


def test_the_folder_appears_when_everything_is_written(tmp_path):
    output = tmp_path / "deep" / "result"
    with complete_folder(output) as working:
        fill(working)
        assert not output.exists()
    assert sorted(path.name for path in output.iterdir()) == ["result.json"]
    assert [path.name for path in output.parent.iterdir()] == ["result"]


@pytest.mark.parametrize("problem", [CancelledError("stopped"), KeyboardInterrupt(), RuntimeError("bug")])
def test_nothing_stays_after_an_interruption(tmp_path, problem):
    with pytest.raises(type(problem)), complete_folder(tmp_path / "result") as working:
        fill(working)
        raise problem
    assert list(tmp_path.iterdir()) == []


def test_an_earlier_result_survives_an_interruption(tmp_path):
    output = tmp_path / "result"
    with complete_folder(output) as working:
        fill(working, "first")
    with pytest.raises(KeyboardInterrupt), complete_folder(output, overwrite=True) as working:
        fill(working, "second")
        raise KeyboardInterrupt
    assert (output / "result.json").read_text() == "first"
    assert [path.name for path in tmp_path.iterdir()] == ["result"]


def test_an_earlier_result_is_replaced_as_a_whole_on_request(tmp_path):
    output = tmp_path / "result"
    with complete_folder(output) as working:
        fill(working, "first")
        (working / "old.csv").write_text("old")
    with complete_folder(output, overwrite=True) as working:
        fill(working, "second")
    assert {path.name: path.read_text() for path in output.iterdir()} == {"result.json": "second"}
    assert [path.name for path in tmp_path.iterdir()] == ["result"]


def test_an_earlier_result_is_not_replaced_unasked(tmp_path):
    (tmp_path / "result").mkdir()
    fill(tmp_path / "result")
    with pytest.raises(OutputError, match="earlier result"), complete_folder(tmp_path / "result"):
        pass


def test_a_folder_with_other_files_is_never_replaced(tmp_path):
    (tmp_path / "holiday.jpg").write_text("")
    with pytest.raises(OutputError, match="no HepaDose result"), complete_folder(tmp_path, overwrite=True):
        pass


def test_a_file_in_the_way_is_named(tmp_path):
    (tmp_path / "result").write_text("")
    with pytest.raises(OutputError, match="a file of this name exists"), complete_folder(tmp_path / "result"):
        pass


def test_a_parent_that_is_no_folder_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"), complete_folder(tmp_path / "file" / "result"):
        pass


@pytest.mark.skipif(os.geteuid() == 0, reason="permissions do not stop the superuser")
def test_a_folder_without_write_permission_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="write permission"), complete_folder(tmp_path / "result"):
        pass


def test_a_full_disk_leaves_nothing(tmp_path):
    with pytest.raises(OutputError, match="No space left"), complete_folder(tmp_path / "result") as working:
        fill(working)
        with open("/dev/full", "w") as file:
            file.write("x" * 100_000)
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_in_a_real_process_leaves_nothing(tmp_path):
    script = (
        "import sys, time; from pathlib import Path; from hepadose.batch.output import complete_folder\n"
        "with complete_folder(Path(sys.argv[1])) as working:\n"
        "    (working / 'half').write_text('x'); print('ready', flush=True); time.sleep(60)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "result")],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        preexec_fn=heed_ctrl_c,
    )
    assert process.stdout.readline() == b"ready\n"
    assert any(path.name.endswith(".partial") for path in tmp_path.iterdir())
    process.send_signal(signal.SIGINT)
    process.wait(timeout=20)
    process.stdout.close()
    time.sleep(0.05)
    assert list(tmp_path.iterdir()) == []
