"""The door of the focal liver reaction with networks in place of contours and of the density difference."""

from __future__ import annotations

import dataclasses

import pytest

from hepadose.batch.flr import run_flr
from hepadose.batch.job import FlrJob
from hepadose.cli import main
from hepadose.dicom.choices import CaseChoices
from hepadose.errors import PreflightError, SettingsError

from e2e_support import truth_job, truth_options
from model_example import inference, metadata, write_model


@pytest.fixture
def liver_model(tmp_path):
    """Draws whatever is as dense as a liver; no more is asked of it here."""
    return str(write_model(tmp_path / "liver-band", run=inference(least_volume_ml=50)))


@pytest.fixture
def reaction_model(tmp_path):
    about = metadata(name="flr-band", task="reaction")
    return str(write_model(tmp_path / "flr-band", about=about, run=inference(region={"from": "liver"})))


def test_a_model_finds_the_reaction_and_is_named_in_the_result(patient, reaction_model, tmp_path):
    job = dataclasses.replace(truth_job(patient), reaction_file=None, reaction_model=reaction_model)
    result = run_flr(patient / "dicom", tmp_path / "result", job).result
    assert result.reaction_origin.source == "reaction model flr-band"
    assert not result.reaction_origin.edited
    assert "flr-band" in (tmp_path / "result/report.html").read_text()


def test_a_found_liver_that_the_dose_does_not_cover_is_refused(patient, liver_model, tmp_path):
    choices = CaseChoices(liver="no such structure")
    job = dataclasses.replace(truth_job(patient), liver_model=liver_model, choices=choices)
    with pytest.raises(PreflightError, match="of the liver lies outside the dose grid"):
        run_flr(patient / "dicom", tmp_path / "result", job)
    assert not (tmp_path / "result").exists()


def test_without_a_model_a_missing_contour_is_refused_as_before(patient, tmp_path):
    job = dataclasses.replace(truth_job(patient), choices=CaseChoices(liver="no such structure"))
    with pytest.raises(PreflightError, match="No structure fits"):
        run_flr(patient / "dicom", tmp_path / "result", job)
    assert not (tmp_path / "result").exists()


def test_a_model_that_draws_something_else_is_refused(patient, liver_model, tmp_path):
    job = dataclasses.replace(truth_job(patient), reaction_file=None, reaction_model=liver_model)
    with pytest.raises(SettingsError, match=r"draws the liver, not the reaction"):
        run_flr(patient / "dicom", tmp_path / "result", job)


def test_the_reaction_is_given_once():
    with pytest.raises(SettingsError, match="given twice"):
        FlrJob(reaction_name="FLR", reaction_model="flr")


def test_the_command_line_takes_a_model(patient, reaction_model, tmp_path, capsys):
    options = truth_options(patient)
    place = options.index("--reaction-file")
    options[place : place + 2] = ["--reaction-model", reaction_model]
    output = tmp_path / "result"
    assert main(["flr", str(patient / "dicom"), "-o", str(output), "--no-scene", *options]) == 0
    assert "reaction model flr-band" in (output / "result.json").read_text()
    capsys.readouterr()
