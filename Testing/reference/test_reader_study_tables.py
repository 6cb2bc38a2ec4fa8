"""The tables of a study as the one of KU Leuven was designed, from simulated readers whose summary is known.

40 cases with one reader and 20 with a second: a program's contour, one drawn by hand and one adjusted. The counts
outside the tolerance of volumes, the score histogram (table 4), the agreement of scores and the medians and ranges of
the times are the published ones; contours are slabs, whose measures follow from their widths.
"""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
import SimpleITK as sitk
from scipy.spatial.distance import cdist

from hepadose.batch.readers import run_readers
from hepadose.images import Image
from hepadose.sirt_patient.seg_nrrd import NamedRegion, write_seg_nrrd

SPACING_MM = (2.0, 4.0, 4.0)
SLICE_ML = 6 * 8 * 2.0 * 4.0 * 4.0 / 1000
"""Volume of one column of voxels of a slab."""
TABLE_4 = {1.0: 2, 1.5: 0, 2.0: 1, 2.5: 2, 3.0: 7, 3.5: 12, 4.0: 14, 4.5: 2, 5.0: 0}
NEAR, OF_SCORES = 16, 20
ADJUST_1 = (3.17, 9.18, 32.75)
MANUAL_2, ADJUST_2 = (22.32, 28.53, 64.82), (2.15, 6.72, 20.45)
REGIONS_1 = {"inferior vena cava": 18, "portal vein": 11, "heart": 6, "colon": 1}
PUBLISHED_OUTSIDE = {
    ("automatic", "adjusted 1"): (2, 40),
    ("manual 1", "manual 2"): (4, 20),
    ("adjusted 1", "adjusted 2"): (0, 20),
}


def spread(count, lowest, median, highest):
    """So many values with this median and range: evenly below, and evenly above."""
    half = count // 2
    below, above = np.linspace(lowest, median, half), np.linspace(median, highest, half)
    return np.concatenate([below, above])


def widths():
    """Columns of every slab by kind and reader, case by case: 40 of the first reader, 20 of the second."""
    automatic = np.array([58 + case % 5 for case in range(40)])
    adjusted = automatic + np.array([1, 2, 0, -1, 1] * 8)
    adjusted[[3, 17]] = automatic[[3, 17]] + 12
    manual = adjusted + np.array([2, -2, 3, 1] * 10)
    other_manual = manual[:20] - 1
    other_manual[[0, 5, 10, 15]] = manual[[0, 5, 10, 15]] + 9
    return {
        ("automatic", ""): automatic,
        ("adjusted", "1"): adjusted,
        ("manual", "1"): manual,
        ("manual", "2"): other_manual,
        ("adjusted", "2"): adjusted[:20] + np.array([1, 0, -1, 2] * 5),
    }


def slab(columns):
    mask = np.zeros((10, 12, 90), bool)
    mask[2:8, 2:10, 3 : 3 + columns] = True
    return Image(mask, SPACING_MM)


def scores():
    """Table 4 for the first reader; of the second 4 of 20 differ by a full point, the others by half at most."""
    first = [score for score, count in TABLE_4.items() for _ in range(count)]
    first = np.random.default_rng(1).permutation(first)
    step = np.array([0.0, 0.5, -0.5, 0.0] * 4 + [1.0] * (OF_SCORES - NEAR))
    second = np.where((first[:20] + step <= 5.0) & (first[:20] + step >= 1.0), first[:20] + step, first[:20] - step)
    return {"1": first, "2": second}


def regions_of(case):
    """What the first reader confirms in a case."""
    return [region for region, count in REGIONS_1.items() if case < count] or ["none"]


