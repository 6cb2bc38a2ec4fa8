"""One stand-in of Slicer for all tests of panels, brought back to its start after each test."""

from __future__ import annotations

import sys

import pytest

pytest.importorskip("PySide6.QtWidgets", reason="PySide6 or a library of it is missing", exc_type=ImportError)
pytest.importorskip("trame_slicer", reason="trame-slicer is not installed")

import host
from host import errors


@pytest.fixture(scope="session")
def running_slicer():
    return host.start()


@pytest.fixture
def slicer_app(running_slicer):
    """The application; an error that Slicer would only print fails the test."""
    running_slicer.reset()
    errors.ERRORS.clear()
    before = loaded_files()
    yield running_slicer
    running_slicer.reset()
    # Reload makes new modules; the tests that follow hold classes of the old ones.
    for name in loaded_files():
        del sys.modules[name]
    sys.modules.update(before)
    errors.raise_first()


def loaded_files():
    """The project's own Python modules that are loaded."""
    names = {folder.name for folder in host.application.MODULE_FOLDERS}
    return {name: module for name, module in sys.modules.items() if name.partition(".")[0] in {"hepadose", *names}}


@pytest.fixture
def expected_errors(slicer_app):
    """Errors that the test expects; it must look at them, for they are forgotten afterwards."""
    yield slicer_app.errors
    assert slicer_app.errors, "an error was expected and none came"
    slicer_app.errors.clear()
