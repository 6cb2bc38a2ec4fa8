"""Jobs in real child processes give the values of direct calls."""

from __future__ import annotations

import ctypes
import itertools
import os
import time

import numpy as np
import pytest

from hepadose.dicom.case import load_flr_case
from hepadose.dicom.choices import CaseChoices
from hepadose.dicom.rasterize import rasterize
from hepadose.errors import EmptyRegionError, MissingInputError
from hepadose.images import Image, resample
from hepadose.registration import RegistrationMethod, RegistrationSettings, propagate_mask, register
from hepadose.segmentation.difference import DensityDifferenceSegmenter
from hepadose.segmentation.protocol import SegmentationInputs
from hepadose.timing import Outcome
from hepadose.worker import JobStatus, mark_of, start_load_case, start_register, start_segment
from hepadose.worker.aligned import EXACT_MARGIN_MM

from dicom_example import write_case
from worker_support import finished, on_grid


@pytest.fixture(scope="module")
def loaded(patient):
    job = start_load_case(patient / "dicom")
    states = finished(job)
    yield job, states
    job.close()


@pytest.fixture(scope="module")
def direct(patient):
    return load_flr_case(patient / "dicom")


@pytest.fixture(scope="module")
def case(loaded):
    return loaded[0].result().case


@pytest.fixture(scope="module")
def aligned(case):
    liver = on_grid(case.planning_liver, case.planning)
    job = start_register(case.follow_up, case.planning, liver, None, RegistrationMethod.BSPLINE, dose_gy=case.dose)
    states = finished(job)
    yield job, states
    job.close()


def assert_same(image: Image, expected: Image) -> None:
    assert image.array.dtype == expected.array.dtype
    assert image.array.tobytes() == expected.array.tobytes()
    assert image.ijk_to_lps.tobytes() == expected.ijk_to_lps.tobytes()


def test_the_images_of_a_loaded_case_are_those_of_a_direct_call(case, direct):
    assert_same(case.planning, direct.planning.image)
    assert_same(case.follow_up, direct.follow_up.image)
    assert_same(case.dose, direct.dose.image)


def test_the_words_and_numbers_of_a_loaded_case_are_those_of_a_direct_call(loaded, case, direct):
    assert loaded[0].result().findings == case.findings == direct.findings
    assert (case.fractions, case.prescription_gy) == (direct.fractions, direct.plan.prescription_gy)
    assert case.dose_banner in " ".join(finding.text for finding in direct.findings)
    assert case.same_frame is False
    assert case.interval_days == 126


def test_every_structure_is_filled_as_by_a_direct_call_and_cropped(case, direct):
    assert [s.name for s in case.structures] == [s.name for s in direct.structures]
    for structure, contours in zip(case.structures, direct.structures, strict=True):
        assert_same(on_grid(structure, case.planning), rasterize(contours, direct.planning.image).mask)
        assert structure.color == contours.color
        edges = [structure.mask.array.any(axis=axes) for axes in ((1, 2), (0, 2), (0, 1))]
        assert all(edge[0] and edge[-1] for edge in edges)


def test_structures_know_their_part(case):
    assert {s.role: s.name for s in case.structures if s.role} == {
        "body": "BODY",
        "liver": "Liver",
        "gtv": "GTV",
        "ptv": "PTV",
    }
    assert case.follow_up_liver.name == "Liver"


def test_a_loaded_case_knows_its_objects_by_marks_that_nobody_can_read(case, direct):
    sources = case.sources
    assert sources.planning_series == mark_of(direct.planning.series_uid) != mark_of(direct.follow_up.series_uid)
    assert sources.follow_up_series == mark_of(direct.follow_up.series_uid)
    assert (sources.dose, sources.structures) == tuple(
        map(mark_of, (direct.dose.sop_instance_uid, direct.structures.sop_instance_uid))
    )
    identifiers = [direct.planning.series_uid, direct.follow_up.series_uid, direct.dose.sop_instance_uid]
    assert not [uid for uid in identifiers if uid in repr(sources)]


def test_a_small_case_in_a_folder_with_spaces_and_umlauts_is_loaded(tmp_path):
    write_case(tmp_path / "Fälle für Übung" / "Nr 1")
    job = start_load_case(tmp_path / "Fälle für Übung" / "Nr 1", CaseChoices(fractions=7))
    finished(job)
    case = job.result().case
    assert case.planning_liver.volume_ml == pytest.approx(675.0)
    assert case.fractions == 7
    job.close()


def test_a_case_that_cannot_be_loaded_is_a_result_with_its_problem_and_all_findings(tmp_path):
    write_case(tmp_path / "case").path("RD.dcm").unlink()
    job = start_load_case(tmp_path / "case")
    finished(job)
    checked = job.result()
    assert checked.case is None
    assert isinstance(checked.problem, MissingInputError)
    assert str(checked.problem) in [finding.text for finding in checked.findings]


def test_the_registration_is_that_of_a_direct_call_bit_for_bit(case, aligned):
    outcome = aligned[0].result()
    liver = on_grid(case.planning_liver, case.planning)
    settings = RegistrationSettings(method=RegistrationMethod.BSPLINE)
    expected = register(case.follow_up, case.planning, liver, settings=settings)
    assert outcome.quality == expected.quality
    assert outcome.findings == expected.findings
    assert outcome.summary == expected.summary()
    corner, center = case.follow_up.ijk_to_points(np.array([[0, 0, 0], [50, 40, 25]]))
    for point in (corner.tolist(), center.tolist()):
        assert outcome.transform.TransformPoint(point) == expected.transform.TransformPoint(point)


