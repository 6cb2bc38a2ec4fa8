"""One isodose that moves with a slider: a line in the slice views, a surface in 3-D, and on request a segment.

Dose between voxels is linear in physical dose, as everywhere; a level of EQD2 or BED is the isodose of the physical
dose that gives it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
from scipy import ndimage

from hepadose.errors import EmptyRegionError
from hepadose.flr.analysis import dose_in_quantity
from hepadose.flr.radiobiology import dose_for_bed
from hepadose.flr.settings import DoseQuantity, FlrSettings
from hepadose.images import Image, bounding_box, resample
from hepadose.mrml.dose import color_of_dose, volume_node_to_dose
from hepadose.mrml.images import swap_lps_ras, to_vtk_image, vtk_matrix
from hepadose.mrml.nodes import find_or_make, modified_once
from hepadose.mrml.segmentation import (
    SegmentMask,
    add_segment,
    reference_grid,
    require_segment,
    segment_to_mask,
)

if TYPE_CHECKING:
    from slicer import vtkMRMLModelNode, vtkMRMLScalarVolumeNode, vtkMRMLScene, vtkMRMLSegmentationNode
    from vtkmodules.vtkCommonDataModel import vtkPolyData

BEST_COLOR = (1.0, 0.69, 0.0)
SURFACE_OPACITY = 0.35
LINE_WIDTH = 2
SAME_LEVEL_GY = 0.051
ISODOSE_ORIGIN = "Dose"
"""Where a segment comes from that is a region of dose."""
"""A slider in steps of 0.1 Gy shows the best level when it is the nearest one."""
LEVEL_ATTRIBUTE, QUANTITY_ATTRIBUTE = "HepaDose.LevelGy", "HepaDose.DoseQuantity"


class DoseInLiver(Protocol):
    """What a surface is drawn from; :class:`hepadose.mrml.live_match.LiveMatch` is one."""

    dose_gy: Image
    """Physical dose in Gy around the liver; NaN where unknown."""
    liver: Image
    """Boolean, on the grid of the dose."""
    settings: FlrSettings
    fractions: int | None
    known_best_gy: float | None
    """The best level where it is known."""


class IsodoseSurface:
    """The isodose of one level as the scene's model node "Isodose"; found again in a loaded scene.

    Parameters
    ----------
    scene : vtkMRMLScene
        Where the node is looked for and, where absent, made.
    source : DoseInLiver
        Dose, liver and the quantity of the levels.
    """

    def __init__(self, scene: vtkMRMLScene, source: DoseInLiver) -> None:
        self._source = source
        self._clip = False
        self._contour = _contour_filter(source.dose_gy)
        self._to_ras = _index_mm_to_ras(source.dose_gy)
        self._maximum_gy = float(np.nanmax(source.dose_gy.array, initial=1e-6))
        self.node: vtkMRMLModelNode = find_or_make(scene, "vtkMRMLModelNode", "Isodose", "Isodose")
        if self.node.GetDisplayNode() is None:
            self._add_display()
        self._shown: tuple[object, ...] = ()

    def _add_display(self) -> None:
        self.node.CreateDefaultDisplayNodes()
        display = self.node.GetDisplayNode()
        display.SetVisibility2D(True)
        display.SetLineWidth(LINE_WIDTH)
        display.SetSliceIntersectionOpacity(1.0)
        display.SetOpacity(SURFACE_OPACITY)
        display.SetBackfaceCulling(False)

    @property
    def level_gy(self) -> float | None:
        """The level that is shown, in Gy of its quantity; None before the first one."""
        stored = self.node.GetAttribute(LEVEL_ATTRIBUTE)
        return float(stored) if stored else None

    def set_visible(self, visible: bool) -> None:
        """Show or hide line and surface."""
        self.node.GetDisplayNode().SetVisibility(bool(visible))

    def set_clip(self, clip: bool) -> None:
        """Cut line and surface to the liver, or show them as far as the dose is known around it."""
        if bool(clip) != self._clip:
            self._clip = bool(clip)
            if self.level_gy is not None:
                self.set_level(self.level_gy)

    def set_level(self, level_gy: float) -> None:
        """Move the isodose to a level in Gy of the settings' quantity; empty where no dose reaches it.

        Raises
        ------
        UnitsError
            If the level is EQD2 or BED and the fractions are unknown.
        """
        wanted = (level_gy, self._clip, self._is_best(level_gy))
        if wanted == self._shown:
            return
        settings = self._source.settings
        physical_gy = physical_dose_of(level_gy, settings.quantity, self._source.fractions, settings.alpha_beta_gy)
        surface = self._surface(physical_gy)
        with modified_once(self.node):
            self.node.SetAndObserveMesh(surface)
            self.node.SetAttribute(LEVEL_ATTRIBUTE, repr(float(level_gy)))
            self.node.SetAttribute(QUANTITY_ATTRIBUTE, settings.quantity.value)
            self.node.SetDescription(f"Isodose {level_words(level_gy, settings.quantity)}")
        scale = color_of_dose(physical_gy / self._maximum_gy)
        self.node.GetDisplayNode().SetColor(*(BEST_COLOR if wanted[-1] else scale))
        self._shown = wanted

    def _is_best(self, level_gy: float) -> bool:
        best_gy = self._source.known_best_gy
        return best_gy is not None and abs(level_gy - best_gy) < SAME_LEVEL_GY

    def _surface(self, physical_gy: float) -> vtkPolyData:
        from vtkmodules.vtkFiltersGeneral import vtkTransformPolyDataFilter

        self._contour.SetValue(0, physical_gy)
        self._contour.Update()
        surface = self._contour.GetOutput()
        if self._clip:
            surface = _cut_to(surface, self._source.liver)
        placing = vtkTransformPolyDataFilter()
        placing.SetTransform(self._to_ras)
        placing.SetInputData(surface)
        placing.Update()
        return placing.GetOutput()


def _contour_filter(dose_gy: Image) -> object:
    """What draws an isodose, in millimeters along the grid's own axes from its first voxel."""
    from vtkmodules.vtkFiltersCore import vtkFlyingEdges3D

    image = to_vtk_image(np.nan_to_num(dose_gy.array, nan=0.0).astype(np.float32))
    image.SetSpacing(dose_gy.spacing_mm)
    contour = vtkFlyingEdges3D()
    contour.SetInputData(image)
    contour.ComputeNormalsOn()
    contour.ComputeScalarsOff()
    contour.ComputeGradientsOff()
    return contour


