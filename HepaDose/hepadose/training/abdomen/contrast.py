"""CT numbers of the labels: by phase of contrast with variation between patients, or at random."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hepadose.phantom.settings import ContrastPhase
from hepadose.phantom.tissues import TISSUES
from hepadose.training.abdomen.lesions import Tumor, TumorLook
from hepadose.training.abdomen.settings import RenderingSettings
from hepadose.training.abdomen.tissues import Tissue

NAMES = {
    Tissue.SKIN: "skin",
    Tissue.SUBCUTANEOUS_FAT: "subcutaneous fat",
    Tissue.MUSCLE: "muscle",
    Tissue.VISCERAL_FAT: "visceral fat",
    Tissue.BONE_CORTEX: "bone cortex",
    Tissue.BONE_MARROW: "rib marrow",
    Tissue.DISC: "disc",
    Tissue.SPINAL_CANAL: "canal",
    Tissue.CARTILAGE: "cartilage",
    Tissue.LUNG: "lung",
    Tissue.LUNG_VESSEL: "lung vessel",
    Tissue.MYOCARDIUM: "myocardium",
    Tissue.HEART_BLOOD: "heart blood",
    Tissue.ARTERY: "artery",
    Tissue.VENA_CAVA: "vena cava",
    Tissue.SYSTEMIC_VEIN: "systemic vein",
    Tissue.PORTAL_TRUNK: "portal vein",
    Tissue.LIVER: "liver",
    Tissue.PORTAL_VEIN: "portal vein",
    Tissue.HEPATIC_VEIN: "hepatic vein",
    Tissue.GALLBLADDER_WALL: "gallbladder wall",
    Tissue.BILE: "bile",
    Tissue.SPLEEN: "spleen",
    Tissue.KIDNEY_CORTEX: "kidney cortex",
    Tissue.KIDNEY_MEDULLA: "kidney medulla",
    Tissue.KIDNEY_SINUS: "kidney sinus",
    Tissue.ADRENAL: "adrenal",
    Tissue.PANCREAS: "pancreas",
    Tissue.ESOPHAGUS: "esophagus",
    Tissue.GUT_WALL: "gut wall",
    Tissue.SMALL_BOWEL_CONTENT: "gut content",
    Tissue.STOMACH_CONTENT: "gut fluid",
    Tissue.FECES: "feces",
    Tissue.GAS: "gas",
    Tissue.BLADDER: "bile",
    Tissue.FLUID: "bile",
    Tissue.TUMOR: "tumor",
    Tissue.TUMOR_RIM: "tumor",
    Tissue.NECROSIS: "necrosis",
    Tissue.REACTION: "liver",
    Tissue.CYST: "bile",
}
"""The digital patient's tissue whose CT numbers each label has on average."""
SPREADS_HU = {
    Tissue.SUBCUTANEOUS_FAT: 6.0,
    Tissue.VISCERAL_FAT: 9.0,
    Tissue.BONE_CORTEX: 120.0,
    Tissue.BONE_MARROW: 40.0,
    Tissue.LUNG: 35.0,
    Tissue.LUNG_VESSEL: 40.0,
    Tissue.GAS: 10.0,
    Tissue.FECES: 30.0,
    Tissue.BILE: 6.0,
    Tissue.CYST: 5.0,
    Tissue.FLUID: 6.0,
}
USUAL_SPREAD_HU = 8.0
CONTRAST_SPREAD = 0.22
"""Standard deviation between patients of how much contrast medium a tissue takes up, relative to its mean."""
FIXED_HU = {Tissue.AIR: -1000.0, Tissue.METAL: 2800.0, Tissue.CALCIFICATION: 320.0, Tissue.LIPIODOL: 480.0}
AIRY = (Tissue.AIR, Tissue.GAS, Tissue.LUNG)
TUMOR_OFFSETS_HU = {
    TumorLook.HYPERDENSE: {
        ContrastPhase.NATIVE: (-18.0, 6.0),
        ContrastPhase.ARTERIAL: (20.0, 80.0),
        ContrastPhase.PORTAL_VENOUS: (-30.0, 35.0),
        ContrastPhase.DELAYED: (-40.0, 15.0),
    }
}
HYPODENSE_OFFSETS_HU = {
    ContrastPhase.NATIVE: (-30.0, -6.0),
    ContrastPhase.ARTERIAL: (-45.0, -8.0),
    ContrastPhase.PORTAL_VENOUS: (-75.0, -14.0),
    ContrastPhase.DELAYED: (-50.0, -8.0),
}
RIM_OFFSETS_HU = {
    ContrastPhase.NATIVE: (-20.0, 4.0),
    ContrastPhase.ARTERIAL: (10.0, 65.0),
    ContrastPhase.PORTAL_VENOUS: (-10.0, 45.0),
    ContrastPhase.DELAYED: (-5.0, 35.0),
}
REACTION_OFFSETS_HU = {
    ContrastPhase.NATIVE: (-30.0, -12.0),
    ContrastPhase.ARTERIAL: (-35.0, 40.0),
    ContrastPhase.PORTAL_VENOUS: (-55.0, 25.0),
    ContrastPhase.DELAYED: (-25.0, 45.0),
}
LEAST_REACTION_HU = 12.0
"""A change that nobody can see is not called a reaction."""
LEAST_TUMOR_HU = 14.0
"""Fainter tumors would teach a network to call every part of a liver that shows few vessels a tumor."""


