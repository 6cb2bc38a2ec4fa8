"""Reports on lesions: written, read back by highdicom with the same numbers, checked by an independent verifier."""

from __future__ import annotations

import math
import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import dcmread

from hepadose.dicom.concepts import CURRENT_RESPONSE, LESION_ROLE, OVERALL_RESPONSE
from hepadose.dicom.lesion_report import (
    LesionMeasurement,
    LesionRole,
    MeasuredAxis,
    PatientResponse,
    TimePoint,
    TimePointKind,
)
from hepadose.dicom.read_sr_lesions import read_lesion_report
from hepadose.dicom.write import write_ct_series
from hepadose.dicom.write_seg import sorted_sources
from hepadose.dicom.write_sr_lesions import Coordinates, write_lesion_report
from hepadose.errors import MissingTagError, SettingsError, UnreadableFileError
from hepadose.images import Image

from dicom_example import a_ct, a_study, oblique_axes, tamper

hd = pytest.importorskip("highdicom")
SLICE = 3
BASELINE = TimePoint("Baseline", 0, TimePointKind.BASELINE)
FOLLOW_UP = TimePoint("Follow-up 1", 1, TimePointKind.FOLLOW_UP, days_after_baseline=92)
RESPONSE = PatientResponse("PR", "PR", sum_mm=28.4, tracking_uid="1.2.3.100")


def write_ct(folder, direction=None):
    ct = a_ct(slices=8, size=20)
    if direction is not None:
        ct = Image(ct.array, ct.spacing_mm, ct.origin_lps, direction)
    write_ct_series(folder, ct, a_study())
    return sorted(folder.rglob("*.dcm"))


@pytest.fixture(scope="module", params=["straight", "oblique"])
def ct(request, tmp_path_factory):
    return write_ct(tmp_path_factory.mktemp("ct"), oblique_axes() if request.param == "oblique" else None)


def axis_on(grid, start_ji, end_ji, k=SLICE):
    """An axis between two places of a slice, in voxels."""
    ends = tuple(tuple(float(value) for value in grid.ijk_to_points([i, j, k])) for j, i in (start_ji, end_ji))
    return MeasuredAxis(math.dist(*ends), ends)


def lesions_on(ct):
    _, grid = sorted_sources(ct)
    long, short = axis_on(grid, (5.0, 4.0), (9.0, 11.5)), axis_on(grid, (6.0, 9.0), (8.0, 7.0))
    return [
        LesionMeasurement("Lesion 1", "1.2.3.101", long, short, SLICE, 12.625),
        LesionMeasurement("Lesion 2", "1.2.3.102", MeasuredAxis(0.0), role=LesionRole.NON_TARGET, volume_ml=0.0),
        LesionMeasurement("Lesion 3", "1.2.3.103", long, slice_index=SLICE, role=LesionRole.NEW),
    ]


def problems(path):
    """What the verifier calls an error."""
    if not shutil.which("dciodvfy"):
        pytest.skip("dciodvfy is not installed")
    found = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, check=False)
    return [line for line in (found.stdout + found.stderr).splitlines() if line.startswith("Error")]


@pytest.fixture(scope="module", params=list(Coordinates))
def report(request, ct, tmp_path_factory):
    path = tmp_path_factory.mktemp("sr") / "sr.dcm"
    write_lesion_report(path, lesions_on(ct), FOLLOW_UP, ct, response=RESPONSE, coordinates=request.param)
    return path


def groups_of(path):
    """Groups by the name of what they are about."""
    groups = hd.sr.srread(path).content.get_image_measurement_groups()
    return {group.tracking_identifier: group for group in groups}


def measured_in(group):
    """Measurements of a group by name; highdicom counts the numbers of the time point among them."""
    found = {measurement.name.meaning: measurement for measurement in group.get_measurements()}
    return {name: each for name, each in found.items() if not name.startswith(("Time Point", "Longitudinal"))}


