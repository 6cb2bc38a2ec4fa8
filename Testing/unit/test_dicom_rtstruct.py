"""Reading RTSTRUCT and filling structures on CT and dose grids."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from hepadose.dicom.contour_planes import assign_planes, group_planes
from hepadose.dicom.rasterize import rasterize
from hepadose.dicom.rtstruct import Contour, GeometricType, Structure, read_rtstruct
from hepadose.dicom.write import StructureMask, write_ct_series, write_rtstruct
from hepadose.errors import GeometryMismatchError, MissingTagError, UnreadableFileError
from hepadose.images import Image

from dicom_example import a_ct, a_study, box_mask, oblique_axes, tamper, without_part10_header

SQUARE = np.array([[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [0.0, 10.0]])
GRID = Image(np.zeros((10, 24, 24), bool), (1.0, 1.0, 2.0), (-5.5, -5.5, 0.0))


def at(z, polygon=SQUARE, kind=GeometricType.CLOSED_PLANAR):
    return Contour(np.column_stack([polygon, np.full(len(polygon), float(z))]), kind)


def structure(*contours, name="Liver"):
    return Structure(1, name, "ORGAN", (255, 0, 0), contours)


def texts(result):
    return [finding.text for finding in result.findings]


def filled_slices(result):
    return np.flatnonzero(result.mask.array.any(axis=(1, 2))).tolist()


@pytest.fixture
def path(tmp_path):
    ct = a_ct()
    reference = write_ct_series(tmp_path / "ct", ct, a_study())
    ring = box_mask(ct, slice(1, 5), slice(2, 14), slice(3, 12))
    ring.array[1:5, 5:8, 6:9] = False
    masks = {
        "Liver": StructureMask(ring, color=(1, 2, 3)),
        "GTV": StructureMask(box_mask(ct, slice(2, 3), slice(5, 7), slice(5, 7)), "GTV"),
    }
    write_rtstruct(tmp_path / "rs.dcm", masks, reference)
    return tmp_path / "rs.dcm"


def test_names_types_colors_and_references_are_read(path):
    structures = read_rtstruct(path)
    liver, gtv = structures.structures
    assert (liver.number, liver.name, liver.interpreted_type, liver.color) == (1, "Liver", "ORGAN", (1, 2, 3))
    assert (gtv.name, gtv.interpreted_type, gtv.generation_algorithm) == ("GTV", "GTV", "AUTOMATIC")
    assert structures.frame_of_reference_uid == "1.2.3.1.9"
    assert structures.referenced_series_uids == (a_study().uid("CT series", 1),)
    assert structures.findings == ()


def test_a_mask_with_a_hole_comes_back_exactly_from_its_contours(path):
    liver = read_rtstruct(path).structures[0]
    assert [len(c.points_lps) > 8 for c in liver.contours] == [True] * 4  # one keyhole contour per slice
    result = rasterize(liver, a_ct())
    expected = np.zeros((6, 16, 16), bool)
    expected[1:5, 2:14, 3:12] = True
    expected[1:5, 5:8, 6:9] = False
    assert np.array_equal(result.mask.array, expected)
    assert result.findings == ()


def test_a_mask_comes_back_exactly_on_an_oblique_ct(tmp_path):
    rng = np.random.default_rng(3)
    ct = Image(a_ct().array, (0.977, 0.977, 2.5), (-123.4, 56.7, -890.1), oblique_axes(33.0))
    mask = ct.with_array(rng.uniform(size=ct.shape) > 0.4)
    reference = write_ct_series(tmp_path / "ct", ct, a_study())
    write_rtstruct(tmp_path / "rs.dcm", {"Noise": StructureMask(mask)}, reference)
    result = rasterize(read_rtstruct(tmp_path / "rs.dcm").structures[0], ct)
    assert np.array_equal(result.mask.array, mask.array)


def test_a_structure_set_without_part_10_header_is_read(path):
    assert len(read_rtstruct(without_part10_header(path)).structures) == 2


def test_the_repeated_first_point_is_dropped(path):
    def close(dataset):
        contour = dataset.ROIContourSequence[1].ContourSequence[0]
        contour.ContourData = [*contour.ContourData, *contour.ContourData[:3]]

    before = read_rtstruct(path).structures[1].contours[0].points_lps
    after = read_rtstruct(tamper(path, close)).structures[1].contours[0].points_lps
    assert np.array_equal(before, after)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ([0, 0, 0, 1, 1, 0], "Closed contours with fewer than 3 points, ignored: 1."),
        ([0, 0, 0, 1, 1], "Contours with incomplete coordinates, ignored: 1."),
        (None, "Contours with incomplete coordinates, ignored: 1."),
    ],
)
def test_contours_that_cannot_be_used_are_counted(path, data, said):
    tamper(path, lambda d: setattr(d.ROIContourSequence[1].ContourSequence[0], "ContourData", data))
    structures = read_rtstruct(path)
    assert structures.structures[1].is_empty
    assert [finding.text for finding in structures.findings] == [said]


def test_a_contour_without_type_is_taken_as_closed_and_told(path):
    tamper(path, lambda d: delattr(d.ROIContourSequence[1].ContourSequence[0], "ContourGeometricType"))
    structures = read_rtstruct(path)
    assert structures.structures[1].contours[0].geometric_type is GeometricType.CLOSED_PLANAR
    assert "without a known geometric type" in structures.findings[0].text


def test_contours_without_structure_and_repeated_names_are_told(path):
    def spoil(dataset):
        orphan = copy.deepcopy(dataset.ROIContourSequence[0])
        orphan.ReferencedROINumber = 77
        dataset.ROIContourSequence.append(orphan)
        dataset.StructureSetROISequence[1].ROIName = "LIVER"

    said = [finding.text for finding in read_rtstruct(tamper(path, spoil)).findings]
    assert said == ["Contour sets without a structure, ignored: 1.", "1 structure name used more than once."]


def test_a_structure_without_contours_stays_in_the_list_as_empty(path):
    tamper(path, lambda d: d.ROIContourSequence.pop(0))
    liver, gtv = read_rtstruct(path).structures
    assert liver.is_empty
    assert not gtv.is_empty
    result = rasterize(liver, a_ct())
    assert not result.mask.array.any()
    assert texts(result) == ["It has no closed contour and stays empty."]


def test_a_set_without_structures_is_refused(path):
    with pytest.raises(MissingTagError, match="defines no structure"):
        read_rtstruct(tamper(path, StructureSetROISequence=[]))


def test_another_kind_of_object_is_refused(path):
    with pytest.raises(UnreadableFileError, match=r"rs\.dcm is no RT Structure Set, its modality is RTPLAN"):
        read_rtstruct(tamper(path, Modality="RTPLAN"))


def test_points_and_open_contours_are_ignored_and_counted():
    result = rasterize(
        structure(
            at(0),
            at(2, SQUARE[:1], GeometricType.POINT),
            at(4, kind=GeometricType.OPEN_PLANAR),
            at(6, kind=GeometricType.OPEN_NONPLANAR),
        ),
        GRID,
    )
    assert filled_slices(result) == [0]
    assert texts(result) == ["3 points or open contours were ignored."]


@pytest.mark.parametrize("kind", [GeometricType.CLOSED_PLANAR, GeometricType.CLOSEDPLANAR_XOR])
def test_nested_contours_leave_holes_whether_called_xor_or_not(kind):
    nested = [at(0, SQUARE, kind), at(0, SQUARE * 0.6 + 2, kind)]
    expected = rasterize(structure(nested[0]), GRID).mask.array & ~rasterize(structure(nested[1]), GRID).mask.array
    assert np.array_equal(rasterize(structure(*nested), GRID).mask.array, expected)
    assert np.array_equal(rasterize(structure(*nested[::-1]), GRID).mask.array, expected)
    assert expected.sum() == 100 - 36


def test_contours_within_a_tenth_of_a_millimetre_share_a_plane():
    nested = [at(0.0), at(0.09, SQUARE / 2 + 2.5)]
    assert rasterize(structure(*nested), GRID).mask.array.sum() < 100


def test_planes_beyond_the_image_are_ignored_and_counted():
    result = rasterize(structure(*(at(z) for z in (-4, -2, 0, 2, 18, 20))), GRID)
    assert filled_slices(result) == [0, 1, 9]
    assert "3 contour planes without a slice nearby were ignored." in texts(result)


def test_a_plane_up_to_half_a_spacing_off_its_slice_is_taken_and_told():
    result = rasterize(structure(*(at(z + 0.7) for z in (4, 6, 8))), GRID)
    assert filled_slices(result) == [2, 3, 4]
    assert texts(result) == ["Contours lie up to 0.70 mm off the slice centers; the nearest slices were taken."]


def test_planes_halfway_between_slices_fill_as_many_slices_as_there_are_planes():
    assert filled_slices(rasterize(structure(*(at(z + 1.0) for z in (4, 6, 8))), GRID)) == [2, 3, 4]


def test_missing_planes_are_reported_and_stay_empty():
    result = rasterize(structure(*(at(z) for z in (2, 4, 6, 12, 14))), GRID)
    assert filled_slices(result) == [1, 2, 3, 6, 7]
    assert texts(result) == ["2 contour planes missing in 1 gap: these slices stay empty."]


def test_missing_planes_are_interpolated_on_request():
    result = rasterize(structure(*(at(z) for z in (2, 4, 6, 12, 14))), GRID, interpolate_missing=True)
    assert filled_slices(result) == [1, 2, 3, 4, 5, 6, 7]
    assert (result.mask.array[4] == result.mask.array[3]).all()
    assert texts(result) == ["2 contour planes missing in 1 gap: they were interpolated."]


def test_interpolated_planes_lie_between_their_neighbors_in_size():
    small = SQUARE / 2 + 2.5
    result = rasterize(structure(at(2), at(4), at(8, small), at(10, small)), GRID, interpolate_missing=True)
    sizes = result.mask.array.sum(axis=(1, 2))
    assert sizes[2] > sizes[3] > sizes[4] > 0


def test_contours_on_every_second_slice_stand_for_both_and_keep_the_volume():
    result = rasterize(structure(*(at(z) for z in (4, 8, 12))), GRID)
    assert result.mask.volume_ml() == pytest.approx(100 * 12 / 1000)
    assert "Contours are 4.00 mm apart, slices 2.00 mm" in texts(result)[0]


def test_contours_finer_than_the_slices_are_taken_at_the_slice_centers():
    larger = SQUARE * 1.2
    planes = [at(z, larger if z % 2 == 0 else SQUARE) for z in range(4, 13)]
    result = rasterize(structure(*planes), GRID)
    assert filled_slices(result) == [2, 3, 4, 5, 6]
    assert set(result.mask.array[2:7].sum(axis=(1, 2))) == {144}
    assert result.findings == ()


def test_two_planes_far_apart_do_not_fill_the_space_between():
    assert filled_slices(rasterize(structure(at(2), at(16)), GRID)) == [1, 8]


def test_a_structure_reaching_beyond_the_image_is_cut_and_told():
    result = rasterize(structure(*(at(z, SQUARE * 5) for z in (0, 2, 4))), GRID)
    assert texts(result) == ["It reaches beyond the image and was cut off there."]


def test_axial_contours_fill_an_oblique_grid_by_their_volume():
    contours = [at(z) for z in np.arange(0, 10, 1.0)]
    axes = oblique_axes(25.0)
    origin = np.array([5, 5, 5]) - axes @ np.array([12, 12, 12])
    oblique = Image(np.zeros((25, 25, 25), bool), (1.0, 1.0, 1.0), tuple(origin), axes)
    result = rasterize(structure(*contours), oblique)
    centers = oblique.ijk_to_points(np.argwhere(np.ones(oblique.shape, bool))[:, ::-1])
    inside = ((centers >= [0, 0, -0.5]) & (centers <= [10, 10, 9.5])).all(axis=1).reshape(oblique.shape)
    assert np.count_nonzero(inside != result.mask.array) <= 10  # of 1010: centers within 1/16 voxel of the outline
    assert result.mask.volume_ml() == pytest.approx(1.0, rel=0.03)
    center = oblique.ijk_to_points(np.argwhere(result.mask.array)[:, ::-1].mean(axis=0))
    assert np.allclose(center, [5, 5, 4.5], atol=0.08)
    assert "not parallel to the slices" in texts(result)[0]


def test_sagittal_contours_fill_an_axial_grid():
    contours = [Contour(np.column_stack([np.full(4, x), SQUARE])) for x in np.arange(0.3, 10, 1.0)]
    grid = Image(np.zeros((20, 20, 20), bool), (1.0, 1.0, 1.0), (-4.5, -4.5, -4.5))
    result = rasterize(structure(*contours), grid)
    assert result.mask.volume_ml() == pytest.approx(1.0)


def test_contours_that_are_parallel_to_nothing_are_refused():
    twisted = Contour(np.column_stack([SQUARE, [0.0, 5.0, 0.0, 5.0]]))
    with pytest.raises(GeometryMismatchError, match="parallel neither to the slices nor to each other"):
        rasterize(structure(twisted, at(0), at(3)), GRID)


def test_planes_are_grouped_by_a_quarter_of_thin_slices():
    planes, members = group_planes(np.array([0.0, 0.05, 0.2]), 0.2)
    assert len(planes) == 2
    assert members.tolist() == [0, 0, 1]


def test_a_slice_between_two_planes_takes_the_upper_one():
    assignment = assign_planes(np.array([0.0, 4.0, 8.0]), np.arange(6) * 2.0, 2.0)
    assert assignment.plane_of_slice.tolist() == [0, 1, 1, 2, 2, -1]
