"""PET and SPECT series: place, unit and decay come from the files; what cannot be trusted is refused in words."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom import dcmread

from hepadose.dicom.emission import read_emission
from hepadose.dicom.emission_times import factors_of_f18_run, factors_to_injection
from hepadose.dicom.write import write_ct_series
from hepadose.errors import (
    AmbiguousInputError,
    GeometryMismatchError,
    MissingInputError,
    MissingTagError,
    SettingsError,
    UnitsError,
    UnreadableFileError,
)
from hepadose.images import Image

from dicom_example import a_ct, a_study, oblique_axes, tamper
from emission_example import pharmaceutical, write_pet, write_spect

HALF_LIFE_H = 64.1
DAY_FACTOR = 2 ** (24 / HALF_LIFE_H)


def an_activity(direction=None):
    """Other values in every voxel."""
    k, j, i = np.ogrid[:6, :9, :8]
    values = (1e5 * k + 1e3 * j + 10.0 * i).astype(np.float32) + 50.0
    return Image(values, (4.0, 5.0, 6.0), (-20.0, -30.0, -40.0), np.eye(3) if direction is None else direction)


class TestPet:
    @pytest.mark.parametrize("direction", [np.eye(3), oblique_axes()], ids=["axial", "oblique"])
    def test_values_and_place_come_back_whatever_the_order_of_the_files(self, tmp_path, direction):
        image = an_activity(direction)
        write_pet(tmp_path, image, a_study())
        found = read_emission(tmp_path)
        assert found.image.same_grid_as(image)
        assert found.image.array == pytest.approx(image.array, abs=float(image.array.max()) / 30000)
        assert (found.modality, found.units, found.is_concentration) == ("PT", "BQML", True)

    def test_other_objects_of_the_folder_are_passed_over(self, tmp_path):
        write_pet(tmp_path, an_activity(), a_study())
        write_ct_series(tmp_path, a_ct(), a_study())
        (tmp_path / "notes.txt").write_text("nothing")
        assert read_emission(tmp_path).modality == "PT"

    def test_a_blanked_class_is_read_by_its_modality(self, tmp_path):
        for path in write_pet(tmp_path, an_activity(), a_study()):
            tamper(path, SOPClassUID="")
        assert read_emission(tmp_path).image.same_grid_as(an_activity())

    def test_several_series_are_listed_and_chosen_by_number(self, tmp_path):
        write_pet(tmp_path, an_activity(), a_study(), "A")
        write_pet(tmp_path, an_activity().with_array(2 * an_activity().array), a_study(), "B")
        with pytest.raises(AmbiguousInputError, match=r"2 series of activity .*--activity-series"):
            read_emission(tmp_path)
        with pytest.raises(AmbiguousInputError, match="series 2: PT, 6 files, BQML"):
            read_emission(tmp_path)
        tops = {round(float(read_emission(tmp_path, number).image.array.max())) for number in (1, 2)}
        assert len(tops) == 2
        with pytest.raises(MissingInputError, match="no series 3"):
            read_emission(tmp_path, 3)

    def test_a_missing_slice_is_refused(self, tmp_path):
        paths = write_pet(tmp_path, an_activity(), a_study())
        paths[2].unlink()
        with pytest.raises(GeometryMismatchError, match="1 slice of the PET missing"):
            read_emission(tmp_path)

    def test_two_images_at_one_place_are_refused(self, tmp_path):
        paths = write_pet(tmp_path, an_activity(), a_study())
        copy = dcmread(paths[0])
        copy.SOPInstanceUID = "1.2.3.4"
        copy.save_as(tmp_path / "again.dcm")
        with pytest.raises(GeometryMismatchError, match="dynamic or gated"):
            read_emission(tmp_path)

    def test_slices_in_different_units_are_refused(self, tmp_path):
        tamper(write_pet(tmp_path, an_activity(), a_study())[0], Units="CNTS")
        with pytest.raises(GeometryMismatchError, match="different units"):
            read_emission(tmp_path)

    def test_a_folder_without_activity_and_rubbish_are_refused(self, tmp_path):
        write_ct_series(tmp_path, a_ct(), a_study())
        with pytest.raises(MissingInputError, match="no PET or NM"):
            read_emission(tmp_path)
        with pytest.raises(MissingInputError, match="no file or folder"):
            read_emission(tmp_path / "nowhere")

    def test_a_file_that_is_cut_off_is_named(self, tmp_path):
        path = write_pet(tmp_path, an_activity(), a_study())[0]
        path.write_bytes(path.read_bytes()[:-60])
        with pytest.raises(UnreadableFileError, match=path.name):
            read_emission(tmp_path)


class TestSpect:
    @pytest.mark.parametrize("downward", [False, True])
    def test_slices_lie_where_they_belong_in_either_direction(self, tmp_path, downward):
        image = an_activity().with_array(np.rint(an_activity().array / 100.0))
        found = read_emission(write_spect(tmp_path / "nm.dcm", image, a_study(), downward))
        assert found.image.same_grid_as(image)
        assert np.array_equal(found.image.array, image.array)
        assert (found.modality, found.is_concentration) == ("NM", False)

    def test_two_spects_of_one_name_are_two_series(self, tmp_path):
        image = an_activity().with_array(np.rint(an_activity().array / 100.0))
        for folder in ("stress", "rest"):
            write_spect(tmp_path / folder / "nm.dcm", image, a_study())
        with pytest.raises(AmbiguousInputError, match="2 series of activity"):
            read_emission(tmp_path)

    @pytest.mark.parametrize(
        ("attributes", "problem", "words"),
        [
            ({"ImageType": ["ORIGINAL", "PRIMARY", "TOMO", "EMISSION"]}, UnitsError, "no reconstructed SPECT"),
            ({"NumberOfSlices": 3}, GeometryMismatchError, "6 frames of 3 slices"),
            ({"SpacingBetweenSlices": None}, MissingTagError, "SpacingBetweenSlices"),
        ],
    )
    def test_what_is_no_volume_is_refused(self, tmp_path, attributes, problem, words):
        image = an_activity().with_array(np.rint(an_activity().array / 100.0))
        path = write_spect(tmp_path / "nm.dcm", image, a_study(), **attributes)
        with pytest.raises(problem, match=words):
            read_emission(path)


class TestDecay:
    def factors(self, tmp_path, **attributes):
        write_pet(tmp_path, an_activity(), a_study(), **attributes)
        return factors_to_injection(read_emission(tmp_path).times, HALF_LIFE_H)

    def test_a_scan_corrected_to_its_start_is_taken_back_a_day(self, tmp_path):
        factors, findings = self.factors(tmp_path)
        assert factors == pytest.approx(np.full(6, DAY_FACTOR))
        assert "24.00 h after the injection" in findings[0].text and "no time zone" in findings[1].text

    def test_a_scan_corrected_to_the_injection_stays_as_it_is(self, tmp_path):
        assert self.factors(tmp_path, DecayCorrection="ADMIN")[0] == pytest.approx(np.ones(6))

    def test_without_correction_every_slice_has_its_own_time(self, tmp_path):
        for place, path in enumerate(write_pet(tmp_path, an_activity(), a_study(), DecayCorrection="NONE")):
            tamper(path, AcquisitionTime=f"10{10 * (place // 3):02d}00")
        factors, _ = factors_to_injection(read_emission(tmp_path).times, HALF_LIFE_H)
        assert factors[0] == pytest.approx(DAY_FACTOR)
        assert factors[5] / factors[0] == pytest.approx(2 ** (10 / 60 / HALF_LIFE_H), rel=1e-9)

    def test_stated_time_zones_count(self, tmp_path):
        start = [pharmaceutical("20230301100000+0100")]
        attributes = {"TimezoneOffsetFromUTC": "-0200", "RadiopharmaceuticalInformationSequence": start}
        factors, findings = self.factors(tmp_path, **attributes)
        assert factors[0] == pytest.approx(2 ** (27 / HALF_LIFE_H))
        assert len(findings) == 1

    def test_an_hour_without_its_day_is_told(self, tmp_path):
        only_hour = pharmaceutical()
        del only_hour.RadiopharmaceuticalStartDateTime
        only_hour.RadiopharmaceuticalStartTime = "083000"
        attributes = {"RadiopharmaceuticalInformationSequence": [only_hour], "AcquisitionDate": "20230301"}
        factors, findings = self.factors(tmp_path, **attributes)
        assert factors[0] == pytest.approx(2 ** (1.5 / HALF_LIFE_H))
        assert "not its day" in findings[-1].text

    @pytest.mark.parametrize(
        ("attributes", "problem", "words"),
        [
            ({"DecayCorrection": None}, MissingTagError, "to which time its decay is corrected"),
            ({"AcquisitionTime": None}, MissingTagError, "when the activity was injected or scanned"),
            ({"RadiopharmaceuticalInformationSequence": [pharmaceutical("")]}, MissingTagError, "injected"),
            ({"RadiopharmaceuticalInformationSequence": [pharmaceutical(half_life_s=6586.2)]}, UnitsError, "1.83 h"),
            (
                {"RadiopharmaceuticalInformationSequence": [pharmaceutical("20230401100000")]},
                SettingsError,
                "injection to scan",
            ),
        ],
    )
    def test_times_that_cannot_be_trusted_are_refused(self, tmp_path, attributes, problem, words):
        with pytest.raises(problem, match=words):
            self.factors(tmp_path, **attributes)


class TestScannedAsF18:
    F18_H, YIELDS = 109.77 / 60, 0.9673 / 31.86e-6
    """Half-life and ratio of positron yields, F-18 over Y-90."""

    def shown(self, correction, scan_h, first_h, minutes):
        """What such a scanner shows of 1 Bq/ml of Y-90 at injection: it counts positrons and undoes F-18's decay."""
        over_h = {"ADMIN": scan_h + minutes / 120, "START": scan_h - first_h + minutes / 120, "NONE": 0.0}[correction]
        return 2 ** (-scan_h / HALF_LIFE_H) / self.YIELDS * 2 ** (over_h / self.F18_H)

    @pytest.mark.parametrize("correction", ["ADMIN", "START", "NONE"])
    def test_the_true_concentration_comes_back_in_every_bed(self, tmp_path, correction):
        agent = [pharmaceutical("20230302080000", 6586.2)]
        attributes = {"DecayCorrection": correction, "RadiopharmaceuticalInformationSequence": agent}
        for place, path in enumerate(write_pet(tmp_path, an_activity(), a_study(), **attributes)):
            tamper(path, AcquisitionTime="100000" if place < 3 else "101500")
        factors, findings = factors_of_f18_run(read_emission(tmp_path).times, HALF_LIFE_H, 15.0)
        expected = [1.0 / self.shown(correction, scan_h, 2.0, 15.0) for scan_h in (2.0, 2.25)]
        assert factors == pytest.approx(np.repeat(expected, 3), rel=1e-6)
        assert "as asked for" in findings[0].text

    def test_a_scan_for_another_nuclide_is_refused(self, tmp_path):
        write_pet(tmp_path, an_activity(), a_study())
        times = read_emission(tmp_path).times
        with pytest.raises(UnitsError, match="leave --f18-protocol out"):
            factors_of_f18_run(times, HALF_LIFE_H, 15.0)
        with pytest.raises(SettingsError, match="duration of the scan"):
            factors_of_f18_run(times, HALF_LIFE_H, 0.0)
