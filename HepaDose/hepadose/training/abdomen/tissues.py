"""The labels of the synthetic abdomen and what belongs to the liver as a clinician outlines it."""

from __future__ import annotations

from enum import IntEnum

import numpy as np


class Tissue(IntEnum):
    """Label values of :attr:`hepadose.training.abdomen.generate.Abdomen.labels`."""

    AIR = 0
    SKIN = 1
    SUBCUTANEOUS_FAT = 2
    MUSCLE = 3
    VISCERAL_FAT = 4
    BONE_CORTEX = 5
    BONE_MARROW = 6
    DISC = 7
    SPINAL_CANAL = 8
    CARTILAGE = 9
    LUNG = 10
    LUNG_VESSEL = 11
    MYOCARDIUM = 12
    HEART_BLOOD = 13
    ARTERY = 14
    VENA_CAVA = 15
    SYSTEMIC_VEIN = 16
    PORTAL_TRUNK = 17
    LIVER = 18
    PORTAL_VEIN = 19
    HEPATIC_VEIN = 20
    GALLBLADDER_WALL = 21
    BILE = 22
    SPLEEN = 23
    KIDNEY_CORTEX = 24
    KIDNEY_MEDULLA = 25
    KIDNEY_SINUS = 26
    ADRENAL = 27
    PANCREAS = 28
    ESOPHAGUS = 29
    GUT_WALL = 30
    SMALL_BOWEL_CONTENT = 31
    STOMACH_CONTENT = 32
    FECES = 33
    GAS = 34
    BLADDER = 35
    FLUID = 36
    METAL = 37
    TUMOR = 38
    TUMOR_RIM = 39
    NECROSIS = 40
    CALCIFICATION = 41
    LIPIODOL = 42
    REACTION = 43
    CYST = 44


TUMOR_TISSUES = (Tissue.TUMOR, Tissue.TUMOR_RIM, Tissue.NECROSIS, Tissue.CALCIFICATION, Tissue.LIPIODOL)
LIVER_TISSUES = (Tissue.LIVER, Tissue.PORTAL_VEIN, Tissue.HEPATIC_VEIN, Tissue.CYST, *TUMOR_TISSUES, Tissue.REACTION)
"""The liver as outlined: parenchyma with the vessels inside it, cysts, tumors and the reaction.

The gallbladder, the vena cava and the portal trunk outside the capsule do not belong to it.
"""


def is_any(labels: np.ndarray, tissues: tuple[Tissue, ...]) -> np.ndarray:
    """Where a label map holds one of several tissues; boolean, of the labels' shape.

    Parameters
    ----------
    labels : numpy.ndarray
        uint8, of any shape.
    tissues : tuple of Tissue

    Returns
    -------
    numpy.ndarray of bool, same shape

    Examples
    --------
    >>> is_any(np.array([Tissue.AIR, Tissue.TUMOR, Tissue.BILE], np.uint8), LIVER_TISSUES).tolist()
    [False, True, False]
    """
    table = np.zeros(256, bool)
    table[[int(tissue) for tissue in tissues]] = True
    return table[labels]
