"""From two CTs and a liver contour to a transform with its quality: initial position, rigid, affine, B-spline."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from hepadose.errors import EmptyRegionError, GeometryMismatchError
from hepadose.images import Image, require_same_grid, resample
from hepadose.registration import initial, linear
from hepadose.registration.deformable import CONTOUR_BAND_MM, Deformation, WorkingPair, deform
from hepadose.registration.quality import Registration, assess, unregistered
from hepadose.registration.settings import RegistrationMethod, RegistrationSettings
from hepadose.registration.working import (
    corner_points,
    covered,
    crop_around,
    distance_onto,
    onto_working_grid,
    signed_distance,
    working_grid,
)

if TYPE_CHECKING:
    import SimpleITK as sitk

_GRID_MARGIN_MM = 24.0
_CAPTURE_MM = 45.0
_LINEAR_MARGIN_MM = 15.0
_INNER_MARGIN_MM = -1.5
_LEAST_COVERED_ML = 100.0

Progress = Callable[[str, float], None]


def register(
    follow_up: Image,
    planning: Image,
    planning_liver: Image,
    follow_up_liver: Image | None = None,
    settings: RegistrationSettings | None = None,
    progress: Progress | None = None,
) -> Registration:
    """Bring the liver of a follow-up CT to the liver of the planning CT.

    Parameters
    ----------
    follow_up, planning : Image
        CTs in HU; any orientation, spacing, frame of reference and scanned length.
    planning_liver : Image
        Boolean, on the grid of ``planning``.
    follow_up_liver : Image, optional
        Boolean, on the grid of ``follow_up``. With it the capsules are brought together and their distance is known.
    settings : RegistrationSettings, optional
        The last stage and its details.
    progress : callable, optional
        Called with the stage in words and the fraction of the whole done (0 to 1); may raise
        :class:`~hepadose.errors.CancelledError` to stop.

    Returns
    -------
    Registration
        The transform takes follow-up points (LPS mm) to planning points. Same input, same transform.

    Raises
    ------
    GeometryMismatchError
        If a liver is not on the grid of its CT, the scans have no liver in common, or they shall be taken as they lie
        and do not overlap.
    EmptyRegionError
        If a liver contour is empty.
    CancelledError
        If ``progress`` raised it.
    """
    settings = settings or RegistrationSettings()
    require_same_grid(**{"planning CT": planning, "planning liver": planning_liver})
    if follow_up_liver is not None:
        require_same_grid(**{"follow-up CT": follow_up, "follow-up liver": follow_up_liver})
    if settings.method is RegistrationMethod.NONE:
        _require_overlap(follow_up, planning_liver, follow_up_liver)
        return unregistered(planning_liver, follow_up_liver)
    task = _Task(follow_up, planning, planning_liver, follow_up_liver, settings, progress or _silent)
    return task.run()


def _require_overlap(follow_up: Image, planning_liver: Image, follow_up_liver: Image | None) -> None:
    """Refuse scans that are to be taken as they lie where the planning liver meets nothing."""
    there = follow_up.with_array(np.ones(follow_up.shape, dtype=bool)) if follow_up_liver is None else follow_up_liver
    if not planning_liver.array.any() or not there.array.any():
        raise EmptyRegionError("A liver contour contains no voxel; draw the liver or choose another structure.")
    met = resample(there, planning_liver).array & planning_liver.array
    if not met.any():
        raise GeometryMismatchError("The two CTs do not overlap as they lie; align them.")


def _silent(stage: str, fraction: float) -> None:
    """No progress is wanted."""


class _Task:
    """One registration: the inputs that every stage needs."""

    def __init__(
        self,
        follow_up: Image,
        planning: Image,
        planning_liver: Image,
        follow_up_liver: Image | None,
        settings: RegistrationSettings,
        progress: Progress,
    ) -> None:
        self.follow_up, self.planning = follow_up, planning
        self.planning_liver, self.follow_up_liver = planning_liver, follow_up_liver
        self.settings, self.progress = settings, progress
        self.planning_distance = signed_distance(planning_liver)
        self.follow_up_distance = None if follow_up_liver is None else signed_distance(follow_up_liver)

    def run(self) -> Registration:
        self.progress("Looking for the liver", 0.0)
        rigid = self._start()
        self._refine("Rigid", rigid, 0.05, 0.15)
        transform = rigid
        if self.settings.method is not RegistrationMethod.RIGID:
            transform = linear.to_affine(rigid)
            self._refine("Affine", transform, 0.15, 0.30)
        pair = self._pair(transform)
        # Linear methods are deformed as well: what remains to be deformed is their error.
        deformation = deform(pair, self.settings, lambda done: self.progress("B-spline registration", 0.3 + 0.6 * done))
        self.progress("Measuring the quality", 0.9)
        livers = (self.planning_liver, self.follow_up_liver)
        found = assess(self.settings, livers, self._result(transform, deformation), transform, deformation)
        self.progress("Registered", 1.0)
        return found

    def _start(self) -> sitk.Euler3DTransform:
        if self.follow_up_liver is not None:
            return initial.start_from_contours(self.follow_up_liver, self.planning_liver)
        return initial.start_from_images(self.follow_up, self.planning, self.planning_liver)

    def _refine(self, name: str, transform: sitk.Transform, begin: float, end: float) -> None:
        grid = self._grid(transform)
        moving_grid = working_grid(self.planning_liver, _CAPTURE_MM, self.settings.working_spacing_mm)
        inside = self._liver_distance(grid, transform) < _LINEAR_MARGIN_MM
        region = grid.with_array(inside & covered(self.follow_up, grid) & covered(self.planning, grid, transform))
        self._require_common(region)
        fixed = onto_working_grid(self._near(self.follow_up, corner_points(grid)), grid)
        moving = onto_working_grid(self._near(self.planning, corner_points(moving_grid)), moving_grid)

        def tick(done: float) -> None:
            self.progress(f"{name} registration", begin + (end - begin) * done)

        linear.refine_linearly(fixed, moving, region, transform, self.settings, tick)

    def _result(self, linear_part: sitk.Transform, deformation: Deformation) -> sitk.Transform:
        import SimpleITK as sitk

        if self.settings.method is not RegistrationMethod.BSPLINE:
            return linear_part
        # The transform that was added last is applied first.
        local = deformation.lattice.to_transform(deformation.coefficients)
        return sitk.CompositeTransform([linear_part, local])

    def _pair(self, transform: sitk.Transform) -> WorkingPair:
        grid = self._grid(transform)
        fixed = onto_working_grid(self._near(self.follow_up, corner_points(grid)), grid)
        moving = onto_working_grid(self._near(self.planning, corner_points(grid, transform)), grid, transform)
        common = covered(self.follow_up, grid) & covered(self.planning, grid, transform)
        moving_distance = distance_onto(self.planning_distance, grid, transform)
        if self.follow_up_distance is None:
            region = common & (moving_distance < self.settings.margin_mm)
            self._require_common(grid.with_array(region))
            return WorkingPair(fixed, moving, region, common & (moving_distance < 0))
        fixed_distance = distance_onto(self.follow_up_distance, grid)
        region = common & (fixed_distance < _INNER_MARGIN_MM)
        self._require_common(grid.with_array(region))
        band = common & (np.abs(fixed_distance) <= CONTOUR_BAND_MM)
        return WorkingPair(fixed, moving, region, common & (fixed_distance < 0), band, fixed_distance, moving_distance)

    def _grid(self, transform: sitk.Transform) -> Image:
        """The working grid around the liver in the space of the follow-up CT."""
        spacing_mm = self.settings.working_spacing_mm
        if self.follow_up_liver is not None:
            return working_grid(self.follow_up_liver, _GRID_MARGIN_MM, spacing_mm)
        planning_grid = working_grid(self.planning_liver, _GRID_MARGIN_MM, spacing_mm)
        points = corner_points(planning_grid, transform.GetInverse())
        size = np.ceil((points.max(axis=0) - points.min(axis=0)) / spacing_mm).astype(int) + 1
        return Image(np.zeros(size[::-1], dtype=np.float32), (spacing_mm,) * 3, tuple(points.min(axis=0)))

    def _liver_distance(self, grid: Image, transform: sitk.Transform) -> np.ndarray:
        if self.follow_up_distance is not None:
            return distance_onto(self.follow_up_distance, grid)
        return distance_onto(self.planning_distance, grid, transform)

    @staticmethod
    def _near(image: Image, points_lps: np.ndarray) -> Image:
        return crop_around(image, points_lps, margin_mm=15.0)

    @staticmethod
    def _require_common(region: Image) -> None:
        if region.volume_ml() < _LEAST_COVERED_ML:
            raise GeometryMismatchError(
                f"The scans have only {region.volume_ml():.0f} ml of liver and its surroundings in common, at least "
                f"{_LEAST_COVERED_ML:.0f} ml are needed; check that both CTs show the liver and that the contours "
                "belong to them."
            )
