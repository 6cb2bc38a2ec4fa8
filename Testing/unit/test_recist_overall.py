"""Overall and best response, what must be said beside it, viable tissue, and records that contradict themselves."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from hepadose.errors import GeometryMismatchError, SettingsError
from hepadose.images import Image
from hepadose.recist.criteria import criterion
from hepadose.recist.lesions import Observation, Status
from hepadose.recist.overall import NewLesions, Protocol, back_dated, best_overall_response, overall_response
from hepadose.recist.target_response import Category, respond
from hepadose.recist.viable import viable_part
from hepadose.recist.words import caveat_sentence, variability_sentences

from recist_example import ABSENT, lesions, measured, seen

RECIST = criterion("recist-1.1")
CR, PR, SD, PD, NE, OTHER = (
    *(Category.CR, Category.PR, Category.SD, Category.PD, Category.NE),
    Category.NON_CR_NON_PD,
)


class TestOverall:
    @pytest.mark.parametrize(
        ("target", "non_target", "new", "expected"),
        [
            (CR, CR, "no", CR),
            (CR, None, "no", CR),
            (CR, OTHER, "no", PR),
            (CR, NE, "no", PR),
            *((PR, other, "no", PR) for other in (CR, OTHER, NE, None)),
            *((SD, other, "no", SD) for other in (CR, OTHER, NE, None)),
            *((NE, other, "no", NE) for other in (CR, OTHER, NE, None)),
            *((PD, *rest, PD) for rest in itertools.product((CR, OTHER, PD, NE, None), ("no", "equivocal", "yes"))),
            *((target, PD, new, PD) for target in (CR, PR, SD, NE, None) for new in ("no", "yes")),
            *((*rest, "yes", PD) for rest in itertools.product((CR, PR, SD, NE, None), (CR, OTHER, NE, None))),
            (None, CR, "no", CR),
            (None, OTHER, "no", OTHER),
            (None, NE, "no", NE),
            (SD, None, "equivocal", SD),
            (None, None, "no", NE),
        ],
    )
    def test_table(self, target, non_target, new, expected):
        assert overall_response(target, non_target, NewLesions(new)) is expected

    def test_categories_in_the_wrong_place_are_refused(self):
        with pytest.raises(SettingsError, match="not measured"):
            overall_response(SD, PR)
        with pytest.raises(SettingsError, match="are measured"):
            overall_response(OTHER)

    def test_only_doubts_right_before_the_confirmation_date_back(self):
        no, doubt, yes = NewLesions.NO, NewLesions.EQUIVOCAL, NewLesions.YES
        assert back_dated([doubt, no, doubt, doubt, yes]) == (doubt, no, yes, yes, yes)
        assert back_dated([doubt, doubt]) == (doubt, doubt)

    @pytest.mark.parametrize(
        ("responses", "expected", "confirmed"),
        [
            ([(56, PR), (84, PR), (140, PD)], PR, PR),
            ([(56, PR), (70, PR)], PR, SD),
            ([(56, CR), (112, PR)], CR, SD),
            ([(56, PR), (112, CR)], CR, PR),
            ([(56, CR), (112, CR)], CR, CR),
            ([(28, SD)], NE, NE),
            ([(28, SD), (56, PD), (90, CR)], PD, PD),
            ([(42, SD), (90, PD)], SD, SD),
            ([(56, OTHER)], OTHER, OTHER),
            ([], NE, NE),
        ],
    )
    def test_best_response(self, responses, expected, confirmed):
        assert best_overall_response(responses) is expected
        assert best_overall_response(responses, Protocol(confirm=True)) is confirmed


class TestWords:
    def answer(self, *sums, rules=RECIST):
        return respond(rules, lesions("A"), [seen(A=each) for each in sums])

    def test_a_change_near_the_boundary_is_said_to_be_within_reader_variability(self):
        (sentence,) = variability_sentences(RECIST, self.answer(100, "72.5"), 2)
        assert "−27.5 %" in sentence and "partial response (−30.0 %)" in sentence and "−19.2 %" in sentence

    @pytest.mark.parametrize(
        ("now", "targets", "one_reader", "count"),
        # Half widths: 19.35 (sum, two readers), 23.75 (one lesion, two readers), 11.45 (sum, one), 16.95 (one, one).
        [
            ("89.4", 2, False, 0),
            ("89.3", 2, False, 1),
            ("100.6", 2, False, 0),
            ("100.7", 2, False, 1),
            ("93.7", 1, False, 1),
            ("93.8", 1, False, 0),
            ("81.4", 2, True, 1),
            ("81.5", 2, True, 0),
            ("86.9", 1, True, 1),
            ("87.0", 1, True, 0),
        ],
    )
    def test_half_the_width_of_the_limits_decides(self, now, targets, one_reader, count):
        if targets == 1 and not one_reader:
            # The boundary of progression is in reach of one lesion from −3.75 % on.
            assert now in ("93.7", "93.8")
        found = variability_sentences(RECIST, self.answer(100, now), targets, one_reader=one_reader)
        assert len(found) == count

    def test_volumes_and_complete_responses_have_no_published_limits(self):
        volumes = respond(
            criterion("volume"), lesions("A"), [seen(A=measured(1, 1, 100.0)), seen(A=measured(1, 1, 40.0))]
        )
        assert variability_sentences(criterion("volume"), volumes, 1) == ()
        assert variability_sentences(RECIST, self.answer(100, ABSENT), 1) == ()

    @pytest.mark.parametrize(
        ("months", "words"), [(2.0, "only 2.0 months"), (9.0, "9.0 months after treatment"), (None, "was not stated")]
    )
    def test_mrecist_warns_of_irradiation_with_the_time_since(self, months, words):
        assert words in caveat_sentence(criterion("mrecist"), months)

    def test_recist_needs_no_warning(self):
        assert caveat_sentence(RECIST, 1.0) == ""


class TestViable:
    def test_what_takes_up_enough_within_the_lesion(self):
        lesion, native, arterial = (Image(np.zeros((1, 2, 4), np.int16)) for _ in range(3))
        lesion.array[0, 0] = 1
        arterial.array[0, :, 2:] = 30
        native.array[0, 0, 3] = 11
        assert viable_part(lesion, arterial, native, 20.0).array.tolist() == [
            [[False, False, True, False], [False] * 4]
        ]

    def test_other_grids_and_no_threshold_are_refused(self):
        image, other = Image(np.zeros((1, 2, 2))), Image(np.zeros((1, 2, 3)))
        with pytest.raises(GeometryMismatchError, match="native"):
            viable_part(image, image, other, 20.0)
        with pytest.raises(SettingsError, match="above 0 HU"):
            viable_part(image, image, image, 0.0)


class TestRecords:
    def test_a_measured_lesion_needs_its_axes(self):
        with pytest.raises(SettingsError, match="needs its axes"):
            Observation(Status.MEASURED)

    def test_a_merged_lesion_names_its_carrier(self):
        with pytest.raises(SettingsError, match="carries the axis"):
            Observation(Status.MERGED)
