"""Longest diameter and longest perpendicular chord of a lesion, measured in the slices of the acquisition.

The slices are those along the image's k axis, whatever their direction in the patient: give the mask on the grid of the
series that was read, not on a resampled one. The diameter of a body in 3-D is not what the response criteria mean.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from hepadose.errors import EmptyRegionError
from hepadose.images import Image, bounding_box
from hepadose.recist.chords import inside_fraction, longest_chord, longest_internal_chord
from hepadose.recist.hull import Hulls, center_hulls, diameter_bounds, longest_axis
from hepadose.recist.outline import Convention, Runs, find_runs, outline_segments, region_pixels

CONCAVE_BELOW = 0.75
"""A long axis with less of its length inside the lesion is flagged."""
SAME_MM = 1e-9


@dataclass(frozen=True)
class DiameterSettings:
    """How diameters are measured.

    Parameters
    ----------
    convention : Convention
        Where the border of the mask lies.
    corners_connect : bool
        Whether voxels of a slice that share only a corner belong to one region.
    link_components : bool
        Measure across separate regions of a slice: the reader says that they are one lesion.
    internal : bool
        Take the longest line that never leaves the lesion as long axis, in the slice and region where the unrestricted
        one is longest.
    """

    convention: Convention = Convention.CONTOUR
    corners_connect: bool = True
    link_components: bool = False
    internal: bool = False


@dataclass(frozen=True)
class Line:
    """A straight line in the patient.

    Parameters
    ----------
    start_lps, end_lps : tuple of 3 float
        In mm.
    length_mm : float
    """

    start_lps: tuple[float, float, float]
    end_lps: tuple[float, float, float]
    length_mm: float


@dataclass(frozen=True)
class LesionDiameters:
    """Both axes of a lesion with what is needed to judge and to draw them.

    Parameters
    ----------
    slice_index : int
        k of the slice.
    long_axis, short_axis : Line
        Longest diameter, and longest chord at right angles to it inside the lesion.
    caliper_mm : float
        Width of the whole region at right angles to the long axis; never the short axis.
    inside_fraction : float
        Share of the long axis inside the lesion, 0 to 1.
    area_mm2 : float
        Of the measured region in this slice, from its voxels.
    settings : DiameterSettings
    """

    slice_index: int
    long_axis: Line
    short_axis: Line
    caliper_mm: float
    inside_fraction: float
    area_mm2: float
    settings: DiameterSettings = field(default_factory=DiameterSettings)

    @property
    def is_concave(self) -> bool:
        """Whether so much of the long axis lies outside that the longest internal chord should be considered."""
        return self.inside_fraction < CONCAVE_BELOW


@dataclass(frozen=True, eq=False)
class _Slice:
    """A region of one slice: outline in mm, where its pixels lie, and how to get to the patient."""

    image: Image
    k: int
    segments_mm: np.ndarray
    border_mm: np.ndarray
    spacing_mm: tuple[float, float]

    def line(self, ends_mm: np.ndarray) -> Line:
        (row, column) = (np.asarray(ends_mm) / np.asarray(self.spacing_mm)).T
        points = self.image.ijk_to_points(np.stack([column, row, np.full(2, self.k)], axis=1))
        length_mm = float(np.linalg.norm(ends_mm[1] - ends_mm[0]))
        start, end = (tuple(float(value) for value in point) for point in points)
        return Line(start, end, length_mm)


def measure_diameters(lesion: Image, settings: DiameterSettings | None = None) -> LesionDiameters:
    """Longest diameter of a lesion over all slices, and the longest chord perpendicular to it.

    The slice and region with the longest diameter wins; of equal ones that with the larger area, then the lower slice.

    Parameters
    ----------
    lesion : Image
        Mask of one lesion on the grid of the acquisition.
    settings : DiameterSettings, optional
        Contour convention, 8 neighbors within the slice and separate regions if omitted.

    Returns
    -------
    LesionDiameters
        A lesion of one voxel has a long axis of one voxel width by the contour, and of 0 mm by the centers.

    Raises
    ------
    EmptyRegionError
        If the mask is empty: a lesion that is gone has no diameter to measure; record it as absent.

    References
    ----------
    Eisenhauer et al., Eur J Cancer 45 (2009) 228, doi:10.1016/j.ejca.2008.10.026: longest diameter in the plane of
    measurement. Schwartz et al., Eur J Cancer 62 (2016) 132, doi:10.1016/j.ejca.2016.03.081.
    """
    settings = settings or DiameterSettings()
    mask = np.asarray(lesion.array, dtype=bool)
    box = bounding_box(mask)
    if box is None:
        raise EmptyRegionError("The mask of the lesion is empty, so that nothing can be measured; record it as absent.")
    cut = lesion.cropped(box)
    runs = find_runs(mask[box], corners_connect=settings.corners_connect, link=settings.link_components)
    spacing_mm = (lesion.spacing_mm[1], lesion.spacing_mm[0])
    region, hull, ends_mm = _longest_region(runs, spacing_mm, settings.convention)
    place = _place(cut, runs, region, spacing_mm, settings)
    return _measured(place, hull * np.asarray(spacing_mm) / 2.0, ends_mm, box[0].start, _area(runs, region), settings)


def _longest_region(
    runs: Runs, spacing_mm: tuple[float, float], convention: Convention
) -> tuple[int, np.ndarray, np.ndarray]:
    """Region with the longest axis, its hull in half voxels and the ends of the axis in mm."""
    centers = center_hulls(runs)
    low, high = diameter_bounds(centers, spacing_mm, convention)
    in_question = np.flatnonzero(high >= low.max() - SAME_MM)
    hulls = centers.grown(in_question, convention)
    best = max((_ranked(runs, hulls, int(region), spacing_mm) for region in in_question), key=lambda each: each[0])
    _, region, hull, ends = best
    return region, hull, ends * np.asarray(spacing_mm) / 2.0


def _ranked(
    runs: Runs, hulls: Hulls, region: int, spacing_mm: tuple[float, float]
) -> tuple[tuple[int, int, int], int, np.ndarray, np.ndarray]:
    """A region with what decides between regions: length, then area, then the lower slice."""
    hull = hulls.of(region)
    start, end, length_mm = longest_axis(hull, spacing_mm)
    # Equal lengths differ by rounding alone, so they are compared as multiples of the tolerance.
    return (round(length_mm / SAME_MM), _area(runs, region), -region), region, hull, np.stack([start, end])


def _area(runs: Runs, region: int) -> int:
    chosen = runs.region == region
    return int((runs.stop[chosen] - runs.start[chosen]).sum())


def _place(cut: Image, runs: Runs, region: int, spacing_mm: tuple[float, float], settings: DiameterSettings) -> _Slice:
    pixels, row, column = region_pixels(runs, region)
    conventions = {settings.convention}
    if settings.convention is Convention.CENTER:
        # A part one voxel wide has no inside there; what lies inside is judged by the contour.
        conventions.add(Convention.CONTOUR)
    corner = np.array([row, column])
    outlines = {
        each: (outline_segments(pixels, each, corners_connect=settings.corners_connect) + corner) * spacing_mm
        for each in conventions
    }
    border_mm = outlines.get(Convention.CONTOUR, outlines[settings.convention])
    k = int(runs.k[runs.region == region][0])
    return _Slice(cut, k, outlines[settings.convention], border_mm, spacing_mm)


def _measured(
    place: _Slice, hull_mm: np.ndarray, ends_mm: np.ndarray, first_slice: int, voxels: int, settings: DiameterSettings
) -> LesionDiameters:
    if settings.internal:
        internal_mm, length_mm = longest_internal_chord(place.segments_mm)
        ends_mm = np.array(sorted(internal_mm.tolist())) if length_mm > 0.0 else ends_mm
    length_mm = float(np.linalg.norm(ends_mm[1] - ends_mm[0]))
    # A single point has no direction: any right angle will do.
    axis = (ends_mm[1] - ends_mm[0]) / length_mm if length_mm > 0.0 else np.array([0.0, 1.0])
    across_mm = hull_mm @ np.array([-axis[1], axis[0]])
    chord_mm, _ = longest_chord(place.segments_mm, axis)
    return LesionDiameters(
        slice_index=first_slice + place.k,
        long_axis=place.line(ends_mm),
        short_axis=place.line(chord_mm),
        caliper_mm=float(np.ptp(across_mm)),
        inside_fraction=inside_fraction(place.border_mm, *ends_mm),
        area_mm2=float(voxels * place.spacing_mm[0] * place.spacing_mm[1]),
        settings=settings,
    )
