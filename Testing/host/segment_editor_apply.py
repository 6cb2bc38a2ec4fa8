"""From an effect's parameters to the real effect: brush settings taken over, one-click effects applied.

Knows nothing of Qt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trame_slicer.segmentation import BrushDiameterMode, ModificationMode
from trame_slicer.segmentation.scissors_effect_parameters import ScissorsEffectFillMode
from trame_slicer.segmentation.segmentation_effect_islands import SegmentationIslandsMode
from trame_slicer.segmentation.segmentation_effect_smoothing import SmoothingEffectMode

if TYPE_CHECKING:
    from host.segment_editor_drive import EditorDrive
    from host.segment_editor_effect import Effect

# Slicer's value of each parameter, the name it shows, and the real effect's mode.
SMOOTHING = {
    "MEDIAN": ("Median", SmoothingEffectMode.MEDIAN),
    "MORPHOLOGICAL_OPENING": ("Opening (remove extrusions)", SmoothingEffectMode.OPENING),
    "MORPHOLOGICAL_CLOSING": ("Closing (fill holes)", SmoothingEffectMode.CLOSING),
    "GAUSSIAN": ("Gaussian", SmoothingEffectMode.GAUSSIAN),
}
ISLANDS = {
    "KEEP_LARGEST_ISLAND": ("Keep largest island", SegmentationIslandsMode.KEEP_LARGEST_ISLAND),
    "REMOVE_SMALL_ISLANDS": ("Remove small islands", SegmentationIslandsMode.REMOVE_SMALL_ISLANDS),
    "SPLIT_ISLANDS_TO_SEGMENTS": ("Split islands to segments", SegmentationIslandsMode.SPLIT_TO_SEGMENTS),
}
SCISSORS = {
    "EraseInside": ("Erase inside", ScissorsEffectFillMode.ERASE_INSIDE),
    "EraseOutside": ("Erase outside", ScissorsEffectFillMode.ERASE_OUTSIDE),
    "FillInside": ("Fill inside", ScissorsEffectFillMode.FILL_INSIDE),
    "FillOutside": ("Fill outside", ScissorsEffectFillMode.FILL_OUTSIDE),
}
LOGICAL = {
    "COPY": ("Copy", "copy"),
    "UNION": ("Add", "add"),
    "SUBTRACT": ("Subtract", "subtract"),
    "INTERSECT": ("Intersect", "intersect"),
    "INVERT": ("Invert", "invert"),
    "CLEAR": ("Clear", "clear"),
    "FILL": ("Fill", "fill"),
}
OF_ONE_SEGMENT = ("INVERT", "CLEAR", "FILL")


def take_over(drive: EditorDrive, effect: Effect) -> None:
    """Give the real effect the parameters that act while the mouse moves."""
    real = drive.effect(effect.name)
    if effect.name in ("Paint", "Erase"):
        real.set_brush_diameter(effect.doubleCommonParameter("BrushAbsoluteDiameter"), BrushDiameterMode.Absolute)
        real.set_use_sphere_brush(bool(effect.integerCommonParameter("BrushSphere")))
    elif effect.name == "Scissors":
        real.set_fill_mode(SCISSORS[effect.parameter("Operation")][1])
    elif effect.name == "Threshold":
        real.set_threshold_min_max_values(
            (effect.doubleParameter("MinimumThreshold"), effect.doubleParameter("MaximumThreshold"))
        )


def apply(drive: EditorDrive, effect: Effect) -> None:
    """Carry out an effect that works on the whole segment at one click.

    Raises
    ------
    ValueError
        If the effect works by the mouse in the views.
    """
    if effect.name not in APPLIED:
        raise ValueError(f"{effect.name} is used with the mouse in the views; it has no Apply.")
    take_over(drive, effect)
    APPLIED[effect.name](drive, effect)


def _apply_threshold(drive: EditorDrive, effect: Effect) -> None:
    # Slicer's threshold replaces the segment, whichever effect was active before.
    drive.effect(effect.name).set_mode(ModificationMode.Set)
    drive.effect(effect.name).apply()


def _apply_smoothing(drive: EditorDrive, effect: Effect) -> None:
    real = drive.effect(effect.name)
    real.set_kernel_size(effect.doubleParameter("KernelSizeMm"))
    real.set_standard_deviation(effect.doubleParameter("KernelSizeMm"))
    real.apply_smoothing(smoothing_mode=SMOOTHING[effect.parameter("SmoothingMethod")][1])


def _apply_islands(drive: EditorDrive, effect: Effect) -> None:
    real = drive.effect(effect.name)
    real.set_minimum_island_size(effect.integerParameter("MinimumSize"))
    real.apply(ISLANDS[effect.parameter("Operation")][1])


def _apply_logical(drive: EditorDrive, effect: Effect) -> None:
    operation = effect.parameter("Operation")
    act = getattr(drive.effect(effect.name), LOGICAL[operation][1])
    if operation in OF_ONE_SEGMENT:
        act()
    elif effect.parameter("ModifierSegmentID"):
        act(effect.parameter("ModifierSegmentID"))


APPLIED = {
    "Threshold": _apply_threshold,
    "Smoothing": _apply_smoothing,
    "Islands": _apply_islands,
    "Logical operators": _apply_logical,
}
