"""SimpleITK transforms as Slicer's transform nodes.

A registration here takes points of the follow-up CT to points of the planning CT (LPS mm). The node holds it as its
transform *from* parent, as Slicer reads registration files: what lies in the planning CT's coordinates and is put under
the node is seen on the follow-up CT.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hepadose.errors import UnreadableFileError
from hepadose.mrml.images import LPS_RAS, vtk_matrix
from hepadose.registration.storage import write_transform

if TYPE_CHECKING:
    import SimpleITK as sitk
    from slicer import vtkMRMLTransformNode


def set_transform(node: vtkMRMLTransformNode, transform: sitk.Transform) -> None:
    """Replace what a transform node holds.

    Parameters
    ----------
    node : vtkMRMLTransformNode
        Of the general class, which holds linear, B-spline, displacement and composite transforms.
    transform : SimpleITK.Transform
        Takes follow-up points (LPS mm) to planning points; becomes the transform from parent. Between the samples of
        a displacement field Slicer interpolates by a cubic, SimpleITK linearly.

    Raises
    ------
    UnreadableFileError
        If Slicer cannot hold such a transform.
    """
    if transform.IsLinear():
        from vtkmodules.vtkCommonTransforms import vtkTransform

        # A new transform, since Slicer sets no matrix on a node that held a deformation before.
        linear = vtkTransform()
        linear.SetMatrix(vtk_matrix(_linear_matrix_ras(transform)))
        node.SetAndObserveTransformFromParent(linear)
        return
    from slicer import vtkMRMLTransformStorageNode

    with tempfile.TemporaryDirectory(prefix="hepadose-") as folder:
        path = write_transform(Path(folder) / "transform.h5", transform)
        storage = vtkMRMLTransformStorageNode()
        storage.SetFileName(str(path))
        if not storage.ReadData(node):
            raise UnreadableFileError(f"Slicer cannot hold a {transform.GetName()}; register without deformation.")


def _linear_matrix_ras(transform: sitk.Transform) -> np.ndarray:
    """4×4 matrix between RAS points, from where the transform takes the origin and the axes."""
    corners = np.array([transform.TransformPoint(point) for point in np.vstack([np.zeros(3), np.eye(3)]).tolist()])
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = (corners[1:] - corners[0]).T, corners[0]
    return LPS_RAS @ matrix @ LPS_RAS
