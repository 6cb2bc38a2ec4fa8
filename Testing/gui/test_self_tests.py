"""A module's own tests, as Slicer's self-test runs them, in the stand-in of Slicer."""

import sys

import pytest


def test_the_modules_own_tests_are_run_and_pass(slicer_app, monkeypatch):
    import slicer

    slicer_app.select_module("FLRDose")
    case, ran = sys.modules["FLRDose"].FLRDoseTest, []
    names = [name for name in dir(case) if name.startswith("test_")]
    for name in names:
        monkeypatch.setattr(case, name, noting(ran, name, getattr(case, name)))
    slicer.selfTests["FLRDose"]()
    assert ran == names
    assert len(names) >= 3


def noting(ran, name, test):
    """A test that also notes that it was run."""

    def wrapped(self):
        ran.append(name)
        test(self)

    return wrapped


def test_a_failing_test_of_a_module_is_told(slicer_app, monkeypatch):
    import slicer

    slicer_app.select_module("FLRDose")
    case = sys.modules["FLRDose"].FLRDoseTest
    monkeypatch.setattr(case, "test_FLRDose_says_what_is_missing", lambda self: self.fail("planted"))
    with pytest.raises(AssertionError, match="planted"):
        slicer.selfTests["FLRDose"]()