def values_of(group):
    return {name: (found.value, found.unit.value) for name, found in measured_in(group).items()}


def evaluated_in(group, name):
    """Codes of a group's evaluations of one name."""
    return [found.value.value for found in group.get_qualitative_evaluations(name.code())]


def ends_of(measurement, ct):
    """Both ends in patient coordinates, whichever way they were written."""
    (coordinates,) = measurement.referenced_coordinates
    if coordinates.ValueType == "SCOORD3D":
        return np.array(coordinates.value)
    (image,) = coordinates.ContentSequence
    uid = image.ReferencedSOPSequence[0].ReferencedSOPInstanceUID
    (source,) = [dataset for dataset in map(dcmread, ct) if uid == dataset.SOPInstanceUID]
    return hd.spatial.ImageToReferenceTransformer.for_image(source)(np.array(coordinates.value))


class TestReadBack:
    def test_lengths_and_volumes_are_the_same_numbers(self, report, ct):
        given, groups = lesions_on(ct), groups_of(report)
        one = given[0]
        assert values_of(groups["Lesion 1"]) == {
            "Long axis": (pytest.approx(one.long_axis.length_mm, abs=1e-9), "mm"),
            "Short axis": (pytest.approx(one.short_axis.length_mm, abs=1e-9), "mm"),
            "Volume": (12.625, "cm3"),
        }
        assert values_of(groups["Lesion 2"]) == {"Long axis": (0.0, "mm"), "Volume": (0.0, "cm3")}
        assert list(values_of(groups["Lesion 3"])) == ["Long axis"]

    def test_ends_are_the_same_places(self, report, ct):
        measurements = measured_in(groups_of(report)["Lesion 1"])
        one = lesions_on(ct)[0]
        for name, axis in (("Long axis", one.long_axis), ("Short axis", one.short_axis)):
            measurement = measurements[name]
            ends = ends_of(measurement, ct)
            assert ends == pytest.approx(np.array(axis.ends_lps), abs=1e-3)
            assert math.dist(*ends) == pytest.approx(measurement.value, abs=1e-3)

    def test_a_vanished_lesion_has_no_coordinates(self, report):
        measurements = measured_in(groups_of(report)["Lesion 2"]).values()
        assert [found.referenced_coordinates for found in measurements] == [[], []]

    def test_lesions_are_tracked_by_name_and_uid(self, report):
        tracked = {name: group.tracking_uid for name, group in groups_of(report).items()}
        assert tracked == {
            "Lesion 1": "1.2.3.101",
            "Lesion 2": "1.2.3.102",
            "Lesion 3": "1.2.3.103",
            "Patient": "1.2.3.100",
        }

    def test_roles_are_told_by_the_standards_codes(self, report):
        groups = groups_of(report)
        roles = [evaluated_in(groups[f"Lesion {number}"], LESION_ROLE) for number in (1, 2, 3)]
        assert roles == [["112074"], ["112075"], ["112076"]]

    def test_the_response_of_the_patient_and_its_criteria(self, report):
        group = groups_of(report)["Patient"]
        assert evaluated_in(group, CURRENT_RESPONSE) == ["112042"]
        assert evaluated_in(group, OVERALL_RESPONSE) == ["PR"]
        assert group.method.value == "126081"
        assert values_of(group) == {"Sum of diameters of the target lesions": (28.4, "mm")}

    def test_every_group_says_its_time_point(self, report):
        for group in groups_of(report).values():
            told = {item.name.meaning: item.value for item in group[0].ContentSequence if item.ValueType != "CODE"}
            kinds = [item.value.value for item in group[0].ContentSequence if item.name.meaning == "Time Point Type"]
            assert (told["Time Point"], told["Time Point Order"]) == ("Follow-up 1", 1)
            assert kinds == ["126074"]
            assert told["Longitudinal Temporal Offset from Event"] == 92

    def test_an_independent_verifier_finds_no_error(self, report):
        assert problems(report) == []

    def test_it_lies_in_the_cts_study(self, report, ct):
        written, source = dcmread(report), dcmread(ct[0])
        assert written.StudyInstanceUID == source.StudyInstanceUID
        assert written.PatientID == source.PatientID

    def test_two_time_points_share_uids_and_differ_in_time_point(self, ct, report, tmp_path):
        write_lesion_report(tmp_path / "sr.dcm", lesions_on(ct), BASELINE, ct)
        before, after = groups_of(tmp_path / "sr.dcm"), groups_of(report)
        assert "Patient" not in before
        assert all(before[name].tracking_uid == after[name].tracking_uid for name in before)
        assert "C1442488" in str(before["Lesion 1"][0])
        assert problems(tmp_path / "sr.dcm") == []

    @pytest.mark.parametrize("overall", ["CR", "SD", "PD", "NON_CR_NON_PD", "NE"])
    def test_every_category_can_be_written(self, ct, tmp_path, overall):
        target = overall if overall in ("CR", "SD", "PD") else None
        path = tmp_path / "sr.dcm"
        write_lesion_report(path, lesions_on(ct), FOLLOW_UP, ct, response=PatientResponse(overall, target))
        group = groups_of(path)["Patient"]
        assert evaluated_in(group, OVERALL_RESPONSE) == [overall]
        assert len(evaluated_in(group, CURRENT_RESPONSE)) == (target is not None)
        assert problems(path) == []


