"""Liver, territory, tumors and lungs as regions on one grid, and the volumes that follow where they overlap.

The rules have names, for every number depends on them:

- *tumors belong to the liver*: the liver is what was outlined as liver, with the tumors that touch it;
- *tumor before normal*: normal liver is liver without any tumor;
- *a voxel belongs to one tumor*: where tumors overlap, to the smaller one;
- *inside the territory*: territory and its tumors are what lies in the liver; the tumors' parts outside the territory
  count neither for it nor for its normal liver.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from hepadose.errors import EmptyRegionError
from hepadose.findings import Finding, warning
from hepadose.images import Image, bounding_box, require_same_grid
from hepadose.sirt.inputs import Volumes

TOLD_SHARE = 0.02
SMALL_ML = 5.0


@dataclass(frozen=True, eq=False)
class OutlinedRegions:
    """What was outlined, boolean images on one grid.

    Parameters
    ----------
    liver : Image
    tumors : tuple of (str, Image)
        Name and region; may be empty.
    territory : Image, optional
        What the microspheres reach; the whole liver if omitted.
    lungs : Image, optional

    Raises
    ------
    GeometryMismatchError
    EmptyRegionError
        If liver or territory are empty.
    """

    liver: Image
    tumors: tuple[tuple[str, Image], ...] = ()
    territory: Image | None = None
    lungs: Image | None = None

    def __post_init__(self) -> None:
        others = {"territory": self.territory, "lungs": self.lungs} | dict(self.tumors)
        require_same_grid(liver=self.liver, **{name: image for name, image in others.items() if image is not None})
        for name, image in (("liver", self.liver), ("territory", self.territory)):
            if image is not None and not np.any(image.array):
                raise EmptyRegionError(f"The {name} is empty; outline it first.")


@dataclass(frozen=True, eq=False)
class TreatmentRegions:
    """Regions after the rules, boolean arrays on one grid.

    Parameters
    ----------
    grid : Image
        Its array is the liver with its tumors.
    liver, territory, normal_liver, normal_territory : numpy.ndarray of bool, shape (k, j, i)
    tumors : dict of str to numpy.ndarray of bool
        Whole tumors, none overlapping another.
    lungs : numpy.ndarray of bool or None
    findings : tuple of Finding
        What the rules changed.
    """

    grid: Image
    liver: np.ndarray
    territory: np.ndarray
    normal_liver: np.ndarray
    normal_territory: np.ndarray
    tumors: dict[str, np.ndarray]
    lungs: np.ndarray | None
    findings: tuple[Finding, ...]

    def ml(self, region: np.ndarray) -> float:
        """Volume of a region in ml."""
        return float(np.count_nonzero(region)) * self.grid.voxel_volume_ml

    @property
    def volumes(self) -> Volumes:
        """What the prescription models need.

        Raises
        ------
        SettingsError
            If the liver's volume is not that of a liver.
        """
        treated = self.territory & ~self.normal_territory
        return Volumes(self.ml(self.liver), self.ml(self.territory), self.ml(treated))

    def treated_tumors_ml(self) -> dict[str, float]:
        """Volume of each tumor's part inside the territory."""
        return {name: self.ml(tumor & self.territory) for name, tumor in self.tumors.items()}


def treatment_regions(outlined: OutlinedRegions) -> TreatmentRegions:
    """Apply the rules.

    Parameters
    ----------
    outlined : OutlinedRegions

    Returns
    -------
    TreatmentRegions
    """
    findings: list[Finding] = []
    grid, drawn = outlined.liver, np.asarray(outlined.liver.array, bool)
    tumors = _apart(grid, outlined.tumors, findings)
    liver = _with_tumors(grid, drawn, tumors, findings)
    tumors = {name: tumor & liver for name, tumor in tumors.items()}
    every = np.zeros(drawn.shape, bool)
    for tumor in tumors.values():
        every |= tumor
    territory = liver if outlined.territory is None else np.asarray(outlined.territory.array, bool)
    outside = np.count_nonzero(territory & ~liver)
    if outside > TOLD_SHARE * np.count_nonzero(territory):
        text = f"{outside * grid.voxel_volume_ml:.1f} ml of the territory lie outside the liver and are left out."
        findings.append(warning("Territory", text))
    territory = territory & liver
    if not territory.any():
        raise EmptyRegionError("The territory does not touch the liver; check both outlines.")
    findings += _about_tumors(grid, tumors, territory)
    lungs = None if outlined.lungs is None else np.asarray(outlined.lungs.array, bool) & ~liver
    return TreatmentRegions(
        grid.with_array(liver), liver, territory, liver & ~every, territory & ~every, tumors, lungs, tuple(findings)
    )


def _apart(grid: Image, outlined: tuple[tuple[str, Image], ...], findings: list[Finding]) -> dict[str, np.ndarray]:
    """Tumors of which each voxel belongs to one."""
    masks = {name: np.asarray(image.array, bool) for name, image in outlined}
    taken = np.zeros(grid.shape, bool)
    apart = {}
    for name in sorted(masks, key=lambda each: np.count_nonzero(masks[each])):
        shared = np.count_nonzero(masks[name] & taken)
        if shared:
            text = f"{shared * grid.voxel_volume_ml:.1f} ml of {name} lie in a smaller tumor too and count for that."
            findings.append(warning("Tumors", text))
        apart[name] = masks[name] & ~taken
        taken |= masks[name]
    return {name: apart[name] for name in masks}


def _with_tumors(grid: Image, drawn: np.ndarray, tumors: dict[str, np.ndarray], findings: list[Finding]) -> np.ndarray:
    """The liver with all tumors that touch it; the others are told."""
    liver = drawn.copy()
    for name, tumor in tumors.items():
        if tumor.any() and not _touch(tumor, drawn):
            findings.append(warning("Tumors", f"{name} does not touch the liver and is left out."))
            continue
        added = np.count_nonzero(tumor & ~drawn)
        if added > TOLD_SHARE * max(np.count_nonzero(tumor), 1):
            text = (
                f"{added * grid.voxel_volume_ml:.1f} ml of {name} lie outside the liver's outline and count as liver."
            )
            findings.append(warning("Liver", text))
        liver |= tumor
    return liver


def _touch(tumor: np.ndarray, liver: np.ndarray) -> bool:
    """Whether two regions overlap or share a face; looked for around the tumor only."""
    box = bounding_box(tumor, (1, 1, 1))
    around, here = liver[box], tumor[box]
    return bool((here & around).any() or (ndimage.binary_dilation(here) & around).any())


def _about_tumors(grid: Image, tumors: dict[str, np.ndarray], territory: np.ndarray) -> list[Finding]:
    findings = []
    for name, tumor in tumors.items():
        volume_ml = np.count_nonzero(tumor) * grid.voxel_volume_ml
        inside = np.count_nonzero(tumor & territory) / max(np.count_nonzero(tumor), 1)
        if not tumor.any():
            findings.append(warning("Tumors", f"{name} is empty."))
        elif inside < 1.0 - TOLD_SHARE:
            findings.append(warning("Territory", f"{1.0 - inside:.0%} of {name} lie outside the territory."))
        if 0.0 < volume_ml < SMALL_ML:
            text = f"{name} has {volume_ml:.1f} ml; below {SMALL_ML:g} ml images of activity show too low a dose."
            findings.append(warning("Tumors", text))
    return findings
