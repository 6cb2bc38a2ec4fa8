"""The CT and contours of one patient for a personal model, in a folder that can be deleted as a whole."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hepadose.errors import EmptyRegionError, OutputError, UnreadableFileError
from hepadose.images import Image, require_same_grid

CASE_FILE, NOTICE_FILE = "case.npz", "PERSONAL DATA.txt"
NOTICE = (
    "This folder holds the CT of a patient and a network that was trained on it, from which the patient could be "
    "recognized.\nKeep it with the patient's data, never pass it on, and delete it as a whole when it is not needed.\n"
)
MOST_HU, LEAST_HU = 3071, -1024


@dataclass(frozen=True, eq=False)
class PersonalCase:
    """One patient before treatment.

    Parameters
    ----------
    ct : Image
        In HU.
    liver, tumor : Image
        Boolean, on the same grid; all tumors together.

    Raises
    ------
    GeometryMismatchError
    EmptyRegionError
        If liver or tumor is empty, or no tumor lies in the liver.
    """

    ct: Image
    liver: Image
    tumor: Image

    def __post_init__(self) -> None:
        require_same_grid(ct=self.ct, liver=self.liver, tumor=self.tumor)
        for name, mask in (("liver", self.liver), ("tumor", self.tumor)):
            if not np.any(mask.array):
                raise EmptyRegionError(f"The {name} is empty; outline it on the CT before treatment first.")
        if not np.any(self.tumor.array & self.liver.array):
            raise EmptyRegionError("No part of the tumor lies in the liver; check both outlines.")


def save_case(folder: Path, case: PersonalCase) -> None:
    """Keep a case in a folder of its own, with a notice that it is personal data.

    Parameters
    ----------
    folder : Path
        Created where absent; an earlier case in it is replaced.
    case : PersonalCase

    Raises
    ------
    OutputError
        If the folder cannot be written.
    """
    ct = np.clip(np.rint(case.ct.array), LEAST_HU, MOST_HU).astype(np.int16)
    temporary = folder / f".{CASE_FILE}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / NOTICE_FILE).write_text(NOTICE, encoding="utf-8")
        with temporary.open("wb") as file:
            np.savez_compressed(
                file,
                ct=ct,
                liver=np.asarray(case.liver.array, bool),
                tumor=np.asarray(case.tumor.array, bool),
                spacing_mm=case.ct.spacing_mm,
                origin_lps=case.ct.origin_lps,
                direction=case.ct.direction,
            )
        os.replace(temporary, folder / CASE_FILE)
    except OSError as problem:
        reason = problem.strerror or type(problem).__name__
        raise OutputError(f"The patient's case cannot be kept ({reason}); choose another folder.") from problem


def load_case(folder: Path) -> PersonalCase:
    """The case of a folder.

    Parameters
    ----------
    folder : Path

    Raises
    ------
    UnreadableFileError
        If there is none or it is damaged.
    """
    try:
        with np.load(folder / CASE_FILE, allow_pickle=False) as stored:
            ct = Image(stored["ct"], tuple(stored["spacing_mm"]), tuple(stored["origin_lps"]), stored["direction"])
            return PersonalCase(ct, ct.with_array(stored["liver"]), ct.with_array(stored["tumor"]))
    except (OSError, ValueError, KeyError) as problem:
        raise UnreadableFileError("The folder holds no case of a patient, or a damaged one; start anew.") from problem


def delete_personal(folder: Path) -> None:
    """Delete case, training and model of a patient; a folder without the notice is left alone.

    Parameters
    ----------
    folder : Path

    Raises
    ------
    OutputError
        If it is no folder of a personal model, or cannot be deleted.
    """
    if not (folder / NOTICE_FILE).is_file():
        raise OutputError("This is no folder of a personal model; nothing was deleted.")
    try:
        shutil.rmtree(folder)
    except OSError as problem:
        raise OutputError(f"Not everything could be deleted ({problem.strerror}); close what uses it.") from problem
