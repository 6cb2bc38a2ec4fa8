"""Nodes as Slicer and SlicerRT make them of DICOM files, read with pydicom and SimpleITK, independently of HepaDose."""

from __future__ import annotations

import numpy as np
import pydicom
import SimpleITK as sitk
from vtkmodules.util.numpy_support import numpy_to_vtk
from vtkmodules.vtkCommonCore import vtkPoints
from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkImageData, vtkPolyData
from vtkmodules.vtkCommonMath import vtkMatrix4x4

LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
DOSE = "DicomRtImport."


def make_volume(scene, loadable):
    """An image series as a scalar volume, in the data tree under its patient and study."""
    files = sorted(loadable.files, key=_place_along_normal)
    return _volume_node(scene, loadable, files, lambda values: values)


def make_dose(scene, loadable, unit):
    """A dose scaled to its unit; the unit is stated on the study in the data tree, as SlicerRT does it."""
    header = pydicom.dcmread(loadable.files[0], stop_before_pixels=True)
    scaling = float(header.DoseGridScaling)
    node = _volume_node(scene, loadable, list(loadable.files), lambda values: values.astype(np.float32) * scaling)
    node.SetAttribute(f"{DOSE}DoseVolume", "1")
    node.SetAttribute("DICOM.instanceUIDs", None)
    hierarchy = _hierarchy(scene)
    study = hierarchy.GetItemParent(hierarchy.GetItemByDataNode(node))
    if unit is not None:
        hierarchy.SetItemAttribute(study, f"{DOSE}DoseUnitName", unit)
    hierarchy.SetItemAttribute(study, f"{DOSE}DoseUnitValue", str(header.DoseGridScaling))
    return node


def make_segmentation(scene, loadable, with_voxels):
    """A structure set as segments with planar contours; voxels beside them where they could be converted."""
    from slicer import vtkSegment, vtkSegmentationConverter

    header = pydicom.dcmread(loadable.files[0])
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", loadable.name)
    contours_name = vtkSegmentationConverter.GetSegmentationPlanarContourRepresentationName()
    node.GetSegmentation().SetSourceRepresentationName(contours_name)
    node.CreateDefaultDisplayNodes()
    _into_hierarchy(scene, node, header)
    reference = _referenced_volume(scene, header)
    names = {roi.ROINumber: roi.ROIName for roi in header.StructureSetROISequence}
    for roi in header.ROIContourSequence:
        points = [np.array(one.ContourData, float).reshape(-1, 3) * (-1, -1, 1) for one in roi.ContourSequence]
        segment = vtkSegment()
        segment.SetName(names[roi.ReferencedROINumber])
        segment.AddRepresentation(contours_name, _polygons(points))
        if with_voxels:
            segment.AddRepresentation("Binary labelmap", _filled(points, reference))
        node.GetSegmentation().AddSegment(segment)
    return node


def _place_along_normal(file):
    header = pydicom.dcmread(file, stop_before_pixels=True)
    axes = np.array(header.ImageOrientationPatient, float)
    return float(np.cross(axes[:3], axes[3:]) @ np.array(header.ImagePositionPatient, float))


def _volume_node(scene, loadable, files, scaled):
    image = sitk.ReadImage(files if len(files) > 1 else files[0])
    values = scaled(sitk.GetArrayFromImage(image))
    to_lps = np.eye(4)
    to_lps[:3, :3] = np.array(image.GetDirection()).reshape(3, 3) * image.GetSpacing()
    to_lps[:3, 3] = image.GetOrigin()
    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", loadable.name)
    node.SetIJKToRASMatrix(_vtk_matrix(LPS_TO_RAS @ to_lps))
    node.SetAndObserveImageData(_vtk_image(values, vtkImageData()))
    node.CreateDefaultDisplayNodes()
    headers = [pydicom.dcmread(file, stop_before_pixels=True) for file in files]
    _into_hierarchy(scene, node, *headers)
    node.SetAttribute("DICOM.instanceUIDs", " ".join(str(header.SOPInstanceUID) for header in headers))
    return node


def _hierarchy(scene):
    from slicer import vtkMRMLSubjectHierarchyNode

    return vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)