def test_what_is_brought_onto_the_follow_up_ct_is_exact_around_the_liver(case, aligned):
    outcome = aligned[0].result()
    liver = propagate_mask(on_grid(case.planning_liver, case.planning), case.follow_up, outcome.transform)
    assert outcome.liver_propagated
    assert_same(outcome.liver_on_follow_up, liver)
    margin = [int(EXACT_MARGIN_MM / spacing) for spacing in liver.spacing_kji_mm]
    inside = np.argwhere(liver.array)
    box = tuple(slice(max(a - m, 0), b + m + 1) for a, b, m in zip(inside.min(0), inside.max(0), margin, strict=True))
    dose = resample(case.dose, case.follow_up, outcome.transform, outside=np.nan)
    planning = resample(case.planning, case.follow_up, outcome.transform, outside=-1000.0)
    assert np.array_equal(outcome.dose_on_follow_up.array[box], dose.array[box], equal_nan=True)
    assert np.array_equal(outcome.planning_on_follow_up.array[box], planning.array[box])


def test_a_given_follow_up_liver_is_kept_and_its_agreement_measured(case):
    liver = on_grid(case.planning_liver, case.planning)
    job = start_register(case.planning, case.planning, liver, liver, RegistrationMethod.NONE, dose_gy=case.dose)
    finished(job)
    outcome = job.result()
    assert_same(outcome.liver_on_follow_up, liver)
    assert not outcome.liver_propagated
    assert (outcome.quality.liver_dice, outcome.quality.liver_mean_distance_mm) == (1.0, 0.0)
    np.testing.assert_allclose(outcome.planning_on_follow_up.array, case.planning.array, atol=0.01)
    assert_same(outcome.dose_on_follow_up, resample(case.dose, case.planning, outcome.transform, outside=np.nan))


@pytest.fixture(scope="module")
def segmentation_inputs(case, aligned):
    outcome = aligned[0].result()
    return SegmentationInputs(case.follow_up, outcome.liver_on_follow_up, outcome.planning_on_follow_up)


def test_the_segmentation_is_that_of_a_direct_call_bit_for_bit(segmentation_inputs):
    job = start_segment("density_difference", segmentation_inputs)
    finished(job)
    found, expected = job.result(), DensityDifferenceSegmenter().segment(segmentation_inputs)
    assert_same(found.mask, expected.mask)
    assert (found.origin, found.findings) == (expected.origin, expected.findings)


def test_an_error_of_the_child_keeps_its_class_and_message(segmentation_inputs):
    nothing = segmentation_inputs.liver.with_array(np.zeros(segmentation_inputs.liver.shape, bool))
    inputs = SegmentationInputs(segmentation_inputs.follow_up_ct, nothing, segmentation_inputs.planning_ct)
    job = start_segment("density_difference", inputs)
    assert finished(job)[-1].status is JobStatus.FAILED
    with pytest.raises(EmptyRegionError) as direct:
        DensityDifferenceSegmenter().segment(inputs)
    with pytest.raises(EmptyRegionError) as told:
        job.result()
    assert str(told.value) == str(direct.value)
    assert [record.outcome for record in job.timing if record.step == "Segment reaction"] == [Outcome.FAILED]


def test_progress_never_falls_and_the_time_left_is_said_late_and_sensibly(aligned):
    states = aligned[1]
    fractions = [state.fraction for state in states]
    assert fractions == sorted(fractions)
    assert len(set(fractions)) > 20
    stages = [stage for stage, _ in itertools.groupby(state.stage for state in states)]
    assert stages[-1] == "Done"
    assert {"Rigid registration", "B-spline registration", "Measuring the quality"} < set(stages)
    assert states[0].remaining_s is None
    total_s = states[-1].elapsed_s
    said = [state for state in states[:-1] if state.remaining_s is not None and state.fraction > 0.4]
    errors_s = [state.elapsed_s + state.remaining_s - total_s for state in said]
    assert abs(np.median(errors_s)) < 0.6 * total_s
    assert states[-1].remaining_s == 0.0


def test_the_steps_come_back_for_the_timing_log(loaded, aligned):
    assert [record.step for record in loaded[0].timing] == [
        "Hand over images",
        "Read DICOM",
        "Rasterize structures",
        "Hand over result",
        "Take the result over",
    ]
    register_step = next(record for record in aligned[0].timing if record.step == "Register")
    assert register_step.details == {"method": "bspline"}
    assert 0 < register_step.wall_s < aligned[1][-1].elapsed_s


@pytest.mark.skipif(os.name == "nt", reason="usleep is POSIX")
def test_a_job_gets_on_where_no_other_thread_runs_between_polls(case):
    """As in Slicer, whose event loop keeps the lock of the Python interpreter."""
    keep_lock_us = ctypes.PyDLL(None).usleep
    inputs = SegmentationInputs(case.follow_up, on_grid(case.follow_up_liver, case.follow_up), case.follow_up)
    job, end_s = start_segment("density_difference", inputs), time.monotonic() + 30
    while job.poll().status is JobStatus.RUNNING and time.monotonic() < end_s:
        keep_lock_us(50_000)
    assert job.poll().status is JobStatus.FAILED  # a CT differs from itself nowhere
    with pytest.raises(EmptyRegionError):
        job.result()
