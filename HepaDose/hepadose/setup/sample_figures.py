"""Is this the patient it should be? Figures of its DICOM files against those that came with the extension.

The same settings give the same files bit by bit on one kind of processor. Between kinds, sums of floats end in other
last digits, which moves a few pixels of millions by one stored step. So the contents are compared as figures with
tolerances far below anything visible, not as one checksum.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hepadose.images import Image

BLOCKS = 4
"""Every image is divided into so many blocks along each axis; their means are compared."""

TOLERANCES = {"hu": 0.1, "gy": 0.01, "mm": 0.05, "contours": 0.5, "count": 0.5}
"""Largest allowed difference by the last word of a figure's name."""


def measure_sample(dicom_folder: Path) -> dict[str, list[float]]:
    """Figures of a case read from its DICOM files.

    Parameters
    ----------
    dicom_folder : Path
        All DICOM files of the case.

    Returns
    -------
    dict of str to list of float
        Grids in mm, block means in HU and Gy, contours and center of every structure.

    Raises
    ------
    HepaDoseError
        If the files are no case.
    """
    from hepadose.dicom.case import load_flr_case

    case = load_flr_case(dicom_folder)
    figures = {
        **_grid("planning CT", case.planning.image),
        **_grid("follow-up CT", case.follow_up.image),
        **_grid("dose", case.dose.image),
        "planning CT hu": _block_means(case.planning.image.array),
        "follow-up CT hu": _block_means(case.follow_up.image.array),
        "dose gy": _block_means(case.dose.image.array),
        "fraction count": [float(case.fractions or 0)],
        "approved plan count": [float(case.plan is not None and case.plan.approval == "APPROVED")],
    }
    drawn = {"planning": case.structures, "follow-up": case.follow_up_structures}
    for when, structures in drawn.items():
        for structure in structures.structures if structures else ():
            points = np.concatenate([contour.points_lps for contour in structure.contours])
            figures[f"{when} {structure.name} contours"] = [float(len(structure.contours))]
            figures[f"{when} {structure.name} extent mm"] = [
                *_rounded(points.min(axis=0)),
                *_rounded(points.max(axis=0)),
            ]
    return figures


def differences(figures: dict[str, list[float]], reference: dict[str, list[float]]) -> tuple[str, ...]:
    """What is not as it should be, in words; empty where everything agrees.

    Examples
    --------
    >>> differences({"dose gy": [1.0, 2.004]}, {"dose gy": [1.0, 2.0]})
    ()
    >>> differences({"dose gy": [1.0, 3.0]}, {"dose gy": [1.0, 2.0]})
    ('dose gy differs by 1',)
    """
    wrong = [f"{name} is missing" for name in reference.keys() - figures.keys()]
    wrong += [f"{name} is not expected" for name in figures.keys() - reference.keys()]
    for name in reference.keys() & figures.keys():
        found, expected = np.asarray(figures[name]), np.asarray(reference[name])
        if found.shape != expected.shape:
            wrong.append(f"{name} has {found.size} values instead of {expected.size}")
        elif not (worst := float(np.abs(found - expected).max())) <= TOLERANCES[name.rpartition(" ")[2]]:
            wrong.append(f"{name} differs by {worst:.3g}")
    return tuple(sorted(wrong))


def _grid(name: str, image: Image) -> dict[str, list[float]]:
    return {
        f"{name} voxel count": [float(count) for count in image.array.shape],
        f"{name} grid mm": _rounded([*image.spacing_mm, *image.origin_lps]),
    }


def _block_means(array: np.ndarray) -> list[float]:
    """Means over BLOCKS x BLOCKS x BLOCKS blocks of nearly equal size."""
    parts = [array]
    for axis in range(3):
        parts = [block for part in parts for block in np.array_split(part, BLOCKS, axis=axis)]
    return _rounded([block.mean(dtype=np.float64) for block in parts])


def _rounded(values) -> list[float]:
    return [round(float(value), 4) for value in values]
