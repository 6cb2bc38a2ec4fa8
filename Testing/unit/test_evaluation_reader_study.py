"""Tables of a reader study from simulated readings whose summary is known."""

from __future__ import annotations

import numpy as np
import pytest

from hepadose.errors import GeometryMismatchError, MissingInputError, SettingsError
from hepadose.evaluation.corrections import Correction
from hepadose.evaluation.reader_study import Reading, ReadingKind, compare_readings
from hepadose.evaluation.reader_tables import correction_table, editing_times, score_table
from hepadose.images import Image

AUTOMATIC, MANUAL, ADJUSTED = ReadingKind.AUTOMATIC, ReadingKind.MANUAL, ReadingKind.ADJUSTED
ADJUST_MIN = [3.17, 5, 6, 7, 9.18, 10, 12, 15, 32.75]


def slab(columns):
    """A block that is so many voxels wide; its volume is in proportion."""
    mask = np.zeros((6, 12, 40), bool)
    mask[1:5, 2:10, 4 : 4 + columns] = True
    return Image(mask, (5.0, 5.0, 5.0))


def reading(case, kind, reader="", columns=10, **known):
    return Reading(str(case), kind, reader, slab(columns), **known)


class TestPairs:
    def test_ratio_of_volumes_is_first_over_second(self):
        readings = [reading(1, AUTOMATIC, columns=11), reading(1, MANUAL, "1", 10)]
        one = compare_readings(readings, "automatic", "manual 1").rows[0]
        other = compare_readings(readings, "manual 1", "automatic").rows[0]
        assert one.volume_ratio == pytest.approx(1.1)
        assert other.volume_ratio == pytest.approx(1 / 1.1)
        assert one.dice == pytest.approx(2 * 10 / 21)
        assert one.hausdorff_mm == pytest.approx(5.0)

    def test_medians_and_tolerance_of_planted_ratios(self):
        widths = [18, 19, 20, 20, 20, 21, 24]
        readings = [reading(case, AUTOMATIC, columns=width) for case, width in enumerate(widths)]
        readings += [reading(case, ADJUSTED, "1", 20) for case in range(len(widths))]
        table = compare_readings(readings, "automatic", "adjusted 1")
        assert table.summaries["volume_ratio"].median == pytest.approx(1.0)
        assert table.outside_tolerance == (1, 7)
        assert table.volumes.bias == pytest.approx(np.mean(widths) * 4.0 - 80.0)
        assert table.correlation is not None and 0 < table.volume_p <= 1

    def test_only_cases_with_both_are_compared(self):
        readings = [reading(1, AUTOMATIC), reading(2, AUTOMATIC), reading(2, MANUAL, "1")]
        table = compare_readings(readings, "automatic", "manual 1")
        assert [row.case for row in table.rows] == ["2"]
        assert table.volumes is None

    def test_unknown_readings_are_refused_with_those_that_are_there(self):
        with pytest.raises(MissingInputError, match="readings are automatic"):
            compare_readings([reading(1, AUTOMATIC)], "automatic", "manual 9")

    def test_other_grids_are_refused(self):
        other = Reading("1", MANUAL, "1", Image(slab(10).array, (4.0, 5.0, 5.0)))
        with pytest.raises(GeometryMismatchError):
            compare_readings([reading(1, AUTOMATIC), other], "automatic", "manual 1")

    def test_an_empty_contour_has_no_distance(self):
        table = compare_readings([reading(1, AUTOMATIC, columns=0), reading(1, MANUAL, "1")], "automatic", "manual 1")
        assert np.isnan(table.rows[0].assd_mm)
        assert table.summaries["assd_mm"].left_out == 1
        assert table.rows[0].dice == 0.0


class TestTimes:
    def test_readers_are_never_pooled(self):
        readings = [reading(case, ADJUSTED, "1", active_min=minutes) for case, minutes in enumerate(ADJUST_MIN)]
        readings += [reading(case, ADJUSTED, "2", active_min=1.0) for case in range(3)]
        one, two = editing_times(readings)
        assert (one.reader, one.adjusted.median, one.adjusted.lowest, one.adjusted.highest) == ("1", 9.18, 3.17, 32.75)
        assert two.adjusted.median == 1.0

    def test_time_saved_is_that_of_the_same_cases(self):
        readings = [reading(case, MANUAL, "1", wall_min=30.0 + case) for case in range(5)]
        readings += [reading(case, ADJUSTED, "1", active_min=10.0, wall_min=99.0) for case in range(4)]
        table = editing_times(readings)[0]
        assert table.saved.count == 4
        assert table.saved.median == pytest.approx(21.5)
        assert table.p == pytest.approx(0.125)

    def test_without_times_there_is_no_table(self):
        assert editing_times([reading(1, MANUAL, "1")]) == ()


class TestScores:
    def test_agreement_of_two_readers_is_near_or_not(self):
        first = [3.0, 3.5, 4.0, 2.0, 4.5] * 4
        second = [3.5, 3.5, 4.0, 3.0, 4.0] * 4
        readings = [reading(case, ADJUSTED, "1", score=score) for case, score in enumerate(first)]
        readings += [reading(case, ADJUSTED, "2", score=score) for case, score in enumerate(second)]
        table = score_table(readings)
        found = table.agreement["1", "2"]
        assert (found.near, found.count) == (16, 20)
        assert tuple(round(value, 3) for value in found.interval) == (0.584, 0.919)
        assert 0 < found.kappa < 1
        assert table.by_reader["1"].count == 20


class TestCorrections:
    def correction(self, region, added=0.0, removed=0.0):
        return Correction(added, removed, (0.0, 0.0, 0.0), region)

    def test_frequency_counts_cases_and_volumes_add_up(self):
        heart, vein = self.correction("heart", removed=3.0), self.correction("portal vein", added=2.0)
        readings = [
            reading(1, ADJUSTED, "1", corrections=(heart, heart, vein)),
            reading(2, ADJUSTED, "1", corrections=(heart,)),
            reading(3, ADJUSTED, "1"),
            reading(4, MANUAL, "1"),
        ]
        first, second = correction_table(readings)
        assert (first.region, first.cases, first.of_cases, first.removed_ml) == ("heart", 2, 3, 9.0)
        assert first.frequency == pytest.approx(2 / 3)
        assert (second.region, second.cases, second.added_ml) == ("portal vein", 1, 2.0)

    def test_a_case_adjusted_twice_is_refused(self):
        with pytest.raises(SettingsError, match="adjusted twice"):
            correction_table([reading(1, ADJUSTED, "1"), reading(1, ADJUSTED, "1")])