def _index_mm_to_ras(grid: Image) -> object:
    """Rotation and shift from millimeters along the grid's axes to RAS."""
    from vtkmodules.vtkCommonTransforms import vtkTransform

    rigid = np.eye(4)
    rigid[:3, :3], rigid[:3, 3] = grid.direction, grid.origin_lps
    transform = vtkTransform()
    transform.SetMatrix(vtk_matrix(swap_lps_ras(rigid)))
    return transform


def _cut_to(surface: vtkPolyData, mask: Image) -> vtkPolyData:
    """The part of a surface (mm along the mask's axes) where the linearly sampled mask is at least one half."""
    from vtkmodules.util.numpy_support import numpy_to_vtk, vtk_to_numpy
    from vtkmodules.vtkCommonDataModel import vtkPolyData
    from vtkmodules.vtkFiltersCore import vtkClipPolyData

    if not surface.GetNumberOfPoints():
        return surface
    points_kji = vtk_to_numpy(surface.GetPoints().GetData())[:, ::-1] / np.array(mask.spacing_kji_mm)
    inside = ndimage.map_coordinates(mask.array.astype(np.float32), points_kji.T, order=1, mode="nearest")
    marked = vtkPolyData()
    marked.ShallowCopy(surface)
    marked.GetPointData().SetScalars(numpy_to_vtk(inside, deep=True))
    clip = vtkClipPolyData()
    clip.SetInputData(marked)
    clip.SetValue(0.5)
    clip.Update()
    cut = clip.GetOutput()
    cut.GetPointData().SetScalars(None)
    return cut