@dataclass(frozen=True, eq=False)
class Palette:
    """The CT numbers of one rendering.

    Parameters
    ----------
    mean_hu, texture_hu : numpy.ndarray, shape (256,), float32
        Mean and own structure's standard deviation of every label.
    tumor_hu, rim_hu : numpy.ndarray, shape (n + 1,), float32
        Mean of the vital part and of the rim of each tumor by its number; entry 0 is not used.
    phase : ContrastPhase or None
        None where the CT numbers follow no phase.
    """

    mean_hu: np.ndarray
    texture_hu: np.ndarray
    tumor_hu: np.ndarray
    rim_hu: np.ndarray
    phase: ContrastPhase | None


def palette(tumors: tuple[Tumor, ...], settings: RenderingSettings, random: np.random.Generator) -> Palette:
    """Draw the CT numbers of all tissues and tumors.

    Parameters
    ----------
    tumors : tuple of Tumor
        The patient's tumors.
    settings : RenderingSettings
        What is fixed instead of drawn.
    random : numpy.random.Generator
        Where the numbers come from.

    Returns
    -------
    Palette
    """
    phases, shares = list(ContrastPhase), (0.25, 0.17, 0.43, 0.15)
    phase = settings.phase or ContrastPhase(random.choice(phases, p=shares))
    if settings.phase is None and random.random() < settings.random_intensity_share:
        return _arbitrary(tumors, random)
    mean_hu, texture_hu = np.zeros(256, np.float32), np.zeros(256, np.float32)
    uptake = 1.0 + settings.tissue_spread * CONTRAST_SPREAD * random.standard_normal()
    for label in Tissue:
        mean_hu[label], texture_hu[label] = _tissue(label, phase, uptake, settings.tissue_spread, random)
    usual_liver_hu = float(mean_hu[Tissue.LIVER])
    _change_liver(mean_hu, phase, settings, random)
    _fill_gut(mean_hu, texture_hu, settings, random)
    liver_hu = float(mean_hu[Tissue.LIVER])
    tumor_hu = [0.0] + [
        _told_apart(usual_liver_hu + _tumor_offset(tumor, phase, random), liver_hu, random) for tumor in tumors
    ]
    rim_hu = [0.0] + [usual_liver_hu + random.uniform(*RIM_OFFSETS_HU[phase]) for _ in tumors]
    return Palette(mean_hu, texture_hu, np.float32(tumor_hu), np.float32(rim_hu), phase)


def _tissue(label: Tissue, phase: ContrastPhase, uptake: float, spread: float, random: np.random.Generator):
    if label in FIXED_HU:
        wide = 0.0 if label in (Tissue.AIR, Tissue.METAL) else 0.3 * FIXED_HU[label]
        return FIXED_HU[label] + spread * wide * random.standard_normal(), 0.4 * wide
    tissue = TISSUES[NAMES[label]]
    taken_up_hu = (tissue.mean_hu(phase) - tissue.native_hu) * max(uptake, 0.3)
    taken_up_hu *= 1.0 + spread * 0.10 * random.standard_normal()
    own_hu = spread * SPREADS_HU.get(label, USUAL_SPREAD_HU) * random.standard_normal()
    return max(tissue.native_hu + taken_up_hu + own_hu, -1000.0), tissue.texture_hu * random.uniform(0.7, 1.3)


