"""The total dose from one or several dose objects."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hepadose.dicom.dose_sum import total_dose
from hepadose.dicom.rtdose import DoseSummation, DoseType, RtDose
from hepadose.dicom.rtplan import FractionGroup, RtPlan
from hepadose.errors import AmbiguousInputError, GeometryMismatchError, MissingInputError, UnitsError
from hepadose.findings import Level
from hepadose.images import Image


def a_dose(kind=DoseSummation.PLAN, gy=1.0, beam=None, plan="1.2"):
    array = np.full((2, 3, 4), gy, np.float32)
    return RtDose(Image(array), gy, kind, DoseType.PHYSICAL, "1.9", plan, beam)


def a_plan(fractions=5, beams=(1, 2, 3)):
    return RtPlan("1.2", "P", fractions, 50.0, beams, (FractionGroup(1, fractions, beams),))


def beams(*numbers):
    return [a_dose(DoseSummation.BEAM, float(number), number) for number in numbers]


def texts(dose):
    return [finding.text for finding in dose.findings]


def test_a_plan_dose_is_taken_as_it_is():
    dose = a_dose(gy=48.2)
    total = total_dose([dose], a_plan())
    assert total.image is dose.image
    assert total.findings == ()


def test_a_plan_dose_wins_over_doses_of_beams_and_that_is_told():
    total = total_dose([*beams(1, 2, 3), a_dose(gy=48.2)], a_plan())
    assert total.maximum_gy == 48.2
    assert texts(total) == ["Dose of the type PLAN taken; not used: 3 BEAM."]


def test_doses_of_beams_are_added_after_their_number_was_checked():
    total = total_dose(beams(1, 2, 3), a_plan())
    assert (total.image.array == 6.0).all()
    assert (total.maximum_gy, total.summation_type) == (6.0, DoseSummation.PLAN)
    assert texts(total) == ["Sum of the doses of 3 beams."]


def test_a_computed_total_claims_no_stored_object_as_its_own():
    stored = [replace(dose, sop_instance_uid=f"1.7.{number}") for number, dose in enumerate(beams(1, 2, 3))]
    assert total_dose(stored, a_plan()).sop_instance_uid == ""
    fraction = replace(a_dose(DoseSummation.FRACTION, 10.0), sop_instance_uid="1.7")
    assert total_dose([fraction], a_plan(5), fractions_confirmed=5).sop_instance_uid == ""
    assert total_dose([replace(a_dose(), sop_instance_uid="1.7")], a_plan()).sop_instance_uid == "1.7"


def test_without_a_plan_the_sum_of_beams_is_a_warning():
    total = total_dose(beams(1, 2))
    assert total.findings[0].level is Level.WARNING
    assert "without a plan their number cannot be checked" in texts(total)[0]


def test_a_missing_beam_is_refused_by_its_number():
    with pytest.raises(MissingInputError, match=r"doses of 2 beams but the plan has 3 \(missing: beam 2\)"):
        total_dose(beams(1, 3), a_plan())


def test_two_doses_of_one_beam_are_refused():
    with pytest.raises(AmbiguousInputError, match="Several doses are given for beam 2"):
        total_dose(beams(1, 2, 2), a_plan())


def test_beams_of_two_plans_are_not_added():
    with pytest.raises(AmbiguousInputError, match="belong to several plans"):
        total_dose([*beams(1), replace(beams(2)[0], referenced_plan_uid="1.3")])


def test_beams_on_different_grids_are_not_added():
    other = replace(beams(2)[0], image=Image(np.zeros((2, 3, 4), np.float32), (2.0, 1.0, 1.0)))
    with pytest.raises(GeometryMismatchError, match="dose of beam 1 and dose of beam 2 are on different grids"):
        total_dose([*beams(1), other])


def test_physical_and_effective_beams_are_not_added():
    other = replace(beams(2)[0], dose_type=DoseType.EFFECTIVE)
    with pytest.raises(GeometryMismatchError, match="dose type"):
        total_dose([*beams(1), other])


def test_the_dose_of_a_fraction_needs_a_confirmed_number():
    with pytest.raises(MissingInputError, match=r"that of one fraction.*the plan says 5"):
        total_dose([a_dose(DoseSummation.FRACTION, 10.0)], a_plan(5))


def test_the_dose_of_a_fraction_is_multiplied_by_the_confirmed_number():
    total = total_dose([a_dose(DoseSummation.FRACTION, 10.0)], a_plan(5), fractions_confirmed=5)
    assert (total.maximum_gy, total.image.array.max()) == (50.0, 50.0)
    assert texts(total) == ["Dose of one fraction multiplied by 5 confirmed fractions."]


def test_a_confirmed_number_that_differs_from_the_plan_is_told():
    total = total_dose([a_dose(DoseSummation.FRACTION, 10.0)], a_plan(5), fractions_confirmed=3)
    assert total.maximum_gy == 30.0
    assert "3 fractions confirmed but the plan says 5." in texts(total)


def test_a_confirmed_number_does_not_change_the_dose_of_a_plan():
    assert total_dose([a_dose(gy=48.2)], a_plan(), fractions_confirmed=5).maximum_gy == 48.2


def test_the_sum_of_several_plans_is_taken_but_not_for_eqd2():
    assert "EQD2 and BED need the dose of every plan" in texts(total_dose([a_dose(DoseSummation.MULTI_PLAN)]))[0]


def test_several_doses_of_plans_are_listed():
    with pytest.raises(AmbiguousInputError, match=r"type PLAN \(number 2: maximum 10\.00.*number 3: maximum 20"):
        total_dose([*beams(1), a_dose(gy=10.0), a_dose(gy=20.0)])


@pytest.mark.parametrize("kind", ["RECORD", "CONTROL_POINT", "BRACHY", "BEAM_SESSION", "PLAN_OVERVIEW"])
def test_other_kinds_of_dose_are_refused(kind):
    with pytest.raises(UnitsError, match=f"found: 1 {kind}"):
        total_dose([a_dose(DoseSummation(kind))])


def test_no_dose_at_all_is_said():
    with pytest.raises(MissingInputError, match="There is no RT Dose"):
        total_dose([])