class TestForTheNextTimePoint:
    def test_names_uids_roles_and_numbers_come_back(self, report, ct):
        given, found = lesions_on(ct), read_lesion_report(report)
        for one, two in zip(given, found, strict=True):
            assert (two.name, two.tracking_uid, two.role) == (one.name, one.tracking_uid, one.role)
            assert (two.time_point, two.volume_ml) == ("Follow-up 1", one.volume_ml)
            assert two.long_axis.length_mm == pytest.approx(one.long_axis.length_mm, abs=1e-9)
        assert found[0].short_axis.length_mm == pytest.approx(given[0].short_axis.length_mm, abs=1e-9)
        assert found[1].short_axis is found[2].short_axis is None

    def test_ends_come_back_as_they_were_written(self, report, ct):
        given, found = lesions_on(ct)[0].long_axis, read_lesion_report(report)[0].long_axis
        if found.ends_lps is not None:
            assert found.ends_lps == pytest.approx(np.array(given.ends_lps), abs=1e-3)
            assert (found.ends_pixels, found.image_uid) == (None, "")
        else:
            # Centers of voxels lie half a pixel from the corner that pixels are counted from.
            assert found.ends_pixels == pytest.approx(np.array([[4.5, 5.5], [12.0, 9.5]]), abs=1e-4)
            assert found.image_uid == sorted_sources(ct)[0][SLICE].SOPInstanceUID

    def test_a_follow_up_keeps_the_tracking_of_the_report_before(self, report, ct, tmp_path):
        before = read_lesion_report(report)
        lesions = [LesionMeasurement(each.name, each.tracking_uid, MeasuredAxis(0.0)) for each in before]
        write_lesion_report(tmp_path / "sr.dcm", lesions, TimePoint("Follow-up 2", 2, TimePointKind.FOLLOW_UP), ct)
        after = read_lesion_report(tmp_path / "sr.dcm")
        assert [each.tracking_uid for each in after] == [each.tracking_uid for each in before]
        assert {each.time_point for each in after} == {"Follow-up 2"}

    def test_other_files_are_refused(self, ct, tmp_path):
        (tmp_path / "text.dcm").write_text("nothing", encoding="utf-8")
        for path in (ct[0], tmp_path / "text.dcm", tmp_path / "none.dcm"):
            with pytest.raises(UnreadableFileError, match="no DICOM report"):
                read_lesion_report(path)


