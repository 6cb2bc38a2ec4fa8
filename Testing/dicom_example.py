"""A small case written as DICOM, and ways to spoil it: what the tests of the DICOM package share."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import ImplicitVRLittleEndian

from hepadose.dicom.write import (
    CtReference,
    CtSeriesSettings,
    DicomStudy,
    DoseSettings,
    ObjectReference,
    PlanBeam,
    PlanSettings,
    StructureMask,
    write_ct_series,
    write_rtdose,
    write_rtplan,
    write_rtstruct,
)
from hepadose.images import Image

PLANNING_DAY = datetime.date(2023, 3, 1)
FOLLOW_UP_DAY = datetime.date(2023, 6, 1)


def a_study(day: datetime.date = PLANNING_DAY, uid: str = "1.2.3.1") -> DicomStudy:
    """A study of the one patient of these tests; its frame of reference is ``uid``.9."""
    return DicomStudy("A1", "Test^Patient", study_uid=uid, frame_of_reference_uid=f"{uid}.9", study_date=day)


def a_ct(slices: int = 6, size: int = 16, spacing_mm: tuple[float, float, float] = (4.0, 5.0, 3.0)) -> Image:
    """A CT whose every voxel has another value: slice k starts at 100·k HU, then rises with j and i."""
    k, j, i = np.ogrid[:slices, :size, :size]
    return Image((100.0 * k + 2.0 * j + i * 1.0).astype(np.float32), spacing_mm, (-30.0, -40.0, -50.0))


def oblique_axes(angle_deg: float = 20.0) -> np.ndarray:
    """Right-handed axes turned about x and then z."""
    a, b = np.radians(angle_deg), np.radians(angle_deg / 2)
    about_x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    about_z = np.array([[np.cos(b), -np.sin(b), 0], [np.sin(b), np.cos(b), 0], [0, 0, 1]])
    return about_z @ about_x


def box_mask(image: Image, k: slice, j: slice, i: slice) -> Image:
    """A box of voxels on the grid of an image."""
    mask = np.zeros(image.shape, bool)
    mask[k, j, i] = True
    return image.with_array(mask)


def tamper(path: Path, change: Callable[[Dataset], object] | None = None, /, **attributes: object) -> Path:
    """Change a written file in place; an attribute given as ``None`` is removed."""
    dataset = dcmread(path)
    for keyword, value in attributes.items():
        if value is None:
            delattr(dataset, keyword)
        else:
            setattr(dataset, keyword, value)
    if change is not None:
        change(dataset)
    dataset.save_as(path)
    return path


def without_part10_header(path: Path) -> Path:
    """Cut preamble and file meta information off, as some planning systems write files (Implicit VR)."""
    dataset = dcmread(path)
    dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    dataset.save_as(path)
    content = path.read_bytes()
    meta_length = int.from_bytes(content[140:144], "little")  # value of (0002,0000), after the magic word
    path.write_bytes(content[144 + meta_length :])
    return path


@dataclass
class WrittenCase:
    """Paths and truth of a case written by :func:`write_case`."""

    folder: Path
    planning: CtReference
    follow_up: CtReference
    liver: Image
    dose: Image
    structures: ObjectReference
    plan: ObjectReference
    studies: tuple[DicomStudy, DicomStudy] = field(
        default_factory=lambda: (a_study(), a_study(FOLLOW_UP_DAY, "1.2.3.2"))
    )

    def path(self, name: str) -> Path:
        """A file of the case: "RD.dcm", "RS.dcm", "RP.dcm"."""
        return self.folder / name


def write_case(folder: Path, fractions: int = 5, dose_settings: DoseSettings | None = None) -> WrittenCase:
    """Planning CT, structures, plan, dose and follow-up CT, mixed in one tree; the liver has 675 ml."""
    studies = a_study(), a_study(FOLLOW_UP_DAY, "1.2.3.2")
    ct = a_ct(slices=20, size=40, spacing_mm=(5.0, 5.0, 5.0))
    liver = box_mask(ct, slice(4, 16), slice(10, 25), slice(10, 40))
    planning = write_ct_series(folder / "a", ct, studies[0], CtSeriesSettings(head_first_numbers=True))
    follow_up = write_ct_series(folder / "b", a_ct(15, 30, (6.0, 6.0, 7.0)), studies[1])
    masks = {
        "Liver": StructureMask(liver),
        "Liver-GTV": StructureMask(box_mask(ct, slice(6, 9), slice(12, 18), slice(12, 18))),
    }
    structures = write_rtstruct(folder / "RS.dcm", masks, planning)
    plan_settings = PlanSettings(
        fractions, 50.0, beams=(PlanBeam("A", 0.0), PlanBeam("B", 90.0)), reviewer="Test^Physicist"
    )
    plan = write_rtplan(folder / "RP.dcm", studies[0], plan_settings, structures)
    dose = Image(np.linspace(0, 48.2, 24 * 44 * 44).reshape(24, 44, 44), (5.0, 5.0, 5.0), (-40.0, -50.0, -60.0))
    write_rtdose(folder / "RD.dcm", dose, studies[0], plan, dose_settings)
    return WrittenCase(folder, planning, follow_up, liver, dose, structures, plan, studies)
