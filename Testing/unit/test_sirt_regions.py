"""Volumes of overlapping outlines by named rules, and doses of the regions."""

from __future__ import annotations

import numpy as np
import pytest

from hepadose.errors import EmptyRegionError, GeometryMismatchError
from hepadose.images import Image
from hepadose.sirt.image_dose import image_activity_gbq, region_doses
from hepadose.sirt.regions import OutlinedRegions, treatment_regions

SHAPE, SPACING_MM = (20, 40, 60), (5.0, 5.0, 5.0)


def box(*limits):
    """A box given by first and last voxel along k, j, i."""
    mask = np.zeros(SHAPE, bool)
    mask[tuple(slice(low, high) for low, high in limits)] = True
    return Image(mask, SPACING_MM)


LIVER = box((2, 18), (5, 35), (5, 45))
RIGHT = box((2, 18), (5, 35), (5, 25))
SMALL, LARGE = box((8, 12), (10, 14), (10, 14)), box((6, 14), (10, 24), (12, 30))


def words(regions):
    return " ".join(str(finding) for finding in regions.findings)


class TestRules:
    def test_tumor_comes_before_normal_liver(self):
        regions = treatment_regions(OutlinedRegions(LIVER, (("one", SMALL),)))
        assert not (regions.normal_liver & SMALL.array).any()
        assert np.array_equal(regions.normal_liver | SMALL.array, LIVER.array)

    def test_a_shared_voxel_belongs_to_the_smaller_tumor(self):
        regions = treatment_regions(OutlinedRegions(LIVER, (("large", LARGE), ("small", SMALL))))
        assert np.array_equal(regions.tumors["small"], SMALL.array)
        assert not (regions.tumors["large"] & SMALL.array).any()
        assert "count for that" in words(regions)
        assert list(regions.tumors) == ["large", "small"]

    def test_a_tumor_that_grows_out_of_the_outline_belongs_to_the_liver(self):
        outside = box((8, 12), (10, 14), (42, 50))
        regions = treatment_regions(OutlinedRegions(LIVER, (("rim", outside),)))
        assert regions.liver[outside.array].all()
        assert "count as liver" in words(regions)

    def test_a_tumor_far_from_the_liver_is_left_out_and_told(self):
        far = box((8, 12), (10, 14), (52, 58))
        regions = treatment_regions(OutlinedRegions(LIVER, (("elsewhere", far),)))
        assert not regions.tumors["elsewhere"].any()
        assert "elsewhere does not touch the liver" in words(regions)

    def test_volumes_of_a_lobe_count_only_what_lies_in_it(self):
        regions = treatment_regions(OutlinedRegions(LIVER, (("large", LARGE),), RIGHT))
        volumes = regions.volumes
        assert volumes.liver_ml == pytest.approx(LIVER.volume_ml())
        assert volumes.territory_ml == pytest.approx(RIGHT.volume_ml())
        assert volumes.tumor_ml == pytest.approx(np.count_nonzero(LARGE.array & RIGHT.array) * 0.125)
        assert regions.treated_tumors_ml()["large"] == pytest.approx(volumes.tumor_ml)
        assert "lie outside the territory" in words(regions)

    def test_parts_add_up(self):
        regions = treatment_regions(OutlinedRegions(LIVER, (("large", LARGE), ("small", SMALL)), RIGHT))
        tumors = np.any(list(regions.tumors.values()), axis=0)
        assert regions.ml(regions.normal_liver) + regions.ml(tumors) == pytest.approx(regions.ml(regions.liver))
        treated = regions.ml(tumors & regions.territory)
        assert regions.ml(regions.normal_territory) + treated == pytest.approx(regions.ml(regions.territory))

    def test_a_small_tumor_is_told(self):
        regions = treatment_regions(OutlinedRegions(LIVER, (("dot", box((8, 9), (10, 11), (10, 11))),)))
        assert "dot has 0.1 ml" in words(regions)


class TestRefusals:
    def test_an_empty_liver(self):
        with pytest.raises(EmptyRegionError, match="liver is empty"):
            OutlinedRegions(box((0, 0), (0, 0), (0, 0)))

    def test_a_territory_outside_the_liver(self):
        with pytest.raises(EmptyRegionError, match="does not touch"):
            treatment_regions(OutlinedRegions(LIVER, (), box((2, 5), (5, 9), (50, 55))))

    def test_another_grid(self):
        other = Image(SMALL.array, (4.0, 5.0, 5.0))
        with pytest.raises(GeometryMismatchError):
            OutlinedRegions(LIVER, (("one", other),))


class TestDoses:
    def test_uptake_is_tumor_over_normal_liver_of_the_territory(self):
        regions = treatment_regions(OutlinedRegions(LIVER, (("small", SMALL),), RIGHT))
        dose = np.zeros(SHAPE)
        dose[regions.normal_territory] = 20.0
        dose[SMALL.array] = 120.0
        rows = {row.name: row for row in region_doses(LIVER.with_array(dose), regions)}
        assert rows["small"].mean_gy == 120.0
        assert rows["small"].uptake_ratio == pytest.approx(6.0)
        assert rows["normal liver in the territory"].mean_gy == 20.0
        assert rows["whole normal liver"].mean_gy < 20.0
        assert rows["small"].fraction_at_gy[100.0] == 1.0
        assert "lungs" not in rows

    def test_activity_of_a_region(self):
        concentration = LIVER.with_array(np.full(SHAPE, 2.0))
        assert image_activity_gbq(concentration, SMALL.array) == pytest.approx(2.0 * SMALL.volume_ml() / 1000)
        with pytest.raises(EmptyRegionError):
            image_activity_gbq(concentration, np.zeros(SHAPE, bool))
