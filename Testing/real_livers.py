"""The real CTs of the liver beside the project, each with what is known of the liver's outline."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import SimpleITK as sitk

from hepadose.batch.volume import read_ct
from hepadose.images import Image, resample

TOTALSEGMENTATOR_LIVER = 5


@dataclass(frozen=True, eq=False)
class RealLiver:
    """A CT, and the liver on its grid where somebody or some program has outlined it."""

    name: str
    ct: Image
    liver: Image | None
    outlined_by: str = ""


def real_livers(data: Path) -> Iterator[RealLiver]:
    """All of them, one at a time.

    Parameters
    ----------
    data : Path
        Folder of the reference data.
    """
    total = data / "totalsegmentator_ct"
    program = "TotalSegmentator"
    ct = read_ct(total / "example_ct.nii.gz").image
    yield _outlined("example_ct", ct, total / "example_seg_fast_force_split.nii.gz", TOTALSEGMENTATOR_LIVER, program)
    ct = read_ct(total / "example_ct_dicom").image
    yield _outlined("example_ct_dicom", ct, total / "example_seg_dicom.nii.gz", TOTALSEGMENTATOR_LIVER, program)
    three = data / "liver_ct_3slice"
    yield _outlined("liver_ct_3slice", read_ct(three).image, three / "liver_seg.nrrd", 1, "a person")
    for folder in sorted((data / "crlm_ct").glob("CRLM-*")):
        yield RealLiver(folder.name, read_ct(folder / "image").image, None)


def _outlined(name: str, ct: Image, labels: Path, value: int, by: str) -> RealLiver:
    numbers = Image.from_sitk(sitk.ReadImage(str(labels)))
    return RealLiver(name, ct, resample(numbers.with_array(numbers.array == value), ct), by)