def clock(minutes):
    whole = round(60 * minutes)
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    folder, given = tmp_path_factory.mktemp("study"), scores()
    times = {("adjusted", "1"): spread(40, *ADJUST_1), ("manual", "2"): spread(20, *MANUAL_2)}
    times |= {("adjusted", "2"): spread(20, *ADJUST_2), ("manual", "1"): np.full(40, 4.5)}
    lines = []
    for (kind, reader), columns in widths().items():
        for case, count in enumerate(columns):
            name = f"{case}-{kind}-{reader}.nrrd"
            sitk.WriteImage(slab(count).to_sitk(), str(folder / name), True)
            adjusted = kind == "adjusted"
            minutes = clock(times[kind, reader][case]) if reader else ""
            score = given[reader][case] if adjusted else ""
            regions = "; ".join(regions_of(case)) if adjusted and reader == "1" else ""
            lines.append([f"{case:02d}", kind, reader, name, minutes, score, regions])
    with (folder / "study.csv").open("w", newline="") as file:
        columns = ("case", "kind", "reader", "file", "active_min", "score", "regions")
        csv.writer(file).writerows([columns, *lines])
    output = folder / "out"
    return run_readers(folder, output), output


def table(output, name, *keys):
    with (output / name).open(newline="") as file:
        return {tuple(row[key] for key in keys): row for row in csv.DictReader(file)}


def naive(one, two):
    """Pooled mean and largest distance between the border voxels of two slabs, voxel by voxel."""
    points = []
    for columns in (one, two):
        mask = slab(columns).array
        inner = np.zeros_like(mask)
        inner[3:7, 3:9, 4 : 2 + columns] = True
        points.append(np.argwhere(mask & ~inner) * SPACING_MM[::-1])
    gaps = cdist(*points)
    nearest = [gaps.min(axis=1), gaps.min(axis=0)]
    return np.concatenate(nearest).mean(), max(each.max() for each in nearest)


PAIRS = {
    ("automatic", "manual 1"): 40,
    ("automatic", "adjusted 1"): 40,
    ("manual 1", "adjusted 1"): 40,
    ("manual 1", "manual 2"): 20,
    ("adjusted 1", "adjusted 2"): 20,
}


class TestContours:
    @pytest.mark.parametrize(("pair", "count"), PAIRS.items())
    def test_medians_of_every_pair_follow_from_the_widths(self, result, pair, count):
        planted = {" ".join(key).strip(): values for key, values in widths().items()}
        one, two = (planted[label][:count] for label in pair)
        known = {
            "dice": 2 * np.minimum(one, two) / (one + two),
            "volume_ratio": one / two,
            "hausdorff_mm": 2.0 * np.abs(one - two),
            "assd_mm": [naive(*both)[0] for both in zip(one, two, strict=True)],
        }
        found = table(result[1], "summary.csv", "first", "second", "figure")
        for figure, values in known.items():
            row = found[*pair, figure]
            assert int(row["cases"]) == count
            for name, share in (("lowest", 0), ("q1", 25), ("median", 50), ("q3", 75), ("highest", 100)):
                assert float(row[name]) == pytest.approx(np.percentile(values, share), abs=1e-6), (figure, name)

    @pytest.mark.parametrize(("pair", "outside"), PUBLISHED_OUTSIDE.items())
    def test_volumes_outside_a_tenth_are_counted_as_published(self, result, pair, outside):
        found = {(one.first, one.second): one for one in result[0].pairs}
        assert found[pair].outside_tolerance == outside

    def test_bland_altman_of_the_volumes_is_that_of_the_widths(self, result):
        pair = next(one for one in result[0].pairs if (one.first, one.second) == ("manual 1", "manual 2"))
        planted = widths()
        apart = (planted["manual", "1"][:20] - planted["manual", "2"]) * SLICE_ML
        assert pair.volumes.bias == pytest.approx(apart.mean())
        assert pair.volumes.high_limit - pair.volumes.low_limit == pytest.approx(2 * 1.96 * apart.std(ddof=1), rel=1e-3)
        assert 0.0 < pair.correlation.two_way_random < 1.0


class TestScores:
    def test_the_histogram_and_its_groups_are_table_4(self, result):
        row = table(result[1], "scores.csv", "reader")[("1",)]
        assert {score: int(row[f"score_{score:g}"]) for score in TABLE_4} == TABLE_4
        shares = {"usable": 0.40, "limited": 0.475, "unacceptable": 0.125, "median": 3.5, "mean": 3.425}
        assert {name: float(row[name]) for name in shares} == pytest.approx(shares)

    def test_sixteen_of_twenty_scores_are_near_each_other(self, result):
        from hepadose.evaluation.reader_tables import score_table

        found = score_table(result[0].readings).agreement["1", "2"]
        assert (found.near, found.count) == (NEAR, OF_SCORES)
        assert found.interval == pytest.approx((0.584, 0.919), abs=5e-4)


