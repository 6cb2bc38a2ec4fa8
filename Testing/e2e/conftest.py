"""One small digital patient for all end-to-end tests."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from hepadose.phantom.patient import make_digital_patient
from hepadose.phantom.settings import DigitalPatientSettings

SMALL = DigitalPatientSettings(matrix=96, planning_slice_mm=4, follow_up_slice_mm=5, dose_spacing_mm=4)


@pytest.fixture(scope="session")
def patient(tmp_path_factory) -> Path:
    """A digital patient on disk (folders ``dicom`` and ``truth``); treat as read-only."""
    folder = tmp_path_factory.mktemp("digital") / "patient"
    make_digital_patient(folder, SMALL)
    return folder


@pytest.fixture
def case_copy(patient, tmp_path) -> Path:
    """A copy of the patient's DICOM folder that a test may damage."""
    return Path(shutil.copytree(patient / "dicom", tmp_path / "case"))
