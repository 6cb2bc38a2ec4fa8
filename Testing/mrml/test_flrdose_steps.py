"""The steps of FLRDose on a real scene, from a DICOM folder to the saved report, without a window."""

import json
from types import SimpleNamespace

import pytest

from hepadose.batch.flr import run_flr
from hepadose.batch.job import FlrJob
from hepadose.batch.output import holds_result
from hepadose.errors import HepaDoseError, MissingInputError
from hepadose.findings import Level
from hepadose.flr.settings import BandMode, DoseQuantity
from hepadose.mrml.flrdose import alignment, inputs, match, reaction, report
from hepadose.mrml.flrdose.choices import (
    BAND_SIDES,
    CHILD_PUGH,
    MODALITIES,
    NOT_STATED,
    OVERLAYS,
    PHASES,
    QUANTITIES,
    REGISTRATIONS,
)
from hepadose.mrml.steps import finished
from hepadose.phantom.patient import make_digital_patient
from hepadose.phantom.settings import DigitalPatientSettings
from hepadose.registration import RegistrationMethod
from hepadose.report import studies
from hepadose.timing import TimingLog, read_timing_log
from hepadose.worker import start_load_case, start_register, start_segment

SMALL = DigitalPatientSettings(matrix=96, planning_slice_mm=4, follow_up_slice_mm=5, dose_spacing_mm=4)


def new_choices():
    """What the module's parameter node holds at first."""
    nodes = "followUpVolume planningVolume doseVolume planningStructures followUpStructures segmentation"
    empty = dict.fromkeys([*nodes.split(), "alignment", "alignedDose", "alignedPlanning"])
    texts = dict.fromkeys(["planningLiver", "liverSegment", "reactionSegment"], "")
    stated = dict.fromkeys(["modality", "phase", "childPugh"], NOT_STATED)
    return SimpleNamespace(
        **empty,
        **texts,
        **stated,
        fractions=0,
        registrationErrorMm=-0.1,
        overlayMode=OVERLAYS[0],
        overlayPercent=50.0,
        quantity=next(iter(QUANTITIES)),
        alphaBetaGy=3.0,
        bandMm=5.0,
        bandMode=next(iter(BAND_SIDES)),
        inPlane=False,
        planarDefinitions=False,
        matched=False,
        monthsSinceTreatment=0.0,
    )


def value_of(job):
    """The result of a job, waited for."""
    steps = job.result_steps()
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def take(steps):
    """Run all steps."""
    for _step in steps:
        pass


@pytest.fixture(scope="module")
def case_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("digital") / "patient"
    make_digital_patient(folder, SMALL)
    return folder / "dicom"


@pytest.fixture(scope="module")
def session(case_folder):
    """Scene and choices after loading, rigid alignment and segmentation."""
    from hepadose.mrml.headless import new_headless_scene

    headless, choices = new_headless_scene(), new_choices()
    take(inputs.take_case(headless.scene, choices, value_of(start_load_case(case_folder)).case))
    wanted = finished(alignment.registration_inputs(choices, RegistrationMethod.RIGID))
    take(alignment.take_registration(headless.scene, choices, value_of(start_register(**wanted))))
    found = value_of(start_segment("density_difference", finished(reaction.segmentation_inputs(choices))))
    take(reaction.take_reaction(headless.scene, choices, found))
    return SimpleNamespace(headless=headless, scene=headless.scene, choices=choices)


def test_the_steps_give_the_same_number_as_the_batch_run(session, case_folder, tmp_path):
    live = match.new_match(session.scene, session.choices)
    live.update()
    found = live.result(match.reaction_origin(session.choices))
    expected = run_flr(case_folder, tmp_path / "batch", FlrJob(registration=RegistrationMethod.RIGID)).result
    assert found.best.refined_gy == pytest.approx(expected.best.refined_gy, abs=0.05)
    assert found.reaction_ml == pytest.approx(expected.reaction_ml, rel=1e-3)
    assert found.dose.banner == expected.dose.banner


def test_everything_that_is_missing_is_named_in_the_order_of_work(session):
    choices = new_choices()
    assert alignment.why_not_align(choices) == "Choose the follow-up CT first."
    assert reaction.why_not_segment(choices) == "Choose the follow-up CT first."
    assert match.why_not_match(choices) == "Choose the follow-up CT first."
    choices.followUpVolume = session.choices.followUpVolume
    assert alignment.why_not_align(choices) == "Choose the planning CT first."
    assert reaction.why_not_segment(choices) == "Align the follow-up CT with the planning CT first."
    choices.planningVolume = choices.followUpVolume
    assert "same volume" in alignment.why_not_align(choices)
    with pytest.raises(MissingInputError, match="Align the follow-up CT"):
        finished(reaction.segmentation_inputs(choices))


def test_the_preflight_list_is_shown_with_what_is_still_to_be_chosen(session):
    assert inputs.input_findings(new_choices())[0].level is Level.WARNING
    findings = inputs.input_findings(session.choices)
    assert {finding.level for finding in findings} <= {Level.OK, Level.WARNING}
    choices = SimpleNamespace(**vars(session.choices))
    choices.doseVolume = None
    assert "Choose the dose volume." in [finding.text for finding in inputs.input_findings(choices)]


