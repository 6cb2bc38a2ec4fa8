"""Two volumes in one picture, to judge by eye how well they are aligned: checkerboard and blend."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hepadose.checks import require_range
from hepadose.errors import MissingInputError
from hepadose.images import Image, require_same_grid
from hepadose.mrml.images import place_image, volume_node_to_image
from hepadose.mrml.nodes import find_or_make, modified_once
from hepadose.mrml.views import SLICE_VIEWS, composite_node

if TYPE_CHECKING:
    from slicer import vtkMRMLScalarVolumeNode, vtkMRMLScene, vtkMRMLVolumeNode

TILE_RANGE_MM = (1.0, 500.0)


def checkerboard(
    scene: vtkMRMLScene,
    first_volume: vtkMRMLScalarVolumeNode,
    second_volume: vtkMRMLScalarVolumeNode,
    tile_mm: float,
    name: str,
) -> vtkMRMLScalarVolumeNode:
    """A volume that shows two volumes in alternating cubes; the same node is filled anew at each call.

    Parameters
    ----------
    scene : vtkMRMLScene
        Where the node is.
    first_volume, second_volume : vtkMRMLScalarVolumeNode
        On one grid; the first one has the cube that begins at the patient's origin.
    tile_mm : float
        Edge of the cubes, 1–500 mm; they are aligned with the patient's axes, whatever the grid's direction.
    name : str
        Name of the node.

    Returns
    -------
    vtkMRMLScalarVolumeNode
        Shown with the first volume's window.

    Raises
    ------
    MissingInputError
        If a volume is missing.
    GeometryMismatchError
        If the grids differ or a volume lies under a transform.
    SettingsError
        If the edge is out of range.
    """
    require_range("edge of a tile", tile_mm, *TILE_RANGE_MM, "mm")
    first = volume_node_to_image(first_volume, "first volume")
    second = volume_node_to_image(second_volume, "second volume")
    require_same_grid(**{first_volume.GetName(): first, second_volume.GetName(): second})
    mixed = np.where(second_tiles(first, tile_mm), second.array, first.array)
    node = find_or_make(scene, "vtkMRMLScalarVolumeNode", f"Checkerboard.{name}", name)
    with modified_once(node):
        place_image(node, first.with_array(mixed))
    if node.GetDisplayNode() is None:
        node.CreateDefaultDisplayNodes()
    # The board is made anew from both volumes whenever it is looked at: no need to save it.
    node.SetSaveWithScene(False)
    _copy_window(first_volume, node)
    return node


def second_tiles(grid: Image, tile_mm: float) -> np.ndarray:
    """Where the second volume shows: boolean [k, j, i], True in every other cube along each of the patient's axes.

    Examples
    --------
    >>> second_tiles(Image(np.zeros((1, 2, 4))), 2.0).astype(int).tolist()
    [[[0, 0, 1, 1], [0, 0, 1, 1]]]
    """
    parity = np.zeros((1, 1, 1), dtype=np.int64)
    for axis in range(3):
        # A grid along the patient's axes needs three lines of numbers instead of three volumes.
        position = np.full((1, 1, 1), grid.origin_lps[axis])
        for index in range(3):
            step = grid.direction[axis, index] * grid.spacing_mm[index]
            if abs(step) > 1e-9:
                steps = np.arange(grid.shape[2 - index]) * step
                position = position + steps.reshape([-1 if 2 - index == place else 1 for place in range(3)])
        # A voxel center on a border belongs to the cube above it, also where a direction was rounded.
        parity = parity + np.floor(position / tile_mm + 1e-9).astype(np.int64)
    return np.broadcast_to(parity % 2 == 1, grid.shape)


def _copy_window(source: vtkMRMLScalarVolumeNode, target: vtkMRMLScalarVolumeNode) -> None:
    shown, display = source.GetDisplayNode(), target.GetDisplayNode()
    if shown is None:
        return
    display.AutoWindowLevelOff()
    display.SetWindowLevel(shown.GetWindow(), shown.GetLevel())
    display.SetAndObserveColorNodeID(shown.GetColorNodeID())


def set_blend(
    scene: vtkMRMLScene,
    background: vtkMRMLVolumeNode | None,
    foreground: vtkMRMLVolumeNode | None,
    fraction: float,
) -> None:
    """Show a volume in the three slice views with another one laid over it.

    Parameters
    ----------
    scene : vtkMRMLScene
        Whose views.
    background : vtkMRMLVolumeNode
        Below.
    foreground : vtkMRMLVolumeNode or None
        Above; None takes away what was there.
    fraction : float
        Opacity of the foreground, 0 (hidden) to 1 (covers).

    Raises
    ------
    MissingInputError
        If there is no background.
    SettingsError
        If the fraction is out of range.
    """
    require_range("share of the upper volume", fraction, 0.0, 1.0)
    if background is None:
        raise MissingInputError("There is no volume to show; load the CTs first.")
    for view in SLICE_VIEWS:
        composite = composite_node(scene, view)
        with modified_once(composite):
            composite.SetBackgroundVolumeID(background.GetID())
            composite.SetForegroundVolumeID(None if foreground is None else foreground.GetID())
            composite.SetForegroundOpacity(fraction)
