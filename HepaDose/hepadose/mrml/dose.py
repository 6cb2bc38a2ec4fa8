"""Dose as a volume node that SlicerRT recognizes, and isodose regions as segments with their volume."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from hepadose.images import Image
from hepadose.mrml.images import (
    empty_vtk_image,
    place_voxels,
    set_window,
    slabs,
    volume_node_to_image,
    voxel_view,
)
from hepadose.mrml.nodes import new_node
from hepadose.mrml.segmentation import SegmentMask
from hepadose.mrml.steps import finished

if TYPE_CHECKING:
    from slicer import vtkMRMLColorTableNode, vtkMRMLScalarVolumeNode, vtkMRMLScene

DOSE_VOLUME = "DicomRtImport.DoseVolume"
DOSE_UNIT_NAME = "DicomRtImport.DoseUnitName"
DOSE_UNIT_VALUE = "DicomRtImport.DoseUnitValue"
WITHOUT_DOSE = "HepaDose.VoxelsOutsideDoseGrid"
NO_DOSE = "HepaDose.NoDoseGy"
"""Node attribute: the value that stands for "no dose here"; absent where every value is a dose."""
NO_DOSE_GY = -1.0
BANNER = "HepaDose.DoseBanner"
FRACTIONS = "HepaDose.Fractions"
COLOR_TABLE_NAME = "Dose"
COLORS = 256
SHOWN_FROM = 0.1
"""Part of the maximum from which dose is shown, so that the anatomy around stays visible."""
STOPS = (
    (0.0, (0.0, 0.0, 0.55)),
    (0.3, (0.0, 0.65, 1.0)),
    (0.5, (0.2, 0.8, 0.2)),
    (0.75, (1.0, 0.85, 0.0)),
    (1.0, (0.85, 0.0, 0.0)),
)
"""Blue over green and yellow to red, as planning systems color dose."""


def dose_to_volume_node(scene: vtkMRMLScene, dose_gy: Image, name: str) -> vtkMRMLScalarVolumeNode:
    """A dose volume in Gy with SlicerRT's attributes and a dose color table.

    Voxels without a dose (NaN) are stored as 0 Gy, because viewers and histograms stumble over NaN; their number is
    kept in the attribute ``HepaDose.VoxelsOutsideDoseGrid``.
    """
    return finished(dose_node_in_steps(scene, dose_gy, name))


def dose_node_in_steps(
    scene: vtkMRMLScene, dose_gy: Image, name: str
) -> Generator[None, None, vtkMRMLScalarVolumeNode]:
    """As :func:`dose_to_volume_node`, in steps of some hundredths of a second."""
    node = new_node(scene, "vtkMRMLScalarVolumeNode", name)
    yield from fill_dose_in_steps(node, dose_gy)
    return node


def fill_dose_in_steps(
    node: vtkMRMLScalarVolumeNode, dose_gy: Image, *, keep_missing: bool = False
) -> Generator[None, None, None]:
    """Replace what a volume node holds by a dose in Gy, with SlicerRT's attributes and a dose color table.

    In steps of some hundredths of a second; the node changes in the last one.

    Parameters
    ----------
    node : vtkMRMLScalarVolumeNode
        In a scene.
    dose_gy : Image
        NaN where unknown.
    keep_missing : bool
        Store voxels without a dose as -1 Gy, which :func:`volume_node_to_dose` gives back as NaN, instead of 0 Gy.
    """
    voxels = empty_vtk_image(dose_gy.array)
    values, missing, maximum = voxel_view(voxels), 0, 1.0
    for part in slabs(dose_gy.array):
        known = np.isfinite(dose_gy.array[part])
        values[part] = np.where(known, dose_gy.array[part], NO_DOSE_GY if keep_missing else 0.0)
        missing += int(known.size - np.count_nonzero(known))
        maximum = max(float(values[part].max()), maximum)
        yield
    _show_as_dose(node, maximum)
    place_voxels(node, voxels, dose_gy)
    for attribute, value in {
        DOSE_VOLUME: "1",
        DOSE_UNIT_NAME: "GY",
        DOSE_UNIT_VALUE: "1.0",
        WITHOUT_DOSE: str(missing),
        NO_DOSE: repr(NO_DOSE_GY) if keep_missing else None,
    }.items():
        node.SetAttribute(attribute, value)


def _show_as_dose(node: vtkMRMLScalarVolumeNode, maximum_gy: float) -> None:
    set_window(node, (maximum_gy / 2, maximum_gy))
    display = node.GetDisplayNode()
    display.SetAndObserveColorNodeID(dose_color_table(node.GetScene()).GetID())
    display.SetLowerThreshold(SHOWN_FROM * maximum_gy)
    display.SetUpperThreshold(10.0 * maximum_gy)
    display.ApplyThresholdOn()


def is_dose_volume(node: vtkMRMLScalarVolumeNode) -> bool:
    """Whether a volume is marked as dose, by SlicerRT or by HepaDose."""
    return node.GetAttribute(DOSE_VOLUME) is not None


def volume_node_to_dose(node: vtkMRMLScalarVolumeNode) -> Image:
    """A dose volume node as an :class:`Image` in Gy; NaN where the node states that there is no dose.

    Raises
    ------
    MissingInputError, GeometryMismatchError
        As :func:`hepadose.mrml.images.volume_node_to_image`.
    """
    image = volume_node_to_image(node, "dose")
    array = image.array.astype(np.float32, copy=False)
    if node.GetAttribute(NO_DOSE) is not None:
        array[array == np.float32(node.GetAttribute(NO_DOSE))] = np.nan
    return image.with_array(array)


def state_dose(node: vtkMRMLScalarVolumeNode, banner: str, fractions: int | None) -> None:
    """Write on a dose volume what it is, in one line, and its number of fractions where that is known."""
    node.SetAttribute(BANNER, banner)
    # An attribute set to None is removed.
    node.SetAttribute(FRACTIONS, None if fractions is None else str(fractions))


def dose_banner_of(node: vtkMRMLScalarVolumeNode | None) -> str:
    """The dose in one line as its import stated it; empty where it stated nothing."""
    return "" if node is None else node.GetAttribute(BANNER) or ""


def fractions_of(node: vtkMRMLScalarVolumeNode | None) -> int | None:
    """Number of fractions as the dose's import stated it; None where unknown."""
    stored = None if node is None else node.GetAttribute(FRACTIONS)
    return int(stored) if stored else None


