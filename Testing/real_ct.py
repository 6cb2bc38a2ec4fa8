"""A real abdominal CT as planning CT, with a planned dose and a follow-up in which a reaction is planted."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from scipy import ndimage

from hepadose.dicom.study import DicomStudy
from hepadose.dicom.write_ct import CtSeriesSettings, write_ct_series
from hepadose.dicom.write_rtdose import write_rtdose
from hepadose.dicom.write_rtplan import PlanSettings, write_rtplan
from hepadose.dicom.write_rtstruct import StructureMask, write_rtstruct
from hepadose.images import Image, resample

LIVER_LABEL = 5
PLANTED_GY = 30.0
CONTRAST_HU = -28.0


@dataclass(frozen=True, eq=False)
class RealCase:
    """A case on disk and its truth."""

    dicom: Path
    reaction_file: Path
    transform_file: Path


def make_real_case(data: Path, folder: Path) -> RealCase:
    """Write the case: the CT as it is, a follow-up that is shifted, deformed and reacts above the planted dose."""
    ct, liver = _read(data / "example_ct.nii.gz"), _read(data / "example_seg_fast_force_split.nii.gz")
    liver = liver.with_array(liver.array == LIVER_LABEL)
    dose = _dose(ct, liver)
    transform = _transform(ct)
    follow_up_liver = resample(liver, ct, transform)
    reaction = ct.with_array(follow_up_liver.array & (resample(dose, ct, transform).array >= PLANTED_GY))
    follow_up = resample(ct, ct, transform, outside=-1000.0)
    soft = ndimage.gaussian_filter(reaction.array.astype(np.float32), 0.5) * follow_up_liver.array
    noise = ndimage.gaussian_filter(np.random.default_rng(5).normal(0, 1, ct.shape), 0.6)
    changed = follow_up.with_array(follow_up.array + CONTRAST_HU * soft + 10.0 * noise / noise.std())
    _write_dicom(folder / "dicom", ct, liver, dose, changed, follow_up_liver)
    sitk.WriteImage(reaction.to_sitk(), str(folder / "reaction.nrrd"))
    sitk.WriteTransform(transform, str(folder / "transform.h5"))
    return RealCase(folder / "dicom", folder / "reaction.nrrd", folder / "transform.h5")


def _read(path: Path) -> Image:
    image = Image.from_sitk(sitk.DICOMOrient(sitk.ReadImage(str(path)), "LPS"))
    return image.with_array(image.array.astype(np.float32))


def _dose(ct: Image, liver: Image) -> Image:
    """A 50 Gy stereotactic dose around a place deep in the right lobe, on a 2.5 mm grid."""
    depth = ndimage.distance_transform_edt(liver.array, sampling=liver.spacing_kji_mm)
    k, j, i = np.unravel_index(int(np.argmax(depth)), depth.shape)
    center = ct.ijk_to_points([i, j, k])
    counts = np.ceil(np.array(ct.shape[::-1]) * np.array(ct.spacing_mm) / 2.5).astype(int)
    grid = Image(np.zeros(counts[::-1]), (2.5,) * 3, ct.origin_lps)
    kji = np.indices(grid.shape)
    offsets = grid.ijk_to_points(np.moveaxis(kji[::-1], 0, -1)) - center
    radius_mm = np.sqrt((offsets**2 / np.array([1.0, 1.2, 0.9])).sum(axis=-1))
    return grid.with_array((56.0 / (1.0 + np.exp((radius_mm - 28.0) / 7.0))).astype(np.float32))


def _transform(ct: Image) -> sitk.Transform:
    """Follow-up to planning: another table position and a smooth breathing deformation of up to 8 mm."""
    center = ct.ijk_to_points((np.array(ct.shape[::-1]) - 1) / 2)
    rigid = sitk.Euler3DTransform(tuple(center), 0.02, -0.03, 0.03, (4.0, -6.0, 5.0))
    points = ct.ijk_to_points(np.moveaxis(np.indices(ct.shape)[::-1], 0, -1)) - center
    bump = np.exp(-(points**2).sum(axis=-1) / (2 * 60.0**2))
    field = np.stack([2.0 * bump, -3.0 * bump, 8.0 * bump], axis=-1)
    image = sitk.GetImageFromArray(field, isVector=True)
    image.CopyInformation(ct.to_sitk())
    return sitk.CompositeTransform([rigid, sitk.DisplacementFieldTransform(image)])


def _write_dicom(folder: Path, ct: Image, liver: Image, dose: Image, follow_up: Image, follow_up_liver: Image) -> None:
    study = DicomStudy("TEST", "Test^Real CT", study_date=datetime.date(2024, 1, 10))
    reference = write_ct_series(folder / "planning", ct, study, CtSeriesSettings(description="Planning"))
    structures = write_rtstruct(folder / "RS.dcm", {"Liver": StructureMask(liver)}, reference)
    plan = write_rtplan(folder / "RP.dcm", study, PlanSettings(fractions=5, prescription_gy=50.0), structures)
    write_rtdose(folder / "RD.dcm", dose, study, plan)
    later = DicomStudy("TEST", "Test^Real CT", study_date=datetime.date(2024, 5, 10))
    reference = write_ct_series(folder / "follow_up", follow_up, later, CtSeriesSettings(description="Follow-up"))
    write_rtstruct(folder / "RS2.dcm", {"Liver": StructureMask(follow_up_liver)}, reference)
