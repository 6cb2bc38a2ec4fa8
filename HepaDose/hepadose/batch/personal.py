"""The case that a personal model learns from, read from a CT and a segment file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hepadose.batch.segments import read_segments
from hepadose.batch.sirt_regions import TUMOR_WORDS
from hepadose.batch.volume import read_ct
from hepadose.errors import GeometryMismatchError, MissingInputError
from hepadose.images import Image, resample
from hepadose.training.personal.case import PersonalCase


def read_personal_case(ct: Path, segments: Path, liver: str = "liver", tumors: list[str] | None = None) -> PersonalCase:
    """CT, liver and all tumors of one patient.

    Parameters
    ----------
    ct : Path
        DICOM folder or image file in HU.
    segments : Path
        As 3D Slicer saves them (.seg.nrrd).
    liver : str
        Name of its segment; case does not matter.
    tumors : list of str, optional
        Their names; if omitted, those that begin like a tumor's.

    Returns
    -------
    PersonalCase

    Raises
    ------
    HepaDoseError
        If a file or a segment is missing, or the segments do not lie on the CT.
    """
    image = read_ct(ct).image
    masks = read_segments(segments)
    named = {name.lower(): name for name in masks}
    wanted = [each.lower() for each in tumors or ()] or [name for name in named if name.startswith(TUMOR_WORDS)]
    missing = [name for name in (liver.lower(), *wanted) if name not in named]
    if missing or not wanted:
        what = f'no segment "{missing[0]}"' if missing else "no segment of a tumor"
        raise MissingInputError(f"There is {what}; the file has {', '.join(masks)}.")
    drawn = {name: _on_ct(masks[named[name]], image) for name in (liver.lower(), *wanted)}
    tumor = np.any([drawn[name].array for name in wanted], axis=0)
    return PersonalCase(image, drawn[liver.lower()], image.with_array(tumor))


def _on_ct(mask: Image, ct: Image) -> Image:
    moved = ct.with_array(resample(mask, ct, nearest=True).array > 0)
    if mask.array.any() and not moved.array.any():
        raise GeometryMismatchError("The segments do not lie on the CT; choose the ones that were drawn on it.")
    return moved