def dose_color_table(scene: vtkMRMLScene) -> vtkMRMLColorTableNode:
    """The scene's dose color table; made once."""
    for place in range(scene.GetNumberOfNodesByClass("vtkMRMLColorTableNode")):
        node = scene.GetNthNodeByClass(place, "vtkMRMLColorTableNode")
        if node.GetName() == COLOR_TABLE_NAME:
            return node
    node = new_node(scene, "vtkMRMLColorTableNode", COLOR_TABLE_NAME)
    node.SetTypeToUser()
    node.SetHideFromEditors(False)
    node.SetNumberOfColors(COLORS)
    positions = np.linspace(0.0, 1.0, COLORS)
    at, colors = zip(*STOPS, strict=True)
    channels = [np.interp(positions, at, [color[channel] for color in colors]) for channel in range(3)]
    for place in range(COLORS):
        node.SetColor(place, f"{100 * positions[place]:.0f} %", *(float(channel[place]) for channel in channels), 1.0)
    return node


def color_of_dose(fraction: float) -> tuple[float, float, float]:
    """The color table's color at a fraction (0–1) of the maximum."""
    at, colors = zip(*STOPS, strict=True)
    return tuple(float(np.interp(fraction, at, [color[channel] for color in colors])) for channel in range(3))


def isodose_segments(
    dose: Image, levels_gy: Sequence[float], *, quantity: str = "", within: Image | None = None
) -> list[SegmentMask]:
    """One segment per level with its volume in the name: "31.4 Gy isodose (212 ml)".

    Parameters
    ----------
    dose : Image
        Dose in Gy of the quantity of the levels; NaN belongs to no region.
    levels_gy : sequence of float
        The levels; a voxel belongs to the region when its dose is at least the level.
    quantity : str
        Added after "Gy" where it is not physical dose ("EQD2").
    within : Image, optional
        Boolean mask that the regions are cut to.

    Returns
    -------
    list of SegmentMask
        In the order of the levels; all False where no voxel reaches a level.
    """
    highest = float(np.nanmax(dose.array, initial=1e-6))
    segments = []
    for level in levels_gy:
        region = dose.array >= level
        mask = dose.with_array(region if within is None else region & within.array)
        words = " ".join(part for part in (f"{level:.1f} Gy", quantity, "isodose") if part)
        name = f"{words} ({mask.volume_ml():.0f} ml)"
        segments.append(
            SegmentMask(name, mask, color_of_dose(level / highest), outline_only=True, outline_opacity=0.45)
        )
    return segments
