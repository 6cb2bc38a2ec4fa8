"""The Eclipse prostate case: dose, structures and the DVH tables that Eclipse and CERR computed for them."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from hepadose.dicom.rasterize import rasterize
from hepadose.dicom.rtstruct import Contour, Structure
from hepadose.evaluation.dvh import DoseVolumeHistogram
from hepadose.images import Image, resample

NAMES = ("BODY", "Bladder", "FemoralHeadLt", "FemoralHeadRT", "PTV", "Rectum")
IN_PLANE_MM = 1.0
BIN_EDGE_OFFSET_GY = {"Eclipse": 0.0, "CERR": 0.1, "SlicerRT": 0.0}
"""CERR names its bins of 0.2 Gy by their center; the cumulative volume belongs to the upper edge."""


def read_structure(folder: Path, number: int) -> Structure:
    """The planar contours of one structure (stored as polygons in RAS) as a Structure in LPS."""
    from vtkmodules.util.numpy_support import vtk_to_numpy
    from vtkmodules.vtkIOXML import vtkXMLPolyDataReader

    reader = vtkXMLPolyDataReader()
    reader.SetFileName(str(folder / f"EclipseProstate_Structures.seg/EclipseProstate_Structures.seg_{number}.vtp"))
    reader.Update()
    polygons = reader.GetOutput()
    points_lps = vtk_to_numpy(polygons.GetPoints().GetData()).astype(float) * [-1, -1, 1]
    contours = []
    for cell in range(polygons.GetNumberOfCells()):
        ids = polygons.GetCell(cell).GetPointIds()
        index = [ids.GetId(place) for place in range(ids.GetNumberOfIds())]
        index = index[:-1] if index[0] == index[-1] else index
        contours.append(Contour(points_lps[index]))
    return Structure(number + 1, NAMES[number], "", (255, 255, 0), tuple(contours))


def compute_dvh(folder: Path, number: int) -> DoseVolumeHistogram:
    """DVH of one structure: its contours on the dose planes at 1 mm, the dose sampled there linearly."""
    dose = Image.from_sitk(sitk.ReadImage(str(folder / "EclipseProstate_Dose.nrrd")))
    structure = read_structure(folder, number)
    points = np.concatenate([contour.points_lps for contour in structure.contours])
    low, high = points.min(axis=0) - 2 * IN_PLANE_MM, points.max(axis=0) + 2 * IN_PLANE_MM
    planes = np.unique(np.round(points[:, 2], 3))
    size = (*np.ceil((high - low)[:2] / IN_PLANE_MM).astype(int), planes.size)
    grid = Image(
        np.zeros(size[::-1], np.uint8), (IN_PLANE_MM, IN_PLANE_MM, dose.spacing_mm[2]), (low[0], low[1], planes[0])
    )
    mask = rasterize(structure, grid).mask
    # The body reaches beyond the dose grid; Eclipse's table covers the part inside.
    sampled = resample(dose, grid, outside=np.nan).array[mask.array]
    return DoseVolumeHistogram(sampled[np.isfinite(sampled)], grid.voxel_volume_ml)


def read_table(folder: Path, system: str) -> dict[str, tuple[float, np.ndarray, np.ndarray]]:
    """Per structure: volume in ml, doses in Gy and volumes in percent of one system's cumulative DVH."""
    path = folder / f"EclipseProstate_DvhTable_{system}.csv"
    with path.open(newline="", encoding="utf-8") as file:
        header, *rows = list(csv.reader(file))
    table = {}
    for column, name in enumerate(NAMES):
        volume_ml = float(header[2 * column + 1].split("% of ")[1].split(" cc")[0])
        pairs = [(row[2 * column], row[2 * column + 1]) for row in rows if len(row) > 2 * column + 1]
        values = np.array([pair for pair in pairs if pair[0] and pair[1]], dtype=float)
        # Row 774 of Eclipse's table reads 0.00035604 Gy for 35.604 Gy: rows that step back are left out.
        values = values[values[:, 0] >= np.maximum.accumulate(values[:, 0])]
        table[name] = (volume_ml, values[:, 0] + BIN_EDGE_OFFSET_GY[system], values[:, 1])
    return table