def _change_liver(mean_hu: np.ndarray, phase: ContrastPhase, settings: RenderingSettings, random) -> None:
    """A fatty liver is darker; a reaction differs from the rest of the liver."""
    if random.random() < settings.fatty_liver_share:
        mean_hu[Tissue.LIVER] -= random.uniform(12.0, 70.0)
    mean_hu[Tissue.REACTION] = mean_hu[Tissue.LIVER] + _visible(REACTION_OFFSETS_HU[phase], LEAST_REACTION_HU, random)


def _fill_gut(mean_hu: np.ndarray, texture_hu: np.ndarray, settings: RenderingSettings, random) -> None:
    if random.random() < settings.oral_contrast_share:
        contrast_hu = random.uniform(90.0, 450.0)
        for label in (Tissue.STOMACH_CONTENT, Tissue.SMALL_BOWEL_CONTENT, Tissue.FECES):
            if random.random() < 0.7:
                mean_hu[label] = contrast_hu * random.uniform(0.6, 1.2)
                texture_hu[label] = 0.15 * contrast_hu
    elif random.random() < 0.5:
        # Filled without contrast it looks like an organ.
        for label in (Tissue.STOMACH_CONTENT, Tissue.SMALL_BOWEL_CONTENT, Tissue.FECES):
            if random.random() < 0.6:
                mean_hu[label], texture_hu[label] = random.uniform(5.0, 75.0), random.uniform(3.0, 35.0)


def _tumor_offset(tumor: Tumor, phase: ContrastPhase, random: np.random.Generator) -> float:
    limits = TUMOR_OFFSETS_HU.get(tumor.look, HYPODENSE_OFFSETS_HU)[phase]
    return _visible(limits, LEAST_TUMOR_HU, random)


def _told_apart(tumor_hu: float, liver_hu: float, random: np.random.Generator) -> float:
    """A tumor that a fatty liver would hide is moved to the nearer side of it, and is as faint as a tumor may be."""
    if abs(tumor_hu - liver_hu) >= LEAST_TUMOR_HU:
        return tumor_hu
    side = 1.0 if tumor_hu > liver_hu else -1.0
    return liver_hu + side * LEAST_TUMOR_HU * random.uniform(1.0, 1.5)


def _visible(limits_hu: tuple[float, float], least_hu: float, random: np.random.Generator) -> float:
    """A difference within limits, and on either side at least so far from none."""
    low, high = limits_hu
    below, above = max(min(high, -least_hu) - low, 0.0), max(high - max(low, least_hu), 0.0)
    place = random.uniform(0.0, below + above)
    return float(low + place if place < below else high - (below + above - place))


def _arbitrary(tumors: tuple[Tumor, ...], random: np.random.Generator) -> Palette:
    """Soft tissues anywhere between fat and enhanced blood; air stays air and bone stays bright."""
    mean_hu = random.uniform(-110.0, 260.0, 256).astype(np.float32)
    texture_hu = random.uniform(2.0, 18.0, 256).astype(np.float32)
    for label in AIRY:
        mean_hu[label], texture_hu[label] = -1000.0 + 120.0 * (label == Tissue.LUNG), 15.0 * (label != Tissue.AIR)
    mean_hu[[Tissue.BONE_CORTEX, Tissue.CALCIFICATION, Tissue.LIPIODOL]] = random.uniform(250.0, 900.0, 3)
    mean_hu[Tissue.METAL] = FIXED_HU[Tissue.METAL]
    mean_hu[Tissue.REACTION] = _apart(mean_hu[Tissue.LIVER], 60.0, LEAST_REACTION_HU, random)
    tumor_hu = [_apart(mean_hu[Tissue.LIVER], 90.0, 10.0, random) for _ in range(len(tumors) + 1)]
    rim_hu = [value + random.uniform(-50.0, 80.0) for value in tumor_hu]
    return Palette(mean_hu, texture_hu, np.float32(tumor_hu), np.float32(rim_hu), None)


def _apart(from_hu: float, most_hu: float, least_hu: float, random: np.random.Generator) -> float:
    return float(from_hu + random.choice((-1.0, 1.0)) * random.uniform(least_hu, most_hu))
