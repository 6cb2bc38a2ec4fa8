"""Real objects of other systems: Eclipse, Monaco, GammaPlan, MIM; scanners of three makers."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom import dcmread

from hepadose.batch.volume import read_ct
from hepadose.dicom.case import preflight_flr_case
from hepadose.dicom.ct import read_ct_series
from hepadose.dicom.outlines import signed_area
from hepadose.dicom.preflight import outside_part, require_same_frame
from hepadose.dicom.rasterize import rasterize
from hepadose.dicom.roles import find_structure
from hepadose.dicom.rtdose import dose_banner, read_rtdose
from hepadose.dicom.rtplan import read_rtplan
from hepadose.dicom.rtstruct import read_rtstruct
from hepadose.dicom.scan import scan_folder
from hepadose.errors import AmbiguousInputError, MissingInputError
from hepadose.findings import Level
from hepadose.images import Image

STRUCTURE_SETS = {
    "rt_monaco_hn/RS.dcm": 3,
    "rt_quirks/structures/dicompyler_breast_rtss.dcm": 10,
    "rt_quirks/structures/gammaplan_vs_rtss.dcm": 4,
    "rt_quirks/structures/mim_pancreas_rtss.dcm": 5,
    "rt_quirks/structures/pymedphys_example_structures.dcm": 5,
}


@pytest.fixture(scope="module")
def monaco(shared_data):
    folder = shared_data / "rt_monaco_hn"
    ct = read_ct_series(list((folder / "CT").iterdir()))
    return ct, read_rtdose(folder / "RD.dcm"), read_rtstruct(folder / "RS.dcm"), read_rtplan(folder / "RP.dcm")


def test_the_complete_monaco_set_fits_together(monaco):
    ct, dose, structures, plan = monaco
    assert dose.maximum_gy == pytest.approx(85.35, abs=0.01)
    assert plan.fractions_planned == 30
    assert require_same_frame(dose, ct).level is Level.OK
    assert structures.frame_of_reference_uid == ct.frame_of_reference_uid
    assert structures.referenced_series_uids == (ct.series_uid,)
    assert dose.referenced_plan_uid == plan.sop_instance_uid
    assert plan.referenced_structure_set_uid == structures.sop_instance_uid
    assert dose_banner(dose, plan.fractions_planned).startswith("maximum 85.4 Gy in 30 fractions, physical dose")
    assert ct.image.describe_grid() == "512 × 512 × 5 voxels of 1.15 × 1.15 × 3 mm"


def test_the_preflight_list_of_the_monaco_set_is_complete_but_for_the_follow_up_ct(shared_data):
    checked = preflight_flr_case(shared_data / "rt_monaco_hn")
    assert checked.case is None
    assert isinstance(checked.problem, MissingInputError)
    said = [str(finding) for finding in checked.findings]
    assert any(line.startswith("[WARNING] Plan: 30 fractions planned, 78 Gy prescribed, 4 beams. ") for line in said)
    assert '[OK     ] Structures: 3 drawn: "BODY" 336 ml, "PAROTID_LT" 6.6 ml, "PTV" 3.3 ml.' in said
    assert "[OK     ] Dose: Dose and planning CT share their frame of reference." in said
    errors = [finding.subject for finding in checked.findings if finding.level is Level.ERROR]
    assert errors == ["Follow-up CT", "Liver"]


def test_the_monaco_dose_is_high_in_the_target_and_covers_its_middle(monaco):
    ct, dose, structures, _ = monaco
    target = rasterize(find_structure(structures, "ptv"), ct.image).mask
    assert 0 <= outside_part(target, dose.image) < 1
    points = ct.image.ijk_to_points(np.argwhere(target.array)[:, ::-1])
    nearest = np.rint(dose.image.lps_to_ijk(points)).astype(int)
    inside = ((nearest >= 0) & (nearest < dose.image.shape[::-1])).all(axis=1)
    in_target = dose.image.array[tuple(nearest[inside].T[::-1])]
    assert np.median(in_target) > 2 * np.median(dose.image.array)


def test_the_monaco_body_surrounds_tissue_and_leaves_air_outside(monaco):
    ct, _, structures, _ = monaco
    body = rasterize(find_structure(structures, "body"), ct.image).mask.array
    assert np.median(ct.image.array[body]) > -100
    assert np.median(ct.image.array[~body]) < -900


@pytest.mark.parametrize(("name", "count"), STRUCTURE_SETS.items())
def test_every_structure_set_is_read_and_its_volumes_agree_with_the_shoelace_formula(shared_data, name, count):
    """Independent check: contour areas × plane spacing, holes by the sign of nesting, within 2 % or 0.1 ml."""
    structures = read_rtstruct(shared_data / name)
    assert len(structures.structures) == count
    for structure in structures:
        if structure.is_empty:
            continue
        grid = grid_around(structure)
        filled_ml = rasterize(structure, grid).mask.volume_ml()
        assert filled_ml == pytest.approx(shoelace_ml(structure, grid.spacing_mm[2]), rel=0.02, abs=0.1)


def grid_around(structure, pixel_mm=0.7):
    """A grid with a slice at every contour plane and pixels that have nothing to do with the contours."""
    points = np.concatenate([contour.points_lps for contour in structure.contours])
    planes = np.unique(np.round(points[:, 2], 2))
    spacing = float(np.diff(planes).min()) if len(planes) > 1 else 3.0
    low = points.min(axis=0) - 2.123
    size = np.ceil((points.max(axis=0) + 2 - low) / pixel_mm).astype(int)
    slices = round((planes[-1] - planes[0]) / spacing) + 1
    return Image(np.zeros((slices, size[1], size[0]), bool), (pixel_mm, pixel_mm, spacing), (low[0], low[1], planes[0]))


def shoelace_ml(structure, spacing_mm):
    """Sum of contour areas, those inside an odd number of others of the same plane counted negative."""
    from hepadose.dicom.outlines import contains

    planes = {}
    for contour in structure.closed_contours:
        planes.setdefault(round(float(contour.points_lps[0, 2]), 1), []).append(contour.points_lps[:, :2])
    area = 0.0
    for polygons in planes.values():
        for polygon in polygons:
            depth = sum(contains(other, polygon[0]) for other in polygons if other is not polygon)
            area += abs(signed_area(polygon)) * (-1) ** depth
    return area * spacing_mm / 1000


def test_the_real_plans_are_read(shared_data):
    breast = read_rtplan(shared_data / "rt_quirks" / "structures" / "dicompyler_breast_rtplan.dcm")
    assert breast.fractions_planned is not None
    assert breast.beam_numbers
    monaco_plan = read_rtplan(shared_data / "rt_monaco_hn" / "RP.dcm")
    assert monaco_plan.fractions_planned == 30


def test_a_jpeg_2000_series_is_read_and_lies_where_its_segmentation_lies(shared_data):
    """The file without SOP class is taken by its modality; the segmentation is in NIfTI on the same grid."""
    import SimpleITK as sitk

    ct = read_ct_series(list((shared_data / "totalsegmentator_ct" / "example_ct_dicom").iterdir()))
    assert ct.image.describe_grid() == "512 × 512 × 20 voxels of 0.977 × 0.977 × 2 mm"
    labels = Image.from_sitk(sitk.ReadImage(str(shared_data / "totalsegmentator_ct" / "example_seg_dicom.nii.gz")))
    points = labels.ijk_to_points(np.argwhere(labels.array == 5)[::97, ::-1])
    indices = np.rint(ct.image.lps_to_ijk(points)).astype(int)
    assert (indices >= 0).all()
    liver_hu = ct.image.array[tuple(indices.T[::-1])]
    assert 20 < np.median(liver_hu) < 160


@pytest.mark.parametrize(("name", "slices"), [("CRLM-CT-1004", 41), ("CRLM-CT-1006", 51)])
def test_ge_series_of_5_mm_are_read(shared_data, name, slices):
    ct = read_ct_series(list((shared_data / "crlm_ct" / name / "image").iterdir()))
    assert ct.image.shape == (slices, 512, 512)
    assert ct.image.spacing_mm[2] == pytest.approx(5.0)
    assert ct.image.array.min() == -1024
    assert ct.image.direction[2, 2] == 1
    assert ct.findings == ()


def test_slices_in_a_free_orientation_keep_it(shared_data):
    folder = shared_data / "rt_quirks" / "oriented_ct"
    ct = read_ct_series([folder / "1.dcm", folder / "2.dcm"])
    assert ct.image.spacing_mm == pytest.approx((2.5, 3.5, 4.5))
    first, second = (dcmread(folder / name, force=True) for name in ("1.dcm", "2.dcm"))
    for dataset in (first, second):
        k = ct.sop_instance_uids.index(str(dataset.SOPInstanceUID))
        assert np.allclose(ct.image.ijk_to_points([0, 0, k]), dataset.ImagePositionPatient, atol=1e-4)
        stored = dataset.pixel_array * float(dataset.RescaleSlope) + float(dataset.RescaleIntercept)
        assert np.allclose(ct.image.array[k], stored, atol=1e-4)
    with pytest.raises(AmbiguousInputError, match="2 series"):
        read_ct_series(list(folder.iterdir()))


def test_a_de_identified_ct_without_series_identifier_is_one_series_at_every_door(shared_data):
    folder = shared_data / "totalsegmentator_ct" / "example_ct_dicom"
    (series,) = scan_folder(folder).ct_series
    assert (series.series_uid, len(series.paths), series.spacing_mm) == ("", 20, 2.0)
    ct = read_ct_series(series.paths)
    assert ct.image.describe_grid() == "512 × 512 × 20 voxels of 0.977 × 0.977 × 2 mm"
    assert np.array_equal(read_ct(folder).image.array, ct.image.array)
    checked = preflight_flr_case(folder)
    assert any("20 CT slices name no series" in finding.text for finding in checked.findings)
    assert not any("cut off" in finding.text for finding in checked.findings)