def test_equivalent_dose_needs_fractions(session):
    choices = SimpleNamespace(**vars(session.choices))
    choices.quantity, choices.fractions = "EQD2", 0
    assert "number of fractions" in match.why_not_match(choices)


def test_another_setting_makes_the_match_outdated_and_a_new_one_gives_the_equivalent_level(session):
    choices = SimpleNamespace(**vars(session.choices))
    live = match.new_match(session.scene, choices)
    live.update()
    assert not match.is_outdated(live, choices)
    choices.quantity = "EQD2"
    assert match.is_outdated(live, choices)
    again = match.new_match(session.scene, choices)
    again.update()
    assert again.settings.quantity is DoseQuantity.EQD2
    physical = live.best().refined_gy
    expected = physical * (physical / choices.fractions + 3.0) / (2.0 + 3.0)
    assert again.best().refined_gy == pytest.approx(expected, rel=0.03)


def test_an_error_stated_by_the_user_replaces_the_estimated_one(session):
    choices = SimpleNamespace(**vars(session.choices))
    assert match.registration_of(choices).method == "rigid"
    choices.registrationErrorMm = 7.5
    stated = match.registration_of(choices)
    assert stated.estimated_error_mm == 7.5
    assert "stated by the user" in stated.method


def test_the_alignment_table_and_the_result_name_a_stated_error_once_and_no_other(session):
    choices = SimpleNamespace(**vars(session.choices))
    estimated_mm = match.registration_of(choices).estimated_error_mm
    choices.registrationErrorMm = estimated_mm + 2.0
    live = match.new_match(session.scene, choices)
    live.update()
    said = f"Mean error in the liver {estimated_mm + 2:.1f} mm, stated by the user (estimated {estimated_mm:.1f} mm)"
    for findings in (alignment.alignment_findings(choices), live.result(match.reaction_origin(choices)).findings):
        about = [finding.text for finding in findings if "ean error in the liver" in finding.text]
        assert len(about) == 1
        assert about[0].startswith(said)


@pytest.mark.parametrize("mode", OVERLAYS)
def test_every_overlay_shows_two_volumes_or_a_checkerboard(session, mode):
    choices = SimpleNamespace(**vars(session.choices))
    choices.overlayMode = mode
    alignment.show_overlay(session.scene, choices)
    composite = session.scene.GetFirstNodeByClass("vtkMRMLSliceCompositeNode")
    background = session.scene.GetNodeByID(composite.GetBackgroundVolumeID())
    assert background.GetName() == ("Checkerboard" if mode == "Checkerboard" else "Follow-up CT")


def test_the_report_folder_appears_complete_with_its_timing_log(session, tmp_path):
    log = TimingLog(None)
    with log.step("Register"):
        live = match.new_match(session.scene, session.choices)
    live.update()
    result = live.result(match.reaction_origin(session.choices))
    choices = SimpleNamespace(**vars(session.choices))
    choices.modality = "CT"
    stated = match.patient_statement(choices)
    assert report.save_report(tmp_path / "report", live, result, log, statement=stated) == ()
    names = {path.name for path in (tmp_path / "report").iterdir()}
    assert {"report.html", "result.json", "curve.csv", "timing.jsonl"} <= names
    assert [record.step for record in read_timing_log(tmp_path / "report" / "timing.jsonl")] == [
        "Register",
        "Write report",
    ]
    assert holds_result(tmp_path / "report")
    stored = json.loads((tmp_path / "report" / "result.json").read_text(encoding="utf-8"))
    assert stored["patient"]["modality"] == "CT"
    assert "state the contrast phase" in stored["comparison"]["problem"]
    with pytest.raises(HepaDoseError, match="earlier result"):
        report.save_report(tmp_path / "report", live, result, log)


def test_provenance_names_segmenter_alignment_dose_and_version(session):
    text = report.provenance_text(session.choices, None)
    assert "Density difference" in text
    assert "not edited" in text
    assert "Alignment: rigid; mean error in the liver" in text
    assert "For research use only" in text


def test_the_panel_offers_exactly_what_the_library_knows():
    assert [NOT_STATED, *studies.MODALITIES] == MODALITIES
    assert [NOT_STATED, *studies.PHASES] == PHASES
    assert [NOT_STATED, *studies.CHILD_PUGH] == CHILD_PUGH
    assert set(QUANTITIES.values()) == set(DoseQuantity)
    assert set(BAND_SIDES.values()) == set(BandMode)
    assert set(REGISTRATIONS.values()) == set(RegistrationMethod)


def test_liver_and_reaction_are_named_with_volume_and_origin(session):
    live = match.new_match(session.scene, session.choices)
    live.update()
    result = live.result(match.reaction_origin(session.choices))
    liver, found = reaction.origin_text(session.choices).replace("\xa0", " ").split("\n")
    assert liver.startswith(f"Liver, {result.liver_ml:.1f} ml: RTSTRUCT")
    assert found.startswith(f"Focal liver reaction, {result.reaction_ml:.1f} ml: Density difference")