def _into_hierarchy(scene, node, header, *more):
    """Under patient and study, with series and instance UIDs; a series that is there already keeps its place."""
    from slicer import vtkMRMLSubjectHierarchyConstants as Constants
    from slicer import vtkSlicerSubjectHierarchyModuleLogic as Logic

    hierarchy = _hierarchy(scene)
    item = hierarchy.CreateItem(hierarchy.GetSceneItemID(), node)
    hierarchy.SetItemUID(item, Constants.GetDICOMUIDName(), str(header.SeriesInstanceUID))
    patient, study, series = str(header.PatientID), str(header.StudyInstanceUID), str(header.SeriesInstanceUID)
    placed = Logic.InsertDicomSeriesInHierarchy(hierarchy, patient, study, series)
    instances = " ".join(str(one.SOPInstanceUID) for one in (header, *more))
    hierarchy.SetItemUID(placed, Constants.GetDICOMInstanceUIDName(), instances)
    owner = hierarchy.GetItemByUID(Constants.GetDICOMUIDName(), patient)
    hierarchy.SetItemName(owner, str(header.PatientName))


def _referenced_volume(scene, header):
    """The volume that a structure set was drawn on."""
    study = header.ReferencedFrameOfReferenceSequence[0].RTReferencedStudySequence[0]
    series = str(study.RTReferencedSeriesSequence[0].SeriesInstanceUID)
    hierarchy = _hierarchy(scene)
    for place in range(scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode")):
        volume = scene.GetNthNodeByClass(place, "vtkMRMLScalarVolumeNode")
        if hierarchy.GetItemUID(hierarchy.GetItemByDataNode(volume), "DICOM") == series:
            return volume
    raise RuntimeError("the images of the structure set are not loaded")


def _polygons(contours):
    points, lines = vtkPoints(), vtkCellArray()
    for contour in contours:
        first = points.GetNumberOfPoints()
        for point in contour:
            points.InsertNextPoint(*point)
        lines.InsertNextCell(len(contour) + 1)
        for place in (*range(len(contour)), 0):
            lines.InsertCellPoint(first + place)
    data = vtkPolyData()
    data.SetPoints(points)
    data.SetLines(lines)
    return data


def _filled(contours, reference):
    """Voxels whose center lies inside an odd number of the contours on their slice."""
    from slicer import vtkOrientedImageData

    to_ras, to_ijk = vtkMatrix4x4(), vtkMatrix4x4()
    reference.GetIJKToRASMatrix(to_ras)
    reference.GetRASToIJKMatrix(to_ijk)
    matrix = np.array([[to_ijk.GetElement(row, column) for column in range(4)] for row in range(4)])
    mask = np.zeros(reference.GetImageData().GetDimensions()[::-1], bool)
    for contour in contours:
        ijk = contour @ matrix[:3, :3].T + matrix[:3, 3]
        mask[round(ijk[0, 2])] ^= _inside(ijk[:, :2], mask.shape[1:])
    image = _vtk_image(mask.astype(np.uint8), vtkOrientedImageData())
    image.SetGeometryFromImageToWorldMatrix(to_ras)
    return image


def _inside(corners_ij, shape_ji):
    """Even-odd rule: a ray along i from the voxel's center crosses the outline an odd number of times."""
    j, i = np.mgrid[: shape_ji[0], : shape_ji[1]]
    inside = np.zeros(shape_ji, bool)
    for (i1, j1), (i2, j2) in zip(corners_ij, np.roll(corners_ij, -1, axis=0), strict=True):
        if j1 != j2:
            inside ^= ((j1 > j) != (j2 > j)) & (i < i1 + (j - j1) * (i2 - i1) / (j2 - j1))
    return inside


def _vtk_matrix(values):
    matrix = vtkMatrix4x4()
    matrix.DeepCopy(values.ravel().tolist())
    return matrix


def _vtk_image(array, image):
    image.SetDimensions(array.shape[::-1])
    image.GetPointData().SetScalars(numpy_to_vtk(np.ascontiguousarray(array).ravel(), deep=True))
    return image