def physical_dose_of(level_gy: float, quantity: DoseQuantity, fractions: int | None, alpha_beta_gy: float) -> float:
    """The total physical dose in Gy that a level of any quantity stands for.

    Raises
    ------
    UnitsError
        If the level is EQD2 or BED and the fractions are unknown.

    Examples
    --------
    >>> round(physical_dose_of(54.0, DoseQuantity.EQD2, 5, 3.0), 6)
    30.0
    """
    if quantity is DoseQuantity.PHYSICAL:
        return float(level_gy)
    bed = level_gy if quantity is DoseQuantity.BED else level_gy * (1.0 + 2.0 / alpha_beta_gy)
    return float(dose_for_bed(bed, fractions, alpha_beta_gy))


def level_words(level_gy: float, quantity: DoseQuantity) -> str:
    """A level with unit and quantity: "30.3 Gy physical"."""
    return f"{level_gy:.1f} Gy {'physical' if quantity is DoseQuantity.PHYSICAL else quantity.label}"


def isodose_to_segment(
    segmentation: vtkMRMLSegmentationNode,
    dose_volume: vtkMRMLScalarVolumeNode,
    level_gy: float,
    quantity: DoseQuantity,
    fractions: int | None,
    alpha_beta_gy: float,
    *,
    clip_to_segment_id: str | None = None,
) -> tuple[str, float]:
    """Add an isodose region as a segment, named with level, quantity and volume.

    Parameters
    ----------
    segmentation : vtkMRMLSegmentationNode
        Gets the segment, on its own reference grid; the dose is sampled linearly where its grid is another one.
    dose_volume : vtkMRMLScalarVolumeNode
        Total physical dose in Gy.
    level_gy : float
        In Gy of ``quantity``; a voxel belongs to the region when its dose is at least the level.
    quantity : DoseQuantity
    fractions : int or None
        Needed for EQD2 and BED.
    alpha_beta_gy : float
        Alpha/beta in Gy.
    clip_to_segment_id : str, optional
        Id or name of a segment that the region is cut to.

    Returns
    -------
    tuple of str and float
        Id of the new segment and its volume in ml.

    Raises
    ------
    EmptyRegionError
        If no voxel reaches the level.
    UnitsError
        If EQD2 or BED is asked for without fractions.
    HepaDoseError
        If a node or segment is missing or lies under a transform.
    """
    dose = volume_node_to_dose(dose_volume)
    grid, where = reference_grid(segmentation) or dose, ""
    within = None
    if clip_to_segment_id:
        identifier = require_segment(segmentation, clip_to_segment_id)
        within = _cropped_mask(segment_to_mask(segmentation, identifier, grid))
        where = f", in {segmentation.GetSegmentation().GetSegment(identifier).GetName().lower()}"
        grid = within
    on_grid = dose if dose.same_grid_as(grid) else resample(dose, grid, outside=float("nan"))
    region = np.asarray(dose_in_quantity(on_grid.array, quantity, fractions, alpha_beta_gy)) >= level_gy
    mask = grid.with_array(region if within is None else region & within.array)
    words = level_words(level_gy, quantity)
    if not mask.array.any():
        raise EmptyRegionError(f"No voxel{where} reaches {words}; choose a lower level.")
    volume_ml = mask.volume_ml()
    color = color_of_dose(physical_dose_of(level_gy, quantity, fractions, alpha_beta_gy) / float(np.nanmax(dose.array)))
    parts = "" if fractions is None else f", {fractions} fractions"
    ratio = "" if quantity is DoseQuantity.PHYSICAL else f" (α/β {alpha_beta_gy:g} Gy)"
    name = f"Isodose {words}{ratio}{parts}{where} ({volume_ml:.0f} ml)"
    return add_segment(segmentation, SegmentMask(name, mask, color, ISODOSE_ORIGIN, outline_only=True)), volume_ml


def _cropped_mask(mask: Image) -> Image:
    box = bounding_box(mask.array)
    if box is None:
        raise EmptyRegionError("The segment that the isodose shall be cut to is empty; choose another one.")
    return mask.cropped(box)
