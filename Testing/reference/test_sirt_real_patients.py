"""Both public Y-90 patients through the whole path, beside the same figures computed by hand from the files."""

from __future__ import annotations

import csv

import numpy as np
import pytest
import SimpleITK as sitk

from hepadose.batch.sirt import run_sirt
from hepadose.batch.sirt_job import RegionNames, SirtJob
from hepadose.sirt.analysis import ImageKind
from hepadose.sirt.mird import Delivery

GLASS_K, GLASS_DENSITY = 50.0, 1.03
RESIN_K, RESIN_DENSITY = 49.67, 1.05
INJECTED_GBQ, SHUNT = 1.4, 0.05


@pytest.fixture(scope="module")
def folder(shared_data):
    return shared_data / "y90_sirt"


def by_hand(folder, patient, image_name, liver_name, territory_name, tumors, dose_of):
    """Mean, D50 and D70 of the tumors from the files alone: SimpleITK for the grids, numpy for the rest."""
    segments = sitk.ReadImage(str(folder / f"patient_{patient}_Segmentation.seg.nrrd"))
    image = sitk.Cast(sitk.ReadImage(str(folder / image_name)), sitk.sitkFloat64)
    entries = {
        segments.GetMetaData(f"Segment{n}_Name"): (
            int(segments.GetMetaData(f"Segment{n}_Layer")),
            int(segments.GetMetaData(f"Segment{n}_LabelValue")),
        )
        for n in range(20)
        if segments.HasMetaDataKey(f"Segment{n}_Name")
    }

    def mask(name):
        layer, value = entries[name]
        return sitk.VectorIndexSelectionCast(segments, layer) == value

    def union(*names):
        found = mask(names[0])
        for name in names[1:]:
            found = found | mask(name)
        return found

    liver = union(liver_name, *tumors)
    territory = mask(territory_name) & liver if territory_name else liver
    dose = dose_of(image, sitk.Resample(territory, image, sitk.Transform(), sitk.sitkNearestNeighbor))
    on_segments = sitk.GetArrayFromImage(sitk.Resample(dose, territory, sitk.Transform(), sitk.sitkLinear))
    rows = {}
    for name in tumors:
        values = np.sort(on_segments[sitk.GetArrayFromImage(mask(name)) > 0])[::-1]
        steps = [int(np.ceil(values.size * share)) - 1 for share in (0.5, 0.7)]
        rows[name] = (values.mean(), values[steps[0]], values[steps[1]])
    return rows


def doses(output):
    with (output / "doses.csv").open(newline="") as file:
        return {row["region"]: row for row in csv.DictReader(file)}


def same(found, expected):
    for name, (mean, d50, d70) in expected.items():
        row = found[name]
        assert float(row["mean_gy"]) == pytest.approx(mean, rel=2e-3), name
        assert float(row["d50_gy"]) == pytest.approx(d50, rel=5e-3), name
        assert float(row["d70_gy"]) == pytest.approx(d70, rel=5e-3), name


def test_quantitative_pet(folder, tmp_path):
    job = SirtJob("glass", activity_file=folder / "patient_1_Y90_PET.nrrd", injected_gbq=INJECTED_GBQ)
    outcome = run_sirt(folder / "patient_1_Segmentation.seg.nrrd", tmp_path / "out", job)
    assert outcome.result.image_activity_gbq == pytest.approx(1.12, abs=0.01)
    assert outcome.result.volumes_ml["Tumor 2"] == pytest.approx(210, abs=1)

    def dose(image, territory):
        return image * (1e-6 * GLASS_K / GLASS_DENSITY)

    tumors = [f"Tumor {number}" for number in range(1, 7)]
    expected = by_hand(folder, 1, "patient_1_Y90_PET.nrrd", "Liver", None, tumors, dose)
    same(doses(tmp_path / "out"), expected)


def test_counts_scaled_to_the_known_activity(folder, tmp_path):
    job = SirtJob(
        "resin",
        names=RegionNames("liver", "perfused volume"),
        delivery=Delivery(SHUNT),
        activity_file=folder / "patient_2_SPECT.nrrd",
        activity_kind=ImageKind.COUNTS,
        injected_gbq=INJECTED_GBQ,
    )
    outcome = run_sirt(folder / "patient_2_Segmentation.seg.nrrd", tmp_path / "out", job)
    assert outcome.result.volumes_ml["territory"] == pytest.approx(1082, abs=1)

    def dose(image, territory):
        inside = sitk.GetArrayFromImage(territory) > 0
        counts = np.where(inside, sitk.GetArrayFromImage(image), 0.0)
        voxel_kg = np.prod(image.GetSpacing()) / 1000 * RESIN_DENSITY / 1000
        gy = RESIN_K * INJECTED_GBQ * (1 - SHUNT) * counts / counts.sum() / voxel_kg
        result = sitk.GetImageFromArray(gy)
        result.CopyInformation(image)
        return result

    expected = by_hand(folder, 2, "patient_2_SPECT.nrrd", "liver", "perfused volume", ["Tumor 1", "Tumor 2"], dose)
    found = doses(tmp_path / "out")
    same(found, expected)
    assert float(found["Tumor 1"]["t_n_ratio"]) == pytest.approx(4.4, abs=0.1)
