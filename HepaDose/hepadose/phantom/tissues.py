"""CT numbers of tissues in the phases of contrast, and the painting of soft-edged regions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hepadose.phantom.settings import ContrastPhase

AIR_HU = -1000.0


@dataclass(frozen=True)
class Tissue:
    """CT numbers of one tissue.

    Parameters
    ----------
    native_hu, arterial_hu, portal_hu, delayed_hu : float
        Mean CT number in each phase of contrast.
    texture_hu : float
        Standard deviation of the tissue's own structure.
    coarse : bool
        Whether that structure is coarse (about 6 mm) instead of fine (about 2 mm).
    """

    native_hu: float
    arterial_hu: float
    portal_hu: float
    delayed_hu: float
    texture_hu: float = 3.0
    coarse: bool = False

    def mean_hu(self, phase: ContrastPhase) -> float:
        """Mean CT number in a phase."""
        return {
            ContrastPhase.NATIVE: self.native_hu,
            ContrastPhase.ARTERIAL: self.arterial_hu,
            ContrastPhase.PORTAL_VENOUS: self.portal_hu,
            ContrastPhase.DELAYED: self.delayed_hu,
        }[phase]


def _plain(value_hu: float, texture_hu: float, coarse: bool = False) -> Tissue:
    return Tissue(value_hu, value_hu, value_hu, value_hu, texture_hu, coarse)


TISSUES: dict[str, Tissue] = {
    "skin": _plain(5.0, 5.0),
    "subcutaneous fat": _plain(-106.0, 7.0, coarse=True),
    "visceral fat": _plain(-98.0, 9.0, coarse=True),
    "muscle": Tissue(48.0, 52.0, 58.0, 58.0, 13.0),
    "lung": _plain(-850.0, 18.0, coarse=True),
    "lung vessel": Tissue(-60.0, 60.0, 20.0, 0.0, 20.0),
    "bone cortex": _plain(430.0, 40.0),
    "bone marrow": _plain(175.0, 24.0),
    "rib marrow": _plain(120.0, 30.0),
    "cartilage": _plain(105.0, 20.0, coarse=True),
    "disc": _plain(85.0, 8.0),
    "canal": _plain(8.0, 5.0),
    "cord": _plain(38.0, 3.0),
    "myocardium": Tissue(45.0, 110.0, 108.0, 95.0, 6.0),
    "heart blood": Tissue(42.0, 230.0, 148.0, 115.0, 6.0),
    "liver": Tissue(58.0, 74.0, 112.0, 94.0, 3.0),
    "portal vein": Tissue(42.0, 105.0, 168.0, 118.0, 3.0),
    "hepatic vein": Tissue(42.0, 62.0, 158.0, 116.0, 3.0),
    "vena cava": Tissue(42.0, 85.0, 142.0, 116.0, 6.0, coarse=True),
    "systemic vein": Tissue(42.0, 120.0, 160.0, 118.0, 3.0),
    "artery": Tissue(42.0, 285.0, 158.0, 118.0, 3.0),
    "spleen": Tissue(48.0, 115.0, 124.0, 98.0, 4.0),
    "kidney cortex": Tissue(34.0, 185.0, 198.0, 150.0, 6.0),
    "kidney medulla": Tissue(32.0, 95.0, 182.0, 155.0, 6.0),
    "kidney sinus": Tissue(-45.0, -40.0, -35.0, -25.0, 25.0),
    "pancreas": Tissue(38.0, 98.0, 86.0, 72.0, 14.0),
    "adrenal": Tissue(25.0, 60.0, 62.0, 50.0, 3.0),
    "bile": _plain(7.0, 2.0),
    "gallbladder wall": Tissue(30.0, 55.0, 70.0, 70.0, 3.0),
    "gut wall": Tissue(42.0, 78.0, 88.0, 76.0, 6.0),
    "gut fluid": _plain(16.0, 10.0, coarse=True),
    "gut content": _plain(34.0, 24.0, coarse=True),
    "feces": _plain(10.0, 85.0, coarse=True),
    "gas": _plain(-960.0, 4.0),
    "esophagus": Tissue(38.0, 60.0, 66.0, 62.0, 4.0),
    "tumor": Tissue(40.0, 52.0, 70.0, 68.0, 6.0, coarse=True),
    "necrosis": Tissue(26.0, 28.0, 32.0, 34.0, 4.0, coarse=True),
}


@dataclass(frozen=True, eq=False)
class Region:
    """A tissue's place on the anatomy's grid.

    ``occupancy`` (8 bit) is the share of each voxel of ``box`` (slices along k, j, i) that the region fills, times 255.
    """

    name: str
    tissue: str
    box: tuple[slice, slice, slice]
    occupancy: np.ndarray


def paint(regions, textures: dict[bool, np.ndarray], phase: ContrastPhase) -> np.ndarray:
    """The CT numbers of regions laid over each other in their order, on the anatomy's grid.

    Parameters
    ----------
    regions : sequence of Region
        Later regions cover earlier ones.
    textures : dict of bool to numpy.ndarray
        Fields of standard deviation 1 for fine (False) and coarse (True) structure.
    phase : ContrastPhase
        Phase of contrast.

    Returns
    -------
    numpy.ndarray, float32
        HU; air where there is no region.
    """
    return paint_over(np.full(textures[False].shape, AIR_HU, np.float32), regions, textures, phase)


def paint_over(hu: np.ndarray, regions, textures: dict[bool, np.ndarray], phase: ContrastPhase) -> np.ndarray:
    """Lay regions over painted CT numbers, in place; see :func:`paint`."""
    for region in regions:
        tissue = TISSUES[region.tissue]
        value = textures[tissue.coarse][region.box] * np.float32(tissue.texture_hu)
        value += np.float32(tissue.mean_hu(phase))
        value -= hu[region.box]
        value *= region.occupancy * np.float32(1 / 255)
        hu[region.box] += value
    return hu