class TestTimes:
    @pytest.mark.parametrize(
        ("reader", "what", "published"),
        [("1", "adjusted", ADJUST_1), ("2", "manual", MANUAL_2), ("2", "adjusted", ADJUST_2)],
    )
    def test_medians_and_ranges_are_the_published_ones_to_the_second(self, result, reader, what, published):
        row = table(result[1], "times.csv", "reader", "what")[reader, what]
        found = [float(row[name]) for name in ("lowest", "median_min", "highest")]
        assert found == pytest.approx(published, abs=0.5 / 60 + 1e-9)

    def test_only_the_second_reader_gains_time_and_readers_stay_apart(self, result):
        rows = table(result[1], "times.csv", "reader", "what")
        assert float(rows["2", "saved"]["median_min"]) > 15.0 and float(rows["2", "saved"]["p"]) < 1e-4
        assert float(rows["1", "saved"]["median_min"]) < 0.0
        assert {reader for reader, _ in rows} == {"1", "2"}


class TestCorrections:
    def test_frequencies_are_those_that_the_reader_confirmed(self, result):
        rows = table(result[1], "corrections.csv", "reader", "region")
        found = {region: int(row["cases"]) for (reader, region), row in rows.items() if reader == "1"}
        assert found == REGIONS_1
        assert all(row["of_cases"] == "40" for (reader, _), row in rows.items() if reader == "1")

    def test_a_single_region_takes_the_difference_and_several_leave_it_unknown(self, result):
        rows = table(result[1], "corrections.csv", "reader", "region")
        planted = widths()
        apart = ((planted["adjusted", "1"] - planted["automatic", ""]) * SLICE_ML)[11:18]
        assert float(rows["1", "inferior vena cava"]["added_ml"]) == pytest.approx(apart[apart > 0].sum())
        assert float(rows["1", "inferior vena cava"]["removed_ml"]) == pytest.approx(-apart[apart < 0].sum())
        assert rows["1", "heart"]["added_ml"] in ("", "nan")
        content = json.loads((result[1] / "result.json").read_text())
        heart = next(row for row in content["corrections"] if row["region"] == "heart")
        assert heart["added_ml"] is None

    def test_what_nobody_confirmed_is_what_the_difference_proposes(self, result):
        rows = table(result[1], "corrections.csv", "reader", "region")
        planted = widths()
        apart = planted["adjusted", "2"] - planted["automatic", ""][:20]
        assert int(rows["2", "missing part"]["cases"]) == np.count_nonzero(apart > 0)
        assert int(rows["2", "extra part"]["cases"]) == np.count_nonzero(apart < 0)

    def test_outlines_of_neighbors_name_the_corrections(self, tmp_path):
        heart = slab(0).array.copy()
        heart[2:8, 2:10, 60:70] = True
        write_seg_nrrd(tmp_path / "organs.seg.nrrd", [NamedRegion("Heart", slab(0).with_array(heart), (1, 0, 0), 0)])
        for kind, columns in (("automatic", 65), ("adjusted", 57)):
            sitk.WriteImage(slab(columns).to_sitk(), str(tmp_path / f"{kind}.nrrd"))
        rows = [
            ("1", "automatic", "", "automatic.nrrd", ""),
            ("1", "adjusted", "1", "adjusted.nrrd", "organs.seg.nrrd"),
        ]
        with (tmp_path / "study.csv").open("w", newline="") as file:
            csv.writer(file).writerows([("case", "kind", "reader", "file", "organs"), *rows])
        run_readers(tmp_path, tmp_path / "out")
        row = table(tmp_path / "out", "corrections.csv", "region")[("heart",)]
        assert float(row["removed_ml"]) == pytest.approx(8 * SLICE_ML)
