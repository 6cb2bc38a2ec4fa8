"""A dose in all eight patient orientations against the coordinates that Eclipse showed for its grid.

Eclipse's coordinates were noted for an earlier export of the same eight plans. That export's grid is known from the
repository both come from (pymedphys, ``tests/dicom/data/dose/expected_dicom_xyz.json`` at commit b8dfd84, in Eclipse's
signs). The doses published today were calculated on another part of the same lattice: same planes, same voxel size,
edges a whole number of voxels away. So the earlier grids are read from today's headers with position and size of
the earlier export, and today's headers are held to the lattice.
"""

from __future__ import annotations

import numpy as np
import pytest
from pydicom import dcmread

from hepadose.dicom.rtdose import read_rtdose
from hepadose.errors import MissingTagError

SPACING_MM = 2.0
# Outermost voxel centers of the earlier export in mm, as shown by Eclipse: first and last of each axis, ascending.
EARLIER_EXPORT_MM = {
    "FFDL": ((-202.4149, 57.5851), (-350.9521, 95.0479), (-1254.5, -1054.5)),
    "FFDR": ((-205.1489, 58.8511), (-350.9521, 123.0479), (-1255.5, -1055.5)),
    "FFP": ((-350.9521, 85.0479), (-237.8829, 58.1171), (-1257.0, -1057.0)),
    "FFS": ((-350.9521, 99.0479), (-236.6169, 59.3831), (-1252.0, -1052.0)),
    "HFDL": ((-164.9469, 57.0531), (-351.0475, 116.9525), (-1283.0, -1083.0)),
    "HFDR": ((-172.8459, 59.1541), (-351.0475, 96.9525), (-1262.5, -1062.5)),
    "HFP": ((-351.0475, 98.9525), (-182.7169, 57.2831), (-1256.5, -1056.5)),
    "HFS": ((-351.0475, 102.9525), (-161.4519, 58.5481), (-1259.5, -1059.5)),
}
# Eclipse shows room coordinates: they grow towards the table, to the right of a viewer at the foot of the table, and
# into the gantry. Sign of each patient axis (L, P, S) in them.
ROOM_SIGNS = {
    "FFDL": (1, 1, -1),
    "FFDR": (-1, -1, -1),
    "FFP": (1, -1, -1),
    "FFS": (-1, 1, -1),
    "HFDL": (1, -1, 1),
    "HFDR": (-1, 1, 1),
    "HFP": (-1, -1, 1),
    "HFS": (1, 1, 1),
}
LPS = {"L": (0, 1), "R": (0, -1), "P": (1, 1), "A": (1, -1), "S": (2, 1), "I": (2, -1)}


def eclipse_coordinates(folder):
    """Eclipse's own coordinates in cm by orientation and patient side, as read off its screen."""
    blocks, current = {}, None
    for line in (folder / "Eclipse results.txt").read_text().splitlines():
        side, colon, rest = line.partition(":")
        if colon:
            current[side] = float(rest.split()[0])
        elif line.strip():
            current = blocks.setdefault(line.strip(), {})
    return blocks


def with_pixels(dataset, path):
    """The published doses carry no pixels; give them a dose that tells every voxel's frame, and read that."""
    frames, rows, columns = int(dataset.NumberOfFrames), dataset.Rows, dataset.Columns
    stored = np.broadcast_to(np.arange(1, frames + 1, dtype="<u4")[:, None, None], (frames, rows, columns))
    dataset.add_new("PixelData", "OW", stored.tobytes())
    dataset.save_as(path)
    return read_rtdose(path).image


def on_earlier_grid(dataset, name):
    """A header with position and size of the earlier export; its directions and planes stay."""
    extent = [
        sorted(sign * edge for edge in edges)
        for sign, edges in zip(ROOM_SIGNS[name], EARLIER_EXPORT_MM[name], strict=True)
    ]
    row, column = np.array(dataset.ImageOrientationPatient, float).reshape(2, 3)
    first = [extent[axis][0 if (row + column)[axis] > 0 else 1] for axis in (0, 1)]
    dataset.ImagePositionPatient = [*first, dataset.ImagePositionPatient[2]]
    size = {axis: round((extent[axis][1] - extent[axis][0]) / SPACING_MM) + 1 for axis in (0, 1)}
    dataset.Columns, dataset.Rows = size[int(np.argmax(abs(row)))], size[int(np.argmax(abs(column)))]
    return dataset


def side_mm(image, side):
    """Patient coordinate of the outermost voxel centers of a grid on one side of the patient, in mm."""
    axis, sign = LPS[side]
    last = np.array(image.shape[::-1]) - 1
    corners = image.ijk_to_points(np.array([[i, j, k] for i in (0, 1) for j in (0, 1) for k in (0, 1)]) * last)
    return sign * float((sign * corners[:, axis]).max())


@pytest.fixture(params=EARLIER_EXPORT_MM)
def orientation(request, shared_data):
    """Name of an orientation and the header published for it."""
    folder = shared_data / "rt_quirks" / "eclipse_orientations"
    return request.param, dcmread(folder / f"RD.DICOMORIENT.Dose_{request.param}.dcm", force=True)


def test_all_six_sides_stand_where_eclipse_shows_them(orientation, shared_data, tmp_path):
    """I and S to 0.1 mm; the others were read off the screen with the mouse and agree to 1.1 mm, half a voxel."""
    name, header = orientation
    eclipse = eclipse_coordinates(shared_data / "rt_quirks" / "eclipse_orientations")[name]
    image = with_pixels(on_earlier_grid(header, name), tmp_path / "dose.dcm")
    for side, (axis, _) in LPS.items():
        shown_mm = ROOM_SIGNS[name][axis] * side_mm(image, side)
        assert shown_mm == pytest.approx(10 * eclipse[side], abs=0.1 if axis == 2 else 1.1), side


def test_published_doses_lie_on_the_lattice_of_the_export_that_eclipse_showed(orientation, tmp_path):
    name, header = orientation
    image = with_pixels(header, tmp_path / "dose.dcm")
    for side, (axis, _) in LPS.items():
        shown_mm = ROOM_SIGNS[name][axis] * side_mm(image, side)
        voxels = (shown_mm - EARLIER_EXPORT_MM[name][axis][0]) / SPACING_MM
        assert voxels == pytest.approx(round(voxels), abs=1e-3), side
        if axis == 2:
            assert round(voxels) in (0, 100)


def test_frames_stand_where_their_offsets_say(orientation, tmp_path):
    """Frame n was filled with n: head first runs upwards, feet first downwards in the patient."""
    name, header = orientation
    image = with_pixels(header, tmp_path / "dose.dcm")
    assert np.linalg.det(image.direction) == pytest.approx(1)
    planes = image.array[:, 0, 0]
    z = [image.ijk_to_points([0, 0, k])[2] for k in range(image.shape[0])]
    assert z[np.argmin(planes)] == pytest.approx(float(header.ImagePositionPatient[2]))
    assert (planes[np.argmax(z)] > planes[np.argmin(z)]) == name.startswith("HF")


def test_published_doses_without_pixels_are_refused_by_their_missing_tag(shared_data):
    path = next((shared_data / "rt_quirks" / "eclipse_orientations").glob("*.dcm"))
    with pytest.raises(MissingTagError, match=r"Dose has no PixelData \(7FE0,0010\)"):
        read_rtdose(path)