class TestRefusals:
    def test_another_slice_than_that_of_the_ends(self, ct, tmp_path):
        lesion = replace(lesions_on(ct)[0], slice_index=SLICE + 1)
        with pytest.raises(SettingsError, match=r"3\.0 mm off the plane of slice 4"):
            write_lesion_report(tmp_path / "sr.dcm", [lesion], BASELINE, ct)
        with pytest.raises(SettingsError, match="slices 0 to 7, got 8"):
            write_lesion_report(tmp_path / "sr.dcm", [replace(lesion, slice_index=8)], BASELINE, ct)

    def test_ends_outside_of_the_image(self, ct, tmp_path):
        _, grid = sorted_sources(ct)
        lesion = LesionMeasurement("Lesion 1", "1.2.3.101", axis_on(grid, (5, -3), (9, 11)), slice_index=SLICE)
        with pytest.raises(SettingsError, match="outside of the image"):
            write_lesion_report(tmp_path / "sr.dcm", [lesion], BASELINE, ct)
        assert list(tmp_path.iterdir()) == []

    def test_no_lesion_and_two_of_one_uid(self, ct, tmp_path):
        one = lesions_on(ct)[0]
        for lesions in ([], [one, replace(one, name="Lesion 2")]):
            with pytest.raises(SettingsError, match="of its own"):
                write_lesion_report(tmp_path / "sr.dcm", lesions, BASELINE, ct)

    def test_a_ct_whose_slices_share_an_identifier(self, tmp_path):
        files = write_ct(tmp_path / "ct")
        lesions = lesions_on(files)
        for path in files:
            tamper(path, SOPInstanceUID="1.2.3.4")
        with pytest.raises(MissingTagError, match="share one identifier"):
            write_lesion_report(tmp_path / "sr.dcm", lesions, BASELINE, files)

    @given(st.floats(1.0, 200.0), st.floats(0.11, 50.0))
    def test_a_length_that_its_ends_do_not_have(self, length_mm, off_mm):
        ends = ((0.0, 0.0, 0.0), (length_mm + off_mm, 0.0, 0.0))
        with pytest.raises(SettingsError, match="ends that are"):
            MeasuredAxis(length_mm, ends)

    def test_a_length_rounded_to_a_tenth_is_taken(self):
        assert MeasuredAxis(12.3, ((0.0, 0.0, 0.0), (12.34, 0.0, 0.0))).length_mm == 12.3

    @pytest.mark.parametrize("length_mm", [-1.0, math.nan, math.inf])
    def test_lengths_that_are_none(self, length_mm):
        with pytest.raises(SettingsError, match="0 mm or more"):
            MeasuredAxis(length_mm)

    def test_axes_without_a_slice_and_impossible_volumes(self):
        axis = MeasuredAxis(3.0, ((0.0, 0.0, 0.0), (3.0, 0.0, 0.0)))
        with pytest.raises(SettingsError, match="on which slice"):
            LesionMeasurement("Lesion 1", "1.2.3", axis)
        with pytest.raises(SettingsError, match="0 ml or more"):
            LesionMeasurement("Lesion 1", "1.2.3", MeasuredAxis(0.0), volume_ml=math.nan)

    @pytest.mark.parametrize("uid", ["", "lesion 1", "1.2.", "1." + "2" * 64])
    def test_tracking_uids_that_are_none(self, uid):
        with pytest.raises(SettingsError, match="numbers with dots"):
            LesionMeasurement("Lesion 1", uid, MeasuredAxis(0.0))
        with pytest.raises(SettingsError, match="numbers with dots"):
            PatientResponse("PR", tracking_uid=uid)

    def test_categories_that_are_none(self):
        with pytest.raises(SettingsError, match='got "better"'):
            PatientResponse("better")
        with pytest.raises(SettingsError, match='got "NE"'):
            PatientResponse("NE", "NE")
        with pytest.raises(SettingsError, match="0 mm or more"):
            PatientResponse("PR", sum_mm=-1.0)
