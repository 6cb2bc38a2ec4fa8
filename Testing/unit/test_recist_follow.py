"""Lesions of several times: paired, followed, and a patient's whole assessment."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk

from hepadose.errors import EmptyRegionError, GeometryMismatchError, MissingInputError
from hepadose.images import Image
from hepadose.recist.analysis import assess
from hepadose.recist.brought import brought_onto
from hepadose.recist.criteria import criteria
from hepadose.recist.follow import follow_lesions
from hepadose.recist.lesions import Lesion, Role, Status
from hepadose.recist.pairing import LesionMap, PairingSettings, pair_lesions
from hepadose.recist.records import AssessmentSettings, TimePoint
from hepadose.recist.target_response import Category

from recist_example import balls

LEFT, RIGHT = (15, 15, 15), (15, 15, 45)


def lesion_map(*centers, radius=8.0, prefix="Lesion", **options):
    return LesionMap.from_mask(balls(centers, radius, **options), prefix)


def fates(before, after, settings=None):
    return [(link.before, link.after, link.fate.value) for link in pair_lesions(before, after, settings)]


class TestMaps:
    def test_regions_are_numbered_by_their_size(self):
        mask = balls([LEFT], 5.0)
        mask.array[:] |= balls([RIGHT], 8.0).array
        found = LesionMap.from_mask(mask)
        assert found.names == ("Lesion 1", "Lesion 2")
        assert found.mask("Lesion 1").volume_ml() > found.mask("Lesion 2").volume_ml()

    def test_voxels_that_share_a_corner_in_space_are_one_lesion(self):
        mask = np.zeros((3, 3, 3), bool)
        mask[0, 0, 0] = mask[1, 1, 1] = True
        assert len(LesionMap.from_mask(Image(mask)).names) == 1

    def test_a_segment_is_one_lesion_whatever_its_parts(self):
        found = LesionMap.from_segments({"A": balls([LEFT, RIGHT], 4.0), "empty": balls([], 4.0)})
        assert found.names == ("A",)

    def test_overlapping_segments_are_refused(self):
        with pytest.raises(GeometryMismatchError, match='"B" overlaps'):
            LesionMap.from_segments({"A": balls([LEFT], 4.0), "B": balls([LEFT], 2.0)})

    def test_no_segment_is_refused(self):
        with pytest.raises(EmptyRegionError, match="no segment"):
            LesionMap.from_segments({})


class TestPairs:
    def test_the_same_vanished_and_new(self):
        before = lesion_map(LEFT, RIGHT)
        after = lesion_map(LEFT, (15, 45, 45), radius=6.0, prefix="After")
        assert fates(before, after) == [
            (("Lesion 1",), ("After 1",), "same"),
            (("Lesion 2",), (), "vanished"),
            ((), ("After 2",), "new"),
        ]

    def test_split_and_merged_are_each_other_backwards(self):
        whole, halves = (
            lesion_map((15, 15, 25), radius=10),
            lesion_map((15, 15, 19), (15, 15, 31), radius=4, prefix="H"),
        )
        assert fates(whole, halves) == [(("Lesion 1",), ("H 1", "H 2"), "split")]
        assert fates(halves, whole) == [(("H 1", "H 2"), ("Lesion 1",), "merged")]

    def test_several_that_became_several_others_cannot_be_told_apart(self):
        before = LesionMap(Image(np.array([[[1, 1, 0, 2, 2, 2]]])), ("A", "B"))
        after = LesionMap(Image(np.array([[[1, 0, 2, 2, 0, 3]]])), ("X", "Y", "Z"))
        bridge = LesionMap(Image(np.array([[[1, 2, 2, 2, 2, 3]]])), ("X", "Y", "Z"))
        assert [each[2] for each in fates(before, bridge)] == ["rearranged"]
        assert [each[2] for each in fates(before, after)] == ["same", "split"]

    def test_grazing_a_neighbor_merges_nothing(self):
        before = LesionMap(Image(np.repeat([1, 0, 2, 0], [20, 5, 10, 5])[None, None]), ("A", "B"))
        after = LesionMap(Image(np.repeat([1, 0, 2, 0], [12, 7, 16, 5])[None, None]), ("A later", "B later"))
        assert [each[2] for each in fates(before, after)] == ["same", "same"]
        assert [each[2] for each in fates(before, after, PairingSettings(least_share=0.05))] == ["rearranged"]

    def test_a_gap_that_registration_may_leave_is_bridged_and_told(self):
        before, after = lesion_map((15, 15, 15), radius=3), lesion_map((15, 15, 25), radius=3)
        (link,) = pair_lesions(before, after)
        assert link.fate.value == "same" and link.gap_mm == pytest.approx(4.0)
        assert [each[2] for each in fates(before, after, PairingSettings(search_mm=3.9))] == ["vanished", "new"]

    def test_the_nearest_ones_find_each_other(self):
        before = lesion_map((15, 15, 10), (15, 15, 24), radius=2)
        after = lesion_map((15, 15, 19), radius=2, prefix="After")
        assert fates(before, after) == [
            (("Lesion 1",), (), "vanished"),
            (("Lesion 2",), ("After 1",), "same"),
        ]

    def test_the_order_of_lesions_changes_no_pair(self):
        labels = lesion_map(LEFT, RIGHT, (15, 45, 30)).labels
        after = lesion_map(LEFT, (15, 45, 30), radius=6, prefix="After")
        swapped = labels.with_array(np.array([0, 3, 1, 2])[labels.array])
        names = ("Lesion 1", "Lesion 2", "Lesion 3")
        one = fates(LesionMap(labels, names), after)
        other = fates(LesionMap(swapped, (names[1], names[2], names[0])), after)
        assert sorted(one) == sorted(other)

    def test_no_lesion_in_one_of_both(self):
        none, some = lesion_map(), lesion_map(LEFT)
        assert fates(none, some) == [((), ("Lesion 1",), "new")]
        assert fates(some, none) == [(("Lesion 1",), (), "vanished")]
        assert fates(none, none) == []

    def test_a_lesion_without_voxel_on_the_common_grid_is_new_there(self):
        beyond = LesionMap(lesion_map(LEFT).labels, ("A", "beyond"))
        assert fates(lesion_map(LEFT, RIGHT), beyond)[1:] == [(("Lesion 2",), (), "vanished"), ((), ("beyond",), "new")]

    def test_other_grids_are_refused(self):
        with pytest.raises(GeometryMismatchError, match="before and after"):
            pair_lesions(lesion_map(LEFT), lesion_map(LEFT, spacing_mm=(2.0, 1.0, 1.0)))


class TestBrought:
    def test_lesions_move_with_the_transform(self):
        onto = balls([], 1.0)
        found, outside = brought_onto(lesion_map((15, 15, 25)), onto, sitk.TranslationTransform(3, (10.0, 0.0, 0.0)))
        assert np.array_equal(found.labels.array > 0, balls([LEFT], 8.0).array)
        assert outside == []

    def test_a_small_lesion_is_not_lost_between_voxels(self):
        fine = lesion_map((10, 10, 10), (20, 40, 40), radius=1.0)
        coarse = Image(np.zeros((8, 15, 15)), (4.0, 4.0, 4.0), (2.0, 2.0, 2.0))
        found, outside = brought_onto(fine, coarse)
        assert set(np.unique(found.labels.array)) == {0, 1, 2} and outside == []

    def test_a_lesion_beyond_the_grid_is_named(self):
        found, outside = brought_onto(lesion_map(LEFT), Image(np.zeros((5, 5, 5)), origin_lps=(500.0, 0.0, 0.0)))
        assert outside == ["Lesion 1"] and not found.labels.array.any()


class TestCourse:
    def test_a_lesion_that_was_gone_is_found_again_at_its_place(self):
        course = follow_lesions([lesion_map(LEFT, RIGHT), lesion_map(RIGHT), lesion_map(LEFT, RIGHT, radius=5)])
        first = next(name for name in course.baseline if course.sightings[1][name].status is Status.ABSENT)
        assert course.sightings[2][first].status is Status.MEASURED
        assert course.new == ()

    def test_merged_lesions_stay_merged_until_their_carrier_is_gone(self):
        halves = lesion_map((15, 15, 19), (15, 15, 31), radius=4)
        whole = lesion_map((15, 15, 25), radius=10, prefix="Whole")
        course = follow_lesions([halves, whole, whole, lesion_map()])
        second = [seen["Lesion 2"] for seen in course.sightings]
        assert [each.status.value for each in second] == ["measured", "merged", "merged", "absent"]
        assert second[1].merged_into == "Lesion 1"

    def test_new_lesions_keep_their_number(self):
        third = (15, 45, 30)
        course = follow_lesions([lesion_map(LEFT), lesion_map(LEFT, RIGHT), lesion_map(LEFT, RIGHT, third)])
        assert course.new == ("New lesion 1", "New lesion 2")
        assert course.sightings[1]["New lesion 2"].status is Status.ABSENT
        assert course.sightings[2]["New lesion 1"].parts

    def test_a_single_time_is_refused(self):
        with pytest.raises(MissingInputError, match="later time"):
            follow_lesions([lesion_map(LEFT)])


def patient(*maps, **options):
    return [TimePoint(f"Time {number}", each, **options) for number, each in enumerate(maps)]


def overall(assessment):
    return [answers[0].overall for answers in assessment.responses]


class TestAssessment:
    def test_a_tumor_that_shrinks_to_two_thirds_responds(self):
        found = assess(patient(lesion_map(LEFT, radius=12), lesion_map(LEFT, radius=8)))
        target = found.responses[0][0].target
        assert float(target.baseline) == pytest.approx(24.9, abs=0.15)
        assert float(target.total) == pytest.approx(16.9, abs=0.15)
        assert overall(found) == [Category.PR]

    def test_slices_count_from_the_first_one_of_the_image(self):
        found = assess(patient(lesion_map((20, 20, 20), radius=6), lesion_map((18, 20, 20), radius=6)))
        assert [parts[0].slice_index for parts in found.lesions[0].diameters] == [20, 18]

    def test_baseline_smallest_and_current_over_four_times(self):
        radii = (12, 6, 7, 9)
        found = assess(patient(*(lesion_map((15, 20, 20), radius=radius) for radius in radii)))
        assert overall(found) == [Category.PR, Category.PR, Category.PD]
        last = found.responses[-1][0].target
        assert last.smallest == found.responses[0][0].target.total

    def test_a_new_lesion_is_progression_whatever_the_targets_do(self):
        found = assess(
            patient(lesion_map(LEFT, radius=12), lesion_map(LEFT, RIGHT, radius=7), lesion_map(LEFT, radius=7))
        )
        assert overall(found) == [Category.PD, Category.PD]
        assert found.lesions[-1].role is Role.NEW

    def test_everything_gone_is_complete(self):
        assert overall(assess(patient(lesion_map(LEFT, RIGHT), lesion_map()))) == [Category.CR]

    def test_a_third_lesion_of_the_liver_is_followed_as_non_target(self):
        three = [balls([center], radius) for center, radius in ((LEFT, 9), (RIGHT, 8), ((15, 45, 30), 7))]
        before = LesionMap.from_segments({f"L{n}": mask for n, mask in enumerate(three)})
        after = LesionMap.from_segments({"L2": three[2]})
        found = assess(patient(before, after))
        assert [row.role for row in found.lesions] == [Role.TARGET, Role.TARGET, Role.NON_TARGET]
        answer = found.responses[0][0]
        assert (answer.target.category, answer.non_target, answer.overall) == (
            *(Category.CR, Category.NON_CR_NON_PD),
            Category.PR,
        )

    def test_without_a_measurable_lesion_the_non_targets_decide(self):
        found = assess(patient(lesion_map(LEFT, radius=4), lesion_map(LEFT, radius=4)))
        answer = found.responses[0][0]
        assert answer.target is None and answer.overall is Category.NON_CR_NON_PD
        assert "below 10 mm" in found.lesions[0].reason

    def test_a_lesion_treated_before_the_baseline_is_no_target(self):
        known = {"Lesion 1": Lesion("Lesion 1", irradiated_before_baseline=True)}
        found = assess(patient(lesion_map(LEFT), lesion_map(LEFT)), known=known)
        assert found.lesions[0].role is Role.NON_TARGET

    def test_a_persons_statements_count(self):
        times = patient(lesion_map(LEFT), lesion_map(LEFT))
        progressed = TimePoint("later", times[1].measured, non_target=Category.PD)
        assert overall(assess([times[0], progressed])) == [Category.PD]
        chosen = AssessmentSettings(roles={"Lesion 1": Role.NON_TARGET})
        assert assess(times, chosen).responses[0][0].target is None

    def test_all_criteria_answer_side_by_side(self):
        settings = AssessmentSettings(criteria=tuple(criteria().values()))
        found = assess(
            patient(lesion_map(LEFT, radius=12), lesion_map(LEFT, radius=8), months_since_treatment=2.0), settings
        )
        assert {each.criterion.key: each.overall.value for each in found.responses[0]} == {
            "recist-1.1": "PR", "mrecist": "PR", "who": "PR", "easl": "PR", "volume": "PR"
        }  # fmt: skip
        remarks = found.responses[0][1].remarks
        assert any("only 2.0 months" in each for each in remarks)

    def test_lesions_measured_on_their_own_grid_are_paired_on_the_common_one(self):
        before = lesion_map(LEFT, radius=10)
        after = lesion_map(LEFT, radius=10, prefix="After", spacing_mm=(0.5, 0.5, 0.5))
        paired, _ = brought_onto(after, before.labels, sitk.ScaleTransform(3, (0.5, 0.5, 0.5)))
        found = assess([TimePoint("before", before), TimePoint("after", after, paired)])
        assert float(found.responses[0][0].target.from_baseline_percent) == pytest.approx(-50, abs=0.5)
        with pytest.raises(GeometryMismatchError, match="not those that were measured"):
            assess([TimePoint("before", before), TimePoint("after", after, before)])

    def test_thick_slices_hollow_split_and_merged_lesions_are_told(self):
        whole = lesion_map((15, 15, 25), radius=10, spacing_mm=(1.0, 1.0, 7.5))
        halves = lesion_map((15, 15, 17), (15, 15, 33), radius=5, spacing_mm=(1.0, 1.0, 7.5))
        texts = [finding.text for finding in assess(patient(whole, halves)).findings]
        assert any("from 15 mm on" in text for text in texts) and any("split into 2" in text for text in texts)
        texts = [finding.text for finding in assess(patient(halves, whole)).findings]
        assert any('Merged into "Lesion 1"' in text for text in texts)

    def test_no_lesion_at_the_baseline_is_refused(self):
        with pytest.raises(MissingInputError, match="from before the treatment"):
            assess(patient(lesion_map(), lesion_map(LEFT)))
