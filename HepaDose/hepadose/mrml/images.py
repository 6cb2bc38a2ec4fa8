"""Images from and to volume nodes; the one place where LPS becomes RAS and back."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

import numpy as np

from hepadose.errors import GeometryMismatchError, MissingInputError
from hepadose.images import Image
from hepadose.mrml.nodes import new_node
from hepadose.mrml.steps import finished

if TYPE_CHECKING:
    from slicer import vtkMRMLScalarVolumeNode, vtkMRMLScene, vtkMRMLVolumeNode
    from vtkmodules.vtkCommonDataModel import vtkImageData

LPS_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
SLAB_BYTES = 16 << 20


def swap_lps_ras(matrix: np.ndarray) -> np.ndarray:
    """A 4×4 matrix into LPS millimeters as one into RAS millimeters, or the other way round.

    Examples
    --------
    >>> swap_lps_ras(np.diag([1.0, 2.0, 3.0, 1.0])).diagonal()
    array([-1., -2.,  3.,  1.])
    """
    return LPS_RAS @ matrix


def image_to_volume_node(
    scene: vtkMRMLScene, image: Image, name: str, *, window: tuple[float, float] | None = None
) -> vtkMRMLScalarVolumeNode:
    """A new volume node with a copy of an image; a boolean image becomes a label map.

    Parameters
    ----------
    scene : vtkMRMLScene
        Where the node is added.
    image : Image
        Values and grid.
    name : str
        Name of the node.
    window : tuple of 2 float, optional
        Center and width of the display window in the image's units; chosen by Slicer if omitted.

    Returns
    -------
    vtkMRMLScalarVolumeNode
        Or its subclass vtkMRMLLabelMapVolumeNode for masks.
    """
    return finished(volume_node_in_steps(scene, image, name, window=window))


def volume_node_in_steps(
    scene: vtkMRMLScene, image: Image, name: str, *, window: tuple[float, float] | None = None
) -> Generator[None, None, vtkMRMLScalarVolumeNode]:
    """As :func:`image_to_volume_node`, in steps of some hundredths of a second."""
    is_mask = image.array.dtype == bool
    node = new_node(scene, "vtkMRMLLabelMapVolumeNode" if is_mask else "vtkMRMLScalarVolumeNode", name)
    if window is not None:
        set_window(node, window)
    yield from place_image_in_steps(node, image)
    if window is None:
        node.CreateDefaultDisplayNodes()
    return node


def set_window(node: vtkMRMLVolumeNode, window: tuple[float, float]) -> None:
    """Set center and width of a volume's display window; before the voxels are there it costs nothing.

    Slicer would otherwise look for a window of its own through all voxels.
    """
    if node.GetDisplayNode() is None:
        node.CreateDefaultDisplayNodes()
    display = node.GetDisplayNode()
    display.AutoWindowLevelOff()
    display.SetWindowLevel(window[1], window[0])


def place_image(node: vtkMRMLVolumeNode, image: Image) -> None:
    """Replace a volume node's voxels and grid by a copy of an image's; its display stays as it is."""
    finished(place_image_in_steps(node, image))


def place_image_in_steps(node: vtkMRMLVolumeNode, image: Image) -> Generator[None, None, None]:
    """As :func:`place_image`, in steps; the node changes at the end of the last one."""
    voxels = yield from vtk_image_in_steps(image.array)
    place_voxels(node, voxels, image)


def place_voxels(node: vtkMRMLVolumeNode, voxels: vtkImageData, grid: Image) -> None:
    """Replace what a volume node holds by a VTK image, which is not copied, on a grid."""
    node.SetIJKToRASMatrix(vtk_matrix(swap_lps_ras(grid.ijk_to_lps)))
    node.SetAndObserveImageData(voxels)


def volume_node_to_image(node: vtkMRMLVolumeNode, subject: str = "volume") -> Image:
    """A copy of a volume node's voxels with their place in the patient; label maps become boolean.

    Parameters
    ----------
    node : vtkMRMLVolumeNode
        A scalar volume or label map.
    subject : str
        What the user knows it as, for messages.

    Raises
    ------
    MissingInputError
        If there is no node or it has no voxels.
    GeometryMismatchError
        If it lies under a transform or has several components per voxel.
    """
    if node is None or node.GetImageData() is None or not node.GetImageData().GetNumberOfPoints():
        raise MissingInputError(f"The {subject} is missing or has no voxels; choose a loaded volume.")
    require_hardened(node, subject)
    if node.GetImageData().GetNumberOfScalarComponents() != 1:
        raise GeometryMismatchError(f"The {subject} has several components per voxel; expected a scalar volume.")
    array = from_vtk_image(node.GetImageData())
    matrix = vtk_matrix()
    node.GetIJKToRASMatrix(matrix)
    is_mask = node.IsA("vtkMRMLLabelMapVolumeNode")
    return image_on_matrix(array.astype(bool) if is_mask else array, numpy_matrix(matrix))


def image_on_matrix(array: np.ndarray, ijk_to_ras: np.ndarray) -> Image:
    """An :class:`Image` from an array [k, j, i] and its 4×4 IJK-to-RAS matrix."""
    ijk_to_lps = swap_lps_ras(ijk_to_ras)
    spacing = np.linalg.norm(ijk_to_lps[:3, :3], axis=0)
    return Image(array, tuple(spacing), tuple(ijk_to_lps[:3, 3]), ijk_to_lps[:3, :3] / spacing)


def require_hardened(node: object, subject: str) -> None:
    """Refuse a node under a transform: what is shown would not be what is stored.

    Raises
    ------
    GeometryMismatchError
        Naming the remedy.
    """
    if node.GetParentTransformNode() is not None:
        raise GeometryMismatchError(
            f"The {subject} lies under a transform; harden the transform (right-click in the Data module) or remove it."
        )


def to_vtk_image(array: np.ndarray) -> vtkImageData:
    """A VTK image with a copy of an array [k, j, i]; masks become 8-bit, half floats 32-bit."""
    return finished(vtk_image_in_steps(array))


def vtk_image_in_steps(array: np.ndarray) -> Generator[None, None, vtkImageData]:
    """As :func:`to_vtk_image`, in steps of some hundredths of a second."""
    image = empty_vtk_image(array)
    # NumPy writes into VTK's memory ten times faster than VTK copies an array of NumPy's.
    voxels = voxel_view(image)
    for part in slabs(array):
        voxels[part] = array[part]
        yield
    return image


def slabs(array: np.ndarray) -> Iterator[slice]:
    """Ranges of slices, each small enough to be copied while a window waits."""
    slices = max(1, SLAB_BYTES // max(array[0].nbytes, 1)) if len(array) else 1
    for first in range(0, len(array), slices):
        yield slice(first, first + slices)


def empty_vtk_image(array: np.ndarray) -> vtkImageData:
    """A VTK image of the size and type of an array [k, j, i], not filled."""
    from vtkmodules.util.numpy_support import get_vtk_array_type
    from vtkmodules.vtkCommonDataModel import vtkImageData

    storable = {np.dtype(bool): np.uint8, np.dtype(np.float16): np.float32}.get(array.dtype, array.dtype)
    image = vtkImageData()
    image.SetDimensions(array.shape[::-1])
    image.AllocateScalars(get_vtk_array_type(np.dtype(storable).newbyteorder("=")), 1)
    return image


def voxel_view(image: vtkImageData) -> np.ndarray:
    """A scalar VTK image's own memory as an array [k, j, i]; lives no longer than the image."""
    from vtkmodules.util.numpy_support import vtk_to_numpy

    return vtk_to_numpy(image.GetPointData().GetScalars()).reshape(image.GetDimensions()[::-1])


def from_vtk_image(image: vtkImageData) -> np.ndarray:
    """A copy of a scalar VTK image's values as an array [k, j, i]."""
    return voxel_view(image).copy()


def vtk_matrix(values: np.ndarray | None = None) -> object:
    """A vtkMatrix4x4 with the given 4×4 values; the identity if omitted."""
    from vtkmodules.vtkCommonMath import vtkMatrix4x4

    matrix = vtkMatrix4x4()
    if values is not None:
        matrix.DeepCopy(np.asarray(values, dtype=float).ravel().tolist())
    return matrix


def numpy_matrix(matrix: object) -> np.ndarray:
    """The 4×4 values of a vtkMatrix4x4."""
    return np.array([[matrix.GetElement(row, column) for column in range(4)] for row in range(4)])
