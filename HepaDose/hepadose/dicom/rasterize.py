"""Fill a structure's contours on an image grid, by pixel center and the even-odd rule.

Contours need not have been drawn on that grid: other slice positions, other spacing and other orientation are handled
and told. Knows nothing of files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hepadose.dicom.contour_planes import OFF_SLICE_PART, PlaneAssignment, assign_planes, group_planes
from hepadose.dicom.rasterize_across import fill_across
from hepadose.dicom.rtstruct import Structure
from hepadose.dicom.scanline import fill_even_odd
from hepadose.dicom.wording import counted, were
from hepadose.findings import Finding, warning
from hepadose.images import Image

PARALLEL_PART = 0.25
"""Contours count as parallel to the slices when none leaves its plane by more than this part of the spacing."""


@dataclass(frozen=True, eq=False)
class RasterizedStructure:
    """A structure as a mask.

    Parameters
    ----------
    mask : Image
        Boolean.
    findings : tuple of Finding
        What was ignored, missing or resampled.
    """

    mask: Image
    findings: tuple[Finding, ...]


def rasterize(structure: Structure, grid: Image, *, interpolate_missing: bool = False) -> RasterizedStructure:
    """Fill a structure on a grid.

    Parameters
    ----------
    structure : Structure
        Its closed contours are filled; points and open contours are ignored and counted.
    grid : Image
        The grid of the result; any orientation.
    interpolate_missing : bool
        Fill planes that are missing between others from the shapes above and below. Off by default: a structure may
        have separate parts.

    Returns
    -------
    RasterizedStructure
        Empty for a structure without closed contours.

    Raises
    ------
    GeometryMismatchError
        If the contours are parallel neither to the slices nor to each other.

    Notes
    -----
    A voxel belongs to the structure when its center lies inside an odd number of the plane's contours or on the path
    of one. So keyholes, CLOSEDPLANAR_XOR and nested CLOSED_PLANAR contours all leave their holes open. See
    :func:`hepadose.dicom.contour_planes.assign_planes` for the slices a plane stands for.

    References
    ----------
    DICOM PS3.3 C.8.8.6 and C.8.8.6.3.
    """
    findings = _ignored(structure)
    subject = _subject(structure)
    contours = structure.closed_contours
    if not contours:
        text = "It has no closed contour and stays empty."
        return RasterizedStructure(grid.with_array(np.zeros(grid.shape, bool)), (*findings, warning(subject, text)))
    indices_ijk = [grid.lps_to_ijk(contour.points_lps) for contour in contours]
    if max(np.ptp(points[:, 2]) for points in indices_ijk) > PARALLEL_PART:
        mask, more = fill_across(contours, grid, subject)
    else:
        mask, more = _from_parallel_planes(indices_ijk, grid, subject, interpolate_missing)
    return RasterizedStructure(mask, (*findings, *more))


def _subject(structure: Structure) -> str:
    return f'Structure "{structure.name}"'


def _ignored(structure: Structure) -> list[Finding]:
    count = len(structure.contours) - len(structure.closed_contours)
    if not count:
        return []
    what = counted(count, "point or open contour", "points or open contours")
    return [warning(_subject(structure), f"{what} {were(count)} ignored.")]


def _from_parallel_planes(
    indices_ijk: Sequence[np.ndarray], grid: Image, subject: str, interpolate_missing: bool
) -> tuple[Image, list[Finding]]:
    spacing_mm = grid.spacing_mm[2]
    positions_mm = np.array([np.median(points[:, 2]) for points in indices_ijk]) * spacing_mm
    planes_mm, members = group_planes(positions_mm, spacing_mm)
    assignment = assign_planes(planes_mm, np.arange(grid.shape[0]) * spacing_mm, spacing_mm)
    array = np.zeros(grid.shape, bool)
    for plane in np.unique(assignment.plane_of_slice[assignment.plane_of_slice >= 0]):
        polygons = [indices_ijk[contour][:, :2] for contour in np.flatnonzero(members == plane)]
        array[assignment.plane_of_slice == plane] = fill_even_odd(polygons, grid.shape[1:])
    if interpolate_missing:
        _fill_gaps(array, assignment, grid)
    findings = _plane_findings(assignment, grid, subject, interpolate_missing)
    return grid.with_array(array), findings + _outside_findings(indices_ijk, grid, subject)


def _plane_findings(assignment: PlaneAssignment, grid: Image, subject: str, filled: bool) -> list[Finding]:
    findings = []
    spacing_mm = grid.spacing_mm[2]
    if lost := assignment.unmatched:
        what = counted(lost, "contour plane")
        findings.append(warning(subject, f"{what} without a slice nearby {were(lost)} ignored."))
    if assignment.gaps:
        missing = sum(round((b - a) / assignment.plane_spacing_mm) - 1 for a, b in assignment.gaps)
        done = "they were interpolated" if filled else "these slices stay empty"
        where = counted(len(assignment.gaps), "gap")
        findings.append(warning(subject, f"{counted(missing, 'contour plane')} missing in {where}: {done}."))
    if assignment.plane_spacing_mm > 1.02 * spacing_mm:
        text = (
            f"Contours are {assignment.plane_spacing_mm:.2f} mm apart, slices {spacing_mm:.2f} mm: each stands "
            "for the slices nearest to it."
        )
        findings.append(warning(subject, text))
    if assignment.off_slice_mm > OFF_SLICE_PART * spacing_mm:
        text = (
            f"Contours lie up to {assignment.off_slice_mm:.2f} mm off the slice centers; the nearest slices were taken."
        )
        findings.append(warning(subject, text))
    return findings


def _outside_findings(indices_ijk: Sequence[np.ndarray], grid: Image, subject: str) -> list[Finding]:
    points = np.concatenate(indices_ijk)[:, :2]
    last = np.array(grid.shape[2:0:-1]) - 0.5
    if (points >= -0.5).all() and (points <= last).all():
        return []
    return [warning(subject, "It reaches beyond the image and was cut off there.")]


def _fill_gaps(array: np.ndarray, assignment: PlaneAssignment, grid: Image) -> None:
    """Shape-based interpolation: signed distances of the neighboring planes, weighted by position."""
    positions_mm = np.arange(grid.shape[0]) * grid.spacing_mm[2]
    for below_mm, above_mm in assignment.gaps:
        drawn = np.flatnonzero(assignment.plane_of_slice >= 0)
        before, after = drawn[positions_mm[drawn] <= below_mm + 1e-3], drawn[positions_mm[drawn] >= above_mm - 1e-3]
        if not (before.size and after.size):
            continue
        low, high = before[-1], after[0]
        distances = [_signed_distance(array[k], grid.spacing_kji_mm[1:]) for k in (low, high)]
        for k in range(low + 1, high):
            if assignment.plane_of_slice[k] < 0:
                part = (k - low) / (high - low)
                array[k] = (1 - part) * distances[0] + part * distances[1] > 0


def _signed_distance(mask: np.ndarray, spacing_ji_mm: tuple[float, float]) -> np.ndarray:
    """Distance to the outline in mm, positive inside."""
    from scipy import ndimage

    inside = ndimage.distance_transform_edt(np.pad(mask, 1), sampling=spacing_ji_mm)[1:-1, 1:-1]
    if not mask.any():
        return np.full(mask.shape, -np.inf)
    return inside - ndimage.distance_transform_edt(~mask, sampling=spacing_ji_mm)
