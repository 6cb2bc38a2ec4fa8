"""Commands without the main window end the program on every path, within Slicer and without."""

import subprocess
import sys
from types import ModuleType, SimpleNamespace

import pytest

from hepadose import cli
from hepadose.unattended import exit_code_of, run_and_leave

from support import PROJECT


@pytest.fixture
def slicer_exits(monkeypatch):
    """Codes with which a pretended Slicer was told to exit; it goes on until its event loop comes round."""
    codes = []
    slicer, util = ModuleType("slicer"), ModuleType("slicer.util")
    slicer.util, slicer.app, util.exit = util, SimpleNamespace(), codes.append
    monkeypatch.setitem(sys.modules, "slicer", slicer)
    monkeypatch.setitem(sys.modules, "slicer.util", util)
    return codes


def test_slicer_is_told_to_exit_with_the_code_of_the_command(slicer_exits, monkeypatch):
    said = []
    monkeypatch.setattr(cli, "main", lambda arguments: said.append(arguments) or 1)
    with pytest.raises(SystemExit, match="1"):
        run_and_leave("flr", ["--", "case", "-o", "result"])
    assert (said, slicer_exits) == ([["flr", "case", "-o", "result"]], [1])


def test_without_slicer_python_ends_with_the_code(monkeypatch):
    monkeypatch.setitem(sys.modules, "slicer", None)
    monkeypatch.setattr(cli, "main", lambda arguments: 0)
    with pytest.raises(SystemExit, match="0"):
        run_and_leave("segment", [])


@pytest.mark.parametrize(
    ("raised", "code"),
    [(SystemExit(2), 2), (SystemExit("wrong"), 2), (RuntimeError("bug"), 1), (KeyboardInterrupt(), 1)],
)
def test_whatever_a_command_raises_becomes_an_exit_code(raised, code, monkeypatch, capsys):
    def broken(arguments):
        raise raised

    monkeypatch.setattr(cli, "main", broken)
    assert exit_code_of(["flr"]) == code
    assert isinstance(raised, SystemExit) or type(raised).__name__ in capsys.readouterr().err


@pytest.mark.parametrize("script", ["flr_dose.py", "segment.py"])
def test_a_batch_script_without_the_library_ends_and_says_so(script):
    # -S leaves out what is installed.
    call = [sys.executable, "-S", str(PROJECT / "Resources/Batch" / script)]
    done = subprocess.run(call, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)
    assert done.returncode == 1
    assert "HepaDose is not installed here" in done.stderr
