"""The liver by its many names."""

from __future__ import annotations

import numpy as np
import pytest

from hepadose.dicom.roles import find_structure, has_structure
from hepadose.dicom.rtstruct import Contour, Structure
from hepadose.errors import AmbiguousInputError, MissingInputError

A_CONTOUR = Contour(np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0]]))


def named(*names, kind="", empty=()):
    return [
        Structure(number, name, kind, (0, 0, 0), () if name in empty else (A_CONTOUR,))
        for number, name in enumerate(names, start=1)
    ]


@pytest.mark.parametrize(
    "name",
    [
        "Liver",
        "LIVER",
        "liver ",
        "Leber",
        "hígado",
        "HÍGADO",
        "Foie",
        "Fegato",
        "fígado",
        "Lever",
        "Liver_1",
        "OAR Liver",
    ],
)
def test_the_liver_is_found_by_its_name_in_many_languages(name):
    assert find_structure(named("Heart", name, "Kidney_L"), "liver").name == name


@pytest.mark.parametrize(
    "name",
    ["Liver-GTV", "LIVER-GTV", "Liver minus PTV", "LiverMinusGTV", "Leber ohne GTV", "Liver 20Gy", "Liver left lobe",
     "Liver_vein", "Liver PRV", "Liver-CTV1", "GTV liver", "Deliverance", "FLR liver"],
)  # fmt: skip
def test_names_that_mean_something_else_than_the_whole_liver_never_fit(name):
    with pytest.raises(MissingInputError, match=r'No structure fits "liver"; there are: "Heart"'):
        find_structure(named("Heart", name), "liver")


def test_the_exact_name_wins_over_a_longer_one():
    assert find_structure(named("Liver_PlanCT", "Liver"), "liver").name == "Liver"


def test_a_drawn_structure_wins_over_an_empty_one_of_the_same_kind():
    assert find_structure(named("Leber", "Liver", empty=["Leber"]), "liver").name == "Liver"


def test_several_livers_are_listed_with_their_numbers():
    with pytest.raises(AmbiguousInputError, match='number 1 "Liver", number 2 "Leber"'):
        find_structure(named("Liver", "Leber"), "liver")


def test_any_structure_can_be_asked_for_by_its_own_name_in_any_case():
    structures = named("Liver", "Liver-GTV")
    assert find_structure(structures, "Liver-GTV").name == "Liver-GTV"
    assert find_structure(structures, "liver-gtv").name == "Liver-GTV"


def test_the_body_is_found_by_its_type_when_its_name_says_nothing():
    structures = [*named("Liver"), *named("Contour 7", kind="EXTERNAL")]
    assert find_structure(structures, "body").name == "Contour 7"


def test_no_structures_at_all_are_said():
    with pytest.raises(MissingInputError, match="there are: none"):
        find_structure([], "liver")


def test_an_empty_liver_is_no_drawn_liver():
    assert has_structure(named("Liver"), "liver")
    assert not has_structure(named("Liver", empty=["Liver"]), "liver")
    assert not has_structure(named("Heart"), "liver")
